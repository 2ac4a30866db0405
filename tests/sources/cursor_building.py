"""Made-up messages of Cursor's transcripts, record by record, and ways to look at the Session."""

import io
import json
from typing import Any

from debrief.model import Session
from debrief.sources import Document, Transcript, sniff

SESSION = "7d3c0000-0000-4000-8000-000000000001"
CHILD = "7d3c0000-0000-4000-8000-0000000000c1"


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": arguments}


def user(words: str) -> dict[str, Any]:
    return {"role": "user", "message": {"content": [text(words)]}}


def asked(words: str, around: str = "") -> dict[str, Any]:
    return user(f"{around}<user_query>\n{words}\n</user_query>")


def agent(*parts: Any, **more: Any) -> dict[str, Any]:
    content = [text(part) if isinstance(part, str) else part for part in parts]
    return {"role": "assistant", "message": {"content": content}} | more


def ended(status: str = "success", **more: Any) -> dict[str, Any]:
    return {"type": "turn_ended", "status": status} | more


def content_of(*lines: Any) -> bytes:
    return "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode(
        "utf-8", "surrogatepass"
    )


def document(name: str, *lines: Any) -> Document:
    content = content_of(*lines)
    return Document(name, lambda: io.BytesIO(content))


def parse(*lines: Any, name: str = f"{SESSION}.jsonl", beside: tuple[Document, ...] = ()) -> Session:
    transcript = Transcript(document(name, *lines), beside)
    with transcript.main.open() as stream:
        source = sniff(stream.read(65536))
    assert source.name == "cursor"
    (session,) = source.parse(transcript, lambda words: words)
    return session


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]
