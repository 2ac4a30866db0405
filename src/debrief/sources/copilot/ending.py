"""How a Copilot session ended, judged by the last thing that its transcript says about a turn."""

from debrief.model import EndState

_End = tuple[EndState, str]

_AT_WORK: _End = ("running", "The transcript ends while the agent is at work: at work, or cut off.")
_ASKED: _End = ("running", "The last thing in the transcript is a person's request.")
_ANSWERED: _End = ("finished", "The agent ended its last turn with an answer.")


class Ending:
    """Follows turns, and what ends them."""

    def __init__(self) -> None:
        self._end: _End | None = None

    def asked(self) -> None:
        """A person wrote something."""
        self._end = _ASKED

    def worked(self) -> None:
        """The agent did something, or began to."""
        self._end = _AT_WORK

    def answered(self) -> None:
        """The agent answered without calling another tool."""
        self._end = _ANSWERED

    def completed(self) -> None:
        """The agent said that its task is done."""
        self._end = ("finished", "The agent said that its task is complete.")

    def aborted(self, *, by_person: bool) -> None:
        """The turn was stopped."""
        who = "A person stopped the agent" if by_person else "The agent was stopped"
        self._end = ("interrupted", f"{who} in the middle of its last turn.")

    def failed(self) -> None:
        """The model's service refused or failed."""
        self._end = ("error", "The last turn ended with an error of the model's service.")

    def shut_down(self, *, crashed: bool) -> None:
        """The program ended; in the middle of a turn, that ended it."""
        if crashed:
            self._end = ("error", "The program ended with an error.")
        elif self._end is _AT_WORK:
            self._end = ("interrupted", "The program was ended while the agent was at work.")
        elif self._end is _ASKED:
            self._end = ("unknown", "The program was ended before the agent answered the last request.")

    def judge(self, *, cut_off: bool) -> _End:
        """The end state and the sentence that says why."""
        if cut_off:
            return "truncated", "The transcript breaks off inside its last record."
        return self._end or ("unknown", "The transcript holds no turn.")
