"""What a list is restricted to, as conditions: a `SessionFilter` in, statements and values out."""

from collections.abc import Hashable, Sequence
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Subquery

from debrief.store.schema import session_tags, sessions

ORGS_MERGED = 16
"""Of so many organizations the lists are read one by one and merged; more are filtered out of the whole."""


class SessionFilter(Struct, frozen=True, kw_only=True):
    """What a list is restricted to. None restricts nothing, an empty tuple lets nothing through.

    Values of one field are alternatives, the fields are all to hold; the windows are half-open. `org_ids` is
    what the caller asks for, `only_org` the organization that the caller's key is bound to. `text` is a part
    of the title or of the id, in any case of letters. `snapshot_us` leaves out what arrived after it. `after`
    is the place of a session (`created_us`, id) behind which a page begins; the total does not know it.
    """

    enterprise_id: str
    only_org: str | None = None
    org_ids: tuple[str, ...] | None = None
    user_ids: tuple[str, ...] | None = None
    session_ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    repo_names: tuple[str, ...] | None = None
    created_from_us: int | None = None
    created_to_us: int | None = None
    updated_from_us: int | None = None
    updated_to_us: int | None = None
    has_analysis: bool | None = None
    text: str | None = None
    snapshot_us: int | None = None
    after: tuple[int, str] | None = None

    @property
    def changes(self) -> bool:
        """Whether it asks for a window of changes."""
        return self.updated_from_us is not None or self.updated_to_us is not None

    @property
    def is_tallied(self) -> bool:
        """Whether the tally counts it: organizations and one window, nothing else."""
        others = (self.user_ids, self.session_ids, self.tags, self.statuses, self.repo_names)
        if any(values is not None for values in others) or self.has_analysis is not None or self.text:
            return False
        windowed = self.created_from_us is not None or self.created_to_us is not None
        return not (self.changes and (windowed or self.snapshot_us is not None))

    @property
    def is_short(self) -> bool:
        """Whether a page of it is short work, whatever it holds."""
        narrowed = narrow(self)
        return narrowed is None or (narrowed.is_tallied and not narrowed.changes)


def narrow(wanted: SessionFilter) -> SessionFilter | None:
    """`wanted` with what the key is bound to put into `org_ids`; None where nothing can pass."""
    orgs = None if wanted.org_ids is None else tuple(sorted(set(wanted.org_ids)))
    if wanted.only_org is not None:
        orgs = (wanted.only_org,) if orgs is None or wanted.only_org in orgs else ()
    lists = (orgs, wanted.user_ids, wanted.session_ids, wanted.tags, wanted.statuses, wanted.repo_names)
    if any(values is not None and not values for values in lists):
        return None
    for start, end in (
        (wanted.created_from_us, wanted.created_to_us),
        (wanted.updated_from_us, wanted.updated_to_us),
    ):
        if start is not None and end is not None and start >= end:
            return None
    return structs.replace(wanted, only_org=None, org_ids=orgs)


_LISTS = {
    "org_ids": sessions.c.org_id,
    "user_ids": sessions.c.user_id,
    "session_ids": sessions.c.session_id,
    "statuses": sessions.c.status,
    "repo_names": sessions.c.repository,
}

_BOUNDS = {
    "created_from_us": (sessions.c.created_us, True),
    "created_to_us": (sessions.c.created_us, False),
    "updated_from_us": (sessions.c.updated_us, True),
    "updated_to_us": (sessions.c.updated_us, False),
}


class Filter:
    """A narrowed filter's conditions with named parameters; statements of one `key` differ by values alone.

    `without` leaves out "created" (that window) or "snapshot".
    """

    def __init__(self, wanted: SessionFilter, without: Sequence[str] = ()) -> None:
        self._wanted = wanted
        self._lists = {
            name: _padded(getattr(wanted, name)) if name != "org_ids" else getattr(wanted, name)
            for name in (*_LISTS, "tags")
            if getattr(wanted, name) is not None
        }
        self._bounds = [
            name
            for name in _BOUNDS
            if getattr(wanted, name) is not None and not ("created" in without and name.startswith("created"))
        ]
        self._snapshot = wanted.snapshot_us is not None and "snapshot" not in without

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What its statements depend on."""
        widths = tuple((name, len(values)) for name, values in self._lists.items())
        flags = (
            self._snapshot,
            self._wanted.after is None,
            self._wanted.has_analysis,
            bool(self._wanted.text),
        )
        return (widths, *self._bounds, *flags)

    def values(self) -> dict[str, Any]:
        """The values of its parameters."""
        values: dict[str, Any] = {"enterprise_id": self._wanted.enterprise_id}
        for name, several in self._lists.items():
            values |= {f"{name}_{i}": value for i, value in enumerate(several)}
        values |= {name: getattr(self._wanted, name) for name in self._bounds}
        if self._snapshot:
            values["snapshot_us"] = self._wanted.snapshot_us
        if self._wanted.after is not None:
            values["after_us"], values["after_id"] = self._wanted.after
        if self._wanted.text:
            values["text"] = escaped(self._wanted.text)
        return values

    def conditions(
        self, *, unsorted: Sequence[str] = (), without_orgs: bool = False
    ) -> list[ColumnElement[bool]]:
        """All of them. No index is to be chosen for the columns named in `unsorted`."""
        found: list[ColumnElement[bool]] = [sessions.c.enterprise_id == bindparam("enterprise_id")]
        for name, column in _LISTS.items():
            if name in self._lists and not (without_orgs and name == "org_ids"):
                plain = column + "" if name in unsorted else column
                found.append(_any_of(plain, name, len(self._lists[name])))
        for name in self._bounds:
            column, is_start = _BOUNDS[name]
            side = column + 0 if column.name in unsorted else column
            bound = _number(name)
            found.append(side >= bound if is_start else side < bound)
        if self._wanted.after is not None:
            found.append(sessions.c.created_us <= _number("after_us"))
            found.append(
                or_(
                    sessions.c.created_us < _number("after_us"),
                    sessions.c.session_id < bindparam("after_id"),
                )
            )
        if self._snapshot:
            found.append(sessions.c.arrived_us <= _number("snapshot_us"))
        if self._wanted.has_analysis is not None:
            found.append(sessions.c.has_analysis == int(self._wanted.has_analysis))
        if self._wanted.text:
            text: BindParameter[str] = bindparam("text")
            found.append(
                or_(
                    func.lower(sessions.c.title).like(text, escape="\\"),
                    func.lower(sessions.c.session_id).like(text, escape="\\"),
                )
            )
        return found

    def count(self) -> Select[Any]:
        """How many pass."""
        if "tags" in self._lists:
            return select(func.count()).select_from(self._tagged().subquery())
        return select(func.count()).select_from(sessions).where(*self.conditions(unsorted=self._outshone()))

    def in_order(self, columns: tuple[str, ...], *, merged: bool) -> Select[Any]:
        """`columns` of `limit` sessions from `offset` on, read along the list itself.

        With `merged` the lists of a few organizations are read one by one, `reach` sessions of each.
        """
        orgs = len(self._lists.get("org_ids", ()))
        if merged and 1 < orgs <= ORGS_MERGED:
            return self._merged(columns, orgs)
        unsorted = ("updated_us", "org_ids") if orgs > 1 else ("updated_us",)
        return (
            select(*(column_of(name) for name in columns))
            .where(*self.conditions(unsorted=unsorted))
            .order_by(sessions.c.created_us.desc(), sessions.c.session_id.desc())
            .limit(bindparam("limit"))
            .offset(bindparam("offset"))
        )

    def sorted_keys(self, columns: tuple[str, ...]) -> Select[Any]:
        """The same page, found by the index that fits the conditions: keys first, rows of the page after."""
        if "session_ids" in self._lists and "tags" not in self._lists:
            # At most some hundred rows by their primary key; for keys alone SQLite would scan a whole index.
            return (
                select(*(column_of(name) for name in columns))
                .where(*self.conditions(unsorted=self._outshone()))
                .order_by((sessions.c.created_us + 0).desc(), sessions.c.session_id.desc())
                .limit(bindparam("limit"))
                .offset(bindparam("offset"))
            )
        if "tags" in self._lists:
            keys = self._tagged()
            created, name = keys.selected_columns.created_us, keys.selected_columns.session_id
        else:
            created, name = sessions.c.created_us, sessions.c.session_id
            keys = select(created, name).where(*self.conditions(unsorted=self._outshone()))
        # An index on what is sorted by would be read from its start: here the conditions choose the index.
        by_time = created if "tags" in self._lists or not self._is_sorted_after() else created + 0
        page = (
            keys.order_by(by_time.desc(), name.desc())
            .limit(bindparam("limit"))
            .offset(bindparam("offset"))
            .subquery()
        )
        return _rows_of(columns, page)

    def _merged(self, columns: tuple[str, ...], orgs: int) -> Select[Any]:
        parts = [
            select(sessions.c.created_us, sessions.c.session_id)
            .where(*self.conditions(without_orgs=True), sessions.c.org_id == bindparam(f"org_ids_{i}"))
            .order_by(sessions.c.created_us.desc(), sessions.c.session_id.desc())
            .limit(bindparam("reach"))
            .subquery()
            for i in range(orgs)
        ]
        keys = union_all(*(select(part.c.created_us, part.c.session_id) for part in parts)).subquery()
        page = (
            select(keys.c.created_us, keys.c.session_id)
            .order_by(keys.c.created_us.desc(), keys.c.session_id.desc())
            .limit(bindparam("limit"))
            .offset(bindparam("offset"))
            .subquery()
        )
        return _rows_of(columns, page)

    def _tagged(self) -> Select[Any]:
        """The keys of the sessions that have one of the tags, each once."""
        tags = session_tags.c
        keys = select(tags.created_us, tags.session_id).where(
            tags.enterprise_id == bindparam("enterprise_id"),
            _any_of(tags.tag, "tags", len(self._lists["tags"])),
        )
        if len(self._lists["tags"]) > 1:
            keys = keys.distinct()
        if set(self._lists) == {"tags"} and not self._bounds and not self._snapshot and not self._narrows:
            return keys
        same = and_(sessions.c.enterprise_id == tags.enterprise_id, sessions.c.session_id == tags.session_id)
        # The tag is to be looked up first, then each session by its key: no other index is to be chosen.
        others = self.conditions(unsorted=(*_LISTS, "created_us", "updated_us"))
        window = [
            tags.created_us >= _number(name) if _BOUNDS[name][1] else tags.created_us < _number(name)
            for name in self._bounds
            if name.startswith("created")
        ]
        return keys.join(sessions, same).where(*window, *others)

    def _outshone(self) -> tuple[str, ...]:
        """The lists for which no index is to be chosen, because another one leaves fewer sessions."""
        ranked = [
            name for name in ("session_ids", "user_ids", "repo_names", "statuses") if name in self._lists
        ]
        return (*ranked[1:], "org_ids") if ranked else ()

    def _is_sorted_after(self) -> bool:
        """Whether the sessions that pass are few, found by an index that is not in the list's order."""
        several = len(self._lists.get("user_ids", ())) > 1 or len(self._lists.get("repo_names", ())) > 1
        return self._wanted.changes or several or "session_ids" in self._lists

    @property
    def _narrows(self) -> bool:
        wanted = self._wanted
        return wanted.has_analysis is not None or bool(wanted.text) or wanted.after is not None


def column_of(name: str) -> ColumnElement[Any]:
    """The column called `name`; `basics` is the first part of the item."""
    if name == "basics":
        return func.substr(sessions.c.item, 1, sessions.c.basics_size)
    return sessions.c[name]


def _rows_of(columns: tuple[str, ...], page: Subquery) -> Select[Any]:
    """`columns` of the sessions whose keys `page` holds, in its order."""
    same = and_(
        sessions.c.enterprise_id == bindparam("enterprise_id"), sessions.c.session_id == page.c.session_id
    )
    return (
        select(*(column_of(name) for name in columns))
        .select_from(page.join(sessions, same))
        .order_by(page.c.created_us.desc(), page.c.session_id.desc())
    )


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger())


def _any_of(column: ColumnElement[Any], name: str, width: int) -> ColumnElement[bool]:
    several: list[BindParameter[str]] = [bindparam(f"{name}_{i}") for i in range(width)]
    return column == several[0] if width == 1 else column.in_(several)


def _padded(values: Sequence[str]) -> tuple[str, ...]:
    """`values` to the next power of two, the last one repeated: few statements then differ by width."""
    width = 1 << (len(values) - 1).bit_length()
    return (*values, *([values[-1]] * (width - len(values))))


def escaped(text: str) -> str:
    """`text` as a pattern of LIKE that finds it anywhere, in lower case."""
    plain = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"
