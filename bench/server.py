"""The server under test: Debrief's own application beside the ceilings and the naive list, in one process.

Run as a process of its own on a socket that it inherits. It answers each line on its standard input with a
line of JSON: the CPU seconds that it has used, its memory, and how long its loop stood still since the last
one.
"""

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import uvicorn

import ceiling
import content
import naive
from debrief.config import Settings
from debrief.store import Store
from debrief.web.app import create_app
from debrief.web.serving import keep_heap

BEAT_S: Final = 0.004
KIB: Final = 1024


class Order(msgspec.Struct, frozen=True):
    """What a server process is told: its socket's file number, the database, a folder, its core."""

    socket: int
    url: str
    data: str
    core: int | None


class Vitals(msgspec.Struct, frozen=True):
    """What a server process says of itself. `blocked_own_ms` leaves out what other processes took from it."""

    cpu_s: float
    rss_mb: float
    blocked_ms: float
    blocked_own_ms: float


class Heart:
    """Beats in the event loop, and remembers the longest pause between two beats."""

    def __init__(self) -> None:
        self.blocked = self.own = 0.0

    async def beat(self) -> None:
        """Forever."""
        wall, used = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(BEAT_S)
            now, cpu = time.perf_counter(), time.thread_time()
            late = now - wall - BEAT_S
            self.blocked = max(self.blocked, late)
            self.own = max(self.own, min(late, cpu - used))
            wall, used = now, cpu

    def vitals(self) -> Vitals:
        """How it is, and start anew."""
        said = Vitals(time.process_time(), _rss_mb(), self.blocked * 1e3, self.own * 1e3)
        self.blocked = self.own = 0.0
        return said


class Application:
    """Sends each request where its path says."""

    def __init__(self, order: Order, store: Store, heart: Heart) -> None:
        settings = Settings(
            data=Path(order.data), database_url=order.url, enterprise_id=content.ENTERPRISE, org_id="local"
        )
        self.debrief = create_app(settings, store, public_url=content.PUBLIC_URL)
        self.ceilings = ceiling.application()
        self.naive = naive.application(order.url)
        self.heart = heart
        self.beating: asyncio.Task[None] | None = None

    async def __call__(self, scope: ceiling.Scope, receive: ceiling.Receive, send: ceiling.Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            self.beating = asyncio.get_running_loop().create_task(self.heart.beat())
            await self.debrief(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith("/v2/"):
            await self.debrief(scope, receive, send)
        elif path == ceiling.RAW:
            await ceiling.raw(scope, receive, send)
        elif path == naive.PATH:
            await self.naive(scope, receive, send)
        else:
            await self.ceilings(scope, receive, send)


def main(order: Order) -> None:
    """Serve until standard input ends."""
    if order.core is not None:
        os.sched_setaffinity(0, {order.core})
    keep_heap()
    store = Store(order.url)
    heart = Heart()
    config = uvicorn.Config(
        Application(order, store, heart),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)

    def answer() -> None:
        for _ in sys.stdin:
            print(json.dumps(msgspec.structs.asdict(heart.vitals())), flush=True)
        server.should_exit = True

    threading.Thread(target=answer, daemon=True).start()
    server.run(sockets=[socket.socket(fileno=order.socket)])
    store.close()


def _rss_mb() -> float:
    try:
        with Path("/proc/self/status").open() as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / KIB
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB


class Served:
    """The processes of a server, as the one who started it sees them."""

    def __init__(self, listener: socket.socket, order: Order, processes: int) -> None:
        self.port: int = listener.getsockname()[1]
        self._command = [sys.executable, __file__, json.dumps(msgspec.structs.asdict(order))]
        self._listener = listener
        self.processes = [self._started() for _ in range(processes)]

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self._listener.fileno()],
            text=True,
        )

    def stop(self, patience_s: float = 20.0) -> None:
        """End the processes: by their input's end, or by force where that is not enough."""
        for process in self.processes:
            asked, told = _pipes(process)
            asked.close()
            try:
                process.wait(patience_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            told.close()

    def restart(self) -> None:
        """Others in place of processes that are stuck."""
        self.stop(1.0)
        self.processes = [self._started() for _ in self.processes]

    def vitals(self) -> Vitals:
        """Of all processes: CPU summed up, else the worst."""
        said = [self._ask(process) for process in self.processes]
        return Vitals(
            sum(one.cpu_s for one in said),
            max(one.rss_mb for one in said),
            max(one.blocked_ms for one in said),
            max(one.blocked_own_ms for one in said),
        )

    def _ask(self, process: subprocess.Popen[str]) -> Vitals:
        asked, told = _pipes(process)
        asked.write("\n")
        asked.flush()
        return msgspec.json.decode(told.readline(), type=Vitals)


@contextmanager
def serving(url: str, data: Path, *, processes: int = 1, core: int | None = None) -> Iterator[Served]:
    """Start server processes over the database at `url`, and stop them afterwards."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        served = Served(listener, Order(listener.fileno(), url, str(data), core), processes)
        try:
            yield served
        finally:
            served.stop()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    given: Any = process
    return given.stdin, given.stdout


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Order))
