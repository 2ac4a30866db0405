"""A thread of Amp, in; the events of a session out, in their order."""

from collections.abc import Callable
from typing import Any

from debrief.model import Actor, EndState, EventKind
from debrief.sources.amp.tools import call_of, ended
from debrief.sources.amp.usage import Spending
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.paired import PairedCalls
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, count, mapping, sequence, string, timestamp_us

_Reader = Callable[[dict[str, Any], Place], None]

# Reasoning that only its maker can read.
_UNREADABLE = frozenset({"redacted_thinking"})
_OPEN_STATES = frozenset({"streaming", "running", "in-progress"})


class Thread:
    """See the module. `read` each message, then `finish`."""

    def __init__(self, builder: SessionBuilder, value: dict[str, Any]) -> None:
        self.builder = builder
        self._pulls = PullRequests(builder)
        self._calls = PairedCalls(builder, self._pulls)
        self._spending = Spending(builder, builder.native_id or "")
        self._value = value
        self._model: str | None = None
        self._agents: set[str] = set()
        self._ends("unknown", "the thread has no messages")
        self._begun = timestamp_us(value.get("created"))
        builder.replaying = builder.relation == "fork"
        self._blocks: dict[str, _Reader] = {
            "text": self._answer_text,
            "thinking": self._thinking,
            "tool_use": self._tool_use,
            "server_tool_use": self._tool_use,
            "tool_result": self._tool_result,
            "image": self._image,
            "summary": self._summary,
            "manual_bash_invocation": self._ran_by_person,
        }

    def read(self, message: dict[str, Any]) -> None:
        """Write what one message tells."""
        role = message.get("role")
        number = count(message.get("messageId"))
        native = string(message.get("dtwMessageID")) or (None if number is None else str(number))
        place = Place(ts_us=_moment(message), native_id=native)
        if place.ts_us is not None and (self._begun is None or place.ts_us >= self._begun):
            # A fork begins with the other thread's messages, of their own time.
            self.builder.replaying = False
        content = message.get("content")
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        blocks = [mapping(block) for block in sequence(content)]
        of_agent = string(message.get("parentToolUseId"))
        if role == "user" and of_agent is not None:
            before = self._state, self._reason
            self._enter_agent(of_agent, place)
            self._to_agent(blocks, place)
            self.builder.agent = None
            self._ends(*before)
        elif role == "user":
            self._user(message, blocks, place)
        elif role == "assistant":
            self._assistant(message, blocks, place)
        elif role == "info":
            self._enter_agent(of_agent, place)
            for block in blocks:
                self._block(block, place)
            self.builder.agent = None
        else:
            name = role if isinstance(role, str) else ""
            self.builder.opaque(
                f"message of role '{name[:100]}'", line=0, ts_us=place.ts_us, text=compact_json(message)
            )

    def finish(self, *, cut_off: bool) -> None:
        """All messages are read."""
        self.builder.replaying = False
        self._spending.settle(self._value.get("usageLedger"))
        for queued in map(mapping, sequence(self._value.get("queuedMessages"))):
            blocks = [mapping(one) for one in sequence(mapping(queued.get("queuedMessage")).get("content"))]
            text = "\n".join(one for block in blocks if (one := string(block.get("text"))))
            if text:
                # A person typed it while the agent was at work, which has not been given it yet.
                self._event("message", "user", Place(), f"[queued] {text}", injected=True)
        for trace in sequence(mapping(self._value.get("meta")).get("traces")):
            self.builder.saw(timestamp_us(mapping(trace).get("endTime")))
        if cut_off:
            self._ends("truncated", "the document breaks off")
        self.builder.end_state, self.builder.end_reason = self._state, self._reason

    def _ends(self, state: EndState, reason: str) -> None:
        self._state, self._reason = state, reason

    def _event(
        self, kind: EventKind, actor: Actor, place: Place, text: str = "", *, injected: bool = False
    ) -> int:
        return self.builder.event(
            kind, actor, text=text, ts_us=place.ts_us, native_id=place.native_id, injected=injected
        )

    def _to_agent(self, blocks: list[dict[str, Any]], place: Place) -> None:
        """What a sub-agent is given: its task, and results of its calls."""
        for block in blocks:
            text = string(block.get("text"))
            if block.get("type") != "text":
                self._block(block, place)
            elif text:
                self._event("message", "user", place, text, injected=True)

    def _user(self, message: dict[str, Any], blocks: list[dict[str, Any]], place: Place) -> None:
        words = [block for block in blocks if block.get("type") == "text" and block.get("hidden") is not True]
        text = "\n".join(one for block in words if (one := string(block.get("text"))))
        results = [block for block in blocks if block.get("type") == "tool_result"]
        # Results of the calls before are kept in the message that follows them, whatever it says besides.
        for block in results:
            self._block(block, place)
        if text:
            # Another agent's thread may write here for the person.
            by_agent = string(mapping(message.get("meta")).get("fromExecutorThreadID")) is not None
            kind: EventKind = "message" if by_agent else "prompt"
            ordinal = self._event(kind, "user", place, text, injected=by_agent)
            self._pulls.in_text(text, ordinal)
        for block in blocks:
            if block.get("type") == "text" and block.get("hidden") is True:
                self._event("message", "user", place, string(block.get("text")) or "", injected=True)
            elif block.get("type") not in ("text", "tool_result"):
                self._block(block, place)
        self._mentions(message, place)
        if text:
            self._calls.forget_open()
            self._ends("running", "the last message waits for an answer")
        elif results and self._state != "interrupted":
            self._ends("running", "results of tools wait for an answer")
        if message.get("interrupted") is True:
            self._event("interrupt", "user", place, "The turn was interrupted.")
            self._ends("interrupted", "a person interrupted the last turn")

    def _mentions(self, message: dict[str, Any], place: Place) -> None:
        """Files that the person named: Amp puts them before the model."""
        files = sequence(mapping(message.get("fileMentions")).get("files"))
        names = [string(mapping(file).get("uri")) for file in files]
        named = ", ".join(name for name in names if name)
        if named:
            self._event("message", "user", place, f"[attached: {named}]", injected=True)

    def _assistant(self, message: dict[str, Any], blocks: list[dict[str, Any]], place: Place) -> None:
        self._enter_agent(string(message.get("parentToolUseId")), place)
        model = string(mapping(message.get("usage")).get("model"))
        if model and self.builder.agent is None:
            if self._model and model != self._model:
                self._event("model_change", "system", place, f"{self._model} -> {model}")
            self._model = model
        before = self.builder.event_count
        for block in blocks:
            self._block(block, place)
        event = before if self.builder.event_count > before else None
        self._spending.answer(message, event, place.ts_us)
        if self.builder.agent is None:
            self._answered(mapping(message.get("state")), blocks, place)
        self.builder.agent = None

    def _enter_agent(self, call_id: str | None, place: Place) -> None:
        if call_id is None:
            return
        self.builder.agent = call_id
        if call_id not in self._agents:
            self._agents.add(call_id)
            self._event("subagent", "system", place, f"Sub-agent of the call {call_id}")

    def _answered(self, state: dict[str, Any], blocks: list[dict[str, Any]], place: Place) -> None:
        kind, reason = string(state.get("type")), string(state.get("stopReason"))
        if kind == "cancelled":
            self._event("interrupt", "user", place, "The answer was cancelled.")
            self._ends("interrupted", "a person cancelled the last answer")
        elif kind == "error":
            text = string(mapping(state.get("error")).get("message")) or "unknown error"
            self._event("api_error", "system", place, text)
            self._ends("error", f"the last answer failed: {text[:200]}")
        elif reason == "max_tokens":
            self._ends("error", "the answer reached the limit of its length")
        elif self._calls.open_count or reason == "tool_use":
            self._ends("running", "a call of the last answer has no result yet")
        elif kind in _OPEN_STATES:
            self._ends("running", "the last answer is not complete")
        elif kind == "complete" or any(block.get("type") == "text" for block in blocks):
            self._ends("finished", "the last answer ended its turn")
            self._event("turn_end", "assistant", place)

    def _block(self, block: dict[str, Any], place: Place) -> None:
        kind = string(block.get("type")) or ""
        reader = self._blocks.get(kind)
        began = timestamp_us(block.get("startTime"))
        if reader is not None:
            reader(block, place._replace(ts_us=began or place.ts_us))
        elif kind not in _UNREADABLE:
            what = f"content of type '{kind[:100]}'"
            self.builder.opaque(what, line=0, ts_us=place.ts_us, text=compact_json(block))

    def _answer_text(self, block: dict[str, Any], place: Place) -> None:
        text = string(block.get("text"))
        if text:
            self._pulls.in_text(text, self._event("message", "assistant", place, text))

    def _thinking(self, block: dict[str, Any], place: Place) -> None:
        text = string(block.get("thinking"))
        if text:
            self._event("reasoning", "assistant", place, text)

    def _tool_use(self, block: dict[str, Any], place: Place) -> None:
        given = block.get("input") or block.get("inputIncomplete")
        call = call_of(string(block.get("name")) or "unknown", given)
        # What the model's service runs itself has no result of its own here.
        local = block.get("type") == "tool_use"
        self._calls.call(call, string(block.get("id")), place, awaits_result=local)

    def _tool_result(self, block: dict[str, Any], place: Place) -> None:
        call_id = string(block.get("toolUseID")) or string(block.get("tool_use_id"))
        run = mapping(block.get("run"))
        if not run:
            # As the model's service spells it.
            failed = block.get("is_error") is True
            run = {"status": "error" if failed else "done", "result": block.get("content")}
        end = ended(run)
        if end is None:
            self._ends("running", "a call has not ended yet")
            return
        self._calls.result(call_id, end, place)
        if end.outcome == "interrupted":
            self._ends("interrupted", "a person cancelled the last call")

    def _image(self, block: dict[str, Any], place: Place) -> None:
        name = string(block.get("sourcePath")) or "image"
        self._event("message", "user", place, f"[attached: {name}]", injected=True)

    def _summary(self, block: dict[str, Any], place: Place) -> None:
        summary = block.get("summary")
        text = string(summary) or string(mapping(summary).get("summary")) or ""
        self._event("compaction", "system", place, text)

    def _ran_by_person(self, block: dict[str, Any], place: Place) -> None:
        """A command that the person ran between the turns."""
        call_id = f"manual-{self.builder.event_count}"
        self._calls.call(call_of("Bash", block.get("args")), call_id, place, "user")
        end = ended(mapping(block.get("toolRun")))
        if end is not None:
            self._calls.result(call_id, end, place)


def _moment(message: dict[str, Any]) -> int | None:
    sent = timestamp_us(mapping(message.get("meta")).get("sentAt"))
    return sent if sent is not None else timestamp_us(mapping(message.get("usage")).get("timestamp"))
