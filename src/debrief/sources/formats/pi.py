"""Pi's session files, and those of agents that are built on it, in; one Session out.

The first line is the header, every other an entry with its own id and its parent's: a tree, of which branches
that were left stay in the file and were paid for. A fork's file begins with a copy of its parent's entries.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

import msgspec

from debrief.model import Session, Tokens
from debrief.sources.blocks import text_of
from debrief.sources.builder import SessionBuilder
from debrief.sources.dialogue import Dialogue, Ended, named
from debrief.sources.documents import head_lines, head_value
from debrief.sources.records import compact_json, count, mapping, sequence, string, timestamp_us
from debrief.sources.runs import session_of
from debrief.sources.source import HEAD_BYTES, Clean, Companions, Transcript
from debrief.sources.tool_names import tool_call

_OF_STREAM = frozenset(
    {"agent_start", "turn_start", "message_start", "message_update", "message_end", "turn_end", "agent_end"}
)
_PASSED_OVER = frozenset(
    # What an extension keeps for itself, a person's bookmarks, and a setting.
    {"custom", "label", "thinking_level_change", "active_tools_change"}
    # What the model is shown from then on of a message that stays as it was.
    | {"context_edit"}
    # The stream without a screen says each message three times; `message_end` has it whole.
    | {"agent_start", "turn_start", "message_start", "message_update", "turn_end", "agent_end"}
    | {"tool_execution_start", "tool_execution_update", "tool_execution_end", "queue_update"}
)
_SKILL = re.compile(r"<skill name=\"([^\"\n]*)\" location=\"[^\"\n]*\">\n.*?\n</skill>\s*", re.DOTALL)
_OF_A_CHANNEL = re.compile(r"[^\n`]{1,80} \(untrusted metadata\):\n```json\n.*?\n```\s*", re.DOTALL)
_SENT_AT = re.compile(r"\[\w{3} \d{4}-\d\d-\d\d \d\d:\d\d [^\]\n]{1,40}\] ")
_OPENCLAW = re.compile(rb'"(?:customType|provider|id|modelId)"\s*:\s*"openclaw')


class Pi(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "pi"
    title: str = "Pi"
    version: int = 2
    roots: tuple[str, ...] = (
        "~/.pi/agent/sessions",
        "$PI_CODING_AGENT_DIR/sessions",
        "$PI_CODING_AGENT_SESSION_DIR",
        "~/.openclaw/agents/*/sessions",
    )
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether the first line is a header."""
        header = mapping(head_value(head))
        if header.get("type") != "session" or "sessionId" in header or "payload" in header:
            return False
        following = mapping(next(islice(head_lines(head), 1, None), None))
        known = "version" in header or following.get("type") in _READERS or "provider" in header
        return known and isinstance(header.get("timestamp"), str) and bool(string(header.get("id")))

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session."""
        with transcript.main.open() as stream:
            openclaw = _OPENCLAW.search(stream.read(HEAD_BYTES)) is not None
        run = _Run(
            SessionBuilder(
                format_name=self.name,
                parser_version=self.version,
                agent_name="OpenClaw" if openclaw else "Pi",
                clean=clean,
            )
        )
        yield session_of(transcript.main, run, "a Pi session's header without any entry that can be read")


class _Run:
    """One session while its file is read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.dialogue = Dialogue(builder)
        self.read_any = False
        self.model: str | None = None
        self._began_us: int | None = None
        self.last_said = ""
        self._first: dict[str, Any] = {}

    def read(self, entry: dict[str, Any], line: int) -> None:
        """Write what one entry tells."""
        kind = string(entry.get("type")) or ""
        message = mapping(entry.get("message"))
        moment = timestamp_us(entry.get("timestamp")) or timestamp_us(message.get("timestamp"))
        self._first = self._first or entry
        if kind == "session" and line == 1:
            self._header(entry, moment)
            return
        self.builder.replaying = (
            self.builder.relation == "fork"
            and moment is not None
            and self._began_us is not None
            and moment < self._began_us
        )
        self.dialogue.at(line, moment)
        reader = _READERS.get(kind)
        if reader is not None:
            reader(self, entry, message)
            self.read_any = True
        elif kind in _PASSED_OVER:
            self.read_any = True
            if kind in _OF_STREAM:
                self.builder.surface = "pi --mode json"
        else:
            self.builder.opaque(
                f"record of type '{kind[:100]}'", line=line, ts_us=moment, text=compact_json(entry)
            )

    def finish(self, *, cut_off: bool) -> Session:
        """The file is over."""
        self.builder.replaying = False
        if self.builder.native_id is None:
            digest = hashlib.sha256(compact_json(self._first).encode("utf-8", "replace")).hexdigest()
            self.builder.native_id = f"unnamed-{digest[:32]}"
            self.builder.fault("line 1: the header does not say the session's id")
        self.builder.end_state, self.builder.end_reason = self.dialogue.verdict(cut_off=cut_off)
        return self.builder.build()

    def _header(self, entry: dict[str, Any], moment: int | None) -> None:
        self.builder.native_id = named(entry.get("id"))
        self.builder.cwd = string(entry.get("cwd"))
        self.model = string(entry.get("modelId"))
        self._began_us = moment
        self.builder.saw(moment)
        parent = string(entry.get("parentSession")) or string(entry.get("branchedFrom"))
        if parent:
            # A path: the file's name is the time and the id, or the id alone.
            stem = PurePosixPath(parent.replace("\\", "/")).name.removesuffix(".jsonl")
            self.builder.parent_id = stem.rpartition("_")[2] or stem
            self.builder.relation = "fork"


def _message(run: _Run, entry: dict[str, Any], message: dict[str, Any]) -> None:
    role = string(message.get("role")) or ""
    native_id = string(entry.get("id"))
    text = text_of(message.get("content"))
    if role == "user":
        _user(run, text, native_id)
    elif role == "assistant" and message.get("provider") == "openclaw":
        # What was delivered to a channel: most often the answer before it, once more.
        if text.strip() != run.last_said.strip():
            run.dialogue.says(text, native_id=native_id)
    elif role == "assistant":
        _assistant(run, message, native_id)
    elif role == "toolResult":
        # The tool may have asked models itself; which ones is not said.
        _count(run, message, native_id, None, model=None)
        flag = message.get("isError")
        details = mapping(message.get("details"))
        run.dialogue.result(
            string(message.get("toolCallId")),
            text,
            Ended(_outcome(flag, text), exit_code=count(details.get("exitCode"))),
            tool=string(message.get("toolName")),
        )
    elif role == "bashExecution":
        # A person ran this with `!`: no call of the agent.
        run.dialogue.injected(
            f"! {string(message.get('command')) or ''}\n{string(message.get('output')) or ''}", by="user"
        )
    elif role in ("branchSummary", "compactionSummary"):
        run.dialogue.compacted(string(message.get("summary")) or "", native_id=native_id)
    elif role in ("custom", "hookMessage", "system"):
        run.dialogue.injected(text)
    else:
        run.builder.opaque(
            f"message of role '{role[:100]}'",
            line=run.dialogue.line,
            ts_us=run.dialogue.ts_us,
            text=compact_json(message),
        )


def _user(run: _Run, text: str, native_id: str | None) -> None:
    """A prompt, without the skill before it that a command of the person stands for, or a channel's notes."""
    command = ""
    while found := _SKILL.match(text) or _OF_A_CHANNEL.match(text):
        run.dialogue.injected(found.group().strip())
        text = text[found.end() :]
        command = f"/skill:{found.group(1)}" if found.re is _SKILL else command
        if sent := _SENT_AT.match(text):
            text = text[sent.end() :]
    if text.strip() or command:
        run.dialogue.prompt(text if text.strip() else command, native_id=native_id)


def _assistant(run: _Run, message: dict[str, Any], native_id: str | None) -> None:
    first = run.builder.event_count
    stop = string(message.get("stopReason"))
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else sequence(content)
    for block in blocks:
        fields = mapping(block)
        kind = fields.get("type")
        if kind == "thinking":
            run.dialogue.thinks(string(fields.get("thinking")) or "", native_id=native_id)
        elif kind == "toolCall":
            call = tool_call(fields.get("name"), fields.get("arguments"))
            run.dialogue.calls(call, string(fields.get("id")), native_id=native_id)
        else:
            run.dialogue.says(text_of([block]), native_id=native_id)
    run.last_said = text_of(content)
    run.model = string(message.get("model")) or run.model
    _count(run, message, native_id, first, model=run.model)
    error = string(message.get("errorMessage"))
    if stop == "aborted":
        run.dialogue.interrupted(error or "")
    elif stop == "error":
        run.dialogue.failed(error or "the model's service failed")
    elif stop == "length":
        run.dialogue.stands("error", "The last answer breaks off at the model's output limit.")
    elif stop == "stop":
        run.dialogue.says("", ended=True)


def _count(
    run: _Run, entry: dict[str, Any], native_id: str | None, event: int | None, *, model: str | None
) -> None:
    usage = mapping(entry.get("usage"))
    cache = mapping(usage.get("cache"))
    tokens = Tokens(
        input=count(usage.get("input")),
        cache_read=_either(usage.get("cacheRead"), cache.get("read")),
        cache_write=_either(usage.get("cacheWrite"), cache.get("write")),
        output=count(usage.get("output")),
        reasoning=count(usage.get("reasoning")),
    )
    if not any((tokens.input, tokens.cache_read, tokens.cache_write, tokens.output)):
        # Zeros only: a request that failed or was stopped before the service said anything.
        return
    if run.builder.replaying or entry.get("checkpoint") is True:
        # A checkpoint is an answer as far as it has come: the whole one follows, with all that it used.
        run.builder.usage_row(tokens, repeated=not run.builder.replaying)
        return
    key = string(entry.get("responseId")) or native_id or f"line-{run.dialogue.line}"
    run.builder.model_call(
        # Entries have ids of eight digits: a time makes them one of a kind, and a fork copies both.
        f"{key}:{run.dialogue.ts_us}",
        model=model,
        tokens=tokens,
        ts_us=run.dialogue.ts_us,
        cost_usd_micros=_micros(mapping(usage.get("cost")).get("total")),
        event=event if event is not None and event < run.builder.event_count else None,
    )


def _either(left: object, right: object) -> int | None:
    known = count(left)
    return count(right) if known is None else known


def _micros(dollars: object) -> int | None:
    """Pi reckons the cost by its own prices; nothing is what it writes for a model that it has none for."""
    if isinstance(dollars, bool) or not isinstance(dollars, int | float):
        return None
    return count(round(dollars * 1e6)) or None if 0 < dollars < 2**31 else None


def _outcome(flag: object, text: str) -> Any:  # noqa: ANN401 (an Outcome)
    if flag is True:
        return "interrupted" if text.strip() in ("Operation aborted", "Command aborted") else "error"
    return "ok" if flag is False else "unknown"


def _compaction(run: _Run, entry: dict[str, Any], _message: dict[str, Any]) -> None:
    native_id = string(entry.get("id"))
    run.dialogue.compacted(string(entry.get("summary")) or "", native_id=native_id)
    _count(run, entry, native_id, None, model=run.model)


def _branch(run: _Run, entry: dict[str, Any], _message: dict[str, Any]) -> None:
    run.dialogue.injected(string(entry.get("summary")) or "")
    _count(run, entry, string(entry.get("id")), None, model=run.model)


def _window(run: _Run, entry: dict[str, Any], _message: dict[str, Any]) -> None:
    """The model begins anew, with a note of what was."""
    run.dialogue.compacted(string(entry.get("handoff")) or "", native_id=string(entry.get("id")))


def _usage(run: _Run, entry: dict[str, Any], _message: dict[str, Any]) -> None:
    """A model was asked without an answer that is shown, to keep its cache warm for one."""
    _count(run, entry, string(entry.get("id")), None, model=string(entry.get("model")))


def _custom_message(run: _Run, entry: dict[str, Any], _message: dict[str, Any]) -> None:
    run.dialogue.injected(text_of(entry.get("content")))


def _model_change(run: _Run, entry: dict[str, Any], _message: dict[str, Any]) -> None:
    model = string(entry.get("modelId"))
    if model and run.model and model != run.model:
        run.dialogue.model(model)
    run.model = model or run.model


def _session_info(run: _Run, entry: dict[str, Any], _message: dict[str, Any]) -> None:
    if name := string(entry.get("name")):
        run.builder.title, run.builder.title_source = name, "session_info"


_Reader = Callable[[_Run, dict[str, Any], dict[str, Any]], None]

_READERS: dict[str, _Reader] = {
    "message": _message,
    "message_end": _message,
    "compaction": _compaction,
    "branch_summary": _branch,
    "context_window": _window,
    "usage": _usage,
    "custom_message": _custom_message,
    "model_change": _model_change,
    "session_info": _session_info,
}

PI = Pi()
