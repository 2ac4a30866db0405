"""`claude -p --output-format stream-json`: the lines of a headless run in, a Session for each session id out.

Differs from the transcript files: no uuid tree, few times, no prompt, sub-agents marked by the call that
started them, and a `result` line that closes each run. Its totals are the truth about tokens: the messages
before it state only part of them, behind some gateways none. Lines of other programs may stand between.
"""

from collections.abc import Iterator
from typing import Any

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.claude.conversation import Conversation
from debrief.sources.claude.heads import is_stream
from debrief.sources.claude.messages import flat_text
from debrief.sources.claude.rows import session_id
from debrief.sources.claude.totals import RunTotals, StatedCall
from debrief.sources.records import Record, count, mapping, records, sequence, string, timestamp_us
from debrief.sources.source import Clean, Companions, Transcript

_PASSED_OVER = frozenset(
    [
        "stream_event",
        "rate_limit_event",
        "tool_progress",
        "tool_use_summary",
        "auth_status",
        "keep_alive",
        "control_request",
        "control_response",
        "control_cancel_request",
        "prompt_suggestion",
        "streamlined_text",
        "streamlined_tool_use_summary",
    ]
)
"""Kinds of line that are known and say nothing about what happened."""

_SYSTEM_PASSED_OVER = frozenset(
    [
        "status",
        "hook_started",
        "hook_progress",
        "hook_response",
        "task_started",
        "task_progress",
        "task_updated",
        "files_persisted",
        "session_state_changed",
        "local_command_output",
        "elicitation_complete",
        "post_turn_summary",
    ]
)

_LIMITS = {
    "error_max_turns": "The run reached its limit of turns.",
    "error_max_budget_usd": "The run reached its limit of cost.",
    "error_max_structured_output_retries": "The run gave up on an answer in the form that was asked for.",
    "error_during_execution": "The run broke off with an error.",
}


class ClaudeCodeStream:
    """See the module."""

    name = "claude_code_stream"
    title = "Claude Code (headless)"
    version = 3
    roots: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".jsonl", ".txt", ".log")
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether a line of `head` is one that only a headless run prints."""
        return is_stream(head)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield a session whenever the session id changes: a log may hold several runs."""
        run: _Run | None = None
        waiting: list[Record] = []
        found = False
        with transcript.main.open() as stream:
            for record in records(stream):
                row = mapping(record.value)
                session = session_id(row.get("session_id"))
                if session is not None and (run is None or run.session != session):
                    if run is not None:
                        yield run.close()
                    builder = SessionBuilder(
                        format_name=self.name,
                        parser_version=self.version,
                        agent_name="Claude Code",
                        clean=clean,
                    )
                    run, found = _Run(builder, session), True
                    for earlier in waiting:
                        run.record(earlier)
                    waiting.clear()
                if run is None:
                    if len(waiting) < _WAITING:
                        waiting.append(record)
                    continue
                run.record(record)
        if run is not None:
            yield run.close()
        if not found:
            raise NotATranscript("no line of a headless run names its session")


_WAITING = 1000
"""Lines before the first with a session id that are kept."""


class _HeadlessConversation(Conversation):
    """Keeps the model calls back until the run's own totals are known."""

    def __init__(self, builder: SessionBuilder) -> None:
        super().__init__(builder)
        self.calls: dict[str, StatedCall] = {}

    def count_call(
        self,
        key: str,
        model: str | None,
        tokens: Tokens,
        lower_bound: tuple[str, ...],
        event: int | None,
        place: Place,
        cache_write_1h: int | None,  # noqa: ARG002 (the run's own cost is stated: no price is needed)
        cost_usd_micros: int | None,  # noqa: ARG002 (a stream states the cost of a run, not of a call)
    ) -> None:
        call = self.calls.get(key)
        if call is None:
            self.calls[key] = StatedCall(model, tokens, lower_bound, event, place.ts_us, self._builder.agent)
        else:
            call.merge(tokens, lower_bound)


class _Run:
    """The lines of one session id."""

    def __init__(self, builder: SessionBuilder, session: str) -> None:
        self.session = session
        self.builder = builder
        self.conversation = _HeadlessConversation(builder)
        self._closed = False
        self._totals = RunTotals()
        self._seen: set[tuple[str, str | None]] = set()
        self._agents: set[str] = set()
        self._cut_off = False
        builder.native_id = session
        builder.surface = "headless"

    def record(self, record: Record) -> None:
        """Take the next line."""
        builder = self.builder
        self._cut_off = record.fault is not None
        if record.fault is not None:
            builder.fault(f"line {record.line}: {record.fault}")
            builder.opaque("unreadable line", line=record.line, text=record.raw)
            return
        row = record.value
        if not isinstance(row, dict):
            builder.opaque("a value that is no object", line=record.line)
            return
        kind = string(row.get("type"))
        place = Place(record.line, timestamp_us(row.get("timestamp")), string(row.get("uuid")))
        if place.native_id is not None:
            if (place.native_id, kind) in self._seen:
                return
            self._seen.add((place.native_id, kind))
        builder.saw(place.ts_us)
        builder.agent = None
        if kind in ("user", "assistant"):
            self._message(kind, row, place)
        elif kind == "system":
            self._system(row, place)
        elif kind == "result":
            self._ended(row, place)
        elif kind not in _PASSED_OVER:
            builder.opaque(f"record of type {kind!r}", line=place.line, ts_us=place.ts_us)

    def _message(self, kind: str, row: dict[str, Any], place: Place) -> None:
        message = mapping(row.get("message"))
        if not message:
            self.builder.opaque(f"{kind} line without a message", line=place.line, ts_us=place.ts_us)
            return
        parent = string(row.get("parent_tool_use_id"))
        self.builder.agent = parent
        if parent is not None and parent not in self._agents:
            self._agents.add(parent)
            self.conversation.subagent(f"Sub-agent of call {parent}", place)
        if kind == "assistant":
            if row.get("error") is not None and message.get("model") == "<synthetic>":
                self.conversation.api_error(flat_text(message.get("content")), place)
            else:
                self.conversation.assistant(message, place)
            return
        injected = row.get("isSynthetic") is True or row.get("isMeta") is True
        structured = row.get("tool_use_result")
        typed = self.conversation.user(message, place, injected=injected, structured=structured)
        if typed:
            self.conversation.prompt("\n\n".join(typed), place)

    def _system(self, row: dict[str, Any], place: Place) -> None:
        subtype = string(row.get("subtype"))
        builder = self.builder
        if subtype == "init":
            builder.cwd = builder.cwd or string(row.get("cwd"))
            builder.agent_version = string(row.get("claude_code_version")) or builder.agent_version
            self._closed = False
            self.conversation.ending.stands("running", "The run has begun and has no result line yet.")
        elif subtype == "compact_boundary":
            self.conversation.compaction(
                string(row.get("content")) or "Conversation compacted", place, by_hand=False
            )
        elif subtype in ("api_retry", "api_error"):
            self.conversation.api_error(_retry_text(row), place)
        elif subtype == "task_notification":
            self.conversation.note(string(row.get("summary")) or "", place)
        elif subtype not in _SYSTEM_PASSED_OVER:
            builder.opaque(f"system record of subtype {subtype!r}", line=place.line, ts_us=place.ts_us)

    def _ended(self, row: dict[str, Any], place: Place) -> None:
        """The run's own word about how it ended; a later one counts the earlier in."""
        self._closed = True
        self._totals.result(row)
        subtype = string(row.get("subtype")) or "no subtype"
        words = string(row.get("result")) or "; ".join(
            text for text in sequence(row.get("errors")) if isinstance(text, str)
        )
        self.conversation.turn_end(count(row.get("duration_ms")), place)
        ending = self.conversation.ending
        if subtype == "success" and row.get("is_error") is not True:
            turns = count(row.get("num_turns"))
            ending.stands(
                "finished", f"The run ended with success{f' after {turns} turns' if turns else ''}."
            )
            return
        reason = _LIMITS.get(subtype) or "The run ended with an error."
        if words:
            self.conversation.api_error(words, place)
        ending.stands("error", f"{reason} {self.builder.brief(words.strip())}".strip())

    def close(self) -> Session:
        """The session as it stands after its last line."""
        builder = self.builder
        builder.agent = None
        state, reason = self.conversation.ending.verdict(cut_off=self._cut_off)
        if not self._closed and state == "finished":
            state, reason = "running", "There is no result line: still at work, or killed."
        # The reason may quote the transcript, so it is cleaned like every other text of it.
        builder.end_state, builder.end_reason = state, builder.text(reason, 400)[0]
        self._totals.count_into(builder, self.session, self.conversation.calls)
        builder.native_cost_usd_micros = self._totals.cost_usd_micros
        return builder.build()


def _retry_text(row: dict[str, Any]) -> str:
    status, error = count(row.get("error_status")), string(row.get("error")) or "no words given"
    attempt, limit = count(row.get("attempt")), count(row.get("max_retries"))
    return (
        (f"HTTP {status}: " if status else "") + error + (f" (retry {attempt} of {limit})" if attempt else "")
    )


CLAUDE_CODE_STREAM = ClaudeCodeStream()
