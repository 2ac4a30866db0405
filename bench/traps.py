"""Transcripts whose tokens are easily counted twice, or not at all; the right sum is known as they are made.

Each trap is a few files of Claude Code or Codex in their true form. What was asked of a model is said once,
as calls with their tokens; the files then tell of it the way the agents do.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

Row = dict[str, Any]

MAIN: Final = "0b6f3f52-7a53-4c1e-9d4f-51f4f2a40001"
OTHER: Final = "0b6f3f52-7a53-4c1e-9d4f-51f4f2a40002"
CODEX: Final = "01980000-0000-7000-8000-0000000000a1"
CODEX_FORK: Final = "01990000-0000-7000-8000-0000000000c1"
FOLDER: Final = "projects/-home-dev-shop"
MODEL: Final = "claude-opus-4-5-20251101"
WINDOW: Final = "2.1.20"
"""A version of Claude Code that wrote a placeholder in place of the output."""


class Trap(Struct, frozen=True, kw_only=True):
    """Files by path, below the agent's own folder, and the tokens that were spent; None: nobody can know.

    `least` says that the files hold less than was spent, so that the sum is a lower bound and must say so.
    """

    name: str
    agent: str
    files: dict[str, list[Row]]
    tokens: int | None
    least: bool = False


class Call(Struct, frozen=True):
    """One answer of a model of Claude Code: its id and its tokens."""

    id: str
    input: int
    written: int
    read: int
    output: int

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.input + self.written + self.read + self.output

    def usage(self, output: int | None = None) -> Row:
        """As Claude Code states it, with as much output as had come by then."""
        return {
            "input_tokens": self.input,
            "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.read,
            "output_tokens": self.output if output is None else output,
        }


FIRST: Final = Call("msg_01FirstAAAAAAAAAAAAAAAAA", 12, 4_000, 15_000, 310)
SECOND: Final = Call("msg_01SecondAAAAAAAAAAAAAAAA", 9, 700, 19_000, 120)
THIRD: Final = Call("msg_01ThirdAAAAAAAAAAAAAAAAA", 7, 300, 19_700, 95)
CHILD: Final = Call("msg_01ChildAAAAAAAAAAAAAAAAA", 5, 2_000, 8_000, 230)
BOTH: Final = FIRST.tokens + SECOND.tokens


class Rows:
    """Rows of one session, a second apart; each with an id of its own."""

    def __init__(self, session: str = MAIN, version: str = "2.1.62", **common: object) -> None:
        self._common = {"sessionId": session, "version": version, **common}
        self._count = 0
        self._prefix = common.get("agentId", "main")

    def row(self, kind: str, **fields: object) -> Row:
        """One row."""
        self._count += 1
        return {
            "parentUuid": f"{self._prefix}-{self._count - 1}" if self._count > 1 else None,
            "isSidechain": False,
            "userType": "external",
            "cwd": "/home/dev/shop",
            "gitBranch": "main",
            "type": kind,
            "uuid": f"{self._prefix}-{self._count}",
            "timestamp": f"2026-03-02T10:00:{self._count:02}.000Z",
            **self._common,
            **fields,
        }

    def asks(self, text: str) -> Row:
        """A prompt."""
        return self.row("user", message={"role": "user", "content": text})

    def says(
        self,
        call: Call,
        block: Row | None = None,
        *,
        usage: Row | None = None,
        model: str = MODEL,
        stop: str | None = "end_turn",
        **fields: object,
    ) -> Row:
        """A row of an answer."""
        message = {
            "id": call.id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [block or {"type": "text", "text": "Done."}],
            "stop_reason": stop,
            "usage": call.usage() if usage is None else usage,
        }
        return self.row("assistant", message=message, **{"requestId": f"req_{call.id[4:]}", **fields})


def traps() -> list[Trap]:
    """All of them."""
    return [*_claude_code(), *_sessions_of_claude_code(), *_codex()]


def _claude_code() -> Iterable[Trap]:
    rows = Rows()
    blocks = [
        {"type": "thinking", "thinking": "Let me look.", "signature": "c2ln"},
        {"type": "text", "text": "I will look."},
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
    ]
    grown = [
        rows.says(FIRST, block, usage=FIRST.usage(output), stop=stop)
        for block, output, stop in zip(blocks, (3, 41, FIRST.output), (None, None, "tool_use"), strict=True)
    ]
    yield _one("one row per content block, output grows", [rows.asks("Look"), *grown], FIRST.tokens)
    rows = Rows()
    plain = [rows.says(FIRST, block, requestId=None) for block in blocks]
    yield _one("the same without request ids (a gateway)", [rows.asks("Look"), *plain], FIRST.tokens)
    rows = Rows(version=WINDOW)
    cut = [rows.says(FIRST, block, usage=FIRST.usage(1), stop=None) for block in blocks]
    yield _one("placeholder output", [rows.asks("Look"), *cut], FIRST.tokens - FIRST.output + 1, least=True)
    rows = Rows()
    once = [rows.asks("Look"), rows.says(FIRST)]
    yield _one("rows with the same uuid twice", [*once, *once, rows.says(SECOND)], BOTH)
    rows = Rows()
    zeros = dict.fromkeys(FIRST.usage(), 0)
    yield _one("a gateway that states zeros", [rows.asks("Look"), rows.says(FIRST, usage=zeros)], None)
    rows = Rows()
    unpriced = [rows.asks("Look"), rows.says(FIRST, model="house-model-9")]
    yield _one("a model without a known price", unpriced, FIRST.tokens)


def _sessions_of_claude_code() -> Iterable[Trap]:
    rows, agent = Rows(), Rows(isSidechain=True, agentId="a7")
    own = [agent.asks("Look around"), agent.says(CHILD)]
    told = rows.asks("Look")
    call = rows.says(
        FIRST, {"type": "tool_use", "id": "toolu_1", "name": "Task", "input": {"prompt": "Look"}}
    )
    progress = [
        rows.row(
            "progress",
            toolUseID="agent_1",
            parentToolUseID="toolu_1",
            data={
                "type": "agent_progress",
                "agentId": "a7",
                "prompt": "Look around",
                "message": {key: one[key] for key in ("type", "message", "uuid", "timestamp")},
            },
        )
        for one in own
    ]
    context = CHILD.input + CHILD.written + CHILD.read + CHILD.output
    result = rows.row(
        "user",
        message={
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "Found it."}],
        },
        toolUseResult={
            "status": "completed",
            "agentId": "a7",
            "totalTokens": context,
            "usage": CHILD.usage(),
            "content": [{"type": "text", "text": "Found it."}],
        },
    )
    yield Trap(
        name="a sub-agent told in four places",
        agent="claude_code",
        files={
            f"{FOLDER}/{MAIN}.jsonl": [told, call, *progress, result, rows.says(SECOND)],
            f"{FOLDER}/{MAIN}/subagents/agent-a7.jsonl": own,
        },
        tokens=BOTH + CHILD.tokens,
    )
    rows = Rows()
    history = [rows.asks("Look"), rows.says(FIRST)]
    ahead = [rows.asks("Go on"), rows.says(SECOND)]
    branch = [rows.asks("Another way"), rows.says(THIRD)]
    replayed = [{**row, "sessionId": OTHER} for row in [*history, *ahead, *branch]]
    yield _two("a fork that replays its parent", [*history, *ahead], replayed, BOTH + THIRD.tokens)
    replayed = [{**row, "sessionId": OTHER} for row in [*history, *ahead]]
    yield _two("a resume that replays the session", history, replayed, BOTH)
    yield Trap(
        name="one session in two folders, one longer",
        agent="claude_code",
        files={
            f"{FOLDER}/{MAIN}.jsonl": history,
            f"{FOLDER}-tree/{MAIN}.jsonl": [*history, *ahead],
        },
        tokens=BOTH,
    )


def _one(name: str, rows: list[Row], tokens: int | None, *, least: bool = False) -> Trap:
    files = {f"{FOLDER}/{MAIN}.jsonl": rows}
    return Trap(name=name, agent="claude_code", files=files, tokens=tokens, least=least)


def _two(name: str, rows: list[Row], others: list[Row], tokens: int) -> Trap:
    files = {f"{FOLDER}/{MAIN}.jsonl": rows, f"{FOLDER}/{OTHER}.jsonl": others}
    return Trap(name=name, agent="claude_code", files=files, tokens=tokens)


def _codex() -> Iterable[Trap]:
    turn, later, own = (
        "01980000-1000-7000-8000-0000000000a2",
        "01980000-2000-7000-8000-0000000000a3",
        "01990000-0100-7000-8000-0000000000c2",
    )
    begun = [_meta(CODEX), *_turn(turn, 1), _counted((9_000, 6_000, 400, 150), 3)]
    files = {_rollout(CODEX): [*begun, _counted((9_000, 6_000, 400, 150), 4)]}
    yield Trap(name="Codex: input holds the cache, counts repeat", agent="codex", files=files, tokens=9_400)
    longer = [*begun, *_turn(later, 5), _counted((21_000, 15_000, 900, 300), 8)]
    yield Trap(name="Codex: totals that go on", agent="codex", files={_rollout(CODEX): longer}, tokens=21_900)
    copied = [{**row, "timestamp": _at(60)} for row in longer]
    fork = [
        _meta(CODEX_FORK, 60, forked_from_id=CODEX),
        *copied,
        *_turn(own, 70),
        _counted((30_000, 22_000, 1_100, 350), 75),
    ]
    yield Trap(
        name="Codex: a fork that replays its parent",
        agent="codex",
        files={_rollout(CODEX): longer, _rollout(CODEX_FORK): fork},
        tokens=31_100,
    )


def _rollout(session: str) -> str:
    return f"sessions/2026/03/02/rollout-2026-03-02T10-00-00-{session}.jsonl"


def _at(second: int) -> str:
    return f"2026-03-02T10:{second // 60:02}:{second % 60:02}.000Z"


def _record(kind: str, payload: Row, second: int) -> Row:
    return {"timestamp": _at(second), "type": kind, "payload": payload}


def _meta(session: str, second: int = 0, **fields: object) -> Row:
    own = {
        "id": session,
        "timestamp": _at(second),
        "cwd": "/home/dev/shop",
        "originator": "codex_cli_rs",
        "cli_version": "0.140.0",
    }
    return _record("session_meta", own | fields, second)


def _turn(turn: str, second: int) -> list[Row]:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]}
    return [
        _record("event_msg", {"type": "task_started", "turn_id": turn}, second),
        _record("turn_context", {"turn_id": turn, "model": "gpt-5", "cwd": "/home/dev/shop"}, second),
        _record("event_msg", {"type": "user_message", "message": f"Look at {second}"}, second),
        _record("response_item", said, second + 1),
    ]


def _counted(total: tuple[int, int, int, int], second: int) -> Row:
    """The counter as it stands; the last call is what came since the beginning, or since the first stand."""
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    stands = [(9_000, 6_000, 400, 150), (21_000, 15_000, 900, 300), (30_000, 22_000, 1_100, 350)]
    before = ((0, 0, 0, 0), *stands)[stands.index(total)]
    last = [now - then for now, then in zip(total, before, strict=True)]

    def stated(values: Iterable[int]) -> Row:
        made = dict(zip(names, values, strict=True))
        return made | {"total_tokens": made["input_tokens"] + made["output_tokens"]}

    info = {"total_token_usage": stated(total), "last_token_usage": stated(last)}
    return _record("event_msg", {"type": "token_count", "info": info, "rate_limits": None}, second)


def content(rows: Iterable[Row]) -> bytes:
    """The file's bytes. A field that is None where Claude Code has none is left out."""
    return b"".join(
        json.dumps({key: value for key, value in row.items() if key != "requestId" or value}).encode() + b"\n"
        for row in rows
    )


def naive(trap: Trap) -> int:
    """What adding up every row that states tokens gives."""
    total = 0
    for rows in trap.files.values():
        for row in rows:
            for usage in _stated(row):
                total += sum(value for value in usage.values() if isinstance(value, int))
    return total


def _stated(row: Row) -> Iterable[Row]:
    counted = (row.get("payload") or {}).get("info")
    if counted:
        yield {key: counted["total_token_usage"][key] for key in ("input_tokens", "output_tokens")}
    progress = ((row.get("data") or {}).get("message") or {}).get("message") or {}
    for holder in (row.get("message") or {}, progress, row.get("toolUseResult") or {}):
        if holder.get("usage"):
            yield holder["usage"]
