"""Transcripts that hold a trap for who counts tokens, row by row, and how tests read them."""

import io
from typing import Any

import rollouts as codex
from claude_building import OTHER, OWN, Row, Rows, lines, usage

from debrief.model import Session
from debrief.sources import Document, Transcript, sniff
from debrief.sources.source import HEAD_BYTES


def read(rows: list[Any], *companions: Document, name: str = f"{OWN}.jsonl") -> tuple[str, Session]:
    content = lines(rows)
    source = sniff(content[:HEAD_BYTES])
    transcript = Transcript(Document(name, lambda: io.BytesIO(content)), companions)
    (session,) = source.parse(transcript, lambda text: text)
    return source.name, session


def spread(version: str, *outputs: int, stop: str | None = None, **more: Any) -> list[Row]:
    """One response in a row for each of `outputs`, the last of which says why it ended."""
    rows = Rows(version=version)
    last = len(outputs) - 1
    said = [
        rows.says(f"part {place}", stop=stop if place == last else None, usage=usage(output), **more)
        for place, output in enumerate(outputs)
    ]
    return [rows.user("go"), *said]


def task_totals() -> list[Row]:
    """A sub-agent's call whose result states what it spent: its last context, and its last call."""
    rows = Rows()
    told = {"agentId": "a7", "totalTokens": 99_999, "usage": usage(8_888), "status": "completed"}
    return [
        rows.user("go"),
        rows.assistant(
            [{"type": "tool_use", "id": "call_1", "name": "Task", "input": {"prompt": "Look around"}}],
            "m1",
            stop="tool_use",
            usage=usage(50),
        ),
        rows.result("found", toolUseResult=told),
    ]


def zeros() -> Row:
    return {
        "input_tokens": 0,
        "output_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
    }


def answer(use: Row, **more: Any) -> list[Row]:
    rows = Rows()
    return [rows.user("go"), rows.says("done", stop="end_turn", usage=use, **more)]


def forked(field: str) -> list[Row]:
    """Another session's rows first, as they stand in its own file, then this one's."""
    old, own = Rows(OTHER), Rows(OWN)
    history = [old.user("before"), old.says("then", "m_old", stop="end_turn", usage=usage(70))]
    if field == "forkedFrom":
        history = [{**row, "sessionId": OWN, "forkedFrom": {"sessionId": OTHER}} for row in history]
    return [*history, own.user("now"), own.says("here", "m_new", stop="end_turn", usage=usage(40))]


def streamed(*closing: Row) -> list[Row]:
    def said(message: str) -> Row:
        body = {
            "id": message,
            "role": "assistant",
            "model": "kimi-k2.5",
            "content": [{"type": "text", "text": message}],
            "stop_reason": None,
            "usage": zeros(),
        }
        return {"type": "assistant", "message": body, "parent_tool_use_id": None, "session_id": "s1"}

    began = {
        "type": "system",
        "subtype": "init",
        "session_id": "s1",
        "tools": [],
        "cwd": "/a",
        "model": "kimi-k2.5",
    }
    return [began, said("m1"), said("m2"), *closing]


def closed(taken: int, read_: int, written: int, output: int) -> Row:
    numbers = {
        "inputTokens": taken,
        "cacheReadInputTokens": read_,
        "cacheCreationInputTokens": written,
        "outputTokens": output,
    }
    end = {"type": "result", "subtype": "success", "is_error": False, "duration_ms": 9, "session_id": "s1"}
    return {**end, "modelUsage": {"kimi-k2.5": numbers}}


def paginated() -> list[Any]:
    """Ordinals on each record, one of them used twice, and the records that came with them."""
    made = [
        codex.meta(history_mode="paginated"),
        codex.record("world_state", {"state": {"total_token_usage": {"input_tokens": 9999}}}),
        codex.record("inter_agent_communication_metadata", {"agent": "root"}),
        codex.event("task_started", turn_id=codex.OWN_TURN),
        codex.user("go"),
        codex.counted((100, 60, 30, 10)),
        codex.event("thread_settings_applied", turn_id=codex.OWN_TURN),
        codex.event(
            "item_completed", item={"type": "AgentMessage", "id": "i1", "content": [{"text": "done"}]}
        ),
        codex.counted((150, 80, 40, 12)),
    ]
    ordinals = (0, 1, 2, 3, 4, 5, 5, 6, 7)
    return [{**row, "ordinal": ordinal} for row, ordinal in zip(made, ordinals, strict=True)]


def copied(*own: Any, turn: str = codex.PARENT_TURN) -> list[Any]:
    return [
        codex.meta(forked_from_id=codex.PARENT),
        codex.meta(id=codex.PARENT),
        codex.event("task_started", 0, turn_id=turn),
        codex.user("before", 0),
        codex.counted((1000, 900, 100, 50), 0),
        codex.event("task_complete", 0, turn_id=turn),
        *own,
    ]


def switched() -> list[Any]:
    turn = {"turn_id": codex.OWN_TURN}
    return [
        codex.meta(),
        codex.record("turn_context", {**turn, "model": "gpt-5"}),
        codex.counted((100, 60, 30, 10)),
        codex.record("turn_context", {**turn, "model": "codex-auto-review"}),
        codex.counted((300, 200, 50, 15)),
    ]


def written() -> Any:
    total = {"input_tokens": 100, "cached_input_tokens": 60, "cache_write_input_tokens": 25}
    total |= {"output_tokens": 30, "reasoning_output_tokens": 10}
    return codex.event("token_count", info={"total_token_usage": total, "last_token_usage": total})


OWN_PART = (codex.event("task_started", 60, turn_id=codex.OWN_TURN), codex.counted((1100, 980, 110, 52), 61))
THREAD = {"type": "thread.started", "thread_id": codex.CHILD}


def turn_of(taken: int, cached: int, output: int) -> Row:
    stated = {"input_tokens": taken, "cached_input_tokens": cached, "output_tokens": output}
    return {"type": "turn.completed", "usage": stated}
