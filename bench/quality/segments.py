"""Real transcripts go in, their clean stretches come out: thirty steps in which no tool reported an error.

A stretch begins with a prompt and ends with a green test and a report of our own making, since what breaks
off in the middle is a finding in itself. What it holds beside errors (a loop, a slow command) is real.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from data import items, sessions_of

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "analysis"))

from building import prompt, say, session, shell
from injections import inserted

from debrief.model import Event, Session

STEPS: Final = 30
MOST: Final = 40
EACH: Final = 2
"""Stretches of one transcript that are taken."""

_ASK: Final = prompt("Please do the next part of docs/plan.md as it is written there; `make test` must pass.")
_CHECK: Final = shell("make test", output="24 passed in 1.32s", seconds=4)
_REPORT: Final = say("The part is done as the plan says; `make test` passes.")


def segments(data: Path, split: str) -> list[Session]:
    """Up to `MOST` clean stretches of the real sessions of `split`."""
    found: list[Session] = []
    for path in _paths(data, split):
        for whole in sessions_of(path):
            found += list(_stretches(whole))[:EACH]
        if len(found) >= MOST:
            break
    return found[:MOST]


def _paths(data: Path, split: str) -> Iterator[Path]:
    real = [
        data / "entire_cli_sessions" / "summarised" / item.name / "full.jsonl.gz"
        for item in items(data, "entire_cli", split)
    ]
    solved = [
        data / "codetracer_cc" / item.name / "stream.jsonl.gz" for item in items(data, "codetracer_cc", split)
    ]
    yield from (path for path in (*real, *solved) if path.is_file())


def _stretches(whole: Session) -> Iterator[Session]:
    """The stretches of one session, in order, none overlapping another."""
    own = [event for event in whole.events if event.agent is None and not event.replayed]
    start, steps = 0, 0
    open_calls: set[str | None] = set()
    for at, event in enumerate(own):
        if event.kind == "tool_call":
            steps += 1
            open_calls.add(event.call_id)
        elif event.kind == "tool_result":
            open_calls.discard(event.call_id)
        broken = event.kind in ("prompt", "interrupt", "compaction", "api_error") or (
            event.kind == "tool_result" and event.outcome not in ("ok", "unknown")
        )
        if broken:
            start, steps = at + 1, 0
            open_calls.clear()
        elif steps >= STEPS and not open_calls:
            yield _framed(whole, start, at + 1, own)
            start, steps = at + 1, 0


def _framed(whole: Session, start: int, end: int, own: list[Event]) -> Session:
    middle = [msgspec.structs.replace(event, ordinal=n) for n, event in enumerate(own[start:end])]
    bare = msgspec.structs.replace(
        session(),
        cwd=whole.cwd,
        repository=whole.repository,
        events=tuple(middle),
        started_us=middle[0].ts_us,
        end_state="finished",
    )
    ended = inserted(bare, len(middle), [_CHECK, _REPORT])
    begun = inserted(ended, 0, [_ASK])
    return msgspec.structs.replace(begun, initial_user_message=begun.events[0].text)
