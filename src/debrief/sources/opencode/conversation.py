"""Messages of OpenCode, each with its parts, in; the events and calls of a session out, in their order."""

from typing import TYPE_CHECKING, Any

from debrief.model import Actor, EventKind
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.opencode.ending import Ending, error_text, is_abort
from debrief.sources.opencode.second import IDLE, PASSED_OVER, as_first, is_second
from debrief.sources.opencode.tools import call_of, child_of, ended
from debrief.sources.opencode.usage import Spending, Stated, stated
from debrief.sources.paired import PairedCalls
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, mapping, sequence, string, timestamp_us

if TYPE_CHECKING:
    from collections.abc import Callable

# Marks of the agent's own: where a step began, what the tree of files was, what it became, who was mentioned.
_MARKS = frozenset({"step-start", "snapshot", "patch", "agent"})

_RAN_BY_PERSON = "The following tool was executed by the user"


class Conversation:
    """See the module. One instance a session; `read` each message, then `finish`."""

    def __init__(self, builder: SessionBuilder, info: dict[str, Any]) -> None:
        self.builder = builder
        self.ending = Ending()
        self._pulls = PullRequests(builder)
        self._calls = PairedCalls(builder, self._pulls)
        self._spending = Spending(builder)
        self._model: str | None = None
        self._agents: set[str] = set()
        self._by_person = False
        self._declined = False
        self._compaction: int | None = None
        self._steps: list[Stated] = []
        self._parts: dict[str, Callable[[dict[str, Any], Place], None]] = {
            "text": self._text,
            "reasoning": self._reasoning,
            "tool": self._tool,
            "file": self._file,
            "retry": self._retry,
            "compaction": self._compacted,
            "subtask": self._subtask,
            "step-finish": self._step,
        }
        self._is_child = string(info.get("parentID")) is not None
        self._summary = False

    def read(self, message: dict[str, Any]) -> None:
        """Write what one message tells."""
        if "info" not in message and string(message.get("type")) in PASSED_OVER:
            return
        if "info" not in message and message.get("type") == IDLE:
            self._idle(message)
            return
        if is_second(message):
            message = as_first(message)
        info = mapping(message.get("info"))
        moment = timestamp_us(mapping(info.get("time")).get("created"))
        place = Place(ts_us=moment, native_id=string(info.get("id")))
        parts = [mapping(part) for part in sequence(message.get("parts"))]
        self._enter_agent(string(info.get("agentID")), place)
        role = info.get("role")
        if role == "user":
            self._user(parts, place)
        elif role == "assistant":
            self._assistant(info, parts, place)
        elif role == "shell":
            self._by_person = True
            self._read_parts(parts, place)
            self._by_person = False
        else:
            self.builder.opaque(
                _what("message", role, message.get("type")), line=0, ts_us=moment, text=compact_json(message)
            )
        self.builder.agent = None

    def finish(self, info: dict[str, Any], *, cut_off: bool) -> None:
        """All messages are read."""
        revert = mapping(info.get("revert"))
        target = string(revert.get("messageID"))
        if target:
            self.ending.reverted = f"message {target}"
            self._event(
                "message",
                "system",
                Place(),
                text=f"A person took back everything from message {target} on.",
                injected=True,
            )
        total = stated({"tokens": info.get("tokens"), "cost": info.get("cost")})
        if total is not None and not self.builder.replaying:
            self.builder.usage_row(total.tokens, repeated=True)
        if total is not None and (total.cost_usd_micros or 0) > self._spending.cost_usd_micros:
            # Messages that were taken back are gone, but were paid for.
            self.builder.native_cost_usd_micros = total.cost_usd_micros
        self.builder.end_state, self.builder.end_reason = self.ending.judge(cut_off=cut_off)

    def _event(
        self, kind: EventKind, actor: Actor, place: Place, *, text: str = "", injected: bool = False
    ) -> int:
        return self.builder.event(
            kind, actor, text=text, ts_us=place.ts_us, native_id=place.native_id, injected=injected
        )

    def _enter_agent(self, agent: str | None, place: Place) -> None:
        """A fork of OpenCode keeps its sub-agents' messages in the session itself."""
        if agent is None or agent == "main":
            return
        self.builder.agent = agent
        if agent not in self._agents:
            self._agents.add(agent)
            self._event("subagent", "system", place, text=f"Sub-agent {agent}")

    def _user(self, parts: list[dict[str, Any]], place: Place) -> None:
        texts = [mapping(part) for part in parts if part.get("type") == "text"]
        typed = [string(part.get("text")) for part in texts if not _is_injected(part)]
        text = "\n".join(one for one in typed if one)
        if text:
            self._asked(text, place)
        self._by_person = False
        for part in parts:
            if part.get("type") != "text":
                self._part(part, place)
            elif _is_injected(part):
                words = string(part.get("text")) or ""
                self._event("message", "user", _at(part, place), text=words, injected=True)
                self._by_person = self._by_person or words.startswith(_RAN_BY_PERSON)
        if not parts:
            self.builder.fault(f"message {place.native_id or '?'}: none of its parts is here")
        waits = not self._by_person and any(part.get("type") != "compaction" for part in parts)
        if waits and self.builder.agent is None:
            self._calls.forget_open()
            self.ending.asked()

    def _asked(self, text: str, place: Place) -> None:
        if not self._is_child and self.builder.agent is None:
            ordinal = self._event("prompt", "user", place, text=text)
            self._pulls.in_text(text, ordinal)
            return
        # The agent that started this one wrote it.
        self._event("message", "user", place, text=text, injected=True)
        if self.builder.initial_user_message is None and self.builder.agent is None:
            self.builder.initial_user_message = text

    def _assistant(self, info: dict[str, Any], parts: list[dict[str, Any]], place: Place) -> None:
        model = string(info.get("modelID")) or string(mapping(info.get("model")).get("modelID"))
        self._summary = info.get("summary") is True
        self._declined = False
        self._steps = []
        if model and not self._by_person:
            if self._model and model != self._model and self.builder.agent is None and not self._summary:
                self._event("model_change", "system", place, text=f"{self._model} -> {model}")
            self._model = model
        before = self.builder.event_count
        if self._summary and self._compaction is None:
            self._compacted({}, place)
        self._read_parts(parts, place)
        wrote = self.builder.event_count > before
        error = mapping(info.get("error"))
        if error:
            self._failed(error, place)
        told = stated(info)
        if told or self._steps or (wrote and not self._by_person):
            self._spending.message(
                f"{place.native_id or f'{self.builder.native_id}:{before}'}",
                told,
                self._steps,
                model=model,
                ts_us=place.ts_us,
                event=before if self.builder.event_count > before else None,
            )
        if self.builder.agent is None and not (self._summary and not error) and not self._by_person:
            open_calls = self._calls.open_count
            if self.ending.answered(info, open_calls=open_calls, declined=self._declined):
                done = timestamp_us(mapping(info.get("time")).get("completed"))
                self._event(
                    "turn_end", "assistant", Place(ts_us=done or place.ts_us, native_id=place.native_id)
                )
        self._by_person = self._summary = False
        self._compaction = None

    def _idle(self, message: dict[str, Any]) -> None:
        """The turn is over; whether a person stopped it stands here alone where no answer says so."""
        if message.get("outcome") == "interrupted" and self.ending.stopped():
            moment = timestamp_us(mapping(message.get("time")).get("created"))
            self._event("interrupt", "user", Place(ts_us=moment, native_id=string(message.get("id"))))

    def _failed(self, error: dict[str, Any], place: Place) -> None:
        if is_abort(error):
            self._event("interrupt", "user", place, text=error_text(error))
        else:
            self._event("api_error", "system", place, text=error_text(error))

    def _read_parts(self, parts: list[dict[str, Any]], place: Place) -> None:
        for part in parts:
            self._part(part, place)

    def _part(self, part: dict[str, Any], place: Place) -> None:
        kind = string(part.get("type")) or ""
        reader = self._parts.get(kind)
        if reader is not None:
            reader(part, _at(part, place))
        elif kind not in _MARKS:
            self.builder.opaque(_what("part", kind, None), line=0, ts_us=place.ts_us, text=compact_json(part))

    def _text(self, part: dict[str, Any], place: Place) -> None:
        text = string(part.get("text"))
        if not text:
            return
        if self._summary and self._compaction is not None and not _is_injected(part):
            kept, cut = self.builder.text(text)
            self.builder.amend(self._compaction, text=kept, cut=cut)
            return
        injected = _is_injected(part)
        ordinal = self._event(
            "message", "system" if injected else "assistant", place, text=text, injected=injected
        )
        self._pulls.in_text(text, ordinal)

    def _reasoning(self, part: dict[str, Any], place: Place) -> None:
        text = string(part.get("text"))
        if text:
            self._event("reasoning", "assistant", place, text=text)

    def _file(self, part: dict[str, Any], place: Place) -> None:
        url = string(part.get("url")) or ""
        name = string(part.get("filename")) or ("" if url.startswith("data:") else url) or "a file"
        kind = string(part.get("mime"))
        self._event(
            "message", "user", place, text=f"[attached: {name}{f' ({kind})' if kind else ''}]", injected=True
        )

    def _retry(self, part: dict[str, Any], place: Place) -> None:
        moment = timestamp_us(mapping(part.get("time")).get("created"))
        text = error_text(mapping(part.get("error")))
        self._event("api_error", "system", place._replace(ts_us=moment or place.ts_us), text=text)

    def _compacted(self, part: dict[str, Any], place: Place) -> None:
        """The request to summarise; the summary is the text of the next answer, or stands here."""
        text = string(part.get("summary")) or ""
        self._compaction = self._event("compaction", "system", place, text=text)

    def _subtask(self, part: dict[str, Any], place: Place) -> None:
        """A person's command that starts a sub-agent: what was typed is the command's name."""
        command = string(part.get("command"))
        words = string(part.get("description")) or string(part.get("prompt")) or ""
        text = f"/{command} {words}".strip() if command else words
        if text:
            self._asked(text, place)

    def _step(self, part: dict[str, Any], _place: Place) -> None:
        told = stated(part)
        if told is not None:
            self._steps.append(told)

    def _tool(self, part: dict[str, Any], place: Place) -> None:
        state = mapping(part.get("state"))
        time = mapping(state.get("time"))
        began, done = timestamp_us(time.get("start")), timestamp_us(time.get("end"))
        call_id = string(part.get("callID")) or string(part.get("id"))
        given = state.get("input") or state.get("raw")
        call = call_of(string(part.get("tool")) or "unknown", given)
        start = place._replace(ts_us=began or place.ts_us)
        self._calls.call(call, call_id, start, "user" if self._by_person else "assistant")
        if call.kind == "agent":
            self._started(state, call.args, start)
        took = (done - began) // 1000 if began is not None and done is not None and done >= began else None
        end = ended(call, state, took)
        if end is not None:
            self._calls.result(call_id, end, place._replace(ts_us=done or start.ts_us))
            self._declined = end.outcome == "rejected"

    def _started(self, state: dict[str, Any], args: str, place: Place) -> None:
        child = child_of(state)
        if child is None:
            return
        given = mapping(state.get("input"))
        outer, self.builder.agent = self.builder.agent, child
        text = string(given.get("prompt")) or string(given.get("description")) or args
        self._event("subagent", "assistant", place._replace(native_id=child), text=text)
        self.builder.agent = outer


def _at(part: dict[str, Any], place: Place) -> Place:
    moment = timestamp_us(mapping(part.get("time")).get("start"))
    return place._replace(
        ts_us=moment if moment is not None else place.ts_us,
        native_id=string(part.get("id")) or place.native_id,
    )


def _is_injected(part: dict[str, Any]) -> bool:
    """Whether the agent wrote a text itself (`synthetic`), or shows one that no model reads (`ignored`)."""
    return bool(part.get("synthetic")) or bool(part.get("ignored"))


def _what(what: str, kind: object, other: object) -> str:
    name = kind if isinstance(kind, str) and kind else other if isinstance(other, str) else ""
    return f"{what} of type '{name[:100]}'"
