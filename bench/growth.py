"""`make bench-growth`: how bytes and milliseconds grow with the sessions, and what that makes of more.

Measures at some sizes, draws a straight line through the last two, and says where it leads at 10 and 100
million: exact for bytes, on the high side for what grows more slowly than the sessions do. `--small` keeps
the items small, so that 10 million fit on a disk and the list can be looked at there, too.
"""

import argparse
import json
import math
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from sqlalchemy.engine import make_url

import build
import databases
import driver
import load
import machine
import report
from cases import WALK, Asker, Case
from measure import LEAST
from server import serving

SIZES: Final = "10000,100000,1000000"
SECONDS: Final = 0.5
TEN_MILLION: Final = 10_000_000
MIB: Final = 1 << 20

Figures = dict[str, float]


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--database", default="sqlite,postgresql")
    parser.add_argument("--small", action="store_true", help="keep the items small")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    found: dict[str, Any] = {"machine": machine.told(), "small": options.small, "databases": {}}
    with ExitStack() as stack:
        for kind in options.database.split(","):
            server = None
            if kind == "postgresql":
                server = stack.enter_context(databases.postgresql(os.environ.get("BENCH_POSTGRESQL_URL")))
            measured = [_measured(server, size, small=options.small) for size in sizes]
            found["databases"][kind] = {"sizes": sizes, "lines": _lines(sizes, measured)}
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(report.growth_text(found))


def _measured(server: str | None, size: int, *, small: bool) -> Figures:
    if server is None:
        database = build.sqlite(size, small=small, copy=False)
        figures = dict(_sqlite_sizes(make_url(database.url).database or ""))
    else:
        database = build.postgresql(server, size, small=small, copy=False)
        figures = dict(_postgresql_sizes(database.url))
    with tempfile.TemporaryDirectory() as data, serving(database.url, Path(data)) as served:
        asker = Asker(served, database.key, size)
        cases = [case for case in asker.pages(100) if case.work == WALK]
        for name, case in [*zip(("first", "middle", "last"), cases, strict=True), *_filters(asker)]:
            figures |= _times(served.port, name, case)
        figures["server's memory, MB"] = served.vitals().rss_mb
    print(f"{size:,}: {figures}", file=sys.stderr, flush=True)
    return figures


def _filters(asker: Asker) -> Iterator[tuple[str, Case]]:
    for case in asker.filters():
        yield f"{case.filter}{', in its middle' if case.skip else ''}", case


def _times(port: int, name: str, case: Case) -> Figures:
    took = load.one_by_one(port, case.source, seconds=SECONDS, least=LEAST)
    marks = quantiles(took, n=100, method="inclusive")
    return {f"page, {name}: p50 ms": marks[49] * 1e3, f"page, {name}: p95 ms": marks[94] * 1e3}


def _sqlite_sizes(path: str) -> Iterator[tuple[str, float]]:
    connection = sqlite3.connect(path)
    yield "database, MB", Path(path).stat().st_size / MIB
    try:
        sizes = connection.execute(
            # Pages are counted: the sum of their sizes overflows in a large table.
            "SELECT tbl_name, type, SUM(pageno) * (SELECT page_size FROM pragma_page_size)"
            " FROM dbstat JOIN sqlite_master USING (name)"
            " WHERE aggregate = TRUE GROUP BY 1, 2 ORDER BY 1, 2 DESC"
        ).fetchall()
    except sqlite3.OperationalError:
        sizes = []  # this SQLite was built without the table of sizes
    for table, kind, size in sizes:
        if table in {"sessions", "session_tags", "tally"}:
            yield f"{table}, {'its rows' if kind == 'table' else 'its indexes'}, MB", size / MIB
    yield "rows of the tally", float(connection.execute("SELECT count(*) FROM tally").fetchone()[0])
    connection.close()


def _postgresql_sizes(url: str) -> Iterator[tuple[str, float]]:
    with driver.connected(url) as connection:
        asked = connection.figure
        yield "database, MB", asked("SELECT pg_database_size(current_database())") / MIB
        for table in ("sessions", "session_tags", "tally"):
            yield f"{table}, its rows, MB", asked(f"SELECT pg_table_size('{table}')") / MIB
            yield f"{table}, its indexes, MB", asked(f"SELECT pg_indexes_size('{table}')") / MIB
        yield "rows of the tally", asked("SELECT count(*) FROM tally")


def _lines(sizes: Sequence[int], measured: Sequence[Figures]) -> list[dict[str, Any]]:
    lines = []
    for what in measured[0]:
        if not all(what in figures for figures in measured):
            continue  # too slow to be measured at some size
        values = [figures[what] for figures in measured]
        slope = max(0.0, (values[-1] - values[-2]) / (sizes[-1] - sizes[-2])) if len(sizes) > 1 else 0.0
        grows = len(sizes) > 1 and min(values[-2:]) > 0
        power = math.log(values[-1] / values[-2]) / math.log(sizes[-1] / sizes[-2]) if grows else 0.0
        lines.append(
            {
                "what": what,
                "values": values,
                "power": power,
                "at_10_million": values[-1] + slope * (TEN_MILLION - sizes[-1]),
                "at_100_million": values[-1] + slope * (10 * TEN_MILLION - sizes[-1]),
            }
        )
    return lines


if __name__ == "__main__":
    main()
