"""Transcripts of the smaller agents for tests: lines in, through the public door, sessions out."""

import io
import json
from typing import Any

from hypothesis import strategies as st

from debrief.model import Session
from debrief.sources import Document, Transcript
from debrief.sources.registry import sniff

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
"""A value of any type."""


def lines(*rows: Any) -> bytes:
    """JSON Lines of `rows`; a row that is text already stays as it is."""
    texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    return "\n".join(texts).encode("utf-8", "surrogatepass")


def document(name: str, content: bytes) -> Document:
    """A document that holds `content`."""
    return Document(name, lambda: io.BytesIO(content))


def parse(
    expected: str, *rows: Any, beside: dict[str, bytes] | None = None, name: str = "session.jsonl"
) -> Session:
    """The one session of `rows`, which the format called `expected` has to take."""
    content = lines(*rows)
    source = sniff(content[:65536])
    assert source.name == expected
    companions = tuple(document(path, text) for path, text in (beside or {}).items())
    (session,) = source.parse(Transcript(document(name, content), companions), lambda text: text)
    return session


def kinds(session: Session) -> list[str]:
    """The kinds of its events, in order."""
    return [event.kind for event in session.events]


def said(session: Session) -> list[tuple[str, str]]:
    """Kind and text of what was said and typed, the tool's own words left out."""
    return [
        (event.kind, event.text)
        for event in session.events
        if event.kind in ("prompt", "message", "reasoning") and not event.injected
    ]


def results(session: Session) -> list[tuple[str | None, str | None, int | None]]:
    """Tool, outcome and exit code of each result."""
    return [(e.tool, e.outcome, e.exit_code) for e in session.events if e.kind == "tool_result"]


def assert_paired(session: Session) -> None:
    """Every result names a call that stands before it, and no id names two calls."""
    calls: set[str | None] = set()
    for event in session.events:
        if event.kind == "tool_call":
            assert event.call_id not in calls
            calls.add(event.call_id)
        elif event.kind == "tool_result":
            assert event.call_id in calls
