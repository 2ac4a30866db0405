"""Pages of sessions: the contract's filters, its order, an exact total, from one snapshot.

Newest first by `created_us`, ties by `session_id`, descending too. What the tally knows is counted and
skipped by it, other lists by the index that fits. Each list is a plan (`plans`), so that it runs on whichever
driver is at hand; what it counts is remembered until something changes (`known`).
"""

from collections import Counter
from typing import Any, Final

from msgspec import Struct, structs
from sqlalchemy import bindparam, select

from debrief.store import plans, tally
from debrief.store.filters import SessionFilter, changes_of, narrow, scopes_of
from debrief.store.known import Known, counted_once
from debrief.store.plans import Plan, Query
from debrief.store.schema import clocks, session_tags, sessions
from debrief.store.statements import Filter
from debrief.store.store import Store
from debrief.store.tally import Rest, Scopes

FEW: Final = 128
"""So many sessions are skipped faster one by one than by the tally."""

SORTED: Final = 20
"""To sort a session of a window of changes takes as long as to look at so many along the list."""


class Page(Struct, frozen=True):
    """Rendered items, how many sessions the filter lets through in all, and the store's moment.

    Whatever was committed before the page was read has a moment up to `moment`, whatever comes later a later
    one: two pages of the same moment are of the same list. `places` holds the items' `created_us` and ids,
    where they were asked for.
    """

    items: list[bytes]
    total: int
    moment: int
    places: list[tuple[int, str]]


class Row(Struct, frozen=True, kw_only=True):
    """A session as a list for people shows it."""

    session_id: str
    org_id: str
    user_id: str | None
    status: str
    repository: str | None
    title: str | None
    format: str
    issue_count: int
    created_us: int
    updated_us: int
    last_event_us: int | None


class _Found(Struct, frozen=True):
    """A page's rows as the driver gives them, the moment of their snapshot at each one's end; the total."""

    rows: plans.Rows
    total: int


class Asked(Struct, frozen=True):
    """A page that is asked for; without `detail` the basics of each item.

    With `places` the page says where its items stand in the list.
    """

    wanted: SessionFilter
    skip: int
    limit: int
    detail: bool
    places: bool = False

    def columns(self) -> tuple[str, ...]:
        """What is read of each session."""
        item = "item" if self.detail else "basics"
        return (item, "created_us", "session_id") if self.places else (item,)

    def page(self, found: _Found, moment: int) -> Page:
        """The page of what was found."""
        end = b"" if self.detail else b"}"
        items = [row[0] + end for row in found.rows]
        places = [(row[1], row[2]) for row in found.rows] if self.places else []
        return Page(items, found.total, moment, places)


def page_plan(asked: Asked, known: Known | None = None) -> Plan[Page]:
    """Read the page, whatever is `known`; to be run in one snapshot."""
    moment = yield from moment_plan(asked.wanted.enterprise_id)
    narrowed = narrow(asked.wanted)
    if narrowed is None:
        return Page([], 0, moment, [])
    counts = known.at(narrowed.enterprise_id, moment) if known else {}
    return asked.page((yield from counted_once(_list(narrowed, asked), counts)), moment)


def quick_plan(asked: Asked, known: Known, moment: int) -> Plan[Page | None] | None:
    """The page by one query or none, which needs no transaction; None where more has to be read.

    The plan answers None where something has changed since `moment`: then `page_plan` has to be run.
    """
    narrowed = narrow(asked.wanted)
    if narrowed is None:
        return _nothing(moment)
    if narrowed.snapshot_us is not None:
        return None
    plan = counted_once(_list(narrowed, asked), known.at(narrowed.enterprise_id, moment))
    try:
        query = next(plan)
    except StopIteration as done:
        return _nothing(moment, done.value.total)
    return None if query.counts else _by_one(plan, query, asked, moment)


def _nothing(moment: int, total: int = 0) -> Plan[Page | None]:
    yield from ()
    return Page([], total, moment, [])


def _by_one(plan: Plan[_Found], query: Query, asked: Asked, moment: int) -> Plan[Page | None]:
    rows = yield query
    try:
        plan.send(rows)
    except StopIteration as done:
        found: _Found = done.value
        is_same = (rows[0][-1] or 0) == moment if rows else not found.total
        return asked.page(found, moment) if is_same else None
    raise AssertionError("a page's rows are the last that it reads")


def moment_plan(enterprise_id: str) -> Plan[int]:
    """The store's moment: it changes with every change of the enterprise's sessions."""
    rows = yield Query(
        "moment",
        lambda: select(clocks.c.last_us).where(clocks.c.enterprise_id == bindparam("enterprise_id")),
        {"enterprise_id": enterprise_id},
    )
    return int(rows[0][0]) if rows else 0


def read_page(
    store: Store, wanted: SessionFilter, *, skip: int, limit: int, detail: bool, places: bool = False
) -> Page:
    """Run `page_plan` on a connection of the pool."""
    plan = page_plan(Asked(wanted, skip, limit, detail, places))
    with store.read() as connection:
        return plans.run(plan, connection)


def read_rows(store: Store, wanted: SessionFilter, *, skip: int, limit: int) -> tuple[list[Row], int]:
    """The same list as rows for people, with the exact total."""
    narrowed = narrow(wanted)
    if narrowed is None:
        return [], 0
    with store.read() as connection:
        found = plans.run(_list(narrowed, _AskedRows(wanted, skip, limit, detail=False)), connection)
    fields = Row.__struct_fields__
    return [Row(**dict(zip(fields, row[:-1], strict=True))) for row in found.rows], found.total


class _AskedRows(Asked, frozen=True):
    def columns(self) -> tuple[str, ...]:
        return Row.__struct_fields__


def distinct_values(store: Store, enterprise_id: str, only_org: str | None) -> dict[str, list[str]]:
    """The organizations, users, repositories, statuses and tags that a list can be restricted to."""
    bound = [sessions.c.enterprise_id == enterprise_id]
    tagged = [session_tags.c.enterprise_id == enterprise_id]
    if only_org is not None:
        bound.append(sessions.c.org_id == only_org)
        tagged.append(session_tags.c.org_id == only_org)
    asked = [
        ("org_ids", sessions.c.org_id, bound),
        ("user_ids", sessions.c.user_id, bound),
        ("repo_names", sessions.c.repository, bound),
        ("statuses", sessions.c.status, bound),
        ("tags", session_tags.c.tag, tagged),
    ]
    with store.read() as connection:
        return {
            name: list(
                connection.execute(
                    select(column)
                    .where(*conditions, column.is_not(None))
                    .distinct()
                    .order_by(column)
                    .limit(1000)
                ).scalars()
            )
            for name, column, conditions in asked
        }


def _list(wanted: SessionFilter, asked: Asked) -> Plan[_Found]:
    """`wanted` is narrowed. Counts first, reads rows last, and once."""
    columns, skip, limit = asked.columns(), asked.skip, asked.limit
    if wanted.session_ids is not None:
        return (yield from _named(wanted, asked))
    # A page behind a cursor is of the same list: the cursor does not count.
    whole = structs.replace(wanted, after=None)
    scopes = scopes_of(wanted)
    if scopes is None:
        return (yield from _uncounted(wanted, whole, asked))
    if wanted.changes:
        total = yield from _changed(whole)
        everything = yield from tally.total(scopes)
        if total != everything:
            return _Found((yield from _changed_rows(wanted, asked, total, everything)), total)
        wanted = structs.replace(wanted, updated_from_us=None, updated_to_us=None)
        whole = structs.replace(wanted, after=None)
    total, before = yield from _tallied(whole, scopes)
    if skip >= total:
        return _Found([], total)
    if wanted.after is not None:
        rows = yield from _rows_along(wanted, columns, skip, limit)
    else:
        rows = yield from _walked_rows(wanted, scopes, columns, skip + before, min(limit, total - skip))
    return _Found(rows, total)


def _uncounted(wanted: SessionFilter, whole: SessionFilter, asked: Asked) -> Plan[_Found]:
    """A list that the tally does not count; it may count the same list without its window of changes."""
    total = yield from _counted(whole)
    began = structs.replace(whole, updated_from_us=None, updated_to_us=None)
    scopes = scopes_of(began) if wanted.changes and wanted.began else None
    if scopes is not None:
        everything, _ = yield from _tallied(began, scopes)
        return _Found((yield from _changed_rows(wanted, asked, total, everything)), total)
    if asked.skip >= total:
        return _Found([], total)
    return _Found((yield from _sorted_rows(wanted, asked.columns(), asked.skip, asked.limit)), total)


def _named(wanted: SessionFilter, asked: Asked) -> Plan[_Found]:
    """The sessions of some ids: few, so that they are all read and sorted here."""
    after = wanted.after
    only = Filter(structs.replace(wanted, after=None))
    rows = yield Query(
        ("named", *only.key, asked.columns()), lambda: only.named(asked.columns()), only.values()
    )
    places = sorted(((row[0], row[1]), row[2:]) for row in rows)
    found = [row for place, row in reversed(places) if after is None or place < after]
    return _Found(found[asked.skip : asked.skip + asked.limit], len(places))


def _tallied(wanted: SessionFilter, scopes: Scopes) -> Plan[tuple[int, int]]:
    """How many sessions the window of creation holds, and how many are newer than it."""
    late = yield from _arrived_late(wanted)
    before = 0
    if wanted.created_to_us is not None:
        rest = _rest(wanted, "created")
        before = yield from tally.count_from(scopes, wanted.created_to_us, rest)
        before -= sum(us >= wanted.created_to_us for us in late)
    if wanted.created_from_us is None:
        upto = yield from tally.total(scopes)
        upto -= len(late)
    else:
        rest = _rest(wanted, "created")
        upto = yield from tally.count_from(scopes, wanted.created_from_us, rest)
        upto -= sum(us >= wanted.created_from_us for us in late)
    return max(0, upto - before), before


def _rest(wanted: SessionFilter, time: str) -> Rest:
    """How the sessions are counted one by one, whatever window is asked for."""
    windows = {f"{name}_{end}_us": None for name in ("created", "updated") for end in ("from", "to")}
    only = Filter(structs.replace(wanted, snapshot_us=None, after=None, **windows))
    return Rest((*only.key, time), lambda: only.rest(f"{time}_us"), only.values())


def _arrived_late(wanted: SessionFilter) -> Plan[list[int]]:
    """When the sessions began that arrived after the walk's snapshot: few, and not part of it."""
    if wanted.snapshot_us is None:
        return []
    only = Filter(wanted, without=("created", "snapshot"))
    rows = yield Query(
        ("late", *only.key),
        only.arrived_late,
        {**only.values(), "snapshot_us": wanted.snapshot_us},
    )
    return [row[0] for row in rows]


def _walked_rows(
    wanted: SessionFilter, scopes: Scopes, columns: tuple[str, ...], position: int, limit: int
) -> Plan[plans.Rows]:
    """The rows from `position` of the whole list on; the caller knows that there are so many."""
    edge, rest = tally.FOREVER_US, position
    if position > FEW:
        late = yield from _arrived_late(wanted)
        left_out = {level: Counter(us >> level for us in late) for level in scopes.levels} if late else {}
        edge, rest = yield from tally.locate(scopes, position, left_out)
    whole = structs.replace(wanted, created_from_us=None, created_to_us=edge)
    return (yield from _rows_along(whole, columns, rest, limit))


def _rows_along(wanted: SessionFilter, columns: tuple[str, ...], skip: int, limit: int) -> Plan[plans.Rows]:
    """The rows after the first `skip`, read along the list itself."""
    return (yield from _rows("along", Filter(wanted), columns, skip, limit))


def _sorted_rows(wanted: SessionFilter, columns: tuple[str, ...], skip: int, limit: int) -> Plan[plans.Rows]:
    """Find the keys by the index that fits the filter, sort them, and read the rows of the page alone."""
    return (yield from _rows("sorted", Filter(wanted), columns, skip, limit))


def _rows(kind: str, only: Filter, columns: tuple[str, ...], skip: int, limit: int) -> Plan[plans.Rows]:
    build = only.in_order if kind == "along" else only.sorted_keys
    values: dict[str, Any] = {**only.values(), "limit": limit, "offset": skip, "reach": limit + skip}
    rows = yield Query((kind, *only.key, columns), lambda: build(columns), values)
    return rows


def _changed(wanted: SessionFilter) -> Plan[int]:
    """How many sessions changed in the window."""
    scopes = changes_of(wanted)
    rest = _rest(wanted, "updated")
    since = yield from tally.count_from(scopes, wanted.updated_from_us or 0, rest)
    if wanted.updated_to_us is None:
        return since
    after = yield from tally.count_from(scopes, wanted.updated_to_us, rest)
    return max(0, since - after)


def _changed_rows(wanted: SessionFilter, asked: Asked, total: int, everything: int) -> Plan[plans.Rows]:
    """The rows of a window of changes that holds `total` of `everything` that the list would have without."""
    columns, skip, limit = asked.columns(), asked.skip, asked.limit
    if skip >= total:
        return []
    # Where the window's sessions are spread evenly, the page ends after so many of the list.
    looked_at = (skip + limit) * everything // total
    if total * SORTED <= looked_at:
        return (yield from _sorted_rows(wanted, columns, skip, limit))
    if wanted.updated_to_us is not None and wanted.created_to_us is None:
        # Nothing changed before it began, so that what began after the window's end need not be looked at.
        wanted = structs.replace(wanted, created_to_us=wanted.updated_to_us)
    return (yield from _rows_along(wanted, columns, skip, limit))


def _counted(wanted: SessionFilter) -> Plan[int]:
    only = Filter(wanted)
    rows = yield Query(("count", *only.key), only.count, only.values(), counts=True)
    return int(rows[0][0])
