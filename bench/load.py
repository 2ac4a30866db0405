"""The client: requests in, how many were answered, and how fast, out. Plain sockets, kept alive, one thread.

It checks each answer's status and length and looks no further: it has to cost less than the server it
measures.
"""

import selectors
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

BUFFER: Final = 1 << 20
TIMEOUT_S: Final = 60.0
_END: Final = b"\r\n\r\n"
_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"


class Answer(msgspec.Struct, frozen=True):
    """One whole answer. The names of `headers` are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes


class Burst(msgspec.Struct, frozen=True):
    """What many connections got in `seconds`. `busy` is the share of it that this client needed itself."""

    answers: int
    seconds: float
    busy: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


class WrongAnswer(Exception):  # noqa: N818 (it says what came)
    """The server answered with another status than the case expects."""


def request(path: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of a GET."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{lines}\r\n".encode()


class Line:
    """One connection. `feed` takes what has come and says whether the answer is whole."""

    def __init__(self, port: int, expected: int) -> None:
        self.port = port
        self.socket = _connected(port)
        self.expected = b"%d" % expected
        self.sent = b""
        self.missing = 0
        self.started = False
        self.chunked = False
        self.head = b""

    def send(self, asked: bytes) -> None:
        """Send a request."""
        self.sent = asked
        self.socket.sendall(asked)

    def again(self) -> None:
        """Send the last request on a new connection: a server that was busy took this one for idle."""
        if self.started or self.head:
            raise WrongAnswer("the server hung up in the middle of an answer")
        self.socket.close()
        self.socket = _connected(self.port)
        self.socket.sendall(self.sent)

    def feed(self, buffer: bytearray, size: int) -> bool:
        """Take the first `size` bytes of `buffer`."""
        if self.started:
            if self.chunked:
                return self._finished(buffer.endswith(_LAST_CHUNK, 0, size))
            self.missing -= size
            return self._finished(self.missing <= 0)
        if self.head:
            joined = self.head + buffer[:size]
            self.head, size = b"", len(joined)
            buffer[:size] = joined
        end = buffer.find(_END, 0, size)
        if end < 0:
            self.head = bytes(buffer[:size])
            return False
        if buffer[9:12] != self.expected:
            raise WrongAnswer(bytes(buffer[: min(size, 600)]).decode("latin-1"))
        self.started = True
        at = buffer.find(b"ontent-", 0, end)
        while at >= 0 and buffer[at + 7 : at + 15].lower() != b"length: ":
            at = buffer.find(b"ontent-", at + 1, end)
        if at >= 0:
            self.missing = int(buffer[at + 15 : buffer.find(b"\r", at)]) + end + 4 - size
            return self._finished(self.missing <= 0)
        self.chunked = buffer.find(b"chunked", 0, end) >= 0
        return self._finished(not self.chunked or buffer.endswith(_LAST_CHUNK, 0, size))

    def _finished(self, whole: bool) -> bool:  # noqa: FBT001 (the only argument)
        if whole:
            self.started = self.chunked = False
        return whole


def _connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def fetch(port: int, path: str, headers: Mapping[str, str], *, timeout: float = TIMEOUT_S) -> Answer:
    """One request on a connection of its own, its answer whole."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as line:
        line.sendall(request(path, {**headers, "Connection": "close"}))
        parts = []
        while part := line.recv(BUFFER):
            parts.append(part)
    head, _, body = b"".join(parts).partition(_END)
    first, *rest = head.decode("latin-1").split("\r\n")
    found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return Answer(int(first.split()[1]), found, body)


def burst(
    port: int, requests: Iterator[bytes], *, seconds: float, connections: int = 16, expected: int = 200
) -> Burst:
    """Send `requests` for `seconds` on many connections, on each the next when the last is answered."""
    buffer = bytearray(2 * BUFFER)
    view = memoryview(buffer)[:BUFFER]
    lines = [Line(port, expected) for _ in range(connections)]
    answers = 0
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        began, used = time.perf_counter(), time.process_time()
        stop = began + seconds
        for line in lines:
            line.send(next(requests))
        waiting = connections
        now = began
        while waiting:
            events = selector.select(TIMEOUT_S)
            if not events:
                raise WrongAnswer("the server does not answer")
            now = time.perf_counter()
            for key, _ in events:
                line = key.data
                size = line.socket.recv_into(view)
                if size == 0:
                    selector.unregister(line.socket)
                    line.again()
                    selector.register(line.socket, selectors.EVENT_READ, line)
                    continue
                if not line.feed(buffer, size):
                    continue
                answers += 1
                if now < stop:
                    line.send(next(requests))
                else:
                    waiting -= 1
        took = now - began
        busy = (time.process_time() - used) / took
    view.release()
    for line in lines:
        line.socket.close()
    return Burst(answers, took, busy)


def one_by_one(
    port: int, requests: Iterator[bytes], *, seconds: float, least: int, expected: int = 200
) -> list[float]:
    """Send `requests` on one connection for `seconds`, at least `least` of them; seconds for each answer.

    It ends after three times `seconds` however few they are, but for two.
    """
    buffer = bytearray(2 * BUFFER)
    view = memoryview(buffer)[:BUFFER]
    line = Line(port, expected)
    took: list[float] = []
    began = time.perf_counter()
    while True:
        sent = time.perf_counter()
        line.send(next(requests))
        while not ((size := line.socket.recv_into(view)) and line.feed(buffer, size)):
            if size == 0:
                line.again()
        now = time.perf_counter()
        took.append(now - sent)
        if len(took) > 1 and now - began >= (seconds if len(took) >= least else 3 * seconds):
            break
    view.release()
    line.socket.close()
    return took
