"""The statements of a list: a narrowed `SessionFilter` in, SELECTs with named parameters out.

Without statistics SQLite takes the index with the most columns that are asked for by `=`. Where that is the
wrong one, its column is made unusable by adding nothing to it: `unsorted`.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CompoundSelect, ScalarSelect, Subquery

from debrief.store.filters import MERGED, SessionFilter
from debrief.store.schema import clocks, session_tags, sessions

_LISTS: Final = {
    "org_ids": sessions.c.org_id,
    "user_ids": sessions.c.user_id,
    "session_ids": sessions.c.session_id,
    "statuses": sessions.c.status,
    "repo_names": sessions.c.repository,
}

_BOUNDS: Final = {
    "created_from_us": ("created_us", True),
    "created_to_us": ("created_us", False),
    "updated_from_us": ("updated_us", True),
    "updated_to_us": ("updated_us", False),
}

# The tags of a session are looked up one by one where one of these leaves few sessions.
_FEW: Final = ("session_ids", "user_ids", "repo_names")


class RowPlace(ColumnElement[Any]):
    """What finds a session's row again quickest: SQLite's row number, elsewhere the session's id."""

    inherit_cache = True


@compiles(RowPlace)
def _id(_: RowPlace, __: SQLCompiler, **___: object) -> str:
    return "sessions.session_id"


@compiles(RowPlace, "sqlite")
def _row_number(_: RowPlace, __: SQLCompiler, **___: object) -> str:
    return "sessions.rowid"


class Filter:
    """A narrowed filter's statements; those of one `key` differ by values alone.

    `without` leaves out "created" (that window) or "snapshot".
    """

    def __init__(self, wanted: SessionFilter, without: Sequence[str] = ()) -> None:
        self._wanted = wanted
        self._lists = {
            name: _values(name, getattr(wanted, name))
            for name in (*_LISTS, "tags")
            if getattr(wanted, name) is not None
        }
        self._bounds = [
            name
            for name in _BOUNDS
            if getattr(wanted, name) is not None and not ("created" in without and name.startswith("created"))
        ]
        self._snapshot = wanted.snapshot_us is not None and "snapshot" not in without
        # Whether the tags' own index leads, rather than a look at each session's tags.
        self._by_tag = (
            "tags" in self._lists and not wanted.changes and not any(name in self._lists for name in _FEW)
        )

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

    def count(self) -> Select[Any]:
        """How many pass."""
        if self._by_tag:
            return select(func.count()).select_from(self._tagged(ordered=False).subquery())
        return select(func.count()).select_from(sessions).where(*self._conditions(self._outshone()))

    def rest(self, time: str) -> ScalarSelect[Any]:
        """How many have a `time` from `:us` until `:end`."""
        start, end = _number("us"), _number("end")
        if self._by_tag:
            column = session_tags.c.created_us
            keys = self._tag_keys(range(len(self._lists["tags"]))).where(column >= start, column < end)
            return select(func.count()).select_from(keys.subquery()).scalar_subquery()
        chosen = self._conditions(tuple({"created_us", "updated_us"} - {time}))
        return (
            select(func.count())
            .select_from(sessions)
            .where(*chosen, sessions.c[time] >= start, sessions.c[time] < end)
            .scalar_subquery()
        )

    def arrived_late(self) -> Select[Any]:
        """When those began that arrived after `:snapshot_us`."""
        unsorted = (*_LISTS, "created_us", "updated_us", "has_analysis")
        late = [*self._conditions(unsorted), sessions.c.arrived_us > _number("snapshot_us")]
        if self._by_tag:
            late.append(self._has_tag())
        return select(sessions.c.created_us).where(*late)

    def named(self, columns: tuple[str, ...]) -> Select[Any]:
        """All sessions of the ids that are asked for: (`created_us`, id, `columns`, moment)."""
        unsorted = (*(name for name in _LISTS if name != "session_ids"), "created_us", "updated_us")
        keys = (sessions.c.created_us, sessions.c.session_id)
        return select(*keys, *_chosen(columns)).where(*self._conditions((*unsorted, "has_analysis")))

    def in_order(self, columns: tuple[str, ...]) -> Select[Any]:
        """`columns` and the moment of `limit` sessions from `offset` on, along indexes in the list's order.

        Lists of a few values are read one by one and merged, `reach` sessions of each.
        """
        if self._by_tag:
            return _rows_of(columns, self._page(self._tagged(ordered=True)), "session_id")
        name = next((name for name in ("statuses", "repo_names", "org_ids") if self._width(name) > 1), None)
        if name is not None and self._width(name) <= MERGED and not self._wanted.changes:
            return self._merged(columns, name)
        unsorted = ["updated_us"]
        if self._width("org_ids") > 1 or "repo_names" in self._lists:
            unsorted.append("org_ids")
        if "statuses" in self._lists or "repo_names" in self._lists:
            unsorted.append("has_analysis")
        if self._wanted.changes:
            # Many may be passed over: by the index alone, without their rows.
            return _rows_of(columns, self._page(select(*_keys()).where(*self._conditions(unsorted))))
        return (
            select(*_chosen(columns))
            .where(*self._conditions(unsorted))
            .order_by(sessions.c.created_us.desc(), sessions.c.session_id.desc())
            .limit(bindparam("limit"))
            .offset(bindparam("offset"))
        )

    def sorted_keys(self, columns: tuple[str, ...]) -> Select[Any]:
        """The same page, found by the index that fits the conditions: keys first, rows of the page after."""
        if self._by_tag:
            return self.in_order(columns)
        keys = select(*_keys()).where(*self._conditions(self._outshone()))
        # An index on what is sorted by would be read from its start: here the conditions choose the index.
        several = any(self._width(name) > 1 for name in ("user_ids", "repo_names"))
        created = sessions.c.created_us
        return _rows_of(
            columns, self._page(keys, created + 0 if self._wanted.changes or several else created)
        )

    def _width(self, name: str) -> int:
        return len(self._lists.get(name, ()))

    def _conditions(self, unsorted: Iterable[str] = (), without: str = "") -> list[ColumnElement[bool]]:
        """All but those of the list `without`. No index is to be chosen for the columns in `unsorted`."""
        found: list[ColumnElement[bool]] = [sessions.c.enterprise_id == bindparam("enterprise_id")]
        for name, column in _LISTS.items():
            if name in self._lists and name != without:
                plain = column + "" if name in unsorted else column
                found.append(_any_of(plain, name, range(self._width(name))))
        if "tags" in self._lists and not self._by_tag:
            found.append(self._has_tag())
        found += self._bounded(sessions, unsorted)
        if self._snapshot:
            found.append(sessions.c.arrived_us <= _number("snapshot_us"))
        if self._wanted.has_analysis is not None:
            analysed: ColumnElement[int] = sessions.c.has_analysis
            plain_number = analysed + 0 if "has_analysis" in unsorted else analysed
            found.append(plain_number == int(self._wanted.has_analysis))
        if self._wanted.text:
            text: BindParameter[str] = bindparam("text")
            searched = (func.lower(sessions.c.title), func.lower(sessions.c.session_id))
            found.append(or_(*(column.like(text, escape="\\") for column in searched)))
        return found

    def _has_tag(self) -> ColumnElement[bool]:
        """Whether the session at hand has one of the tags."""
        tags = session_tags.c
        same = and_(tags.enterprise_id == sessions.c.enterprise_id, tags.session_id == sessions.c.session_id)
        return exists().where(same, _any_of(tags.tag, "tags", range(self._width("tags"))))

    def _bounded(self, table: Table, unsorted: Iterable[str] = ()) -> list[ColumnElement[bool]]:
        """The windows and the place to begin behind, as far as `table` knows them."""
        found: list[ColumnElement[bool]] = []
        for name in self._bounds:
            column, is_start = _BOUNDS[name]
            if column in table.c:
                side = table.c[column] + 0 if column in unsorted else table.c[column]
                found.append(side >= _number(name) if is_start else side < _number(name))
        if self._wanted.after is not None:
            found.append(table.c.created_us <= _number("after_us"))
            behind = table.c.session_id < bindparam("after_id")
            found.append(or_(table.c.created_us < _number("after_us"), behind))
        return found

    def _merged(self, columns: tuple[str, ...], name: str) -> Select[Any]:
        others = ["updated_us", "has_analysis", *(other for other in _LISTS if other != name)]
        if name == "statuses" and self._width("org_ids") == 1:
            others.remove("org_ids")
        parts = [
            select(*_keys())
            .where(*self._conditions(others, without=name), _LISTS[name] == bindparam(f"{name}_{i}"))
            .order_by(sessions.c.created_us.desc(), sessions.c.session_id.desc())
            .limit(bindparam("reach"))
            .subquery()
            for i in range(self._width(name))
        ]
        return _rows_of(columns, self._page(union_all(*(select(*part.c) for part in parts))))

    def _tagged(self, *, ordered: bool) -> Select[Any] | CompoundSelect[Any]:
        """The keys of the sessions that have one of the tags, each once.

        With `ordered` the list of each is read as far as the page reaches.
        """
        parts = [self._tag_keys([i]) for i in range(self._width("tags"))]
        if len(parts) == 1:
            return parts[0]
        if ordered:
            tags = session_tags.c
            limited = [
                part.order_by(tags.created_us.desc(), tags.session_id.desc())
                .limit(bindparam("reach"))
                .subquery()
                for part in parts
            ]
            parts = [select(*part.c) for part in limited]
        return union(*parts)

    def _tag_keys(self, which: Iterable[int]) -> Select[Any]:
        tags = session_tags.c
        keys = select(tags.created_us, tags.session_id).where(
            tags.enterprise_id == bindparam("enterprise_id"),
            _any_of(tags.tag, "tags", which),
            *self._bounded(session_tags),
        )
        if "org_ids" in self._lists:
            keys = keys.where(_any_of(tags.org_id, "org_ids", range(self._width("org_ids"))))
        if set(self._lists) <= {"tags", "org_ids"} and not self._snapshot and not self._narrows:
            return keys
        same = and_(sessions.c.enterprise_id == tags.enterprise_id, sessions.c.session_id == tags.session_id)
        # The tag is to be looked up first, then each session by its key: no other index is to be chosen.
        others = self._conditions((*_LISTS, "created_us", "updated_us", "has_analysis"))
        return keys.join(sessions, same).where(*others)

    def _page(
        self, keys: Select[Any] | CompoundSelect[Any], created: ColumnElement[int] | None = None
    ) -> Subquery:
        by_time = keys.selected_columns.created_us if created is None else created
        return (
            keys.order_by(by_time.desc(), keys.selected_columns.session_id.desc())
            .limit(bindparam("limit"))
            .offset(bindparam("offset"))
            .subquery()
        )

    def _outshone(self) -> tuple[str, ...]:
        """The lists for which no index is to be chosen, because another one leaves fewer sessions."""
        ranked = [name for name in (*_FEW, "statuses") if name in self._lists]
        return (*ranked[1:], "org_ids", "updated_us", "has_analysis") if ranked else ()

    @property
    def _narrows(self) -> bool:
        return self._wanted.has_analysis is not None or bool(self._wanted.text)


def _chosen(columns: Iterable[str]) -> list[ColumnElement[Any]]:
    """`columns`, and behind them the moment of the snapshot that they are read in."""
    mine = clocks.c.enterprise_id == bindparam("enterprise_id")
    return [*(column_of(name) for name in columns), select(clocks.c.last_us).where(mine).scalar_subquery()]


def column_of(name: str) -> ColumnElement[Any]:
    """The column called `name`; `basics` is the first part of the item."""
    if name == "basics":
        return func.substr(sessions.c.item, 1, sessions.c.basics_size)
    return sessions.c[name]


def _keys() -> tuple[ColumnElement[Any], ...]:
    return sessions.c.created_us, sessions.c.session_id, RowPlace().label("place")


def _rows_of(columns: tuple[str, ...], page: Subquery, key: str = "place") -> Select[Any]:
    """`columns` of the sessions whose keys `page` holds, in its order."""
    found = sessions.c.session_id if key == "session_id" else RowPlace()
    same = and_(sessions.c.enterprise_id == bindparam("enterprise_id"), found == page.c[key])
    return (
        select(*_chosen(columns))
        .select_from(page.join(sessions, same))
        .order_by(page.c.created_us.desc(), page.c.session_id.desc())
    )


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger())


def _any_of(column: ColumnElement[Any], name: str, which: Iterable[int]) -> ColumnElement[bool]:
    several: list[BindParameter[str]] = [bindparam(f"{name}_{i}") for i in which]
    return column == several[0] if len(several) == 1 else column.in_(several)


def _values(name: str, values: Sequence[str]) -> tuple[str, ...]:
    """Each value once; of long lists the last one again, up to a power of two: fewer statements then."""
    once = sorted(set(values))
    width = 1 << (len(once) - 1).bit_length() if name in {"user_ids", "session_ids"} else len(once)
    return (*once, *([once[-1]] * (width - len(once))))


def escaped(text: str) -> str:
    """`text` as a pattern of LIKE that finds it anywhere, in lower case."""
    plain = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"
