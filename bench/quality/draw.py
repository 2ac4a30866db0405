"""`python bench/quality/draw.py FOLDER --count 60 --seed 4`: emitted issues, to be read by eye.

Every transcript under FOLDER that a format knows is parsed and analysed; of all issues `count` are drawn by
the seed, and printed with what the cited events say.
"""

import argparse
import gzip
import random
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from debrief.analysis import analyse
from debrief.errors import DebriefError
from debrief.model import Event, Issue, Session
from debrief.sources.registry import sniff
from debrief.sources.source import HEAD_BYTES, Document, Transcript

SHOWN = 700
"""Characters of an event that are printed."""


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=4)
    options = parser.parse_args()
    everything = [
        (name, session, issue)
        for name, session in sessions(options.folder)
        for issue in analyse(session).issues
    ]
    drawn = random.Random(options.seed).sample(  # noqa: S311 (a draw, not a secret)
        everything, min(options.count, len(everything))
    )
    print(f"{len(drawn)} of {len(everything)} issues")
    for number, (name, session, issue) in enumerate(drawn, 1):
        print(f"\n=== {number}. {name}\n{issue.detector} [{issue.label}, {issue.impact}] {issue.issue}")
        for line in evidence(session, issue):
            print(line)


def sessions(folder: Path) -> Iterator[tuple[str, Session]]:
    """The sessions of all transcripts under `folder`, each with its file's name."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".jsonl", ".json", ".gz"}:
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            try:
                found = list(sniff(data[:HEAD_BYTES]).parse(_transcript(path.name, data), str))
            except DebriefError:
                continue
            for session in found:
                yield str(path.relative_to(folder)), session


def _transcript(name: str, data: bytes) -> Transcript:
    return Transcript(Document(name.removesuffix(".gz"), lambda: BytesIO(data)))


def evidence(session: Session, issue: Issue) -> Iterator[str]:
    """What the first events that `issue` cites say, a call before its result."""
    calls = {event.call_id: event for event in session.events if event.kind == "tool_call"}
    for ordinal in issue.evidence[:3]:
        event = session.events[ordinal]
        call = calls.get(event.call_id) if event.kind == "tool_result" else None
        yield f"  [{ordinal}] {event.kind} {_said(call) + ' -> ' if call else ''}{_said(event)}"


def _said(event: Event) -> str:
    is_result = event.kind == "tool_result"
    text = event.text if is_result else event.command or event.path or event.text or event.args
    short = " ".join(text.split())
    if len(short) > SHOWN:
        short = f"{short[: SHOWN // 2]} ... {short[-SHOWN // 2 :]}"
    return f"{event.tool or ''} {short}{f' ({event.outcome})' if event.outcome else ''}"


if __name__ == "__main__":
    main()
