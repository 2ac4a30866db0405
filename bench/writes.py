"""The write side, through the pipeline's own door: inserts, changes of status and of a pull request's state.

Each writer is a process of its own: it says `ready`, waits for a line, writes for as long as it was told
(or at a gentle pace until its input ends) and says how much it did.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

import msgspec
from sqlalchemy import Connection, select

import content
import load
from debrief.model import StoredSession
from debrief.pipeline.change import Wanted, change
from debrief.store import Packed, Store, schema
from debrief.store.sessions import find

INSERT: Final = "insert"
STATUS: Final = "status"
PULL: Final = "pull request"
MIXED: Final = "mixed"
GENTLE_PER_S: Final = 20.0
POOL: Final = 4_000
STRIDE: Final = 7_919


class Task(msgspec.Struct, frozen=True):
    """What a writer is to do. `per_s` 0 is as fast as it can; `seconds` 0 is until its input ends."""

    url: str
    work: str
    batch: int = 1
    seconds: float = 0.0
    per_s: float = 0.0
    number: int = 0
    enterprise: str = content.ENTERPRISE


class Done(msgspec.Struct, frozen=True):
    """What a writer did: sessions written, in how many seconds, and the 50th and 99th of 100 commits."""

    sessions: int
    seconds: float
    p50_ms: float
    p99_ms: float


class Writer:
    """Writes some sessions in one transaction."""

    def __init__(self, store: Store, task: Task) -> None:
        self.store = store
        self.task = task
        world = content.World()
        self.fresh = [world.stored(values) for values in world.sessions(POOL, salt=1_000 + task.number)]
        self.written = 0
        with store.read() as connection:
            query = select(schema.session_records.c.session_id).where(
                schema.session_records.c.enterprise_id == content.ENTERPRISE
            )
            self.known = list(
                connection.execute(query.order_by(schema.session_records.c.session_id)).scalars()
            )

    def write(self) -> None:
        """A batch."""
        work = self.task.work
        numbers = range(self.written, self.written + self.task.batch)
        self.written += self.task.batch
        if work == INSERT or (work == MIXED and self.written % 2):
            wanted = [self._fresh(number) for number in numbers]
            change(self.store, self.task.enterprise, content.PUBLIC_URL, lambda _: wanted)
        else:
            changed = _pull_changed if work == PULL else _status_changed

            def decide(connection: Connection) -> list[Wanted]:
                return [Wanted(stored=changed(self._known(connection, number), number)) for number in numbers]

            change(self.store, self.task.enterprise, content.PUBLIC_URL, decide)

    def _fresh(self, number: int) -> Wanted:
        made = self.fresh[number % POOL]
        stored = msgspec.structs.replace(
            made,
            enterprise_id=self.task.enterprise,
            session_id=f"{made.session_id}-{time.time_ns():x}",
            created_us=time.time_ns() // 1000,
            updated_us=0,
        )
        return Wanted(stored=stored, events=Packed.of(stored.session.events), documents=())

    def _known(self, connection: Connection, number: int) -> StoredSession:
        session_id = self.known[number * STRIDE % len(self.known)]
        stored = find(connection, content.ENTERPRISE, session_id)
        if stored is None:
            raise SystemExit(f"{session_id} is gone")
        return stored


def _status_changed(stored: StoredSession, number: int) -> StoredSession:
    return msgspec.structs.replace(stored, status=content.STATUSES[number % len(content.STATUSES)])


def _pull_changed(stored: StoredSession, number: int) -> StoredSession:
    state = ("open", "merged", "closed")[number % 3]
    pulls = tuple(msgspec.structs.replace(pull, state=state) for pull in stored.session.pull_requests)
    return msgspec.structs.replace(
        stored, session=msgspec.structs.replace(stored.session, pull_requests=pulls)
    )


def main(task: Task) -> None:
    """Be one writer."""
    store = Store(task.url)
    writer = Writer(store, task)
    print("ready", flush=True)
    sys.stdin.readline()
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    took: list[float] = []
    began = time.perf_counter()
    while not ended.is_set() and not (task.seconds and time.perf_counter() - began > task.seconds):
        start = time.perf_counter()
        writer.write()
        took.append(time.perf_counter() - start)
        if task.per_s:
            ended.wait(max(0.0, began + len(took) * task.batch / task.per_s - time.perf_counter()))
    seconds = time.perf_counter() - began
    store.close()
    took.sort()
    done = Done(
        len(took) * task.batch,
        seconds,
        took[len(took) // 2] * 1e3,
        took[min(len(took) * 99 // 100, len(took) - 1)] * 1e3,
    )
    print(json.dumps(msgspec.structs.asdict(done)), flush=True)


class Running:
    """A writer that runs beside."""

    def __init__(self, task: Task) -> None:
        order = json.dumps(msgspec.structs.asdict(task))
        self.process = subprocess.Popen(
            [sys.executable, __file__, order], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        given: Any = self.process
        self.told: IO[str] = given.stdin
        self.said: IO[str] = given.stdout

    def begin(self) -> None:
        """Wait until it is ready, and let it go."""
        if self.said.readline().strip() != "ready":
            raise SystemExit("a writer of the benchmark did not start")
        self.told.write("\n")
        self.told.flush()

    def end(self, *, wait: bool) -> Done:
        """Its account; with `wait` when it has come to its own end."""
        if not wait:
            self.told.close()
        done = msgspec.json.decode(self.said.readline(), type=Done)
        self.told.close()
        self.said.close()
        self.process.wait(20)
        return done


@contextmanager
def beside(url: str) -> Iterator[None]:
    """A gentle writer for as long as the block lasts: inserts and changes of status in turn."""
    running = Running(Task(url, MIXED, per_s=GENTLE_PER_S))
    running.begin()
    try:
        yield
    finally:
        running.end(wait=False)


def write_row(
    tasks: list[Task], database: str, port: int, requests: Iterator[bytes] | None
) -> dict[str, Any]:
    """Let the writers run, with readers beside them where `requests` are given."""
    running = [Running(task) for task in tasks]
    for one in running:
        one.begin()
    pages: float | None = None
    if requests is not None:
        pages = load.burst(port, requests, seconds=tasks[0].seconds, connections=4).rate
    done = [one.end(wait=True) for one in running]
    return {
        "work": tasks[0].work,
        "database": database,
        "batch": tasks[0].batch,
        "writers": len(tasks),
        "enterprises": len({task.enterprise for task in tasks}),
        "sessions_per_s": round(sum(one.sessions / one.seconds for one in done), 1),
        "p50_ms": round(max(one.p50_ms for one in done), 3),
        "p99_ms": round(max(one.p99_ms for one in done), 3),
        "reader_pages_per_s": None if pages is None else round(pages, 1),
    }


def all_rows(
    url: str, database: str, port: int, requests: Iterator[bytes], seconds: float, *, brief: bool
) -> Iterator[dict[str, Any]]:
    """Each kind of write, single and batched, alone and with readers; then many writers at once.

    `brief` leaves out most of it.
    """
    for work in (INSERT,) if brief else (INSERT, STATUS, PULL):
        for batch in (1, 100):
            for readers in (None, requests):
                yield write_row([Task(url, work, batch, seconds)], database, port, readers)
    for count in (2,) if brief else (1, 4) if seconds < 1 else (1, 2, 4, 8):
        for shared in (True, False):
            if count == 1 and not shared:
                continue
            names = [content.ENTERPRISE if shared else f"bench-{number}" for number in range(count)]
            tasks = [
                Task(url, INSERT, 1, seconds, number=number, enterprise=name)
                for number, name in enumerate(names)
            ]
            yield write_row(tasks, database, port, None)


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Task))
