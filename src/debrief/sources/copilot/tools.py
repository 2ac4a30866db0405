"""Pairs Copilot's calls with their results: asked for in a message, begun and ended in other records."""

from typing import Any, Literal

import msgspec

from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place, write_call, write_result
from debrief.sources.copilot.calls import Call
from debrief.sources.copilot.results import result_of
from debrief.sources.pulls import PullRequests


class Tools:
    """Calls and results of one session, written to its builder."""

    def __init__(self, builder: SessionBuilder, pulls: PullRequests) -> None:
        self._builder = builder
        self._pulls = pulls
        self._calls: dict[str, Call] = {}
        self._ordinals: dict[str, int] = {}
        self._begun: dict[str, int] = {}
        self._shells: dict[str, str] = {}
        self._declined: set[str] = set()
        self._ended: set[str] = set()

    def call(
        self, call: Call, call_id: str | None, place: Place, actor: Literal["user", "assistant"] = "assistant"
    ) -> int:
        """Write a call, once: a message or a person asks for it, and it may begin in a record of its own.

        A call that speaks to a running command carries that command.
        """
        if call.shell is not None and call.command is None and call.kind == "shell":
            call = msgspec.structs.replace(call, command=self._shells.get(call.shell))
        elif call.shell is not None and call.command is not None:
            self._shells[call.shell] = call.command
        if call.kind == "shell" and call.command is None:
            call = msgspec.structs.replace(call, kind="other")
        if call_id and call_id in self._calls and call_id not in self._ended:
            return self._ordinals[call_id]
        ordinal = write_call(self._builder, call, call_id, place, actor=actor)
        if call_id:
            self._calls[call_id] = call
            self._ordinals[call_id] = ordinal
            self._ended.discard(call_id)
        return ordinal

    def began(self, call_id: str | None, place: Place) -> None:
        """The call's own work began."""
        if call_id and place.ts_us is not None:
            self._begun[call_id] = place.ts_us

    def asked_for(self, call_id: str | None) -> None:
        """A person is asked to allow the call: from here on its time is the person's too."""
        self._begun.pop(call_id or "", None)

    def declined(self, call_id: str | None) -> None:
        """A person said no."""
        if call_id:
            self._declined.add(call_id)

    def result(self, call_id: str | None, data: dict[str, Any], place: Place) -> None:
        """Write the result of a call."""
        call = self._calls.get(call_id or "")
        shell = call is None or call.kind == "shell"
        result = result_of(data, shell=shell, declined=call_id in self._declined)
        if result.shell and call and call.command:
            self._shells[result.shell] = call.command
        duration = result.duration_ms
        begun = self._begun.pop(call_id or "", None)
        if duration is None and begun is not None and place.ts_us is not None and place.ts_us >= begun:
            duration = (place.ts_us - begun) // 1000
        write_result(
            self._builder,
            self._pulls,
            call,
            call_id,
            result.text,
            result.outcome,
            place,
            exit_code=result.exit_code,
            duration_ms=duration,
        )
        if call_id:
            self._ended.add(call_id)
