"""Goose's counts: the ledger's rows, the answers' own, the session's running total, in; each call once, out.

The three tell of the same spend. The ledger knows most: a `carried_forward` row of it is what the total held
beyond the rows before it. What the total holds beyond all rows is one call more.
"""

from typing import Any, NamedTuple

from debrief.model import Tokens
from debrief.model.session import BUCKETS
from debrief.sources.builder import SessionBuilder
from debrief.sources.money import usd_micros
from debrief.sources.records import count, mapping, sequence, string, timestamp_us


class Told(NamedTuple):
    """What an answer says that it cost."""

    key: str
    tokens: Tokens
    cost_usd_micros: int | None
    model: str | None
    ts_us: int | None
    event: int | None
    replayed: bool


def buckets(fields: dict[str, Any], prefix: str = "", suffix: str = "_tokens") -> Tokens | None:
    """The tokens of `fields`, whose input includes what was read from and written to the cache.

    None where none is stated, or only zeros.
    """
    taken, output = count(fields.get(f"{prefix}input{suffix}")), count(fields.get(f"{prefix}output{suffix}"))
    read = _first(fields, f"{prefix}cache_read{suffix}", f"{prefix}cache_read_input{suffix}")
    write = _first(fields, f"{prefix}cache_write{suffix}", f"{prefix}cache_write_input{suffix}")
    if not any((taken, output, read, write)):
        return None
    cached = (read or 0) + (write or 0)
    if taken is not None and taken >= cached:
        taken -= cached
    return Tokens(input=taken, cache_read=read, cache_write=write, output=output)


def message_buckets(usage: dict[str, Any]) -> Tokens | None:
    """The tokens of an answer's own metadata, which is spelled another way."""
    names = ("input", "output", "cache_read", "cache_write")
    spelled = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")
    return buckets({f"{name}_tokens": usage.get(key) for name, key in zip(names, spelled, strict=True)})


def _first(fields: dict[str, Any], *names: str) -> int | None:
    return next((found for name in names if (found := count(fields.get(name))) is not None), None)


def _added(left: Tokens, right: Tokens) -> Tokens:
    pairs = {name: (getattr(left, name), getattr(right, name)) for name in BUCKETS}
    return Tokens(**{name: _plus(one, other) for name, (one, other) in pairs.items()})


def _plus(left: int | None, right: int | None) -> int | None:
    return left if right is None else right if left is None else left + right


def _beyond(total: Tokens, counted: Tokens) -> Tokens | None:
    """What `total` holds beyond `counted`; None for nothing.

    The whole prompt is compared: totals are older than the columns that tell the cache from it.
    """
    read, write, output = (_rest(total, counted, name) for name in ("cache_read", "cache_write", "output"))
    prompt = _prompt(total) - _prompt(counted)
    taken = max(0, prompt - (read or 0) - (write or 0)) if total.input is not None else None
    rest = Tokens(input=taken, cache_read=read, cache_write=write, output=output)
    return rest if _size(rest) else None


def _rest(total: Tokens, counted: Tokens, name: str) -> int | None:
    whole = getattr(total, name)
    return None if whole is None else max(0, whole - (getattr(counted, name) or 0))


def _prompt(tokens: Tokens) -> int:
    return (tokens.input or 0) + (tokens.cache_read or 0) + (tokens.cache_write or 0)


def _size(tokens: Tokens) -> int:
    return sum(getattr(tokens, name) or 0 for name in BUCKETS)


class Spending:
    """Counts the calls of one session: `answer` in file order, then `settle`."""

    def __init__(self, builder: SessionBuilder, head: dict[str, Any]) -> None:
        self._builder = builder
        self._head = head
        self._told: list[Told] = []
        self._counted = Tokens()
        self._cost = 0

    def answer(self, told: Told) -> None:
        """Keep what one answer says."""
        self._told.append(told)

    def settle(self, *, model: str | None, copied: bool, only_copied: bool) -> None:
        """Count, now that all is known.

        `copied`: the session begins with another one's messages; what was carried forward is theirs then, as
        is everything where there is nothing else.
        """
        total, partial = self._total()
        if only_copied:
            for tokens in (*(one.tokens for one in self._told), *([total] if total else [])):
                self._replayed(tokens)
            return
        if isinstance(self._head.get("usage_ledger"), list):
            self._by_ledger(model, copied=copied)
        else:
            self._by_answers(total)
        if total is None:
            return
        rest = _beyond(total, self._counted)
        is_all = not _size(self._counted)
        if not is_all:
            self._builder.usage_row(total, repeated=True)
        stated = usd_micros(self._head.get("accumulated_cost"))
        if rest is not None:
            cost = max(0, (stated or 0) - self._cost)
            self._builder.model_call(
                f"{self._builder.native_id}:total",
                model=model,
                tokens=rest,
                cost_usd_micros=cost or None,
                lower_bound=("input", "output") if partial else (),
                row=is_all,
            )
        if not copied:
            self._builder.native_cost_usd_micros = stated

    def _total(self) -> tuple[Tokens | None, bool]:
        """The session's running total, and whether it is only that of its last call."""
        head = self._head
        total = buckets(mapping(head.get("accumulated_usage"))) or buckets(head, "accumulated_")
        if total is not None:
            return total, False
        if "usage_ledger" in head or "accumulated_usage" in head or "accumulated_input_tokens" in head:
            return None, False
        # Before there were running totals, only the last call's tokens were kept.
        return buckets(head), True

    def _count(self, tokens: Tokens, cost: int | None) -> None:
        self._counted = _added(self._counted, tokens)
        self._cost += cost or 0

    def _replayed(self, tokens: Tokens) -> None:
        was, self._builder.replaying = self._builder.replaying, True
        self._builder.usage_row(tokens, repeated=False)
        self._builder.replaying = was

    def _by_ledger(self, model: str | None, *, copied: bool) -> None:
        waiting: dict[Tokens, list[Told]] = {}
        for one in self._told:
            waiting.setdefault(one.tokens, []).append(one)
        for number, value in enumerate(sequence(self._head["usage_ledger"]), 1):
            row = mapping(value)
            tokens = buckets(row)
            if tokens is None:
                continue
            cost = usd_micros(row.get("cost"))
            self._count(tokens, cost)
            carried = row.get("cost_source") == "carried_forward"
            if carried and copied:
                self._replayed(tokens)
                continue
            told = None if carried else next(iter(waiting.get(tokens, [])), None)
            if told is not None:
                waiting[tokens].remove(told)
                self._builder.usage_row(tokens, repeated=True)
            identity = count(row.get("id"))
            self._builder.model_call(
                f"{self._builder.native_id}:{identity if identity is not None else f'row-{number}'}",
                model=string(row.get("model")) or (told.model if told else None) or model,
                tokens=tokens,
                ts_us=timestamp_us(row.get("created_timestamp")),
                cost_usd_micros=cost,
                event=told.event if told else None,
            )
        for several in waiting.values():
            for one in several:
                # Of a call that this session's ledger does not know: it came with a copied message.
                self._replayed(one.tokens)

    def _by_answers(self, total: Tokens | None) -> None:
        """Without a ledger the answers are the calls; those that the total has no room for were copied."""
        limited = "accumulated_usage" in self._head or total is not None
        room = _size(total) if total is not None else 0
        own: list[Told] = []
        for one in reversed(self._told):
            room -= _size(one.tokens)
            if one.replayed or (limited and room < 0):
                self._replayed(one.tokens)
            else:
                own.append(one)
        for one in reversed(own):
            self._count(one.tokens, one.cost_usd_micros)
            self._builder.model_call(
                one.key,
                model=one.model,
                tokens=one.tokens,
                ts_us=one.ts_us,
                cost_usd_micros=one.cost_usd_micros,
                event=one.event,
            )
