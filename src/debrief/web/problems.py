"""Errors in one place: the tree of `errors` and what FastAPI raises in, a status and a body out.

A program gets `{"detail": ...}`, a person before a page gets a page. What the client could not have
prevented is logged with its traceback and answered in plain words that give nothing away.
"""

import logging
from collections.abc import Mapping
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from debrief.errors import DebriefError, KeyRefused, NotAllowed, NotFound, Unavailable
from debrief.web.auth import PAGE_MARK
from debrief.web.dash.rendering import PAGE_HEADERS, render

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 5

_API_ROOTS = ("/v2/", "/v3/", "/healthz", "/openapi.json")


def install(app: FastAPI) -> None:
    """Let `app` answer every error as this module says."""
    app.add_exception_handler(DebriefError, on_our_error)
    app.add_exception_handler(RequestValidationError, on_bad_request)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_surprise)


async def on_our_error(request: Request, error: Exception) -> Response:
    """An error of our own tree."""
    match error:
        case KeyRefused():
            if request.scope.get(PAGE_MARK):
                return _to_login(request)
            return _answer(request, 401, str(error), {"WWW-Authenticate": "Bearer"})
        case NotAllowed():
            return _answer(request, 403, str(error))
        case NotFound():
            return _answer(request, 404, str(error))
        case Unavailable():
            logger.error("%s %s: %s", request.method, request.url.path, error)
            return _answer(
                request,
                503,
                "The database cannot be used now; try again shortly",
                {"Retry-After": str(RETRY_AFTER_S)},
            )
        case _:
            # Nobody else logs this one: only what reaches `on_surprise` is raised again to the server.
            logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
            return _internal(request)


async def on_bad_request(_request: Request, error: Exception) -> Response:
    """Parameters that make no sense: FastAPI's shape, its three promised keys alone.

    `input` and `ctx` would send back what came in, of any size, and in a body perhaps a secret.
    """
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    detail = [{key: problem[key] for key in ("loc", "msg", "type")} for problem in problems]
    return JSONResponse({"detail": detail}, 422)


async def on_http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses: an unknown route, a method that a route does not have."""
    if not isinstance(error, HTTPException):
        raise error
    return _answer(request, error.status_code, str(error.detail), error.headers)


async def on_surprise(request: Request, _error: Exception) -> Response:
    """A mistake of ours. Starlette raises it again after this answer, and the server logs it."""
    return _internal(request)


def _internal(request: Request) -> Response:
    return _answer(request, 500, "Internal Server Error")


def _to_login(request: Request) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    location = (
        "/login" if request.method != "GET" or wanted == "/" else f"/login?next={quote(wanted, safe='')}"
    )
    return RedirectResponse(location, 303, headers=PAGE_HEADERS)


def _answer(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    if _is_for_a_person(request):
        response = render("error.html", status=status, detail=detail)
        response.headers.update(headers or {})
        return response
    return JSONResponse({"detail": detail}, status, headers=headers)


def _is_for_a_person(request: Request) -> bool:
    if request.url.path.startswith(_API_ROOTS):
        return False
    return bool(request.scope.get(PAGE_MARK)) or "text/html" in request.headers.get("accept", "")
