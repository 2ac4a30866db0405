"""Times without a zone beside times with one in, how far the first clock is ahead of UTC out.

Events carry the machine's local time without its zone; the model's service and the ledger of costs carry
seconds since the epoch. Where one thing has both, the zone shows.
"""

from collections.abc import Iterable
from statistics import median_low

from debrief.sources.records import timestamp_us

_QUARTER_US = 15 * 60 * 1_000_000
_QUARTERS_AT_MOST = 14 * 4
_APART_AT_MOST_US = 5 * 60 * 1_000_000
_PAIRS_AT_MOST = 50


def ahead_us(pairs: Iterable[tuple[object, object]]) -> int:
    """How far the first clock of the pairs is ahead of the second; 0 where that is no zone."""
    differences = []
    for naive, epoch in pairs:
        local, true = timestamp_us(naive), timestamp_us(epoch)
        if local is not None and true is not None and is_naive(naive):
            differences.append(local - true)
        if len(differences) == _PAIRS_AT_MOST:
            break
    if not differences:
        return 0
    middle = median_low(differences)
    quarters = round(middle / _QUARTER_US)
    if abs(quarters) > _QUARTERS_AT_MOST or abs(middle - quarters * _QUARTER_US) > _APART_AT_MOST_US:
        return 0
    return quarters * _QUARTER_US


def is_naive(value: object) -> bool:
    """Whether a time is a text without a zone."""
    return isinstance(value, str) and not value.endswith("Z") and "+" not in value and value.count("-") < 3  # noqa: PLR2004 (two stand in a date)


def moment_us(value: object, ahead: int) -> int | None:
    """A record's time in UTC."""
    found = timestamp_us(value)
    return found - ahead if found is not None and is_naive(value) else found
