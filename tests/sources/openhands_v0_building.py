"""Builds event streams of OpenHands before its SDK: words in, events and their Sessions out."""

import io
import json
from typing import Any

from debrief.model import Session
from debrief.sources import Document, Transcript, sniff
from debrief.sources.formats.openhands_v0 import OPENHANDS_V0


def sessions(value: Any) -> list[Session]:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    assert sniff(content[:65536]).name == "openhands_v0"
    transcript = Transcript(Document("x.json", lambda: io.BytesIO(content)))
    return list(OPENHANDS_V0.parse(transcript, lambda text: text))


def parse(value: Any) -> Session:
    (session,) = sessions(value)
    return session


def action(number: int, name: str, source: str = "agent", **fields: Any) -> dict[str, Any]:
    args = fields.pop("args", {})
    return {
        "id": number,
        "timestamp": f"2025-03-17T01:44:{number:02d}.381558",
        "source": source,
        "message": "",
        "action": name,
        "args": args,
        **fields,
    }


def observed(number: int, name: str, cause: int | None, words: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "timestamp": f"2025-03-17T01:44:{number:02d}.5",
        "source": "agent",
        "message": "",
        "observation": name,
        "content": words,
        "cause": cause,
        "extras": fields.pop("extras", {}),
        **fields,
    }


def asked(number: int, words: str) -> dict[str, Any]:
    return action(number, "message", "user", args={"content": words})


def answer(key: str, call: str, **usage: Any) -> dict[str, Any]:
    return {
        "function_name": "execute_bash",
        "tool_call_id": call,
        "model_response": {
            "id": key,
            "model": "m",
            "choices": [{"message": {"content": "I look.", "reasoning_content": "Hm."}}],
            "usage": usage,
        },
    }


SPENT = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "prompt_tokens_details": {"cached_tokens": 60},
    "cache_read_input_tokens": 60,
    "cache_creation_input_tokens": 30,
    "completion_tokens_details": {"reasoning_tokens": 5},
}


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]
