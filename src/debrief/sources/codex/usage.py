"""Codex's token counts as `Tokens`: cumulative totals in, one model call's disjoint buckets out.

Codex follows its service: input includes what came from the cache, output includes reasoning. Totals are
cumulative, and repeated where nothing was used, so a call is the difference of two totals; then the calls'
sum is the last total, whatever was repeated between.
"""

from typing import Any

from debrief.model import Tokens
from debrief.sources.records import count

Totals = dict[str, int]

_FIELDS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)


def totals(usage: dict[str, Any]) -> Totals:
    """The fields of `usage` that hold numbers; empty where it holds none (older counts, rate limit pings)."""
    found = {field: count(usage.get(field)) for field in _FIELDS}
    return {field: number for field, number in found.items() if number is not None}


def buckets(used: Totals) -> Tokens:
    """`used` taken apart into disjoint buckets; a field that is not there stays unknown."""
    cached = used.get("cached_input_tokens")
    written = used.get("cache_write_input_tokens")
    taken = used.get("input_tokens")
    output = used.get("output_tokens")
    reasoning = used.get("reasoning_output_tokens")
    return Tokens(
        input=None if taken is None else max(0, taken - (cached or 0) - (written or 0)),
        cache_read=cached,
        cache_write=written,
        output=None if output is None else max(0, output - (reasoning or 0)),
        reasoning=reasoning,
    )


def as_stated(used: Totals) -> Tokens:
    """`used` as who adds up the fields would read it: what is part of another field counts twice."""
    return Tokens(
        input=used.get("input_tokens"),
        cache_read=used.get("cached_input_tokens"),
        cache_write=used.get("cache_write_input_tokens"),
        output=used.get("output_tokens"),
        reasoning=used.get("reasoning_output_tokens"),
    )


class Ledger:
    """Turns the cumulative totals of one session, in order, into what each call used."""

    def __init__(self) -> None:
        self._seen: Totals = {}

    def inherited(self, total: Totals, last: Totals) -> None:
        """Begin at a total that another session's usage has brought to where it stands before `last`."""
        self._seen = {field: max(0, number - last.get(field, 0)) for field, number in total.items()}

    def passed(self, total: Totals) -> None:
        """Take note of a total that is another session's own, and is counted there."""
        if total:
            self._seen = total

    @property
    def seen(self) -> Totals:
        """The last total."""
        return self._seen

    @property
    def untouched(self) -> bool:
        """Whether no total was seen yet."""
        return not self._seen

    def used(self, total: Totals, last: Totals) -> Totals | None:
        """What was used since the total before; None where nothing was.

        Where a total falls (a counter that began anew) `last`, the call's own count, is taken.
        """
        if not total:
            return last if any(last.values()) else None
        step = {field: number - self._seen.get(field, 0) for field, number in total.items()}
        self._seen = total
        if min(step.values()) < 0:
            step = last or total
        return step if any(step.values()) else None
