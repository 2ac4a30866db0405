"""The hash of a project's folder and paths that the session names in; the folder out, where one proves it.

A session holds only the SHA-256 of its project's path. A path that hashes to it is that folder: no guess.
"""

import hashlib
import re
from collections.abc import Iterator

_STATED = re.compile(
    r"(?:^  - |I'm currently working in the directory: |^Directory: )"
    r"(?P<path>(?:/|[A-Za-z]:\\)[^\n\r]{0,1000})",
    re.MULTILINE,
)

_ABSOLUTE = re.compile(r"(?:/|[A-Za-z]:[\\/])[^\x00\n]{1,1000}")

_TRIED = 4_000
_WINDOW = 2_000


class Folder:
    """Told of paths one by one; `path` is the folder once one of them proved to be it or to lie in it."""

    def __init__(self, project_hash: str | None) -> None:
        self.path: str | None = None
        self._hash = project_hash
        self._tried: set[str] = set()

    def named(self, path: object) -> None:
        """A file or folder that the session names."""
        if self.path is None and isinstance(path, str) and _ABSOLUTE.fullmatch(path):
            for ancestor in _ancestors(path):
                self._try(ancestor)

    def stated(self, text: str) -> None:
        """A text that may say, early on, where the work is done."""
        if self.path is not None or self._hash is None:
            return
        for found in _STATED.finditer(text[:_WINDOW]):
            self.named(found.group("path").strip())

    def _try(self, path: str) -> None:
        if self.path is not None or self._hash is None or path in self._tried or len(self._tried) >= _TRIED:
            return
        self._tried.add(path)
        if hashlib.sha256(path.encode("utf-8", "replace")).hexdigest() == self._hash:
            self.path = path


def _ancestors(path: str) -> Iterator[str]:
    """`path` without its last parts, one by one, longest first."""
    yield path
    while len(path) > 1:
        cut = max(path.rfind("/"), path.rfind("\\"))
        path = path[:cut]
        if cut <= 0:
            return
        yield path
