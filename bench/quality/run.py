"""`make eval`: every track of the quality measurement, one table, one JSON; offline, seeded, two processes.

`python bench/quality/run.py --data ../shared/quality --split val --out eval.json` writes the rows to
eval.json, and with date, commit and the data's digest to eval.run.json, of which `report.py` makes a page.
Without a data folder only the tracks that make their own sessions are run. A bar that is missed is said so,
and is no error.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from metrics import Row
from scoreboard import ORDER, shown

sys.path.append(str(Path(__file__).parents[1]))

from machine import told as machine

HERE: Final = Path(__file__).parent
DATA: Final = HERE.parents[2] / "shared" / "quality"
WORKERS: Final = 2
SPLITS: Final = ("dev", "val", "test")

Answer = tuple[list[Row], list[str]]


class Track(NamedTuple):
    """A part of the measurement: how it is asked for, and whether it needs the data folder."""

    name: str
    ask: Callable[[Path | None, str], Answer]
    needs_data: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run; the exit code tells whether every track could be run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--split", choices=SPLITS, default="val")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tracks", default="", help="letters of the tracks to run; all without it")
    parser.add_argument("--told", action="store_true", help="print what was missed, one by one")
    options = parser.parse_args(argv)
    data = options.data or (DATA if DATA.is_dir() else None)
    if data is not None and not data.is_dir():
        print(f"{data} is no folder", file=sys.stderr)
        return 2
    run = measured(data, options.split, frozenset(options.tracks))
    shown(run)
    if options.told:
        print("\n".join(run["told"]))
    if options.out:
        options.out.write_text(json.dumps(run["rows"], indent=1) + "\n", encoding="utf-8")
        whole = options.out.with_suffix(".run.json")
        whole.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    return 1 if run["failed"] else 0


def measured(data: Path | None, split: str, letters: frozenset[str] = frozenset()) -> dict[str, Any]:
    """All rows, what stands beside them, and what could not be run."""
    begun = time.perf_counter()
    chosen = [track for track in TRACKS if not letters or track.name in letters]
    runnable = [track for track in chosen if data is not None or not track.needs_data]
    rows: list[Row] = []
    told: list[str] = []
    failed: list[str] = []
    with ProcessPoolExecutor(WORKERS) as pool:
        asked: list[tuple[Track, Future[Answer]]] = [
            (track, pool.submit(track.ask, data, split)) for track in runnable
        ]
        for track, answer in asked:
            try:
                some, words = answer.result()
            except Exception as fault:  # noqa: BLE001 (a track that breaks must not cost the others' figures)
                failed.append(f"track {track.name} could not be run: {type(fault).__name__}: {fault}")
                continue
            rows += some
            told += words
    rows.sort(key=lambda row: ORDER.index(row["track"]) if row["track"] in ORDER else len(ORDER))
    about = machine()
    return {
        "rows": rows,
        "told": told,
        "failed": failed,
        "date": about["date"],
        "commit": about["commit"],
        "data": _digest(data),
        "split": split,
        "seconds": round(time.perf_counter() - begun, 1),
        "left out": [track.name for track in chosen if track not in runnable],
    }


def _digest(data: Path | None) -> str:
    return str(import_module("data").digest(data)) if data else "none"


def _plain(module: str, data: Path | None, split: str) -> Answer:
    return import_module(module).rows(data, split), []


def _risk(data: Path | None, split: str) -> Answer:
    return _plain("risk", data, split)


def _timeline(data: Path | None, split: str) -> Answer:
    return _plain("timeline", data, split)


def _repetition(data: Path | None, split: str) -> Answer:
    return _plain("repetition", data, split)


def _friction(data: Path | None, split: str) -> Answer:
    friction = import_module("friction")
    return friction.rows(data, split), [f"F missed: {note}" for note in friction.missed(data, split)]


def _injection(data: Path | None, split: str) -> Answer:
    inject = import_module("inject")
    found = inject.suite(data, split)
    return inject.rows_of(found, split), [f"H {line}" for line in inject.told(found)]


def _plumbing(_data: Path | None, _split: str) -> Answer:
    return import_module("plumbing").rows(), []


def _catalogue(data: Path | None, split: str) -> Answer:
    return import_module("catalogue").rows(data, split, workers=1), []


TRACKS: Final = (
    Track("C", _catalogue, needs_data=True),
    Track("H", _injection, needs_data=False),
    Track("A", _risk, needs_data=True),
    Track("F", _friction, needs_data=True),
    Track("D", _timeline, needs_data=True),
    Track("E", _repetition, needs_data=True),
    Track("I", _plumbing, needs_data=False),
)
"""In the order in which they are begun: the longest first."""


if __name__ == "__main__":
    sys.exit(main())
