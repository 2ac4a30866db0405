"""Small trajectories in their true shapes, and the formats' public door, for the tests of three formats."""

import io
import json
from typing import Any

from debrief.model import Event, Session
from debrief.sources import Document, Transcript, sniff
from debrief.sources.source import HEAD_BYTES


def document(content: bytes, name: str = "trajectory.json") -> Document:
    return Document(name, lambda: io.BytesIO(content))


def encoded(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def sessions(value: Any, format_name: str, **beside: Any) -> list[Session]:
    """Parse `value` by the format that its first bytes give, which must be `format_name`."""
    content = encoded(value)
    source = sniff(content[:HEAD_BYTES])
    assert source.name == format_name
    companions = tuple(document(encoded(more), name) for name, more in beside.items())
    return list(source.parse(Transcript(document(content), companions), lambda text: text))


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]


def of_kind(session: Session, kind: str) -> list[Event]:
    return [event for event in session.events if event.kind == kind]


def agent_step(message: str = "", **fields: Any) -> dict[str, Any]:
    return {"source": "agent", "message": message, **fields}


def user_step(message: str, **fields: Any) -> dict[str, Any]:
    return {"source": "user", "message": message, **fields}


def call(name: str, call_id: str = "c1", **arguments: Any) -> dict[str, Any]:
    return {"tool_call_id": call_id, "function_name": name, "arguments": arguments}


def result(content: Any, call_id: str | None = "c1", **fields: Any) -> dict[str, Any]:
    return {"content": content, **({"source_call_id": call_id} if call_id else {}), **fields}


def acting(*calls: dict[str, Any], results: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return agent_step(tool_calls=list(calls), observation={"results": results}, **fields)


def used(prompt: int, completion: int, cached: int | None = None, **extra: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
    if cached is not None:
        found["cached_tokens"] = cached
    return found | ({"extra": extra} if extra else {})


def trajectory(*steps: dict[str, Any], agent: str = "some-agent", **fields: Any) -> dict[str, Any]:
    numbered = [{"step_id": number, **step} for number, step in enumerate(steps, start=1)]
    return {
        "schema_version": "ATIF-v1.7",
        "session_id": "run-1",
        "agent": {"name": agent, "version": "1.2", "model_name": "m-1"},
        "steps": numbered,
    } | fields


def totals(prompt: int, completion: int, cached: int | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"total_prompt_tokens": prompt, "total_completion_tokens": completion}
    if cached is not None:
        found["total_cached_tokens"] = cached
    return found | more


TASK = user_step("Fix the bug", timestamp="2026-11-02T10:00:00Z")


def atif(value: Any, **beside: Any) -> Session:
    """The one session of an ATIF document."""
    (session,) = sessions(value, "atif", **beside)
    return session
