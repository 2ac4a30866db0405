"""A headless run's own totals and the calls its messages state in; out, calls that add up to the totals.

The messages of a stream carry the usage as it stood when a response began, or none: only the closing line
knows. What it holds beyond the messages becomes one further call for each model, so that the sums are exact.
"""

from typing import Any

import msgspec

from debrief.model import Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.records import count, mapping

_BUCKETS = {
    "input": "inputTokens",
    "cache_read": "cacheReadInputTokens",
    "cache_write": "cacheCreationInputTokens",
    "output": "outputTokens",
}


class StatedCall(msgspec.Struct):
    """A model call as the messages state it; several rows of one response are merged into it."""

    model: str | None
    tokens: Tokens
    lower_bound: tuple[str, ...]
    event: int | None
    ts_us: int | None
    agent: str | None

    def merge(self, tokens: Tokens, lower_bound: tuple[str, ...]) -> None:
        """Another row of the same response: each bucket keeps its larger number."""
        larger = {}
        for bucket in Tokens.__struct_fields__:
            stated = [v for v in (getattr(self.tokens, bucket), getattr(tokens, bucket)) if v is not None]
            larger[bucket] = max(stated, default=None)
        self.tokens = Tokens(**larger)
        self.lower_bound = lower_bound


class RunTotals:
    """The totals of a session's runs, by model.

    Within one process a later result counts the earlier in; a log may also hold a second process that went on
    with the session and counts from zero again. A number that shrinks tells them apart.
    """

    def __init__(self) -> None:
        self._past: dict[str, dict[str, int]] = {}
        self._current: dict[str, dict[str, int]] = {}
        self._past_cost = 0
        self._cost: int | None = None

    def result(self, row: dict[str, Any]) -> None:
        """Take a `result` line."""
        stated = {
            _plain(model): {bucket: count(mapping(usage).get(name)) or 0 for bucket, name in _BUCKETS.items()}
            for model, usage in mapping(row.get("modelUsage")).items()
            if isinstance(usage, dict)
        }
        cost = micros(row.get("total_cost_usd"))
        anew = (cost is not None and self._cost is not None and cost < self._cost) or any(
            stated.get(model, {}).get(bucket, 0) < number
            for model, numbers in self._current.items()
            for bucket, number in numbers.items()
        )
        if anew and stated:
            for model, numbers in self._current.items():
                past = self._past.setdefault(model, dict.fromkeys(_BUCKETS, 0))
                for bucket, number in numbers.items():
                    past[bucket] += number
            self._past_cost += self._cost or 0
        if stated:
            self._current = stated
        if cost is not None:
            self._cost = cost

    @property
    def cost_usd_micros(self) -> int | None:
        """What the session cost by its own word."""
        return None if self._cost is None else self._past_cost + self._cost

    def count_into(self, builder: SessionBuilder, session: str, calls: dict[str, StatedCall]) -> None:
        """Count the stated calls, and for each model what the totals hold beyond them."""
        totals = {model: dict(numbers) for model, numbers in self._past.items()}
        for model, numbers in self._current.items():
            total = totals.setdefault(model, dict.fromkeys(_BUCKETS, 0))
            for bucket, number in numbers.items():
                total[bucket] += number
        covered = bool(totals) and all(
            _plain(call.model or "") in totals for call in calls.values() if call.tokens != Tokens()
        )
        if totals and not covered:
            # Under other names the calls cannot be taken off the totals; counting both would count twice.
            calls = {}
        for key, call in calls.items():
            if covered and call.tokens == Tokens():
                continue
            builder.agent = call.agent
            tokens = _whole(call.tokens) if covered else call.tokens
            builder.model_call(
                key,
                model=call.model,
                tokens=tokens,
                ts_us=call.ts_us,
                lower_bound=() if covered else call.lower_bound,
                event=call.event,
            )
            rest = totals.get(_plain(call.model or ""), {})
            for bucket in rest:
                stated = getattr(call.tokens, bucket) or 0
                rest[bucket] -= stated + ((call.tokens.reasoning or 0) if bucket == "output" else 0)
        builder.agent = None
        for model, rest in totals.items():
            beyond = {bucket: max(0, number) for bucket, number in rest.items()}
            if any(beyond.values()):
                builder.model_call(f"{session} {model}", model=model, tokens=Tokens(**beyond), row=False)


def _whole(tokens: Tokens) -> Tokens:
    """`tokens` of a call that a total covers: what it does not state is in the call for the rest."""
    return Tokens(**{name: getattr(tokens, name) or 0 for name in _BUCKETS}, reasoning=tokens.reasoning)


def _plain(model: str) -> str:
    """The model's name without the mark of a larger window ("[1m]")."""
    return model.partition("[")[0]


def micros(dollars: object) -> int | None:
    """Dollars as a transcript states them, in millionths; None for what is no such number."""
    if not isinstance(dollars, int | float) or isinstance(dollars, bool):
        return None
    return None if count(dollars * 1_000_000.0) is None else round(dollars * 1_000_000)
