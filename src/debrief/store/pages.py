"""Pages of sessions: the contract's filters, its order, an exact total, from one snapshot.

Newest first by `created_us`, ties by `session_id`, descending too. Lists of the enterprise and of
organizations, whole or in a window, are counted and skipped by the tally; others by the index that fits.
Each list is a plan (`plans`), so that it runs on whichever driver is at hand.
"""

from collections import Counter

from msgspec import Struct, structs
from sqlalchemy import BigInteger, bindparam, select

from debrief.store import plans, tally
from debrief.store.filters import Filter, SessionFilter, narrow
from debrief.store.plans import Plan, Query
from debrief.store.schema import clocks, session_tags, sessions
from debrief.store.store import Store

FEW = 512
"""So many sessions are skipped faster one by one than by the tally."""

FEW_CHANGED = 20_000
"""So many sessions of a window of changes are sorted faster than the list is searched for them."""


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
    """A page's rows as the driver gives them."""

    rows: plans.Rows
    total: int
    moment: int


def page_plan(
    wanted: SessionFilter, *, skip: int, limit: int, detail: bool, places: bool = False
) -> Plan[Page]:
    """Read the items from `skip` on, at most `limit`; without `detail` the basics of each.

    With `places` the page says where its items stand in the list.
    """
    columns = ("item" if detail else "basics", *(("created_us", "session_id") if places else ()))
    found = yield from _list(wanted, skip, limit, columns)
    end = b"" if detail else b"}"
    items = [bytes(row[0]) + end for row in found.rows]
    return Page(items, found.total, found.moment, [(row[1], row[2]) for row in found.rows] if places else [])


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
    plan = page_plan(wanted, skip=skip, limit=limit, detail=detail, places=places)
    with store.read() as connection:
        return plans.run(plan, connection)


def read_rows(store: Store, wanted: SessionFilter, *, skip: int, limit: int) -> tuple[list[Row], int]:
    """The same list as rows for people, with the exact total."""
    fields = Row.__struct_fields__
    with store.read() as connection:
        found = plans.run(_list(wanted, skip, limit, fields), connection)
    return [Row(**dict(zip(fields, row, strict=True))) for row in found.rows], found.total


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


def _list(wanted: SessionFilter, skip: int, limit: int, columns: tuple[str, ...]) -> Plan[_Found]:
    moment = yield from moment_plan(wanted.enterprise_id)
    narrowed = narrow(wanted)
    if narrowed is None:
        return _Found([], 0, moment)
    if narrowed.has_analysis and not (yield from _counted(_not_analysed(narrowed))):
        narrowed = structs.replace(narrowed, has_analysis=None)
    # A page behind a cursor is of the same list: the cursor does not count.
    whole = structs.replace(narrowed, after=None)
    if not narrowed.is_tallied:
        total = yield from _counted(whole)
        rows = [] if skip >= total else (yield from _sorted_rows(narrowed, columns, skip, limit))
        return _Found(rows, total, moment)
    if narrowed.changes:
        total = yield from _changed(whole)
        if total != (yield from tally.total(narrowed.enterprise_id, narrowed.org_ids)):
            rows = yield from _changed_rows(narrowed, columns, skip, limit, total)
            return _Found(rows, total, moment)
        narrowed = structs.replace(narrowed, updated_from_us=None, updated_to_us=None)
        whole = structs.replace(narrowed, after=None)
    total, before = yield from _tallied(whole)
    if skip >= total:
        return _Found([], total, moment)
    if narrowed.after is not None:
        rows = yield from _rows_along(narrowed, columns, skip, limit)
    else:
        rows = yield from _walked_rows(narrowed, columns, skip + before, min(limit, total - skip))
    return _Found(rows, total, moment)


def _tallied(wanted: SessionFilter) -> Plan[tuple[int, int]]:
    """How many sessions the window of creation holds, and how many are newer than it."""
    enterprise_id, orgs = wanted.enterprise_id, wanted.org_ids
    late = yield from _arrived_late(wanted)
    before = 0
    if wanted.created_to_us is not None:
        before = yield from tally.count_from(enterprise_id, orgs, "created", wanted.created_to_us)
        before -= sum(us >= wanted.created_to_us for us in late)
    if wanted.created_from_us is None:
        upto = yield from tally.total(enterprise_id, orgs)
        upto -= len(late)
    else:
        upto = yield from tally.count_from(enterprise_id, orgs, "created", wanted.created_from_us)
        upto -= sum(us >= wanted.created_from_us for us in late)
    return max(0, upto - before), before


def _arrived_late(wanted: SessionFilter) -> Plan[list[int]]:
    """When the sessions began that arrived after the walk's snapshot: few, and not part of it."""
    if wanted.snapshot_us is None:
        return []
    only = Filter(wanted, without=("created", "snapshot"))
    rows = yield Query(
        ("late", *only.key),
        lambda: select(sessions.c.created_us).where(
            *only.conditions(), sessions.c.arrived_us > bindparam("snapshot_us", type_=BigInteger())
        ),
        {**only.values(), "snapshot_us": wanted.snapshot_us},
    )
    return [row[0] for row in rows]


def _walked_rows(
    wanted: SessionFilter, columns: tuple[str, ...], position: int, limit: int
) -> Plan[plans.Rows]:
    """The rows from `position` of the whole list on; the caller knows that there are so many."""
    edge, rest = tally.FOREVER_US, position
    if position > FEW:
        late = yield from _arrived_late(wanted)
        left_out = {level: Counter(us >> level for us in late) for level in tally.WALKED} if late else {}
        edge, rest = yield from tally.locate(wanted.enterprise_id, wanted.org_ids, position, left_out)
    whole = structs.replace(wanted, created_from_us=None, created_to_us=edge)
    return (yield from _rows_along(whole, columns, rest, limit))


def _rows_along(wanted: SessionFilter, columns: tuple[str, ...], skip: int, limit: int) -> Plan[plans.Rows]:
    """The rows after the first `skip`, read along the list itself."""
    only = Filter(wanted)
    rows = yield Query(
        ("along", *only.key, columns),
        lambda: only.in_order(columns, merged=True),
        {**only.values(), "limit": limit, "offset": skip, "reach": limit + skip},
    )
    return rows


def _changed(wanted: SessionFilter) -> Plan[int]:
    """How many sessions changed in the window."""
    enterprise_id, orgs = wanted.enterprise_id, wanted.org_ids
    if wanted.updated_from_us is None:
        since = yield from tally.total(enterprise_id, orgs)
    else:
        since = yield from tally.count_from(enterprise_id, orgs, "updated", wanted.updated_from_us)
    if wanted.updated_to_us is None:
        return since
    after = yield from tally.count_from(enterprise_id, orgs, "updated", wanted.updated_to_us)
    return max(0, since - after)


def _changed_rows(
    wanted: SessionFilter, columns: tuple[str, ...], skip: int, limit: int, total: int
) -> Plan[plans.Rows]:
    if skip >= total:
        return []
    if total <= FEW_CHANGED:
        return (yield from _sorted_rows(wanted, columns, skip, limit))
    if wanted.updated_to_us is not None:
        # Nothing changed before it began, so that what began after the window's end need not be looked at.
        wanted = structs.replace(wanted, created_to_us=wanted.updated_to_us)
    only = Filter(wanted)
    rows = yield Query(
        ("changed", *only.key, columns),
        lambda: only.in_order(columns, merged=False),
        {**only.values(), "limit": limit, "offset": skip},
    )
    return rows


def _not_analysed(wanted: SessionFilter) -> SessionFilter:
    return SessionFilter(enterprise_id=wanted.enterprise_id, org_ids=wanted.org_ids, has_analysis=False)


def _counted(wanted: SessionFilter) -> Plan[int]:
    only = Filter(wanted)
    rows = yield Query(("count", *only.key), only.count, only.values())
    return int(rows[0][0])


def _sorted_rows(wanted: SessionFilter, columns: tuple[str, ...], skip: int, limit: int) -> Plan[plans.Rows]:
    """Find the keys by the index that fits the filter, sort them, and read the rows of the page alone."""
    only = Filter(wanted)
    rows = yield Query(
        ("sorted", *only.key, columns),
        lambda: only.sorted_keys(columns),
        {**only.values(), "limit": limit, "offset": skip},
    )
    return rows
