"""What lies around transcripts in the folders of tools that collect them, and belongs to them there.

Such a file is kept with its session and is no transcript of its own. What a label in it says about the agent
is never believed: the transcript's content tells. A large transcript may lie there in chunks: `joined` reads
them as the one that they are.
"""

import io
from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO

from debrief.sources.source import Companions, Document, Transcript
from debrief.sources.streams import Parts

_READ = 1 << 20
_NUMBERED = len(".001")

COLLECTED: tuple[Companions, ...] = (
    # Entire's checkpoints: <2 hex>/<10 hex>/<n>/full.jsonl, each the native transcript so far.
    Companions("full.jsonl", "full.jsonl.[0-9][0-9][0-9]"),
    Companions("full.jsonl", "metadata.json"),
    Companions("full.jsonl", "prompt.txt"),
    Companions("full.jsonl", "context.md"),
    Companions("full.jsonl", "content_hash.txt"),
    # Harbor's jobs: <trial>/agent/trajectory.json beside the trial's own files.
    Companions("trajectory.json", "../result.json"),
    Companions("trajectory.json", "../config.json"),
    Companions("trajectory.json", "../exception.txt"),
    Companions("trajectory.json", "../verifier/*"),
)


def joined(main: Document, companions: Iterable[Document]) -> Transcript:
    """A main document with its companions; what continues it (`<name>.001`, at 50 MB) is put behind it."""
    chunks: list[Document] = []
    others: list[Document] = []
    for one in companions:
        base, number = one.name[:-_NUMBERED], one.name[-_NUMBERED:]
        (chunks if base == main.name and number[1:].isdecimal() else others).append(one)
    if chunks:
        documents = (main, *sorted(chunks, key=lambda one: one.name))
        main = Document(main.name, partial(_chained, documents), main.mtime_us)
    return Transcript(main, tuple(others))


def _chained(documents: tuple[Document, ...]) -> BinaryIO:
    return io.BufferedReader(Parts(_parts(documents)), _READ)


def _parts(documents: tuple[Document, ...]) -> Iterator[bytes]:
    last = b"\n"
    for document in documents:
        with document.open() as stream:
            part = stream.read(_READ)
            if last[-1:] == b"}" and part[:1] == b"{":
                yield b"\n"  # the end of a line, which the cut took away
            while part:
                yield part
                last = part
                part = stream.read(_READ)
