"""Stored sessions read again from the raw transcripts that were kept, and what that changed.

A better parser or analyser tells more of the same bytes: history is derived again without the agents' files,
which may be long gone. Whose a session is stays as it was.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from debrief.errors import DebriefError, NotATranscript, NotKept
from debrief.metering import PRICES
from debrief.model import ANALYSER_VERSION, StoredSession, total_tokens
from debrief.model.session import BUCKETS
from debrief.pipeline.change import Wanted, change
from debrief.pipeline.decide import Ruling, decide
from debrief.pipeline.discover import Found
from debrief.pipeline.identity import Identity
from debrief.pipeline.prepare import Prepared, Workbench, prepare_again
from debrief.pipeline.raw import read_raw
from debrief.pipeline.reading import newest
from debrief.sources import FORMATS
from debrief.store import BlobFolder, Store, StoredDocument, sessions

VERSIONS = {source.name: source.version for source in FORMATS}

FACTS = ("events", "steps", *BUCKETS, "cost_usd_micros", "issues", "pull_requests", "opaque", "faults")


class Change(Struct, frozen=True, kw_only=True):
    """What reading a session again changed: each fact that differs, before and after."""

    session_id: str
    facts: dict[str, tuple[int | None, int | None]]


class Reparsed(Struct, kw_only=True):
    """How many sessions were `read` again, which changed, and what could not be read.

    `current` were read by these very versions before and were left; `failed` maps a reason to how many
    sessions it holds for.
    """

    read: int = 0
    current: int = 0
    changes: list[Change] = []
    failed: Counter[str] = msgspec.field(default_factory=Counter)

    def sums(self) -> dict[str, tuple[int, int]]:
        """The facts that changed, summed up over the sessions in which they did: before and after."""
        totals: dict[str, tuple[int, int]] = {}
        for one in self.changes:
            for fact, (before, after) in one.facts.items():
                known = totals.get(fact, (0, 0))
                totals[fact] = (known[0] + (before or 0), known[1] + (after or 0))
        return {fact: totals[fact] for fact in FACTS if fact in totals}


def reparse(
    store: Store,
    enterprise_id: str,
    public_url: str,
    bench: Workbench,
    blobs: BlobFolder,
    *,
    every: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Reparsed:
    """Read again what an older parser or analyser read; with `every` all that is stored.

    Each session is committed by itself; begun anew, it goes on where it stopped.
    """
    told = Reparsed()
    for stored, documents in _stored(store, enterprise_id):
        if not every and _is_current(stored, bench):
            told.current += 1
        else:
            try:
                ready = _read(stored, documents, bench, blobs)
                _commit(store, stored, ready, bench, public_url, told)
            except NotKept:
                told.failed["its transcript was not kept"] += 1
            except DebriefError as error:
                told.failed[str(error)[:200]] += 1
        if progress is not None:
            progress(1)
    return told


def _stored(store: Store, enterprise_id: str) -> Iterator[tuple[StoredSession, list[StoredDocument]]]:
    for name in newest(store, enterprise_id):
        with store.read(primary=True) as connection:
            found = sessions.find(connection, enterprise_id, name)
            documents = sessions.find_documents(connection, enterprise_id, name)
        if found is not None:
            yield found, documents


def _is_current(stored: StoredSession, bench: Workbench) -> bool:
    analysed = stored.analysis is not None and stored.analysis.analyser_version == ANALYSER_VERSION
    # None: no price of an ACU went into the number.
    metered = stored.cost.usd_per_acu in {None, bench.usd_per_acu} and (
        not stored.cost.unpriced_models or stored.cost.prices == PRICES
    )
    return (
        analysed
        and metered
        and bool(stored.cost.prices)
        and stored.session.parser_version == VERSIONS.get(stored.session.format)
    )


def _read(
    stored: StoredSession, documents: list[StoredDocument], bench: Workbench, blobs: BlobFolder
) -> Prepared:
    """The session of `stored` alone, out of what is kept. Raises `TranscriptError`, `StoreError`."""
    transcript = read_raw(stored.session_id, documents, blobs)
    written_us = stored.session.last_event_us or stored.created_us
    for ready in prepare_again(transcript, written_us, bench, stored.session_id):
        return Prepared(
            found=Found(path=stored.session_id, companions=(), stamp="", size=0),
            format=ready.session.format,
            sessions=(ready,),
            documents=tuple(documents),
        )
    raise NotATranscript("its transcript does not tell of it any more")


def _commit(
    store: Store,
    stored: StoredSession,
    one: Prepared,
    bench: Workbench,
    public_url: str,
    told: Reparsed,
) -> None:
    identity = Identity(
        enterprise_id=stored.enterprise_id, org_id=stored.org_id, user_id=stored.user_id, tags=stored.tags
    )

    def rule(connection: Connection) -> list[Wanted]:
        if sessions.find_documents(connection, stored.enterprise_id, stored.session_id) != list(
            one.documents
        ):
            return []  # an import has brought another transcript of it in the meantime, and read that
        ruling = Ruling(connection, identity, bench, {}, {})
        decide(ruling, one, one.sessions[0], stored.session_id)
        sessions.remove(connection, stored.enterprise_id, sorted(ruling.removed))
        return list(ruling.wanted.values())

    before = _facts(stored)
    with store.read(primary=True) as connection:
        before["events"] = len(sessions.find_events(connection, stored.enterprise_id, stored.session_id))
    change(store, stored.enterprise_id, public_url, rule)
    with store.read(primary=True) as connection:
        now = sessions.find(connection, stored.enterprise_id, stored.session_id)
        events = sessions.find_events(connection, stored.enterprise_id, stored.session_id)
    after: dict[str, int | None] = {} if now is None else _facts(now)
    after["events"] = len(events)
    told.read += 1
    facts = {
        fact: (before.get(fact), after.get(fact)) for fact in FACTS if before.get(fact) != after.get(fact)
    }
    if facts:
        told.changes.append(Change(session_id=stored.session_id, facts=facts))


def _facts(stored: StoredSession) -> dict[str, int | None]:
    session, analysis = stored.session, stored.analysis
    tokens, _ = total_tokens(session)
    return {
        "steps": stored.step_count,
        **{bucket: getattr(tokens, bucket) for bucket in BUCKETS},
        "cost_usd_micros": stored.cost.cost_usd_micros,
        "issues": None if analysis is None else len(analysis.issues),
        "pull_requests": sum(pull.created for pull in session.pull_requests),
        "opaque": session.opaque_count,
        "faults": session.fault_count,
    }
