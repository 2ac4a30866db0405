"""The server process: a bound socket and an open store in, answers out until it is told to stop."""

import errno
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from debrief.config import Settings
from debrief.errors import KeyRefused, SettingsError, StoreError
from debrief.pipeline import refresh
from debrief.store import Store, keys
from debrief.web.app import create_app

PORTS_TRIED = 50
SETTLE_SECONDS = 60.0
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
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    done = refresh.render_again(store, settings.enterprise_id, address)
    if done:
        log.info("rendered %d sessions again, for %s", done, address)
    stop = threading.Event()
    settler = threading.Thread(target=_settle, args=(settings, store, address, stop), daemon=True)
    settler.start()
    config = uvicorn.Config(
        create_app(settings, store, public_url=address),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    try:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        stop.set()
        settler.join(timeout=5)


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


def _settle(settings: Settings, store: Store, address: str, stop: threading.Event) -> None:
    """Every minute, give sessions that have gone silent their status."""
    while not stop.wait(SETTLE_SECONDS):
        try:
            refresh.settle(store, settings.enterprise_id, address)
        except StoreError as error:
            log.warning("statuses were not brought up to date: %s", error)
