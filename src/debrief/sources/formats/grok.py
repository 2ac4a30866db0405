"""The history of a Grok session (`chat_history.jsonl`) in, with what lies beside it; one Session out.

Rows of the current kind have a type, older ones a role; one file may hold both. The history says neither
times nor tokens nor its session's id: those are in `summary.json` and `updates.jsonl` of the same folder.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Outcome, Session
from debrief.sources import calls
from debrief.sources.blocks import text_of, unwrapped
from debrief.sources.builder import SessionBuilder
from debrief.sources.dialogue import Dialogue, Ended
from debrief.sources.documents import head_lines
from debrief.sources.grok.beside import Beside, Call, count_turns, read_summary, read_updates
from debrief.sources.records import compact_json, mapping, records, sequence, string
from debrief.sources.source import Clean, Companions, Document, Transcript
from debrief.sources.tool_names import tool_call

_LINES_TRIED = 40
_TYPES = frozenset({"system", "user", "assistant", "reasoning", "tool_result", "backend_tool_call"})
_ROLES = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool_result"}
_ELSEWHERE = ("message", "uuid", "sessionId", "session_id", "payload", "timestamp")
_TYPED = ("", "interjection")
_EXIT = re.compile(r"^\s*exit(?: code)?:\s*(-?\d{1,10})\s*$", re.MULTILINE | re.IGNORECASE)
_EXIT_WINDOW = 400
_SPOKEN = re.compile(r"(The user [^\n]{1,200}:)\s*<user_query>(.*)</user_query>\s*(.{0,1000})", re.DOTALL)
"""What a person said while the agent was at work, and the words that the tool puts around it."""
_CUT_SHORT = ("cancelled", "interrupted")
_BACKEND = {
    "web_search_call": "web_search",
    "custom_tool_call": "x_search",
    "code_interpreter_call": "code_interpreter",
}
_OUTCOMES: dict[object, Outcome] = {"completed": "ok", "failed": "error"}


class Grok(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "grok"
    title: str = "Grok"
    version: int = 2
    roots: tuple[str, ...] = ("~/.grok/sessions", "$GROK_HOME/sessions")
    suffixes: tuple[str, ...] = ("chat_history.jsonl",)
    companions: tuple[Companions, ...] = tuple(
        Companions("chat_history.jsonl", name)
        for name in (
            "summary.json",
            "updates.jsonl",
            # Nothing is read of these; they are no transcripts of their own.
            "signals.json",
            "events.jsonl",
            "prompt_context.json",
            "usage.json",
        )
    )

    def recognises(self, head: bytes) -> bool:
        """Whether the first records are rows of a history, and one of them has a mark of Grok's."""
        rows = list(head_lines(head, _LINES_TRIED))
        if not rows or not _kind(rows[0]) or any(name in row for row in rows for name in _ELSEWHERE):
            return False
        return any(_is_marked(row) for row in rows)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        beside, model = Beside(), None
        for companion in transcript.companions:
            if companion.name.endswith("summary.json"):
                model = read_summary(builder, companion)
            elif companion.name.endswith("updates.jsonl"):
                read_updates(builder, companion, beside)
        run = _Run(builder, beside)
        cut_off = run.read_all(transcript.main)
        if not run.read_any:
            raise NotATranscript("a Grok history without a single message")
        count_turns(builder, beside.turns, run.model or model)
        yield run.finish(cut_off=cut_off)


class _Run:
    """One session while its history is read."""

    def __init__(self, builder: SessionBuilder, beside: Beside) -> None:
        self.builder = builder
        self.dialogue = Dialogue(builder)
        self.beside = beside
        self.read_any = False
        self.model: str | None = None
        self._began: list[dict[str, Any]] = []
        self._answered = False
        self._backend: set[str] = set()

    def read_all(self, document: Document) -> bool:
        """Read the history; whether it breaks off."""
        cut_off = False
        with document.open() as stream:
            for record in records(stream):
                if record.fault is not None:
                    cut_off = record.cut_off
                    self.builder.fault(f"line {record.line}: {record.fault}")
                    self.builder.opaque(record.fault, line=record.line, text=record.raw)
                    continue
                row = mapping(record.value)
                self.dialogue.at(record.line, None)
                kind = _kind(row)
                if not self._answered:
                    self._began.append(row)
                    self._answered = kind == "assistant"
                if kind:
                    self.read_any = self.read_any or kind in ("user", "assistant")
                    _READERS[kind](self, row)
                else:
                    self.builder.opaque(
                        f"record of type '{str(row.get('type'))[:100]}'",
                        line=record.line,
                        text=compact_json(record.value),
                    )
        return cut_off

    def finish(self, *, cut_off: bool) -> Session:
        """Everything is read."""
        if self.builder.native_id is None:
            began = compact_json(self._began).encode("utf-8", "replace")
            self.builder.native_id = f"history-{hashlib.sha256(began).hexdigest()[:32]}"
            self.builder.fault(
                "line 1: the history does not say its session's id (summary.json beside it does)"
            )
        if self.beside.stop_reason in _CUT_SHORT and self.dialogue.state == "running":
            self.dialogue.interrupted()
        self.builder.end_state, self.builder.end_reason = self.dialogue.verdict(cut_off=cut_off)
        return self.builder.build()

    def system(self, row: dict[str, Any]) -> None:
        """The instructions that the model is given."""
        self.dialogue.injected(text_of(row.get("content")))

    def user(self, row: dict[str, Any]) -> None:
        """What a person typed, or what the tool put in a user's place and says so."""
        if row.get("prior_turn_interrupt"):
            self.dialogue.interrupted(str(row["prior_turn_interrupt"])[:200])
        text = text_of(row.get("content"))
        if (string(row.get("synthetic_reason")) or "") not in _TYPED:
            self.dialogue.injected(text)
            return
        injected, typed = unwrapped(text)
        if spoken := _SPOKEN.fullmatch(typed):
            before, typed, after = (part.strip() for part in spoken.groups())
            injected += [before, *([after] if after else [])]
        for piece in injected:
            self.dialogue.injected(piece)
        if typed:
            self.dialogue.prompt(typed)

    def reasoning(self, row: dict[str, Any]) -> None:
        """Thoughts, as far as they are readable."""
        self.dialogue.thinks(_thoughts(row), native_id=string(row.get("id")))

    def assistant(self, row: dict[str, Any]) -> None:
        """An answer: thoughts of older rows, text, calls."""
        model = string(row.get("model_id"))
        if model and self.model and model != self.model:
            self.dialogue.model(model)
        self.model = model or self.model
        thought = string(mapping(row.get("reasoning")).get("text")) or string(row.get("reasoning_content"))
        for item in map(mapping, sequence(row.get("raw_output"))):
            if item.get("type") == "reasoning":
                thought = thought or _thoughts(item)
            elif item.get("type") in _BACKEND:
                self.backend({"kind": item})
        self.dialogue.thinks(thought or "")
        self.dialogue.says(text_of(row.get("content")))
        for item in map(mapping, sequence(row.get("tool_calls"))):
            function = mapping(item.get("function"))
            name = item.get("name") or function.get("name")
            arguments = item.get("arguments") or function.get("arguments") or item.get("input")
            call_id = string(item.get("id")) or string(item.get("tool_call_id"))
            self.dialogue.at(self.dialogue.line, self._known(call_id).began_us)
            self.dialogue.calls(tool_call(name, arguments), call_id)

    def tool_result(self, row: dict[str, Any]) -> None:
        """A result. The history has no flag for failures: the updates have one, and a shell says its exit."""
        call_id = string(row.get("tool_call_id"))
        text = text_of(row.get("content"))
        known, call = self._known(call_id), self.dialogue.call_of(call_id)
        code = _exit_code(text) if call is None or call.kind == "shell" else None
        outcome = known.outcome
        if code is not None and outcome in ("unknown", "ok"):
            outcome = "error" if code else "ok"
        took = None
        if known.began_us is not None and known.ended_us is not None and known.ended_us >= known.began_us:
            took = (known.ended_us - known.began_us) // 1000
        self.dialogue.at(self.dialogue.line, known.ended_us)
        self.dialogue.result(call_id, text, Ended(outcome, code, took))

    def backend(self, row: dict[str, Any]) -> None:
        """A tool that runs at the model's service: call and result in one."""
        item = mapping(row.get("kind")) or row
        own = string(item.get("id"))
        if own in self._backend:
            return
        if own:
            self._backend.add(own)
        name = string(item.get("tool_type")) or _BACKEND.get(str(item.get("type"))) or "unknown"
        asked = next((item[part] for part in ("action", "input", "code") if item.get(part)), None)
        read = tool_call(name, asked)
        call = calls.Call(tool=name, kind=read.kind, command=read.command, args=read.args)
        call_id = self.dialogue.calls(call, own)
        text = compact_json(item["outputs"]) if item.get("outputs") else ""
        self.dialogue.result(own or call_id, text, Ended(_OUTCOMES.get(item.get("status"), "unknown")))

    def _known(self, call_id: str | None) -> Call:
        return self.beside.calls.get(call_id or "") or Call()


def _kind(row: dict[str, Any]) -> str | None:
    kind = row.get("type")
    if isinstance(kind, str) and kind in _TYPES:
        return kind
    role = row.get("role")
    return _ROLES.get(role) if isinstance(role, str) else None


def _is_marked(row: dict[str, Any]) -> bool:
    kind = _kind(row)
    if kind == "system":
        return (string(row.get("content")) or "").startswith("You are Grok")
    if kind == "user":
        return row.get("type") == "user" and ("prompt_index" in row or "synthetic_reason" in row)
    if kind == "assistant":
        return isinstance(row.get("model_id"), str)
    return kind == "backend_tool_call" and "tool_type" in mapping(row.get("kind"))


def _thoughts(row: dict[str, Any]) -> str:
    parts = [text_of(row.get(name)) for name in ("summary", "content") if row.get(name)]
    return "\n\n".join(part for part in parts if part)


def _exit_code(text: str) -> int | None:
    found = _EXIT.search(text[:_EXIT_WINDOW]) or _EXIT.search(text[-_EXIT_WINDOW:])
    return int(found.group(1)) if found else None


_READERS: dict[str, Callable[[_Run, dict[str, Any]], None]] = {
    "system": _Run.system,
    "user": _Run.user,
    "reasoning": _Run.reasoning,
    "assistant": _Run.assistant,
    "tool_result": _Run.tool_result,
    "backend_tool_call": _Run.backend,
}

GROK = Grok()
