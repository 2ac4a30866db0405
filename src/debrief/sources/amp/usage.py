"""Amp's counts: the usage of each answer, and the older ledger of the thread, in; each call once, out."""

from typing import Any

from debrief.model import Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.records import count, mapping, sequence, string, timestamp_us

_WITHOUT_WRITES = ("gpt-", "openai/", "o1", "o3", "o4")
"""Models of a service that charges nothing for writing to its cache."""


def buckets(usage: dict[str, Any]) -> Tokens | None:
    """The tokens of an answer, whose input is without the cache; None where none is stated, or only zeros.

    For models of OpenAI Amp puts the whole uncached prompt where others have what was written to the cache.
    """
    taken, output = count(usage.get("inputTokens")), count(usage.get("outputTokens"))
    read, write = count(usage.get("cacheReadInputTokens")), count(usage.get("cacheCreationInputTokens"))
    whole = count(usage.get("totalInputTokens"))
    if not any((taken, output, read, write)):
        if not whole:
            return None
        taken = whole
    if write and (string(usage.get("model")) or "").startswith(_WITHOUT_WRITES):
        taken, write = (taken or 0) + write, 0
    if taken is None and whole is not None:
        taken = max(0, whole - (read or 0) - (write or 0))
    return Tokens(input=taken, cache_read=read, cache_write=write, output=output)


class Spending:
    """Counts the calls of one thread: `answer` in file order, then `settle` with the ledger."""

    def __init__(self, builder: SessionBuilder, thread: str) -> None:
        self._builder = builder
        self._thread = thread
        self._answered: dict[int, bool] = {}
        self._events: dict[int, int | None] = {}

    def answer(self, message: dict[str, Any], event: int | None, ts_us: int | None) -> None:
        """Count one answer by its own usage; `event` is the first that came of it."""
        usage = mapping(message.get("usage"))
        tokens = buckets(usage)
        number = count(message.get("messageId"))
        if number is not None:
            self._answered[number] = tokens is not None
            self._events[number] = event
        if self._builder.replaying:
            if number is not None:
                self._answered[number] = True
            if tokens is not None:
                self._builder.usage_row(tokens, repeated=False)
            return
        if tokens is None:
            return
        key = number if number is not None else f"at-{self._builder.event_count}"
        self._builder.model_call(
            f"{self._thread}:{key}",
            model=string(usage.get("model")),
            tokens=tokens,
            ts_us=timestamp_us(usage.get("timestamp")) or ts_us,
            event=event,
        )

    def settle(self, ledger: object) -> None:
        """Count what only the ledger knows, and the answers that nothing tells of."""
        told: set[int] = set()
        for position, value in enumerate(sequence(mapping(ledger).get("events")), 1):
            row = mapping(value)
            stated = mapping(row.get("tokens"))
            tokens = Tokens(
                input=count(stated.get("input")),
                cache_read=count(stated.get("cacheReadInputTokens")),
                cache_write=count(stated.get("cacheCreationInputTokens")),
                output=count(stated.get("output")),
            )
            if not any((tokens.input, tokens.cache_read, tokens.cache_write, tokens.output)):
                continue
            number = count(row.get("toMessageId"))
            if number is not None and self._answered.get(number):
                self._builder.usage_row(tokens, repeated=True)
                continue
            if number is not None:
                told.add(number)
            self._builder.model_call(
                f"{self._thread}:ledger:{string(row.get('id')) or position}",
                model=string(row.get("model")),
                tokens=tokens,
                ts_us=timestamp_us(row.get("timestamp")),
                event=self._events.get(number) if number is not None else None,
            )
        for number, known in self._answered.items():
            if not known and number not in told:
                self._builder.model_call(
                    f"{self._thread}:{number}",
                    model=None,
                    tokens=Tokens(),
                    event=self._events.get(number),
                    row=False,
                )
