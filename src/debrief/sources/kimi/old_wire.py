"""The wire of kimi-cli, which Kimi Code replaced, in; events out.

A record wraps a message of a type and a payload. A sub-agent's messages lie in those of its parent, which
name the call that started it.
"""

from collections.abc import Callable
from typing import Any

from debrief.sources.blocks import text_of
from debrief.sources.dialogue import Dialogue, Ended
from debrief.sources.kimi.usage import Usage
from debrief.sources.records import compact_json, mapping, string
from debrief.sources.tool_names import tool_call

_PASSED_OVER = frozenset(
    # Begin and end marks, what the screen asks and shows, and parts of a call that come as a whole too.
    {"StepBegin", "CompactionBegin", "MCPLoadingBegin", "MCPLoadingEnd", "MCPStatusSnapshot"}
    | {"ApprovalRequest", "ApprovalResponse", "ApprovalRequestResolved", "ToolCallPart", "ToolCallRequest"}
    | {
        "QuestionRequest",
        "Notification",
        "HookTriggered",
        "HookResolved",
        "PlanDisplay",
        "BtwBegin",
        "BtwEnd",
    }
)
_TURN = frozenset({"TurnBegin", "ContentPart", "ToolCall", "ToolResult", "SteerInput"})
_NESTED = 8


class OldWire:
    """The wire while it is read."""

    def __init__(self, dialogue: Dialogue, usage: Usage) -> None:
        self.dialogue = dialogue
        self.usage = usage
        self.read_any = False
        self.agents: set[str] = set()

    def read(self, message: dict[str, Any], depth: int = 0) -> None:
        """Write what one message tells."""
        kind = string(message.get("type")) or ""
        payload = mapping(message.get("payload"))
        self.read_any = self.read_any or kind in _TURN
        reader = _READERS.get(kind)
        if reader is not None:
            reader(self, payload)
        elif kind == "SubagentEvent" and depth < _NESTED:
            self._nested(payload, depth)
        elif kind not in _PASSED_OVER:
            self.dialogue.builder.opaque(
                f"message of type '{kind[:100]}'",
                line=self.dialogue.line,
                ts_us=self.dialogue.ts_us,
                text=compact_json(message),
            )

    def begins(self, payload: dict[str, Any]) -> None:
        """A turn begins: what a person typed, or the task of a sub-agent."""
        text = text_of(payload.get("user_input"))
        if self.dialogue.builder.agent is None:
            self.dialogue.prompt(text)
        else:
            self.dialogue.injected(text)

    def calls(self, payload: dict[str, Any]) -> None:
        """A tool is called."""
        function = mapping(payload.get("function"))
        call = tool_call(function.get("name"), function.get("arguments"))
        self.dialogue.calls(call, string(payload.get("id")))

    def status(self, payload: dict[str, Any]) -> None:
        """What a step used."""
        key = string(payload.get("message_id")) or f"{self.dialogue.ts_us}:{self.dialogue.line}"
        self.usage.step(key, payload.get("token_usage"), None)

    def turned(self, _payload: dict[str, Any]) -> None:
        """A turn is over."""
        self.dialogue.turned()

    def interrupted(self, _payload: dict[str, Any]) -> None:
        """A person stopped the step."""
        self.dialogue.interrupted()

    def retried(self, payload: dict[str, Any]) -> None:
        """The model's service failed, and is asked again."""
        text = text_of(payload.get("error"))
        self.dialogue.builder.event(
            "api_error", "system", text=text, line=self.dialogue.line, ts_us=self.dialogue.ts_us
        )

    def compacted(self, _payload: dict[str, Any]) -> None:
        """The conversation was summarised; the summary is not in the wire."""
        self.dialogue.compacted("")

    def part(self, part: dict[str, Any]) -> None:
        """A piece of the answer."""
        if part.get("type") == "think":
            self.dialogue.thinks(string(part.get("think")) or "")
        else:
            self.dialogue.says(text_of([part]))

    def result(self, payload: dict[str, Any]) -> None:
        """A tool gave its result."""
        value = mapping(payload.get("return_value")) or mapping(payload.get("result"))
        text = text_of(value.get("output")) or string(value.get("message")) or ""
        flag = value.get("is_error")
        ended = Ended("ok" if flag is False else "unknown")
        if flag is True:
            rejected = "rejected by the user" in f"{text} {value.get('message')}"[:2000]
            ended = Ended("rejected" if rejected else "error")
        self.dialogue.result(string(payload.get("tool_call_id")), text, ended)

    def _nested(self, payload: dict[str, Any], depth: int) -> None:
        builder = self.dialogue.builder
        call_id = string(payload.get("parent_tool_call_id")) or string(payload.get("task_tool_call_id"))
        agent = string(payload.get("agent_id")) or call_id or "subagent"
        if agent not in self.agents:
            self.agents.add(agent)
            call = self.dialogue.call_of(call_id)
            self.dialogue.subagent(agent, call.args if call else "")
        before, builder.agent = builder.agent, agent
        self.read(mapping(payload.get("event")), depth + 1)
        builder.agent = before


def is_old_wire(record: dict[str, Any]) -> bool:
    """Whether `record` wraps a message of this wire."""
    message = mapping(record.get("message"))
    return (
        isinstance(message.get("payload"), dict)
        and isinstance(message.get("type"), str)
        and message["type"][:1].isupper()
        and "timestamp" in record
    )


_READERS: dict[str, Callable[[OldWire, dict[str, Any]], None]] = {
    "TurnBegin": OldWire.begins,
    "SteerInput": OldWire.begins,
    "ContentPart": OldWire.part,
    "ToolCall": OldWire.calls,
    "ToolResult": OldWire.result,
    "StatusUpdate": OldWire.status,
    "TurnEnd": OldWire.turned,
    "StepInterrupted": OldWire.interrupted,
    "StepRetry": OldWire.retried,
    "CompactionEnd": OldWire.compacted,
}
