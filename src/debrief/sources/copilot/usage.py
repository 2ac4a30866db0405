"""Copilot's count of tokens: each message tells its output, and only the shutdown tells all, by model.

So the messages of a lifecycle wait for its shutdown, which counts in their place. A lifecycle that has none
(a crash, a session at work) has its messages' output alone: less than all, and nothing of the input.

Up to some version a shutdown counts its own lifecycle, so that those of a resumed session add up; newer ones
restore the counters on resume, so that the last one tells the whole session. Nothing says which; the output
that the messages of the lifecycle tell decides.
"""

from typing import Any

from msgspec import Struct

from debrief.model import Tokens
from debrief.model.session import BUCKETS
from debrief.sources.builder import SessionBuilder
from debrief.sources.records import count, mapping, string


class Message(Struct, kw_only=True):
    """One request to a model of which only the output is known, as long as no shutdown has counted it."""

    key: str
    model: str | None
    ts_us: int | None
    tokens: Tokens
    event: int | None
    agent: str | None
    whole: bool = False


class Ledger:
    """Collects what messages tell, and writes calls to the builder when a lifecycle is over."""

    def __init__(self, builder: SessionBuilder) -> None:
        self._builder = builder
        self._waiting: dict[str, Message] = {}
        self._before: dict[str, Tokens] = {}
        self._checkpoints = False

    def message(self, message: Message) -> None:
        """A request's answer; one that comes in pieces tells the same number with each, or with the last."""
        known = self._waiting.setdefault(message.key, message)
        if known is not message and (message.tokens.output or 0) > (known.tokens.output or 0):
            known.tokens = message.tokens

    def checkpoint(self) -> None:
        """The version writes its counters down to restore them on resume."""
        self._checkpoints = True

    def resumed(self) -> None:
        """Another lifecycle begins; where messages still wait, the one before had no shutdown."""
        self._settle()

    def finish(self) -> None:
        """The transcript is over."""
        self._settle()

    def shutdown(self, data: dict[str, Any], key: str, ts_us: int | None) -> None:
        """A lifecycle is over: what it counts by model stands for the messages before it."""
        totals = _totals(data)
        if not any(_known(tokens) for tokens in totals.values()):
            self._settle()
            return
        cumulative = self._is_cumulative(totals)
        waiting = list(self._waiting.values())
        for message in waiting:
            if _known(message.tokens):
                self._builder.usage_row(message.tokens, repeated=True)
        self._waiting.clear()
        for model, tokens in totals.items():
            if not _known(tokens):
                continue
            self._builder.usage_row(tokens, repeated=cumulative)
            before = self._before.get(model, Tokens()) if cumulative else Tokens()
            own = Tokens(**{name: _less(getattr(tokens, name), getattr(before, name)) for name in BUCKETS})
            if cumulative and not any(getattr(own, name) for name in BUCKETS):
                continue
            first = next((message for message in waiting if message.model == model), None)
            self._builder.model_call(
                f"{key}:{model}",
                model=model,
                tokens=own,
                ts_us=ts_us,
                event=first.event if first else None,
                row=False,
            )
        self._before = totals

    def _is_cumulative(self, totals: dict[str, Tokens]) -> bool:
        """Whether `totals` hold those of the shutdown before this one."""
        for model, before in self._before.items():
            now = totals.get(model, Tokens())
            if any((getattr(now, name) or 0) < (getattr(before, name) or 0) for name in BUCKETS):
                return False
        earlier, now_all = _output(self._before), _output(totals)
        told = sum(message.tokens.output or 0 for message in self._waiting.values())
        if not earlier:
            return False
        if not told:
            return totals == self._before or self._checkpoints
        as_own, as_total = abs(now_all - told), abs(now_all - earlier - told)
        return as_total < as_own or (as_total == as_own and self._checkpoints)

    def _settle(self) -> None:
        """Count the messages that wait by what they tell themselves."""
        agent = self._builder.agent
        for message in self._waiting.values():
            self._builder.agent = message.agent
            self._builder.model_call(
                message.key,
                model=message.model,
                tokens=message.tokens,
                ts_us=message.ts_us,
                lower_bound=("output",) if message.tokens.output is not None and not message.whole else (),
                event=message.event,
                row=_known(message.tokens),
            )
        self._builder.agent = agent
        self._waiting.clear()


def buckets(usage: dict[str, Any]) -> Tokens:
    """The buckets of Copilot's own: its input holds what was read from and written to the cache.

    Its output holds the reasoning. All zero for a request that was made means that the service did not say.
    """
    taken = count(usage.get("inputTokens", usage.get("input")))
    read = count(usage.get("cacheReadTokens", usage.get("cachedInput")))
    written = count(usage.get("cacheWriteTokens"))
    output = count(usage.get("outputTokens", usage.get("output")))
    reasoning = count(usage.get("reasoningTokens"))
    if not any((taken, read, written, output, reasoning)):
        return Tokens()
    if taken is not None:
        # Numbers that contradict each other come of services whose input leaves the cache out.
        for cached in ((read or 0) + (written or 0), read or 0):
            if taken >= cached:
                taken -= cached
                break
    if output is not None and reasoning is not None:
        reasoning = min(reasoning, output)
        output -= reasoning
    elif output is None:
        reasoning = None
    return Tokens(input=taken, cache_read=read, cache_write=written, output=output, reasoning=reasoning)


def _totals(data: dict[str, Any]) -> dict[str, Tokens]:
    totals = {}
    for model, value in mapping(data.get("modelMetrics")).items():
        metric = mapping(value)
        tokens = buckets(mapping(metric.get("usage")))
        totals[str(model)] = tokens if _known(tokens) else _details(mapping(metric.get("tokenDetails")))
    if not any(_known(tokens) for tokens in totals.values()):
        session = _details(mapping(data.get("tokenDetails")))
        name = next(iter(totals), None) if len(totals) == 1 else string(data.get("currentModel"))
        if _known(session) and name:
            totals[name] = session
    return totals


def _details(details: dict[str, Any]) -> Tokens:
    """What is billed by kind of token: kinds do not overlap; output and reasoning are one kind."""
    found = {
        name: count(mapping(details.get(name)).get("tokenCount"))
        for name in ("input", "cache_read", "cache_write", "output")
    }
    return Tokens(**found) if any(found.values()) else Tokens()


def _known(tokens: Tokens) -> bool:
    return any(getattr(tokens, name) is not None for name in BUCKETS)


def _output(totals: dict[str, Tokens]) -> int:
    return sum((tokens.output or 0) + (tokens.reasoning or 0) for tokens in totals.values())


def _less(now: int | None, before: int | None) -> int | None:
    return None if now is None else max(0, now - (before or 0))


def output_of(value: object) -> Tokens:
    """The tokens of a message that says only its output; an answer of none says nothing."""
    return Tokens(output=count(value) or None)


def compacted(
    data: dict[str, Any], key: str, ts_us: int | None, event: int, model: str | None
) -> Message | None:
    """The request that a compaction made, where the record tells its tokens."""
    used = mapping(data.get("compactionTokensUsed"))
    tokens = buckets(used)
    if not _known(tokens):
        return None
    return Message(
        key=f"compaction:{key}",
        model=string(used.get("model")) or model,
        ts_us=ts_us,
        tokens=tokens,
        event=event,
        agent=None,
        whole=True,
    )
