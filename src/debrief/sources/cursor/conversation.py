"""Writes a conversation of Cursor's agent to the builder, whichever file it comes from."""

from typing import Any

from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, write_call, write_result
from debrief.sources.cursor.prompts import words_of
from debrief.sources.cursor.results import Result
from debrief.sources.pulls import PullRequests


class Conversation:
    """Messages, calls and results of one session, in file order."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self._pulls = PullRequests(builder)
        self._calls: dict[str, Call] = {}
        self._tasks: dict[str, str] = {}

    def event(self, kind: Any, actor: Any, text: str, place: Place, *, injected: bool = False) -> int:  # noqa: ANN401 (handed on)
        """Write an event of the record at `place`."""
        return self.builder.event(
            kind, actor, text=text, ts_us=place.ts_us, line=place.line, injected=injected
        )

    def user(self, text: str, place: Place) -> bool:
        """Write a user's message; whether a person typed something. A sub-agent is asked by an agent."""
        words = words_of(text)
        place = place._replace(ts_us=place.ts_us if place.ts_us is not None else words.ts_us)
        self.builder.saw(place.ts_us)
        self.builder.cwd = self.builder.cwd or words.workspace
        if words.injected:
            self.event("message", "user", words.injected, place, injected=True)
        if not words.typed:
            return False
        if self.builder.agent is not None:
            self.event("message", "user", words.typed, place, injected=True)
            return False
        self._pulls.in_text(words.typed, self.event("prompt", "user", words.typed, place))
        return True

    def answer(self, text: str, place: Place) -> None:
        """Write the agent's text."""
        self._pulls.in_text(text, self.event("message", "assistant", text, place))

    def call(self, call: Call, call_id: str, place: Place, prompt: str | None = None) -> int:
        """Write a call; `prompt` is what it asks of another agent."""
        if prompt:
            self._tasks.setdefault(" ".join(prompt.split()), call_id)
        self._calls[call_id] = call
        return write_call(self.builder, call, call_id, place)

    def is_shell(self, call_id: str | None) -> bool:
        """Whether the call is of a shell; one that is not known may be."""
        call = self._calls.get(call_id or "")
        return call is None or call.kind == "shell"

    def knows(self, call_id: str) -> bool:
        """Whether a call with this id was written."""
        return call_id in self._calls

    def task_of(self, prompt: str) -> str | None:
        """The call that asked another agent for `prompt`."""
        return self._tasks.get(" ".join(prompt.split()))

    def result(self, call_id: str | None, result: Result, place: Place) -> None:
        """Write the result of a call."""
        call = self._calls.get(call_id or "")
        write_result(
            self.builder,
            self._pulls,
            call,
            call_id,
            result.text,
            result.outcome,
            place,
            exit_code=result.exit_code,
            duration_ms=result.duration_ms,
        )
