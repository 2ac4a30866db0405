"""Answers of the session lists: a key and a filter in, the status, headers and body of the page out.

Everybody polls these, so that they do as little as can be: one look whether the key is good and whether
anything changed, then nothing (304), a page that is kept (of the same list), or the items' bytes joined.
"""

import zlib
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Final

import zstandard
from msgspec import Struct

import debrief
from debrief.store import Key, Page, SessionFilter, pages
from debrief.store.keys import find_key, hash_of, standing_plan
from debrief.store.known import Known
from debrief.web.api.cursor import cursor_of
from debrief.web.site import Site
from debrief.wire import v2

KEPT_BYTES: Final = 32 << 20
"""Of pages that are kept to be answered again, together."""

KEPT_PAGE_BYTES: Final = 4 << 20
"""A larger page is not kept."""

WORTH_BYTES: Final = 1024
"""A smaller body is not worth compressing."""

ASKED_ONCE: Final = 4096
"""Pages of which it is remembered that they were asked for once."""

KEYS_KEPT: Final = 1024

ZSTD_LEVEL: Final = 1
GZIP_LEVEL: Final = 1

Headers = list[tuple[bytes, bytes]]


class Asked(Struct, frozen=True):
    """A list as it is asked for. `skip` counts what comes before the page, whichever way it was found.

    `walks` says that the page is to name the place behind which the next one begins.
    """

    wanted: SessionFilter
    skip: int
    limit: int
    detail: bool
    walks: bool = False


class Answer(Struct, frozen=True):
    """What goes over the wire. `total` is None where no page was read."""

    status: int
    headers: Headers
    body: bytes
    total: int | None = None


class _Kept(Struct, frozen=True):
    moment: int
    answer: Answer


class Lists:
    """The lists of one application; keeps the keys and pages of the last requests."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._keys: dict[str, Key] = {}
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._kept_bytes = 0
        self._asked_once: set[Hashable] = set()
        self._known = Known()
        self._started = f"{debrief.__version__}|{v2.WIRE_VERSION}|{site.public_url}"

    async def key(self, secret: str) -> Key:
        """The key that `secret` is. Raises `KeyRefused`.

        A known secret is not looked up again: `standing` asks each time that its key was not revoked since.
        """
        name = hash_of(secret)
        known = self._keys.get(name)
        if known is None:
            known = await self._site.store.call(find_key, self._site.store, secret)
            if len(self._keys) >= KEYS_KEPT:
                self._keys.clear()
            self._keys[name] = known
        return known

    async def standing(self, key: Key) -> int:
        """The moment of the sessions of the key's enterprise. Raises `KeyRefused` where it was revoked."""
        return await self._site.store.primary.run(standing_plan(key), single=True)

    def name_of(self, asked: Asked) -> int:
        """Names what was asked and who renders it: a part of the answer's tag."""
        return zlib.crc32(f"{self._started}|{asked!r}".encode("utf-8", "backslashreplace"))

    async def answer(
        self, asked: Asked, moment: int, request: Mapping[bytes, bytes], name: int | None = None
    ) -> Answer:
        """The page that was asked for at `moment`; `request` are the request's headers."""
        coding = _coding(request.get(b"accept-encoding", b""))
        what = self.name_of(asked) if name is None else name
        tag = _tag(what, moment, coding)
        if tag in request.get(b"if-none-match", b""):
            return Answer(304, [(b"etag", tag), *_ALWAYS], b"")
        kept = self._kept.get((asked, coding))
        if kept is not None and kept.moment == moment:
            self._kept.move_to_end((asked, coding))
            return kept.answer
        page = await self._page(asked, moment)
        items = page.items[: asked.limit] if asked.walks else page.items
        body = v2.page(items, total=page.total, skip=asked.skip, limit=asked.limit)
        # The page may be newer than the moment that was looked up before it.
        headers = [(b"content-type", b"application/json"), *_ALWAYS]
        headers.append((b"etag", _tag(what, page.moment, coding)))
        headers.append((b"debrief-snapshot", b"%d" % page.moment))
        if asked.walks and len(page.items) > asked.limit:
            place = page.places[asked.limit - 1]
            headers.append((b"debrief-cursor", cursor_of(asked.skip + asked.limit, *place).encode()))
        if coding and len(body) >= WORTH_BYTES:
            body = _compressed(body, coding)
            headers.append((b"content-encoding", coding))
        answer = Answer(200, headers, body, page.total)
        self._keep((asked, coding), _Kept(page.moment, answer))
        return answer

    async def _page(self, asked: Asked, moment: int) -> Page:
        """The page, by a single query where everything else about the list is known."""
        # With a walk one session more than asked for tells whether there is another page.
        reach = asked.limit + (1 if asked.walks else 0)
        skip = 0 if asked.wanted.after else asked.skip
        wanted = pages.Asked(asked.wanted, skip, reach, asked.detail, asked.walks)
        is_short = asked.wanted.is_short
        quick = pages.quick_plan(wanted, self._known, moment)
        if quick is not None:
            page = await self._site.store.run(quick, is_short=is_short, single=True)
            if page is not None:
                return page
        return await self._site.store.run(pages.page_plan(wanted, self._known), is_short=is_short)

    def _keep(self, name: Hashable, kept: _Kept) -> None:
        """Keep a page that is asked for a second time: who walks through the list asks for each once."""
        size = len(kept.answer.body)
        if size > KEPT_PAGE_BYTES:
            return
        if name not in self._kept and name not in self._asked_once:
            if len(self._asked_once) >= ASKED_ONCE:
                self._asked_once.clear()
            self._asked_once.add(name)
            return
        before = self._kept.pop(name, None)
        self._kept_bytes += size - (len(before.answer.body) if before else 0)
        self._kept[name] = kept
        while self._kept_bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.answer.body)


def _tag(what: int, moment: int, coding: bytes) -> bytes:
    """Names the answer: what was asked and who renders it, the moment of the store, the coding."""
    return b'"%x-%x%s"' % (moment, what, coding[:1])


_ALWAYS: Headers = [
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Authorization, Accept-Encoding"),
    (b"x-content-type-options", b"nosniff"),
]


def _coding(accepted: bytes) -> bytes:
    """The best coding that the client takes, empty for none. Weights of 0 are honoured, others are not."""
    if not accepted:
        return b""
    offered = {part.split(b";")[0].strip(): part for part in accepted.lower().split(b",")}
    for coding in (b"zstd", b"gzip"):
        part = offered.get(coding)
        if part is not None and not part.replace(b" ", b"").endswith((b";q=0", b";q=0.0", b";q=0.00")):
            return coding
    return b""


def _compressed(body: bytes, coding: bytes) -> bytes:
    if coding == b"zstd":
        return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(body) + packer.flush()
