"""What lies beside a Grok session's history in: the session's summary, and its updates with times and tokens.

The history itself has neither a time, nor a token, nor the session's id.
"""

from typing import Any

import msgspec

from debrief.model import Outcome, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.dialogue import named
from debrief.sources.documents import whole
from debrief.sources.records import count, mapping, records, sequence, string, timestamp_us
from debrief.sources.source import Document

_TICKS = 10_000
"""Parts of a millionth of a dollar in which Grok counts cost."""

_STATUS: dict[object, Outcome] = {"completed": "ok", "failed": "error", "cancelled": "interrupted"}


class Call(msgspec.Struct):
    """What the updates know of a tool call."""

    began_us: int | None = None
    ended_us: int | None = None
    outcome: Outcome = "unknown"


class Turn(msgspec.Struct, frozen=True):
    """What the updates say that one turn used, by model."""

    key: str
    ts_us: int | None
    usage: dict[str, Any]


class Beside(msgspec.Struct):
    """What was found beside the history."""

    calls: dict[str, Call] = {}
    turns: list[Turn] = []
    stop_reason: str | None = None


def read_summary(builder: SessionBuilder, document: Document) -> str | None:
    """Write what the summary knows to the session; the model that answers."""
    found = whole(document)
    if found.fault:
        builder.fault(f"summary.json: {found.fault}")
    summary = mapping(found.value)
    info = mapping(summary.get("info"))
    builder.native_id = named(info.get("id")) or named(summary.get("id"))
    builder.cwd = string(info.get("cwd")) or string(summary.get("cwd")) or string(summary.get("git_root_dir"))
    builder.branch = string(summary.get("head_branch")) or string(summary.get("headBranch"))
    builder.commit = string(summary.get("head_commit"))
    builder.repository = next(
        (url for one in sequence(summary.get("git_remotes")) if (url := string(one))), None
    )
    builder.agent_version = string(summary.get("cli_version")) or string(summary.get("version"))
    for name in ("generated_title", "session_summary", "summary"):
        if title := string(summary.get(name)):
            builder.title, builder.title_source = title, name
            break
    builder.parent_id = string(summary.get("parent_session_id"))
    if summary.get("session_kind") == "subagent":
        builder.relation = "subagent"
    elif builder.parent_id:
        builder.relation = "fork"
    for name in ("created_at", "createdAt", "last_active_at", "lastActiveAt", "updated_at", "updatedAt"):
        builder.saw(timestamp_us(summary.get(name)))
    return string(summary.get("current_model_id")) or string(summary.get("modelId"))


def read_updates(builder: SessionBuilder, document: Document, beside: Beside) -> None:
    """Read the times and outcomes of calls, and what each turn used."""
    with document.open() as stream:
        for record in records(stream):
            if record.fault is not None:
                builder.fault(f"updates.jsonl: line {record.line}: {record.fault}")
                continue
            row = mapping(record.value)
            params = mapping(row.get("params"))
            update = mapping(params.get("update")) or mapping(row.get("update"))
            moment = timestamp_us(row.get("timestamp"))
            if moment is None:
                moment = timestamp_us(mapping(params.get("_meta")).get("agentTimestampMs"))
            builder.saw(moment)
            _update(update, moment, record.line, beside)


def count_turns(builder: SessionBuilder, turns: list[Turn], model: str | None) -> None:
    """Count each turn's calls as one a model; a turn that is told again replaces itself."""
    latest: dict[str, Turn] = {}
    for turn in turns:
        if (known := latest.get(turn.key)) is not None:
            for _, usage in _by_model(known.usage, model):
                builder.usage_row(_buckets(usage), repeated=True)
        latest[turn.key] = turn
    for turn in latest.values():
        partial = turn.usage.get("usageIsIncomplete") is True
        for name, usage in _by_model(turn.usage, model):
            tokens = _buckets(usage)
            if tokens == Tokens():
                continue
            stated = tuple(
                bucket for bucket in tokens.__struct_fields__ if getattr(tokens, bucket) is not None
            )
            ticks = count(usage.get("costUsdTicks"))
            builder.model_call(
                f"{turn.key}:{name}",
                model=name,
                tokens=tokens,
                ts_us=turn.ts_us,
                lower_bound=stated if partial else (),
                cost_usd_micros=None if ticks is None or partial else round(ticks / _TICKS),
            )


def _update(update: dict[str, Any], moment: int | None, line: int, beside: Beside) -> None:
    kind = update.get("sessionUpdate")
    call_id = string(update.get("toolCallId"))
    if kind == "tool_call" and call_id:
        beside.calls.setdefault(call_id, Call()).began_us = moment
    if kind in ("tool_call", "tool_call_update") and call_id and update.get("status") in _STATUS:
        call = beside.calls.setdefault(call_id, Call())
        call.ended_us, call.outcome = moment, _STATUS[update["status"]]
    if kind == "turn_completed":
        beside.stop_reason = string(update.get("stop_reason"))
    if usage := mapping(update.get("usage")):
        beside.turns.append(Turn(string(update.get("prompt_id")) or f"turn-{line}", moment, usage))


def _by_model(usage: dict[str, Any], model: str | None) -> list[tuple[str | None, dict[str, Any]]]:
    by_model = [
        (name, mapping(part)) for name, part in mapping(usage.get("modelUsage")).items() if mapping(part)
    ]
    return [*by_model] or [(model, usage)]


def _buckets(usage: dict[str, Any]) -> Tokens:
    """The input holds what was read from and written to the cache, the output the reasoning."""
    taken, read = count(usage.get("inputTokens")), count(usage.get("cachedReadTokens"))
    written = count(usage.get("cacheCreationTokens"))
    output, reasoning = count(usage.get("outputTokens")), count(usage.get("reasoningTokens"))
    if output is not None and reasoning is not None:
        reasoning = min(reasoning, output)
        output -= reasoning
    return Tokens(
        input=None if taken is None else max(0, taken - (read or 0) - (written or 0)),
        cache_read=read,
        cache_write=written,
        output=output,
        reasoning=reasoning,
    )
