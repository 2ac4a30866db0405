"""Pairs Codex's calls with their results and, where there are any, with its events about how they ended."""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import structs

from debrief.model import Outcome, ToolKind
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place, write_call, write_result
from debrief.sources.codex.calls import Call
from debrief.sources.codex.results import Result, result_of
from debrief.sources.pulls import PullRequests


class Ended(NamedTuple):
    """What an event says about a call's end; None where it does not say."""

    outcome: Outcome | None
    exit_code: int | None = None
    duration_ms: int | None = None
    text: str = ""


class Tools:
    """Calls and results of one session, written to its builder."""

    def __init__(self, builder: SessionBuilder, pulls: PullRequests) -> None:
        self._builder = builder
        self._pulls = pulls
        self._calls: dict[str, Call] = {}
        self._open: set[str] = set()
        self._ended: dict[str, tuple[Ended, Place]] = {}
        self._unasked: set[str] = set()
        self._results: dict[str, int] = {}
        self._running: dict[str, str] = {}
        self._left_running: set[str] = set()

    @property
    def open_count(self) -> int:
        """How many calls have no result yet."""
        return len(self._open)

    def knows(self, call_id: str | None) -> bool:
        """Whether a call with this id was seen."""
        return call_id in self._calls

    def kind_of(self, call_id: str | None) -> ToolKind | None:
        """The kind of tool that the call with this id uses."""
        call = self._calls.get(call_id or "")
        return call.kind if call else None

    def call(self, call: Call, call_id: str | None, place: Place, *, native_id: str | None = None) -> int:
        """Write a call; one that speaks to a running command carries that command."""
        if call.session is not None:
            call = structs.replace(call, command=self._running.get(call.session, call.command))
        if call_id:
            self._calls[call_id] = call
            self._open.add(call_id)
            self._results.pop(call_id, None)
        return write_call(self._builder, call, call_id, place._replace(native_id=native_id))

    def unasked(self, call: Call, call_id: str, place: Place) -> None:
        """Write a call that the model's own items do not hold, told by the event about its end."""
        self._unasked.add(call_id)
        self.call(call, call_id, place)

    def result(self, call_id: str | None, output: object, place: Place) -> int:
        """Write the result of a call from its output record, and what is known of its end besides."""
        call = self._calls.get(call_id or "")
        result = result_of(output, shell=call is None or call.kind == "shell")
        ended, _ = self._ended.pop(call_id or "", (Ended(None), place))
        if result.session is not None:
            self._left_running.add(call_id or "")
            if call and call.command:
                self._running[result.session] = call.command
        return self._write(call, call_id, result, ended, place)

    def ended(self, call_id: str | None, ended: Ended, place: Place) -> None:
        """Keep what an event says about a call's end, until its output comes or `settle`.

        Where the output has come already it is completed, unless the command went on running then: the
        call that saw it end has the verdict.
        """
        if not call_id:
            return
        ordinal = self._results.get(call_id)
        if ordinal is None:
            self._ended[call_id] = (ended, place)
            return
        event = self._builder.events[ordinal]
        if event.outcome == "unknown" and event.exit_code is None and call_id not in self._left_running:
            self._builder.amend(
                ordinal,
                outcome=ended.outcome or event.outcome,
                exit_code=ended.exit_code,
                duration_ms=event.duration_ms if event.duration_ms is not None else ended.duration_ms,
            )

    def settle(self) -> None:
        """Write the results of calls that ended without an output record."""
        self._settle(list(self._ended))

    def settle_unasked(self) -> None:
        """Write the results of calls that the model's own items do not hold: no output record will come."""
        self._settle([call_id for call_id in self._ended if call_id in self._unasked])

    def _settle(self, call_ids: Iterable[str]) -> None:
        for call_id in call_ids:
            ended, place = self._ended.pop(call_id)
            self._write(self._calls.get(call_id), call_id, Result(text=ended.text), ended, place)

    def _write(
        self, call: Call | None, call_id: str | None, result: Result, ended: Ended, place: Place
    ) -> int:
        outcome = result.outcome
        # The output's own frame and a person's refusal are closer to the truth than a bare "failed".
        weaker = result.exit_code is None and result.session is None
        if (
            ended.outcome
            and weaker
            and not (ended.outcome == "error" and outcome in ("rejected", "interrupted"))
        ):
            outcome = ended.outcome
        exit_code = result.exit_code
        if exit_code is None and result.session is None:
            exit_code = ended.exit_code
        ordinal = write_result(
            self._builder,
            self._pulls,
            call,
            call_id,
            result.text,
            outcome,
            place,
            exit_code=exit_code,
            duration_ms=result.duration_ms if result.duration_ms is not None else ended.duration_ms,
        )
        if call_id:
            self._open.discard(call_id)
            self._results[call_id] = ordinal
        return ordinal
