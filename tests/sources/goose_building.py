"""Small sessions of Goose in the true format, for tests. Every one is made up."""

import io
import json
from typing import Any

from debrief.model import Session
from debrief.sources import Document, Transcript, sniff

T0 = 1_770_000_000
SES = "20260202_1"
SES_HERE = "20260202_1-69800e80"
SEEN = {"userVisible": True, "agentVisible": True}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def request(name: str, arguments: Any, call: str = "call_1") -> dict[str, Any]:
    value = {"name": name, "arguments": arguments}
    return {"type": "toolRequest", "id": call, "toolCall": {"status": "success", "value": value}}


def response(*content: Any, call: str = "call_1", **value: Any) -> dict[str, Any]:
    result = {"status": "success", "value": {"content": list(content), "isError": False, **value}}
    return {"type": "toolResponse", "id": call, "toolResult": result}


def refused(error: Any, call: str = "call_1") -> dict[str, Any]:
    return {"type": "toolResponse", "id": call, "toolResult": {"status": "error", "error": error}}


def message(
    role: str, *content: Any, at: int = 0, name: str | None = None, **metadata: Any
) -> dict[str, Any]:
    return {
        "id": name or f"chatcmpl-{role}-{at}",
        "role": role,
        "created": T0 + at,
        "content": list(content),
        "metadata": {**SEEN, **metadata},
    }


def user(*content: Any, at: int = 1, **fields: Any) -> dict[str, Any]:
    return message("user", *content, at=at, **fields)


def answer(*content: Any, at: int = 2, **fields: Any) -> dict[str, Any]:
    return message("assistant", *content, at=at, **fields)


def head(**fields: Any) -> dict[str, Any]:
    return {
        "id": SES,
        "working_dir": "/home/ann/shop",
        "name": "Mend the cart",
        "user_set_name": False,
        "session_type": "user",
        "created_at": "2026-02-02T02:40:00Z",
        "updated_at": "2026-02-02T02:50:00Z",
        "extension_data": {},
        "provider_name": "anthropic",
        "model_config": {"model_name": "claude-sonnet-4-5"},
        **fields,
    }


def export(*messages: Any, **fields: Any) -> bytes:
    return json.dumps({**head(**fields), "conversation": list(messages)}, indent=2).encode()


def read(content: bytes, name: str = "x.json") -> Session:
    source = sniff(content[:65536])
    assert source.name == "goose"
    main = Document(name, lambda: io.BytesIO(content))
    (session,) = source.parse(Transcript(main), lambda text: text)
    return session


def parse(*messages: Any, **fields: Any) -> Session:
    return read(export(*messages, **fields))


def lines(*values: Any) -> bytes:
    return "".join(f"{value if isinstance(value, str) else json.dumps(value)}\n" for value in values).encode()


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]
