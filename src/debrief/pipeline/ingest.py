"""Files in, sessions stored: parsed, redacted, analysed, rendered and committed in batches, each one whole.

Workers prepare files side by side; this process alone writes. Killed at any moment, the database holds whole
sessions only, and the next import goes on where this one stopped.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from debrief.analysis import ANALYSER_VERSION
from debrief.llm import is_read
from debrief.model import StoredSession
from debrief.pipeline.change import Wanted, change
from debrief.pipeline.discover import Found
from debrief.pipeline.prepare import Prepared, PreparedSession, Workbench, printable_path
from debrief.pipeline.workers import prepared
from debrief.store import Store, StoredDocument, clock, files, sessions
from debrief.store.files import SeenFile
from debrief.wire import v2

_PRECEDENCE = ("new", "updated", "unchanged", "older", "skipped")
"""Of a file with several sessions the first of these that one of them had is told."""

BATCH_FILES = 64
BATCH_SECONDS = 1.0


class Identity(Struct, frozen=True, kw_only=True):
    """Whose sessions an import brings. A user that the transcript itself names goes before `user_id`."""

    enterprise_id: str
    org_id: str
    user_id: str | None = None
    tags: tuple[str, ...] = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one file: `new`, `updated`, `unchanged`, `older` or `skipped`; `detail` says more.

    `is_known` is for a file that was not opened, because an earlier import saw it as it is.
    """

    path: str
    outcome: str
    format: str | None
    detail: str
    sessions: tuple[str, ...] = ()
    is_known: bool = False


class Summary(Struct, frozen=True, kw_only=True):
    """All outcomes of an import."""

    outcomes: tuple[Outcome, ...]

    def counts(self) -> dict[str, int]:
        """How many files had which outcome."""
        counted = Counter(one.outcome for one in self.outcomes)
        return {name: counted[name] for name in _PRECEDENCE}

    def formats(self) -> dict[str, int]:
        """How many files there are of which format."""
        return dict(sorted(Counter(one.format for one in self.outcomes if one.format).items()))


def ingest(
    store: Store,
    found: Sequence[Found],
    *,
    identity: Identity,
    bench: Workbench,
    public_url: str,
    progress: Callable[[int], None] | None = None,
    workers: int | None = None,
    remember: bool = True,
) -> Summary:
    """Import `found`. `progress` is told how many more files are done, each time some are.

    `remember` is false for files that will be gone: they are read again whenever they come again.

    Raises `StoreError` where the database refuses; what was committed before stays.
    """
    told = progress or (lambda _: None)
    seen: dict[str, SeenFile] = {}
    if remember:
        with store.read() as connection:
            seen = files.seen(connection, identity.enterprise_id)
    owner = repr((identity.org_id, identity.user_id, identity.tags))
    stamped = [msgspec.structs.replace(one, stamp=f"{one.stamp}:{ANALYSER_VERSION}:{owner}") for one in found]
    todo = []
    outcomes: list[Outcome] = []
    for one in stamped:
        path = printable_path(one.path)
        known = seen.get(path)
        if known is None or known.stamp != one.stamp:
            todo.append(one)
            continue
        outcome = "skipped" if known.outcome == "skipped" else "unchanged"
        outcomes.append(
            Outcome(path=path, outcome=outcome, format=known.format, detail=known.detail, is_known=True)
        )
    if outcomes:
        told(len(outcomes))
    for batch in _batches(prepared(todo, bench, workers)):
        outcomes += _store(store, batch, identity, public_url, remember=remember)
        told(len(batch))
    return Summary(outcomes=tuple(outcomes))


def _batches(several: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    batch: list[Prepared] = []
    began = time.monotonic()
    for one in several:
        batch.append(one)
        if len(batch) >= BATCH_FILES or time.monotonic() - began > BATCH_SECONDS:
            yield batch
            batch, began = [], time.monotonic()
    if batch:
        yield batch


def _store(
    store: Store, batch: list[Prepared], identity: Identity, public_url: str, *, remember: bool
) -> list[Outcome]:
    """Store a batch in one transaction, with what the import says of its files."""
    outcomes: list[Outcome] = []

    def decide(connection: Connection) -> list[Wanted]:
        wanted: dict[str, Wanted] = {}
        for one in batch:
            results = [_decide(connection, ready, one.documents, identity, wanted) for ready in one.sessions]
            outcomes.append(
                Outcome(
                    path=printable_path(one.found.path),
                    outcome=min((name for name, _ in results), key=_PRECEDENCE.index, default="skipped"),
                    format=one.format,
                    detail=one.skipped or "; ".join(detail for _, detail in results),
                    sessions=tuple(ready.session_id for ready in one.sessions),
                )
            )
        seen = [
            SeenFile(
                path=outcome.path,
                stamp=one.found.stamp,
                outcome=outcome.outcome,
                format=outcome.format,
                detail=outcome.detail,
            )
            for outcome, one in zip(outcomes, batch, strict=True)
            if remember and not one.may_be_read_later
        ]
        files.put(connection, identity.enterprise_id, seen)
        return list(wanted.values())

    change(store, identity.enterprise_id, public_url, decide)
    return outcomes


def _decide(
    connection: Connection,
    ready: PreparedSession,
    documents: tuple[StoredDocument, ...],
    identity: Identity,
    wanted: dict[str, Wanted],
) -> tuple[str, str]:
    """Add the session to `wanted` if it says anything new; returns the outcome and what to say of it."""
    enterprise_id = identity.enterprise_id
    # A batch may hold two copies of a session: the one before counts as stored.
    earlier = wanted.get(ready.session_id)
    known = earlier.stored if earlier else sessions.find(connection, enterprise_id, ready.session_id)
    is_same = False
    if known is not None:
        if _is_older(ready, known):
            return "older", f"a longer transcript of {ready.session_id} is stored already"
        held = (
            earlier.documents
            if earlier and earlier.documents is not None
            else sessions.find_documents(connection, enterprise_id, ready.session_id)
        )
        is_same = [one.digest for one in held] == [one.digest for one in documents]
    stored = _stored(ready, known, identity, is_same=is_same and bool(documents))
    if known is not None and is_same and _at(stored, known.updated_us) == known:
        return "unchanged", _remarks(ready)
    wanted[ready.session_id] = Wanted(stored=stored, events=ready.events, documents=documents)
    return "new" if known is None else "updated", _remarks(ready)


def _is_older(ready: PreparedSession, known: StoredSession) -> bool:
    """Whether `ready` is an earlier snapshot of a session that is stored with more: a copy, to be left."""
    before, now = known.session.last_event_us, ready.session.last_event_us
    return before is not None and now is not None and now < before


def _at(stored: StoredSession, updated_us: int) -> StoredSession:
    return msgspec.structs.replace(stored, updated_us=updated_us)


def _stored(
    ready: PreparedSession, known: StoredSession | None, identity: Identity, *, is_same: bool
) -> StoredSession:
    """What is to be stored; `is_same` says that the raw documents are those that are stored already."""
    session = ready.session
    fallback = max(0, known.created_us) if known is not None else ready.file_us
    analysis, baseline = ready.analysis, ready.baseline
    if known is not None and known.analysis is not None:
        version = known.analysis.analyser_version
        if is_same and known.session == session and version == ready.analysis.analyser_version:
            # Analysed as it was: what is usual has changed since, the session has not.
            analysis, baseline = known.analysis, known.baseline
        elif is_read(known.analysis, session, ready.analysis):
            # What a language model added stays while the session and what the rules say of it do.
            analysis = known.analysis
    return StoredSession(
        enterprise_id=identity.enterprise_id,
        session_id=ready.session_id,
        org_id=identity.org_id,
        user_id=session.user or identity.user_id,
        tags=tuple(sorted({*identity.tags, *session.tags})),
        status=v2.status_at(session, clock.now_us()),
        created_us=session.started_us if session.started_us is not None else fallback,
        updated_us=0 if known is None else known.updated_us,
        session=session,
        analysis=analysis,
        cost=ready.cost,
        step_count=ready.step_count,
        baseline=baseline,
    )


def _remarks(ready: PreparedSession) -> str:
    session = ready.session
    remarks = [f"{ready.event_count} events"]
    if session.opaque_count:
        remarks.append(f"{session.opaque_count} opaque records")
    if session.fault_count:
        remarks.append(f"{session.fault_count} faults, the first: {session.faults[0]}")
    return ", ".join(remarks)
