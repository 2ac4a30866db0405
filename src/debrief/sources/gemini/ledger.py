"""Answers and telemetry that state tokens, in; model calls out, each counted once.

Telemetry tells of every request, so it repeats what the answers say. What it says beyond them (a sub-agent
without a file, a summary of the context) are calls of their own.
"""

from msgspec import Struct

from debrief.model import Tokens
from debrief.sources.builder import SessionBuilder


class Stated(Struct):
    """One answer (`telemetry` false) or one row of telemetry. `tokens` is None where none are stated."""

    key: str
    tokens: Tokens | None
    model: str | None = None
    ts_us: int | None = None
    event: int | None = None
    agent: str | None = None
    telemetry: bool = False
    paired: bool = False


class Ledger:
    """See the module."""

    def __init__(self, builder: SessionBuilder) -> None:
        self._builder = builder
        self._stated: list[Stated] = []

    def state(self, stated: Stated) -> None:
        """Note what the next row of the file states."""
        self._stated.append(stated)

    def settle(self) -> None:
        """Write the calls, in file order."""
        answers: dict[int, list[Stated]] = {}
        for stated in self._stated:
            if not stated.telemetry and stated.tokens is not None:
                answers.setdefault(_prompt(stated.tokens), []).append(stated)
        for place, stated in enumerate(self._stated):
            if stated.telemetry and stated.tokens is not None:
                self._pair(stated, stated.tokens, place, answers)
        for stated in self._stated:
            if stated.telemetry and (stated.paired or stated.tokens is None):
                continue
            self._builder.agent = stated.agent
            self._builder.model_call(
                stated.key,
                model=stated.model,
                tokens=stated.tokens or Tokens(),
                ts_us=stated.ts_us,
                event=stated.event,
                row=stated.tokens is not None,
            )
        self._builder.agent = None

    def _pair(self, telemetry: Stated, tokens: Tokens, place: int, answers: dict[int, list[Stated]]) -> None:
        """Find the answer that `telemetry` tells of: of as long a request, or beside it."""
        same = answers.get(_prompt(tokens))
        if same:
            same.pop(0)
            telemetry.paired = True
            self._builder.usage_row(tokens, repeated=True)
            return
        for beside in (place + 1, place - 1):
            one = self._stated[beside] if 0 <= beside < len(self._stated) else telemetry
            if not one.telemetry and one.tokens is None:
                one.tokens, telemetry.paired = tokens, True
                one.model = one.model or telemetry.model
                return


def _prompt(tokens: Tokens) -> int:
    """How long the request was: it grows from call to call, so it tells them apart."""
    return (tokens.input or 0) + (tokens.cache_read or 0)
