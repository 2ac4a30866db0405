"""An ASGI application on a real socket, for tests that ask it over HTTP."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Answer = tuple[int, bytes, dict[str, str]]
"""Status, body, headers."""


@contextmanager
def running(app: App) -> Iterator[str]:
    """Serve `app`; yields its address."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        lifespan="off",
        loop="asyncio",
        timeout_keep_alive=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)


class Asked:
    """One request, as it came."""

    def __init__(self, scope: Scope) -> None:
        self.path: str = scope["raw_path"].decode()
        self.query = dict(parse_qsl(scope["query_string"].decode()))
        self.key = dict(scope["headers"]).get(b"authorization", b"").decode()


class Watched:
    """Passes requests on to `app` and keeps them; `before` may answer a request itself."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.asked: list[Asked] = []
        self.before: Callable[[Asked], Answer | None] = lambda _: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Asked(scope)
        self.asked.append(asked)
        answer = self.before(asked)
        if answer is None:
            await self.app(scope, receive, send)
        else:
            await _send(send, answer)


class Scripted:
    """A server whose every answer a function gives; requests are kept."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (ASGI)
        asked = Asked(scope)
        self.asked.append(asked)
        await _send(send, self._answer(asked))


def answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON; a header's underscores are hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return status, value if isinstance(value, bytes) else json.dumps(value).encode(), named


async def _send(send: Send, given: Answer) -> None:
    status, body, headers = given
    named = {"content-type": "application/json", "content-length": str(len(body))} | headers
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), text.encode()) for name, text in named.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
