"""Files in, sessions stored: parsed, redacted, analysed, rendered and committed in batches, each one whole.

Workers prepare files side by side; this process alone writes. Killed at any moment, the database holds whole
sessions only, and the next import goes on where this one stopped.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing

import msgspec
from sqlalchemy import Connection

from debrief.pipeline import forks
from debrief.pipeline.change import Wanted, change
from debrief.pipeline.decide import Ruling, decide
from debrief.pipeline.discover import Found
from debrief.pipeline.identity import Identity, forget_remotes
from debrief.pipeline.outcome import PRECEDENCE, Outcome, Summary, passed_over
from debrief.pipeline.prepare import Prepared, Workbench
from debrief.pipeline.raw import shown_path
from debrief.pipeline.unpack import container_kind, opened
from debrief.pipeline.workers import prepared
from debrief.redaction import Redactor
from debrief.sources.builder import printable
from debrief.store import Store, files, sessions
from debrief.store.files import SeenFile

BATCH_FILES = 64
BATCH_SECONDS = 1.0

FAULTS_TOLD = 5

LONGEST_PATH = 2_000
"""In bytes; PostgreSQL indexes none much longer. Of a longer one the beginning and a hash are told."""


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
    forget_remotes()
    seen: dict[str, SeenFile] = {}
    if remember:
        with store.read() as connection:
            seen = files.seen(connection, identity.enterprise_id)
    one = _Import(
        store,
        _cleaned(identity, Redactor(bench.key)),
        bench,
        public_url,
        workers=workers,
        seen=seen,
        remember=remember,
    )
    try:
        return Summary(outcomes=tuple(one.run(found, progress or (lambda _: None))))
    finally:
        forks.finish()


class _Import:
    """One import: what it knows, and the batches that it commits."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        bench: Workbench,
        public_url: str,
        *,
        workers: int | None,
        seen: dict[str, SeenFile],
        remember: bool,
    ) -> None:
        self._store = store
        self._identity = identity
        self._bench = bench
        self._public_url = public_url
        self._workers = workers
        self._seen = seen
        self._remember = remember
        self._clean = Redactor(bench.key)
        self._paths = {name: file.path for file in seen.values() for name in file.sessions.split()}
        self._mark = identity.mark_at(bench.usd_per_acu)

    def run(self, found: Sequence[Found], progress: Callable[[int], None]) -> list[Outcome]:
        todo, outcomes = self._unseen(found)
        if outcomes:
            progress(len(outcomes))
        kinds = {one.path: container_kind(one.path) for one in todo}
        plain = [one for one in todo if kinds[one.path] is None]
        with closing(prepared(plain, self._bench, self._workers)) as ready:
            for batch in _batches(ready):
                outcomes += self._commit(batch)
                progress(len(batch))
        for one in todo:
            kind = kinds[one.path]
            if kind is not None:
                outcomes += self._open(one, kind)
                progress(1)
        return outcomes

    def _unseen(self, found: Iterable[Found]) -> tuple[list[Found], list[Outcome]]:
        """What is to be read, and the outcomes of what an earlier import saw as it is."""
        todo: list[Found] = []
        outcomes = []
        # The same file may have been asked for twice: by itself, and with its folder.
        for one in {one.path: one for one in found}.values():
            stamp = f"{one.stamp}:{self._mark}"
            path = self._shown(one)
            known = self._seen.get(path)
            if known is None or known.stamp != stamp:
                todo.append(msgspec.structs.replace(one, stamp=stamp))
                continue
            outcomes.append(passed_over(path, known.outcome, known.format, known.detail))
        return todo, outcomes

    def _open(self, container: Found, kind: str) -> list[Outcome]:
        """Import what is in a container, then note the container itself."""
        with opened(container, kind) as content:
            inside = self.run(content.found, lambda _: None)
        told = Counter(one.outcome for one in inside)
        good = [one for one in inside if one.outcome != "skipped"]
        parts = [f"{number} {name}" for name, number in sorted(told.items())]
        parts += [self._clean(printable(fault)) for fault in content.faults[:FAULTS_TOLD]]
        if len(content.faults) > FAULTS_TOLD:
            parts.append(f"and {len(content.faults) - FAULTS_TOLD} more faults")
        outcome = Outcome(
            path=self._shown(container),
            outcome="opened" if good else "skipped",
            format=None,
            detail="; ".join(parts) or f"the {kind} file is empty",
        )

        def note(connection: Connection) -> list[Wanted]:
            self._note(connection, [(container, outcome)])
            return []

        if not content.may_be_read_later:
            change(self._store, self._identity.enterprise_id, self._public_url, note)
        return [*inside, outcome]

    def _commit(self, batch: list[Prepared]) -> list[Outcome]:
        """Store a batch in one transaction, with what the import says of its files."""
        outcomes: list[Outcome] = []

        def rule(connection: Connection) -> list[Wanted]:
            ruling = Ruling(connection, self._identity, self._bench, self._seen, self._paths)
            ruling.expect(ready for one in batch for ready in one.sessions)
            for one in batch:
                path = self._shown(one.found)
                results = [decide(ruling, one, ready, path) for ready in one.sessions]
                first = min(results, key=lambda result: PRECEDENCE.index(result.outcome), default=None)
                outcomes.append(
                    Outcome(
                        path=path,
                        outcome=first.outcome if first else "skipped",
                        how=first.how if first else "",
                        format=one.format,
                        detail=one.skipped or "; ".join(result.detail for result in results),
                        sessions=tuple(ready.session_id for ready in one.sessions),
                    )
                )
            noted = [
                (one.found, outcome)
                for outcome, one in zip(outcomes, batch, strict=True)
                if not one.may_be_read_later
            ]
            self._note(connection, noted)
            files.forget(connection, self._identity.enterprise_id, ruling.renamed)
            sessions.remove(connection, self._identity.enterprise_id, sorted(ruling.removed))
            return list(ruling.wanted.values())

        change(self._store, self._identity.enterprise_id, self._public_url, rule)
        return outcomes

    def _shown(self, found: Found) -> str:
        """The path that people know a file by, without the secrets that it may hold."""
        path = shown_path(found.shown or found.path, self._clean)
        if len(path.encode()) <= LONGEST_PATH:
            return path
        return f"{path[:200]}...{hashlib.sha256(path.encode()).hexdigest()[:32]}"

    def _note(self, connection: Connection, several: Sequence[tuple[Found, Outcome]]) -> None:
        if not self._remember:
            return
        noted = [
            SeenFile(
                path=outcome.path,
                stamp=found.stamp,
                outcome=outcome.outcome,
                format=outcome.format,
                detail=outcome.detail,
                sessions=" ".join(outcome.sessions),
            )
            for found, outcome in several
        ]
        files.put(connection, self._identity.enterprise_id, noted)
        self._paths |= {name: file.path for file in noted for name in file.sessions.split()}


def _cleaned(identity: Identity, clean: Redactor) -> Identity:
    """Words that people type at a command may hold a secret as well as a transcript."""
    return msgspec.structs.replace(
        identity,
        user_id=clean(identity.user_id) if identity.user_id is not None else None,
        tags=tuple(sorted({clean(tag) for tag in identity.tags})),
        rules=identity.rules.cleaned(clean),
    )


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
