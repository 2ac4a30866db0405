"""How a Codex session ended, judged by the last thing that its transcript says about a turn."""

from typing import Literal

from debrief.model import EndState

Last = Literal["nothing", "prompt", "answer", "work"]

FINAL_PHASE = "final_answer"
"""The phase of a message after which the agent hands the turn back; others are comments on the work."""

_ABORTED: dict[str, tuple[EndState, str]] = {
    "interrupted": ("interrupted", "A person stopped the agent in the middle of its last turn."),
    "replaced": ("interrupted", "A person sent a new request while the agent was still at work."),
    "review_ended": ("finished", "The review that the agent was doing was ended."),
    "budget_limited": ("error", "The agent stopped because its budget was used up."),
}

_WITHOUT_TURNS: dict[Last, tuple[EndState, str]] = {
    "nothing": ("unknown", "The transcript holds no turn."),
    "prompt": ("running", "The last thing in the transcript is a person's request."),
    "answer": ("finished", "The last thing in the transcript is the agent's answer."),
    "work": ("running", "The transcript ends while the agent is at work."),
}


class Ending:
    """Follows turns as they begin and end; the older versions write no turns, only what is said."""

    def __init__(self) -> None:
        self._turn: tuple[EndState, str] | None = None
        self._error: str | None = None
        self._last: Last = "nothing"
        self._answered = False

    def began(self) -> None:
        """A turn began."""
        self._turn = ("running", "The transcript ends in the middle of a turn: at work, or cut off.")
        self._error = None
        self._answered = False

    def answered(self) -> None:
        """A message says that it is the turn's last; the record of the turn's end may be missing."""
        self._answered = True

    def completed(self, *, answered: bool) -> None:
        """A turn ended by itself; one that ends without an answer after an error has failed."""
        if self._error is not None and not answered:
            self._turn = ("error", self._error)
        else:
            self._turn = ("finished", "The agent ended its last turn by itself.")
        self._error = None

    def aborted(self, reason: str | None) -> None:
        """A turn was ended by something else."""
        self._turn = _ABORTED.get(reason or "interrupted") or (
            "interrupted",
            "The last turn was stopped before the agent had finished.",
        )
        self._error = None

    def failed(self) -> None:
        """The model's service refused or failed."""
        self._error = "The last turn ended with an error of the model's service."

    def saw(self, what: Last) -> None:
        """Something was said or done; without turns this is all there is to judge by."""
        self._last = what
        self._answered = self._answered and what == "answer"
        if what == "prompt" and self._turn is not None and self._turn[0] != "running":
            self._turn = _WITHOUT_TURNS["prompt"]
        if what in ("answer", "work"):
            self._error = None

    def judge(self, *, cut_off: bool, open_calls: int) -> tuple[EndState, str]:
        """The end state and the sentence that says why."""
        if cut_off:
            return "truncated", "The transcript breaks off inside its last record."
        if self._error is not None:
            return "error", self._error
        if self._answered and not open_calls and self._turn is not None and self._turn[0] == "running":
            return "finished", "The agent gave its final answer; the end of its turn is not recorded."
        if self._turn is not None:
            return self._turn
        return _WITHOUT_TURNS["work" if self._last == "answer" and open_calls else self._last]
