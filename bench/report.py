"""Results of a run in, tables with the bars beside them out: for the screen, and for docs/performance.md.

`python bench/report.py RUN.run.json ... [--growth GROWTH.json] --write docs/performance.md` writes the page,
and leaves its last section, which is written by hand, as it stands.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

Row = dict[str, Any]
Bar = tuple[str, str, str, str]

PAGES: Final = ("page", "page, every one another")
UNCHANGED: Final = "page, unchanged (304)"
RATIO: Final = {"sqlite": 0.60, "postgresql": 0.35}
DEPTH: Final = {"sqlite": 0.85, "postgresql": 0.80}
CPU: Final = 3.5
UNCHANGED_RATIO: Final = 0.85
FILTER_P95_MS: Final = 10.0
BLOCKED_MS: Final = 20.0
BY_HAND: Final = "## What falls short, and what was tried"
MEMORY_MB: Final = 250.0

INTRODUCTION: Final = """# Performance

`make bench` measures this page; `bench/report.py` writes it from a run. Pages per second depend on the
machine and on who else works on it. Read the ratios: *of constant* compares with a constant body of the
same size, answered by a Starlette route in a FastAPI application in the same process and round; *CPU to
raw* compares the server's CPU per answer with that of a bare ASGI application. Sixteen clients ask at
once for pages per second, one alone for the percentiles. `page` asks for the same page over and over, as
pollers do; in all other rows each request differs.
"""


def text(runs: Sequence[Row], growth: Row | None = None) -> str:
    """The whole page, of one run or more."""
    parts = [INTRODUCTION]
    for run in runs:
        parts += _run_parts(run)
    if growth:
        parts += ["## Growth", growth_text(growth)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _run_parts(run: Row) -> Iterator[str]:
    rows, machine = run["rows"], run["machine"]
    for kind in dict.fromkeys(row["database"] for row in rows):
        mine = [row for row in rows if row["database"] == kind]
        yield f"## {_NAMES[kind]}, {machine['sessions']} sessions"
        yield table(("what", "it was"), machine.items())
        yield "### The bars"
        yield bars(kind, mine, run["memory"].get(kind))
        yield "### Pages"
        yield _rows(row for row in mine if not _is_ceiling(row) and not _is_filter(row))
        yield "### Filters, 100 to a page"
        yield _rows(row for row in mine if _is_filter(row))
        yield "### Ceilings, the median of their blocks"
        yield _ceilings(mine)
        yield "### Writes"
        yield _writes([row for row in run["writes"] if row["database"] == kind])
        notes = [note for note in run["notes"] if note.startswith(kind)]
        if notes:
            yield "### Not measured"
            yield "\n".join(f"- {note}" for note in notes)


_NAMES: Final = {"sqlite": "SQLite, one process", "postgresql": "PostgreSQL, two server processes"}


def bars(kind: str, rows: Sequence[Row], memory_mb: float | None) -> str:
    """Each bar of the design, the figure, and whether it holds."""
    found = [*_page_bars(kind, rows), *_filter_bars(rows)]
    found += [
        _least(f"{UNCHANGED}: of constant", row["ratio_to_constant"], UNCHANGED_RATIO)
        for row in rows
        if row["work"] == UNCHANGED
    ]
    if memory_mb is not None:
        found.append(_most("memory of a server process after all lists", memory_mb, MEMORY_MB, " MB"))
    return table(("what", "figure", "bar", ""), found)


def _page_bars(kind: str, rows: Sequence[Row]) -> Iterator[Bar]:
    for work in PAGES:
        hundred = [row for row in rows if row["work"] == work and row["limit"] == 100]  # noqa: PLR2004 (the bar's page)
        first, *deep = sorted(hundred, key=lambda row: int(row["skip"]))
        name = f"{work} of 100, skip 0"
        yield _least(f"{name}: of constant", first["ratio_to_constant"], RATIO[kind])
        yield _least(f"{name}: of constant, by CPU", first["ratio_by_cpu"], RATIO[kind])
        if kind == "sqlite":
            yield _most(f"{name}: CPU to raw ASGI", first["cpu_to_raw_asgi"], CPU)
        for row in deep:
            name = f"{work} of 100, skip {row['skip']:,}"
            yield _least(
                f"{name}: of skip 0", row["ratio_to_constant"] / first["ratio_to_constant"], DEPTH[kind]
            )
            yield _least(f"{name}: of skip 0, by CPU", first["cpu_us"] / row["cpu_us"], DEPTH[kind])


def _filter_bars(rows: Sequence[Row]) -> Iterator[Bar]:
    for work in ("filter", "filter, with a writer"):
        filters = [row for row in rows if row["work"] == work]
        for what, key, bar in (
            ("the slowest p95", "p95_ms", FILTER_P95_MS),
            ("the longest block of the loop", "one_blocked_own_ms", BLOCKED_MS),
        ):
            if filters:
                worst = max(filters, key=lambda row: float(row[key]))
                over = sum(float(row[key]) > bar for row in filters)
                yield _most(
                    f"{work}: {what}, {_name(worst)}; {over} of {len(filters)} over", worst[key], bar, " ms"
                )


def _least(what: str, figure: float, bar: float) -> Bar:
    return what, f"{figure:.3g}", f">= {bar:g}", "holds" if figure >= bar else "**falls short**"


def _most(what: str, figure: float, bar: float, unit: str = "") -> Bar:
    return what, f"{figure:.3g}{unit}", f"<= {bar:g}{unit}", "holds" if figure <= bar else "**falls short**"


def _name(row: Row) -> str:
    return f"{row['filter']}, skip {row['skip']:,}" if row["skip"] else str(row["filter"])


def _is_ceiling(row: Row) -> bool:
    return str(row["work"]).startswith("ceiling")


def _is_filter(row: Row) -> bool:
    return str(row["work"]).startswith("filter")


def _rows(rows: Iterable[Row]) -> str:
    names = (
        "work",
        "filter",
        "limit",
        "skip",
        "pages/s",
        "of constant",
        "CPU us",
        "CPU to raw",
        "p50",
        "p95",
        "p99 ms",
    )
    return table(
        names,
        (
            (
                row["work"],
                row["filter"],
                row["limit"],
                f"{row['skip']:,}",
                _figure(row["pages_per_s"]),
                _figure(row["ratio_to_constant"]),
                _figure(row["cpu_us"]),
                _figure(row["cpu_to_raw_asgi"]),
                _figure(row["p50_ms"]),
                _figure(row["p95_ms"]),
                _figure(row["p99_ms"]),
            )
            for row in rows
        ),
    )


def _ceilings(rows: Iterable[Row]) -> str:
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        if _is_ceiling(row):
            by_name.setdefault(str(row["work"]).removeprefix("ceiling: "), []).append(row)
    made = [
        (name, _figure(_middle(found, "pages_per_s")), _figure(_middle(found, "cpu_us")))
        for name, found in by_name.items()
    ]
    return table(("what", "answers/s", "CPU us"), made)


def _middle(rows: list[Row], name: str) -> float:
    values = sorted(float(row[name]) for row in rows)
    return values[len(values) // 2]


def _writes(rows: Iterable[Row]) -> str:
    names = (
        "work",
        "in a commit",
        "writers",
        "enterprises",
        "sessions/s",
        "commit p50",
        "p99 ms",
        "pages/s read beside",
    )
    return table(
        names,
        (
            (
                row["work"],
                row["batch"],
                row["writers"],
                row["enterprises"],
                _figure(row["sessions_per_s"]),
                _figure(row["p50_ms"]),
                _figure(row["p99_ms"]),
                _figure(row["reader_pages_per_s"]),
            )
            for row in rows
        ),
    )


def growth_text(growth: Row) -> str:
    """A table for each database."""
    parts = []
    for kind, found in growth["databases"].items():
        sizes = found["sizes"]
        names = ("what", *(f"{size:,}" for size in sizes), "grows as", "10 million", "100 million")
        lines = [
            (
                line["what"],
                *(_figure(value) for value in line["values"]),
                f"n^{line['power']:.2f}",
                _figure(line["at_10_million"]),
                _figure(line["at_100_million"]),
            )
            for line in found["lines"]
        ]
        parts += [f"### {_NAMES[kind].partition(',')[0]}", table(names, lines)]
    return "\n\n".join(parts)


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 (three digits are enough)


def table(names: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A table of Markdown, its columns in line."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(names, *cells, strict=True)]
    lines = [names, ["-" * width for width in widths], *cells]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN.run.json")
    parser.add_argument("--growth", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    growth = json.loads(options.growth.read_text()) if options.growth else None
    page = text([json.loads(path.read_text()) for path in options.runs], growth)
    if options.write:
        before = options.write.read_text() if options.write.exists() else ""
        _, heading, rest = before.partition(f"\n{BY_HAND}\n")
        options.write.write_text(page + heading + rest)
    else:
        print(page)


if __name__ == "__main__":
    main()
