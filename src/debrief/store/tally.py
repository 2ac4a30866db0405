"""Exact totals and flat skips: how many sessions lie in each bucket of time, kept with the rows themselves.

A scope is a set of sessions in the order of one time: the enterprise's or an organization's, by `updated_us`
or by `created_us`, and by `created_us` those of one status, repository or tag, and those with an analysis.
Each is counted at several levels: a bucket of level L is the time shifted right by L bits: level 63 is the
total, 40 is 13 days, 34 is 5 hours and 25 is 34 seconds. Whoever changes a session's place changes its
buckets in the same transaction (`apply`), so every reader's snapshot agrees.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final, Literal

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Select,
    String,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import ScalarSelect

from debrief.store import dialects
from debrief.store.plans import Plan, Query
from debrief.store.schema import session_tags, sessions, tally

Kind = Literal["created", "updated", "status", "analysed", "repository", "tag"]
"""What a scope's sessions have in common; the first two have nothing but their enterprise or organization."""

TOTAL: Final = 63
COARSE: Final = 40
FINE: Final = 34
FINEST: Final = 25

FOREVER_US: Final = (1 << 62) - 1
"""Later than any time."""

MANY: Final = 64
"""The sums of more scopes than this are not taken: the index counts as fast."""

# By `updated_us` an import puts many sessions into one moment, so that the finest buckets are to be small.
# What there are many of is counted less finely: repositories and tags, and all of those in each organization.
_LEVELS: Final[dict[Kind, tuple[int, ...]]] = {
    "created": (TOTAL, COARSE, FINE),
    "updated": (COARSE, FINE, FINEST),
    "status": (TOTAL, COARSE, FINE),
    "analysed": (TOTAL, COARSE, FINE),
    "repository": (TOTAL, COARSE),
    "tag": (TOTAL, COARSE),
}
KINDS: Final = tuple(_LEVELS)

_BETWEEN: Final = "\x1f"
"""Stands between a value and an organization: neither holds it."""


class Place(Struct, frozen=True):
    """Where a session stands in the scopes."""

    org_id: str
    created_us: int
    updated_us: int
    status: str
    has_analysis: int
    repository: str | None
    tags: frozenset[str]


class Scopes(Struct, frozen=True):
    """Scopes of one kind that share no session: counted as one list."""

    enterprise_id: str
    kind: Kind
    names: tuple[str, ...]
    levels: tuple[int, ...]


Deltas = Counter[tuple[str, int, int]]
"""By (scope's name, level, bucket): how many sessions more."""


def levels(kind: Kind, *, of_org: bool) -> tuple[int, ...]:
    """At which levels a scope is counted, the coarsest first."""
    if of_org and kind == "tag":
        return (TOTAL,)
    return (TOTAL, COARSE) if of_org and kind in {"status", "analysed"} else _LEVELS[kind]


def scope_name(kind: Kind, value: str, org_id: str | None) -> str:
    """What the rows call a scope; `value` is the status, tag or the like, `org_id` None the enterprise."""
    if kind in {"created", "updated"}:
        return f"{kind}:{org_id or ''}"
    return f"{kind}:{value}{_BETWEEN}{org_id or ''}"


def moved(before: Place | None, after: Place | None) -> Deltas:
    """What changes in the tally when a session goes from `before` to `after` (None: is not there)."""
    deltas: Deltas = Counter()
    for place, step in ((before, -1), (after, 1)):
        if place is None:
            continue
        for kind, value in _values(place):
            us = place.updated_us if kind == "updated" else place.created_us
            for org_id in (None, place.org_id):
                name = scope_name(kind, value, org_id)
                for level in levels(kind, of_org=org_id is not None):
                    deltas[name, level, us >> level] += step
    return deltas


def _values(place: Place) -> Iterator[tuple[Kind, str]]:
    """The kinds of scopes that hold the session, each with the session's value."""
    yield "created", ""
    yield "updated", ""
    yield "status", place.status
    yield "analysed", str(place.has_analysis)
    if place.repository is not None:
        yield "repository", place.repository
    for tag in place.tags:
        yield "tag", tag


def apply(connection: Connection, enterprise_id: str, deltas: Deltas) -> None:
    """Add `deltas` to the tally, inside the caller's transaction."""
    rows = [
        {"enterprise_id": enterprise_id, "scope": scope, "level": level, "bucket": bucket, "n": n}
        for (scope, level, bucket), n in sorted(deltas.items())
        if n
    ]
    dialects.write_all(connection, tally, rows, "add")


def rebuild(connection: Connection, enterprise_id: str) -> None:
    """Count the tally of one enterprise again from its sessions; the caller holds the enterprise's lock."""
    connection.execute(delete(tally).where(tally.c.enterprise_id == enterprise_id))
    for counts in _counts(enterprise_id):
        connection.execute(
            tally.insert().from_select(["enterprise_id", "scope", "level", "bucket", "n"], counts)
        )


def kept(connection: Connection, enterprise_id: str) -> dict[tuple[str, int, int], int]:
    """What the tally says now, without the buckets that have become empty."""
    columns = (tally.c.scope, tally.c.level, tally.c.bucket, tally.c.n)
    rows = connection.execute(select(*columns).where(tally.c.enterprise_id == enterprise_id, tally.c.n != 0))
    return {(scope, level, bucket): n for scope, level, bucket, n in rows}


def counted(connection: Connection, enterprise_id: str) -> dict[tuple[str, int, int], int]:
    """What it should say, counted from the sessions."""
    return {
        (scope, level, bucket): n
        for counts in _counts(enterprise_id)
        for _, scope, level, bucket, n in connection.execute(counts)
    }


def _counts(enterprise_id: str) -> Iterator[Select[Any]]:
    """For each kind and level, of the enterprise and of its organizations: rows as the tally holds them."""
    for kind in KINDS:
        for of_org in (False, True):
            for level in levels(kind, of_org=of_org):
                yield _counts_of(enterprise_id, kind, level, of_org=of_org)


def _counts_of(enterprise_id: str, kind: Kind, level: int, *, of_org: bool) -> Select[Any]:
    table = session_tags if kind == "tag" else sessions
    time = sessions.c.updated_us if kind == "updated" else table.c.created_us
    bucket = time.op(">>", return_type=BigInteger())(literal_column(str(level))).label("bucket")
    scope: ColumnElement[str] = literal_column(f"'{kind}:'", String())
    value = _VALUES.get(kind)
    groups: list[ColumnElement[Any]] = [table.c.enterprise_id]
    if value is not None:
        scope = scope.concat(cast(value, String)).concat(literal_column(f"'{_BETWEEN}'", String()))
        groups.append(value)
    if of_org:
        scope = scope.concat(table.c.org_id)
        groups.append(table.c.org_id)
    chosen = [table.c.enterprise_id == enterprise_id]
    if kind == "repository":
        chosen.append(sessions.c.repository.is_not(None))
    return (
        select(
            table.c.enterprise_id,
            scope.label("scope"),
            literal_column(str(level)),
            bucket,
            func.count(),
        )
        .where(*chosen)
        .group_by(*groups, bucket)
    )


_VALUES: Final[dict[Kind, ColumnElement[Any]]] = {
    "status": sessions.c.status,
    "analysed": sessions.c.has_analysis,
    "repository": sessions.c.repository,
    "tag": session_tags.c.tag,
}


def total(scopes: Scopes) -> Plan[int]:
    """How many sessions there are. The scopes have to be counted at level `TOTAL`."""
    rows = yield Query(
        ("tally.total", len(scopes.names)),
        lambda: select(func.coalesce(func.sum(tally.c.n), 0)).where(
            *_in_scopes(scopes), tally.c.level == TOTAL
        ),
        _scope_values(scopes),
        counts=True,
    )
    return int(rows[0][0])


def count_from(scopes: Scopes, us: int, rest: "Rest") -> Plan[int]:
    """How many of them have a time of `us` or later: whole buckets, then the rows of one finest bucket."""
    wanted = tuple(level for level in scopes.levels if level != TOTAL)
    values: dict[str, Any] = {**_scope_values(scopes), **rest.values, "us": us}
    end = FOREVER_US >> wanted[0]
    for at, level in enumerate(wanted):
        values |= {f"after_{level}": us >> level, f"before_{level}": end}
        if at + 1 < len(wanted):
            end = ((us >> level) + 1) << (level - wanted[at + 1])
    values["end"] = ((us >> wanted[-1]) + 1) << wanted[-1]
    rows = yield Query(
        ("tally.from", scopes.kind, len(scopes.names), rest.key),
        lambda: _from_statement(scopes, wanted, rest),
        values,
        counts=True,
    )
    return int(rows[0][0])


class Rest:
    """Counts the scopes' sessions one by one where buckets are too coarse: from `:us` until `:end`."""

    def __init__(
        self, key: Hashable, count: Callable[[], ScalarSelect[Any]], values: Mapping[str, Any]
    ) -> None:
        self.key = key
        self.count = count
        self.values = values


def _from_statement(scopes: Scopes, wanted: tuple[int, ...], rest: Rest) -> Select[Any]:
    parts: list[Any] = [
        select(func.coalesce(func.sum(tally.c.n), 0))
        .where(
            *_in_scopes(scopes),
            tally.c.level == level,
            tally.c.bucket > bindparam(f"after_{level}", type_=BigInteger()),
            tally.c.bucket < bindparam(f"before_{level}", type_=BigInteger()),
        )
        .scalar_subquery()
        for level in wanted
    ]
    parts.append(rest.count())
    return select(sum(parts[1:], start=parts[0]))


def locate(scopes: Scopes, skip: int, left_out: Mapping[int, Counter[int]]) -> Plan[tuple[int, int]]:
    """Where the list by creation, newest first, stands after `skip` sessions.

    Returns a time and a rest: skip `rest` sessions of those that began before the time. `left_out` holds, for
    each level, how many sessions of a bucket do not count. The caller knows that there are more than `skip`.
    """
    edge = FOREVER_US
    low, high, above = 0, 0, 0
    for level in scopes.levels:
        if level == TOTAL:
            continue
        low, high = (low << (above - level), high << (above - level)) if above else (0, FOREVER_US >> level)
        rows = yield Query(
            ("tally.walk", len(scopes.names)),
            lambda: _walk_statement(scopes),
            {**_scope_values(scopes), "level": level, "low": low, "high": high},
            counts=True,
        )
        fewer = left_out.get(level)
        bucket = low
        for bucket, n in rows:
            here = n - fewer[bucket] if fewer else n
            if skip < here:
                break
            skip -= here
        edge = (bucket + 1) << level
        low, high, above = bucket, bucket + 1, level
    return int(edge), int(skip)


def _walk_statement(scopes: Scopes) -> Select[Any]:
    return (
        select(tally.c.bucket, func.sum(tally.c.n))
        .where(
            *_in_scopes(scopes),
            tally.c.level == bindparam("level", type_=BigInteger()),
            tally.c.bucket >= bindparam("low", type_=BigInteger()),
            tally.c.bucket < bindparam("high", type_=BigInteger()),
        )
        .group_by(tally.c.bucket)
        .order_by(tally.c.bucket.desc())
    )


def _in_scopes(scopes: Scopes) -> list[ColumnElement[bool]]:
    names: list[BindParameter[str]] = [bindparam(f"scope_{i}") for i in range(len(scopes.names))]
    one = tally.c.scope == names[0] if len(names) == 1 else tally.c.scope.in_(names)
    return [tally.c.enterprise_id == bindparam("enterprise_id"), one]


def _scope_values(scopes: Scopes) -> dict[str, Any]:
    values: dict[str, Any] = {f"scope_{i}": name for i, name in enumerate(scopes.names)}
    return {"enterprise_id": scopes.enterprise_id, **values}
