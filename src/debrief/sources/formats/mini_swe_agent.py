"""mini-swe-agent's trajectories, 1.x and 2.x: one document of chat messages in, one Session out.

Version 1 writes its command as a fenced block of the text and gets the output as a user's message; version 2
calls a tool. The service's whole answer stands beside each message, with its tokens and its cost.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import EndState, Session, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call
from debrief.sources.codex.shell import script_of
from debrief.sources.documents import Whole, head_value
from debrief.sources.records import compact_json, mapping, sequence, string, timestamp_us
from debrief.sources.source import Clean, Companions, Transcript
from debrief.sources.tool_names import tool_call
from debrief.sources.trajectories.actions import fenced
from debrief.sources.trajectories.chat import Chat
from debrief.sources.trajectories.money import micros
from debrief.sources.trajectories.outcomes import Ended, ended
from debrief.sources.trajectories.text import text_of
from debrief.sources.trajectories.usage import tokens_of
from debrief.sources.trajectories.values import trajectories

_NOT_RUN = "action was not executed"
_LIMITS = frozenset({"LimitsExceeded", "TimeExceeded", "RepeatedFormatError"})
_MESSAGES_TRIED = 12


class MiniSweAgent(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "mini_swe_agent"
    title: str = "mini-swe-agent"
    version: int = 2
    roots: tuple[str, ...] = (
        "~/.config/mini-swe-agent",
        "$XDG_CONFIG_HOME/mini-swe-agent",
        "~/Library/Application Support/mini-swe-agent",
        "$LOCALAPPDATA/mini-swe-agent",
    )
    suffixes: tuple[str, ...] = (".traj.json",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether the document names the format or the program, or its messages have its marks."""
        value = head_value(head)
        return _is_trajectory(mapping(value[0] if isinstance(value, list) and value else value))

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session of each trajectory."""
        found_any = False
        for found in trajectories(transcript.main):
            if not sequence(found.value.get("messages")):
                continue
            found_any = True
            builder = SessionBuilder(
                format_name=self.name,
                parser_version=self.version,
                agent_name="mini-swe-agent",
                clean=clean,
            )
            yield _Run(builder, found).session()
        if not found_any:
            raise NotATranscript("a trajectory without messages")


class _Run:
    """One trajectory while it is read."""

    def __init__(self, builder: SessionBuilder, found: Whole) -> None:
        self._builder = builder
        self._chat = Chat(builder)
        self._found = found
        self._value: dict[str, Any] = found.value
        self._info = mapping(self._value.get("info"))
        self._config = mapping(self._info.get("config"))
        self._model = string(mapping(self._config.get("model")).get("model_name")) or string(
            self._value.get("model")
        )
        self._position = 0
        self._is_prompted = False
        self._exit: dict[str, Any] = {}

    def session(self) -> Session:
        builder, value = self._builder, self._value
        if self._found.fault:
            builder.fault(self._found.fault)
        builder.native_id = self._name()
        builder.agent_version = string(self._info.get("mini_version"))
        environment = mapping(self._config.get("environment"))
        builder.cwd = string(environment.get("cwd")) or None
        messages = sequence(value.get("messages"))
        for position, message in enumerate(messages):
            self._position = position
            self._message(mapping(message), is_last=position == len(messages) - 1)
        cost = micros(mapping(self._info.get("model_stats")).get("instance_cost"))
        builder.native_cost_usd_micros = cost or None
        self._end()
        return builder.build()

    def _name(self) -> str:
        """The run's name: the instance's, and what tells its runs apart. No run has an id of its own.

        The file grows while the agent works, so the first answer's id is better than the whole content.
        """
        messages = sequence(self._value.get("messages"))
        extras = [mapping(mapping(one).get("extra")) for one in messages[:_MESSAGES_TRIED]]
        answers = (string(mapping(extra.get("response")).get("id")) for extra in extras)
        anchor = next((one for one in answers if one), None) or compact_json(self._value)
        digest = hashlib.sha256(anchor.encode("utf-8", "replace")).hexdigest()
        instance = string(self._value.get("instance_id"))
        return f"{instance}-{digest[:12]}" if instance else digest[:32]

    def _message(self, message: dict[str, Any], *, is_last: bool) -> None:
        extra = mapping(message.get("extra"))
        ts_us = timestamp_us(extra.get("timestamp")) or timestamp_us(message.get("timestamp"))
        role, text = string(message.get("role")), text_of(message.get("content"))
        self._usage(message, extra, ts_us)
        if role == "assistant" or message.get("object") == "response":
            self._turn(message, extra, text, ts_us)
        elif role in ("system", "developer"):
            self._chat.injected(text, ts_us)
        elif role == "tool" or message.get("type") == "function_call_output":
            call_id = string(message.get("tool_call_id")) or string(message.get("call_id"))
            self._result(text or text_of(message.get("output")), extra, call_id, ts_us)
        elif role == "exit":
            self._exit = extra
            self._left(text, extra, ts_us)
        elif role == "user":
            self._user(text, extra, ts_us, is_last=is_last)
        else:
            what = f"message {self._position + 1} of role '{str(role)[:100]}'"
            self._builder.opaque(what, line=0, ts_us=ts_us, text=compact_json(message))

    def _user(self, text: str, extra: dict[str, Any], ts_us: int | None, *, is_last: bool) -> None:
        kind = string(extra.get("interrupt_type"))
        if kind == "FormatError":
            # The answer that was not as it should be stands in no message of its own.
            self._chat.said(_answered(mapping(extra.get("response"))), ts_us)
            self._chat.injected(text, ts_us, by_user=True)
        elif kind == "UserRejection" or text.startswith("Commands not executed."):
            self._chat.abandon(text, "rejected", ts_us)
        elif kind == "UserInterruption" or text.startswith("Interrupted by user"):
            self._chat.abandon("", "interrupted", ts_us)
            self._chat.interrupt(text, ts_us)
        elif kind == "UserNewTask" or not self._is_prompted:
            self._is_prompted = True
            self._chat.prompt(text, ts_us)
        elif "returncode" in extra or "<returncode>" in text[:400] or self._chat.has_open:
            self._result(text, extra, None, ts_us)
        elif is_last and text and text == string(self._info.get("submission")):
            self._chat.injected(text, ts_us, by_user=True)
        elif extra.get("actions") or text.startswith("User command:"):
            # In human mode the person types the commands; the agent only runs them.
            self._builder.event("message", "user", text=text, ts_us=ts_us, injected=True)
            self._act(extra, text, [], ts_us)
        else:
            self._chat.injected(text, ts_us, by_user=True)

    def _turn(self, message: dict[str, Any], extra: dict[str, Any], text: str, ts_us: int | None) -> None:
        calls = [mapping(call) for call in sequence(message.get("tool_calls"))]
        reasoning = string(message.get("reasoning_content")) or string(message.get("reasoning"))
        for item in map(mapping, sequence(message.get("output"))):
            kind = item.get("type")
            if kind == "function_call":
                calls.append({"id": item.get("call_id"), "function": item})
            elif kind == "message":
                text = "\n".join(part for part in (text, text_of(item.get("content"))) if part)
            elif kind == "reasoning":
                told = text_of(item.get("summary")) or text_of(item.get("content"))
                reasoning = "\n".join(part for part in (reasoning, told) if part)
        parts = None if calls else fenced(text)
        self._chat.said(parts[0] if parts else text, ts_us, reasoning=reasoning)
        self._act(extra, text, calls, ts_us)

    def _act(self, extra: dict[str, Any], text: str, calls: list[dict[str, Any]], ts_us: int | None) -> None:
        for one in calls:
            function = mapping(one.get("function"))
            name = string(function.get("name")) or "bash"
            self._chat.call(
                tool_call(name, _arguments(function.get("arguments"))), string(one.get("id")), ts_us
            )
        if calls:
            return
        parts = fenced(text)
        actions = [mapping(action) for action in sequence(extra.get("actions"))]
        commands = [found for action in actions if (found := script_of(action.get("command")))]
        for command in commands or ([parts[1]] if parts else []):
            self._chat.call(Call(tool="bash", kind="shell", command=command), None, ts_us)

    def _result(self, text: str, extra: dict[str, Any], call_id: str | None, ts_us: int | None) -> None:
        if _NOT_RUN in (string(extra.get("exception_info")) or ""):
            return  # what comes next says why: a person declined it, or the run is over
        found = ended(text, extra, is_shell=True)
        code = extra.get("returncode")
        if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31:
            found = Ended("ok" if code == 0 else "error", code)
        if string(extra.get("exception_info")):
            # The command did not end by itself: it has no exit code, whatever stands in its place.
            found = Ended("error")
        self._chat.result(text, found, call_id, ts_us)

    def _left(self, text: str, extra: dict[str, Any], ts_us: int | None) -> None:
        failed = string(extra.get("exception_str"))
        if failed:
            self._builder.event("api_error", "system", text=failed, ts_us=ts_us)
        elif string(extra.get("exit_status")) == "Submitted" and self._chat.has_open:
            self._chat.result(text, Ended("ok"), None, ts_us)
        self._builder.event("turn_end", "system", ts_us=ts_us)

    def _usage(self, message: dict[str, Any], extra: dict[str, Any], ts_us: int | None) -> None:
        response = mapping(extra.get("response"))
        if not response and message.get("object") == "response":
            response = message
        tokens = tokens_of(mapping(response.get("usage")))
        cost = micros(extra.get("cost"))
        if tokens is None and not cost:
            return
        key = string(response.get("id")) or f"{self._builder.native_id}:{self._position}"
        self._builder.model_call(
            key,
            model=string(response.get("model")) or self._model,
            tokens=tokens or Tokens(),
            ts_us=ts_us,
            cost_usd_micros=cost or None,
            event=self._builder.event_count,
        )

    def _end(self) -> None:
        status = string(self._info.get("exit_status")) or string(self._exit.get("exit_status"))
        state: EndState
        if self._found.cut_off:
            state, reason = "truncated", "The document breaks off."
        elif status == "Submitted":
            state, reason = "finished", "The agent submitted its work."
        elif status in _LIMITS:
            state, reason = "error", f"A limit ended the run: {status}."
        elif status:
            state, reason = "error", f"The run ended with {status}."
        elif self._chat.last == "interrupt":
            state, reason = "interrupted", "A person stopped the agent last."
        elif self._chat.last == "answer":
            state, reason = "finished", "The last message is the agent's answer."
        else:
            state, reason = "running", "No message says that the run ended."
        self._builder.end_state, self._builder.end_reason = state, reason


def _answered(response: dict[str, Any]) -> str:
    """The words of a model's answer; of one without words, the calls that it asked for."""
    choice = mapping(next(iter(sequence(response.get("choices"))), None))
    message = mapping(choice.get("message"))
    items = [mapping(item) for item in sequence(response.get("output"))]
    parts = [text_of(message.get("content")), *(text_of(item.get("content")) for item in items)]
    calls = message.get("tool_calls") or [item for item in items if item.get("type") == "function_call"]
    return "\n".join(part for part in parts if part) or (compact_json(calls) if calls else "")


def _arguments(given: object) -> object:
    """A call's arguments: an object, or an object written as JSON text."""
    if not isinstance(given, str):
        return given
    try:
        value = msgspec.json.decode(given)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return given
    return value if isinstance(value, dict) else given


def _is_trajectory(value: dict[str, Any]) -> bool:
    schema = value.get("trajectory_format")
    if schema is not None:
        return isinstance(schema, str) and schema.startswith("mini-swe-agent")
    info = mapping(value.get("info"))
    kinds = mapping(info.get("config"))
    named = any("minisweagent" in str(kinds.get(key)) for key in ("agent_type", "model_type"))
    if "mini_version" in info or named:
        return True
    return any(
        one.get("role") in ("user", "tool")
        and text_of(one.get("content")).lstrip().startswith("<returncode>")
        for one in map(mapping, sequence(value.get("messages"))[:_MESSAGES_TRIED])
    )


MINI_SWE_AGENT = MiniSweAgent()
