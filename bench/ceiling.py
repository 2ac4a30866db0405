"""What a page could cost at best: bodies of a given size that are there already, answered in three ways.

Raw ASGI does nothing but answer; a Starlette route in a FastAPI application is what the lists may become; a
FastAPI endpoint with one query model is the conventional way.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

RAW: Final = "/raw"
ROUTE: Final = "/constant"
ENDPOINT: Final = "/endpoint"

_HEADERS: Final = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


@lru_cache(maxsize=64)
def body(query: bytes) -> bytes:
    """A body as long as the `query` says."""
    return b"x" * int(query.rpartition(b"=")[2])


@lru_cache(maxsize=64)
def _messages(query: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    made = body(query)
    headers = [
        (b"content-length", b"%d" % len(made)),
        (b"content-type", b"application/json"),
        *((name.lower().encode(), value.encode()) for name, value in _HEADERS.items()),
    ]
    return (
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": made},
    )


async def raw(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer a body, as an ASGI application by itself."""
    start, content = _messages(scope["query_string"])
    await send(start)
    await send(content)


class PageQuery(BaseModel):
    """As many parameters as a list that does little has."""

    size: int = 0
    skip: int = 0
    limit: int = 100


async def _route(request: Request) -> Response:
    made = body(request.scope["query_string"])
    return Response(made, media_type="application/json", headers=_HEADERS)


async def _endpoint(query: Annotated[PageQuery, Query()]) -> Response:
    return Response(body(b"size=%d" % query.size), media_type="application/json", headers=_HEADERS)


def application() -> FastAPI:
    """The two that stand in a FastAPI application."""
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_route(ROUTE, _route)
    app.add_api_route(ENDPOINT, _endpoint)
    return app
