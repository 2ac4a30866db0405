"""The rows of a transcript that state tokens, added up as they come: what a sum is explained by."""

from debrief.model import Tokens, UsageRows
from debrief.model.session import BUCKETS


class UsageSum:
    """Takes row after row; see `UsageRows` for what is counted."""

    def __init__(self) -> None:
        self._rows = 0
        self._repeated = 0
        self._replayed = 0
        self._naive: list[int | None] = [None] * len(BUCKETS)

    def add(self, tokens: Tokens, *, repeated: bool, replaying: bool) -> None:
        """Count one row."""
        self._rows += 1
        self._replayed += replaying
        self._repeated += repeated and not replaying
        for place, bucket in enumerate(BUCKETS):
            number = getattr(tokens, bucket)
            if number is not None:
                self._naive[place] = (self._naive[place] or 0) + number

    @property
    def told(self) -> UsageRows:
        """The rows so far."""
        return UsageRows(
            rows=self._rows,
            repeated=self._repeated,
            replayed=self._replayed,
            naive=Tokens(**dict(zip(BUCKETS, self._naive, strict=True))),
        )


def larger(left: int | None, right: int | None) -> int | None:
    """The larger number; one that is not stated is smaller than any."""
    if left is None:
        return right
    return left if right is None else max(left, right)


def merged(known: Tokens, tokens: Tokens) -> Tokens:
    """What two mentions of one call state: the larger number of each bucket."""
    if known == tokens:
        return known
    return Tokens(**{bucket: larger(getattr(known, bucket), getattr(tokens, bucket)) for bucket in BUCKETS})
