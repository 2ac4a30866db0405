"""Made-up rollouts for the tests of the Codex formats, record by record, and ways to look at the Session."""

import io
import json
from typing import Any

from debrief.model import Event, Session
from debrief.sources import Document, Transcript, sniff

CHILD = "01990000-0000-7000-8000-0000000000c1"
PARENT = "01980000-0000-7000-8000-0000000000a1"
PARENT_TURN = "01980000-1000-7000-8000-0000000000a2"
OWN_TURN = "01990000-0100-7000-8000-0000000000c2"

PATCH = """*** Begin Patch
*** Add File: new.py
+one
+two
*** Update File: old.py
*** Move to: moved.py
@@ def f():
 keep
-was
+is
@@
-gone
*** Delete File: dead.py
*** End Patch"""


def at(second: int) -> str:
    return f"2026-02-03T04:{second // 60:02}:{second % 60:02}.000Z"


def record(kind: str, payload: dict[str, Any], second: int = 1) -> dict[str, Any]:
    return {"timestamp": at(second), "type": kind, "payload": payload}


def meta(*, second: int = 0, **fields: Any) -> dict[str, Any]:
    own = {
        "id": CHILD,
        "timestamp": at(0),
        "cwd": "/srv/shop",
        "originator": "codex_cli_rs",
        "cli_version": "0.140.0",
    }
    return record("session_meta", own | fields, second)


def event(kind: str, second: int = 1, **fields: Any) -> dict[str, Any]:
    return record("event_msg", {"type": kind, **fields}, second)


def item(kind: str, second: int = 1, **fields: Any) -> dict[str, Any]:
    return record("response_item", {"type": kind, **fields}, second)


def user(text: str, second: int = 1) -> dict[str, Any]:
    return item("message", second, role="user", content=[{"type": "input_text", "text": text}])


def assistant(text: str, second: int = 1) -> dict[str, Any]:
    return item("message", second, role="assistant", content=[{"type": "output_text", "text": text}])


def command(call_id: str, cmd: str, second: int = 1) -> dict[str, Any]:
    return item(
        "function_call", second, name="exec_command", call_id=call_id, arguments=json.dumps({"cmd": cmd})
    )


def output(call_id: str, text: object, second: int = 2) -> dict[str, Any]:
    return item("function_call_output", second, call_id=call_id, output=text)


def framed(text: str, state: str = "Process exited with code 0") -> str:
    return f"Chunk ID: ab12cd\nWall time: 1.2500 seconds\n{state}\nOriginal token count: 7\nOutput:\n{text}"


def counted(total: tuple[int, int, int, int], second: int = 3, **last: int) -> dict[str, Any]:
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    info = {"total_token_usage": dict(zip(names, total, strict=True)), "last_token_usage": last}
    return event("token_count", second, info=info, rate_limits=None)


def parse(*lines: Any) -> Session:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return parse_bytes(text.encode() + b"\n")


def parse_bytes(content: bytes) -> Session:
    transcript = Transcript(Document("rollout.jsonl", lambda: io.BytesIO(content)))
    source = sniff(content[:65536])
    assert source.name == "codex"
    return next(source.parse(transcript, lambda text: text))


def kinds(session: Session) -> list[str]:
    return [found.kind for found in session.events]


def only(session: Session, kind: str) -> Event:
    found = [e for e in session.events if e.kind == kind]
    assert len(found) == 1, kinds(session)
    return found[0]
