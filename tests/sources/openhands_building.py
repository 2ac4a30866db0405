"""Builds conversations of OpenHands: words in, events, states and the Session they make out."""

import io
import json
from typing import Any

from debrief.model import Session, Tokens
from debrief.sources import Document, Transcript, sniff
from debrief.sources.formats.openhands import OPENHANDS

NO_TOKENS = Tokens()


def document(name: str, value: Any) -> Document:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Document(name, lambda: io.BytesIO(content))


def parse(main: Any, *companions: tuple[str, Any]) -> Session:
    one = document("main", main)
    assert sniff(one.open().read()[:65536]).name == "openhands"
    others = tuple(document(name, value) for name, value in companions)
    (session,) = OPENHANDS.parse(Transcript(one, others), lambda text: text)
    return session


def sessions(content: bytes) -> list[Session]:
    """The sessions of a file that holds several."""
    assert sniff(content[:65536]).name == "openhands"
    return list(OPENHANDS.parse(Transcript(document("output.jsonl", content)), lambda text: text))


def text(words: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": words, "cache_prompt": False}]


def event(kind: str, number: int = 0, source: str = "agent", **fields: Any) -> dict[str, Any]:
    return {
        "id": f"event-{number}",
        "timestamp": f"2026-01-21T20:40:{number:02d}.5",
        "source": source,
        "kind": kind,
        **fields,
    }


def said(number: int, words: str, source: str = "user", **fields: Any) -> dict[str, Any]:
    role = "user" if source == "user" else "assistant"
    message = {"role": role, "content": text(words)}
    return event("MessageEvent", number, source, llm_message=message, **fields)


def called(number: int, tool: str, call: str, answer: str = "r1", **action: Any) -> dict[str, Any]:
    return event(
        "ActionEvent",
        number,
        thought=text("I look."),
        action=action,
        tool_name=tool,
        tool_call_id=call,
        tool_call={"id": call, "name": tool, "arguments": json.dumps(action)},
        llm_response_id=answer,
    )


def seen(number: int, tool: str, call: str, words: str = "", **observation: Any) -> dict[str, Any]:
    return event(
        "ObservationEvent",
        number,
        "environment",
        tool_name=tool,
        tool_call_id=call,
        action_id="x",
        observation={"content": text(words), "is_error": False, **observation},
    )


def usage(
    prompt: int, completion: int, read: int = 0, write: int = 0, reasoning: int = 0, **more: Any
) -> Any:
    return {
        "model": "m",
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "cache_read_tokens": read,
        "cache_write_tokens": write,
        "reasoning_tokens": reasoning,
        **more,
    }


def state(status: str = "finished", **uses: Any) -> dict[str, Any]:
    return {
        "id": "conversation-1",
        "agent": {"kind": "Agent", "llm": {"model": "m", "usage_id": "agent"}},
        "workspace": {"working_dir": "/work/shop"},
        "execution_status": status,
        "stats": {"usage_to_metrics": uses},
    }


def named(*events: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(f"events/event-{n:05d}-{e['id']}.json", e) for n, e in enumerate(events)]


def kinds(session: Session) -> list[str]:
    return [one.kind for one in session.events]
