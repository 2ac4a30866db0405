"""Kimi's token counts in, the five buckets out, each call counted once.

A step's end tells its usage, and a record of its own tells it again; what only that record tells (a
conversation being summarised) is a call too.
"""

from collections import Counter
from typing import Any

from debrief.model import Tokens
from debrief.sources.dialogue import Dialogue
from debrief.sources.records import count, mapping


class Usage:
    """Counts the calls of one agent's wire."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._told: Counter[Tokens] = Counter()
        self.model: str | None = None

    def step(self, key: str, usage: object, event: int | None) -> None:
        """A step says what it used."""
        tokens = buckets(mapping(usage))
        if tokens != Tokens():
            self._told[tokens] += 1
            self._call(key, tokens, event)

    def record(self, usage: object) -> None:
        """A record of usage: a repeat of a step's, or of a call that is no step."""
        tokens = buckets(mapping(usage))
        if tokens == Tokens():
            return
        if self._told[tokens] > 0:
            self._told[tokens] -= 1
            self._dialogue.builder.usage_row(tokens, repeated=True)
        else:
            dialogue = self._dialogue
            self._call(
                f"usage:{dialogue.ts_us or dialogue.line}:{tokens.input}:{tokens.output}", tokens, None
            )

    def _call(self, key: str, tokens: Tokens, event: int | None) -> None:
        self._dialogue.builder.model_call(
            key, model=self.model, tokens=tokens, ts_us=self._dialogue.ts_us, event=event
        )


def buckets(usage: dict[str, Any]) -> Tokens:
    """`inputOther` excludes both caches; the output holds the thoughts."""
    return Tokens(
        input=_first(usage, "inputOther", "input_other"),
        cache_read=_first(usage, "inputCacheRead", "input_cache_read"),
        cache_write=_first(usage, "inputCacheCreation", "input_cache_creation"),
        output=count(usage.get("output")),
    )


def _first(usage: dict[str, Any], *names: str) -> int | None:
    return next((known for name in names if (known := count(usage.get(name))) is not None), None)
