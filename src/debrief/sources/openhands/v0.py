"""The event stream of OpenHands before its SDK: actions and observations in, one Session's events out.

A model's answer, and its token counts with it, stands on the action, on its observation and on every call
that was made beside it. Times are naive. What the program tells itself (states, recalled knowledge) stands in
between.
"""

from typing import Any

from debrief.model import EndState, Outcome
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place
from debrief.sources.costs import micros
from debrief.sources.openhands.clock import moment_us
from debrief.sources.openhands.tools import tool_call
from debrief.sources.openhands.usage import Ledger, Spent, of_answer
from debrief.sources.openhands.writing import Writer
from debrief.sources.records import compact_json, mapping, sequence, string

PASSED_OVER = frozenset(
    {
        "",  # an observation of nothing
        "null",  # nothing happened
        "recall",  # a request for knowledge; what is found comes as an observation
        "condensation_request",  # the condensation that follows tells
        "start",  # the program's own switches
        "pause",
        "resume",
        "stop",
        "load_mcp",
        "server_ready",
    }
)

_TOOLS = frozenset(
    {
        "run",
        "run_ipython",
        "read",
        "write",
        "edit",
        "browse",
        "browse_interactive",
        "think",
        "delegate",
        "task_tracking",
        "call_tool_mcp",
        "mcp",
        "search",
        "push",
        "send_pr",
        # Two of a page that its makers ship as a sample.
        "command",
        "output",
    }
)
_KNOWLEDGE = frozenset({"recall", "microagent", "workspace_context"})
_SHELL = frozenset({"run", "command"})
_ENDED: dict[str, tuple[EndState, str]] = {
    "finished": ("finished", "the agent's last state is finished"),
    "awaiting_user_input": ("finished", "the agent waits for the person's next message"),
    "rejected": ("finished", "the agent refused the task"),
    "error": ("error", "the agent's last state is error"),
    "rate_limited": ("error", "the agent's last state is rate_limited"),
    "stopped": ("interrupted", "the agent was stopped"),
    "paused": ("interrupted", "the agent was paused"),
    "running": ("running", "the agent's last state is running"),
    "awaiting_user_confirmation": ("running", "a call waits for a person's consent"),
    "user_rejected": ("running", "a person refused a call; the agent has not answered yet"),
    "user_confirmed": ("running", "a person allowed a call; the agent has not answered yet"),
}
_AT_REST = frozenset({"finished", "awaiting_user_input", "rejected", "error"})
_EXIT_UNKNOWN = -1


class Stream:
    """One session while its events are read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.writer = Writer(builder)
        self.ledger = Ledger(builder)
        self.read_any = False
        self.ahead_us = 0
        self.seen: dict[str, Spent] = {}
        self._calls: dict[str, str] = {}
        self._state: str | None = None
        self._last_call: str | None = None
        self._last = ""
        self._cumulative: dict[str, Any] = {}
        self._told: set[str] = set()
        self._handed: str | None = None  # what a delegate is told in a person's name

    def read(self, event: dict[str, Any], line: int) -> None:
        """Write what one event tells."""
        number = event.get("id")
        native_id = str(number) if isinstance(number, int | str) else None
        place = Place(line, moment_us(event.get("timestamp"), self.ahead_us), native_id)
        self.builder.saw(place.ts_us)
        first = self.builder.event_count
        if "action" in event:
            self.read_any = True
            self._action(string(event.get("action")) or "", event, place)
        elif "observation" in event:
            self.read_any = True
            self._observation(string(event.get("observation")) or "", event, place)
        else:
            self.builder.opaque(
                "an event that is neither action nor observation",
                line=line,
                ts_us=place.ts_us,
                text=compact_json(event),
            )
        self._spent(event, place, first)

    def finish(self) -> None:
        """Count what no event told of, and judge how the session ended."""
        if self._cumulative:
            self.ledger.total(self._cumulative, "llm_metrics")
            cost = micros(self._cumulative.get("accumulated_cost"))
            if self.builder.native_cost_usd_micros is None:
                self.builder.native_cost_usd_micros = cost
        if self.builder.end_reason:
            return
        ended = _ENDED.get(self._state or "")
        ends: dict[str, tuple[EndState, str]] = {
            "finish": ("finished", "the agent called its finish action"),
            "answer": ("finished", "the agent answered without calling a tool"),
            "error": ("error", "the last event is an error"),
            "prompt": ("running", "a person's message has no answer yet"),
            "work": ("running", "the last event is a step of the agent's work"),
        }
        self.builder.end_state, self.builder.end_reason = ended or ends.get(
            self._last, ("unknown", "no event tells how it ended")
        )

    def failed(self, text: str, place: Place) -> None:
        """The service or the program failed, outside of any call."""
        self.writer.say("api_error", "system", text, place)
        self._last = "error"

    def _action(self, action: str, event: dict[str, Any], place: Place) -> None:
        args = mapping(event.get("args"))
        source = string(event.get("source")) or ""
        if action in ("message", "chat"):
            self._message(source, args, event, place)
        elif action in ("finish", "reject"):
            self._finished(action, args, event, place)
        elif action == "system":
            self.writer.say("message", "system", string(args.get("content")) or "", place, injected=True)
        elif action == "change_agent_state":
            if source == "user" and args.get("agent_state") in ("stopped", "paused"):
                self.writer.say("interrupt", "user", "", place)
        elif action in ("condensation", "summarize"):
            text = string(args.get("summary")) or ""
            self.writer.say("compaction", "system", text, place)
        elif action in _TOOLS:
            self._call(action, args, event, place)
        elif action not in PASSED_OVER:
            self.builder.opaque(
                f"action '{action[:100]}'", line=place.line, ts_us=place.ts_us, text=compact_json(event)
            )

    def _message(self, source: str, args: dict[str, Any], event: dict[str, Any], place: Place) -> None:
        said = (args.get("content"), event.get("message"), event.get("content"))
        text = next((one for one in said if isinstance(one, str) and one), "")
        if source == "user":
            self._prompt(text, place)
            return
        if source != "agent":
            self.writer.say("message", "system", text, place, injected=True)
            return
        self._reasoning(event, place)
        self.writer.say("message", "assistant", text, place)
        if args.get("wait_for_response") is not False:
            self.writer.say("turn_end", "assistant", "", place)
        self._last = "answer"

    def _prompt(self, text: str, place: Place) -> None:
        handed = self._handed is not None and text == f"TASK: {self._handed}"
        self._handed = None if handed else self._handed
        if self.writer.prompt(text, place, of_program=handed):
            self._state, self._last = None, "prompt"

    def _finished(self, action: str, args: dict[str, Any], event: dict[str, Any], place: Place) -> None:
        outputs = mapping(args.get("outputs"))
        said = [args.get("final_thought"), outputs.get("content"), outputs.get("reason"), args.get("thought")]
        text = next((one for one in said if isinstance(one, str) and one), string(event.get("message")) or "")
        self._reasoning(event, place)
        if text:
            self.writer.say("message", "assistant", text, place)
        self.writer.call(self._call_id(event, place), Call(tool=action, kind="other"), place, awaited=False)
        self.writer.say("turn_end", "assistant", "", place)
        self._last = "finish"

    def _call(self, action: str, args: dict[str, Any], event: dict[str, Any], place: Place) -> None:
        self._reasoning(event, place)
        thought = string(args.get("thought"))
        if thought and action != "think" and self._tell(event, "thought", thought):
            self.writer.say("message", "assistant", thought, place)
        call_id = self._call_id(event, place)
        if place.native_id is not None:
            self._calls[place.native_id] = call_id
        self._last_call = call_id
        self.writer.call(call_id, described(action, args, event), place)
        self._last = "work"
        if action == "delegate":
            self.builder.agent = string(args.get("agent")) or "delegate"
            task = string(mapping(args.get("inputs")).get("task")) or ""
            self._handed = task
            self.builder.event("subagent", "assistant", text=task, ts_us=place.ts_us, line=place.line)
            self.builder.agent = None

    def _call_id(self, event: dict[str, Any], place: Place) -> str:
        told = string(mapping(event.get("tool_call_metadata")).get("tool_call_id"))
        return told or f"event-{place.native_id or self.builder.event_count}"

    def _observation(self, name: str, event: dict[str, Any], place: Place) -> None:
        text = string(event.get("content")) or ""
        if name == "agent_state_changed":
            self._changed(string(mapping(event.get("extras")).get("agent_state")))
        elif name in _KNOWLEDGE:
            extras = mapping(event.get("extras"))
            knowledge = text + ("\n" + compact_json(extras) if extras else "")
            self.writer.say("message", "system", knowledge, place, injected=True)
        elif name in ("chat", "message"):
            self._message(string(event.get("source")) or "", {"content": text}, event, place)
        elif name == "condense":
            self.writer.say("compaction", "system", text, place)
        else:
            self._answered(name, text, event, place)

    def _answered(self, name: str, text: str, event: dict[str, Any], place: Place) -> None:
        """An observation of an action: it names the action's id as its cause, and perhaps the call's."""
        cause = event.get("cause")
        call_id = self._calls.get(str(cause)) if isinstance(cause, int | str) else self._last_call
        told = string(mapping(event.get("tool_call_metadata")).get("tool_call_id"))
        call_id = call_id or told
        known = call_id is not None and self.writer.knows(call_id)
        if name == "error" and not known:
            self.failed(text or string(event.get("message")) or "", place)
        elif name in PASSED_OVER and not known:
            return
        elif known or name in _TOOLS or name in ("user_rejected", "success"):
            self._last_call = None
            self._result(name, call_id or f"event-{cause}", text, event, place)
        else:
            self.builder.opaque(
                f"observation '{name[:100]}'", line=place.line, ts_us=place.ts_us, text=compact_json(event)
            )

    def _result(self, name: str, call_id: str, text: str, event: dict[str, Any], place: Place) -> None:
        extras = mapping(event.get("extras"))
        code = _exit_code(mapping(extras.get("metadata")).get("exit_code"))
        if code is None:
            code = _exit_code(extras.get("exit_code"))
        self.builder.cwd = self.builder.cwd or string(mapping(extras.get("metadata")).get("working_dir"))
        told = {"command": extras.get("command"), "path": extras.get("path")}
        outcome = _outcome(name, event, extras, text, code)
        self.writer.result(call_id, text, outcome, place, exit_code=code, tool=tool_call(name, told))
        self._last = "work"

    def _changed(self, state: str | None) -> None:
        """Keep the state. Shutting down stops an agent that had come to rest: that is no interruption."""
        if state == "stopped" and (self._state in _AT_REST or self._last == "finish"):
            return
        self._state = state or self._state

    def _reasoning(self, event: dict[str, Any], place: Place) -> None:
        response = mapping(mapping(event.get("tool_call_metadata")).get("model_response"))
        for choice in sequence(response.get("choices"))[:1]:
            text = string(mapping(mapping(choice).get("message")).get("reasoning_content"))
            if text and self._tell(event, "reasoning", text):
                self.writer.say("reasoning", "assistant", text, place)

    def _tell(self, event: dict[str, Any], what: str, text: str) -> bool:
        """Whether this is the first event of its answer to say `text`: parallel calls repeat it."""
        response = mapping(mapping(event.get("tool_call_metadata")).get("model_response"))
        key = string(response.get("id"))
        if key is None:
            return True
        told = f"{what}:{key}:{text}"
        if told in self._told:
            return False
        self._told.add(told)
        return True

    def _spent(self, event: dict[str, Any], place: Place, first: int) -> None:
        told = mapping(event.get("tool_call_metadata"))
        response = mapping(told.get("model_response"))
        event_number = first if first < self.builder.event_count else None
        key = string(response.get("id"))
        tokens = of_answer(mapping(response.get("usage")))
        if key:
            self.seen.setdefault(key, Spent(event_number, place.ts_us))
        if tokens is not None:
            name = key or f"{self.builder.native_id}:{string(told.get('tool_call_id')) or place.native_id}"
            self.ledger.answer(name, tokens, string(response.get("model")), Spent(event_number, place.ts_us))
        metrics = mapping(event.get("llm_metrics"))
        if metrics:
            self.ledger.rows(metrics, "llm_metrics", self.seen)
            self.ledger.repeated(metrics.get("accumulated_token_usage"))
            if _further(metrics, self._cumulative):
                self._cumulative = metrics


def described(action: str, args: dict[str, Any], event: dict[str, Any]) -> Call:
    """What an action does, by its own name; the name of the tool is the model's, where that is told."""
    name = string(mapping(event.get("tool_call_metadata")).get("function_name")) or action
    if action in _SHELL:
        command = string(args.get("command")) or string(event.get("content")) or ""
        return Call(tool=name, kind="shell", command=command, args=compact_json({"command": command}))
    if action == "run_ipython":
        return Call(tool=name, kind="other", args=string(args.get("code")) or "")
    if action in ("call_tool_mcp", "mcp"):
        tool = string(args.get("name")) or name
        return tool_call(tool, mapping(args.get("arguments")), mcp=True)
    if action == "think":
        return Call(tool=name, kind="other", args=string(args.get("thought")) or "")
    if action == "edit" and "command" not in args and "old_str" not in args:
        args = {"new_content": args.get("content"), **{k: v for k, v in args.items() if k != "content"}}
    call = tool_call(action, args)
    return Call(
        tool=name, kind=call.kind, command=call.command, path=call.path, args=call.args, edits=call.edits
    )


def _outcome(
    name: str, event: dict[str, Any], extras: dict[str, Any], text: str, code: int | None
) -> Outcome:
    if name == "user_rejected":
        return "rejected"
    if name == "error" or (code is not None and code > 0):
        return "error"
    if name in ("run", "output"):
        if code is None:
            return "error" if event.get("success") is False else "unknown"
        return "ok"
    if name == "run_ipython":
        return "unknown"
    failed = extras.get("error") is True or extras.get("is_error") is True
    return "error" if failed or text.startswith("ERROR:") else "ok"


def _exit_code(value: object) -> int | None:
    """An exit code; -1 stands for a command that still runs, and is none."""
    if isinstance(value, int) and not isinstance(value, bool) and value != _EXIT_UNKNOWN:
        return value if abs(value) < 2**31 else None
    return None


def _further(metrics: dict[str, Any], than: dict[str, Any]) -> bool:
    """Whether a cumulative sum has gone further than another."""

    def reached(one: dict[str, Any]) -> tuple[int, int]:
        usage = mapping(one.get("accumulated_token_usage"))
        prompt = usage.get("prompt_tokens")
        return (
            prompt if isinstance(prompt, int) else 0,
            micros(one.get("accumulated_cost")) or 0,
        )

    return reached(metrics) >= reached(than)
