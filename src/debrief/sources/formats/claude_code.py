"""Claude Code: `~/.claude/projects/<folder>/<session>.jsonl` and its sub-agents' files in, one Session out.

No schema is published, and every month brings new kinds of record: what is not known here becomes opaque.
Traps: a response is spread over rows that repeat its usage; rows of another session may be replayed first;
sub-agents stand in files of their own, in `progress` rows, or inline as side chains, and count once; rows of
one uuid may come twice; queued prompts may never become user rows; a summary may be another session's title.
Rewound branches stay where they are: they happened, cost tokens and explain what follows.
"""

from collections.abc import Callable, Iterator
from typing import Any

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.claude.conversation import Conversation
from debrief.sources.claude.files import (
    FileIds,
    agent_of,
    document_records,
    file_ids,
    own_session_id,
    subagents,
)
from debrief.sources.claude.heads import is_transcript
from debrief.sources.claude.outputs import kept_outputs
from debrief.sources.claude.places import COMPANIONS, ROOTS
from debrief.sources.claude.prompts import pieces
from debrief.sources.claude.queue import PromptQueue
from debrief.sources.claude.rows import (
    ATTACHMENTS_PASSED_OVER,
    PROGRESS_PASSED_OVER,
    RECORDS_PASSED_OVER,
    SYSTEM_PASSED_OVER,
    error_text,
    is_human,
    is_injected,
    session_id,
    text_of,
)
from debrief.sources.claude.totals import micros
from debrief.sources.records import Record, count, mapping, string, timestamp_us
from debrief.sources.source import Clean, Companions, Document, Transcript

_AGENT_ROWS = frozenset(("user", "assistant", "system", "progress", "attachment"))
"""Rows of a sub-agent's file that are of interest: titles and queues are the session's own."""


class ClaudeCode:
    """See the module."""

    name = "claude_code"
    title = "Claude Code"
    version = 4
    roots: tuple[str, ...] = ROOTS
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = COMPANIONS

    def recognises(self, head: bytes) -> bool:
        """Whether `head` holds rows, or side records, as only Claude Code writes them."""
        return is_transcript(head)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of `transcript`."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        reading = _Reading(builder, transcript)
        reading.run()
        if all(event.kind == "opaque" for event in builder.events):
            raise NotATranscript("a Claude Code file without a single message")
        yield builder.build()


class _Reading:
    """One parse: the rows of the main file in order, then those of each sub-agent's file."""

    def __init__(self, builder: SessionBuilder, transcript: Transcript) -> None:
        self.builder = builder
        self.conversation = Conversation(builder)
        self._main = transcript.main
        self._queue = PromptQueue(self.conversation)
        self._seen: set[tuple[str, object, object]] = set()
        self._uuids: set[str] = set()
        self._titles: dict[str, str] = {}
        self._summaries: list[tuple[str, str | None]] = []
        self._side_chains: dict[str, str] = {}
        self._side_chain_count = 0
        self._agents: set[str] = set()
        self._own_seen = False
        self._cut_off = False
        self._kinds: dict[str, Callable[[dict[str, Any], Place], None]] = {
            "user": self._user,
            "assistant": self._assistant,
            "system": self._system,
            "progress": self._progress,
            "attachment": self._attachment,
            "queue-operation": self._queue.operation,
            "summary": self._summary,
            "custom-title": lambda record, _: self._title("customTitle", record),
            "ai-title": lambda record, _: self._title("aiTitle", record),
            "pr-link": self._pull_request,
            "worktree-state": self._worktree,
            "bridge-session": self._owner,
        }
        ids = file_ids(self._main)
        self._alone = agent_of(ids, self._main.name)
        self._session = own_session_id(ids, self._main.name)
        self._sessions = ids.sessions
        self._name(ids)
        self._companions: list[tuple[str, Document]] = []
        if self._alone is None:
            self._companions, foreign = subagents(transcript.companions, self._session)
            for name in foreign:
                builder.fault(f"{name}: its rows are of another session, they are not counted here")
            self.conversation.outputs = kept_outputs(transcript.companions)
        self._with_file = {agent for agent, _ in self._companions}

    def _name(self, ids: FileIds) -> None:
        builder = self.builder
        builder.native_id = self._session
        if self._alone is not None:
            builder.native_id = f"agent-{self._alone}"
            builder.relation = "subagent"
            if ids.sessions and self._session != builder.native_id:
                builder.parent_id = self._session

    def run(self) -> None:
        """Read every file, then settle what only the end shows."""
        record = Record(0)
        for record in document_records(self._main):
            self._record(record)
        self._cut_off = record.fault is not None
        self.builder.agent = None
        self.builder.replaying = False
        self._queue.left_over()
        for agent, document in self._companions:
            self.builder.agent = agent
            self._subagent(agent, f"Sub-agent {agent}", Place(0))
            for record in document_records(document):
                self._record(record, agent)
        self.builder.agent = None
        state, reason = self.conversation.ending.verdict(cut_off=self._cut_off)
        # The reason may quote the transcript, so it is cleaned like every other text of it.
        self.builder.end_state, self.builder.end_reason = state, self.builder.text(reason, 400)[0]
        self._settle_title()

    def _record(self, record: Record, agent: str | None = None) -> None:
        builder = self.builder
        if record.fault is not None:
            where = f"line {record.line}" if agent is None else f"sub-agent {agent}, line {record.line}"
            builder.fault(f"{where}: {record.fault}")
            builder.opaque("unreadable line", line=record.line, text=record.raw)
            return
        row = record.value
        if not isinstance(row, dict):
            builder.opaque("a value that is no object", line=record.line)
            return
        kind = string(row.get("type"))
        place = Place(record.line, timestamp_us(row.get("timestamp")), string(row.get("uuid")))
        if place.native_id is not None:
            key = (place.native_id, kind, row.get("timestamp") if place.ts_us is not None else None)
            if key in self._seen:
                return
            self._seen.add(key)
            self._uuids.add(place.native_id)
        self._chain(row, agent, place)
        if not builder.replaying:
            builder.saw(place.ts_us)
        if agent is not None and kind not in _AGENT_ROWS:
            return
        handler = self._kinds.get(kind) if kind else None
        if handler is not None:
            handler(row, place)
        elif kind not in RECORDS_PASSED_OVER:
            builder.opaque(f"record of type {kind!r}", line=record.line, ts_us=place.ts_us)

    def _chain(self, row: dict[str, Any], agent: str | None, place: Place) -> None:
        """Whose row it is: set the builder's agent and whether it is replayed, and note where and what."""
        builder = self.builder
        builder.agent = agent
        if agent is None:
            self._replay(row)
            if row.get("isSidechain") is True and self._alone is None and not is_human(row):
                builder.agent = self._side_chain(row, place)
        if builder.agent is not None or builder.replaying:
            return
        builder.cwd = builder.cwd or string(row.get("cwd")) or string(row.get("project"))
        builder.branch = string(row.get("gitBranch")) or builder.branch
        builder.agent_version = string(row.get("version")) or builder.agent_version
        if builder.surface is None and (surface := string(row.get("entrypoint"))):
            builder.surface = f"{surface} (background)" if row.get("sessionKind") == "bg" else surface

    def _replay(self, row: dict[str, Any]) -> None:
        """Rows of another session before the first own one are its history, written here once more."""
        builder = self.builder
        forked = string(mapping(row.get("forkedFrom")).get("sessionId"))
        if forked is not None and forked != self._session:
            builder.replaying, builder.relation, builder.parent_id = True, "fork", forked
            return
        session = session_id(row.get("sessionId"))
        if session is None or self._own_seen:
            builder.replaying = builder.replaying and session is None
        elif session == self._session:
            self._own_seen = "uuid" in row
            builder.replaying = False
        elif len(self._sessions) > 1 and "uuid" in row:
            builder.replaying, builder.relation, builder.parent_id = True, "resume", session

    def _side_chain(self, row: dict[str, Any], place: Place) -> str:
        """Old versions write sub-agents inline: rows of one chain hang together by their parents."""
        agent = string(row.get("agentId")) or self._side_chains.get(string(row.get("parentUuid")) or "")
        if agent is None:
            self._side_chain_count += 1
            agent = f"sidechain-{self._side_chain_count}"
        if place.native_id is not None:
            self._side_chains[place.native_id] = agent
        return agent

    def _subagent(self, agent: str, what: str, place: Place) -> None:
        if agent not in self._agents:
            self._agents.add(agent)
            self.conversation.subagent(what, place)

    def _user(self, row: dict[str, Any], place: Place) -> None:
        message = mapping(row.get("message"))
        if not message:
            self.builder.opaque("user row without a message", line=place.line, ts_us=place.ts_us)
            return
        builder = self.builder
        if row.get("isCompactSummary") is True:
            self._continued(str(message.get("content")))
            self.conversation.summary(text_of(message), place)
            return
        if not self.conversation.spoken and isinstance(message.get("content"), str):
            self._continued(message["content"])
        typed = self.conversation.user(
            message,
            place,
            injected=is_injected(row),
            structured=row.get("toolUseResult"),
            denial=row.get("toolDenialKind"),
        )
        if not typed:
            return
        text = "\n\n".join(typed)
        if builder.agent is None and self._alone is None:
            if not builder.replaying:
                # What was queued had something to wait for: it is not what the session began with.
                builder.initial_user_message = builder.initial_user_message or text
            self._queue.row(text, place)
            return
        if self._alone is not None:
            builder.initial_user_message = builder.initial_user_message or text
            self.conversation.note(text, place)
            self.conversation.spoken = True
            self.conversation.ending.prompted()
        else:
            self.conversation.prompt(text, place)

    def _continued(self, text: str) -> None:
        """A file that begins with a summary goes on from a session that another file holds."""
        from_other = (
            not self.conversation.spoken and self.builder.agent is None and not self.builder.replaying
        )
        if from_other and text.startswith("This session is being continued"):
            self.builder.relation = "continuation"

    def _assistant(self, row: dict[str, Any], place: Place) -> None:
        message = mapping(row.get("message"))
        if not message:
            self.builder.opaque("assistant row without a message", line=place.line, ts_us=place.ts_us)
        elif row.get("isApiErrorMessage") is True:
            self.conversation.api_error(text_of(message), place)
        else:
            # The first versions say what each call cost; a zero there means that nobody reckoned it.
            self.conversation.assistant(message, place, micros(row.get("costUSD")) or None)

    def _system(self, row: dict[str, Any], place: Place) -> None:
        subtype = string(row.get("subtype"))
        content = string(row.get("content")) or ""
        if subtype == "compact_boundary":
            by_hand = mapping(row.get("compactMetadata")).get("trigger") == "manual"
            self.conversation.compaction(content, place, by_hand=by_hand)
        elif subtype in ("api_error", "error", "api_refusal"):
            self.conversation.api_error(error_text(row), place)
        elif subtype == "model_refusal_fallback":
            self.conversation.model_named(string(row.get("fallbackModel")), place)
        elif subtype == "turn_duration":
            self.conversation.turn_end(count(row.get("durationMs")), place)
        elif subtype == "local_command":
            for piece in pieces(content):
                self.conversation.note(piece.text, place)
        elif subtype == "stop_hook_summary" and self.builder.agent is None:
            if row.get("preventedContinuation") is not True:
                self.conversation.ending.turned()
        elif subtype not in SYSTEM_PASSED_OVER:
            text = content or error_text(row)
            self.builder.opaque(
                f"system record of subtype {subtype!r}", line=place.line, ts_us=place.ts_us, text=text
            )

    def _progress(self, row: dict[str, Any], place: Place) -> None:
        """The only trace of a sub-agent whose own file is not at hand."""
        data = mapping(row.get("data"))
        kind = string(data.get("type"))
        if kind != "agent_progress":
            if kind not in PROGRESS_PASSED_OVER:
                self.builder.opaque(f"progress of type {kind!r}", line=place.line, ts_us=place.ts_us)
            return
        inner = mapping(data.get("message"))
        message = mapping(inner.get("message"))
        agent = string(data.get("agentId")) or string(row.get("parentToolUseID")) or "sub-agent"
        if not message or agent in self._with_file:
            return
        self.builder.agent = agent
        self._subagent(agent, f"Sub-agent {agent}", place)
        inner_id = string(inner.get("uuid")) or place.native_id
        if inner_id is not None:
            key = (inner_id, "agent_progress", agent)
            if key in self._seen:
                return
            self._seen.add(key)
        place = Place(place.line, timestamp_us(inner.get("timestamp")) or place.ts_us, inner_id)
        if inner.get("type") == "assistant":
            self.conversation.assistant(message, place)
        else:
            typed = self.conversation.user(
                message, place, injected=True, structured=inner.get("toolUseResult")
            )
            self.conversation.note("\n\n".join(typed), place)

    def _attachment(self, row: dict[str, Any], place: Place) -> None:
        attachment = mapping(row.get("attachment"))
        kind = string(attachment.get("type"))
        if kind == "queued_command":
            self._queue.attachment(attachment, place, injected=is_injected(row | attachment))
        elif kind == "hook_blocking_error":
            blocking = mapping(attachment.get("blockingError"))
            self.conversation.note(string(blocking.get("blockingError")) or "", place)
        elif kind not in ATTACHMENTS_PASSED_OVER and not (kind or "").startswith("hook_"):
            self.builder.opaque(f"attachment of type {kind!r}", line=place.line, ts_us=place.ts_us)

    def _summary(self, row: dict[str, Any], _: Place) -> None:
        if text := string(row.get("summary")):
            self._summaries.append((text, string(row.get("leafUuid"))))

    def _title(self, field: str, row: dict[str, Any]) -> None:
        if (text := string(row.get(field))) and string(row.get("sessionId")) in (None, self._session):
            self._titles[field] = text

    def _settle_title(self) -> None:
        """A person's title, the model's, then the last summary of a chain that this file really holds."""
        summary = next((text for text, leaf in reversed(self._summaries) if leaf in self._uuids), None)
        for source, title in (
            ("custom-title", self._titles.get("customTitle")),
            ("ai-title", self._titles.get("aiTitle")),
            ("summary", summary),
        ):
            if title and title.strip():
                self.builder.title, self.builder.title_source = title.strip(), source
                return

    def _pull_request(self, row: dict[str, Any], place: Place) -> None:
        if self.builder.replaying:
            return
        if url := string(row.get("prUrl")):
            event = max(0, self.builder.event_count - 1)
            repository = string(row.get("prRepository"))
            self.conversation.pulls.native(
                url, event, number=count(row.get("prNumber")), repository=repository
            )
            self.builder.repository = self.builder.repository or repository
        else:
            self.builder.opaque("pr-link without a URL", line=place.line, ts_us=place.ts_us)

    def _owner(self, row: dict[str, Any], _: Place) -> None:
        """The account to which a session at a distance is bound: the only user that a transcript names."""
        if not self.builder.replaying:
            self.builder.user = self.builder.user or string(row.get("ownerAccountUuid"))

    def _worktree(self, row: dict[str, Any], _: Place) -> None:
        state = mapping(row.get("worktreeSession"))
        self.builder.commit = self.builder.commit or string(state.get("originalHeadCommit"))


CLAUDE_CODE = ClaudeCode()
