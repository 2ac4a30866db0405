"""Sessions that tell the same work twice: forks that replay another's history, and retellings of one session.

A fork's file holds its parent's rows once more, under its own id and often without a word of it; a headless
run's log tells the session that the agent's own transcript tells too. What was asked of a model once is to be
counted once, whatever order the files come in. What two sessions have in common is found by their roots.
"""

import hashlib
import re
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from debrief.analysis import analyse
from debrief.metering import cost
from debrief.model import Analysis, Baseline, Cost, Event, ModelCall, PullRequest, Session, Tokens, UsageRows
from debrief.sources import retelling

SHORTEST_KEY = 16
"""Characters of a call's key from which on it is taken to be made up for this call alone."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def roots_of(session: Session) -> tuple[str, ...]:
    """Words that a session shares with its forks and its retellings, and with no others.

    One is its own id, where no two agents can have made the same; the others are those of the calls that it
    counts, of its sub-agents' too, whose files may have been read by themselves.
    """
    own = (f"id:{session.native_id.lower()}",) if _UUID.fullmatch(session.native_id) else ()
    return (*own, *roots_of_calls(session.format, session.model_calls))


def roots_of_calls(format_name: str, calls: Iterable[ModelCall]) -> tuple[str, ...]:
    """The roots of `calls`, in their order: the first one of each agent, where it has a time.

    A fork replays its parent from the beginning, and counts what comes after that. So of all sessions that
    know a call, one has it for its first or counts the call before it: whoever follows a session's calls from
    root to root meets all that count one of them, and no others, however many forks there are.
    """
    firsts: dict[str | None, ModelCall] = {}
    for call in calls:
        firsts.setdefault(call.agent, call)
    told = (
        f"{format_name}\n{call.key}\n{call.ts_us}".encode()
        for call in firsts.values()
        if _is_unmistakable(call)
    )
    return tuple(dict.fromkeys(f"call:{hashlib.sha256(text).hexdigest()[:32]}" for text in told))


def is_retelling(session: Session, of: Session) -> bool:
    """Whether `session` only retells what `of` tells better: in another format, or as its sub-agent."""
    if session.relation == "subagent" and session.parent_id == of.native_id and session.model_calls:
        return len(shared_calls(of, session)) == len({call.key for call in session.model_calls})
    if session.format == of.format or session.native_id.lower() != of.native_id.lower():
        return False
    return _UUID.fullmatch(session.native_id) is not None and retelling(session.format) > retelling(of.format)


def shared_calls(left: Session, right: Session) -> frozenset[str]:
    """The keys of the model calls that both sessions count, where one of them is a fork of the other."""
    if left.format != right.format or left.native_id == right.native_id:
        return frozenset()
    times = {call.key: call.ts_us for call in left.model_calls}
    return frozenset(
        call.key for call in right.model_calls if _is_unmistakable(call) and times.get(call.key) == call.ts_us
    )


def not_counted(calls: Iterable[ModelCall], session: Session) -> list[ModelCall]:
    """Those of `calls` that `session` does not count."""
    times = {call.key: call.ts_us for call in session.model_calls}
    return [call for call in calls if call.key not in times or times[call.key] != call.ts_us]


def _is_unmistakable(call: ModelCall) -> bool:
    """Whether no other call can have the same key and time: a key that only counts may come again."""
    return call.ts_us is not None and len(call.key) >= SHORTEST_KEY


def parted_us(session: Session, other: Session) -> int:
    """When both counted the same call last; 0 where they never did."""
    shared = shared_calls(session, other)
    return max((call.ts_us or 0 for call in session.model_calls if call.key in shared), default=0)


def is_fork(session: Session, of: Session, shared: frozenset[str]) -> bool:
    """Of two sessions that count `shared` calls, whether `session` is the one that replays `of`.

    What one of them says itself, or was found to be before, holds. Else the original is the one that went on
    first, or not at all; where that does not tell, `of` is.
    """
    if _says_fork(of, session) != _says_fork(session, of):
        return _says_fork(session, of)
    mine, theirs = _went_on_us(session, shared), _went_on_us(of, shared)
    if theirs is None:
        return True
    return mine is not None and mine >= theirs


def _says_fork(session: Session, of: Session) -> bool:
    return session.relation in {"fork", "subagent"} and session.parent_id == of.native_id


def _went_on_us(session: Session, shared: frozenset[str]) -> int | None:
    """When `session` first went its own way. What it has before that, it replays of a third one."""
    times = [(call.ts_us, call.key in shared) for call in session.model_calls if call.ts_us is not None]
    since = min((ts_us for ts_us, is_shared in times if is_shared), default=0)
    return min((ts_us for ts_us, is_shared in times if not is_shared and ts_us >= since), default=None)


def as_fork(session: Session, of: Session, history: Iterable[Event], shared: frozenset[str]) -> Session:
    """`session` (with its events) without the calls that `of` counts, its replayed events marked as such."""
    told = {event.native_id for event in history if event.native_id is not None}
    dropped = [call for call in session.model_calls if call.key in shared]
    usage = session.usage
    return msgspec.structs.replace(
        session,
        relation="subagent" if session.relation == "subagent" else "fork",
        parent_id=of.native_id if session.relation != "subagent" else session.parent_id,
        events=tuple(
            msgspec.structs.replace(event, replayed=True)
            if event.native_id in told and not event.replayed
            else event
            for event in session.events
        ),
        model_calls=tuple(call for call in session.model_calls if call.key not in shared),
        pull_requests=_of_its_own(session, of),
        usage=UsageRows(
            rows=usage.rows,
            repeated=usage.repeated,
            replayed=usage.replayed + sum(call.tokens != Tokens() for call in dropped),
            naive=usage.naive,
        ),
    )


def _of_its_own(session: Session, of: Session) -> tuple[PullRequest, ...]:
    """The pull requests of `session`; those that `of` created are only mentioned there."""
    elsewhere = {pull.url for pull in of.pull_requests if pull.created}
    return tuple(
        msgspec.structs.replace(pull, created=False, evidence="mention") if pull.url in elsewhere else pull
        for pull in session.pull_requests
    )


class Derived(Struct, frozen=True):
    """What is told of a session anew when its events or calls changed here."""

    analysis: Analysis
    cost: Cost
    step_count: int


def derive(session: Session, baseline: Baseline | None, *, usd_per_acu: float) -> Derived:
    """Analyse and price `session`, which comes with its events."""
    analysis = analyse(session, baseline=baseline)
    minutes = analysis.classification.active_minutes if analysis.classification else None
    return Derived(
        analysis,
        cost(session, usd_per_acu=usd_per_acu, active_minutes=minutes),
        step_count(session),
    )


def step_count(session: Session) -> int:
    """How many tools the main chain called."""
    return sum(
        event.kind == "tool_call" and event.agent is None and not event.replayed for event in session.events
    )
