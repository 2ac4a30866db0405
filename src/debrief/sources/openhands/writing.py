"""Writes OpenHands' calls, their results and pull requests into a session, of whatever generation."""

from debrief.model import Actor, EventKind, Outcome
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, write_call, write_event, write_result
from debrief.sources.openhands.prompts import asked_again, instructions
from debrief.sources.pulls import PullRequests


class Writer:
    """Pairs calls with results; a result that nothing called is kept as what it is."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.pulls = PullRequests(builder)
        self._calls: dict[str, Call] = {}
        self._open: dict[str, int] = {}

    @property
    def open_calls(self) -> int:
        """How many calls have no result yet."""
        return len(self._open)

    def say(self, kind: EventKind, actor: Actor, text: str, place: Place, *, injected: bool = False) -> int:
        """Write an event that is no call; pull requests that its text names are noted."""
        ordinal = write_event(self.builder, kind, actor, place, text, injected=injected)
        if text and not injected:
            self.pulls.in_text(text, ordinal)
        return ordinal

    def prompt(self, text: str, place: Place, *, of_program: bool = False) -> bool:
        """Write what stands in a person's place, without what a benchmark wraps around their words.

        False where nobody spoke: the benchmark asked again, or (`of_program`) the program told its model.
        """
        if of_program or asked_again(text):
            self.say("message", "user", text, place, injected=True)
            return False
        found, builder = instructions(text), self.builder
        if found.wrapping:
            self.say("message", "system", found.wrapping, place, injected=True)
            builder.cwd = builder.cwd or found.folder
        self.say("prompt", "user", found.text, place)
        if found.title and builder.title is None:
            builder.title, builder.title_source = found.title, "prompt"
        return True

    def call(self, call_id: str, call: Call, place: Place, *, awaited: bool = True) -> int:
        """Write a call; `awaited` where a result is to come."""
        self._calls[call_id] = call
        ordinal = write_call(self.builder, call, call_id, place)
        if awaited:
            self._open[call_id] = ordinal
        return ordinal

    def result(
        self,
        call_id: str,
        text: str,
        outcome: Outcome,
        place: Place,
        *,
        exit_code: int | None = None,
        tool: Call | None = None,
    ) -> int:
        """Write the result of a call; `tool` describes it where its call was never seen."""
        call = self._calls.get(call_id) or tool
        self._open.pop(call_id, None)
        return write_result(
            self.builder, self.pulls, call, call_id, text, outcome, place, exit_code=exit_code
        )

    def knows(self, call_id: str) -> bool:
        """Whether a call of this id was written."""
        return call_id in self._calls
