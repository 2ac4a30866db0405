"""Cases in, rows out: the ceilings and the cases of a block in turn, over several rounds, and their medians.

Neighbours on a machine change what a second holds. So each round measures its own ceilings, and a ratio is
taken within a round; the CPU that a request costs is the figure that moves least.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from statistics import median, quantiles
from typing import Any, Final

import msgspec

import ceiling
import load
from cases import Case
from server import Served

ROW: Final = (
    "work",
    "database",
    "filter",
    "limit",
    "skip",
    "pages_per_s",
    "ratio_to_constant",
    "cpu_us",
    "cpu_to_raw_asgi",
    "p50_ms",
    "p95_ms",
    "p99_ms",
)
"""The keys of a row, as a file of results has them."""

Row = dict[str, Any]
TINY: Final = 100
LEAST: Final = 40
"""Answers at least for a percentile."""


class Pace(msgspec.Struct, frozen=True):
    """How long to look: seconds for one case with many clients, with one client, for one ceiling; rounds."""

    many_s: float
    one_s: float
    ceiling_s: float
    rounds: int


class Seen(msgspec.Struct, frozen=True):
    """What one look gave."""

    rate: float
    cpu_us: float
    busy: float
    blocked_ms: float
    blocked_own_ms: float


class Ceilings(msgspec.Struct, frozen=True):
    """One way to answer a constant body, measured at some sizes; between them the time is a straight line."""

    sizes: list[int]
    seen: list[Seen]

    def at(self, size: int) -> tuple[float, float]:
        """Answers per second and CPU microseconds each, for bodies of `size`."""
        right = min(max(1, bisect_left(self.sizes, size)), len(self.sizes) - 1)
        left = right - 1
        part = (size - self.sizes[left]) / (self.sizes[right] - self.sizes[left])
        first, second = self.seen[left], self.seen[right]
        seconds = 1 / first.rate + (1 / second.rate - 1 / first.rate) * part
        return 1 / seconds, first.cpu_us + (second.cpu_us - first.cpu_us) * part


def look(served: Served, requests: Iterator[bytes], seconds: float, expected: int = 200) -> Seen:
    """Many clients, once."""
    before = served.vitals()
    got = load.burst(served.port, requests, seconds=seconds, expected=expected)
    after = served.vitals()
    cpu_us = (after.cpu_s - before.cpu_s) / got.answers * 1e6
    return Seen(got.rate, cpu_us, got.busy, after.blocked_ms, after.blocked_own_ms)


def block(
    served: Served, database: str, sizes: Iterable[int], cases: Sequence[Case], pace: Pace
) -> list[Row]:
    """Measure `cases` and the ceilings at `sizes` in turn. Bodies of a case may have any size among these."""
    known = sorted({TINY, *sizes})
    seen: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(pace.rounds):
        ceilings = {
            path: Ceilings(
                known,
                [
                    look(served, cycle([load.request(f"{path}?size={size}", {})]), pace.ceiling_s)
                    for size in known
                ],
            )
            for path in (ceiling.RAW, ceiling.ROUTE, ceiling.ENDPOINT)
        }
        for path, made in ceilings.items():
            for size, one in zip(known, made.seen, strict=True):
                _note(seen[f"{path} {size}"], one, ceilings, size)
        for number, case in enumerate(cases):
            notes = seen[f"case {number}"]
            _note(notes, look(served, case.source, pace.many_s, case.expected), ceilings, case.size)
            took = load.one_by_one(
                served.port, case.source, seconds=pace.one_s, least=LEAST, expected=case.expected
            )
            vitals = served.vitals()
            notes["one_blocked_own_ms"].append(vitals.blocked_own_ms)
            marks = quantiles(took, n=100, method="inclusive") if len(took) > 1 else took * 99
            for name, at in (("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99)):
                notes[name].append(marks[at - 1] * 1e3)
    names = {ceiling.RAW: "raw ASGI", ceiling.ROUTE: "constant", ceiling.ENDPOINT: "FastAPI endpoint"}
    rows = [
        _row(f"ceiling: {name}, {size} bytes", database, seen[f"{path} {size}"])
        for path, name in names.items()
        for size in known
    ]
    for number, case in enumerate(cases):
        row = _row(case.work, database, seen[f"case {number}"])
        rows.append(row | {"filter": case.filter, "limit": case.limit, "skip": case.skip, "bytes": case.size})
    return rows


def _note(notes: dict[str, list[float]], one: Seen, ceilings: dict[str, Ceilings], size: int) -> None:
    constant_rate, constant_cpu = ceilings[ceiling.ROUTE].at(size)
    _, raw_cpu = ceilings[ceiling.RAW].at(size)
    notes["pages_per_s"].append(one.rate)
    notes["cpu_us"].append(one.cpu_us)
    notes["ratio_to_constant"].append(one.rate / constant_rate)
    notes["cpu_to_raw_asgi"].append(one.cpu_us / raw_cpu)
    notes["ratio_by_cpu"].append(constant_cpu / one.cpu_us)
    notes["client_busy"].append(one.busy)
    notes["blocked_ms"].append(one.blocked_ms)
    notes["blocked_own_ms"].append(one.blocked_own_ms)


def _row(work: str, database: str, notes: dict[str, list[float]]) -> Row:
    row: Row = dict.fromkeys(ROW)
    row |= {"work": work, "database": database}
    return row | {name: _short(median(values)) for name, values in notes.items()}


def _short(value: float) -> float:
    return float(f"{value:.4g}")
