"""A prepared session and what is stored in; out, what is to become of it, told in a word.

New, grown, rewritten, truncated, renamed, copied or forked: each is told apart from what the sessions hold,
never from a file's name or time.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from debrief.llm.analyser import is_read
from debrief.model import Event, Session, StoredSession
from debrief.pipeline import kin
from debrief.pipeline.change import Wanted
from debrief.pipeline.identity import Identity
from debrief.pipeline.prepare import Prepared, PreparedSession, Workbench
from debrief.store import Packed, StoredDocument, clock, sessions
from debrief.store.files import SeenFile
from debrief.wire import v2


class Decision(Struct, frozen=True):
    """What became of one session.

    `how` is `grown` (all that was there is still there, and more), `rewritten`, `truncated` (what is stored
    holds more, and stays), `renamed` (the file lies elsewhere now), `copied` (it lies in two places),
    `forked` (it replays another session, whose calls are not counted again), `retold` (another transcript
    tells the session better), `derived` (the same bytes, read or analysed anew), `moved` (to another
    organization, user or tags), or empty.
    """

    outcome: str
    how: str
    detail: str


class Ruling:
    """The sessions of one transaction: what is stored, what is wanted of it, what goes."""

    def __init__(
        self,
        connection: Connection,
        identity: Identity,
        bench: Workbench,
        seen: dict[str, SeenFile],
        paths: dict[str, str],
    ) -> None:
        self.connection = connection
        self.identity = identity
        self.bench = bench
        self.wanted: dict[str, Wanted] = {}
        self.removed: set[str] = set()
        self.renamed: set[str] = set()
        self._seen = seen
        self._paths = paths
        self._sharing: defaultdict[str, list[str]] = defaultdict(list)
        self._looked_up: set[str] = set()
        self._stored: dict[str, StoredSession | None] = {}

    def expect(self, several: Iterable[PreparedSession]) -> None:
        """Look up at once what is stored of sessions that are to be decided, and who shares their roots."""
        ready = list(several)
        names = [one.session_id for one in ready]
        found = sessions.find_all(self.connection, self.identity.enterprise_id, names)
        self._stored |= {name: found.get(name) for name in names}
        self._look_up([root for one in ready for root in one.roots])

    def _look_up(self, roots: Iterable[str]) -> None:
        asked = [root for root in roots if root not in self._looked_up]
        if not asked:
            return
        self._looked_up |= set(asked)
        found = sessions.sharing(self.connection, self.identity.enterprise_id, asked)
        for root, names in found.items():
            self._sharing[root] += names

    def known(self, session_id: str) -> StoredSession | None:
        """What is stored, or about to be: a batch may hold two copies of a session."""
        if session_id in self.removed:
            return None
        earlier = self.wanted.get(session_id)
        if earlier is not None:
            return earlier.stored
        if session_id not in self._stored:
            self._stored[session_id] = sessions.find(self.connection, self.identity.enterprise_id, session_id)
        return self._stored[session_id]

    def events(self, session_id: str) -> tuple[Event, ...]:
        """The events of a session that `known` knows."""
        earlier = self.wanted.get(session_id)
        if earlier is not None and earlier.events is not None:
            return earlier.events.unpacked()
        return sessions.find_events(self.connection, self.identity.enterprise_id, session_id)

    def documents(self, session_id: str) -> list[StoredDocument]:
        """The raw documents of a session that `known` knows."""
        earlier = self.wanted.get(session_id)
        if earlier is not None and earlier.documents is not None:
            return list(earlier.documents)
        return sessions.find_documents(self.connection, self.identity.enterprise_id, session_id)

    def want(self, session_id: str, one: Wanted) -> None:
        """Have a session stored so at the end of the transaction."""
        self.wanted[session_id] = one
        for root in one.roots or ():
            self._sharing[root].append(session_id)

    def kin(self, roots: Collection[str], but: Collection[str]) -> list[StoredSession]:
        """The sessions that have one of `roots`, without those that have an id in `but`."""
        self._look_up(roots)
        names = {name for root in roots for name in self._sharing[root]}
        found = (self.known(name) for name in sorted(names.difference(but)))
        return [stored for stored in found if stored is not None]

    def place(self, path: str, session_id: str) -> str:
        """How a session that did not change has come to lie at `path`."""
        before = self._paths.get(session_id)
        if before is None or before == path:
            return ""
        if "!" in before or os.path.exists(before):  # noqa: PTH110 (a string, as noted)
            return "copied"
        self.renamed.add(before)
        return "renamed"

    def was_read_at(self, path: str, session_id: str) -> bool:
        """Whether an earlier import read this session at `path`."""
        file = self._seen.get(path)
        return file is not None and session_id in file.sessions.split()

    def is_alone_at(self, path: str, session_id: str) -> bool:
        """Whether an earlier import read this session at `path`, and nowhere else."""
        return self.was_read_at(path, session_id) and not any(
            session_id in file.sessions.split() for other, file in self._seen.items() if other != path
        )


def decide(ruling: Ruling, one: Prepared, ready: PreparedSession, path: str) -> Decision:
    """Add the session to what is wanted if it says anything new; say what became of it.

    `path` is what an import notes as the place of its transcript.
    """
    relatives = ruling.kin(ready.roots, {ready.session_id})
    for other in relatives:
        if kin.is_retelling(ready.session, other.session):
            return Decision("skipped", "retold", f"{other.session_id} tells the same session, and better")
    known = ruling.known(ready.session_id)
    held = [] if known is None else ruling.documents(ready.session_id)
    is_same = bool(held) and [kept.digest for kept in held] == [kept.digest for kept in one.documents]
    if known is not None and not is_same and (left := _left(ruling, ready, known, path)):
        return left
    ready = _where_it_was(ready, known)
    ready, forked = _without_history(ruling, ready, known, relatives)
    stored = _stored(ready, known, ruling.identity, is_same=is_same)
    if (
        known is not None
        and msgspec.structs.replace(stored, updated_us=known.updated_us) == known
        and (is_same or (not one.documents and ruling.events(ready.session_id) == ready.events.unpacked()))
    ):
        return Decision("unchanged", ruling.place(path, ready.session_id), _remarks(ready))
    how = forked or ("" if known is None else _how(ruling, stored, known, ready.events, is_same=is_same))
    ruling.want(
        ready.session_id,
        Wanted(stored=stored, events=ready.events, documents=one.documents, roots=ready.roots),
    )
    remarks = [_remarks(ready)]
    for other in relatives:
        if kin.is_retelling(other.session, ready.session):
            ruling.removed.add(other.session_id)
            ruling.wanted.pop(other.session_id, None)
            remarks.append(f"in the place of {other.session_id}, which tells the same session")
    return Decision("new" if known is None else "updated", how, ", ".join(remarks))


def _where_it_was(ready: PreparedSession, known: StoredSession | None) -> PreparedSession:
    """`ready` with what git said of its folder, where git is not asked and the transcript is silent."""
    session = ready.session
    if known is None or session.remote is not None or session.cwd is None or session.cwd != known.session.cwd:
        return ready
    if known.session.remote is None or session.repository not in {None, known.session.repository}:
        return ready
    place = {"repository": known.session.repository, "remote": known.session.remote}
    return msgspec.structs.replace(ready, session=msgspec.structs.replace(session, **place))


def _without_history(
    ruling: Ruling, ready: PreparedSession, known: StoredSession | None, relatives: list[StoredSession]
) -> tuple[PreparedSession, str]:
    """`ready` without the calls that an original counts; a fork that was stored first gives them up."""
    how = ""
    if known is not None and known.session.relation == "fork" and ready.session.relation is None:
        # What it was found to be: an original that went on later than its fork stays the original.
        judged = msgspec.structs.replace(ready.session, relation="fork", parent_id=known.session.parent_id)
    else:
        judged = ready.session
    rest = list(ready.session.model_calls)
    met: set[str] = set()
    while True:
        # The nearest comes last, and is told to be the parent.
        for other in sorted(relatives, key=lambda one: kin.parted_us(ready.session, one.session)):
            met.add(other.session_id)
            rest = kin.not_counted(rest, other.session)
            shared = kin.shared_calls(ready.session, other.session)
            if not shared:
                continue
            if kin.is_fork(judged, other.session, shared):
                how = "forked"
                whole = msgspec.structs.replace(ready.session, events=ready.events.unpacked())
                session = kin.as_fork(whole, other.session, ruling.events(other.session_id), shared)
                ready = _ready_again(ruling, ready, session)
            else:
                whole = msgspec.structs.replace(other.session, events=ruling.events(other.session_id))
                session = kin.as_fork(whole, ready.session, ready.events.unpacked(), shared)
                _rewrite(ruling, other, session)
        # What is stored of `ready` itself may be among them: it too counts calls that come before the next.
        relatives = ruling.kin(kin.roots_of_calls(ready.session.format, rest), met)
        if not relatives:
            return ready, how


def _ready_again(ruling: Ruling, ready: PreparedSession, session: Session) -> PreparedSession:
    told = kin.derive(session, ready.baseline, usd_per_acu=ruling.bench.usd_per_acu)
    return msgspec.structs.replace(
        ready,
        session=msgspec.structs.replace(session, events=()),
        analysis=told.analysis,
        cost=told.cost,
        events=Packed.of(session.events),
        step_count=told.step_count,
        roots=kin.roots_of(session),
    )


def _rewrite(ruling: Ruling, other: StoredSession, session: Session) -> None:
    told = kin.derive(session, other.baseline, usd_per_acu=ruling.bench.usd_per_acu)
    earlier = ruling.wanted.get(other.session_id)
    stored = msgspec.structs.replace(
        other,
        session=msgspec.structs.replace(session, events=()),
        analysis=told.analysis,
        cost=told.cost,
        step_count=told.step_count,
    )
    ruling.want(
        other.session_id,
        Wanted(
            stored=stored,
            events=Packed.of(session.events),
            documents=earlier.documents if earlier else None,
            roots=kin.roots_of(session),
        ),
    )


def _how(
    ruling: Ruling, stored: StoredSession, known: StoredSession, events: Packed, *, is_same: bool
) -> str:
    """In what way a stored session changed."""
    if is_same:
        is_moved = (known.org_id, known.user_id, known.tags) != (stored.org_id, stored.user_id, stored.tags)
        return "moved" if is_moved else "derived"
    before, now = ruling.events(known.session_id), events.unpacked()
    if len(now) >= len(before) and all(
        _tells(old) == _tells(new) for old, new in zip(before, now, strict=False)
    ):
        return "grown" if len(now) > len(before) else ""
    return "rewritten"


def _tells(event: Event) -> tuple[str, str, str | None, str, str | None]:
    return event.kind, event.actor, event.native_id, event.text, event.call_id


def _left(ruling: Ruling, ready: PreparedSession, known: StoredSession, path: str) -> Decision | None:
    """The decision where what is stored, of other bytes, tells more and stays; None where it does not."""
    name = ready.session_id
    longer, fuller = (f"a {word} transcript of {name} is stored already" for word in ("longer", "fuller"))
    before_us, now_us = known.session.last_event_us, ready.session.last_event_us
    if before_us is not None and (now_us is None or now_us < before_us):
        return Decision("older", "truncated" if ruling.was_read_at(path, name) else "", longer)
    before = ruling.events(name) if before_us == now_us else ()
    if ready.event_count >= len(before):
        return None
    if not ruling.is_alone_at(path, name):
        return Decision("older", "", fuller)
    now = ready.events.unpacked()
    is_cut = all(_tells(old) == _tells(new) for old, new in zip(before, now, strict=False))
    return Decision("older", "truncated", longer) if is_cut else None


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
        org_id=identity.rules.org(session, identity.org_id),
        user_id=session.user or identity.user_id,
        tags=identity.rules.tags(session, (*identity.tags, *session.tags)),
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
