"""Small sessions of OpenCode in the true format, for tests. Every one is made up."""

import io
import json
from typing import Any

from debrief.model import Session
from debrief.sources import Document, Transcript, sniff

T0 = 1_770_000_000_000
SES = "ses_3f0000000001aaaaaaaaaaaaaa"


def info(**fields: Any) -> dict[str, Any]:
    return {
        "id": SES,
        "slug": "quiet-river",
        "projectID": "4b0ea68d7af9a6031a7ffda7ad66e0cb83315750",
        "directory": "/home/ann/shop",
        "title": "Mend the cart",
        "version": "1.2.6",
        "time": {"created": T0, "updated": T0 + 60_000},
        **fields,
    }


def user(*parts: dict[str, Any], at: int = 1000, number: int = 1, **fields: Any) -> dict[str, Any]:
    head = {
        "id": f"msg_u{number}",
        "sessionID": SES,
        "role": "user",
        "time": {"created": T0 + at},
        "agent": "build",
        "model": {"providerID": "anthropic", "modelID": "claude-sonnet-4-5"},
        **fields,
    }
    return {"info": head, "parts": numbered(head, parts)}


def answer(*parts: dict[str, Any], at: int = 2000, number: int = 1, **fields: Any) -> dict[str, Any]:
    head = {
        "id": f"msg_a{number}",
        "sessionID": SES,
        "role": "assistant",
        "time": {"created": T0 + at, "completed": T0 + at + 500},
        "parentID": "msg_u1",
        "modelID": "claude-sonnet-4-5",
        "providerID": "anthropic",
        "mode": "build",
        "agent": "build",
        "path": {"cwd": "/home/ann/shop", "root": "/home/ann/shop"},
        "cost": 0,
        "tokens": tokens(),
        "finish": "stop",
        **fields,
    }
    return {"info": head, "parts": numbered(head, parts)}


def numbered(head: dict[str, Any], parts: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [
        {"id": f"prt_{head['id']}_{n}", "sessionID": SES, "messageID": head["id"], **part}
        for n, part in enumerate(parts)
    ]


def tokens(
    taken: int = 0, output: int = 0, reasoning: int = 0, read: int = 0, write: int = 0
) -> dict[str, Any]:
    return {
        "input": taken,
        "output": output,
        "reasoning": reasoning,
        "cache": {"read": read, "write": write},
    }


def text(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **fields}


def step(**fields: Any) -> dict[str, Any]:
    return {"type": "step-finish", "reason": "stop", "cost": 0, "tokens": tokens(), **fields}


def tool(
    name: str, given: Any, status: str = "completed", call: str = "call_1", **state: Any
) -> dict[str, Any]:
    whole = {
        "status": status,
        "input": given,
        "time": {"start": T0 + 2100, "end": T0 + 2400},
        **({"output": "", "title": "", "metadata": {}} if status == "completed" else {}),
        **state,
    }
    return {"type": "tool", "callID": call, "tool": name, "state": whole}


def export(*messages: Any, **fields: Any) -> bytes:
    return json.dumps({"info": info(**fields), "messages": list(messages)}, indent=2).encode()


def read(content: bytes, *companions: Document) -> Session:
    source = sniff(content[:65536])
    assert source.name == "opencode"
    main = Document(f"{SES}.json", lambda: io.BytesIO(content))
    (session,) = source.parse(Transcript(main, companions), lambda text: text)
    return session


def parse(*messages: Any, **fields: Any) -> Session:
    return read(export(*messages, **fields))


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]
