"""Kimi Code's wire records in, events out: flat records, each with a dotted type and a time.

A prompt is written twice, when it is taken and when it enters the context; what else enters the context says
by its origin who put it there.
"""

from collections.abc import Callable
from typing import Any

from debrief.sources.blocks import text_of
from debrief.sources.dialogue import Dialogue, Ended
from debrief.sources.kimi.usage import Usage
from debrief.sources.records import compact_json, mapping, string
from debrief.sources.tool_names import tool_call

PASSED_OVER = frozenset(
    # Settings and what the tool keeps for itself; nothing that anybody said or did.
    {"metadata", "llm.tools_snapshot", "mcp.tools_discovered", "runtime.set_binding", "plugin.session_start"}
    | {"tools.set_active_tools", "tools.reset_active_tools", "tools.update_store"}
    | {"tools.register_user_tool", "tools.unregister_user_tool", "permission.set_mode"}
    | {"plan_mode.enter", "plan_mode.exit", "plan_mode.cancel", "plan.revision"}
    | {"swarm_mode.enter", "swarm_mode.exit", "tower_mode.enter", "tower_mode.exit"}
    | {"goal.create", "goal.update", "goal.clear", "cron.add", "cron.cursor", "cron.delete"}
    | {"file_history.checkpoint", "file_history.tracked", "staleGuard.recorded", "staleGuard.cleared"}
    | {"token_counting.measured", "token_counting.rebased", "token_counting.truncated"}
    | {"token_counting.turn_recorded", "context.update_token_count", "micro_compaction.apply"}
    | {"task.started", "task.terminated", "task.waitDelivered", "interruptionReminder.recorded"}
    # The two ends of a summary, which has a record of its own between them.
    | {"full_compaction.begin", "full_compaction.complete", "full_compaction.cancel"}
    # A prompt's way through the queue, and a question's to the person: the turn and the call tell of both.
    | {"prompt.accepted", "prompt.completed", "prompt.aborted", "prompt.steered"}
    | {"interaction.request", "interaction.resolved", "turn.step.interrupted"}
)

TYPED = frozenset({"user"})
"""Origins of text that a person typed."""


class Wire:
    """One agent's wire while it is read."""

    def __init__(self, dialogue: Dialogue, usage: Usage) -> None:
        self.dialogue = dialogue
        self.usage = usage
        self.read_any = False
        self.is_subagent = False
        self._to_enter = 0
        self._rejected: set[str] = set()
        self._first_of_step: int | None = None

    def read(self, record: dict[str, Any]) -> bool:
        """Write what `record` tells; false where its type is unknown."""
        kind = string(record.get("type")) or ""
        reader = _READERS.get(kind)
        if reader is None:
            return kind in PASSED_OVER
        reader(self, record)
        return True

    def turn(self, record: dict[str, Any]) -> None:
        """A prompt is taken, or a person speaks into a running turn."""
        self.read_any = True
        source = mapping(record.get("origin"))
        origin = string(source.get("kind")) or "user"
        text = text_of(record.get("input"))
        self._to_enter += 1
        if origin in TYPED:
            self.dialogue.prompt(text)
        else:
            by_agent = origin == "system_trigger" and source.get("name") == "subagent"
            self.is_subagent = self.is_subagent or by_agent
            self.dialogue.injected(text)

    def enters(self, record: dict[str, Any]) -> None:
        """A message enters the context: a prompt's second mention, or something that the tool put there."""
        self.read_any = True
        message = mapping(record.get("message"))
        origin = string(mapping(message.get("origin")).get("kind"))
        text = text_of(message.get("content"))
        role = message.get("role")
        if role == "assistant":
            self.dialogue.says(text)
        elif origin not in ("injection", "hook_result", "compaction_summary") and self._to_enter:
            self._to_enter -= 1
        elif origin == "user" or (origin is None and role == "user"):
            self.dialogue.prompt(text)
        else:
            self.dialogue.injected(text)

    def loop(self, record: dict[str, Any]) -> None:
        """Something happened in the agent's loop."""
        self.read_any = True
        event = mapping(record.get("event"))
        kind = string(event.get("type")) or ""
        if kind == "step.begin":
            self._first_of_step = self.dialogue.builder.event_count
        elif kind == "content.part":
            self._part(mapping(event.get("part")), string(event.get("uuid")))
        elif kind == "tool.call":
            self.dialogue.calls(
                tool_call(event.get("name"), event.get("args")), string(event.get("toolCallId"))
            )
        elif kind == "tool.result":
            self._result(event)
        elif kind == "step.end":
            self._step_end(event)
        else:
            self._unknown(f"loop event of type '{kind[:100]}'", event)

    def approval(self, record: dict[str, Any]) -> None:
        """A person allowed or declined a call; only the second has a word in its result."""
        decision = mapping(record.get("result")).get("decision")
        call_id = string(record.get("toolCallId"))
        if call_id and decision in ("rejected", "denied", "cancelled"):
            self._rejected.add(call_id)

    def compacted(self, record: dict[str, Any]) -> None:
        """The conversation was summarised."""
        summary = record.get("summary") or record.get("contextSummary")
        fields = mapping(summary)
        self.dialogue.compacted(text_of(fields.get("content")) if fields else text_of(summary))

    def cancelled(self, _record: dict[str, Any]) -> None:
        """A person stopped the turn."""
        self.read_any = True
        self.dialogue.interrupted()

    def ended(self, record: dict[str, Any]) -> None:
        """A turn ended."""
        reason = record.get("reason")
        error = mapping(record.get("error"))
        if reason == "completed":
            self.dialogue.turned()
        elif reason == "cancelled":
            if self.dialogue.state != "interrupted":
                self.dialogue.interrupted()
        else:
            self.dialogue.failed(string(error.get("message")) or f"the turn ended: {reason}"[:200])

    def configured(self, record: dict[str, Any]) -> None:
        """The working folder or the model is set."""
        builder = self.dialogue.builder
        disclosed = mapping(record.get("environmentDisclosure")).get("cwd")
        if builder.agent is None:
            builder.cwd = builder.cwd or string(record.get("cwd")) or string(disclosed)
        if model := string(record.get("modelAlias")):
            self._model(model)

    def requested(self, record: dict[str, Any]) -> None:
        """The model is asked; its name is the one that prices know, an alias names the service too."""
        if model := string(record.get("model")):
            self.usage.model = model

    def used(self, record: dict[str, Any]) -> None:
        """A record of usage."""
        self.usage.model = self.usage.model or string(record.get("model"))
        self.usage.record(record.get("usage"))

    def retried(self, record: dict[str, Any]) -> None:
        """The model's service failed, and is asked again."""
        text = string(record.get("errorMessage")) or string(record.get("errorName")) or "asked again"
        self.dialogue.builder.event(
            "api_error", "system", text=text, line=self.dialogue.line, ts_us=self.dialogue.ts_us
        )

    def undone(self, record: dict[str, Any]) -> None:
        """A person took back what was said; it stays in the file and was paid for."""
        self.dialogue.injected(f"{string(record.get('type'))} {record.get('count', '')}".strip(), by="user")

    def _part(self, part: dict[str, Any], native_id: str | None) -> None:
        kind = part.get("type")
        if kind == "think":
            text = string(part.get("think")) or string(part.get("text")) or ""
            self.dialogue.thinks(text, native_id=native_id)
        elif kind == "text":
            self.dialogue.says(string(part.get("text")) or "", native_id=native_id)
        else:
            self._unknown(f"content part of type '{str(kind)[:100]}'", part)

    def _result(self, event: dict[str, Any]) -> None:
        result = mapping(event.get("result"))
        call_id = string(event.get("toolCallId"))
        text = text_of(result.get("output")) or string(result.get("message")) or ""
        if note := string(result.get("note")):
            text = f"{text}\n{note}" if text else note
        if result.get("isError") is True:
            ended = Ended("rejected" if call_id in self._rejected else "error")
        else:
            ended = Ended("ok" if "output" in result else "unknown")
        self.dialogue.result(call_id, text, ended)

    def _step_end(self, event: dict[str, Any]) -> None:
        key = string(event.get("messageId")) or string(event.get("uuid")) or f"line-{self.dialogue.line}"
        first, self._first_of_step = self._first_of_step, None
        count_now = self.dialogue.builder.event_count
        self.usage.step(key, event.get("usage"), first if first is not None and first < count_now else None)
        finish = event.get("finishReason")
        if finish in ("end_turn", "stop", "completed"):
            self.dialogue.says("", ended=True)
        elif finish in ("max_tokens", "truncated", "length"):
            self.dialogue.stands("error", "The last answer breaks off at the model's output limit.")
        elif finish in ("filtered", "refusal"):
            self.dialogue.stands("error", "The model refused to answer, and nothing follows.")

    def _model(self, model: str) -> None:
        if self.usage.model and not self._same(model):
            self.dialogue.model(model)
        self.usage.model = self.usage.model if self._same(model) else model

    def _same(self, model: str) -> bool:
        known = self.usage.model or ""
        return model == known or model.rpartition("/")[2] == known

    def _unknown(self, what: str, value: dict[str, Any]) -> None:
        self.dialogue.builder.opaque(
            what, line=self.dialogue.line, ts_us=self.dialogue.ts_us, text=compact_json(value)
        )


def is_wire(record: dict[str, Any]) -> bool:
    """Whether `record` is one of this wire's that says anything about a session."""
    kind = record.get("type")
    if kind == "metadata":
        return isinstance(record.get("protocol_version"), str)
    if kind == "config.update":
        return any(name in record for name in ("modelAlias", "profileName", "cwd", "thinkingEffort"))
    if kind == "turn.prompt":
        return isinstance(record.get("input"), list)
    if kind == "context.append_message":
        return bool(mapping(record.get("message")).get("role"))
    return kind == "context.append_loop_event" and bool(mapping(record.get("event")).get("type"))


_Reader = Callable[[Wire, dict[str, Any]], None]

_READERS: dict[str, _Reader] = {
    "turn.prompt": Wire.turn,
    "turn.steer": Wire.turn,
    "turn.cancel": Wire.cancelled,
    "turn.ended": Wire.ended,
    "turn.step.retrying": Wire.retried,
    "context.append_message": Wire.enters,
    "context.append_loop_event": Wire.loop,
    "context.apply_compaction": Wire.compacted,
    "context.undo": Wire.undone,
    "context.clear": Wire.undone,
    "permission.record_approval_result": Wire.approval,
    "config.update": Wire.configured,
    "profile.bind": Wire.configured,
    "llm.request": Wire.requested,
    "usage.record": Wire.used,
}
