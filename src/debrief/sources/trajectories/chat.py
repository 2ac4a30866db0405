"""A conversation of prompts, turns, calls and results, written into a builder; two agents' files share it.

Their calls have an id or none: a result without one belongs to the oldest call that is still open.
"""

from debrief.model import Actor, Outcome
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, write_call, write_result
from debrief.sources.pulls import PullRequests
from debrief.sources.trajectories.outcomes import Ended
from debrief.sources.trajectories.tasks import task_of


class Chat:
    """See the module. `last` says what came last: a prompt, an answer, a call, a result, or an interrupt."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.pulls = PullRequests(builder)
        self.last = ""
        self._open: dict[str, Call] = {}
        self._calls = 0
        self._prompts = 0

    @property
    def has_open(self) -> bool:
        """Whether a call waits for its result."""
        return bool(self._open)

    def injected(self, text: str, ts_us: int | None = None, *, by_user: bool = False) -> None:
        """Text that the agent's program put into the conversation."""
        if text:
            actor: Actor = "user" if by_user else "system"
            self.builder.event("message", actor, text=text, ts_us=ts_us, injected=True)

    def prompt(self, text: str, ts_us: int | None = None) -> None:
        """What a person asked for; the task is taken out of the instructions around it."""
        ordinal = self.builder.event("prompt", "user", text=text, ts_us=ts_us)
        self.pulls.in_text(text, ordinal)
        if not self._prompts:
            self.builder.initial_user_message = task_of(text)
        self._prompts += 1
        self.last = "prompt"

    def interrupt(self, text: str, ts_us: int | None = None) -> None:
        """A person stopped the agent."""
        self.builder.event("interrupt", "user", text=text, ts_us=ts_us)
        self.last = "interrupt"

    def said(self, text: str, ts_us: int | None = None, *, reasoning: str | None = None) -> int:
        """A turn of the model; the ordinal of its first event, which may be yet to come."""
        first = self.builder.event_count
        if reasoning:
            self.builder.event("reasoning", "assistant", text=reasoning, ts_us=ts_us)
        if text.strip():
            ordinal = self.builder.event("message", "assistant", text=text.strip(), ts_us=ts_us)
            self.pulls.in_text(text, ordinal)
        self.last = "answer"
        return first

    def call(self, call: Call, call_id: str | None = None, ts_us: int | None = None) -> None:
        """A call of a tool."""
        self._calls += 1
        name = call_id or f"call-{self._calls}"
        write_call(self.builder, call, name, Place(ts_us=ts_us))
        self._open[name] = call
        self.last = "call"

    def waiting(self, call_id: str | None = None) -> tuple[str | None, Call | None]:
        """The open call of this id, or the oldest one."""
        if call_id is not None:
            return call_id, self._open.get(call_id)
        return next(iter(self._open.items()), (None, None))

    def result(
        self,
        text: str,
        ended: Ended,
        call_id: str | None = None,
        ts_us: int | None = None,
        *,
        duration_ms: int | None = None,
    ) -> None:
        """What came of a call."""
        name, call = self.waiting(call_id)
        if name is not None:
            self._open.pop(name, None)
        write_result(
            self.builder,
            self.pulls,
            call,
            name,
            text,
            ended.outcome,
            Place(ts_us=ts_us),
            exit_code=ended.exit_code,
            duration_ms=duration_ms,
        )
        self.last = "result"

    def abandon(self, text: str, outcome: Outcome, ts_us: int | None = None) -> None:
        """All open calls end so: a person declined them, or the run stopped."""
        for name in list(self._open):
            self.result(text, Ended(outcome), name, ts_us)
