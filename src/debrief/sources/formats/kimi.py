"""Kimi Code's wire of an agent, and that of kimi-cli before it, in; one Session out, sub-agents included.

The main agent's wire is the session. Each sub-agent has a wire of its own beside it, and `state.json` above
them all knows the session's id, title and folder: a wire alone does not say which session it is.
"""

import hashlib
import re
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.dialogue import Dialogue, named
from debrief.sources.documents import head_lines, whole
from debrief.sources.kimi.old_wire import OldWire, is_old_wire
from debrief.sources.kimi.usage import Usage
from debrief.sources.kimi.wire import Wire, is_wire
from debrief.sources.records import compact_json, mapping, records, string, timestamp_us
from debrief.sources.source import Clean, Companions, Document, Transcript

_LINES_TRIED = 20
_SESSION = re.compile(r"(session_[0-9a-zA-Z-]{8,100})(?:[/\\]|$)")
_AGENT = re.compile(r"([\w.-]+)[/\\]wire\.jsonl$|_(agent-\w+)\.jsonl$")


class Kimi(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "kimi"
    title: str = "Kimi Code"
    version: int = 2
    roots: tuple[str, ...] = (
        "~/.kimi-code/sessions",
        "$KIMI_CODE_HOME/sessions",
        "~/.kimi/sessions",
        "$KIMI_SHARE_DIR/sessions",
    )
    suffixes: tuple[str, ...] = ("wire.jsonl",)
    companions: tuple[Companions, ...] = (
        Companions("wire.jsonl", "../agent-*/wire.jsonl"),
        Companions("wire.jsonl", "subagents/*/wire.jsonl"),
        Companions("wire.jsonl", "../../state.json"),
        Companions("wire.jsonl", "state.json"),
    )

    def recognises(self, head: bytes) -> bool:
        """Whether one of the first records is of a wire."""
        return any(is_wire(record) or is_old_wire(record) for record in head_lines(head, _LINES_TRIED))

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        run = _Run(builder)
        main = run.read(transcript.main)
        for companion in transcript.companions:
            if companion.name.endswith("state.json"):
                run.state(companion)
        if not main.wire.is_subagent:
            for companion in transcript.companions:
                if companion.name.endswith(".jsonl"):
                    run.subagent(companion, told=main.old.agents)
        if not run.read_any:
            raise NotATranscript("a Kimi wire without a single turn")
        yield run.finish(main)


class _Reading(msgspec.Struct):
    """One wire that was read."""

    wire: Wire
    old: OldWire
    agent: str | None = None
    cut_off: bool = False
    first: str = ""


class _Run:
    """One session while its wires are read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.dialogue = Dialogue(builder)
        self.read_any = False

    def read(self, document: Document, agent: str | None = None) -> _Reading:
        """Write what one wire tells."""
        usage = Usage(self.dialogue)
        reading = _Reading(Wire(self.dialogue, usage), OldWire(self.dialogue, usage))
        place = f"{agent}: line" if agent else "line"
        began: list[object] = []
        with document.open() as stream:
            for record in records(stream):
                if record.fault is not None:
                    reading.cut_off = record.cut_off
                    self.builder.fault(f"{place} {record.line}: {record.fault}")
                    self.builder.opaque(record.fault, line=record.line, text=record.raw)
                    continue
                value = mapping(record.value)
                if not (reading.wire.read_any or reading.old.read_any):
                    began.append(value)
                reading.agent = reading.agent or string(value.get("agentId"))
                self._record(reading, value, record.line)
        reading.first = hashlib.sha256(compact_json(began).encode("utf-8", "replace")).hexdigest()[:32]
        self.read_any = self.read_any or reading.wire.read_any or reading.old.read_any
        return reading

    def state(self, document: Document) -> None:
        """Read what `state.json` knows of the session."""
        found = whole(document)
        if found.fault:
            self.builder.fault(f"state.json: {found.fault}")
        state = mapping(found.value)
        homes = [string(mapping(agent).get("homedir")) for agent in mapping(state.get("agents")).values()]
        by_home = next((match.group(1) for home in homes if home and (match := _SESSION.search(home))), None)
        self.builder.native_id = self.builder.native_id or named(state.get("id")) or by_home
        self.builder.cwd = self.builder.cwd or (
            string(state.get("workDir")) or string(state.get("cwd")) or string(state.get("worktree_path"))
        )
        title, given = string(state.get("title")), state.get("isCustomTitle") is True
        if title is None:  # kimi-cli has one title, and notes whether it made it up
            title, given = string(state.get("custom_title")), state.get("title_generated") is not True
        if title and self.builder.title is None:
            self.builder.title = title
            self.builder.title_source = "custom" if given else "state"

    def subagent(self, document: Document, *, told: Collection[str]) -> None:
        """Read a sub-agent's wire into the session, unless the main wire has `told` all of it."""
        found = _AGENT.search(document.name)
        agent = (found.group(1) or found.group(2)) if found else document.name.removesuffix(".jsonl")
        if agent in told:
            return
        self.dialogue.at(0, None)
        self.dialogue.subagent(agent, "")
        self.builder.agent = agent
        self.read(document, agent)
        self.builder.agent = None

    def finish(self, main: _Reading) -> Session:
        """All wires are read."""
        if self.builder.native_id is None:
            self.builder.native_id = f"wire-{main.first}"
            self.builder.fault("line 1: the wire does not say its session's id, nor does a state.json")
        if main.wire.is_subagent:
            # A sub-agent's wire alone; its session is the parent.
            self.builder.parent_id = self.builder.native_id
            if self.builder.parent_id.startswith("wire-"):
                self.builder.parent_id = None
            own = main.agent or f"agent-{main.first[:12]}"
            self.builder.native_id = f"{self.builder.native_id}:{own}"[:200]
            self.builder.relation = "subagent"
            self.builder.title = None
        self.builder.end_state, self.builder.end_reason = self.dialogue.verdict(cut_off=main.cut_off)
        return self.builder.build()

    def _record(self, reading: _Reading, value: dict[str, Any], line: int) -> None:
        moment = value.get("time", value.get("timestamp", value.get("created_at")))
        self.dialogue.at(line, timestamp_us(moment))
        message = mapping(value.get("message"))
        if "payload" in message:
            reading.old.read(message)
        elif not reading.wire.read(value):
            kind = string(value.get("type")) or ""
            self.builder.opaque(
                f"record of type '{kind[:100]}'",
                line=line,
                ts_us=self.dialogue.ts_us,
                text=compact_json(value),
            )


KIMI = Kimi()
