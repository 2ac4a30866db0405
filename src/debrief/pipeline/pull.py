"""Sessions of another server's API in, imported here: its list is walked, each session becomes a document.

Nothing is missed: a pull asks again for what changed while it walked, until nothing did, and the next one
begins before the last one did, by the server's own clock. What comes again unchanged changes nothing.
"""

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from debrief.errors import SettingsError, UpstreamError
from debrief.model import ANALYSER_VERSION
from debrief.pipeline import refresh
from debrief.pipeline.asking import Absent, Unanswered, Upstream
from debrief.pipeline.discover import READERS, Found
from debrief.pipeline.identity import Identity
from debrief.pipeline.ingest import ingest
from debrief.pipeline.prepare import Workbench
from debrief.sources.apis import APIS, READER, Page, Parameters, SessionApi
from debrief.store import BlobFolder, Store, files
from debrief.store.files import SeenFile

OVERLAP_US = 300_000_000
"""The server's clock is one of several, and what it wrote may show late."""

ROUNDS = 5
PAGES = 20_000
STALE_PAGES = 10
"""So many pages in a row that bring nothing new are a server that goes round in circles."""

MESSAGE_PAGES = 1_000
MESSAGES_LIMIT = 128 * 1024 * 1024
AT_ONCE = 32 * 1024 * 1024
"""Bytes of documents that are imported together, about."""

TRIED = 3
"""After so many sessions in a row without their messages the server has none; or answers no more."""

_GENERATION = re.compile(r"/(v\d+)(?=/|$)")
_LIST = re.compile(r"/sessions(?:/insights)?$")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class Pulled(Struct, kw_only=True):
    """What a pull did. `counts` is of documents by their import's outcome, `notes` are sentences.

    `since_us` is from where it asked, None for everything; `until_us` from where the next one will.
    """

    since_us: int | None = None
    until_us: int | None = None
    sessions: int = 0
    requests: int = 0
    counts: dict[str, int] = {}
    notes: tuple[str, ...] = ()


def pull(
    store: Store,
    upstream: Upstream,
    *,
    identity: Identity,
    bench: Workbench,
    public_url: str,
    api: str = "v2",
    since_us: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Pulled:
    """Pull what changed at `upstream` since the last pull, or since `since_us` (0: everything).

    Raises `UpstreamError` where the server refuses, `SettingsError` for an address or an API that makes no
    sense; what was imported before stays.
    """
    spoken = APIS.get(api)
    if spoken is None:
        raise SettingsError(f"the API is {api!r}; it must be one of {', '.join(APIS)}")
    work = _Pull(store, upstream, spoken, identity, bench, public_url, progress or (lambda _: None))
    return work.run(since_us)


class _Pull:
    """One pull while it runs."""

    def __init__(
        self,
        store: Store,
        upstream: Upstream,
        api: SessionApi,
        identity: Identity,
        bench: Workbench,
        public_url: str,
        progress: Callable[[int], None],
    ) -> None:
        self._store = store
        self._upstream = upstream
        self._api = api
        self._identity = identity
        self._bench = bench
        self._public_url = public_url
        self._progress = progress
        self._root = _root(upstream.base_url, api)
        self._list: str | None = None
        self._seen: dict[str, object] = {}
        self._counts: Counter[str] = Counter()
        self._notes: dict[str, int] = {}
        self._absent: Counter[str] = Counter()
        self._unanswered = 0
        self._incomplete = False
        self._rounds = 0

    def run(self, since_us: int | None) -> Pulled:
        since = since_us if since_us is not None else self._remembered()
        asked_from = since or None
        if self._bench.blob_folder is not None:
            BlobFolder(Path(self._bench.blob_folder)).sweep()
        until: int | None = None
        for self._rounds in range(ROUNDS):
            begun, fresh = self._round(asked_from if self._rounds == 0 else until)
            until = begun - OVERLAP_US
            if not fresh:
                break
        else:
            self._note("sessions change as fast as they are read: the next pull takes up the rest")
        if self._incomplete:
            until = asked_from
        elif until is not None:
            self._remember(until)
        refresh.settle(self._store, self._identity.enterprise_id, self._public_url)
        return Pulled(
            since_us=asked_from,
            until_us=until,
            sessions=len(self._seen),
            requests=self._upstream.requests,
            counts=dict(self._counts),
            notes=tuple(text if n == 1 else f"{text} ({n} times)" for text, n in self._notes.items()),
        )

    def _round(self, since: int | None) -> tuple[int, int]:
        """Walk the list once; returns the server's time when it began, and how many were new to us."""
        begun: int | None = None
        fresh = 0
        for page in self._pages(since):
            begun = begun if begun is not None else self._upstream.server_us
            documents: list[tuple[str, bytes]] = []
            for session in page.items:
                found = self._document(session)
                if found is None:
                    continue
                fresh += 1
                documents.append(found)
                if sum(len(content) for _, content in documents) > AT_ONCE:
                    self._import(documents)
                    documents = []
            self._import(documents)
        return begun or 0, fresh

    def _pages(self, since: int | None) -> Iterator[Page]:
        asked: Parameters | None = self._api.first(since)
        total: int | None = None
        told: set[str] = set()
        stale = 0
        for _ in range(PAGES):
            if asked is None:
                return
            page = self._api.page(self._asked_list(asked), asked, total)
            if page is None:
                raise UpstreamError(
                    f"{self._upstream.name} answers with something that is no page of sessions"
                )
            if page.unreadable and self._rounds == 0:
                self._note("an item of the list was no object and is left out", page.unreadable)
            ids = {name for one in page.items if (name := self._api.session_id(one))}
            stale = 0 if ids - told else stale + 1
            if stale > STALE_PAGES:
                break
            told |= ids
            yield page
            asked, total = page.following, page.total
        raise UpstreamError(
            f"{self._upstream.name} answers with pages without end; what they held is imported"
        )

    def _asked_list(self, asked: Parameters) -> object:
        """A page of the fullest list that the server has for this key."""
        if self._list is not None:
            return self._upstream.get(f"{self._root}/{self._list}", asked)
        for address in self._api.lists:
            try:
                answer = self._upstream.get(f"{self._root}/{address}", asked)
            except Absent as error:
                if address == self._api.lists[-1]:
                    raise
                self._note(f"no list with insights ({error.status}): the plain list is read")
                continue
            self._list = address
            return answer
        raise AssertionError

    def _document(self, session: dict[str, Any]) -> tuple[str, bytes] | None:
        """A session's file name and document; None where it was read already, or cannot be."""
        name = self._api.session_id(session)
        if name is None:
            if self._rounds == 0:
                self._note("a session of the list has no id and is left out")
            return None
        version = self._api.version(session)
        if name in self._seen and self._seen[name] == version:
            return None
        try:
            messages = self._messages(session)
            insights = self._insights(session)
        except Unanswered as error:
            # Without its messages it would go before a fuller one that is stored.
            self._note(f"a session was left for the next pull: {error}")
            self._incomplete = True
            self._unanswered += 1
            if self._unanswered >= TRIED:
                raise
            return None
        self._unanswered = 0
        self._seen[name] = version
        content = self._api.document(self._upstream.base_url, session, messages, insights)
        return _file_name(name), content

    def _messages(self, session: dict[str, Any]) -> list[Any] | None:
        address = self._api.messages(session)
        if address is None or self._absent["messages"] >= TRIED:
            return None
        found: list[Any] = []
        size = 0
        asked: Parameters = self._api.first(None)
        for _ in range(MESSAGE_PAGES):
            answer = self._extra("messages", address, asked)
            if answer is None:
                return None
            page = self._api.page(answer, asked, None)
            if page is None:
                self._note("the messages of a session are no page of messages: it is imported without")
                return None
            if page.unreadable:
                self._note("a message was no object and is left out", page.unreadable)
            found += page.items
            size += sum(len(str(one)) for one in page.items)
            if page.following is None or not page.items:
                return found
            asked = page.following
            if size > MESSAGES_LIMIT:
                break
        self._note("a session has more messages than are kept: the first ones are")
        return found

    def _insights(self, session: dict[str, Any]) -> dict[str, Any] | None:
        address = self._api.insights(session, self._list or "")
        if address is None or self._absent["insights"] >= TRIED:
            return None
        answer = self._extra("insights", address, {})
        return answer if isinstance(answer, dict) else None

    def _extra(self, what: str, address: str, asked: Parameters) -> object | None:
        """An answer about one session; None where the server has none, which is noted."""
        try:
            answer: object = self._upstream.get(f"{self._root}/{address}", asked)
        except Absent as error:
            self._absent[what] += 1
            self._note(f"no {what} of a session ({error.status}): it is imported without")
            if self._absent[what] == TRIED:
                self._note(f"{what} are not asked for any more")
            return None
        self._absent[what] = 0
        return answer

    def _import(self, documents: list[tuple[str, bytes]]) -> None:
        if not documents:
            return
        with tempfile.TemporaryDirectory(prefix="debrief-pull-") as folder:
            found: dict[str, Found] = {}
            for name, content in documents:
                path = Path(folder) / name
                path.write_bytes(content)
                digest = hashlib.sha256(READERS.encode() + b"\n" + content).hexdigest()[:32]
                # The file is gone afterwards: it is known by where it came from, and by what it says.
                found[name] = Found(str(path), (), digest, len(content), shown=f"{self._root}!{name}")
            summary = ingest(
                self._store,
                list(found.values()),
                identity=self._identity,
                bench=self._bench,
                public_url=self._public_url,
                progress=self._progress,
            )
        self._counts.update(one.outcome for one in summary.outcomes)
        for one in summary.outcomes:
            if one.outcome == "skipped":
                self._note(f"a session could not be read: {one.detail}")

    def _note(self, text: str, count: int = 1) -> None:
        self._notes[text] = self._notes.get(text, 0) + count

    @property
    def _readers(self) -> str:
        """Changes when the same sessions would be stored otherwise: then all are pulled again."""
        identity = self._identity
        owner = repr((identity.org_id, identity.user_id, identity.tags, identity.rules.mark))
        return f"{READER.version}:{ANALYSER_VERSION}:{hashlib.sha256(owner.encode()).hexdigest()[:16]}"

    @property
    def _place(self) -> str:
        """What stands for the server among the files that imports have seen."""
        return f"{self._root}!sessions"

    def _remembered(self) -> int | None:
        with self._store.read() as connection:
            known = files.seen(connection, self._identity.enterprise_id).get(self._place)
        if known is None:
            return None
        moment, _, readers = known.stamp.partition(":")
        return int(moment) if readers == self._readers and moment.isdecimal() else None

    def _remember(self, until: int) -> None:
        mark = SeenFile(
            path=self._place,
            stamp=f"{until}:{self._readers}",
            outcome="pulled",
            format=READER.name,
            detail=f"{len(self._seen)} sessions",
        )
        with self._store.write() as connection:
            files.put(connection, self._identity.enterprise_id, [mark])


def _root(base_url: str, api: SessionApi) -> str:
    """The address below which the API lies: of its whole scope, or of one organization if that is given."""
    path = _LIST.sub("", urlsplit(base_url).path)
    bare = base_url.removesuffix(urlsplit(base_url).path)
    named = _GENERATION.search(path)
    if named is None:
        return f"{bare}{path}/{api.name}/{api.scope}"
    if named.group(1) != api.name:
        raise SettingsError(f"the address is of {named.group(1)} of the API, and {api.name} is asked for")
    return f"{bare}{path}/{api.scope}" if path.endswith(f"/{api.name}") else f"{bare}{path}"


def _file_name(session_id: str) -> str:
    """A name that says whose document it is, the same each time, and no path."""
    safe = _UNSAFE.sub("_", session_id)[:100]
    mark = "" if safe == session_id else f"-{hashlib.sha256(repr(session_id).encode()).hexdigest()[:12]}"
    return f"session-{safe}{mark}.json"
