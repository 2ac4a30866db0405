"""Tool calls and their results, paired by the call's id, written to a session's builder.

For formats that hold calls as plain records: a call is told once, its result once, whatever lies between.
"""

from typing import NamedTuple

from debrief.model import Actor, Outcome
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, write_call, write_result
from debrief.sources.pulls import PullRequests


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
        return write_call(self._builder, call, call_id, place, actor=actor)

    def result(self, call_id: str | None, ended: Ended, place: Place) -> int:
        """Write a result, with what its call says of itself; one without a call stands alone."""
        call = self._calls.get(call_id or "")
        ordinal = write_result(
            self._builder,
            self._pulls,
            call,
            call_id,
            ended.text,
            ended.outcome,
            place,
            exit_code=ended.exit_code,
            duration_ms=ended.duration_ms,
        )
        self._open.pop(call_id or "", None)
        return ordinal
