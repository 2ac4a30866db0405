"""GitHub Copilot CLI: `~/.copilot/session-state/<session>/events.jsonl` in, one Session out.

The records are the events of the agent's runtime, of which those called ephemeral never reach the disk: among
them the token counts of each request. Traps: a call is asked for in a message and begun in another record;
`success` is not the exit code; sub-agents' events stand between the others; the user's text has a twin with
reminders; half of all records are of hooks.
"""

from collections.abc import Iterator
from typing import Any

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.copilot.events import Events
from debrief.sources.copilot.workspace import read_workspace
from debrief.sources.dialogue import named
from debrief.sources.documents import head_lines
from debrief.sources.records import compact_json, mapping, records, string, timestamp_us
from debrief.sources.runs import note_fault
from debrief.sources.source import Clean, Companions, Transcript

_LINES_TRIED = 20

_TELLING = frozenset({"assistant.message", "assistant.turn_start", "tool.execution_start", "user.message"})
"""Records that only this agent writes; a part of a transcript may begin with any of them."""


class CopilotCli:
    """See the module."""

    name = "copilot_cli"
    title = "GitHub Copilot CLI"
    version = 2
    roots: tuple[str, ...] = ("~/.copilot/session-state", "$COPILOT_HOME/session-state")
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = (Companions("events.jsonl", "workspace.yaml"),)

    def recognises(self, head: bytes) -> bool:
        """Whether the first records that can be read are events of Copilot's runtime."""
        for value in head_lines(head, _LINES_TRIED):
            data = value.get("data")
            kind = value.get("type")
            if not isinstance(data, dict):
                return False
            if kind == "session.start":
                return isinstance(data.get("sessionId"), str) and (
                    "copilotVersion" in data or "parentId" in value or "context" in data
                )
            if isinstance(kind, str) and kind in _TELLING and "parentId" in value:
                return True
        return False

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of `transcript`."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        reading = _Reading(builder)
        reading.run(transcript)
        if not any(event.kind not in ("opaque", "model_change") for event in builder.events):
            raise NotATranscript("a Copilot session that was opened and left without a message")
        yield builder.build()


class _Reading:
    """One parse: the records in order, then what only the end and the file beside it show."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self._events = Events(builder)
        self._seen: dict[str, int] = {}
        self._lines: dict[str, int] = {}
        self._cut_off = False

    def run(self, transcript: Transcript) -> None:
        """Read every record, then settle."""
        with transcript.main.open() as stream:
            for record in records(stream):
                self._cut_off = record.cut_off
                if note_fault(self.builder, record):
                    continue
                if isinstance(record.value, dict):
                    self._record(record.value, record.line)
                else:
                    self.builder.fault(f"line {record.line}: not an object")
                    self.builder.opaque("not an object", line=record.line, text=compact_json(record.value))
        self._events.finish(cut_off=self._cut_off)
        for document in transcript.companions:
            if document.name.rpartition("/")[2] == "workspace.yaml":
                self._workspace(read_workspace(document))
        if self.builder.native_id is None:
            self.builder.native_id = _id_by_name(transcript.main.name)
            if self.builder.native_id is None:
                self.builder.fault("line 1: the transcript does not say its session's id")

    def _record(self, value: dict[str, Any], line: int) -> None:
        kind = string(value.get("type")) or ""
        native_id = string(value.get("id"))
        ts_us = timestamp_us(value.get("timestamp"))
        self.builder.saw(ts_us)
        if native_id:
            # Snapshots of one log that were put together hold a record twice.
            content = hash(compact_json(value))
            if (
                self._seen.setdefault(native_id, content) == content
                and self._lines.setdefault(native_id, line) != line
            ):
                self.builder.fault(f"line {line}: the record of line {self._lines[native_id]} again")
                return
        if kind == "result":
            self._result(value)
            return
        data = mapping(value.get("data"))
        self.builder.agent = string(value.get("agentId")) or string(data.get("parentToolCallId"))
        if not self._events.read(kind, data, Place(line, ts_us, native_id)):
            self.builder.opaque(
                f"record of type '{kind[:100]}'", line=line, ts_us=ts_us, text=compact_json(value)
            )
        self.builder.agent = None

    def _result(self, value: dict[str, Any]) -> None:
        """The last record of a headless run's output: whose it was, and how the program ended."""
        self.builder.native_id = self.builder.native_id or named(value.get("sessionId"))
        code = value.get("exitCode")
        self._events.ended(failed=isinstance(code, int) and code != 0)

    def _workspace(self, workspace: dict[str, str]) -> None:
        builder = self.builder
        if builder.title is None and (title := workspace.get("name") or workspace.get("summary")):
            builder.title, builder.title_source = title.splitlines()[0], "agent"
        builder.cwd = builder.cwd or workspace.get("cwd")
        builder.branch = builder.branch or workspace.get("branch")
        builder.repository = builder.repository or workspace.get("repository")
        builder.native_id = builder.native_id or workspace.get("id")


def _id_by_name(name: str) -> str | None:
    """The session's id where its file is named after it, and not after what it holds."""
    stem = name.rpartition("/")[2].removesuffix(".jsonl")
    # A word without a digit names what is in the file, and no session: "events", "copilot-cli".
    return stem if any(letter.isdigit() for letter in stem) else None


COPILOT_CLI = CopilotCli()
