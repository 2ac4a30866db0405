"""Costs as transcripts state them: dollars, a number of any type, in; micro-dollars out."""

_MILLION = 1_000_000
_TOO_MUCH = 10**9


def dollars(cost: object) -> float | None:
    """A cost in dollars where it is one: a number that is not negative, not absurd, and not a boolean."""
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < _TOO_MUCH:
        return None
    return float(cost)


def micros(cost: object) -> int | None:
    """The same in micro-dollars. A model whose price is unknown costs 0 in many programs: that is no cost."""
    amount = dollars(cost)
    return round(amount * _MILLION) or None if amount is not None else None
