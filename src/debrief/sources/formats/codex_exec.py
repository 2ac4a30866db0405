"""Codex without a screen: what `codex exec --json` prints, in; one Session for each thread out.

The stream has items that begin, change and end, but no times, no prompt and no folder: those are only in the
rollout of the same thread. Its token counts are cumulative since the thread began.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from debrief.model import FileEdit, Outcome, Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.codex.calls import Call, shell_call, tool_call
from debrief.sources.codex.ending import Ending
from debrief.sources.codex.meta import unnamed
from debrief.sources.codex.results import content_text, exit_code_of, outcome_of_exit
from debrief.sources.codex.tools import Ended, Tools
from debrief.sources.codex.usage import Ledger, buckets, totals
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, mapping, sequence, string, timestamp_us
from debrief.sources.runs import sessions_of
from debrief.sources.source import Clean, Companions, Transcript

_STREAM = frozenset(
    {"thread.started", "turn.started", "turn.completed", "turn.failed"}
    | {"item.started", "item.updated", "item.completed"}
)
_LINES_TRIED = 50
"""A log may hold the other output of the command before the stream begins."""

_OUTCOMES: dict[str, Outcome] = {"completed": "ok", "failed": "error", "declined": "rejected"}


class CodexExec(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "codex_exec"
    title: str = "Codex (headless)"
    version: int = 4
    roots: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether the first record that can be read is one of the stream."""
        for line in head.lstrip(b"\xef\xbb\xbf").split(b"\n", _LINES_TRIED)[:_LINES_TRIED]:
            try:
                value = msgspec.json.decode(line.strip(b" \t\r\x00"))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if isinstance(value, dict):
                return _is_of_stream(value)
        return False

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield a session for each thread of the stream; one log may hold several runs."""
        yield from sessions_of(
            transcript.main, lambda: _Run(self._builder(clean)), "no record of this file can be read"
        )

    def _builder(self, clean: Clean) -> SessionBuilder:
        return SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name="Codex", clean=clean
        )


class _Run:
    """One thread while its part of the stream is read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.builder.surface = "codex_exec"
        self.pulls = PullRequests(builder)
        self.tools = Tools(builder, self.pulls)
        self.ending = Ending()
        self.read_any = False
        self.place = Place(0, None)
        self._ledger = Ledger()
        self._first: dict[str, Any] = {}
        self._turn = 0
        self._plans: dict[str, str] = {}
        self._last_error = ""

    def belongs_elsewhere(self, value: dict[str, Any]) -> bool:
        """Whether `value` begins another thread than this one."""
        thread = string(value.get("thread_id"))
        known = self.builder.native_id
        return value.get("type") == "thread.started" and bool(thread and known and thread != known)

    def read(self, value: dict[str, Any], line: int) -> None:
        """Write what one record tells."""
        kind = string(value.get("type")) or ""
        self.place = Place(line, timestamp_us(value.get("timestamp")))
        self.builder.saw(self.place.ts_us)
        self.read_any = self.read_any or kind in _STREAM
        self._first = self._first or value
        if kind == "thread.started":
            self.builder.native_id = string(value.get("thread_id")) or self.builder.native_id
        elif kind == "turn.started":
            self._turn += 1
            self._item_ids_begin_anew()
            self.ending.began()
        elif kind == "turn.completed":
            self._turn_completed(mapping(value.get("usage")))
        elif kind == "turn.failed":
            self._failed(mapping(value.get("error")))
            self.ending.failed()
            self.ending.completed(answered=False)
        elif kind == "error":
            self._failed(value)
        elif kind in ("item.started", "item.updated", "item.completed"):
            self._item(mapping(value.get("item")), kind)
        elif kind != "item.plan.delta":
            self.builder.opaque(f"record of type '{kind}'", line=line, ts_us=self.place.ts_us)

    def finish(self, *, cut_off: bool) -> Session:
        """The thread's stream is over."""
        self.tools.settle()
        if self.builder.native_id is None:
            self.builder.native_id = unnamed(self._first)
            self.builder.fault("line 1: the stream does not say its thread's id")
        self.builder.end_state, self.builder.end_reason = self.ending.judge(
            cut_off=cut_off, open_calls=self.tools.open_count
        )
        return self.builder.build()

    def event(self, kind: Any, actor: Any, text: str, item: dict[str, Any]) -> int:  # noqa: ANN401 (handed on)
        """Write an event of the current record."""
        return self.builder.event(
            kind,
            actor,
            text=text,
            line=self.place.line,
            ts_us=self.place.ts_us,
            native_id=string(item.get("id")),
        )

    def call_id(self, item: dict[str, Any]) -> str:
        """Items are numbered within one run of the command, and a thread may have several."""
        return f"{self._turn}:{string(item.get('id')) or f'line-{self.place.line}'}"

    def plan(self, item: dict[str, Any]) -> None:
        """A to-do list that changed; the list is one item that is repeated whenever it does."""
        steps = [mapping(step) for step in sequence(item.get("items"))]
        lines = [
            f"[{'x' if step.get('completed') else ' '}] {string(step.get('text')) or ''}" for step in steps
        ]
        text = "\n".join(lines)
        if self._plans.get(self.call_id(item)) == text:
            return
        self._plans[self.call_id(item)] = text
        self.whole(Call(tool="update_plan", kind="plan", args=text), f"plan:{self.place.line}", Ended("ok"))

    def whole(self, call: Call, call_id: str, ended: Ended) -> None:
        """Write a call and its end from one record."""
        self.tools.call(call, call_id, self.place)
        self.tools.ended(call_id, ended, self.place)
        self.tools.settle()

    def _item(self, item: dict[str, Any], stage: str) -> None:
        kind = string(item.get("type")) or string(item.get("item_type")) or ""
        reader = _READERS.get(kind)
        if reader is None:
            if stage == "item.completed":
                self.builder.opaque(f"record of type 'item/{kind}'", line=self.place.line)
            return
        reader(self, item, stage)

    def _turn_completed(self, usage: dict[str, Any]) -> None:
        self.tools.settle()
        self.event("turn_end", "assistant", "", {})
        self.ending.completed(answered=True)
        total = totals(usage)
        used = self._ledger.used(total, {})
        if used is not None:
            key = f"{self.builder.native_id}:{sum(total.values())}"
            self.builder.model_call(key, model=None, tokens=buckets(used), ts_us=self.place.ts_us)

    def _failed(self, error: dict[str, Any]) -> None:
        text = string(error.get("message")) or content_text(error.get("error")) or "unknown error"
        # The stream says the error itself, and then that the turn failed of it.
        if text != self._last_error:
            self.event("api_error", "system", text, {})
        self._last_error = text
        self.ending.failed()

    def _item_ids_begin_anew(self) -> None:
        self._last_error = ""
        self._plans.clear()


def _message(run: _Run, item: dict[str, Any], stage: str) -> None:
    text = string(item.get("text"))
    if stage == "item.completed" and text:
        ordinal = run.event("message", "assistant", text, item)
        run.pulls.in_text(text, ordinal)
        run.ending.saw("answer")


def _reasoning(run: _Run, item: dict[str, Any], stage: str) -> None:
    text = string(item.get("text"))
    if stage == "item.completed" and text:
        run.event("reasoning", "assistant", text, item)
        run.ending.saw("work")


def _notice(run: _Run, item: dict[str, Any], stage: str) -> None:
    """An error that did not end anything: a warning that the tool puts beside the work."""
    text = string(item.get("message"))
    if stage == "item.completed" and text:
        ordinal = run.event("message", "system", text, item)
        run.builder.amend(ordinal, injected=True)


def _command(run: _Run, item: dict[str, Any], stage: str) -> None:
    text = string(item.get("aggregated_output")) or ""
    exit_code = exit_code_of(item.get("exit_code"))
    outcome = _OUTCOMES.get(string(item.get("status")) or "")
    if exit_code is not None and outcome != "rejected":
        outcome = outcome_of_exit(exit_code, text)
    call = shell_call("exec_command", item.get("command"), compact_json(item.get("command")))
    _call(run, item, stage, call, Ended(outcome, exit_code, None, text))


def _mcp(run: _Run, item: dict[str, Any], stage: str) -> None:
    server, tool = string(item.get("server")), string(item.get("tool")) or "unknown"
    error, result = mapping(item.get("error")), mapping(item.get("result"))
    text = string(error.get("message")) or content_text(sequence(result.get("content")))
    if not text and result.get("structured_content"):
        text = compact_json(result["structured_content"])
    outcome = "error" if error else _OUTCOMES.get(string(item.get("status")) or "")
    call = tool_call(tool, f"mcp__{server}" if server else "mcp__unknown", item.get("arguments"))
    _call(run, item, stage, call, Ended(outcome, None, None, text))


def _search(run: _Run, item: dict[str, Any], stage: str) -> None:
    asked = item.get("action") or item.get("query")
    args = asked if isinstance(asked, str) else compact_json(asked)
    call = Call(tool="web_search", kind="fetch", args=args)
    # A search begins without its words: only the end says what was looked for.
    if stage == "item.completed":
        run.whole(call, run.call_id(item), Ended(_OUTCOMES.get(string(item.get("status")) or "", "ok")))
        run.ending.saw("work")


def _files(run: _Run, item: dict[str, Any], stage: str) -> None:
    changes = [mapping(change) for change in sequence(item.get("changes"))]
    paths = [path for change in changes if (path := string(change.get("path")))]
    edits = tuple(FileEdit(path) for path in paths)
    call = Call(
        tool="apply_patch",
        kind="edit",
        path=paths[0] if paths else None,
        args=compact_json(item.get("changes")) if changes else "",
        edits=edits,
    )
    _call(run, item, stage, call, Ended(_OUTCOMES.get(string(item.get("status")) or "")))


def _agents(run: _Run, item: dict[str, Any], stage: str) -> None:
    task = string(item.get("prompt")) or ""
    tool = string(item.get("tool")) or "spawn_agent"
    outcome = _OUTCOMES.get(string(item.get("status")) or "")
    states = item.get("agents_states")
    text = compact_json(states) if states else ""
    _call(run, item, stage, Call(tool=tool, kind="agent", args=task), Ended(outcome, None, None, text))
    if stage == "item.completed" and tool == "spawn_agent":
        for thread in sequence(item.get("receiver_thread_ids")):
            if isinstance(thread, str):
                run.builder.agent = thread
                run.event("subagent", "assistant", task, {"id": thread})
                run.builder.agent = None


def _plan(run: _Run, item: dict[str, Any], stage: str) -> None:
    if stage != "item.completed" or "items" in item:
        run.plan(item)
        run.ending.saw("work")


def _call(run: _Run, item: dict[str, Any], stage: str, call: Call, ended: Ended) -> None:
    call_id = run.call_id(item)
    run.ending.saw("work")
    if not run.tools.knows(call_id):
        run.tools.call(call, call_id, run.place)
    if stage == "item.completed":
        run.tools.ended(call_id, ended, run.place)
        run.tools.settle()


_Reader = Callable[[_Run, dict[str, Any], str], None]

_READERS: dict[str, _Reader] = {
    "agent_message": _message,
    "assistant_message": _message,
    "plan": _message,
    "reasoning": _reasoning,
    "command_execution": _command,
    "file_change": _files,
    "mcp_tool_call": _mcp,
    "collab_tool_call": _agents,
    "web_search": _search,
    "todo_list": _plan,
    "error": _notice,
}


def _is_of_stream(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    if kind == "thread.started":
        return isinstance(value.get("thread_id"), str)
    if kind in ("item.started", "item.updated", "item.completed"):
        item = mapping(value.get("item"))
        return (string(item.get("type")) or string(item.get("item_type"))) in _READERS
    if kind == "turn.completed":
        return "input_tokens" in mapping(value.get("usage"))
    return kind in ("turn.started", "turn.failed") and "payload" not in value


CODEX_EXEC = CodexExec()
