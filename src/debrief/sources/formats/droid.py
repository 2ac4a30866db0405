"""Factory's Droid in: the session that it stores, or what `droid exec` prints; one Session out.

The stored session has messages in the shape of Anthropic's API and no token counts; those of the whole
session are in the settings beside it. The stream is flat, and tells at its end what the run used.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from debrief.model import Session, Tokens
from debrief.sources.blocks import text_of, unwrapped
from debrief.sources.builder import SessionBuilder
from debrief.sources.dialogue import Dialogue, named
from debrief.sources.documents import head_lines, whole
from debrief.sources.droid.results import ended_of, run_total, stored_total, value_of
from debrief.sources.records import compact_json, mapping, sequence, string, timestamp_us
from debrief.sources.runs import session_of
from debrief.sources.source import Clean, Companions, Document, Transcript
from debrief.sources.tool_names import tool_call

_LINES_TRIED = 50
_START = ("cwd", "title", "sessionTitle", "owner", "hostId")
_PASSED_OVER = frozenset(
    # What the list of tasks and the settings have become: a call says so too, or nobody did anything.
    {"todo_state", "session_settings", "session_end"}
)
_DONE = frozenset({"completed", "complete", "success", "finished", "end_turn", "spec_handoff"})
_STOPPED = frozenset({"cancelled", "canceled", "aborted", "interrupted", "permission_rejected"})
_UNTITLED = "New Session"
_OF_THE_TOOL = frozenset({"llm_only", "user_only"})
"""Who alone sees a message that no person wrote: the model, or the person."""


class Droid(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "droid"
    title: str = "Droid"
    version: int = 2
    roots: tuple[str, ...] = ("~/.factory/sessions", "~/.factory/projects")
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = (Companions("*.jsonl", "{stem}.settings.json"),)

    def recognises(self, head: bytes) -> bool:
        """Whether the first records begin a stored session, or are of the stream."""
        rows = list(head_lines(head, _LINES_TRIED))
        if not rows:
            return False
        if rows[0].get("type") == "session_start":
            return bool(string(rows[0].get("id"))) and any(name in rows[0] for name in _START)
        return any(_is_of_stream(row) for row in rows) and all(_may_be_of_stream(row) for row in rows)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session."""
        run = _Run(
            SessionBuilder(
                format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
            )
        )
        for companion in transcript.companions:
            run.settings(companion)
        yield session_of(transcript.main, run, "a Droid session without a single message")


class _Run:
    """One session while its file is read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.dialogue = Dialogue(builder)
        self.read_any = False
        self.model: str | None = None
        self.last_said = ""
        self.forked_at: str | None = None
        self._answered: str | None = None
        self._is_mixed = False
        self._total = Tokens()
        self._too_small: tuple[str, ...] = ()
        self._began: list[dict[str, Any]] = []

    def settings(self, document: Document) -> None:
        """Read the model and the session's total beside the stored session."""
        found = whole(document)
        if found.fault:
            self.builder.fault(f"settings: {found.fault}")
        fields = mapping(found.value)
        self.model = string(fields.get("model"))
        self._total, self._too_small = stored_total(fields.get("tokenUsage"))

    def read(self, row: dict[str, Any], line: int) -> None:
        """Write what one record tells."""
        kind = string(row.get("type")) or ""
        self.dialogue.at(line, timestamp_us(row.get("timestamp")))
        session = named(row.get("session_id")) or named(row.get("sessionId"))
        self.builder.native_id = self.builder.native_id or session
        if len(self._began) < 2:  # noqa: PLR2004 (the first two rows tell a session without an id from others)
            self._began.append(row)
        reader = _READERS.get(kind)
        if reader is not None:
            reader(self, row)
        elif kind not in _PASSED_OVER:
            self.builder.opaque(
                f"record of type '{kind[:100]}'",
                line=line,
                ts_us=self.dialogue.ts_us,
                text=compact_json(row),
            )
        if self.builder.replaying and row.get("id") == self.forked_at:
            self.builder.replaying = False

    def finish(self, *, cut_off: bool) -> Session:
        """The file is over."""
        if self.builder.native_id is None:
            began = compact_json(self._began).encode("utf-8", "replace")
            self.builder.native_id = f"unnamed-{hashlib.sha256(began).hexdigest()[:32]}"
            self.builder.fault("line 1: no record says the session's id")
        if self.builder.replaying:
            self.builder.fault(
                "the message at which the session forked is not in the file: all of it is replayed"
            )
        if self._is_mixed:
            self.model = None  # the total is of several models, and no record parts it
        if self._total != Tokens():
            self.builder.model_call(
                f"{self.builder.native_id}:total",
                model=self.model,
                tokens=self._total,
                lower_bound=self._too_small,
            )
        self.builder.end_state, self.builder.end_reason = self.dialogue.verdict(cut_off=cut_off)
        return self.builder.build()

    def answers(self, model: str) -> None:
        """A message of the assistant says which model wrote it."""
        if self.builder.replaying:
            return
        if self._answered is not None and model != self._answered:
            self._is_mixed = True
            self.dialogue.model(model)
        self._answered = model
        self.model = self.model or model

    def user_text(self, text: str, native_id: str | None) -> None:
        """A user's text, which may begin with what the tool put there."""
        injected, typed = unwrapped(text)
        for piece in injected:
            self.dialogue.injected(piece)
        if typed:
            self.dialogue.prompt(typed, native_id=native_id)

    def says(self, text: str, native_id: str | None) -> None:
        """The assistant's text."""
        self.dialogue.says(text, native_id=native_id)
        self.last_said = text or self.last_said


def _start(run: _Run, row: dict[str, Any]) -> None:
    run.builder.native_id = named(row.get("id")) or run.builder.native_id
    run.builder.cwd = string(row.get("cwd"))
    run.builder.agent_version = string(row.get("version"))
    title = string(row.get("sessionTitle")) or string(row.get("title"))
    if title and title != _UNTITLED:
        run.builder.title, run.builder.title_source = title, "session_start"
    if parent := string(row.get("callingSessionId")) or string(row.get("parentSessionId")):
        run.builder.parent_id, run.builder.relation = parent, "subagent"
    elif parent := string(row.get("parent")):
        run.builder.parent_id, run.builder.relation = parent, "fork"
        # It begins with the parent's messages, up to this one.
        run.forked_at = string(row.get("forkedAtMessageId"))
        run.builder.replaying = run.forked_at is not None


def _system(run: _Run, row: dict[str, Any]) -> None:
    run.builder.surface = "droid exec"
    run.builder.cwd = run.builder.cwd or string(row.get("cwd"))
    run.model = string(row.get("model")) or run.model


def _message(run: _Run, row: dict[str, Any]) -> None:
    run.read_any = True
    message = row if "message" not in row else mapping(row.get("message"))
    role, native_id = message.get("role"), string(row.get("id"))
    content = message.get("content", message.get("text"))
    if role == "assistant" and (model := string(message.get("modelId"))):
        run.answers(model)
    if hook := string(message.get("hookEventName")):
        run.dialogue.injected(_hooked(hook, message.get("hookResults")))
        if not content:
            return
    is_ours = message.get("visibility", row.get("visibility")) in _OF_THE_TOOL
    blocks = sequence(content) or [{"type": "text", "text": content}]
    for block in map(mapping, blocks):
        kind = block.get("type")
        if kind == "tool_use":
            call = tool_call(block.get("name"), block.get("input"))
            run.dialogue.calls(call, string(block.get("id")), native_id=native_id)
        elif kind == "tool_result":
            text = text_of(block.get("content"))
            run.dialogue.result(string(block.get("tool_use_id")), text, ended_of(text, block.get("is_error")))
        elif kind in ("thinking", "redacted_thinking"):
            run.dialogue.thinks(string(block.get("thinking")) or "", native_id=native_id)
        elif role == "user" and not is_ours:
            run.user_text(text_of([block]), native_id)
        elif role == "assistant" and not is_ours:
            run.says(text_of([block]), native_id)
        else:
            run.dialogue.injected(text_of([block]))


def _hooked(event: str, results: object) -> str:
    """What the commands that ran on `event` printed."""
    printed = (
        string(result.get(stream))
        for result in map(mapping, sequence(results))
        for stream in ("stdout", "stderr")
    )
    return "\n".join([f"{event} hook", *(text.strip() for text in printed if text)])


def _tool_call(run: _Run, row: dict[str, Any]) -> None:
    run.builder.surface = "droid exec"
    run.read_any = True
    call = tool_call(row.get("toolName") or row.get("toolId"), row.get("parameters", row.get("input")))
    run.dialogue.calls(call, string(row.get("toolCallId")) or string(row.get("id")))


def _tool_result(run: _Run, row: dict[str, Any]) -> None:
    text, code = value_of(row.get("value", row.get("content")))
    if error := mapping(row.get("error")):
        text = text or string(error.get("message")) or ""
    flag = row.get("isError", row.get("is_error"))
    run.dialogue.result(
        string(row.get("toolCallId")) or string(row.get("id")),
        text,
        ended_of(text, flag, code),
        tool=string(row.get("toolName")) or string(row.get("toolId")),
    )


def _reasoning(run: _Run, row: dict[str, Any]) -> None:
    run.dialogue.thinks(text_of(row.get("text", row.get("content"))), native_id=string(row.get("id")))


def _completion(run: _Run, row: dict[str, Any]) -> None:
    """The run is over; the last words are told again."""
    run.builder.surface = "droid exec"
    run.read_any = True
    text = string(row.get("finalText")) or ""
    if text.strip() != run.last_said.strip():
        run.says(text, string(row.get("id")))
    run.dialogue.turned()
    tokens = run_total(row.get("usage"))
    if tokens != Tokens():
        run.builder.model_call(
            f"{run.builder.native_id}:{run.dialogue.ts_us or run.dialogue.line}",
            model=run.model,
            tokens=tokens,
            ts_us=run.dialogue.ts_us,
        )


def _error(run: _Run, row: dict[str, Any]) -> None:
    run.read_any = True
    text = string(row.get("message")) or text_of(row.get("error")) or "unknown error"
    run.dialogue.failed(text)


def _compaction(run: _Run, row: dict[str, Any]) -> None:
    summary = row.get("summaryText") or row.get("summary")
    run.dialogue.compacted(text_of(summary), native_id=string(row.get("id")))


def _outcome(run: _Run, row: dict[str, Any]) -> None:
    reason = (string(row.get("reason")) or string(row.get("outcome")) or "").lower()
    if reason in _DONE:
        run.dialogue.turned()
    elif reason in _STOPPED:
        run.dialogue.interrupted(reason)
    else:
        run.dialogue.failed(reason or "the turn failed", reason="The last turn did not end well.")


def _is_of_stream(row: dict[str, Any]) -> bool:
    if not isinstance(row.get("session_id", row.get("sessionId")), str):
        return False
    kind = row.get("type")
    if kind == "message":
        return isinstance(row.get("role"), str) and isinstance(row.get("text"), str)
    if kind == "tool_call":
        return isinstance(row.get("toolName", row.get("toolId")), str) and "parameters" in row
    return kind == "completion" and "finalText" in row


def _may_be_of_stream(row: dict[str, Any]) -> bool:
    """Whether `row` has nothing that another format's rows are told by."""
    return not any(name in row for name in ("uuid", "parentUuid", "payload")) and "type" in row


_READERS: dict[str, Callable[[_Run, dict[str, Any]], None]] = {
    "session_start": _start,
    "message": _message,
    "compaction_state": _compaction,
    "agent_turn_outcome": _outcome,
    "system": _system,
    "tool_call": _tool_call,
    "tool_result": _tool_result,
    "reasoning": _reasoning,
    "completion": _completion,
    "error": _error,
}

DROID = Droid()
