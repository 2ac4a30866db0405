"""Tells a session's own records from the history that a fork or a sub-agent was given to start with.

Such a transcript begins with a copy of its parent's, token counts included, each line stamped with the time
of the copy. The copy's turns keep their ids, and the ids hold the time at which they were made (UUID version
7), as the session's own id does: a turn that is older than the session is not the session's.
"""

import re
from typing import Literal

from debrief.sources.records import timestamp_us

_UUID7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

SLACK_US = 2_000_000
"""A copy is written at once; a record this much later than the session's first is not part of it."""

Evidence = Literal["none", "sure", "guess"]


def born_us(identifier: str | None) -> int | None:
    """When `identifier` was made, if it is a UUID that says so."""
    match = _UUID7.fullmatch(identifier or "")
    return int(match.group(1) + match.group(2), 16) * 1000 if match else None


class Replay:
    """Follows one transcript; `active` says whether the current record is copied history."""

    def __init__(self) -> None:
        self.active = False
        self.seen = False
        self.evidence: Evidence = "none"
        self._born_us: int | None = None
        self._first_us: int | None = None
        self._child = False
        self._settled = False

    def began(self, identifier: str | None, stated: object, ts_us: int | None) -> None:
        """Note the session's own id, the time that it states for itself and that of its first record."""
        self._born_us = born_us(identifier) or timestamp_us(stated) or ts_us
        self._first_us = ts_us

    def forked(self) -> None:
        """The session says that it was forked: its transcript begins with a copy."""
        if not self._settled:
            self.active = self.seen = True

    def spawned(self) -> None:
        """The session says that another started it: a copy is possible, and its turns would tell."""
        self._child = True

    def turn(self, turn_id: str | None, started_at: object, ts_us: int | None) -> None:
        """Judge by a record that opens a turn whether the copy goes on, ends, or never was."""
        if self._settled or not (self.active or self._child):
            return
        made_us = born_us(turn_id)
        if made_us is None and self.active:
            made_us = timestamp_us(started_at)
            # A turn's id is exact; `started_at` counts whole seconds.
            made_us = made_us + 1_000_000 if made_us is not None else None
        if made_us is not None and self._born_us is not None:
            own = made_us >= self._born_us
            self.evidence = "sure"
            self.active = not own
            self.seen = self.seen or self.active
            self._settled = own
        else:
            self.moment(ts_us)

    def moment(self, ts_us: int | None) -> None:
        """Where no turn tells, judge by the clock: the copy was written within moments."""
        if not self.active or self.evidence == "sure" or ts_us is None or self._first_us is None:
            return
        if ts_us > self._first_us + SLACK_US:
            self.evidence = "guess"
            self.active = False
            self._settled = True
