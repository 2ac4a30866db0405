"""Reads the model's own items out of a rollout: messages, reasoning, calls and their results."""

from collections.abc import Callable
from typing import Any

from debrief.sources.calls import fields_of
from debrief.sources.codex.calls import Call, shell_call, tool_call
from debrief.sources.codex.ending import FINAL_PHASE
from debrief.sources.codex.prompts import is_injected
from debrief.sources.codex.results import content_text, message_text
from debrief.sources.codex.rollout import Rollout
from debrief.sources.codex.tools import Ended
from debrief.sources.records import compact_json, mapping, sequence, string

Reader = Callable[[Rollout, dict[str, Any]], None]

_PICTURE_MARKS = ("<image", "</image>")


def read_item(rollout: Rollout, item: dict[str, Any]) -> bool:
    """Write what `item` tells; False where its type is not known."""
    kind = string(item.get("type"))
    if kind is None and "role" in item and "content" in item:
        kind = "message"
    if kind in _PASSED_OVER:
        return True
    reader = _READERS.get(kind or "")
    if reader is None:
        return False
    reader(rollout, item)
    return True


def is_item_type(kind: object) -> bool:
    """Whether `kind` is the type of an item (the oldest rollouts hold items without an envelope)."""
    return isinstance(kind, str) and (kind in _READERS or kind in _PASSED_OVER)


def _message(rollout: Rollout, item: dict[str, Any]) -> None:
    role, content = item.get("role"), item.get("content")
    if role == "assistant":
        rollout.said(message_text(content), "item", string(item.get("id")))
        if item.get("phase") == FINAL_PHASE:
            rollout.ending.answered()
    elif role == "user":
        typed = []
        for part in sequence(content) or [content]:
            text = message_text(part)
            if is_injected(text):
                rollout.asked(text, "item")
            elif not text.startswith(_PICTURE_MARKS):
                typed.append(text)
        if any(text.strip() for text in typed):
            rollout.asked("".join(typed), "item")
    elif text := content_text(content):
        rollout.event("message", "system", text=text, injected=True)


def _agent_message(rollout: Rollout, item: dict[str, Any]) -> None:
    """A message between agents: the tool puts it into the conversation."""
    if text := content_text(item.get("content")):
        rollout.event("message", "system", text=text, injected=True, native_id=string(item.get("id")))


def _reasoning(rollout: Rollout, item: dict[str, Any]) -> None:
    for field in ("summary", "content"):
        for part in sequence(item.get(field)):
            rollout.thought(content_text([part]), f"item {field}")


def _function_call(rollout: Rollout, item: dict[str, Any]) -> None:
    name = string(item.get("name")) or "unknown"
    arguments = item.get("arguments") if "arguments" in item else item.get("input")
    call = tool_call(name, string(item.get("namespace")), arguments)
    _call(rollout, item, call)
    if item.get("status") in ("failed", "incomplete"):
        rollout.tools.ended(string(item.get("call_id")), Ended("error"), rollout.place)


def _local_shell(rollout: Rollout, item: dict[str, Any]) -> None:
    action = mapping(item.get("action"))
    command = action.get("command") or item.get("command")
    _call(rollout, item, shell_call("local_shell", command, compact_json(action) if action else ""))


def _tool_search(rollout: Rollout, item: dict[str, Any]) -> None:
    _call(rollout, item, tool_call("tool_search", None, item.get("arguments")))


def _web_search(rollout: Rollout, item: dict[str, Any]) -> None:
    search(rollout, item.get("action"), "item", string(item.get("id")), failed=item.get("status") == "failed")


def search(rollout: Rollout, action: object, channel: str, call_id: str | None, *, failed: bool) -> None:
    """A web search, which the service itself carries out: call and result in one record."""
    args = compact_json(action) if action else ""
    if not rollout.searches.repeats(channel, args):
        at_once(rollout, tool_call("web_search", None, args), call_id, failed=failed)


def _image(rollout: Rollout, item: dict[str, Any]) -> None:
    prompt = string(item.get("revised_prompt")) or ""
    call = Call(tool="image_generation", kind="other", args=prompt)
    at_once(rollout, call, string(item.get("id")), failed=item.get("status") == "failed")


def _output(rollout: Rollout, item: dict[str, Any]) -> None:
    output = item.get("output")
    if output is None and isinstance(item.get("tools"), list):
        names = [string(mapping(tool).get("name")) for tool in item["tools"]]
        output = "\n".join(name for name in names if name)
    call_id = string(item.get("call_id")) or string(item.get("id"))
    ordinal = rollout.tools.result(call_id, output, rollout.place)
    rollout.ending.saw("work")
    result = rollout.builder.events[ordinal]
    if result.tool == "spawn_agent" and result.outcome == "ok":
        _spawned(rollout, output, call_id)


def _spawned(rollout: Rollout, output: object, call_id: str | None) -> None:
    answer = fields_of(output)
    thread_id = string(answer.get("agent_id")) or string(answer.get("thread_id"))
    if thread_id:
        rollout.subagent(thread_id, string(answer.get("nickname")) or "", call_id)


def _compaction(rollout: Rollout, item: dict[str, Any]) -> None:
    rollout.compacted(string(item.get("summary")) or "", "item")


def _call(rollout: Rollout, item: dict[str, Any], call: Call) -> None:
    call_id = string(item.get("call_id")) or string(item.get("id"))
    rollout.tools.call(call, call_id, rollout.place, native_id=string(item.get("id")))
    rollout.ending.saw("work")


def at_once(rollout: Rollout, call: Call, call_id: str | None, *, failed: bool) -> None:
    """A call that the service carried out itself: call and result in one record."""
    call_id = call_id or f"line-{rollout.place.line}"
    rollout.tools.unasked(call, call_id, rollout.place)
    rollout.tools.ended(call_id, Ended("error" if failed else "ok"), rollout.place)
    rollout.tools.settle_unasked()
    rollout.ending.saw("work")


_READERS: dict[str, Reader] = {
    "message": _message,
    "agent_message": _agent_message,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "custom_tool_call": _function_call,
    "local_shell_call": _local_shell,
    "web_search_call": _web_search,
    "tool_search_call": _tool_search,
    "image_generation_call": _image,
    "function_call_output": _output,
    "custom_tool_call_output": _output,
    "local_shell_call_output": _output,
    "tool_search_output": _output,
    "mcp_tool_call_output": _output,
    "compaction": _compaction,
    "context_compaction": _compaction,
    "compaction_summary": _compaction,
}

_PASSED_OVER = frozenset({"ghost_snapshot", "additional_tools", "compaction_trigger", "other"})
"""Bookkeeping that says nothing about what happened."""
