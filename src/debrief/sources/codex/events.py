"""Reads the events for the screen out of a rollout: what the items do not say, or said first."""

from collections.abc import Callable
from typing import Any

from debrief.model import Outcome
from debrief.sources.codex.calls import Call, tool_call
from debrief.sources.codex.ending import FINAL_PHASE
from debrief.sources.codex.items import at_once, search
from debrief.sources.codex.results import (
    content_text,
    duration_ms,
    exit_code_of,
    mcp_outcome,
    message_text,
    outcome_of_exit,
)
from debrief.sources.codex.rollout import Rollout
from debrief.sources.codex.shell import script_of
from debrief.sources.codex.tools import Ended
from debrief.sources.patches import change_edits
from debrief.sources.records import compact_json, count, mapping, sequence, string

Reader = Callable[[Rollout, dict[str, Any]], None]

_STATUS: dict[str, Outcome] = {
    "completed": "ok",
    "success": "ok",
    "failed": "error",
    "errored": "error",
    "declined": "rejected",
}


def read_event(rollout: Rollout, event: dict[str, Any]) -> bool:
    """Write what `event` tells; False where its type is not known."""
    kind = string(event.get("type")) or ""
    if kind in _PASSED_OVER or kind.endswith(("_delta", "_begin")):
        return True
    reader = _READERS.get(kind)
    if reader is None:
        return False
    reader(rollout, event)
    return True


def opens_turn(kind: object) -> bool:
    """Whether an event of this type opens a turn."""
    return kind in ("task_started", "turn_started")


def _user_message(rollout: Rollout, event: dict[str, Any], channel: str = "event") -> None:
    text = string(event.get("message")) or ""
    if not text.strip():
        if not (event.get("images") or event.get("local_images")):
            return
        text = "[image]"
    rollout.asked(text, channel, injected=event.get("kind") not in (None, "plain"))


def _agent_message(rollout: Rollout, event: dict[str, Any]) -> None:
    rollout.said(string(event.get("message")) or "", "event")
    if event.get("phase") == FINAL_PHASE:
        rollout.ending.answered()


def _agent_reasoning(rollout: Rollout, event: dict[str, Any]) -> None:
    rollout.thought(string(event.get("text")) or "", "event")


def _turn_began(rollout: Rollout, event: dict[str, Any]) -> None:
    rollout.turn_over()
    rollout.turn_began(string(event.get("turn_id")), event.get("started_at"))
    rollout.ending.began()


def _turn_completed(rollout: Rollout, event: dict[str, Any]) -> None:
    rollout.turn_ended()
    rollout.event("turn_end", "assistant", duration_ms=count(event.get("duration_ms")))
    rollout.ending.completed(answered=bool(event.get("last_agent_message")))


def _turn_aborted(rollout: Rollout, event: dict[str, Any]) -> None:
    rollout.turn_ended()
    reason = string(event.get("reason"))
    duration = count(event.get("duration_ms"))
    if reason in (None, "interrupted"):
        rollout.event("interrupt", "user", text="The turn was interrupted.", duration_ms=duration)
    else:
        rollout.event("turn_end", "system", text=f"The turn was stopped: {reason}.", duration_ms=duration)
    rollout.ending.aborted(reason)


def _error(rollout: Rollout, event: dict[str, Any]) -> None:
    inner = mapping(event.get("error"))
    text = string(event.get("message")) or string(inner.get("message")) or content_text(event.get("error"))
    info = event.get("codex_error_info") or inner.get("kind")
    name = info if isinstance(info, str) else next(iter(mapping(info)), "")
    rollout.event("api_error", "system", text=f"{text} ({name})" if name else text)
    if event.get("type") == "error":
        rollout.ending.failed()


def _compacted(rollout: Rollout, event: dict[str, Any]) -> None:
    rollout.compacted(string(event.get("message")) or "", "event")


def _renamed(rollout: Rollout, event: dict[str, Any]) -> None:
    name = string(event.get("thread_name"))
    if name and not rollout.builder.replaying:
        rollout.builder.title, rollout.builder.title_source = name, "agent"


def _token_count(rollout: Rollout, event: dict[str, Any]) -> None:
    rollout.tokens(mapping(event.get("info")))


def _exec_ended(rollout: Rollout, event: dict[str, Any]) -> None:
    text = _first_text(event, "aggregated_output", "formatted_output", "stdout")
    exit_code = exit_code_of(event.get("exit_code"))
    outcome = _STATUS.get(string(event.get("status")) or "") or outcome_of_exit(exit_code, text)
    if outcome == "error" and exit_code is not None:
        outcome = outcome_of_exit(exit_code, text)
    call_id = string(event.get("call_id")) or string(event.get("id"))
    if call_id and not rollout.tools.knows(call_id):
        args = compact_json(event.get("command"))
        call = Call(tool="exec_command", kind="shell", command=script_of(event.get("command")), args=args)
        rollout.tools.unasked(call, call_id, rollout.place)
    ended = Ended(outcome, exit_code, duration_ms(event.get("duration")), text)
    rollout.tools.ended(call_id, ended, rollout.place)
    rollout.ending.saw("work")


def _patch_ended(rollout: Rollout, event: dict[str, Any]) -> None:
    success = event.get("success")
    outcome = _STATUS.get(string(event.get("status")) or "")
    if isinstance(success, bool) and outcome != "rejected":
        outcome = "ok" if success else "error"
    call_id = string(event.get("call_id")) or string(event.get("id"))
    if call_id and not rollout.tools.knows(call_id):
        edits = change_edits(event.get("changes"))
        path = edits[0].path if edits else None
        rollout.tools.unasked(
            Call(tool="apply_patch", kind="edit", path=path, edits=edits), call_id, rollout.place
        )
    ended = Ended(outcome, None, None, _first_text(event, "stderr", "stdout"))
    rollout.tools.ended(call_id, ended, rollout.place)
    rollout.ending.saw("work")


def _mcp_ended(rollout: Rollout, event: dict[str, Any]) -> None:
    invocation = mapping(event.get("invocation")) or event
    outcome, text = mcp_outcome(event.get("result") or {})
    if event.get("error"):
        outcome, text = "error", content_text(mapping(event["error"]).get("message") or event["error"])
    elif _STATUS.get(string(event.get("status")) or "") == "error":
        outcome = "error"
    call_id = string(event.get("call_id")) or string(event.get("id"))
    if call_id and not rollout.tools.knows(call_id):
        server, name = string(invocation.get("server")), string(invocation.get("tool"))
        call = tool_call(name or "unknown", f"mcp__{server}" if server else None, invocation.get("arguments"))
        rollout.tools.unasked(call, call_id, rollout.place)
    ended = Ended(outcome, None, duration_ms(event.get("duration")), text)
    rollout.tools.ended(call_id, ended, rollout.place)
    rollout.ending.saw("work")


def _dynamic_ended(rollout: Rollout, event: dict[str, Any]) -> None:
    call_id = string(event.get("call_id")) or string(event.get("id"))
    success = event.get("success")
    outcome: Outcome | None = None
    if isinstance(success, bool):
        outcome = "ok" if success else "error"
    if call_id and not rollout.tools.knows(call_id):
        name = string(event.get("tool")) or "unknown"
        call = tool_call(name, string(event.get("namespace")), event.get("arguments"))
        rollout.tools.unasked(call, call_id, rollout.place)
    text = string(event.get("error")) or content_text(sequence(event.get("content_items")))
    ended = Ended(outcome, None, duration_ms(event.get("duration")), text)
    rollout.tools.ended(call_id, ended, rollout.place)


def _search_ended(rollout: Rollout, event: dict[str, Any]) -> None:
    search(
        rollout,
        event.get("action") or event.get("query"),
        "event",
        string(event.get("call_id")),
        failed=False,
    )


def _extension_ran(rollout: Rollout, item: dict[str, Any]) -> None:
    """A tool of the service that a script of the model used: no item of the model's own tells of it."""
    kind = string(item.get("kind")) or "extension"
    if kind in ("web.search", "web_search"):
        # As the model's own item states it, should there be one.
        action = {name: value for name, value in mapping(item.get("action")).items() if value is not None}
        if action.get("type", "search") == "search" and not action.keys() & {"query", "queries"}:
            action = {"type": "search", "query": item.get("query")}
        search(rollout, action, "turn item", string(item.get("id")), failed=_has_failed(item))
        return
    said = {name: value for name, value in item.items() if name not in ("type", "kind", "id", "results")}
    at_once(rollout, tool_call(kind, None, said), string(item.get("id")), failed=_has_failed(item))


def _has_failed(item: dict[str, Any]) -> bool:
    return bool(item.get("error")) or _STATUS.get(string(item.get("status")) or "") == "error"


def _agent_spawned(rollout: Rollout, event: dict[str, Any]) -> None:
    thread_id = string(event.get("new_thread_id"))
    if thread_id:
        rollout.subagent(thread_id, string(event.get("prompt")) or "", string(event.get("call_id")))


def _agent_activity(rollout: Rollout, event: dict[str, Any]) -> None:
    thread_id = string(event.get("agent_thread_id"))
    if thread_id and event.get("kind") == "started":
        rollout.subagent(thread_id, string(event.get("agent_path")) or "", string(event.get("event_id")))


def _review_entered(rollout: Rollout, event: dict[str, Any]) -> None:
    hint = string(event.get("user_facing_hint")) or string(event.get("prompt")) or ""
    rollout.event("message", "system", text=f"Review mode: {hint}" if hint else "Review mode", injected=True)


def _review_exited(rollout: Rollout, event: dict[str, Any]) -> None:
    output = mapping(event.get("review_output"))
    lines = [string(output.get("overall_explanation")) or ""]
    for finding in sequence(output.get("findings")):
        fields = mapping(finding)
        lines.append(f"- {string(fields.get('title')) or ''}\n{string(fields.get('body')) or ''}")
    rollout.said("\n".join(lines), "review")


def _rolled_back(rollout: Rollout, event: dict[str, Any]) -> None:
    turns = count(event.get("num_turns"))
    text = f"A person took back the last {turns or 1} turn(s)."
    rollout.event("message", "system", text=text, injected=True)


def _item_completed(rollout: Rollout, event: dict[str, Any]) -> None:
    """Since 0.149 the ends of calls come as items of the turn, which repeat what the model's items say."""
    item = mapping(event.get("item"))
    kind = string(item.get("type")) or ""
    if kind == "UserMessage":
        texts = [string(mapping(part).get("text")) or "" for part in sequence(item.get("content"))]
        _user_message(rollout, {"message": "".join(texts), "images": texts}, "turn item")
    elif kind == "AgentMessage":
        rollout.said(message_text(item.get("content")), "turn item", string(item.get("id")))
    elif kind == "Reasoning":
        for text in sequence(item.get("summary_text")) + sequence(item.get("raw_content")):
            rollout.thought(string(text) or "", "turn item")
    elif kind == "Plan":
        rollout.said(string(item.get("text")) or "", "plan")
    elif kind == "ContextCompaction":
        rollout.compacted("", "turn item")
    elif kind in _TURN_ITEMS:
        _TURN_ITEMS[kind](rollout, item)
    elif kind not in _TURN_ITEMS_PASSED_OVER:
        rollout.builder.opaque(
            f"record of type 'event_msg/item_completed/{kind}'",
            line=rollout.place.line,
            ts_us=rollout.place.ts_us,
        )


def _first_text(event: dict[str, Any], *fields: str) -> str:
    return next((text for field in fields if (text := string(event.get(field)))), "")


_TURN_ITEMS: dict[str, Reader] = {
    "CommandExecution": _exec_ended,
    "FileChange": _patch_ended,
    "McpToolCall": _mcp_ended,
    "DynamicToolCall": _dynamic_ended,
    "SubAgentActivity": _agent_activity,
    "Extension": _extension_ran,
}

_TURN_ITEMS_PASSED_OVER = frozenset(
    # What the model's own items say as well, and what says nothing of the work.
    {"WebSearch", "ImageView", "ImageGeneration", "Sleep", "HookPrompt", "CollabAgentToolCall"}
)

_READERS: dict[str, Reader] = {
    "user_message": _user_message,
    "agent_message": _agent_message,
    "agent_reasoning": _agent_reasoning,
    "agent_reasoning_raw_content": _agent_reasoning,
    "task_started": _turn_began,
    "turn_started": _turn_began,
    "task_complete": _turn_completed,
    "turn_complete": _turn_completed,
    "turn_aborted": _turn_aborted,
    "error": _error,
    "stream_error": _error,
    "context_compacted": _compacted,
    "thread_name_updated": _renamed,
    "token_count": _token_count,
    "exec_command_end": _exec_ended,
    "patch_apply_end": _patch_ended,
    "mcp_tool_call_end": _mcp_ended,
    "dynamic_tool_call_response": _dynamic_ended,
    "web_search_end": _search_ended,
    "collab_agent_spawn_end": _agent_spawned,
    "collab_tool_call": _agent_spawned,
    "sub_agent_activity": _agent_activity,
    "entered_review_mode": _review_entered,
    "exited_review_mode": _review_exited,
    "thread_rolled_back": _rolled_back,
    "item_completed": _item_completed,
}

_PASSED_OVER = frozenset(
    # Settings, progress and bookkeeping; or what the model's own items say as well.
    {
        "account/rateLimits/updated",
        "agent_reasoning_section_break",
        "background_event",
        "collab_agent_interaction_end",
        "collab_close_end",
        "collab_resume_end",
        "collab_waiting_end",
        "deprecation_notice",
        "dynamic_tool_call_request",
        "exec_approval_request",
        "apply_patch_approval_request",
        "guardian_assessment",
        "guardian_warning",
        "hook_completed",
        "hook_started",
        "image_generation_end",
        "item_started",
        "mcp_startup_complete",
        "mcp_startup_update",
        "model_verification",
        "plan_update",
        "request_permissions",
        "request_user_input",
        "session_configured",
        "shutdown_complete",
        "terminal_interaction",
        "thread_goal_updated",
        "thread_settings_applied",
        "token_usage_record",
        "turn_diff",
        "undo_completed",
        "undo_started",
        "view_image_tool_call",
        "warning",
    }
)
