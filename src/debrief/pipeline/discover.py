"""Paths in, transcripts to import out: walks folders, and puts sub-agents' files with their session.

Only names and `stat` are looked at here, but for one case: a companion that lies beside the sessions of a
folder belongs to the one whose name stands in its first bytes.
"""

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from msgspec import Struct

from debrief.sources import COLLECTED, FORMATS, roots
from debrief.sources.source import HEAD_BYTES

COMPANIONS = (*(wanted for source in FORMATS for wanted in source.companions), *COLLECTED)

_KINDS_OF_MAIN = {
    of: [one for one in COMPANIONS if one.of == of] for of in {one.of: None for one in COMPANIONS}
}

DATABASE_SUFFIXES = (".db", ".sqlite", ".sqlite3", ".vscdb")
BESIDE_DATABASE = ("-wal", "-shm", "-journal")

READERS = ",".join(f"{source.name}:{source.version}" for source in FORMATS)
"""The parsers and their versions: part of every stamp."""


class Found(Struct, frozen=True):
    """A main file and its companions. `stamp` changes when one of them or a parser does; `size` in bytes.

    `shown` is what people know it by where it was taken out of a container: "sessions.zip!a/b.jsonl".
    """

    path: str
    companions: tuple[str, ...]
    stamp: str
    size: int
    shown: str = ""


def printable_path(path: str) -> str:
    """`path` as text that any database takes; bytes that are not UTF-8 are replaced."""
    return os.fsencode(path).decode("utf-8", "replace").replace("\x00", "\ufffd")


def on_this_machine(environment: Mapping[str, str]) -> list[Found]:
    """The transcripts in the folders where agents keep them, each once."""
    found: dict[str, Found] = {}
    suffixes_of: dict[str, set[str]] = {}
    for endings_there, pattern in roots(dict(environment)):
        for folder in sorted(glob.glob(pattern)):  # noqa: PTH207 (the pattern is absolute)
            suffixes_of.setdefault(folder, set()).update(endings_there)
    real: dict[str, str] = {}
    for folder, suffixes in suffixes_of.items():
        endings = tuple(suffixes)
        for one in discover([Path(folder)]):
            if one.path.endswith(endings):
                parent, name = os.path.split(one.path)
                if parent not in real:
                    real[parent] = os.path.realpath(parent)
                found.setdefault(os.path.join(real[parent], name), one)  # noqa: PTH118 (strings, for speed)
    return list(found.values())


def folders_of_agents(environment: Mapping[str, str]) -> list[str]:
    """The folders that `on_this_machine` walks, as far as they exist."""
    return sorted({folder for _, pattern in roots(dict(environment)) for folder in glob.glob(pattern)})  # noqa: PTH207 (the pattern is absolute)


def discover(paths: Iterable[Path]) -> Iterator[Found]:
    """Every file of `paths`, folders walked to the bottom, in order of name; a companion comes with its main.

    A path that does not exist is yielded too: reading it then says what is wrong.
    """
    for path in paths:
        absolute = os.path.abspath(path.expanduser())  # noqa: PTH100 (no link is to be resolved)
        if not os.path.isdir(absolute):  # noqa: PTH112 (strings, for speed: a tree may hold 100,000 files)
            yield _found(absolute, _companions(absolute, _Siblings()))
            continue
        names = sorted(name for name in _walk(absolute) if not _is_beside_database(name))
        siblings = _Siblings()
        companions = {name: _companions(name, siblings) for name in names}
        taken = {companion for several in companions.values() for companion in several}
        for name in names:
            if name not in taken:
                yield _found(name, companions[name])


def _is_beside_database(path: str) -> bool:
    """Whether `path` is the log or index of a database beside it, which is read with it."""
    return path.endswith(BESIDE_DATABASE) and os.path.exists(path.rpartition("-")[0])  # noqa: PTH110 (a string)


def _walk(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".git")]
        for name in names:
            yield os.path.join(parent, name)  # noqa: PTH118 (strings, for speed)


class _Siblings:
    """What lies beside files, each folder looked at once; and which files name which session."""

    def __init__(self) -> None:
        self._heads: dict[tuple[str, str], dict[str, bytes]] = {}
        self._names: dict[tuple[str, str], frozenset[str]] = {}

    def naming(self, folder: str, pattern: str, stem: str) -> list[str]:
        """The files of a folder in whose first bytes `stem` stands; each such file is opened once."""
        key = (folder, pattern)
        if key not in self._heads:
            self._heads[key] = {
                name: _head(name)
                for name in sorted(glob.glob(os.path.join(glob.escape(folder), pattern)))  # noqa: PTH118, PTH207 (strings, for speed)
                if os.path.isfile(name)  # noqa: PTH113 (a pipe would have no end)
            }
        return [name for name, head in self._heads[key].items() if stem.encode() in head]

    def names(self, folder: str, way: str) -> frozenset[str]:
        """The names in the folder that `way` leads to from `folder`; none where it is not there."""
        key = (folder, way)
        if key not in self._names:
            try:
                found = frozenset(os.listdir(os.path.normpath(os.path.join(folder, way))))  # noqa: PTH118, PTH208 (strings, for speed)
            except OSError:
                found = frozenset()
            self._names[key] = found
        return self._names[key]


def _companions(path: str, siblings: _Siblings) -> tuple[str, ...]:
    folder, name = os.path.split(path)
    stem = name.rpartition(".")[0] or name
    if "*" in stem:
        return ()
    found: dict[str, None] = {}
    for wanted in (one for of in _KINDS_OF_MAIN if fnmatchcase(name, of) for one in _KINDS_OF_MAIN[of]):
        if wanted.by_content:
            if not fnmatchcase(name, wanted.pattern):
                found.update((match, None) for match in siblings.naming(folder, wanted.pattern, stem))
            continue
        pattern = wanted.pattern
        if "{base}" in pattern:
            pattern = pattern.replace("{base}", glob.escape(name.partition(".")[0]))
        for match in _beside(folder, pattern, stem, siblings):
            found[match] = None
            if wanted.then:
                inner = os.path.basename(match).rpartition(".")[0]  # noqa: PTH119 (strings, for speed)
                found.update((one, None) for one in _beside(folder, wanted.then, inner, siblings))
    found.pop(path, None)
    return tuple(found)


def _beside(folder: str, pattern: str, stem: str, siblings: _Siblings) -> list[str]:
    """The files that `pattern` names from `folder`, in order; of most there is not even the first folder."""
    way, first, rest = _parted(pattern)
    names = siblings.names(folder, way)
    name = first.replace("{stem}", stem)
    if not glob.has_magic(first):
        if name not in names:
            return []
        if not rest:
            path = os.path.normpath(os.path.join(folder, way, name))  # noqa: PTH118 (strings, for speed)
            return [path] if os.path.isfile(path) else []  # noqa: PTH113 (strings, for speed)
    elif not names:
        return []
    start = os.path.normpath(os.path.join(folder, way))  # noqa: PTH118 (strings, for speed)
    told = "/".join(part for part in (first, rest) if part).replace("{stem}", glob.escape(stem))
    matches = sorted(glob.glob(told, root_dir=start, recursive=True))  # noqa: PTH207 (relative to a folder)
    paths = [os.path.join(start, match) for match in matches]  # noqa: PTH118 (strings, for speed)
    return [one for one in paths if os.path.isfile(one)]  # noqa: PTH113 (strings, for speed)


@cache
def _parted(pattern: str) -> tuple[str, str, str]:
    """The folders that a pattern begins with by name, the part behind them, and the rest."""
    parts = pattern.split("/")
    count = 0
    while count < len(parts) - 1 and not glob.has_magic(parts[count]) and "{stem}" not in parts[count]:
        count += 1
    return "/".join(parts[:count]), parts[count], "/".join(parts[count + 1 :])


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 (a string, for speed)
            return stream.read(HEAD_BYTES)
    except OSError:
        return b""


def _found(path: str, companions: tuple[str, ...]) -> Found:
    hasher = hashlib.sha256(READERS.encode())
    size = 0
    logs = [path + "-wal"] if path.endswith(DATABASE_SUFFIXES) else []
    for name in (path, *companions, *logs):
        try:
            status = os.stat(name)  # noqa: PTH116 (a string, for speed)
            if name in logs and not status.st_size:
                continue  # an empty log comes and goes with who looks at the database
            size += status.st_size
            mark = f"{status.st_size}:{status.st_mtime_ns}"
        except OSError as error:
            if name in logs:
                continue
            mark = f"error:{error.errno}"
        hasher.update(f"\n{os.fsencode(name)!r}:{mark}".encode())
    return Found(path, companions, hasher.hexdigest()[:32], size)
