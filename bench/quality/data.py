"""A folder of labelled sessions goes in, sessions come out: what lies in it, and in which split."""

import csv
import gzip
import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from debrief.errors import DebriefError
from debrief.model import Session
from debrief.redaction import Redactor
from debrief.sources.registry import sniff
from debrief.sources.source import HEAD_BYTES, Document, Transcript

SUFFIXES: Final = frozenset({".jsonl", ".json", ".gz"})
_CLEAN: Final = Redactor(b"the same placeholders in each run")


class Item(NamedTuple):
    """A line of SPLITS.tsv. `group` is what must not be torn apart: a task, a session."""

    dataset: str
    name: str
    group: str
    split: str


def items(data: Path, dataset: str, split: str) -> list[Item]:
    """The items of `dataset` that belong to `split`."""
    return [item for item in _table(data) if item.dataset == dataset and item.split == split]


def _table(data: Path) -> Iterator[Item]:
    path = data / "SPLITS.tsv"
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines, delimiter="\t"):
                yield Item(line["dataset"], line["item"], line["group_key"], line["split"])


def digest(data: Path) -> str:
    """Ten hex digits that change with any file's name or size under `data`, or with its table of splits."""
    told = hashlib.sha256()
    for path in sorted(data.rglob("*")):
        if path.is_file():
            told.update(f"{path.relative_to(data)} {path.stat().st_size}\n".encode())
    table = data / "SPLITS.tsv"
    told.update(table.read_bytes() if table.is_file() else b"")
    return told.hexdigest()[:10]


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def sessions_of(path: Path) -> list[Session]:
    """The sessions of one transcript, redacted as in the product; none where no format knows it."""
    data = content(path)
    try:
        found = sniff(data[:HEAD_BYTES])
        document = Document(path.name.removesuffix(".gz"), lambda: BytesIO(data))
        return list(found.parse(Transcript(document), _CLEAN))
    except DebriefError:
        return []


def transcripts(folder: Path) -> Iterator[Path]:
    """The files under `folder` that may be transcripts, in order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in SUFFIXES:
            yield path
