"""Transcripts with a secret of its own in each path that text can take, and every place that text can reach.

A case of `PATHS` is a row of the table in docs/redaction.md.
"""

import json
import random
from pathlib import Path
from typing import Any

from made import made

NATIVE = "0a1b2c3d-f8b7-4a5e-9d3f-1c2b3a4d5e6f"
THREAD = "01990000-0000-7000-8000-0000000000c1"

PATHS = (
    "prompt",
    "assistant text",
    "reasoning",
    "tool arguments",
    "tool arguments behind an escape",
    "tool arguments beside their name",
    "command",
    "path of a file",
    "old text of an edit",
    "new text of an edit",
    "name of a tool",
    "id of a call",
    "id of an event",
    "tool result",
    "part of a tool result",
    "where a long text is cut",
    "where a long name is cut",
    "end of a giant text",
    "title",
    "folder",
    "branch",
    "version of the agent",
    "surface",
    "model",
    "key of a model call",
    "id of a session",
    "pull request mentioned",
    "pull request recorded",
    "unreadable line",
    "unknown record",
    "unknown kind of record",
    "reason of the end",
    "sub-agent",
    "first message",
    "repository",
    "commit",
    "user",
    "tag",
    "user on the command line",
    "path of a transcript",
    "path of a skipped file",
    "name of a companion",
)


def secret(path: str) -> str:
    """The secret that is planted in `path`; the same in every run."""
    form = "t0p{a14}9x" if path == "tool arguments beside their name" else "gh~~p_{a36}"
    return made(form, random.Random(path))


def fragments(path: str) -> tuple[str, ...]:
    """What is left of a secret where it was cut, or spelt otherwise: none of it may be found."""
    value = secret(path)
    return (value[-12:], value[4:16], value[12:24] if len(value) > 24 else value[-12:])


class Rows:
    """Records of one agent's format, one after the other."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def add(self, kind: str, **fields: Any) -> None:
        number = len(self.rows)
        own = {
            "type": kind,
            "uuid": f"u-{number}",
            "sessionId": NATIVE,
            "timestamp": f"2026-10-01T10:{number // 60:02}:{number % 60:02}.000Z",
            "cwd": f"/home/dev/{secret('folder')}",
            "gitBranch": f"topic/{secret('branch')}",
            "version": f"2.1.0 {secret('version of the agent')}",
            "entrypoint": f"cli {secret('surface')}",
        }
        self.rows.append({**own, **fields})

    def says(self, *content: dict[str, Any], **fields: Any) -> None:
        number = len(self.rows)
        message = {
            "id": f"msg_{number}",
            "role": "assistant",
            "model": f"model-1 {secret('model')}",
            "content": list(content),
            "usage": {"input_tokens": 10, "output_tokens": 5},
            "stop_reason": "tool_use",
            **fields,
        }
        self.add("assistant", message=message)

    def calls(self, call: str, tool: str, **arguments: Any) -> None:
        self.says({"type": "tool_use", "id": call, "name": tool, "input": arguments})

    def answers(self, call: str, content: Any) -> None:
        result = {"type": "tool_result", "tool_use_id": call, "content": content}
        self.add("user", message={"role": "user", "content": [result]})

    def bytes(self) -> bytes:
        return b"".join(
            (row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in self.rows
        )


def key_block(lines: int) -> str:
    return (
        "-----BEGIN PRIVATE "
        "KEY-----\n" + "Zt4Rw9aB3xK7mQ2pL5vN8sHd6Jf1Gc0Y\n" * lines + "-----END PRIVATE " + "KEY-----\n"
    )


def long_name(value: str) -> str:
    """A name in which half of `value` stands behind four times what is kept, where all before it shrinks."""
    start = "/" + key_block(55) + key_block(55)
    return start + "p" * (4 * 1024 - len(start) - 18) + "/" + value + "/q" * 300


def escaped(value: str) -> str:
    """Arguments as JSON that spells the first letters of `value` by their numbers."""
    return '{"note": "' + "".join(f"\\u{ord(letter):04x}" for letter in value[:4]) + value[4:] + '"}'


def conversation() -> bytes:
    """A session with a secret in each of its fields."""
    rows = Rows()
    rows.add("user", message={"role": "user", "content": f"Please use {secret('prompt')} for it"})
    rows.rows[0]["uuid"] = f"u-{secret('id of an event')}"
    rows.says({"type": "thinking", "thinking": f"it is {secret('reasoning')}"})
    rows.says(
        {"type": "text", "text": f"I use {secret('assistant text')}."}, id=secret("key of a model call")
    )
    rows.calls("c-1", "Task2", note=secret("tool arguments"))
    rows.calls("c-3", "Task2", db_password=secret("tool arguments beside their name"))
    rows.calls("c-4", "Bash", command=f"export X={secret('command')}; make")
    rows.calls("c-5", "Read", file_path=f"/home/dev/{secret('path of a file')}/a.py")
    edit = {"old_string": secret("old text of an edit"), "new_string": f"b {secret('new text of an edit')}"}
    rows.calls("c-6", "Edit", file_path="/home/dev/a.py", **edit)
    rows.calls("c-7", f"mcp__server__{secret('name of a tool')}")
    rows.calls(f"c-{secret('id of a call')}", "Bash", command="true")
    rows.answers(f"c-{secret('id of a call')}", "done")
    rows.answers("c-4", f"it says\n{secret('tool result')}\nand ends")
    rows.answers("c-5", [{"type": "text", "text": f"1: {secret('part of a tool result')}"}])
    # Half of this one stands before the place where a text is cut, half behind it.
    rows.answers("c-6", "x " * 8_182 + secret("where a long text is cut") + " y" * 30_000)
    rows.calls("c-8", "Read", file_path=long_name(secret("where a long name is cut")))
    block = key_block(45)
    rows.answers("c-8", block * 200 + secret("end of a giant text") + "\n" + block * 200)
    rows.add("summary", summary=f"About {secret('title')}", leafUuid="u-2")
    rows.says(
        {"type": "text", "text": f"See https://github.com/acme/{secret('pull request mentioned')}/pull/7"}
    )
    url = f"https://github.com/acme/{secret('pull request recorded')}/pull/8"
    rows.add("pr-link", prNumber=8, prUrl=url, prRepository=f"acme/{secret('pull request recorded')}")
    rows.rows.append(b'{"type": "user", "broken": "\\n' + secret("unreadable line").encode() + b" and so on")
    rows.add("system", subtype="strange", content=f"holds {secret('unknown record')}")
    rows.add(f"kind-{secret('unknown kind of record')}", content="x")
    failed = {"type": "text", "text": f"API Error: refused {secret('reason of the end')}"}
    rows.add(
        "assistant",
        isApiErrorMessage=True,
        message={"role": "assistant", "model": "<synthetic>", "content": [failed]},
    )
    return rows.bytes()


def sub_agent() -> bytes:
    """The session's sub-agent, whose id is a secret."""
    rows = Rows()
    agent = f"a7-{secret('sub-agent')}"
    rows.add("user", agentId=agent, isSidechain=True, message={"role": "user", "content": "Search"})
    rows.add(
        "assistant",
        agentId=agent,
        isSidechain=True,
        message={
            "id": "m",
            "role": "assistant",
            "model": "m-1",
            "content": [{"type": "text", "text": "Found."}],
        },
    )
    return rows.bytes()


def rollout() -> bytes:
    """A session of another format, for what the first one does not hold."""
    git = {
        "commit_hash": f"{secret('commit')}",
        "branch": "main",
        "repository_url": f"https://me:pw@github.com/acme/{secret('repository')}.git",
    }
    meta = {
        "id": f"{THREAD}-{secret('id of a session')}",
        "timestamp": "2026-10-02T10:00:00.000Z",
        "cwd": "/srv/shop",
        "originator": "codex_cli_rs",
        "cli_version": "0.140.0",
        "creator_user_id": f"user {secret('user')}",
        "git": git,
    }
    note = escaped(secret("tool arguments behind an escape"))
    text = {"type": "input_text", "text": f"Begin with {secret('first message')}"}
    return b"".join(
        json.dumps({"timestamp": "2026-10-02T10:00:01.000Z", "type": kind, "payload": payload}).encode()
        + b"\n"
        for kind, payload in (
            ("session_meta", meta),
            ("response_item", {"type": "message", "role": "user", "content": [text]}),
            ("event_msg", {"type": "user_message", "message": text["text"]}),
            ("response_item", {"type": "function_call", "name": "note", "call_id": "c", "arguments": note}),
        )
    )


def write(folder: Path) -> Path:
    """All transcripts, below `folder`; returns the one of `conversation`."""
    inner = folder / f"of {secret('path of a transcript')}"
    main = inner / f"{NATIVE}.jsonl"
    companion = inner / NATIVE / "subagents" / f"agent-{secret('name of a companion')}.jsonl"
    companion.parent.mkdir(parents=True)
    main.write_bytes(conversation())
    companion.write_bytes(sub_agent())
    (inner / "rollout-2026-10-02.jsonl").write_bytes(rollout())
    (inner / f"notes {secret('path of a skipped file')}.txt").write_text("nothing to read\n")
    return main
