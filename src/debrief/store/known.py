"""What was counted at a moment, remembered until the next change: a page then reads nothing but its rows.

An enterprise's sessions have a moment that differs after every change (`clock`). Counts read in a snapshot of
some moment hold in every snapshot of the same one, so that they need not be read again.
"""

from collections.abc import Hashable
from typing import Final, TypeVar

from debrief.store.plans import Plan, Query, Rows

T = TypeVar("T")

KEPT: Final = 4096
"""Counts remembered for an enterprise; with more, all are forgotten."""

KEPT_ENTERPRISES: Final = 64


class Known:
    """The counts of the last moment of each enterprise."""

    def __init__(self) -> None:
        self._moments: dict[str, tuple[int, dict[Hashable, Rows]]] = {}

    def at(self, enterprise_id: str, moment: int) -> dict[Hashable, Rows]:
        """What is known of the enterprise at `moment`; empty at a new one."""
        held = self._moments.get(enterprise_id)
        if held is None or held[0] < moment:
            if len(self._moments) >= KEPT_ENTERPRISES:
                self._moments.clear()
            held = (moment, {})
            self._moments[enterprise_id] = held
        # A snapshot from before the last change, as a replica may give: not worth remembering.
        return held[1] if held[0] == moment else {}


def counted_once(plan: Plan[T], known: dict[Hashable, Rows]) -> Plan[T]:
    """`plan`, whose counts are taken from `known` or put there. It runs in a snapshot of the same moment."""
    rows: Rows | None = None
    while True:
        try:
            query = next(plan) if rows is None else plan.send(rows)
        except StopIteration as done:
            result: T = done.value
            return result
        if not query.counts:
            rows = yield query
            continue
        name = _name(query)
        rows = known.get(name)
        if rows is None:
            rows = yield query
            if len(known) >= KEPT:
                known.clear()
            known[name] = rows


def _name(query: Query) -> Hashable:
    return (query.key, *query.values.values())
