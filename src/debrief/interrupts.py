"""Ctrl-C: the first one ends a command in good order, and waits where something must not be left half done.

Python raises KeyboardInterrupt between any two steps of the main thread, those of a library's tidying up too.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def raised_once(_signal: int, _frame: FrameType | None) -> None:
    """A command's answer to SIGINT: raise KeyboardInterrupt; one more, while it ends, ends it at once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[None]:
    """Let a Ctrl-C take effect when the block has ended; one more ends the process at once.

    Does nothing where Ctrl-C raises nothing: in other threads, in a server, and inside another `held`.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    if not is_main or before not in {raised_once, signal.default_int_handler} or not callable(before):
        yield
        return
    came = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            before(signal.SIGINT, None)
