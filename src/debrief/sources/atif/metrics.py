"""Metrics of steps and of whole trajectories in; model calls in five disjoint buckets out.

`prompt_tokens` includes `cached_tokens`, `completion_tokens` includes reasoning. Cache writes and reasoning
have no field: converters put them into `extra`, under names of their own, and some count them beside the
prompt or the completion instead of within. Where steps state less than the trajectory's totals, the rest
becomes one further call, so that the sums are the trajectory's own.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from debrief.model import Tokens
from debrief.model.session import BUCKETS
from debrief.sources.builder import SessionBuilder
from debrief.sources.records import count, mapping
from debrief.sources.trajectories.money import micros

_WRITES = (
    "cache_creation_input_tokens",
    "cache_write_input_tokens",
    "cache_write_tokens",
    "input_cache_creation",
    "cache_creation_tokens",
    "cache_write",
)
_REASONINGS = ("reasoning_output_tokens", "reasoning_tokens", "thoughts_tokens")

_BESIDE_PROMPT = frozenset({"opencode", "mimo", "openclaw", "rovodev-cli", "rovodev"})
_BESIDE_COMPLETION = frozenset({"opencode", "mimo"})
"""Agents whose converters count cache writes, or reasoning, beside the total and not in it."""


class Stated(msgspec.Struct, frozen=True):
    """Numbers as a step or the totals state them; `write` and `reasoning` come out of `extra`."""

    prompt: int | None = None
    cached: int | None = None
    write: int | None = None
    completion: int | None = None
    reasoning: int | None = None
    write_1h: int | None = None
    cost_usd_micros: int | None = None

    @property
    def says_something(self) -> bool:
        """Whether any number is more than 0: a gateway that does not measure states zeros."""
        return any((self.prompt, self.cached, self.write, self.completion, self.reasoning))


class Call(msgspec.Struct, kw_only=True):
    """A model call of a step. `is_ours` marks one that this program wrote: its zeros are measured."""

    key: str
    model: str | None
    ts_us: int | None
    stated: Stated
    event: int | None
    agent: str | None
    is_ours: bool = False
    lower_bound: tuple[str, ...] = ()
    replayed: bool = False


def stated_by(metrics: dict[str, Any], prefix: str = "") -> Stated:
    """Read the `metrics` of a step, or with the prefix "total_" a trajectory's `final_metrics`."""
    beside = mapping(metrics.get("extra"))
    extra = {**mapping(beside.get("completion_tokens_details")), **beside}
    return Stated(
        prompt=count(metrics.get(f"{prefix}prompt_tokens")),
        cached=count(metrics.get(f"{prefix}cached_tokens")),
        write=_first(extra, _WRITES, prefix),
        completion=count(metrics.get(f"{prefix}completion_tokens")),
        reasoning=_first(extra, _REASONINGS, prefix),
        write_1h=count(mapping(extra.get("cache_creation")).get("ephemeral_1h_input_tokens")),
        cost_usd_micros=micros(metrics.get(f"{prefix}cost_usd")),
    )


def _first(extra: dict[str, Any], names: tuple[str, ...], prefix: str) -> int | None:
    wanted = [name for plain in names for name in ((f"{prefix}{plain}", plain) if prefix else (plain,))]
    return next((number for name in wanted if (number := count(extra.get(name))) is not None), None)


class Algebra(msgspec.Struct, frozen=True):
    """How one trajectory's numbers lie within each other."""

    write_is_beside: bool
    reasoning_is_beside: bool

    @classmethod
    def of(cls, agent: str, stated: list[Stated]) -> "Algebra":
        """By the agent's converter, and by numbers that cannot lie within the smaller one."""
        return cls(
            agent in _BESIDE_PROMPT
            or any(
                one.prompt is not None and (one.write or 0) > max(0, one.prompt - (one.cached or 0))
                for one in stated
            ),
            agent in _BESIDE_COMPLETION
            or any(one.completion is not None and (one.reasoning or 0) > one.completion for one in stated),
        )

    def tokens(self, one: Stated) -> Tokens:
        """The five buckets of `one`."""
        fresh = None
        if one.prompt is not None:
            within = (one.cached or 0) + (0 if self.write_is_beside else one.write or 0)
            fresh = max(0, one.prompt - within)
        output = one.completion
        if output is not None and not self.reasoning_is_beside:
            output = max(0, output - (one.reasoning or 0))
        return Tokens(
            input=fresh,
            cache_read=one.cached,
            cache_write=one.write,
            output=output,
            reasoning=one.reasoning,
        )


class Ledger:
    """The model calls of one trajectory; they are counted when it ends, with its totals at hand."""

    def __init__(self, builder: SessionBuilder, agent: str) -> None:
        self._builder = builder
        self._agent = agent
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Take the call of a step."""
        self._calls.append(call)

    def close(self, final: dict[str, Any], *, key: str, model: str | None, inner: Tokens | None) -> Tokens:
        """Count all calls, and what the totals `final` hold beyond them and beyond the sub-agents' `inner`.

        `inner` is None where the totals are known to count something else (an earlier part of the run).
        Returns the sums of this trajectory's own calls.
        """
        total = stated_by(final, "total_")
        own = [call for call in self._calls if not call.replayed]
        self._settle_caches(own, total)
        is_ours = any(call.is_ours for call in own)
        algebra = (
            Algebra(write_is_beside=False, reasoning_is_beside=False)
            if is_ours
            else Algebra.of(self._agent, [*(call.stated for call in self._calls), total])
        )
        counted = [(call, algebra.tokens(call.stated)) for call in own]
        sums = added(tokens for _, tokens in counted)
        rest = None if inner is None else _beyond(algebra, total, sums, inner)
        for call in self._calls:
            self._count(call, algebra, is_covered=rest is not None)
        if rest is not None:
            stated = [call.stated.cost_usd_micros for call in own]
            known = sum(cost for cost in stated if cost is not None)
            is_priced = total.cost_usd_micros is not None and any(stated)
            cost = max(0, (total.cost_usd_micros or 0) - known) if is_priced else None
            bound = tuple(name for name in BUCKETS if any(name in call.lower_bound for call in own))
            self._builder.model_call(
                key, model=model, tokens=rest, cost_usd_micros=cost, lower_bound=bound, row=False
            )
            sums = added((sums, rest))
        return sums

    def _settle_caches(self, own: list[Call], total: Stated) -> None:
        """Converters leave out a 0: where a total is stated, a step that does not name its part had none."""
        writes = [call.stated.write for call in own if call.stated.write is not None]
        writes_are_all_told = total.write is not None and total.write == sum(writes)
        for call in own:
            if call.stated.prompt is None or call.is_ours:
                continue
            if call.stated.cached is None and total.cached is not None:
                call.stated = msgspec.structs.replace(call.stated, cached=0)
            if call.stated.write is None and writes_are_all_told:
                call.stated = msgspec.structs.replace(call.stated, write=0)

    def _count(self, call: Call, algebra: Algebra, *, is_covered: bool) -> None:
        builder = self._builder
        tokens = algebra.tokens(call.stated)
        builder.agent, before = call.agent, builder.agent
        if call.replayed:
            builder.replaying, replaying = True, builder.replaying
            builder.usage_row(tokens, repeated=False)
            builder.replaying = replaying
        elif call.is_ours or call.stated.says_something or not is_covered:
            is_known = call.is_ours or call.stated.says_something
            builder.model_call(
                call.key,
                model=call.model,
                tokens=tokens if is_known else Tokens(),
                ts_us=call.ts_us,
                lower_bound=call.lower_bound,
                cache_write_1h=call.stated.write_1h,
                cost_usd_micros=call.stated.cost_usd_micros,
                event=call.event,
                row=is_known,
            )
        builder.agent = before


def added(several: Iterable[Tokens]) -> Tokens:
    """The sum of `several`; a bucket that none of them states stays unknown."""
    sums: dict[str, int | None] = dict.fromkeys(BUCKETS)
    for tokens in several:
        for bucket in BUCKETS:
            value = getattr(tokens, bucket)
            if value is not None:
                sums[bucket] = (sums[bucket] or 0) + value
    return Tokens(**sums)


def _beyond(algebra: Algebra, total: Stated, sums: Tokens, inner: Tokens) -> Tokens | None:
    """What `total` holds beyond `sums`: None where that is nothing.

    The totals may count the sub-agents in. They do where the rest is no smaller than what those used.
    """
    whole = algebra.tokens(total)

    def prompt(tokens: Tokens) -> int:
        return (tokens.input or 0) + (tokens.cache_read or 0) + written(tokens)

    def written(tokens: Tokens) -> int:
        return 0 if algebra.write_is_beside else tokens.cache_write or 0

    def completion(tokens: Tokens) -> int:
        return (tokens.output or 0) + (tokens.reasoning or 0)

    if prompt(whole) - prompt(sums) >= prompt(inner) and completion(whole) - completion(sums) >= completion(
        inner
    ):
        sums = added((sums, inner))
    left = max(0, prompt(whole) - prompt(sums)) if whole.input is not None else 0
    left_out = max(0, completion(whole) - completion(sums)) if whole.output is not None else 0
    write = max(0, (whole.cache_write or 0) - (sums.cache_write or 0))
    if not algebra.write_is_beside:
        write = min(write, left)
        left -= write
    read = min(max(0, (whole.cache_read or 0) - (sums.cache_read or 0)), left)
    reasoning = min(max(0, (whole.reasoning or 0) - (sums.reasoning or 0)), left_out)
    found = {
        "input": left - read,
        "cache_read": read,
        "cache_write": write,
        "output": left_out - reasoning,
        "reasoning": reasoning,
    }
    if not any(found.values()):
        return None
    # What neither the total nor a step states stays unknown.
    return Tokens(
        **{bucket: number for bucket, number in found.items() if number or getattr(whole, bucket) is not None}
    )
