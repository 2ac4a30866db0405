"""How a conversation stands after its last record, as no record says so: last things in, end state out."""

from debrief.model import EndState


class Ending:
    """Told of every step of the main chain, knows at any time how things stand."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}
        self.stands("unknown", "The transcript holds no prompt and no answer.")

    def stands(self, state: EndState, reason: str) -> None:
        """The last thing seen means `state`, because of `reason`."""
        self._state: EndState = state
        self._reason = reason

    def prompted(self) -> None:
        """A person wrote: what was open before is given up."""
        self._open.clear()
        self.stands("running", "The last record is a prompt that nothing answers yet.")

    def worked(self) -> None:
        """The agent thought, and neither spoke nor called yet."""
        self.stands("running", "The last record is reasoning, with no answer after it.")

    def called(self, call_id: str, tool: str) -> None:
        """A tool was called."""
        self._open[call_id] = tool

    def answered(self, call_id: str) -> None:
        """A tool's result came back; the agent is to go on from it."""
        self._open.pop(call_id, None)
        self.stands("running", "The last record is a tool's result that the agent has not gone on from.")

    def spoke(self) -> None:
        """The assistant wrote text."""
        self.stands("finished", "The last record is a message of the agent, with no call after it.")

    def interrupted(self) -> None:
        """A person stopped the agent."""
        self._open.clear()
        self.stands("interrupted", "A person stopped the agent, and nothing follows.")

    def failed(self) -> None:
        """The model's service failed or refused."""
        self._open.clear()
        self.stands("error", "The model's service failed, and nothing follows.")

    def verdict(self, *, cut_off: bool) -> tuple[EndState, str]:
        """End state and reason; `cut_off` where the document ends inside a record."""
        if cut_off:
            return "truncated", "The transcript breaks off inside its last record."
        if self._open:
            tool = next(reversed(self._open.values()))
            return "running", f"The last call of {tool[:80]} has no result: still at work, or cut off."
        return self._state, self._reason
