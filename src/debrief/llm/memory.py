"""Answers that were paid for, kept as small files: the same question of the same model is asked once.

A file is named by the digest of the question and holds the model's own words, which are read, and checked
against the session, each time anew.
"""

import contextlib
import os
import uuid
from pathlib import Path

import msgspec
from msgspec import Struct


class Reply(Struct, frozen=True, kw_only=True):
    """A model's words, and what they cost. `ending` is why it stopped, where it says so."""

    text: str
    tokens_in: int
    tokens_out: int
    usd_micros: int | None
    ending: str = ""


class Memory:
    """The folder of answers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> Reply | None:
        """The reply to the question of this key, None where there is none that can be read."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=Reply)
        except (OSError, msgspec.MsgspecError, ValueError):
            return None

    def keep(self, key: str, reply: Reply) -> None:
        """Keep `reply`, whole or not at all. A disk that refuses costs the next run money, not this one."""
        path = self._path(key)
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(msgspec.json.encode(reply))
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"
