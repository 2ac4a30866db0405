"""Dollars as transcripts write them, in; whole micro-dollars out."""

import math

_LARGEST_USD = 1e9


def usd_micros(value: object) -> int | None:
    """Micro-dollars of a number of dollars above 0, else None.

    Agents write 0 where they know no price and where a subscription pays: that is no statement of a cost.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or not 0 < value < _LARGEST_USD:
        return None
    return round(value * 1_000_000)
