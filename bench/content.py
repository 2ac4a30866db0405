"""What the benchmark's sessions are made of: a seed and a number in, values of sessions and their items out.

A few thousand StoredSessions are rendered by the wire itself; every session of the data set is one of these
with its own id, times, organization, user, status and tags put into the rendered bytes.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final, get_args

import msgspec

from debrief.model import (
    ActionItem,
    Analysis,
    Cost,
    Event,
    FeedbackItem,
    Issue,
    ModelCall,
    PullRequest,
    Session,
    Status,
    StoredSession,
    SuggestedPrompt,
    TimelineEntry,
    Tokens,
)
from debrief.model.analysis import ACTION_TYPES, IMPACTS, LABELS
from debrief.pipeline.change import rendering
from debrief.wire import v2

SEED: Final = 20_260_930
ENTERPRISE: Final = "bench"
PUBLIC_URL: Final = "http://debrief.bench"
ORGS: Final = 50
USERS: Final = 5_000
TAGS: Final = 300
REPOSITORIES_PER_ORG: Final = 8
POOL: Final = 3_000

END: Final = datetime(2026, 9, 30, tzinfo=UTC)
"""No session is newer. Windows of the benchmark count back from here."""
SPAN: Final = timedelta(days=730)

STATUSES: Final[tuple[str, ...]] = get_args(Status)
_STATUS_WEIGHTS: Final = {"exit": 800, "suspended": 110, "error": 60, "running": 20}
_WITHOUT_ANALYSIS: Final = 0.06
_SECOND_US: Final = 1_000_000
_DAY_US: Final = 86_400 * _SECOND_US

_TEXT: Final = """
the test failed because module could not be found agent ran pytest again after install of missing
package branch rebase conflict resolved by hand environment variable not set database url login
token expired request timed out retry with longer limit lint error unused import type mismatch in
handler response schema migration applied twice cache stale build passes locally but not on the
server fixture order path does not exist permission denied read only file system patch did not apply
reviewer asked for smaller change documentation updated version pinned lock file regenerated
"""


def us(moment: datetime) -> int:
    """Microseconds since the epoch."""
    return int(moment.timestamp()) * _SECOND_US


def dice(salt: int = 0) -> random.Random:
    """A generator that gives the same numbers in every run."""
    return random.Random(SEED + salt)  # noqa: S311 (a data set, not a secret)


class Mould(msgspec.Struct, frozen=True):
    """A StoredSession of the pool, and its item with gaps for what differs from session to session."""

    stored: StoredSession
    head: bytes
    tail: bytes


class World:
    """Who there is: users in organizations, repositories, tags, each with its weight; and the moulds."""

    def __init__(self, *, small: bool = False) -> None:
        roll = dice()
        self.orgs = [f"org_{number:02d}" for number in range(ORGS)]
        self.tags = [f"tag-{number:03d}" for number in range(TAGS)]
        self.users = [f"user_{number:04d}" for number in range(USERS)]
        org_weights = _skewed(ORGS, 0.9)
        self.org_of = [self.orgs[i] for i in roll.choices(range(ORGS), cum_weights=org_weights, k=USERS)]
        self.user_weights = _skewed(USERS, 0.8)
        self.tag_weights = _skewed(TAGS, 0.9)
        self.moulds = [_mould(roll, small=small) for _ in range(POOL)]

    def repositories(self, org_id: str) -> list[str]:
        """Those of one organization."""
        return [f"example/{org_id}-service-{number}" for number in range(REPOSITORIES_PER_ORG)]

    def sessions(self, count: int, salt: int = 1) -> Iterator[dict[str, Any]]:
        """The values of `count` sessions, the oldest first; the key `mould` names what they are made of.

        Another `salt` gives others.
        """
        roll = dice(salt)
        chunk = 5_000
        start, span = us(END - SPAN), SPAN // timedelta(microseconds=1)
        statuses, weights = list(_STATUS_WEIGHTS), list(_STATUS_WEIGHTS.values())
        created = start
        for first in range(0, count, chunk):
            users = roll.choices(range(USERS), cum_weights=self.user_weights, k=chunk)
            states = roll.choices(statuses, weights=weights, k=chunk)
            tags = roll.choices(self.tags, cum_weights=self.tag_weights, k=4 * chunk)
            for offset in range(min(chunk, count - first)):
                part = (first + offset + roll.random()) / count
                if roll.random() > 0.02:  # noqa: PLR2004 (one in fifty begins in the same moment as another)
                    created = start + int(span * part**0.6)
                user = users[offset]
                kept = sorted(set(tags[4 * offset : 4 * offset + roll.choice((0, 1, 1, 2, 2, 3, 4))]))
                yield self._values(roll, created, user, states[offset], kept)

    def _values(
        self, roll: random.Random, created: int, user: int, status: str, tags: list[str]
    ) -> dict[str, Any]:
        number = roll.randrange(POOL)
        mould = self.moulds[number]
        end = us(END)
        last = min(end, created + int(roll.lognormvariate(7.5, 1.2) * _SECOND_US))
        updated = min(end, last + int(roll.expovariate(1 / (30 * _SECOND_US))))
        late = roll.random()
        if late < 0.015:  # noqa: PLR2004 (these changed in the last days)
            updated = end - int(roll.random() ** 2 * 3 * _DAY_US)
        elif late < 0.1:  # noqa: PLR2004 (and these some days after their end)
            updated = min(end, updated + int(roll.random() * 14 * _DAY_US))
        hexed = f"{roll.getrandbits(128):032x}"
        session_id = f"bench-{hexed[:8]}-{hexed[8:12]}-{hexed[12:16]}-{hexed[16:20]}-{hexed[20:]}"
        org_id, user_id = self.org_of[user], self.users[user]
        name = session_id.encode()
        head = mould.head % (
            name,
            name,
            status.encode(),
            b",".join(b'"%b"' % tag.encode() for tag in tags),
            user_id.encode(),
            org_id.encode(),
            v2.wire_time(created).encode(),
            v2.wire_time(updated).encode(),
            v2.wire_time(last).encode(),
        )
        return {
            "enterprise_id": ENTERPRISE,
            "session_id": session_id,
            "org_id": org_id,
            "user_id": user_id,
            "status": status,
            "repository": f"example/{org_id}-service-{number % REPOSITORIES_PER_ORG}",
            "title": mould.stored.session.title,
            "format": mould.stored.session.format,
            "step_count": 40 + number % 200,
            "token_count": 10_000 + number % 90_000,
            "issue_count": len(mould.stored.analysis.issues) if mould.stored.analysis else 0,
            "has_analysis": int(mould.stored.analysis is not None),
            "created_us": created,
            "updated_us": updated,
            "last_event_us": last,
            "arrived_us": last,
            "rendering": rendering(PUBLIC_URL),
            "basics_size": len(head),
            "item": head + mould.tail,
            "tags": tags,
            "mould": number,
        }

    def stored(self, values: dict[str, Any]) -> StoredSession:
        """The StoredSession that `values` of `sessions` stand for."""
        mould = self.moulds[values["mould"]].stored
        session = msgspec.structs.replace(
            mould.session,
            native_id=values["session_id"],
            repository=values["repository"],
            started_us=values["created_us"],
            last_event_us=values["last_event_us"],
        )
        made: StoredSession = msgspec.structs.replace(
            mould,
            session=session,
            tags=tuple(values["tags"]),
            **{name: values[name] for name in ("session_id", "org_id", "user_id", "status")},
            created_us=values["created_us"],
            updated_us=values["updated_us"],
        )
        return made


WORDS: Final = _TEXT.split()


def _skewed(count: int, exponent: float) -> list[float]:
    return list(accumulate(1 / (rank + 1) ** exponent for rank in range(count)))


def _words(roll: random.Random, low: int, high: int) -> str:
    return " ".join(roll.choices(WORDS, k=roll.randint(low, high))).capitalize()


_CREATED, _UPDATED, _LAST = _SECOND_US, 2 * _SECOND_US, 3 * _SECOND_US


def _mould(roll: random.Random, *, small: bool) -> Mould:
    stored = _pool_session(roll, small=small)
    item = v2.render(stored, PUBLIC_URL)
    head = item.detail[: item.basics_size].replace(b"%", b"%%")
    for gap in (b"@id@", b"@id@", b"@status@", b"@user@", b"@org@"):
        head = head.replace(gap, b"%b")
    head = head.replace(b'"@tags@"', b"%b")
    for moment in (_CREATED, _UPDATED, _LAST):
        head = head.replace(v2.wire_time(moment).encode(), b"%b")
    return Mould(stored, head, item.detail[item.basics_size :])


def _pool_session(roll: random.Random, *, small: bool) -> StoredSession:
    prompt = _words(roll, 3, 5) if small else _words(roll, 8, 60)
    pulls = tuple(
        PullRequest(
            url=f"https://github.com/example/service/pull/{roll.randint(1, 9_999)}",
            created=True,
            evidence="native",
            event=1,
            state=roll.choice(("open", "merged", "merged", "closed", None)),
        )
        for _ in range(0 if small else roll.choice((0, 0, 1, 1, 2)))
    )
    session = Session(
        format="bench",
        parser_version=1,
        native_id="@id@",
        agent="A coding agent",
        title=_words(roll, 3, 9),
        initial_user_message=prompt,
        started_us=_CREATED,
        last_event_us=_LAST,
        end_state="finished",
        end_reason="The agent ended its turn.",
        events=(Event(ordinal=0, kind="prompt", actor="user", text=prompt, ts_us=_CREATED),),
        model_calls=(ModelCall(key="m1", model="a-model", tokens=Tokens(input=1200, output=340)),),
        pull_requests=pulls,
    )
    acus = round(roll.lognormvariate(0.5, 1), 2)
    return StoredSession(
        enterprise_id=ENTERPRISE,
        session_id="@id@",
        org_id="@org@",
        user_id="@user@",
        tags=("@tags@",),
        created_us=_CREATED,
        updated_us=_UPDATED,
        status="@status@",  # type: ignore[arg-type] # a gap, filled for each session
        session=session,
        analysis=None if roll.random() < _WITHOUT_ANALYSIS else _analysis(roll, prompt, small=small),
        cost=Cost(cost_usd_micros=int(acus * 2_000_000), quality="exact", acus=acus, priced_calls=1),
    )


def _analysis(roll: random.Random, prompt: str, *, small: bool) -> Analysis:
    if small:
        return Analysis(analyser_version=1)
    count = roll.choice((0, 1, 1, 2, 3, 4, 5))
    issues = tuple(
        Issue(
            id=f"issue_{number + 1}",
            label=roll.choice(LABELS),  # type: ignore[arg-type] # one of the Literal's own values
            impact=roll.choice(IMPACTS),  # type: ignore[arg-type] # the same
            issue=_words(roll, 8, 24),
            detector="bench",
            detector_version=1,
            evidence=(number,),
            fingerprint=f"{roll.getrandbits(128):032x}",
        )
        for number in range(count)
    )
    actions = tuple(
        ActionItem(
            type=roll.choice(ACTION_TYPES),  # type: ignore[arg-type] # one of the Literal's own values
            action_item=_words(roll, 8, 22),
            issue_id=issue.id,
        )
        for issue in issues
    )
    feedback = tuple(
        FeedbackItem(
            summary=_words(roll, 5, 10), excerpt=prompt[:40], details=_words(roll, 8, 20), issue_id=issue.id
        )
        for issue in issues[:2]
    )
    timeline = tuple(
        TimelineEntry(title=_words(roll, 2, 4), description=_words(roll, 6, 18), first=0, last=0)
        for _ in range(roll.randint(2, 6))
    )
    return Analysis(
        analyser_version=1,
        issues=issues,
        timeline=timeline,
        action_items=actions,
        suggested_prompt=SuggestedPrompt(
            original_prompt=prompt,
            suggested_prompt=prompt + " " + _words(roll, 10, 40),
            feedback_items=feedback,
        ),
    )
