"""The agents' folders followed: whenever something in them changes, what is new is imported.

The operating system tells of changes; where it cannot (too many folders, a network's disk) they are looked
for. Folders that come to be later are found at the next look.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import watchfiles

from debrief.pipeline.discover import folders_of_agents

DEBOUNCE_MS = 1_600
LOOK_MS = 30_000


def watch(environment: Mapping[str, str], look: Callable[[], None], stop: threading.Event) -> None:
    """Call `look` at once, whenever a transcript may have changed, and every half a minute, until `stop`.

    Ctrl-C comes out of it as KeyboardInterrupt.
    """
    polling = False
    while not stop.is_set():
        folders = folders_of_agents(environment)
        look()
        if not folders:
            stop.wait(LOOK_MS / 1000)
            continue
        try:
            _follow(environment, folders, look, stop, polling=polling)
        except (OSError, RuntimeError):
            if polling:
                raise
            polling = True


def _follow(
    environment: Mapping[str, str],
    folders: list[str],
    look: Callable[[], None],
    stop: threading.Event,
    *,
    polling: bool,
) -> None:
    """Follow `folders` until `stop`, or until there are others."""
    changes = watchfiles.watch(
        *(Path(folder) for folder in folders),
        watch_filter=None,
        debounce=DEBOUNCE_MS,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=True,
        force_polling=polling or None,
        poll_delay_ms=2_000,
    )
    for _ in changes:
        look()
        if folders_of_agents(environment) != folders:
            return
