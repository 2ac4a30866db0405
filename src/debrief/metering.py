"""Tokens to money: a Session comes in, what it cost goes out, in millionths of a dollar and in ACUs.

Prices are those that the package genai-prices ships; nothing is fetched. Each call is priced by itself, since
long prompts cost more per token, and its rates are looked up once per model and day, since the package's own
calculation takes a hundred microseconds for a call and there are many.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, TieredPrices
from msgspec import Struct, structs

from debrief.model import Cost, ModelCall, Quality, Session

USD_PER_ACU = 2.0

MINUTES_PER_ACU = 15.0
"""What an ACU stands for where nothing else is known: so many minutes of an agent at work."""

PRICES = genai_prices.__version__
"""The version of the price table."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_LAST_DAY = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH).days
"""For calls of unknown time: the newest prices."""

_PROVIDERS = (None, "openrouter", "aws", "azure")
"""Whose names for a model are tried, in this order; None stands for the makers' own."""


class _Rate(Struct, frozen=True):
    """Dollars per million tokens, which is micro-dollars per token; dearer above each of `tiers`."""

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    def at(self, prompt: int) -> Decimal:
        """The rate for a call whose prompt has so many tokens, cached ones included."""
        for start, rate in self.tiers:
            if prompt > start:
                return rate
        return self.base


class _Rates(Struct, frozen=True):
    """The rates of a model on a day. `write_is_priced`: storing to the cache has a price of its own."""

    input: _Rate
    cache_read: _Rate
    cache_write: _Rate
    cache_write_1h: _Rate
    output: _Rate
    reasoning: _Rate
    write_is_priced: bool


def cost(session: Session, *, usd_per_acu: float = USD_PER_ACU, active_minutes: float | None = None) -> Cost:
    """What `session` cost: what its transcript states, in ACUs or in dollars, else the sum of its calls.

    Where neither is known, its ACUs come of `active_minutes`, and the cost stays unknown.
    """
    found = _money(session, usd_per_acu)
    if found.cost_usd_micros is not None or active_minutes is None:
        return found
    return structs.replace(
        found,
        acus=round(active_minutes / MINUTES_PER_ACU, 2),
        acu_rule="active_minutes",
        active_minutes=active_minutes,
        minutes_per_acu=MINUTES_PER_ACU,
    )


def _money(session: Session, usd_per_acu: float) -> Cost:
    if session.native_acus is not None:
        stated = session.native_cost_usd_micros
        dollars = round(session.native_acus * usd_per_acu * 1_000_000) if stated is None else stated
        known = _cost(dollars, "exact", usd_per_acu, len(session.model_calls))
        return structs.replace(known, acus=session.native_acus, acu_rule="stated")
    if session.native_cost_usd_micros is not None:
        return _cost(session.native_cost_usd_micros, "exact", usd_per_acu, len(session.model_calls))
    total = Decimal(0)
    priced = 0
    is_whole = True
    unpriced: dict[str, None] = {}
    for call in session.model_calls:
        price, is_exact = _call_cost(call, session.started_us)
        is_whole = is_whole and is_exact
        if price is not None:
            total += price
            priced += 1
        elif call.model and _rates(call.model, _day(call, session.started_us)) is None:
            unpriced[call.model] = None
    if not priced:
        return _cost(None, "missing", usd_per_acu, 0, tuple(unpriced))
    return _cost(round(total), "exact" if is_whole else "lower_bound", usd_per_acu, priced, tuple(unpriced))


def _cost(
    micros: int | None, quality: Quality, usd_per_acu: float, priced: int, unpriced: tuple[str, ...] = ()
) -> Cost:
    return Cost(
        cost_usd_micros=micros,
        quality=quality,
        acus=round((micros or 0) / 1_000_000 / usd_per_acu, 2),
        acu_rule="nothing" if micros is None else "cost",
        usd_per_acu=None if micros is None else usd_per_acu,
        priced_calls=priced,
        unpriced_models=unpriced,
        prices=PRICES,
    )


def _day(call: ModelCall, started_us: int | None) -> int:
    moment = call.ts_us if call.ts_us is not None else started_us
    return _LAST_DAY if moment is None else min(max(moment // _DAY_US, 0), _LAST_DAY)


def _call_cost(call: ModelCall, started_us: int | None) -> tuple[Decimal | None, bool]:
    """Micro-dollars of one call (None: no price, or no tokens stated) and whether that is all of it."""
    if call.cost_usd_micros is not None:
        return Decimal(call.cost_usd_micros), True
    tokens = call.tokens
    buckets = (tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning)
    if not any(buckets):
        # A local message without a request states zeros: it is free whatever its model is called.
        is_free = tokens.input == 0 and tokens.output == 0
        return (Decimal(0), not call.lower_bound) if is_free else (None, False)
    rates = _rates(call.model, _day(call, started_us)) if call.model else None
    if rates is None:
        return None, False
    fresh, read, written, output, reasoning = (bucket or 0 for bucket in buckets)
    prompt = fresh + read + written
    for_an_hour = min(written, call.cache_write_1h or 0)
    total = (
        fresh * rates.input.at(prompt)
        + read * rates.cache_read.at(prompt)
        + (written - for_an_hour) * rates.cache_write.at(prompt)
        + for_an_hour * rates.cache_write_1h.at(prompt)
        + output * rates.output.at(prompt)
        + reasoning * rates.reasoning.at(prompt)
    )
    # Reasoning is part of the output where it is not told apart; a free write cannot be missed.
    needed = (
        tokens.input,
        tokens.cache_read,
        tokens.output,
        tokens.cache_write if rates.write_is_priced else 0,
    )
    return total, not call.lower_bound and None not in needed


@lru_cache(maxsize=4096)
def _rates(model: str, day: int) -> _Rates | None:
    """The rates of `model` on a day counted from the epoch, at noon; None where the table has none."""
    noon = _EPOCH + timedelta(days=day, hours=12)
    for provider in _PROVIDERS:
        try:
            _, found = get_snapshot().find_provider_model(model, None, provider, None)
        except LookupError:
            continue
        return _read(found.get_prices(noon))
    return None


def _read(price: ModelPrice) -> _Rates | None:
    """The table's row as rates. What has no price of its own costs what it is a part of."""
    fresh, output = _rate(price.input_mtok), _rate(price.output_mtok)
    if fresh is None or output is None:
        return None
    written = _rate(price.cache_write_mtok)
    return _Rates(
        input=fresh,
        cache_read=_rate(price.cache_read_mtok) or fresh,
        cache_write=written or fresh,
        cache_write_1h=_rate(price.cache_write_1h_mtok) or written or fresh,
        output=output,
        reasoning=_rate(price.output_reasoning_mtok) or output,
        write_is_priced=written is not None,
    )


def _rate(price: Decimal | TieredPrices | None) -> _Rate | None:
    if isinstance(price, TieredPrices):
        return _Rate(price.base, tuple((tier.start, tier.price) for tier in reversed(price.tiers)))
    return None if price is None else _Rate(price)
