"""Tool calls and their results, paired by the call's id, written to a session's builder.

For formats that hold calls as plain records: a call is told once, its result once, whatever lies between.
"""

from typing import NamedTuple

from debrief.model import Actor, FileEdit, Outcome, ToolKind
from debrief.sources.builder import SessionBuilder
from debrief.sources.pulls import PullRequests


class Place(NamedTuple):
    """Where in the transcript a record stands: its time, its own id, its line."""

    ts_us: int | None = None
    native_id: str | None = None
    line: int = 0


class Call(NamedTuple):
    """A call of a tool; see `Event` for the fields."""

    tool: str
    kind: ToolKind
    command: str | None = None
    path: str | None = None
    args: str = ""
    edits: tuple[FileEdit, ...] = ()


class Ended(NamedTuple):
    """How a call ended; see `Event` for the fields."""

    outcome: Outcome
    text: str = ""
    exit_code: int | None = None
    duration_ms: int | None = None


class PairedCalls:
    """See the module."""

    def __init__(self, builder: SessionBuilder, pulls: PullRequests) -> None:
        self._builder = builder
        self._pulls = pulls
        self._calls: dict[str, Call] = {}
        self._open: dict[str, None] = {}

    @property
    def open_count(self) -> int:
        """How many calls have no result yet."""
        return len(self._open)

    def knows(self, call_id: str | None) -> bool:
        """Whether a call with this id was told."""
        return call_id in self._calls

    def forget_open(self) -> None:
        """Expect no further results: the conversation went on without them."""
        self._open.clear()

    def call(
        self,
        call: Call,
        call_id: str | None,
        place: Place,
        actor: Actor = "assistant",
        *,
        awaits_result: bool = True,
    ) -> int:
        """Write a call; without `awaits_result` nothing is missing where no result is told."""
        if call_id:
            self._calls[call_id] = call
            if awaits_result:
                self._open[call_id] = None
        return self._builder.event(
            "tool_call",
            actor,
            ts_us=place.ts_us,
            native_id=place.native_id,
            line=place.line,
            call_id=call_id,
            tool=call.tool,
            tool_kind=call.kind,
            command=call.command,
            path=call.path,
            args=call.args,
            edits=call.edits,
        )

    def result(self, call_id: str | None, ended: Ended, place: Place) -> int:
        """Write a result, with what its call says of itself; one without a call stands alone."""
        call = self._calls.get(call_id or "")
        ordinal = self._builder.event(
            "tool_result",
            "tool",
            text=ended.text,
            ts_us=place.ts_us,
            native_id=place.native_id,
            line=place.line,
            call_id=call_id,
            tool=call.tool if call else None,
            tool_kind=call.kind if call else None,
            command=call.command if call else None,
            path=call.path if call else None,
            outcome=ended.outcome,
            exit_code=ended.exit_code,
            duration_ms=ended.duration_ms,
        )
        self._open.pop(call_id or "", None)
        if not self._builder.replaying:
            tool, command = (call.tool, call.command) if call else (None, None)
            self._pulls.in_result(tool, command, ended.text, ended.outcome, ordinal)
        return ordinal
