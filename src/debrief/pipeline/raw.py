"""Raw transcripts kept, so that a later version can read them again: files in, documents in blobs out.

Three ways (`DEBRIEF_KEEP_RAW`): `sealed` keeps every byte, encrypted under the installation's secret;
`redacted` keeps the document without its secrets, in its own form, so that it parses again to the same
session; `no` keeps nothing.
"""

import io
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from debrief.errors import Damaged, NotKept
from debrief.pipeline.discover import Found, printable_path
from debrief.redaction import Redactor
from debrief.sources import Document, Transcript, joined
from debrief.sources.builder import printable
from debrief.sources.documents import DOCUMENT_LIMIT
from debrief.sources.masking import mask_json
from debrief.sources.records import LINE_LIMIT
from debrief.sources.source import Clean
from debrief.sources.streams import Parts
from debrief.store import BlobFolder, StoredDocument

if TYPE_CHECKING:
    from debrief.pipeline.prepare import Workbench


def keep_raw(found: Found, bench: "Workbench") -> tuple[StoredDocument, ...]:
    """Keep the files of `found` as `bench` says. Raises `StoreError` where they cannot be kept."""
    if bench.blob_folder is None or bench.keep_raw == "no":
        return ()
    clean = Redactor(bench.key)
    folder = BlobFolder(Path(bench.blob_folder), bench.key, seal=bench.keep_raw == "sealed")
    kept = []
    for path in (found.path, *found.companions):
        with open(path, "rb") as stream:  # noqa: PTH123 (a string, as found)
            blob = folder.put(redacted(stream, clean) if bench.keep_raw == "redacted" else stream)
        kept.append(StoredDocument(document_name(path, found.path, clean), blob.digest, blob.size))
    return tuple(kept)


def read_raw(session_id: str, documents: Sequence[StoredDocument], folder: BlobFolder) -> Transcript:
    """What was kept of a session, to be parsed again; a session without an id of its own keeps that it has.

    Raises `NotKept` where nothing was, `Damaged` where a document is not what was kept (a stream that breaks
    in the middle raises it too).
    """
    if not documents:
        raise NotKept(
            f"the transcript of {session_id} was not kept (DEBRIEF_KEEP_RAW=no): it can be read again only "
            "where the agent's own file still exists, by importing that"
        )
    main, *companions = (
        Document(name=one.name, open=partial(_opened, folder, one.digest, session_id)) for one in documents
    )
    return joined(main, companions)


def document_name(path: str, main: str, clean: Clean) -> str:
    """The name of a transcript's file, relative to the main one, as it may be stored."""
    return shown_path(os.path.relpath(path, Path(main).parent), clean)


def shown_path(path: str, clean: Clean) -> str:
    """`path` as it may be stored and shown: a path may hold a secret too."""
    return clean(printable(printable_path(path)))


def redacted(stream: BinaryIO, clean: Clean) -> BinaryIO:
    """The document in `stream` without its secrets, as a stream; JSON stays JSON, line for line."""
    return io.BufferedReader(Parts(_redacted(stream, clean)), LINE_LIMIT >> 6)


def _redacted(stream: BinaryIO, clean: Clean) -> Iterator[bytes]:
    def shown(text: str) -> str:
        # A terminal's escapes go before the rules look, as they do where a session is built. Not between the
        # strings of JSON: a line must stay a line.
        plain = printable(text)
        masked = clean(plain)
        return text if masked == plain else masked

    first = stream.readline(LINE_LIMIT)
    start = first
    while start and not start.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        yield start
        start = stream.readline(LINE_LIMIT)
    if start.lstrip(b" \t\r\x00\xef\xbb\xbf")[:1] in (b"{", b"["):
        line = start
        while line:
            yield _bytes(mask_json(_text(line), clean, shown))
            line = stream.readline(LINE_LIMIT)
        return
    rest = start + stream.read(DOCUMENT_LIMIT)
    while rest:
        yield _bytes(shown(_text(rest)))
        rest = stream.read(DOCUMENT_LIMIT)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _opened(folder: BlobFolder, digest: str, session_id: str) -> BinaryIO:
    try:
        return folder.open(digest)
    except FileNotFoundError as error:
        raise NotKept(f"the transcript {digest[:12]} of {session_id} is gone from the blob folder") from error
    except Damaged as error:
        raise Damaged(f"the transcript {digest[:12]} of {session_id} {error}") from error
