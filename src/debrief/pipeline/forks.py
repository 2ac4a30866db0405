"""Where an import's workers come from: on Linux one process loads what all need, and they are forked from it.

It takes about as long to load as the import itself, so it may be told to begin before that.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext

from debrief.interrupts import held
from debrief.pipeline.discover import Found

SIDE_BY_SIDE_BYTES = 2_000_000
"""Below this much to read, starting workers costs more than it gains."""

LOADED = ("debrief.pipeline.prepare", "genai_prices.data")
"""What a worker needs; the prices are loaded with the first one that is asked for."""


def worker_count(todo: Sequence[Found], wanted: int | None = None) -> int:
    """How many workers `todo` is worth; 1 where it is done sooner without any."""
    # One more than there are cores: each waits for the disk now and then.
    count = wanted or (os.cpu_count() or 1) + 1
    if len(todo) < 2 * count or sum(one.size for one in todo) < SIDE_BY_SIDE_BYTES:
        return 1
    return count


def context() -> BaseContext:
    """What workers are started with."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(list(LOADED))
    return found


def begin() -> None:
    """Begin to load, in another process, what the workers need."""
    if context().get_start_method() == "forkserver":
        resource_tracker.ensure_running()  # which lets interrupts through again when it has started
        with shielded():
            forkserver.ensure_running()


def finish() -> None:
    """End the process that `begin` or the first worker started: a server that imported once keeps none."""
    if sys.platform == "linux":
        with held():
            forkserver._forkserver._stop()  # type: ignore[attr-defined]  # noqa: SLF001 (offered nowhere else)


@contextmanager
def shielded() -> Iterator[None]:
    """Processes that are started meanwhile never see Ctrl-C: it is the main process's affair.

    That one is not left before it knows what it has started.
    """
    with held():
        if not hasattr(signal, "pthread_sigmask"):
            yield
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
