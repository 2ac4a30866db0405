"""What is usual in an organization: how large its sessions are, so that one that stands out can be told.

Looked up once for an import, over the newest sessions; nothing is kept for it.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select

from debrief.store.parcels import Usual
from debrief.store.schema import sessions

LOOKED_AT: Final = 20_000
"""Of an organization's sessions, the newest."""

ENOUGH: Final = 20
"""With fewer sessions nothing is usual."""


def usual(connection: Connection, enterprise_id: str, org_id: str) -> dict[str | None, Usual]:
    """What is usual in each repository of the organization, and under None in all of it."""
    query = (
        select(sessions.c.repository, sessions.c.step_count, sessions.c.token_count)
        .where(sessions.c.enterprise_id == enterprise_id, sessions.c.org_id == org_id)
        .order_by(sessions.c.created_us.desc(), sessions.c.session_id.desc())
        .limit(LOOKED_AT)
    )
    steps: defaultdict[str | None, list[int]] = defaultdict(list)
    tokens: defaultdict[str | None, list[int]] = defaultdict(list)
    for repository, step_count, token_count in connection.execute(query):
        for group in {repository, None}:
            if step_count is not None:
                steps[group].append(step_count)
            if token_count is not None:
                tokens[group].append(token_count)
    return {
        group: Usual(len(counts), _p95(counts), _p95(tokens[group]) if len(tokens[group]) >= ENOUGH else None)
        for group, counts in steps.items()
        if len(counts) >= ENOUGH
    }


def _p95(values: Sequence[int]) -> int:
    return sorted(values)[(len(values) - 1) * 95 // 100]
