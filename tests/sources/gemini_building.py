"""Small transcripts of the Gemini family in the true format, and how tests read them."""

import json
from io import BytesIO
from typing import Any

from debrief.model import Event, Session
from debrief.sources import Document, Transcript
from debrief.sources.source import SourceFormat

DAY = "2026-05-04T10:00:"


def at(second: int) -> str:
    return f"{DAY}{second:02d}.000Z"


def lines(*records: Any) -> bytes:
    return b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in records)


def document(name: str, content: bytes) -> Document:
    return Document(name, lambda: BytesIO(content))


def read(fmt: SourceFormat, content: bytes, *companions: Document) -> Session:
    transcript = Transcript(document("session.jsonl", content), companions)
    sessions = list(fmt.parse(transcript, lambda text: text))
    assert len(sessions) == 1
    return sessions[0]


def told(session: Session) -> list[tuple[str, str]]:
    """Kind and text of every event that is part of the conversation."""
    return [(event.kind, event.text) for event in session.events if not event.replayed]


def results(session: Session) -> list[Event]:
    return [event for event in session.events if event.kind == "tool_result"]


def header(**fields: Any) -> dict[str, Any]:
    return {
        "sessionId": "7c1f0a3e-0000-4000-8000-000000000001",
        "projectHash": "f" * 64,
        "startTime": at(0),
        "lastUpdated": at(0),
        "kind": "main",
    } | fields


def user(name: str, content: Any, second: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": name, "timestamp": at(second), "type": "user", "content": content} | fields


def answer(name: str, content: Any, second: int = 2, **fields: Any) -> dict[str, Any]:
    made = {
        "id": name,
        "timestamp": at(second),
        "type": "gemini",
        "content": content,
        "model": "gemini-3-pro",
    }
    return made | fields


def counts(*numbers: int) -> dict[str, int]:
    return dict(zip(("input", "cached", "output", "thoughts", "tool", "total"), numbers, strict=True))


def call(name: str, tool: str, args: Any, status: str, response: Any = None, **fields: Any) -> dict[str, Any]:
    made = {"id": name, "name": tool, "args": args, "status": status, "timestamp": at(9)}
    if response is not None:
        made["result"] = [{"functionResponse": {"id": name, "name": tool, "response": response}}]
    return made | fields


def whole(*messages: dict[str, Any], **fields: Any) -> bytes:
    made = {key: value for key, value in header(**fields).items() if key != "kind"}
    return json.dumps(made | {"messages": list(messages)}, indent=2).encode()
