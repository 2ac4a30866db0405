"""The steps of one trajectory in, events in the builder and calls in the ledger out.

A step is a turn of the model: its reasoning, its text, its tool calls and their results together, with one
time. What a step refers to (another trajectory, embedded or in a file beside) is asked of the reader's owner.
"""

from collections.abc import Callable
from typing import Any

from debrief.model import Actor, EventKind
from debrief.sources.atif import ours
from debrief.sources.atif.content import is_made_up, keystrokes_of, user_pieces
from debrief.sources.atif.metrics import Call as ModelCall
from debrief.sources.atif.metrics import Ledger, Stated, stated_by
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, write_call, write_result
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, count, mapping, sequence, string, timestamp_us
from debrief.sources.tool_names import tool_call
from debrief.sources.trajectories.outcomes import Ended, ended
from debrief.sources.trajectories.tasks import task_of
from debrief.sources.trajectories.text import text_of

Refer = Callable[[dict[str, Any], str | None], None]
"""Told of a reference to another trajectory, and of the call that it belongs to."""

_DONE = frozenset({"finish", "mark_task_complete", "submit", "attempt_completion", "task_complete", "done"})
"""Tools by which agents say that their task is done."""

_OF_RESULT = ("tool_result_is_error", "tool_result_metadata")
"""What a step's `extra` says of its only result; its other marks are about the turn."""

_HANDED_OVER = "Here are the answers the other agent provided."
"""How Terminus begins what it tells itself after a summary, in a person's place."""

_RESPONSES = ("response_id", "message_id")


class Steps:
    """See the module. `last` says what the last own step left: an answer, an open call, work, a prompt."""

    def __init__(
        self,
        builder: SessionBuilder,
        ledger: Ledger,
        pulls: PullRequests,
        refer: Refer,
        *,
        key: str,
        is_ours: bool,
    ) -> None:
        self._builder = builder
        self._ledger = ledger
        self._pulls = pulls
        self._refer = refer
        self._key = key
        self._is_ours = is_ours
        self._open: dict[str, Call] = {}
        self._made: list[str] = []
        self._reasoning = ""
        self._step: dict[str, Any] = {}
        self._position = 0
        self._ts_us: int | None = None
        self._agent: str | None = builder.agent
        self._first = 0
        self._prompts = 0
        self.model: str | None = None
        self.is_terminal = False
        self.has_placeholders = False
        self.last = ""
        self.copied = 0

    def read(self, value: object, position: int) -> None:
        """Write what a step tells; `position` counts from 1."""
        builder = self._builder
        step = mapping(value)
        source = string(step.get("source"))
        if not step or source not in ("user", "agent", "system"):
            what = f"step with source '{str(source)[:100]}'" if step else "step that is no object"
            builder.opaque(what, line=0, text=compact_json(value))
            return
        self._step, self._position = step, position
        self._ts_us = timestamp_us(step.get("timestamp"))
        replaying, agent = builder.replaying, builder.agent
        is_copied = step.get("is_copied_context") is True
        builder.replaying = replaying or is_copied
        self.copied += is_copied
        extra = mapping(step.get("extra"))
        if extra.get("is_sidechain") is True:
            builder.agent = string(extra.get("agent_id")) or "sidechain"
        if builder.agent == agent and not builder.replaying:
            builder.cwd = builder.cwd or string(extra.get("cwd"))
        marks = ours.marks(step)
        self._first = builder.event_count
        self._made.clear()
        if marks.get("kind") not in ("call", "nothing"):
            self._write(source, marks)
        self._observe(source)
        self._count(source, marks)
        if "turn_end" in marks:
            end = mapping(marks["turn_end"])
            self._builder.event(
                "turn_end",
                ours.actor(end, "system"),
                text=string(end.get("text")) or "",
                ts_us=ours.time(end, None),
                duration_ms=count(end.get("duration_ms")),
            )
        builder.replaying, builder.agent = replaying, agent

    @property
    def open_count(self) -> int:
        """How many calls have no result."""
        return len(self._open)

    def _write(self, source: str, marks: dict[str, Any]) -> None:
        if source == "agent":
            self._agent_step(marks)
        elif self._is_ours:
            self._marked(source, marks)
        elif source == "user":
            self._user_step(text_of(self._step.get("message")))
        else:
            self._system_step()

    def _marked(self, source: str, marks: dict[str, Any]) -> None:
        """A step that this program wrote for an event: it says of which kind, where it is no prompt."""
        kind = ours.kind(marks) or ("prompt" if source == "user" else "message")
        text = text_of(self._step.get("message"))
        if kind == "opaque":
            what, _, rest = text.partition("\n")
            self._builder.opaque(what, line=0, ts_us=self._ts_us, text=rest)
            return
        ordinal = self._builder.event(
            kind,
            ours.actor(marks, "user" if source == "user" else "system"),
            text=text,
            ts_us=self._ts_us,
            native_id=string(marks.get("native_id")),
            injected=marks.get("injected") is True,
            call_id=string(marks.get("call_id")),
            duration_ms=count(marks.get("duration_ms")),
        )
        self._pulls.in_text(text, ordinal)

    def _user_step(self, text: str) -> None:
        if self.is_terminal and text.startswith(_HANDED_OVER):
            self._builder.amend(self._event("message", "user", text), injected=True)
            return
        for kind, piece in user_pieces(text):
            if kind == "prompt" and self._builder.agent is None:
                ordinal = self._event("prompt", "user", piece)
                self._pulls.in_text(piece, ordinal)
                if not self._prompts:
                    self._builder.initial_user_message = task_of(piece)
                self._prompts += 1
                self._note("prompt")
            elif kind == "interrupt":
                self._event("interrupt", "user", piece)
                self._note("interrupt")
            elif kind == "summary":
                self._event("compaction", "system", piece)
            else:
                self._builder.amend(self._event("message", "user", piece), injected=True)

    def _system_step(self) -> None:
        text = text_of(self._step.get("message"))
        managed = mapping(mapping(self._step.get("extra")).get("context_management"))
        is_compaction = managed.get("type") == "compaction" or text.startswith(
            "Performed context summarization"
        )
        if is_compaction:
            self._event("compaction", "system", text)
        elif text:
            self._builder.amend(self._event("message", "system", text), injected=True)

    def _agent_step(self, marks: dict[str, Any]) -> None:
        step = self._step
        self.model = string(step.get("model_name")) or self.model
        reasoning = string(step.get("reasoning_content"))
        # Converters repeat a turn's reasoning on each of its steps.
        if reasoning and (self._is_ours or reasoning not in ("null", self._reasoning)):
            self._event("reasoning", "assistant", reasoning)
        self._reasoning = reasoning or self._reasoning
        calls = self._calls_of_step()
        message = text_of(step.get("message"))
        typed = keystrokes_of(message) if self.is_terminal and not calls and not self._is_ours else None
        if string(step.get("model_name")) == "<synthetic>" and message and not calls:
            self._event("api_error" if "error" in message[:200].lower() else "message", "system", message)
        elif typed is not None:
            self._typed(typed.said, typed.commands, is_done=typed.is_done)
        elif message and (self._is_ours or not is_made_up(message, [call.tool for call, _, _ in calls])):
            self._say(message, marks)
        for call, call_id, extra in calls:
            self._call(call, call_id, extra)
        if not calls and typed is None:
            self._note("answer" if message else "work")

    def _say(self, message: str, marks: dict[str, Any]) -> None:
        ordinal = self._builder.event(
            "message",
            "assistant",
            text=message,
            ts_us=count(marks["message_us"]) if "message_us" in marks else self._ts_us,
        )
        self._pulls.in_text(message, ordinal)

    def _typed(self, said: str, commands: str, *, is_done: bool) -> None:
        if said:
            self._event("message", "assistant", said)
        if commands:
            call = Call(tool="terminal", kind="shell", command=commands.strip() or commands, args=commands)
            self._call(call, f"{self._key}:{self._position}", {})
        self._note("done" if is_done else "work" if commands else "answer")

    def _calls_of_step(self) -> list[tuple[Call, str, dict[str, Any]]]:
        given = self._step.get("tool_calls")
        if given is not None and not isinstance(given, list):
            self._builder.fault(f"step {self._position}: its tool calls are no array")
        found = []
        for number, value in enumerate(sequence(given)):
            one = mapping(value)
            if not one:
                self._builder.fault(f"step {self._position}: a tool call is no object")
                continue
            name = string(one.get("function_name")) or "unknown"
            call_id = string(one.get("tool_call_id")) or f"{self._key}:{self._position}:{number}"
            call = ours.call(one) or tool_call(name, one.get("arguments"))
            found.append((call, call_id, ours.marks(one)))
        return found

    def _call(self, call: Call, call_id: str, marks: dict[str, Any]) -> None:
        write_call(
            self._builder,
            call,
            call_id,
            Place(ts_us=ours.time(marks, self._ts_us)),
            text=string(marks.get("text")) or "",
        )
        self._open[call_id] = call
        self._made.append(call_id)
        self._note("done" if call.tool in _DONE else "open")

    def _observe(self, source: str) -> None:
        given = self._step.get("observation")
        if given is None:
            return
        results = mapping(given).get("results")
        if not isinstance(results, list):
            self._builder.fault(f"step {self._position}: its observation holds no results")
            return
        waiting = list(self._made)
        unnamed = [one for one in map(mapping, results) if not string(one.get("source_call_id"))]
        by_order = len(unnamed) == len(waiting) and not self._is_ours
        for value in results:
            result = mapping(value)
            call_id = string(result.get("source_call_id"))
            if call_id is None and by_order and waiting:
                call_id = waiting.pop(0)
            self._result(result, call_id, source, is_only=len(results) == 1)
            for ref in sequence(result.get("subagent_trajectory_ref")):
                self._refer(mapping(ref), call_id)

    def _result(self, result: dict[str, Any], call_id: str | None, source: str, *, is_only: bool) -> None:
        text = text_of(result.get("content"))
        if call_id is None and not text:
            return
        marks = ours.marks(result)
        call_id = call_id or string(marks.get("call_id"))
        if call_id is None and source != "agent":
            self._builder.amend(self._event("message", "system", text), injected=True)
            return
        call = self._open.pop(call_id, None) if call_id else None
        beside = mapping(result.get("extra"))
        if is_only:
            of_step = mapping(self._step.get("extra"))
            beside = {**{name: of_step[name] for name in _OF_RESULT if name in of_step}, **beside}
        shell = call is not None and call.kind == "shell"
        end = ours.ended(marks) or ended(text, beside, is_shell=shell)
        if end.outcome == "unknown" and "tool_result_metadata" in beside:
            # This converter marks each result that failed.
            end = Ended("ok", end.exit_code)
        write_result(
            self._builder,
            self._pulls,
            call,
            call_id,
            text,
            end.outcome,
            Place(ts_us=ours.time(marks, None)),
            exit_code=end.exit_code,
            duration_ms=count(marks.get("duration_ms", beside.get("duration_ms"))),
        )
        if self.last == "open":
            self._note("work")

    def _count(self, source: str, marks: dict[str, Any]) -> None:
        """Note the step's model call, where it tells of one."""
        if source != "agent":
            return
        step, builder = self._step, self._builder
        metrics = mapping(step.get("metrics"))
        if not metrics or step.get("llm_call_count") == 0:
            return
        stated = stated_by(metrics)
        has_content = builder.event_count > self._first
        own = ours.marks(metrics)
        if not (own or stated.says_something or has_content):
            return
        extra = mapping(step.get("extra"))
        response = next((found for name in _RESPONSES if (found := string(extra.get(name)))), None)
        has_event = has_content and marks.get("kind") != "call"
        self._ledger.add(
            ModelCall(
                key=string(own.get("key")) or response or f"{self._key}:{self._position}",
                model=string(step.get("model_name")) or self.model,
                ts_us=ours.time(own, self._ts_us),
                stated=stated,
                event=self._first if has_event else None,
                agent=builder.agent,
                is_ours=bool(own),
                lower_bound=ours.names(own.get("lower_bound")) or self._bound(stated, extra),
                replayed=builder.replaying,
            )
        )

    def _bound(self, stated: Stated, extra: dict[str, Any]) -> tuple[str, ...]:
        """Rows of a response that had not ended hold the number of output tokens it began with."""
        is_placeholder = (
            self.has_placeholders and not extra.get("stop_reason") and stated.completion is not None
        )
        return ("output",) if is_placeholder else ()

    def _event(self, kind: EventKind, actor: Actor, text: str) -> int:
        return self._builder.event(kind, actor, text=text, ts_us=self._ts_us)

    def _note(self, what: str) -> None:
        if what and not self._builder.replaying and self._builder.agent == self._agent:
            self.last = what
