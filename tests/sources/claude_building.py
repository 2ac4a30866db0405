"""Makes rows of Claude Code transcripts, small and in their true form, and parses them."""

import io
import json
from typing import Any

from debrief.model import Event, Session
from debrief.sources import Document, Transcript
from debrief.sources.formats.claude_code import CLAUDE_CODE

OWN = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-8888-7777-6666-555555555555"
REFUSAL = "The user doesn't want to proceed with this tool use. The tool use was rejected"

Row = dict[str, Any]


class Rows:
    """Makes rows one second apart, each with an id of its own."""

    def __init__(self, session: str = OWN, **common: object) -> None:
        self.session, self.common, self.number = session, common, 0

    def row(self, kind: str, **fields: object) -> Row:
        self.number += 1
        return {
            "type": kind,
            "uuid": f"{self.session[:4]}-{kind}-{self.number}",
            "parentUuid": None,
            "isSidechain": False,
            "sessionId": self.session,
            "cwd": "/home/ada/shop",
            "gitBranch": "main",
            "version": "2.1.40",
            "entrypoint": "cli",
            "timestamp": f"2026-03-01T10:{self.number // 60:02}:{self.number % 60:02}.000Z",
            **self.common,
            **fields,
        }

    def user(self, content: object, **fields: object) -> Row:
        return self.row("user", message={"role": "user", "content": content}, **fields)

    def says(
        self,
        text: str,
        message: str = "msg_1",
        *,
        stop: str | None = None,
        usage: object = None,
        **fields: object,
    ) -> Row:
        return self.assistant([{"type": "text", "text": text}], message, stop=stop, usage=usage, **fields)

    def assistant(
        self,
        blocks: object,
        message: str | None = "msg_1",
        *,
        stop: str | None = None,
        usage: object = None,
        **fields: object,
    ) -> Row:
        body: Row = {"role": "assistant", "model": "claude-opus-4-6", "content": blocks, "stop_reason": stop}
        if message:
            body["id"] = message
        if usage is not None:
            body["usage"] = usage
        return self.row("assistant", message=body | fields.pop("over", {}), **fields)  # type: ignore[operator]

    def calls(self, tool: str, call: str = "call_1", **arguments: object) -> Row:
        return self.assistant(
            [{"type": "tool_use", "id": call, "name": tool, "input": arguments}], f"m-{call}"
        )

    def result(
        self, content: object, call: str = "call_1", *, error: bool | None = None, **fields: object
    ) -> Row:
        block: Row = {"type": "tool_result", "tool_use_id": call, "content": content}
        if error is not None:
            block["is_error"] = error
        return self.user([block], **fields)


def lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def document(rows: list[Any] | bytes, name: str = f"{OWN}.jsonl") -> Document:
    data = rows if isinstance(rows, bytes) else lines(rows)
    return Document(name, lambda: io.BytesIO(data))


def parse(rows: list[Any] | bytes, *companions: Document, name: str = f"{OWN}.jsonl") -> Session:
    (session,) = CLAUDE_CODE.parse(Transcript(document(rows, name), companions), lambda text: text)
    assert [event.ordinal for event in session.events] == list(range(len(session.events)))
    return session


def of_kind(session: Session, kind: str) -> list[Event]:
    return [event for event in session.events if event.kind == kind]


def prompts(session: Session) -> list[str]:
    return [event.text for event in of_kind(session, "prompt")]


def queue(operation: str, second: int, content: str | None = None) -> Row:
    row: Row = {
        "type": "queue-operation",
        "operation": operation,
        "sessionId": OWN,
        "timestamp": f"2026-03-01T10:00:{second:02}Z",
    }
    return row if content is None else {**row, "content": content}


def usage(output: int, **fields: object) -> Row:
    return {
        "input_tokens": 10,
        "cache_creation_input_tokens": 200,
        "cache_read_input_tokens": 3000,
        "output_tokens": output,
        **fields,
    }


def agent_rows(agent: str = "a7", session: str = OWN) -> list[Row]:
    rows = Rows(session, isSidechain=True, agentId=agent, uuid=None)
    made = [rows.user("Look around"), rows.says("Found it.", f"msg_{agent}", usage=usage(9), stop="end_turn")]
    return [{**row, "uuid": f"{agent}-{number}"} for number, row in enumerate(made)]


def progress(agent: str, message: Row, number: int) -> Row:
    inner = {
        "type": message["type"],
        "message": message["message"],
        "uuid": message["uuid"],
        "timestamp": message["timestamp"],
    }
    data = {"type": "agent_progress", "agentId": agent, "prompt": "Look around", "message": inner}
    return Rows().row("progress", data=data, toolUseID="t", parentToolUseID="p", uuid=f"progress-{number}")
