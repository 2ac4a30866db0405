"""Files prepared side by side in processes of their own; they come back in the order in which they are done.

Ctrl-C is the main process's affair: workers never see it. Whatever ends the import ends them too, at once,
even a kill of the main process.
"""

import gc
import multiprocessing
import os
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import connection

import msgspec

from debrief.interrupts import held
from debrief.pipeline.discover import Found
from debrief.pipeline.forks import context, shielded, worker_count
from debrief.pipeline.prepare import Prepared, Workbench, prepare

QUEUED = 4
"""Tasks that wait for each worker: enough to keep it busy, few enough to keep memory small."""

TASK_FILES = 8
TASK_BYTES = 500_000
"""What one task reads at most, or one file: handing over costs about what a small file does."""

COLLECT_AFTER = 50_000
"""Objects made until Python looks for rings of garbage, of which parsing and analysis make hardly any."""


_NOTHING = Found(path="", companions=(), stamp="", size=0)

_HANDED_OVER = msgspec.msgpack.Decoder(list[Prepared])
"""Python's own way to hand objects over takes several times as long."""


def prepared(todo: Sequence[Found], bench: Workbench, workers: int | None) -> Generator[Prepared]:
    """Prepare `todo`, in this process where there is little to do."""
    count = worker_count(todo, workers)
    before = gc.get_threshold()
    _collect_seldom()
    try:
        if count == 1:
            yield from (prepare(one, bench) for one in todo)
        else:
            yield from _side_by_side(todo, bench, count)
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def _side_by_side(todo: Sequence[Found], bench: Workbench, count: int) -> Iterator[Prepared]:
    # The largest first, so that no worker is left with a giant at the end.
    queue = _tasks(sorted(todo, key=lambda one: -one.size))
    pool = ProcessPoolExecutor(count, mp_context=context(), initializer=_end_with_parent)
    try:
        running = _submit(pool, islice(queue, QUEUED * count), bench)
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            running |= _submit(pool, islice(queue, len(done)), bench)
            for future in done:
                task = running.pop(future)
                for one, told in zip(task, _HANDED_OVER.decode(future.result()), strict=True):
                    yield msgspec.structs.replace(told, found=one)
        pool.shutdown()
    except BaseException:
        with held():
            end(pool)
        raise


def _tasks(todo: Iterable[Found]) -> Iterator[list[Found]]:
    task: list[Found] = []
    for one in todo:
        if task and (len(task) == TASK_FILES or sum(each.size for each in task) + one.size > TASK_BYTES):
            yield task
            task = []
        task.append(one)
    if task:
        yield task


def _prepare(task: list[Found], bench: Workbench) -> bytes:
    """In a worker: what became of each file, without the files: a path need not be text."""
    done = [msgspec.structs.replace(prepare(one, bench), found=_NOTHING) for one in task]
    return msgspec.msgpack.encode(done)


def _submit(
    pool: ProcessPoolExecutor, tasks: Iterator[list[Found]], bench: Workbench
) -> dict[Future[bytes], list[Found]]:
    """Submitting starts workers, which inherit what is blocked."""
    with shielded():
        return {pool.submit(_prepare, task, bench): task for task in tasks}


def end(pool: ProcessPoolExecutor) -> None:
    """Kill the workers, and wait until the pool's own thread has seen it.

    Left alone, the thread closes its pipes while Python, as it exits, writes to them: a traceback by chance.
    """
    # A worker that is killed while it hands over a result leaves a part of it in the pipe. The thread would
    # wait for the rest for ever, for the pipe has no end while this process holds it open for writing.
    pool._result_queue._writer.close()  # type: ignore[attr-defined]  # noqa: SLF001 (offered nowhere else)
    for child in multiprocessing.active_children():
        child.kill()
    pool.shutdown(wait=True, cancel_futures=True)


def _end_with_parent() -> None:
    """In a worker: end as soon as the main process is gone, however it went; and look for garbage seldom."""
    _collect_seldom()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_for, args=(parent.sentinel,), daemon=True).start()


def _collect_seldom() -> None:
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def _wait_for(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
