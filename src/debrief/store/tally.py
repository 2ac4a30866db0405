"""Exact totals and flat skips: how many sessions lie in each bucket of time, kept with the rows themselves.

A scope is a set of sessions in the order of one time: the enterprise or an organization, by `created_us` or
by `updated_us`. Each is counted at several levels: a bucket of level L is the time shifted right by L bits:
level 63 is the total, 40 is 13 days, 34 is 5 hours and 25 is 34 seconds. Whoever changes a session's place
changes its buckets in the same transaction (`apply`), so every reader's snapshot agrees.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Insert,
    Select,
    String,
    bindparam,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from debrief.store import dialects
from debrief.store.plans import Plan, Query
from debrief.store.schema import sessions, tally
from debrief.store.store import Store

Axis = Literal["created", "updated"]

TOTAL = 63
COARSE = 40
FINE = 34
FINEST = 25

WALKED = (COARSE, FINE)
"""The levels by which a walk finds its place."""

FOREVER_US = (1 << 62) - 1
"""Later than any time."""


class Place(Struct, frozen=True):
    """Where a session stands in the scopes."""

    org_id: str
    created_us: int
    updated_us: int


Deltas = Counter[tuple[str, int, int]]
"""By (scope's name, level, bucket): how many sessions more."""


def scope_name(axis: Axis, org_id: str | None) -> str:
    """What the rows call a scope; `org_id` None is the enterprise."""
    return f"{axis}:" if org_id is None else f"{axis}:{org_id}"


def levels(axis: Axis) -> tuple[int, ...]:
    """At which levels a scope is counted, the coarsest first.

    By `updated_us` an import puts many sessions into one moment, so that the finest buckets are to be small.
    """
    return (COARSE, FINE, FINEST) if axis == "updated" else (TOTAL, COARSE, FINE)


def moved(before: Place | None, after: Place | None) -> Deltas:
    """What changes in the tally when a session goes from `before` to `after` (None: is not there)."""
    deltas: Deltas = Counter()
    for place, step in ((before, -1), (after, 1)):
        if place is None:
            continue
        for axis, us in (("created", place.created_us), ("updated", place.updated_us)):
            for org_id in (None, place.org_id):
                for level in levels(axis):  # type: ignore[arg-type]
                    deltas[scope_name(axis, org_id), level, us >> level] += step  # type: ignore[arg-type]
    return deltas


def apply(store: Store, connection: Connection, enterprise_id: str, deltas: Deltas) -> None:
    """Add `deltas` to the tally, inside the caller's transaction."""
    rows = [
        {"enterprise_id": enterprise_id, "scope": scope, "level": level, "bucket": bucket, "n": n}
        for (scope, level, bucket), n in sorted(deltas.items())
        if n
    ]
    dialects.execute_all(connection, dialects.add_up(store.writer, tally, "n"), rows)


def rebuild(connection: Connection, enterprise_id: str) -> None:
    """Count the tally of one enterprise again from its sessions; the caller holds the enterprise's lock."""
    connection.execute(delete(tally).where(tally.c.enterprise_id == enterprise_id))
    axes: tuple[Axis, ...] = ("created", "updated")
    for axis in axes:
        for of_org in (False, True):
            for level in levels(axis):
                connection.execute(_counted(enterprise_id, axis, level, of_org=of_org))


def counted_places(connection: Connection, enterprise_id: str) -> dict[tuple[str, int, int], int]:
    """What the tally says now, without the buckets that have become empty."""
    columns = (tally.c.scope, tally.c.level, tally.c.bucket, tally.c.n)
    rows = connection.execute(select(*columns).where(tally.c.enterprise_id == enterprise_id, tally.c.n != 0))
    return {(scope, level, bucket): n for scope, level, bucket, n in rows}


def _counted(enterprise_id: str, axis: Axis, level: int, *, of_org: bool) -> Insert:
    bucket = _time(axis).op(">>", return_type=BigInteger())(literal_column(str(level))).label("bucket")
    scope: ColumnElement[str] = literal_column(f"'{axis}:'", String())
    counts = (
        select(
            sessions.c.enterprise_id,
            (scope.concat(sessions.c.org_id) if of_org else scope).label("scope"),
            literal_column(str(level)),
            bucket,
            func.count(),
        )
        .where(sessions.c.enterprise_id == enterprise_id)
        .group_by(sessions.c.enterprise_id, *([sessions.c.org_id] if of_org else []), bucket)
    )
    return tally.insert().from_select(["enterprise_id", "scope", "level", "bucket", "n"], counts)


def total(enterprise_id: str, orgs: Collection[str] | None) -> Plan[int]:
    """How many sessions there are, in the enterprise or in some of its organizations."""
    rows = yield Query(
        ("tally.total", _width(orgs)),
        lambda: select(func.coalesce(func.sum(tally.c.n), 0)).where(
            *_in_scopes(orgs), tally.c.level == TOTAL
        ),
        {"enterprise_id": enterprise_id, **_scope_values("created", orgs)},
    )
    return int(rows[0][0])


def count_from(enterprise_id: str, orgs: Collection[str] | None, axis: Axis, us: int) -> Plan[int]:
    """How many of them have a time of `us` or later: whole buckets, then the rows of one finest bucket."""
    kept = [level for level in levels(axis) if level != TOTAL]
    values: dict[str, Any] = {"enterprise_id": enterprise_id, **_scope_values(axis, orgs), "us": us}
    end = FOREVER_US >> kept[0]
    for level in kept:
        values |= {f"after_{level}": us >> level, f"before_{level}": end}
        end = ((us >> level) + 1) << (level - kept[kept.index(level) + 1]) if level != kept[-1] else 0
    values["end"] = ((us >> kept[-1]) + 1) << kept[-1]
    rows = yield Query(("tally.from", axis, _width(orgs)), lambda: _from_statement(orgs, axis, kept), values)
    return int(rows[0][0])


def _from_statement(orgs: Collection[str] | None, axis: Axis, kept: list[int]) -> Select[Any]:
    parts = [
        select(func.coalesce(func.sum(tally.c.n), 0))
        .where(
            *_in_scopes(orgs),
            tally.c.level == level,
            tally.c.bucket > bindparam(f"after_{level}", type_=BigInteger()),
            tally.c.bucket < bindparam(f"before_{level}", type_=BigInteger()),
        )
        .scalar_subquery()
        for level in kept
    ]
    time = _time(axis)
    conditions = [
        sessions.c.enterprise_id == bindparam("enterprise_id"),
        time >= bindparam("us", type_=BigInteger()),
        time < bindparam("end", type_=BigInteger()),
    ]
    if orgs is not None:
        conditions.append(sessions.c.org_id.in_([bindparam(f"org_{i}") for i in range(len(orgs))]))
    parts.append(select(func.count()).select_from(sessions).where(*conditions).scalar_subquery())
    return select(sum(parts[1:], start=parts[0]))


def locate(
    enterprise_id: str,
    orgs: Collection[str] | None,
    skip: int,
    left_out: Mapping[int, Counter[int]],
) -> Plan[tuple[int, int]]:
    """Where the list by creation, newest first, stands after `skip` sessions.

    Returns a time and a rest: skip `rest` sessions of those that began before the time. `left_out` holds, for
    each level, how many sessions of a bucket do not count. The caller knows that there are more than `skip`.
    """
    low, high = 0, FOREVER_US >> COARSE
    for level in WALKED:
        rows = yield Query(
            ("tally.walk", _width(orgs)),
            lambda: _walk_statement(orgs),
            {
                "enterprise_id": enterprise_id,
                **_scope_values("created", orgs),
                "level": level,
                "low": low,
                "high": high,
            },
        )
        fewer = left_out.get(level)
        bucket = low
        for bucket, n in rows:
            here = n - fewer[bucket] if fewer else n
            if skip < here:
                break
            skip -= here
        edge = (bucket + 1) << level
        if level == COARSE:
            low, high = bucket << (COARSE - FINE), (bucket + 1) << (COARSE - FINE)
    return int(edge), int(skip)


def _walk_statement(orgs: Collection[str] | None) -> Select[Any]:
    return (
        select(tally.c.bucket, func.sum(tally.c.n))
        .where(
            *_in_scopes(orgs),
            tally.c.level == bindparam("level", type_=BigInteger()),
            tally.c.bucket >= bindparam("low", type_=BigInteger()),
            tally.c.bucket < bindparam("high", type_=BigInteger()),
        )
        .group_by(tally.c.bucket)
        .order_by(tally.c.bucket.desc())
    )


def _time(axis: Axis) -> ColumnElement[int]:
    return sessions.c.updated_us if axis == "updated" else sessions.c.created_us


def _width(orgs: Collection[str] | None) -> int:
    return -1 if orgs is None else len(orgs)


def _in_scopes(orgs: Collection[str] | None) -> list[ColumnElement[bool]]:
    scopes: list[BindParameter[str]] = [
        bindparam(f"scope_{i}") for i in range(1 if orgs is None else len(orgs))
    ]
    one = tally.c.scope == scopes[0] if len(scopes) == 1 else tally.c.scope.in_(scopes)
    return [tally.c.enterprise_id == bindparam("enterprise_id"), one]


def _scope_values(axis: Axis, orgs: Collection[str] | None) -> dict[str, str]:
    if orgs is None:
        return {"scope_0": scope_name(axis, None)}
    values = {f"scope_{i}": scope_name(axis, org_id) for i, org_id in enumerate(orgs)}
    return values | {f"org_{i}": org_id for i, org_id in enumerate(orgs)}
