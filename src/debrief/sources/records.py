"""JSON Lines as agents write them: bytes in, one value a record out, never an exception for bad content.

Tolerated: a half last line, two or more values glued on one line, NUL bytes, lone surrogates, a byte order
mark, blank lines, a value spread over several lines (pretty-printed), and lines of any length up to a cap.
Also here: the lenient readers of a record's fields, since any field may hold any type.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec

LINE_LIMIT = 64 * 1024 * 1024
"""A longer line is passed over and reported; nothing known comes near."""

_decode = msgspec.json.Decoder().decode
_lenient = json.JSONDecoder(strict=False)


class Record(msgspec.Struct, frozen=True):
    """One value of a JSON Lines document, or the reason why there is none.

    `line` counts from 1. `fault` is a sentence without its place, None for a good value. `cut_off` marks a
    last line that breaks off inside a value. `raw` holds what could not be
    read, whole: it is cleaned where it is stored, and cut after that.
    """

    line: int
    value: Any = None
    fault: str | None = None
    cut_off: bool = False
    raw: str = ""


def records(stream: BinaryIO) -> Iterator[Record]:
    """Read `stream` line by line; memory is bounded by the longest line."""
    number = 0
    for number, line in _lines(stream):
        if line is None:
            yield Record(number, fault=f"line longer than {LINE_LIMIT >> 20} MiB, passed over")
            continue
        content = line.strip(b" \t\r\n\x00")
        if number == 1:
            content = content.removeprefix(b"\xef\xbb\xbf")
        if not content:
            continue
        try:
            yield Record(number, _decode(content))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield from _by_hand(number, content, ends=line.endswith(b"\n"))


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    number = 0
    while line := stream.readline(LINE_LIMIT):
        number += 1
        if len(line) == LINE_LIMIT and not line.endswith(b"\n"):
            while (rest := stream.readline(LINE_LIMIT)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        else:
            yield number, line


def _by_hand(number: int, content: bytes, *, ends: bool) -> Iterator[Record]:
    """Take the values of a line one by one: glued values, lone surrogates, raw control characters."""
    text = content.decode("utf-8", "replace").replace("\x00", "")
    position = 0
    while position < len(text):
        try:
            value, position = _lenient.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            at_end = isinstance(error, json.JSONDecodeError) and (
                error.pos >= len(text) - 1 or "Unterminated" in error.msg
            )
            yield Record(
                number,
                fault="breaks off inside a record" if at_end and not ends else "not JSON",
                cut_off=at_end and not ends,
                raw=text[position:],
            )
            return
        yield Record(number, value)
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1


def mapping(value: object) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """`value` if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def string(value: object) -> str | None:
    """`value` if it is a non-empty string, else None."""
    return value if isinstance(value, str) and value else None


def count(value: object) -> int | None:
    """`value` as a whole number >= 0 (a float of that value too), else None; booleans are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value != value or value < 0 or value > 2**53:  # noqa: PLR0124 (NaN is what differs from itself)
        return None
    return int(value)


def timestamp_us(value: object) -> int | None:
    """Microseconds since the epoch of an ISO 8601 string, or of epoch seconds or milliseconds; else None.

    A naive time is UTC. Times outside 2000 to 2100 are taken as no time at all.
    """
    moment: float
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            return None
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=UTC)
        delta = parsed - _EPOCH
        microseconds = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
    elif isinstance(value, int | float) and not isinstance(value, bool):
        moment = float(value)
        if not 0 < moment < _YEAR_2100_US:
            return None
        microseconds = int(moment * 1000) if moment > _YEAR_2100_US / 1e6 else int(moment * 1_000_000)
    else:
        return None
    return microseconds if _YEAR_2000_US <= microseconds < _YEAR_2100_US else None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_2000_US = 946_684_800_000_000
_YEAR_2100_US = 4_102_444_800_000_000


def compact_json(value: object) -> str:
    """`value`, which came out of JSON, as JSON text again; lone surrogates survive as escapes."""
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, msgspec.EncodeError, RecursionError):
        try:
            return json.dumps(value)
        except RecursionError:
            return "[nested too deeply]"
