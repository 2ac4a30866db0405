"""OpenCode's token counts: one message and its steps, in; calls of the model, each once, out.

A step of the model writes its tokens twice: into its `step-finish` part and into its message. In a message
of several steps the later one overwrites the earlier (its cost is added up), so that the steps know more.
"""

from typing import Any, NamedTuple

from debrief.model import Tokens
from debrief.model.session import BUCKETS
from debrief.sources.builder import SessionBuilder
from debrief.sources.money import usd_micros
from debrief.sources.records import count, mapping


class Stated(NamedTuple):
    """Tokens and cost as one record states them."""

    tokens: Tokens
    cost_usd_micros: int | None


def stated(record: dict[str, Any]) -> Stated | None:
    """What a message or a step states; None where it states no tokens at all, or zeros."""
    tokens = buckets(record.get("tokens"))
    return None if tokens is None else Stated(tokens, usd_micros(record.get("cost")))


def buckets(value: object) -> Tokens | None:
    """The five buckets: input is without the cache, reasoning beside the output.

    Older versions left the reasoning in the output, too, which the stated total shows.
    """
    fields = mapping(value)
    cache = mapping(fields.get("cache"))
    read, write = count(cache.get("read")), count(cache.get("write"))
    taken, output, reasoning = (count(fields.get(name)) for name in ("input", "output", "reasoning"))
    if not any((taken, output, reasoning, read, write)):
        return None
    total = count(fields.get("total"))
    if output and reasoning and total == (taken or 0) + output + (read or 0) + (write or 0):
        output = max(0, output - reasoning)
    return Tokens(input=taken, cache_read=read, cache_write=write, output=output, reasoning=reasoning)


class Spending:
    """Counts the calls of one session."""

    def __init__(self, builder: SessionBuilder) -> None:
        self._builder = builder
        self.cost_usd_micros = 0

    def message(
        self,
        key: str,
        told: Stated | None,
        steps: list[Stated],
        *,
        model: str | None,
        ts_us: int | None,
        event: int | None,
    ) -> None:
        """Count a message of the model by its steps or by itself, whichever knows more.

        One that states nothing, though it came of the model, is a call of unknown size.
        """
        by_steps = bool(steps) and (told is None or _sum(steps) >= _sum([told]))
        counted, repeats = (steps, [told] if told else []) if by_steps else ([told] if told else [], steps)
        if self._builder.replaying:
            for one in (*counted, *repeats):
                self._builder.usage_row(one.tokens, repeated=False)
            return
        if not counted:
            self._builder.model_call(key, model=model, tokens=Tokens(), ts_us=ts_us, event=event, row=False)
        for number, one in enumerate(counted, 1):
            self.cost_usd_micros += one.cost_usd_micros or 0
            self._builder.model_call(
                # The first has the message's own key, so that a file without the steps has the same.
                key if number == 1 else f"{key}:{number}",
                model=model,
                tokens=one.tokens,
                ts_us=ts_us,
                cost_usd_micros=one.cost_usd_micros,
                event=event,
            )
        for one in repeats:
            self._builder.usage_row(one.tokens, repeated=True)


def _sum(several: list[Stated]) -> int:
    return sum(getattr(one.tokens, bucket) or 0 for one in several for bucket in BUCKETS)
