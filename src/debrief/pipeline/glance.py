"""What was found and what earlier imports saw in; out, the import's outcomes if it has nothing to do.

Answers before anything heavy is loaded. Where it is not sure it says nothing, and the import looks itself.
"""

import time
from collections.abc import Sequence

from debrief.pipeline.discover import Found, printable_path
from debrief.pipeline.identity import Identity
from debrief.pipeline.outcome import Outcome, Summary, passed_over
from debrief.store.glance import glance
from debrief.wire.v2 import SILENCE_US


def unchanged(
    database_url: str, identity: Identity, found: Sequence[Found], usd_per_acu: float
) -> Summary | None:
    """The outcomes of `found` if all of it is as it was, and no session waits to be settled; else None."""
    seen = glance(database_url, identity.enterprise_id, time.time_ns() // 1000 - SILENCE_US)
    if seen is None:
        return None
    mark = identity.mark_at(usd_per_acu)
    told: list[Outcome] = []
    for one in found:
        # A path that holds a secret is noted without it, and so is not found here.
        path = printable_path(one.path)
        known = seen.get(path)
        if known is None or known[0] != f"{one.stamp}:{mark}":
            return None
        told.append(passed_over(path, *known[1:]))
    return Summary(outcomes=tuple(told))
