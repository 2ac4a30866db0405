"""Events of OpenHands' software agent SDK: one JSON object after another in, one Session's events out.

Every event says its `kind`. Tokens, cost and state stand in no event of the conversation but in the state
beside it (`base_state.json`), or in the updates of that state which a server sends along.
"""

from collections.abc import Callable
from typing import Any

from debrief.model import EndState, Outcome
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place
from debrief.sources.costs import dollars, micros
from debrief.sources.openhands.acp import ProtocolCalls
from debrief.sources.openhands.clock import moment_us
from debrief.sources.openhands.tools import tool_call
from debrief.sources.openhands.usage import Ledger, Spent
from debrief.sources.openhands.writing import Writer
from debrief.sources.records import compact_json, count, mapping, sequence, string

PASSED_OVER = frozenset(
    {
        "TokenEvent",  # ids of tokens, for training
        "StreamingDeltaEvent",  # pieces of what a MessageEvent or ActionEvent then says whole
        "LLMCompletionLogEvent",  # a copy of the request and the answer
        "CondensationRequest",  # the Condensation that follows tells
        "CondensationSummaryEvent",  # made again from the Condensation whenever the history is read
        "HookExecutionEvent",  # a person's own program that watches
    }
)

STATES: dict[str, tuple[EndState, str]] = {
    "finished": ("finished", "the conversation's state is finished"),
    "error": ("error", "the conversation's state is error"),
    "stuck": ("error", "the conversation's state is stuck: the agent repeated itself"),
    "paused": ("interrupted", "the conversation's state is paused: a person stopped the agent"),
    "running": ("running", "the conversation's state is running"),
    "waiting_for_confirmation": ("running", "a call waits for a person's consent"),
}

_FINISH = ("finish", "FinishAction", "FinishObservation")
_EXIT_UNKNOWN = -1
_OF_THE_AGENT = (
    "Your previous response was blocked by the model's content filter.",
    "Missing required parameters for function '",
)
"""What the agent tells its model in a person's name."""
_DRIVEN = "acp-managed"
"""What the use of models by an agent that is driven by the Agent Client Protocol is called."""

_Reader = Callable[[dict[str, Any], Place], None]


class Conversation:
    """One conversation while its events are read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.writer = Writer(builder)
        self.read_any = False
        self.ahead_us = 0
        self.stats: dict[str, Any] = {}
        self.state: str | None = None
        self._seen: dict[str, Spent] = {}
        self._ids: set[str] = set()
        self._last = ""
        self._protocol = ProtocolCalls(self.writer)
        self._is_driven = False
        self._readers: dict[str, _Reader] = {
            "SystemPromptEvent": self._system,
            "SystemPromptUpdateEvent": self._system,
            "MessageEvent": self._message,
            "ActionEvent": self._action,
            "ObservationEvent": self._observation,
            "AgentErrorEvent": self._agent_error,
            "UserRejectObservation": self._rejected,
            "ConversationErrorEvent": self._failed,
            "PauseEvent": self._stopped,
            "InterruptEvent": self._stopped,
            "Condensation": self._condensed,
            "ConversationStateUpdateEvent": self._state,
            "ACPToolCallEvent": self._acp,
        }

    def read(self, event: dict[str, Any], line: int) -> None:
        """Write what one event tells. An event that was read already is passed over."""
        kind = string(event.get("kind")) or ""
        event_id = string(event.get("id"))
        place = Place(line, moment_us(event.get("timestamp"), self.ahead_us), event_id)
        reader = self._readers.get(kind)
        if reader is not None and event_id and kind != "ACPToolCallEvent":
            if event_id in self._ids:
                return
            self._ids.add(event_id)
        self.builder.saw(place.ts_us)
        if kind != "ACPToolCallEvent":
            self._protocol.settle()
        if reader is not None:
            self.read_any = True
            if self.builder.native_id is None:
                self.builder.native_id = event_id
            reader(event, place)
        elif kind in PASSED_OVER:
            self.read_any = True
        else:
            self.builder.opaque(
                f"event of kind '{kind[:100]}'", line=line, ts_us=place.ts_us, text=compact_json(event)
            )

    def base_state(self, state: dict[str, Any]) -> None:
        """Take the identity of the conversation, its counters and its state."""
        builder = self.builder
        self.read_any = True
        builder.native_id = string(state.get("id")) or builder.native_id
        builder.cwd = string(mapping(state.get("workspace")).get("working_dir")) or builder.cwd
        title = string(state.get("title")) or string(mapping(state.get("tags")).get("title"))
        if title:
            builder.title, builder.title_source = title, "agent"
        stats = mapping(state.get("stats")) or mapping(state.get("conversation_stats"))
        self.stats = stats or self.stats
        self._is_driven = self._is_driven or mapping(state.get("agent")).get("kind") == "ACPAgent"
        status = string(state.get("execution_status")) or string(state.get("agent_status"))
        self.state = status or self.state

    def of_agent(self, agent: str, events: list[dict[str, Any]]) -> None:
        """Write the events of an agent that this conversation started; how they end says nothing of it.

        What it spent is a part of this conversation's counters.
        """
        last = self._last
        self.builder.agent = agent
        self.builder.event("subagent", "assistant")
        for event in events:
            self.read(event, 0)
        self.builder.agent = None
        self._last = last

    def finish(self) -> None:
        """Count what was spent and judge how it ended."""
        self._protocol.settle()
        self._count()
        state = STATES.get(self.state or "")
        if state is not None:
            self.builder.end_state, self.builder.end_reason = state
            return
        ends: dict[str, tuple[EndState, str]] = {
            "finish": ("finished", "the agent called its finish tool"),
            "answer": ("finished", "the agent answered without calling a tool"),
            "stop": ("interrupted", "a person stopped the agent"),
            "error": ("error", "the conversation ended with an error"),
            "work": ("running", "the last event is a step of the agent's work"),
            "prompt": ("running", "a person's message has no answer yet"),
        }
        if self.writer.open_calls and self._last == "work":
            self.builder.end_state, self.builder.end_reason = "running", "a call has no result yet"
        else:
            self.builder.end_state, self.builder.end_reason = ends.get(
                self._last, ("unknown", "no event tells how it ended")
            )

    def _count(self) -> None:
        """Sum over the uses of models: the agent's own, the condenser's, those of agents it started."""
        ledger = Ledger(self.builder)
        uses = mapping(self.stats.get("usage_to_metrics")) or mapping(self.stats.get("service_to_metrics"))
        cost = 0.0
        for name, value in uses.items():
            metrics = mapping(value)
            driven = self._is_driven or name == _DRIVEN
            ledger.metrics(metrics, str(name), self._seen, apart=driven)
            cost += dollars(metrics.get("accumulated_cost")) or 0
        self.builder.native_cost_usd_micros = micros(cost)

    def _system(self, event: dict[str, Any], place: Place) -> None:
        texts = [_text(event.get("system_prompt")), _text(event.get("dynamic_context"))]
        text = "\n\n".join(part for part in texts if part)
        self.writer.say("message", "system", text, place, injected=True)

    def _message(self, event: dict[str, Any], place: Place) -> None:
        message = mapping(event.get("llm_message"))
        text = _text(message.get("content"))
        source = string(event.get("source")) or string(message.get("role"))
        first = self.builder.event_count
        if source in ("agent", "assistant"):
            self._thinking(message, place)
            if text:
                self.writer.say("message", "assistant", text, place)
            if self.builder.agent is None:
                self.writer.say("turn_end", "assistant", "", place)
            self._last = "answer"
        elif source == "user" and not string(event.get("sender")) and self.builder.agent is None:
            self.writer.prompt(text, place, of_program=text.startswith(_OF_THE_AGENT))
            self._last = "prompt"
        else:
            self.writer.say("message", "system", text, place, injected=True)
        self._came_of(event, place, first)
        self._injected(event.get("extended_content"), place)

    def _thinking(self, message: dict[str, Any], place: Place) -> None:
        """The reasoning of an answer, told once: its text or its blocks."""
        reasoning = string(message.get("reasoning_content"))
        if reasoning is None:
            blocks = [mapping(block) for block in sequence(message.get("thinking_blocks"))]
            reasoning = "\n\n".join(text for block in blocks if (text := string(block.get("thinking"))))
        if not reasoning:
            item = mapping(message.get("responses_reasoning_item"))
            reasoning = "\n\n".join(part for part in sequence(item.get("summary")) if isinstance(part, str))
        if reasoning:
            self.writer.say("reasoning", "assistant", reasoning, place)

    def _action(self, event: dict[str, Any], place: Place) -> None:
        action, asked = mapping(event.get("action")), mapping(event.get("tool_call"))
        name = string(event.get("tool_name")) or string(asked.get("name")) or "unknown"
        kind = string(action.get("kind")) or ""
        first = self.builder.event_count
        self._thinking(event, place)
        thought = _text(event.get("thought"))
        if thought:
            self.writer.say("message", "assistant", thought, place)
        self._last = "work"
        call_id = string(event.get("tool_call_id")) or string(asked.get("id")) or place.native_id or ""
        if name == "finish" or kind in _FINISH:
            message = string(action.get("message"))
            if message:
                self.writer.say("message", "assistant", message, place)
            self._last = "finish"
        self.writer.call(call_id, self._described(name, kind, action, asked), place)
        self._came_of(event, place, first)

    def _described(self, name: str, kind: str, action: dict[str, Any], asked: dict[str, Any]) -> Call:
        mcp = kind.startswith("MCP")
        arguments: object = mapping(action.get("data")) if mcp and "data" in action else action
        return tool_call(name, arguments or asked.get("arguments") or asked.get("function"), mcp=mcp)

    def _observation(self, event: dict[str, Any], place: Place) -> None:
        observation = mapping(event.get("observation"))
        metadata = mapping(observation.get("metadata"))
        exit_code = _exit_code(observation.get("exit_code"))
        if exit_code is None:
            exit_code = _exit_code(metadata.get("exit_code"))
        outcome: Outcome = "ok"
        # Older observations have no flag, and say what went wrong in a field of its own.
        failed = observation.get("is_error") is True or string(observation.get("error")) is not None
        if failed or (exit_code is not None and exit_code > 0):
            outcome = "error"
        elif observation.get("timeout") is True:
            outcome = "unknown"
        text = _text(observation.get("content")) or _text(observation.get("output"))
        text = text or string(observation.get("error")) or ""
        if not text and string(observation.get("kind")) not in _FINISH:
            text = _rest(observation)
        self.builder.cwd = self.builder.cwd or string(metadata.get("working_dir"))
        self._result(event, text, outcome, place, exit_code)
        if string(observation.get("kind")) in _FINISH and outcome == "ok":
            self._last = "finish"
            if self.builder.agent is None:
                self.writer.say("turn_end", "assistant", "", place)
        self._injected(event.get("extended_content"), place)

    def _agent_error(self, event: dict[str, Any], place: Place) -> None:
        self._result(event, string(event.get("error")) or "", "error", place)

    def _rejected(self, event: dict[str, Any], place: Place) -> None:
        outcome: Outcome = "error" if event.get("rejection_source") == "hook" else "rejected"
        self._result(event, string(event.get("rejection_reason")) or "", outcome, place)

    def _result(
        self,
        event: dict[str, Any],
        text: str,
        outcome: Outcome,
        place: Place,
        exit_code: int | None = None,
    ) -> None:
        call_id = string(event.get("tool_call_id")) or string(event.get("action_id")) or place.native_id or ""
        observation = mapping(event.get("observation"))
        told = {"command": observation.get("command"), "path": observation.get("path")}
        tool = tool_call(string(event.get("tool_name")) or "unknown", told)
        self.writer.result(call_id, text, outcome, place, exit_code=exit_code, tool=tool)
        self._last = "work"

    def _failed(self, event: dict[str, Any], place: Place) -> None:
        parts = [string(event.get("code")), string(event.get("detail"))]
        self.writer.say("api_error", "system", ": ".join(part for part in parts if part), place)
        self._last = "error"

    def _stopped(self, event: dict[str, Any], place: Place) -> None:
        self.writer.say("interrupt", "user", string(event.get("reason")) or "", place)
        self._last = "stop"

    def _condensed(self, event: dict[str, Any], place: Place) -> None:
        first = self.writer.say("compaction", "system", string(event.get("summary")) or "", place)
        self._came_of(event, place, first)

    def _state(self, event: dict[str, Any], _: Place) -> None:
        """A server tells its clients what changed in the state; the counters in it are cumulative."""
        key, value = string(event.get("key")), event.get("value")
        if self.builder.agent is not None:
            return
        if key in ("execution_status", "agent_status"):
            self.state = string(value) or self.state
        elif key == "stats":
            self.stats = mapping(value) or self.stats
        elif key == "full_state":
            self.base_state(mapping(value))

    def _acp(self, event: dict[str, Any], place: Place) -> None:
        """A call that another agent made for this one."""
        self._protocol.told(event, place)
        self._last = "work"

    def _injected(self, content: object, place: Place) -> None:
        text = _text(content)
        if text:
            self.writer.say("message", "system", text, place, injected=True)

    def _came_of(self, event: dict[str, Any], place: Place, first: int) -> None:
        """Remember which event came first of a model's answer: parallel calls share its id."""
        response = string(event.get("llm_response_id"))
        if response and first < self.builder.event_count:
            self._seen.setdefault(response, Spent(first, place.ts_us))


def _text(content: object) -> str:
    """The text of a message: a string, a part, or a list of parts of which some may be pictures."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return string(content.get("text")) or ""
    return "\n".join(text for part in sequence(content) if (text := _text(part)))


def _exit_code(value: object) -> int | None:
    """An exit code; -1 stands for a command that still runs, and is none."""
    if isinstance(value, int) and not isinstance(value, bool) and value != _EXIT_UNKNOWN:
        return value if abs(value) < 2**31 else None
    return count(value) if isinstance(value, float) else None


def _rest(observation: dict[str, Any]) -> str:
    """What an observation without text consists of, but for its own classification."""
    left = {
        key: value
        for key, value in observation.items()
        if value and key not in ("kind", "metadata", "command", "is_error", "content", "full_output_save_dir")
    }
    return compact_json(left) if left else ""
