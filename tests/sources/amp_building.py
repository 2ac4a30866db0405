"""Small threads of Amp in the true format, for tests. Every one is made up."""

import io
import json
from typing import Any

from debrief.model import Session
from debrief.sources import Document, Transcript, sniff

T0 = 1_770_000_000_000
THREAD = "T-019ca26f-aaaa-7bbb-8ccc-dddddddddddd"
DONE = {"type": "complete", "stopReason": "end_turn"}
CALLS = {"type": "complete", "stopReason": "tool_use"}


def text(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **fields}


def use(name: str, given: Any, call: str = "toolu_1") -> dict[str, Any]:
    return {"type": "tool_use", "complete": True, "id": call, "name": name, "input": given}


def run(status: str, call: str = "toolu_1", **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "toolUseID": call, "run": {"status": status, **fields}}


def usage(taken: int, output: int, read: int = 0, write: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "model": "claude-opus-4-5-20251101",
        "maxInputTokens": 168_000,
        "inputTokens": taken,
        "outputTokens": output,
        "cacheCreationInputTokens": write,
        "cacheReadInputTokens": read,
        "totalInputTokens": taken + read + write,
        "timestamp": "2026-02-02T02:40:05.000Z",
        **fields,
    }


def user(*content: Any, number: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "role": "user",
        "messageId": number,
        "content": list(content),
        "meta": {"sentAt": T0 + 1000 + number},
        **fields,
    }


def answer(*content: Any, number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "messageId": number, "content": list(content), "state": DONE, **fields}


def thread(*messages: Any, **fields: Any) -> bytes:
    value = {
        "v": 12,
        "id": THREAD,
        "created": T0,
        "messages": list(messages),
        "title": "Mend the cart",
        **fields,
    }
    return json.dumps(value, indent=2).encode()


def read(content: bytes) -> Session:
    source = sniff(content[:65536])
    assert source.name == "amp"
    (session,) = source.parse(Transcript(Document("x.json", lambda: io.BytesIO(content))), lambda text: text)
    return session


def parse(*messages: Any, **fields: Any) -> Session:
    return read(thread(*messages, **fields))


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]
