"""A language model's server that is none: on this machine alone, in both wire formats, with scripted answers.

It speaks `POST /chat/completions` (tool calls, `response_format` or neither, streamed or whole) and
`POST /v1/messages` (tool use, streamed or whole), keeps every request for the test to look at, and
misbehaves as it is told: statuses, headers, slow bodies, closed sockets, text split inside a character.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal, Self

LOOPBACK: Final = "127.0.0.1"
TOKENS_IN: Final = 1_000
TOKENS_OUT: Final = 200

Form = Literal["tool", "text"]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """How one request is answered.

    `answer` is the model's (a dict becomes JSON), in a tool call or as text. `status` other than 200 sends an
    error of `code`. `stall_s` waits before the body, `close_after` cuts the connection after so many bytes of
    it, `chunk` sends the body in pieces of so many bytes.
    """

    answer: Any = None
    form: Form = "tool"
    finish: str | None = None
    status: int = 200
    code: str = ""
    message: str = "refused by the script"
    headers: tuple[tuple[str, str], ...] = ()
    stall_s: float = 0.0
    close_after: int | None = None
    chunk: int | None = None
    body: bytes | None = None
    tokens: tuple[int, int] | None = (TOKENS_IN, TOKENS_OUT)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """All that the model is told, as it would read it."""
        return "\n".join(_texts([self.body.get("system"), self.body.get("messages")]))


Script = Callable[[Request, int], Reply]
"""A request and its number, from 0, in; the reply out."""


@dataclass
class FakeModel:
    """The server, while it is entered. `requests` holds all that came in."""

    script: Script
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        fake = self
        lock = threading.Lock()

        class Handler(_Handler):
            def answer(self, request: Request) -> Reply:
                with lock:
                    number = len(fake.requests)
                    fake.requests.append(request)
                return fake.script(request, number)

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"


def in_turn(replies: Sequence[Reply]) -> Script:
    """The first request gets the first reply, and so on; the last one is given again and again."""
    return lambda _, number: replies[min(number, len(replies) - 1)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Nothing: a benchmark prints what it has to say."""

    def do_POST(self) -> None:
        """Answer as the script says."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(path=self.path, headers=headers, body=json.loads(raw or b"{}"))
        reply = self.answer(request)
        speaks = _messages if self.path.endswith("/messages") else _completion
        streamed = bool(request.body.get("stream")) and reply.status == 200  # noqa: PLR2004 (all is well)
        if reply.body is not None:
            body = reply.body
        elif reply.status != 200:  # noqa: PLR2004 (as above)
            error = {"type": reply.code or "error", "code": reply.code, "message": reply.message}
            body = json.dumps({"type": "error", "error": error}).encode()
        else:
            body = speaks(reply, streamed=streamed)
        try:
            self._send(reply, body, "text/event-stream" if streamed else "application/json")
        except OSError:
            self.close_connection = True  # the client did not wait

    def _send(self, reply: Reply, body: bytes, kind: str) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", kind)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.chunk:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        time.sleep(reply.stall_s)
        if reply.close_after is not None:
            self.wfile.write(body[: reply.close_after])
            self.wfile.flush()
            self.close_connection = True
            return
        if not reply.chunk:
            self.wfile.write(body)
            return
        for start in range(0, len(body), reply.chunk):
            piece = body[start : start + reply.chunk]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


def _words(answer: object) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def _completion(reply: Reply, *, streamed: bool) -> bytes:
    words = _words(reply.answer)
    function = {"name": "report", "arguments": words}
    call = {"id": "call_1", "type": "function", "index": 0, "function": function}
    message: dict[str, Any] = {"role": "assistant", "content": None if reply.form == "tool" else words}
    if reply.form == "tool":
        message["tool_calls"] = [call]
    choice = {"index": 0, "finish_reason": reply.finish or ("tool_calls" if reply.form == "tool" else "stop")}
    made = {"id": "chatcmpl-1", "created": 1_750_000_000, "model": "fake"}
    usage = {}
    if reply.tokens is not None:
        tokens_in, tokens_out = reply.tokens
        usage["usage"] = {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        }
    if not streamed:
        whole = {**made, "object": "chat.completion", "choices": [{**choice, "message": message}], **usage}
        return json.dumps(whole, ensure_ascii=False).encode()
    piece = {**made, "object": "chat.completion.chunk", "choices": [{**choice, "delta": message}], **usage}
    return f"data: {json.dumps(piece, ensure_ascii=False)}\n\ndata: [DONE]\n\n".encode()


def _messages(reply: Reply, *, streamed: bool) -> bytes:
    words = _words(reply.answer)
    tokens_in, tokens_out = reply.tokens or (0, 0)
    block: dict[str, Any] = {"type": "text", "text": words}
    if reply.form == "tool":
        block = {"type": "tool_use", "id": "toolu_1", "name": "report", "input": reply.answer}
    finishes = {"length": "max_tokens", "content_filter": "refusal"}
    whole: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "fake",
        "content": [block],
        "stop_reason": finishes.get(reply.finish or "")
        or ("tool_use" if reply.form == "tool" else "end_turn"),
        "stop_sequence": None,
        "usage": {"input_tokens": tokens_in, "output_tokens": tokens_out},
    }
    if not streamed:
        return json.dumps(whole, ensure_ascii=False).encode()
    empty: dict[str, Any] = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
    delta = (
        {"type": "text_delta", "text": words}
        if block["type"] == "text"
        else {"type": "input_json_delta", "partial_json": words}
    )
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
            "usage": whole["usage"],
        },
        {"type": "message_stop"},
    ]
    return "".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events
    ).encode()


def _texts(value: object) -> list[str]:
    """The strings under `text` and `content`, however nested."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, dict):
        return [text for name in ("text", "content") for text in _texts(value.get(name))]
    return []
