"""The server: a bound socket and an open store in, answers out until it is told to stop.

One process, or a parent with several workers on the same socket. The parent looks after what is stored, the
workers answer; one that dies is replaced, and all end with their parent.
"""

import atexit
import ctypes
import errno
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from msgspec import Struct
from uvicorn.supervisors import Multiprocess

from debrief.config import SERVED, Settings, open_store
from debrief.errors import KeyRefused, SettingsError, StoreError
from debrief.pipeline import refresh
from debrief.store import Store, keys
from debrief.web.app import create_app

PORTS_TRIED = 50
SETTLE_SECONDS = 60.0

REST_SECONDS = 0.1
"""How long a rendering in the background lets others write between its batches."""

MMAP_FROM_BYTES: Final = 4 * 2**20
TRIM_FROM_BYTES: Final = 16 * 2**20
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3

_UVICORN: Final[dict[str, Any]] = {
    "log_level": "warning",
    "access_log": False,
    "server_header": False,
    "timeout_graceful_shutdown": 5,
}

LOCAL_KEY_NAME = "this machine (debrief run)"

log = logging.getLogger("debrief.serving")


@contextmanager
def bound(settings: Settings, *, next_free: bool) -> Iterator[socket.socket]:
    """A socket bound to the settings' address; with `next_free` to the next port that is free.

    Raises `SettingsError` where there is none.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    last = min(settings.port + (PORTS_TRIED if next_free and settings.port else 1), 65_536)
    for port in range(settings.port, last):
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((settings.host, port))
            # Listening at once claims the port; who connects while an import runs is answered after it.
            made.listen(128)
        except OSError as error:
            made.close()
            if error.errno != errno.EADDRINUSE:
                raise SettingsError(
                    f"cannot serve on {settings.host}:{port}: {error.strerror or error}"
                ) from error
            continue
        with made:
            yield made
        return
    raise SettingsError(
        f"port {settings.port} on {settings.host} is taken; choose another with --port, or 0 for any"
    )


def serve(settings: Settings, store: Store, listener: socket.socket, address: str) -> None:
    """Serve until SIGINT or SIGTERM."""
    _log()
    (settings.data / SERVED).write_text(address + "\n")
    with _Upkeep(settings, store, address), suppress(KeyboardInterrupt):
        if settings.workers == 1:
            keep_heap()
            app = create_app(settings, store, public_url=address)
            uvicorn.Server(uvicorn.Config(app, **_UVICORN)).run(sockets=[listener])
        else:
            worker = _Worker(settings, address)
            config = uvicorn.Config(worker, factory=True, workers=settings.workers, **_UVICORN)
            Multiprocess(config, sockets=[listener]).run()


def keep_heap() -> None:
    """Let glibc keep the memory of a page for the next one, rather than return it to the system each time."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return  # another C library
    mallopt(_M_MMAP_THRESHOLD, MMAP_FROM_BYTES)
    mallopt(_M_TRIM_THRESHOLD, TRIM_FROM_BYTES)


def local_key(settings: Settings, store: Store) -> str:
    """The key that `debrief run` prints: kept in the data folder, readable by its owner alone."""
    path = settings.data / "local.key"
    with suppress(FileNotFoundError, KeyRefused):
        secret = path.read_text().strip()
        if keys.find_key(store, secret).enterprise_id == settings.enterprise_id:
            return secret
    _, secret = keys.create_key(store, settings.enterprise_id, LOCAL_KEY_NAME)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(secret + "\n")
    return secret


class _Worker(Struct, frozen=True):
    """Makes the application in a process of its own; sent there by pickle."""

    settings: Settings
    address: str

    def __call__(self) -> FastAPI:
        """What the worker serves."""
        _log()
        keep_heap()
        threading.Thread(target=_end_with_parent, daemon=True).start()
        store = open_store(self.settings, migrate=False)
        atexit.register(store.close)
        return create_app(self.settings, store, public_url=self.address)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


class _Upkeep:
    """Looks after what is stored, in a thread of one process; of several on PostgreSQL one at a time does."""

    def __init__(self, settings: Settings, store: Store, address: str) -> None:
        self._stored = (store, settings.enterprise_id, address)
        self._rendered = False
        self._settle_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)

    def __enter__(self) -> None:
        # Before the first answer, so that its links are right; where there is much to do, in the background.
        self._once(self._render_few)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _repeat(self) -> None:
        if not self._rendered:
            self._once(self._render_rest)
        while not self._stop.wait(SETTLE_SECONDS):
            self._once(self._render_rest)

    def _once(self, render: Callable[[], None]) -> None:
        """Settle what has gone silent; render what was rendered for another address, until that is done."""
        try:
            with self._stored[0].upkeep() as mine:
                if mine:
                    self._settle()
                if mine and not self._rendered:
                    render()
        except StoreError as error:
            log.warning("what is stored was not brought up to date: %s", error)

    def _settle(self) -> None:
        refresh.settle(*self._stored)
        self._settle_at = time.monotonic() + SETTLE_SECONDS

    def _render_few(self) -> None:
        done = refresh.render_few(*self._stored)
        self._rendered = done is not None
        if done:
            log.info("rendered %d sessions again, for %s", done, self._stored[2])

    def _render_rest(self) -> None:
        count = refresh.count_stale(*self._stored, go_on=lambda: not self._stop.is_set())
        if count and not self._stop.is_set():
            log.info("rendering %d sessions again, for %s, in the background", count, self._stored[2])
            done = refresh.render_again(*self._stored, go_on=self._give_way)
            if not self._stop.is_set():
                log.info("rendered %d sessions again, for %s", done, self._stored[2])
        self._rendered = not self._stop.is_set()

    def _give_way(self) -> bool:
        """Let others write for a moment; returns whether the server goes on."""
        stopped = self._stop.wait(REST_SECONDS)
        if not stopped and time.monotonic() >= self._settle_at:
            self._settle()
        return not stopped
