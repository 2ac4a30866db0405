"""How a session of OpenCode ended: judged by its last message and the calls without a result."""

from typing import Any

from debrief.model import EndState
from debrief.sources.records import mapping, string

ABORTED = "MessageAbortedError"

# The loop goes on after these; after any other the turn is over.
_GOES_ON = frozenset({"tool-calls", "unknown"})
_LIMITS = {
    "length": "the answer reached the limit of its length",
    "content-filter": "the model's service withheld the answer",
    "error": "the model's service failed",
}


def error_text(error: dict[str, Any]) -> str:
    """The name and the words of a message's error."""
    words = string(mapping(error.get("data")).get("message")) or string(error.get("message"))
    name = string(error.get("name")) or "error"
    return f"{name}: {words}" if words else name


def is_abort(error: dict[str, Any]) -> bool:
    """Whether `error` is a person's stop."""
    return error.get("name") == ABORTED


class Ending:
    """Follows the messages; the last one decides."""

    def __init__(self) -> None:
        self._state: EndState = "unknown"
        self._reason = "the session has no messages"
        self.reverted: str | None = None

    def asked(self) -> None:
        """A person's message, or the parent's."""
        self._state, self._reason = "running", "the last message waits for an answer"

    def answered(self, info: dict[str, Any], *, open_calls: int, declined: bool) -> bool:
        """A message of the model; returns whether it ends the turn as it should."""
        error = mapping(info.get("error"))
        finish = string(info.get("finish"))
        if error:
            stopped = is_abort(error)
            self._state = "interrupted" if stopped else "error"
            self._reason = (
                "a person stopped the last answer"
                if stopped
                else f"the last answer failed: {error_text(error)}"
            )
        elif finish in _LIMITS:
            self._state, self._reason = "error", _LIMITS[finish]
        elif declined and (finish in _GOES_ON or finish is None):
            self._state, self._reason = "interrupted", "a person declined the last call, which ends the turn"
        elif open_calls:
            self._state, self._reason = "running", "a call of the last answer has no result yet"
        elif finish in _GOES_ON:
            self._state, self._reason = "running", "the last answer called tools, and no answer follows"
        elif finish is not None or mapping(info.get("time")).get("completed") is not None:
            self._state, self._reason = "finished", "the last answer ended its turn"
        else:
            self._state, self._reason = "running", "the last answer is not marked as completed"
        return self._state == "finished"

    def stopped(self) -> bool:
        """A person stopped the turn; whether nothing said so before."""
        is_news = self._state != "interrupted"
        if is_news:
            self._state, self._reason = "interrupted", "a person stopped the last turn"
        return is_news

    def judge(self, *, cut_off: bool) -> tuple[EndState, str]:
        """The end and its reason."""
        if cut_off:
            return "truncated", "the document breaks off"
        if self.reverted is not None:
            return self._state, f"{self._reason}; a person took back everything from {self.reverted} on"
        return self._state, self._reason
