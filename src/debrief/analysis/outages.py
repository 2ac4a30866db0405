"""A session's events in, the outages of the model's own service out: its errors in a row, and the wait."""

import re
from collections.abc import Sequence

from msgspec import Struct

from debrief.model import Event

_BREAKS = frozenset({"message", "reasoning", "tool_call", "tool_result", "prompt"})


class Outage(Struct, frozen=True):
    """Errors of the model's service with nothing done in between, and the first thing after them."""

    errors: tuple[Event, ...]
    after: Event | None = None

    @property
    def waited_us(self) -> int:
        """How long it took, as far as the times are known; what a person waited does not count."""
        begun, ended = self.errors[0].ts_us, self.errors[-1].ts_us
        if self.after is not None and self.after.kind != "prompt" and self.after.ts_us is not None:
            ended = self.after.ts_us
        return 0 if begun is None or ended is None else max(0, ended - begun)


def outages(events: Sequence[Event], words: re.Pattern[str]) -> list[Outage]:
    """The outages whose errors `words` matches; one of another kind in between does not end them."""
    found: list[Outage] = []
    errors: list[Event] = []
    for event in events:
        if event.kind == "api_error" and words.search(event.text):
            errors.append(event)
        elif errors and event.kind in _BREAKS:
            found.append(Outage(tuple(errors), event))
            errors = []
    return [*found, Outage(tuple(errors))] if errors else found
