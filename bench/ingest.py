"""`make bench-ingest`: what an import costs, through the command that people type, beside the bars.

Writes two thousand sessions in Claude Code's form (see `transcripts`), imports them cold with analysis, again
unchanged, and one transcript of 100 MB; with `--peer` other programs read the same files in the same run.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Final

import machine
import processes
import rivals
import transcripts
from report import BY_HAND, table

HEADING: Final = "## Ingest"
HERE: Final = Path(__file__).parent
AGAIN: Final = 5
LARGE: Final = 100_000_000

Row = tuple[str, str, str, str]


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=transcripts.SESSIONS)
    parser.add_argument("--large", type=int, default=LARGE, help="bytes of the one large transcript")
    parser.add_argument("--peer", action="append", choices=list(_PEERS), default=[])
    parser.add_argument("--write", type=Path, help="the page whose part this is to be")
    options = parser.parse_args()
    machine_rows = machine.told()
    with tempfile.TemporaryDirectory(prefix="ingest-", dir=_out()) as name:
        folder = Path(name)
        home = folder / "claude"
        size = transcripts.write(home, options.sessions)
        messages = options.sessions * transcripts.MESSAGES
        given = f"{options.sessions:,} sessions, {size / 1e6:.1f} MB, {messages:,} messages"
        print(f"{given}; load before: {machine_rows['load before']}", flush=True)
        rows = [*_debrief(home, folder, options.large)]
        for peer in dict.fromkeys(options.peer):
            rows += _PEERS[peer](home, folder)
    part = "\n\n".join(
        (
            HEADING,
            f"`make bench-ingest` over {given}.",
            table(("what", "it was"), machine_rows.items()),
            table(("what", "figure", "bar", ""), rows),
        )
    )
    print(part)
    if options.write:
        options.write.write_text(with_part(options.write.read_text(), part))


def with_part(page: str, part: str) -> str:
    """`page` with `part` in the place of its own, before what is written by hand."""
    before, heading, rest = page.partition(f"\n{HEADING}\n")
    if not heading:
        before, heading, rest = page.partition(f"\n{BY_HAND}\n")
        return f"{before.rstrip()}\n\n{part}\n{heading}{rest}"
    following = rest.find("\n## ")
    return f"{before.rstrip()}\n\n{part}\n" + (rest[following:] if following >= 0 else "")


def _out() -> Path:
    """A folder on a disk: what is written in memory alone is not counted."""
    out = HERE / "out"
    out.mkdir(exist_ok=True)
    return out


def _debrief(home: Path, folder: Path, large: int) -> Iterator[Row]:
    data = folder / "data"
    # Some set it for their own ends; people who import do not, and have their modules compiled once.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["DEBRIEF_DATA"] = str(data)
    command = [sys.executable, "-m", "debrief", "import", str(home)]
    cost = processes.run(command, environment, folder / "said")
    yield _row("cold import", cost.wall_s, 10, "s")
    yield "cold import, CPU of all processes", f"{cost.cpu_s:.1f} s", "", ""
    yield _row("cold import, the largest worker", cost.workers_mb, 150, "MB")
    yield _row("cold import, the main process", cost.main_mb, 150, "MB")
    yield _row("cold import, written", cost.written_mb, 600, "MB")
    yield _row("cold import, stored", bytes_in(data) / 1e6, 200, "MB")
    again = [processes.wall(command, environment) for _ in range(AGAIN)]
    yield _row(f"unchanged, the median of {AGAIN}", median(again), 0.3, "s")
    one = folder / "large"
    one.mkdir()
    transcripts.write_large(one / "large.jsonl", large)
    command = [sys.executable, "-m", "debrief", "import", str(one)]
    environment["DEBRIEF_DATA"] = str(folder / "data of one")
    cost = processes.run(command, environment, folder / "said")
    name = f"one transcript of {large // 1_000_000} MB"
    yield _row(name, cost.wall_s, 10, "s")
    yield _row(f"{name}, memory", max(cost.main_mb or 0, cost.workers_mb or 0) or None, 400, "MB")


def _agentsview(home: Path, folder: Path) -> Iterator[Row]:
    rivals.install(rivals.AGENTSVIEW)
    own = folder / "nobody"
    environment = rivals.agentsview_environment(own)
    (own / ".claude").symlink_to(home.absolute())
    yield from _peer(rivals.AGENTSVIEW, ["sync"], environment, folder)


def _ccusage(home: Path, folder: Path) -> Iterator[Row]:
    rivals.install(rivals.CCUSAGE)
    environment = rivals.environment(folder / "nobody as well", CLAUDE_CONFIG_DIR=str(home))
    yield from _peer(rivals.CCUSAGE, ["daily", "--offline", "--json"], environment, folder)


def _peer(name: str, arguments: list[str], environment: Mapping[str, str], folder: Path) -> Iterator[Row]:
    program = rivals.installed(name)
    if program is None:
        yield name, "not installed", "", ""
        return
    for what in ("cold", "again"):
        cost = processes.run([str(program), *arguments], environment, folder / "said")
        told = (f"{cost.wall_s:.2f} s", f"CPU {cost.cpu_s:.1f} s", _figure(cost.main_mb, "MB"))
        yield f"{name}, {what}", ", ".join((*told, f"written {_figure(cost.written_mb, 'MB')}")), "", ""


_PEERS: Final = {"agentsview": _agentsview, "ccusage": _ccusage}


def bytes_in(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _row(what: str, figure: float | None, bar: float, unit: str) -> Row:
    if figure is None:
        return what, "not told here", f"<= {bar:g} {unit}", ""
    return what, _figure(figure, unit), f"<= {bar:g} {unit}", "holds" if figure <= bar else "**falls short**"


def _figure(figure: float | None, unit: str) -> str:
    if figure is None:
        return "not told"
    return f"{figure:.3g} {unit}" if figure < 100 else f"{figure:,.0f} {unit}"  # noqa: PLR2004 (three digits are enough)


if __name__ == "__main__":
    main()
