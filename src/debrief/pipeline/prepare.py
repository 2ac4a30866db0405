"""One file, all the way to what the database will hold: bytes -> Session -> Analysis -> StoredSession.

Runs in an import's worker processes, and for `debrief analyse`. It touches no database; raw bytes go to the
blob folder, which is content-addressed, so preparing twice does no harm.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from debrief.analysis import analyse
from debrief.errors import NotATranscript, TranscriptError, Unreadable
from debrief.model import Analysis, Baseline, Cost, Session
from debrief.pipeline import kin
from debrief.pipeline.discover import Found, printable_path
from debrief.pipeline.identity import with_repository
from debrief.pipeline.keep import KeepRaw
from debrief.pipeline.raw import keep_raw
from debrief.redaction import Redactor
from debrief.sources import Document, Transcript, joined, sniff
from debrief.sources.builder import printable
from debrief.sources.source import HEAD_BYTES
from debrief.store import Packed, StoredDocument, Usual

LARGE_BYTES = 4_000_000
"""From this size on it takes less time to pack a file in a thread than to wait for it."""

_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


class Workbench(Struct, frozen=True):
    """What preparing needs to know. `blob_folder` None keeps no raw bytes; `keep_raw` says how they are kept.

    `usual` is what is usual in each repository of the organization, and under None in all of it. With
    `ask_git` the transcripts are of this machine, whose git knows their folders' remotes.
    """

    key: bytes
    usd_per_acu: float
    blob_folder: str | None
    usual: Mapping[str | None, Usual] = {}
    ask_git: bool = False
    keep_raw: KeepRaw = "sealed"


class PreparedSession(Struct, frozen=True, kw_only=True):
    """A session ready to be stored. `session` is without its events: they are in `events`, packed.

    `file_us` is when the file was last written, for transcripts that hold no time at all.
    """

    session_id: str
    session: Session
    analysis: Analysis
    cost: Cost
    events: Packed
    event_count: int
    step_count: int
    baseline: Baseline | None
    file_us: int
    roots: tuple[str, ...]


class Prepared(Struct, frozen=True, kw_only=True):
    """What became of one file: sessions, or the reason why there are none (`skipped`).

    `may_be_read_later` is for a file that could not be read now: the next import is to try again.
    """

    found: Found
    format: str | None = None
    sessions: tuple[PreparedSession, ...] = ()
    documents: tuple[StoredDocument, ...] = ()
    skipped: str | None = None
    may_be_read_later: bool = False


class Parsed(Struct, frozen=True):
    """A file's format and its sessions with their analyses, events and all."""

    format: str
    sessions: tuple[tuple[Session, Analysis], ...]


def parse_and_analyse(found: Found, key: bytes) -> Parsed:
    """Parse and analyse one file, whole. Raises `TranscriptError` where it holds no session."""
    name, sessions = _parse(found, Redactor(key))
    return Parsed(name, tuple((session, analyse(session)) for session in sessions))


def prepare(found: Found, bench: Workbench) -> Prepared:
    """Prepare one file. Never raises for what is in it, or for not being able to read it.

    Raises `StoreError` where the raw bytes cannot be kept.
    """
    clean = Redactor(bench.key)
    try:
        name, sessions = _parse(found, clean)
        written_us = Path(found.path).stat().st_mtime_ns // 1000
        ready, documents = _ready_and_kept(sessions, written_us, found, bench)
    except TranscriptError as error:
        reason = clean(printable(str(error)))
        return Prepared(found=found, skipped=reason, may_be_read_later=isinstance(error, Unreadable))
    except OSError as error:
        return Prepared(found=found, skipped=_reason(error), may_be_read_later=True)
    return Prepared(found=found, format=name, sessions=ready, documents=documents)


def _ready_and_kept(
    sessions: Iterator[Session], written_us: int, found: Found, bench: Workbench
) -> tuple[tuple[PreparedSession, ...], tuple[StoredDocument, ...]]:
    """What was read of a file, and the file itself kept: a large one meanwhile, as soon as it proved good."""
    ready = []
    kept: Future[tuple[StoredDocument, ...]] | None = None
    with ThreadPoolExecutor(1) as aside:
        for session in sessions:
            if kept is None and found.size > LARGE_BYTES:
                kept = aside.submit(keep_raw, found, bench)
            ready.append(_ready(session, written_us, bench))
        return tuple(ready), keep_raw(found, bench) if kept is None else kept.result()


def prepare_again(
    transcript: Transcript, written_us: int, bench: Workbench, session_id: str | None = None
) -> Iterator[PreparedSession]:
    """Prepare what was kept of a transcript; its files' time is taken for `written_us`.

    With `session_id` that session alone: of a file of many each is read again by itself.

    Raises `TranscriptError` where it holds no session any more.
    """
    main, *companions = (
        msgspec.structs.replace(one, mtime_us=written_us) for one in (transcript.main, *transcript.companions)
    )
    with main.open() as stream:
        head = stream.read(HEAD_BYTES)
    for session in sniff(head).parse(Transcript(main, tuple(companions)), Redactor(bench.key)):
        named = _named(session, main.open)
        if session_id in {None, session_id_of(named)}:
            yield _ready(named, written_us, bench)


def session_id_of(session: Session) -> str:
    """The id that `session` has here, every time it is imported: the format and the agent's own id."""
    prefix = session.format.replace("_", "-")
    if _SAFE_ID.fullmatch(session.native_id):
        return f"{prefix}-{session.native_id}"
    return f"{prefix}-{hashlib.sha256(session.native_id.encode()).hexdigest()[:32]}"


def _parse(found: Found, clean: Redactor) -> tuple[str, Iterator[Session]]:
    try:
        head = _read_head(found.path)
        source = sniff(head)
        main, *companions = (_document(path, found.path) for path in (found.path, *found.companions))
    except OSError as error:
        raise Unreadable(_reason(error)) from error
    return source.name, _sessions(source.parse(joined(main, companions), clean), found)


def _sessions(parsed: Iterator[Session], found: Found) -> Iterator[Session]:
    """What the format yields; a session without an id of its own is known by its content."""
    some = False
    try:
        for session in parsed:
            some = True
            yield _named(session, partial(_open, found.path))
    except OSError as error:
        raise Unreadable(_reason(error)) from error
    if not some:
        raise NotATranscript("the transcript holds no session")


def _named(session: Session, open_main: Callable[[], BinaryIO]) -> Session:
    """`session`; one without an id of its own is known by its content."""
    if session.native_id:
        return session
    with open_main() as stream:
        digest = hashlib.sha256()
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return msgspec.structs.replace(session, native_id=digest.hexdigest()[:32])


def _ready(session: Session, written_us: int, bench: Workbench) -> PreparedSession:
    if bench.ask_git:
        session = with_repository(session, Redactor(bench.key))
    baseline = _baseline(session, bench)
    told = kin.derive(session, baseline, usd_per_acu=bench.usd_per_acu)
    return PreparedSession(
        session_id=session_id_of(session),
        session=msgspec.structs.replace(session, events=(), user=_one_line(session.user)),
        analysis=told.analysis,
        cost=told.cost,
        events=Packed.of(session.events),
        event_count=len(session.events),
        step_count=told.step_count,
        baseline=baseline,
        # A clock may have been wrong, but nothing here is older than computers' time.
        file_us=max(0, written_us),
        roots=kin.roots_of(session),
    )


def _baseline(session: Session, bench: Workbench) -> Baseline | None:
    """What is usual where `session` comes from: in its repository, else in its organization."""
    known = bench.usual.get(session.repository) or bench.usual.get(None)
    if known is None:
        return None
    return Baseline(sessions=known.sessions, steps_p95=known.steps_p95, tokens_p95=known.tokens_p95)


def _one_line(text: str | None) -> str | None:
    """A transcript's name of its user, without the line ends and tabs that other text may have."""
    return " ".join((text or "").split()) or None


def _document(path: str, main: str) -> Document:
    return Document(
        name=printable_path(os.path.relpath(path, Path(main).parent)),
        open=partial(_open, path),
        mtime_us=int(Path(path).stat().st_mtime_ns // 1000),
    )


def _open(path: str) -> BinaryIO:
    return open(path, "rb")  # noqa: PTH123 (a string; the format closes it)


def _read_head(path: str) -> bytes:
    if not os.path.exists(path):  # noqa: PTH110 (a string, as found)
        raise Unreadable("no such file or folder")
    if not os.path.isfile(path):  # noqa: PTH113 (a string, as found)
        raise Unreadable("not a regular file")
    with open(path, "rb") as stream:  # noqa: PTH123 (a string, as found)
        return stream.read(HEAD_BYTES)


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return f"could not be read: {error.strerror or error}"
