"""How a conversation stands after its last record, as no record says so: last things in, end state out.

Only the main chain counts; a sub-agent that is cut off leaves the call of its parent open.
"""

from debrief.model import EndState

_STOPPED_BY: dict[str, tuple[EndState, str]] = {
    "max_tokens": ("error", "The last answer breaks off at the model's output limit."),
    "model_context_window_exceeded": (
        "error",
        "The last answer breaks off because the context window is full.",
    ),
    "refusal": ("error", "The model refused to answer, and nothing follows."),
    "pause_turn": ("running", "The model paused its turn and was to be called again."),
    "tool_use": ("running", "The last answer announces a tool call that is not in the transcript."),
}


class Ending:
    """Told of every step of the main chain, knows at any time how things stand."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}
        self._state: EndState = "unknown"
        self._reason = "The transcript holds no prompt and no answer."

    def stands(self, state: EndState, reason: str) -> None:
        """The last thing seen means `state`, because of `reason`."""
        self._state, self._reason = state, reason

    def prompted(self) -> None:
        """A person wrote: what was open before is given up."""
        self._open.clear()
        self.stands("running", "The last record is a prompt that nothing answers yet.")

    def called(self, call_id: str, tool: str) -> None:
        """A tool was called."""
        self._open[call_id] = tool

    def answered(self, call_id: str | None) -> None:
        """A tool's result came back; the agent is to go on from it."""
        if call_id is not None:
            self._open.pop(call_id, None)
        self.stands("running", "The last record is a tool's result that the agent has not gone on from.")

    def spoke(self, stop_reason: str | None) -> None:
        """The assistant wrote text; versions that record no stop reason leave it at that."""
        known = _STOPPED_BY.get(stop_reason or "")
        if known is not None:
            self.stands(*known)
        elif stop_reason is None:
            self.stands("finished", "The last record is a message of the agent, with no call after it.")
        else:
            self._open.clear()
            self.stands("finished", "The agent ended its turn, and nothing follows.")

    def turned(self) -> None:
        """The agent's turn ended by its own record; a prompt, an interrupt or an error still has its word."""
        self._open.clear()
        if self._state not in ("interrupted", "error"):
            self.stands("finished", "The agent ended its turn, and nothing follows.")

    def interrupted(self) -> None:
        """A person stopped the agent."""
        self._open.clear()
        self.stands("interrupted", "A person stopped the agent, and nothing follows.")

    def left(self) -> None:
        """A person closed the session; that stops what was still at work."""
        self._open.clear()
        if self._state == "running":
            self.stands("interrupted", "A person left the session while the agent was at work.")
        elif self._state == "finished":
            self.stands("finished", "A person left the session after the agent's last message.")

    def failed(self, reason: str) -> None:
        """The model's service failed or refused."""
        self._open.clear()
        self.stands("error", reason)

    def verdict(self, *, cut_off: bool) -> tuple[EndState, str]:
        """End state and reason; `cut_off` where the document ends inside a record."""
        if cut_off:
            return "truncated", "The transcript breaks off inside its last record."
        if self._open:
            tool = next(reversed(self._open.values()))
            return "running", f"The last call of {tool} has no result: still at work, or cut off."
        return self._state, self._reason
