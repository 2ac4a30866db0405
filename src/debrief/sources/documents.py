"""Whole JSON documents and the first bytes of any: bytes in, values out, never an exception for bad content.

Where a document breaks off, or only its head is at hand, what stands before the break is read.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from debrief.sources.source import Document

DOCUMENT_LIMIT = 512 * 1024 * 1024
"""A larger document is not read: JSON that is no JSON Lines has to be held whole."""

"""Half of a pair, perhaps alone: what reads beginnings of documents refuses those."""

_decode = msgspec.json.Decoder().decode
_lenient = json.JSONDecoder(strict=False)

# A backslash that is escaped, a pair of surrogates, or one alone, which is no character.
_SURROGATES = re.compile(
    r"\\\\|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][\da-fA-F]{2})"
)
_CONTROLS = re.compile(r"[\x00-\x1f]")


class Whole(Struct, frozen=True):
    """The value of a document (None where nothing could be read), and a fault where not all of it was.

    `cut_off` says that the document breaks off inside its value.
    """

    value: Any
    fault: str | None = None
    cut_off: bool = False


def whole(document: Document) -> Whole:
    """Read a document that is one JSON value."""
    with document.open() as stream:
        content = stream.read(DOCUMENT_LIMIT + 1)
    if len(content) > DOCUMENT_LIMIT:
        return Whole(None, f"a document of more than {DOCUMENT_LIMIT >> 20} MiB")
    return read_value(content)


def read_value(content: bytes) -> Whole:
    """`content` as one JSON value: lone surrogates, NUL bytes and raw control characters are tolerated."""
    content = content.strip(b" \t\r\n\x00").removeprefix(b"\xef\xbb\xbf")
    try:
        return Whole(_decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    text = content.decode("utf-8", "replace").replace("\x00", "")
    try:
        value, end = _lenient.raw_decode(text)
    except (ValueError, RecursionError):
        value = _partial(content)
        if value is None:
            return Whole(None, "not JSON")
        return Whole(value, "the document breaks off or is not JSON from some place on", cut_off=True)
    rest = text[end:].strip()
    return Whole(value, "something that is not read follows the document's value" if rest else None)


@lru_cache(maxsize=1)
def head_value(head: bytes) -> Any:  # noqa: ANN401 (JSON)
    """The JSON value that `head` begins with, as far as it goes; None where it begins with none.

    Of a document whose first line is a whole value (JSON Lines) it is that line's. Not to be changed: formats
    that look at the same head after each other are given the same value.
    """
    content = head.lstrip(b" \t\r\n\x00\xef\xbb\xbf")
    first, _, _ = content.partition(b"\n")
    try:
        return _decode(first.strip(b" \t\r\x00"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _partial(content)


def head_lines(head: bytes, most: int | None = None) -> Iterator[dict[str, Any]]:
    """The first JSON objects that stand alone on a line of `head`; a last, cut one as far as it goes.

    Not to be changed, as those of `head_value`. Each is decoded when it is first asked for, and once.
    """
    return islice(_lines_of(head), most)


@lru_cache(maxsize=1)
def _lines_of(head: bytes) -> "_Lines":
    return _Lines(_decoded_lines(head))


class _Lines:
    """What comes from an iterator, as often as it is asked for."""

    def __init__(self, more: Iterator[dict[str, Any]]) -> None:
        self._found: list[dict[str, Any]] = []
        self._more = more

    def __iter__(self) -> Iterator[dict[str, Any]]:
        position = 0
        while True:
            if position == len(self._found):
                following = next(self._more, None)
                if following is None:
                    return
                self._found.append(following)
            yield self._found[position]
            position += 1


def _decoded_lines(head: bytes) -> Iterator[dict[str, Any]]:
    head = head.removeprefix(b"\xef\xbb\xbf")
    end = -1
    while end < len(head):
        start = end + 1
        end = head.find(b"\n", start)
        end = len(head) if end < 0 else end
        content = head[start:end].strip(b" \t\r\x00")
        if not content.startswith(b"{"):
            continue
        try:
            value = _decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            value = _lenient_or_none(content)
            if value is None and end == len(head):
                value = _partial(content)
        if isinstance(value, dict):
            yield value


def _lenient_or_none(content: bytes) -> Any:  # noqa: ANN401 (JSON)
    try:
        return _lenient.raw_decode(content.decode("utf-8", "replace").replace("\x00", ""))[0]
    except (ValueError, RecursionError):
        return None


def _partial(content: bytes) -> Any:  # noqa: ANN401 (JSON)
    """The beginning of a JSON value as far as it goes; an escaped half of a surrogate pair becomes U+FFFD."""
    from pydantic_core import from_json  # noqa: PLC0415 (takes long to load, and few files are cut)

    text = content.decode("utf-8", "replace").replace("\x00", "")
    try:
        return from_json(text, allow_partial=True)
    except (ValueError, RecursionError):
        pass
    # Raw control characters and halves of a pair are no JSON, but agents write them.
    text = _SURROGATES.sub(lambda found: "\\ufffd" if found["lone"] else found[0], text)
    try:
        return from_json(_CONTROLS.sub(" ", text), allow_partial=True)
    except (ValueError, RecursionError):
        return None
