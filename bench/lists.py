"""`make bench`: a million sessions, the lists and their ceilings in turn, on SQLite and PostgreSQL.

Prints tables; `--out file.json` gets the rows, and `file.run.json` beside it the machine, the write side and
all else that `report.py` needs.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import msgspec

import build
import databases
import machine
import measure
import peers
import report
import writes
from cases import WALK, Asker, Case
from measure import Pace, Row
from server import Served, serving

FULL: Final = 1_000_000
SMALL: Final = 200_000
WORKERS: Final = {"sqlite": 1, "postgresql": 2}
GROUP: Final = 10
WITH_WRITER: Final = ", with a writer"


class Plan(msgspec.Struct, frozen=True):
    """What a run does and how long it looks at each thing."""

    sessions: int
    pages: Pace
    filters: Pace
    write_s: float
    brief: bool = False


def plan_of(sessions: int, *, quick: bool) -> Plan:
    """The longer, the more sessions."""
    if quick:
        return Plan(sessions, Pace(0.1, 0.04, 0.03, 1), Pace(0.05, 0.04, 0.03, 1), 0.2, brief=True)
    if sessions <= SMALL:
        return Plan(sessions, Pace(0.25, 0.2, 0.12, 2), Pace(0.15, 0.15, 0.06, 1), 0.4)
    return Plan(sessions, Pace(0.7, 0.5, 0.3, 4), Pace(0.3, 0.4, 0.12, 3), 2.0)


class Results(msgspec.Struct):
    """All that a run found."""

    rows: list[Row]
    writes: list[dict[str, Any]]
    notes: list[str]
    memory: dict[str, float]


def main() -> None:
    """Run."""
    options = _options()
    plan = plan_of(options.sessions, quick=options.quick)
    told = machine.told() | {"sessions": f"{plan.sessions:,}"}
    results = Results([], [], [], {})
    began = time.perf_counter()
    run: dict[str, Any] = {}
    with ExitStack() as stack:
        for kind in options.database.split(","):
            server = None
            if kind == "postgresql":
                server = stack.enter_context(databases.postgresql(os.environ.get("BENCH_POSTGRESQL_URL")))
                told["postgresql"] = databases.version(server)
                database = build.postgresql(server, plan.sessions)
            else:
                database = build.sqlite(plan.sessions)
            told[f"{kind} built in"] = f"{database.seconds:.0f} s" if database.seconds else "stood already"
            _say(f"{kind}: {plan.sessions:,} sessions, {told[f'{kind} built in']}")
            try:
                _one_database(kind, database, plan, results)
            finally:
                told["took"] = f"{time.perf_counter() - began:.0f} s"
                run = {"machine": told, **msgspec.structs.asdict(results)}
                if options.out:
                    _write(options.out, run)
            build.drop_copies(server, plan.sessions)
    print(report.text([run]))


def _write(out: Path, run: dict[str, Any]) -> None:
    """After each database, and after a failure: a run that breaks off has given what it found."""
    rows = [{name: row[name] for name in measure.ROW} for row in run["rows"]]
    out.write_text(json.dumps(rows, indent=1) + "\n")
    out.with_suffix(".run.json").write_text(json.dumps(run, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=FULL)
    parser.add_argument("--database", default="sqlite,postgresql", help="one of them, or both with a comma")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--quick", action="store_true", help="looks briefly: to see that it runs")
    return parser.parse_args()


def _one_database(kind: str, database: build.Database, plan: Plan, results: Results) -> None:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    apart = WORKERS[kind] == 1 and len(cores) > 1
    with tempfile.TemporaryDirectory() as data, ExitStack() as stack:
        if apart:
            os.sched_setaffinity(0, cores[1:])
            stack.callback(os.sched_setaffinity, 0, cores)
        served = stack.enter_context(
            serving(database.url, Path(data), processes=WORKERS[kind], core=cores[0] if apart else None)
        )
        asker = Asker(served, database.key, plan.sessions)
        sizes = _lists(kind, served, asker, database, plan, results)
        results.memory[kind] = round(served.vitals().rss_mb, 1)
        # Last, for what an ORM leaves behind in memory is not the lists'.
        _measured(kind, served, sizes, asker.naive(), plan.pages, results)
        walk = cycle(next(case for case in asker.pages(100) if case.work == WALK).requests)
        for row in writes.all_rows(database.url, kind, served.port, walk, plan.write_s, brief=plan.brief):
            results.writes.append(row)
            _say(f"{kind}: {row}")
        results.notes += [f"{kind}: {note}" for note in asker.said]
    results.rows += list(_with_peers(kind, database, plan, results))


def _lists(
    kind: str, served: Served, asker: Asker, database: build.Database, plan: Plan, results: Results
) -> list[int]:
    pages = [asker.pages(limit) for limit in (10, 100, 200)]
    sizes = [cases[0].size for cases in pages]
    for cases in pages:
        _measured(kind, served, [cases[0].size], cases, plan.pages, results)
    _measured(kind, served, sizes, asker.others(), plan.pages, results)
    filters = asker.filters()
    for beside in (False, True):
        with writes.beside(database.url) if beside else nullcontext():
            again = [_renamed(case, WITH_WRITER) for case in (*pages[1], *filters)] if beside else filters
            if beside and plan.brief:
                again = again[:GROUP]
            for first in range(0, len(again), GROUP):
                _measured(kind, served, sizes, again[first : first + GROUP], plan.filters, results)
    return sizes


def _measured(
    kind: str, served: Served, sizes: list[int], cases: list[Case], pace: Pace, results: Results
) -> None:
    rows = measure.block(served, kind, sizes, cases, pace)
    results.rows += rows
    for row in rows:
        if not row["work"].startswith("ceiling"):
            _say(
                f"{kind}: {row['work']}, {row['filter']}, limit {row['limit']}, skip {row['skip']}: "
                f"{row['pages_per_s']:,.0f}/s, {row['ratio_to_constant']:.2f} of constant, "
                f"{row['cpu_us']:.0f} us, p95 {row['p95_ms']:.2f} ms"
            )


def _renamed(case: Case, end: str) -> Case:
    return msgspec.structs.replace(case, work=case.work + end)


def _with_peers(kind: str, database: build.Database, plan: Plan, results: Results) -> Iterator[Row]:
    if kind == "sqlite":
        rows, notes = peers.measured(database.url, plan.sessions, plan.pages.many_s)
        results.notes += [f"{kind}: {note}" for note in notes]
        yield from rows


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
