"""One file in, its trajectories out: a document that is one, an array of them, or one on each line.

Benchmarks put the trajectories of many instances into one file; each of them is a session of its own.
"""

import io
from collections.abc import Iterator

from debrief.errors import NotATranscript
from debrief.sources.documents import DOCUMENT_LIMIT, Whole, read_value
from debrief.sources.records import records
from debrief.sources.source import Document


def trajectories(document: Document) -> Iterator[Whole]:
    """The JSON objects of `document`; a `fault` says its place where there are several.

    Raises `NotATranscript` where there is none.
    """
    with document.open() as stream:
        content = stream.read(DOCUMENT_LIMIT + 1)
    if len(content) > DOCUMENT_LIMIT:
        raise NotATranscript(f"a document of more than {DOCUMENT_LIMIT >> 20} MiB")
    first = read_value(content)
    if isinstance(first.value, list):
        yield from _items(first)
    elif isinstance(first.value, dict) and (first.fault is None or not _has_lines(content)):
        yield first
    else:
        yield from _lines(content)


def _has_lines(content: bytes) -> bool:
    """Whether the first line is a whole object: a document that is one value does not end there."""
    first, _, _ = content.lstrip(b" \t\r\n\x00\xef\xbb\xbf").partition(b"\n")
    line = read_value(first)
    return isinstance(line.value, dict) and line.fault is None


def _items(array: Whole) -> Iterator[Whole]:
    found = [item for item in array.value if isinstance(item, dict)]
    if not found:
        raise NotATranscript("an array that holds no trajectory")
    for position, item in enumerate(found):
        is_last = position == len(found) - 1
        yield Whole(item, array.fault if is_last else None, cut_off=array.cut_off and is_last)


def _lines(content: bytes) -> Iterator[Whole]:
    """The objects of JSON Lines; what cannot be read is told with the trajectory after it, or the last."""
    held: Whole | None = None
    fault: str | None = None
    for record in records(io.BytesIO(content)):
        if isinstance(record.value, dict) and record.fault is None:
            if held is not None:
                yield held
            held, fault = Whole(record.value, fault), None
        elif record.fault is not None:
            fault = f"line {record.line}: {record.fault}"
    if held is None:
        raise NotATranscript(fault or "no trajectory can be read")
    yield Whole(held.value, held.fault or fault)
