"""Token counts of OpenHands: what a model's answer or a ledger of the program says in, model calls out.

Both count the whole prompt, what came from the cache and what went into it included, and the whole
completion, reasoning included. A call's numbers stand in many places: its id makes sure that it is counted
once.
"""

from typing import Any

import msgspec
from msgspec import Struct

from debrief.model import Tokens
from debrief.model.session import BUCKETS
from debrief.sources.builder import SessionBuilder
from debrief.sources.costs import micros
from debrief.sources.records import count, mapping, sequence, string, timestamp_us


def buckets(
    prompt: int | None,
    completion: int | None,
    cache_read: int | None,
    cache_write: int | None,
    reasoning: int | None,
) -> Tokens:
    """Take the parts out of the wholes.

    Some gateways do not count what they wrote into the cache as part of the prompt: a part that does not fit
    into its whole stands beside it.
    """
    fresh = prompt
    for part in (cache_read, cache_write):
        if fresh is not None and part is not None and part <= fresh:
            fresh -= part
    said = completion
    if said is not None and reasoning is not None:
        said = said - reasoning if reasoning <= said else said
    return Tokens(
        input=fresh, cache_read=cache_read, cache_write=cache_write, output=said, reasoning=reasoning
    )


def of_answer(usage: dict[str, Any]) -> Tokens | None:
    """The tokens of a model's answer in the shape of OpenAI, with Anthropic's cache counts beside."""
    prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    if prompt is None and completion is None:
        return None
    details = mapping(usage.get("prompt_tokens_details"))
    read = count(usage.get("cache_read_input_tokens"))
    if read is None:
        read = count(details.get("cached_tokens"))
    write = count(usage.get("cache_creation_input_tokens"))
    if write is None:
        write = count(details.get("cache_creation_tokens"))
    reasoning = count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    return buckets(prompt, completion, read, write, reasoning)


def of_ledger(usage: dict[str, Any], *, apart: bool = False) -> Tokens | None:
    """The tokens of a row (or of the sum) of the program's own ledger; a row of nothing but zeros is none.

    `apart`: the prompt is without what came from the cache and went into it.
    """
    names = (
        "prompt_tokens",
        "completion_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "reasoning_tokens",
    )
    numbers = [count(usage.get(name)) for name in names]
    if not any(numbers):
        return None
    told = buckets(*numbers)
    return msgspec.structs.replace(told, input=numbers[0]) if apart else told


class Spent(Struct, frozen=True):
    """Where a call was seen: the ordinal of its first event, its time, the sub-agent that made it."""

    event: int | None = None
    ts_us: int | None = None
    agent: str | None = None


class Ledger:
    """Counts the model calls of one session, each once, however often its numbers are told."""

    def __init__(self, builder: SessionBuilder) -> None:
        self._builder = builder
        self._counted: dict[str, Tokens] = {}

    def answer(self, key: str, tokens: Tokens, model: str | None, spent: Spent) -> None:
        """Count the call `key`, or tell of it again; the larger numbers hold."""
        known = self._counted.get(key)
        self._counted[key] = tokens if known is None else _larger(known, tokens)
        self._builder.model_call(key, model=model, tokens=tokens, ts_us=spent.ts_us, event=spent.event)

    def metrics(
        self, metrics: dict[str, Any], name: str, seen: dict[str, Spent], *, apart: bool = False
    ) -> None:
        """Count what the ledger of one use of models (`name`) holds, row by row.

        Its sum is the truth: what its rows do not make up is one more call. `apart`: another agent did the
        work, which counts the cache beside the prompt, and one id stands for all that it asked.
        """
        keys = self.rows(metrics, name, seen, apart=apart)
        self._total(metrics, name, keys, apart=apart)

    def rows(
        self, metrics: dict[str, Any], name: str, seen: dict[str, Spent], *, apart: bool = False
    ) -> set[str]:
        """Count the rows of a ledger, and say which calls they were."""
        rows = [mapping(row) for row in sequence(metrics.get("token_usages"))]
        costs = [mapping(row) for row in sequence(metrics.get("costs"))]
        keys: set[str] = set()
        for number, row in enumerate(rows):
            tokens = of_ledger(row, apart=apart)
            if tokens is None:
                continue
            cost = costs[number] if len(costs) == len(rows) else {}
            told = None if apart else string(row.get("response_id"))
            key = told or f"{self._builder.native_id}:{name}:{number}"
            spent = seen.get(key, Spent())
            known = self._counted.get(key)
            self._counted[key] = tokens if known is None else _larger(known, tokens)
            keys.add(key)
            self._builder.model_call(
                key,
                model=string(row.get("model")) or string(metrics.get("model_name")),
                tokens=tokens,
                ts_us=timestamp_us(cost.get("timestamp")) or spent.ts_us,
                event=spent.event,
                cost_usd_micros=micros(cost.get("cost")),
            )
        return keys

    def total(self, metrics: dict[str, Any], name: str) -> None:
        """Count of a cumulative sum what all calls so far do not make up."""
        self._total(metrics, name, set(self._counted))

    def repeated(self, usage: object) -> None:
        """A cumulative sum along the way: no call of its own."""
        tokens = of_ledger(mapping(usage))
        if tokens is not None:
            self._builder.usage_row(tokens, repeated=True)

    def _total(self, metrics: dict[str, Any], name: str, keys: set[str], *, apart: bool = False) -> None:
        usage = mapping(metrics.get("accumulated_token_usage"))
        total = of_ledger(usage, apart=apart)
        if total is None:
            return
        left = _without(total, [self._counted[key] for key in keys])
        if keys:
            self._builder.usage_row(total, repeated=True)
        if any(getattr(left, bucket) for bucket in BUCKETS):
            key = f"{self._builder.native_id}:{name}:rest"
            self._counted[key] = left
            self._builder.model_call(
                key,
                model=string(usage.get("model")) or string(metrics.get("model_name")),
                tokens=left,
                row=not keys,
            )


def _larger(left: Tokens, right: Tokens) -> Tokens:
    values = {}
    for bucket in BUCKETS:
        both = [value for value in (getattr(left, bucket), getattr(right, bucket)) if value is not None]
        values[bucket] = max(both) if both else None
    return Tokens(**values)


def _without(total: Tokens, parts: list[Tokens]) -> Tokens:
    values = {}
    for bucket in BUCKETS:
        whole = getattr(total, bucket)
        known = sum(getattr(part, bucket) or 0 for part in parts)
        values[bucket] = max(0, whole - known) if whole is not None else None
    return Tokens(**values)
