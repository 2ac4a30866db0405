"""Signing in and out: an API key in a form in, a cookie out that says which key it was."""

import time
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from debrief.errors import KeyRefused
from debrief.store.keys import find_key
from debrief.web.dash.rendering import PAGE_HEADERS, render
from debrief.web.login import COOKIE, LIFETIME_S, Login, seal
from debrief.web.site import Site, site_of

router = APIRouter(include_in_schema=False)

BODY_LIMIT: Final = 16 * 1024
_FIELDS_LIMIT: Final = 10


@router.get("/login")
async def login_page(request: Request) -> Response:
    """The form."""
    return _form(next_page=safe_next(request.query_params.get("next", "")))


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Check the key; on to the page that was wanted."""
    site = site_of(request)
    if not _from_our_own_page(request, site):
        return render("error.html", status=403, detail="This form was sent from another site. Sign in here.")
    body = await _body(request)
    if body is None:
        return render("error.html", status=413, detail="That is too long to be an API key.")
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_FIELDS_LIMIT)
    except ValueError:
        fields = {}
    next_page = safe_next(fields.get("next", [""])[0])
    try:
        key = await site.store.call(find_key, site.store, fields.get("key", [""])[0].strip())
    except KeyRefused as error:
        return _form(next_page=next_page, problem=str(error), status=401)
    response = RedirectResponse(next_page, 303, headers=PAGE_HEADERS)
    login = Login(key.enterprise_id, key.key_id, int(time.time()) + LIFETIME_S)
    response.set_cookie(
        COOKIE,
        seal(login, site.secret),
        max_age=LIFETIME_S,
        httponly=True,
        samesite="lax",
        secure=site.public_url.startswith("https://"),
    )
    return response


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """Forget the cookie."""
    if not _from_our_own_page(request, site_of(request)):
        return render("error.html", status=403, detail="This form was sent from another site.")
    response = RedirectResponse("/login", 303, headers=PAGE_HEADERS)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


def safe_next(address: str) -> str:
    r"""`address` where it is a path on this server, else `/`: a link to us must not lead on to elsewhere.

    Browsers take `\` for `/` and drop tabs and line ends, so that neither may be in it.
    """
    if (
        not address.startswith("/")
        or address.startswith("//")
        or "\\" in address
        or not address.isprintable()
    ):
        return "/"
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc or parts.path == "/login" else address


def _form(*, next_page: str, problem: str = "", status: int = 200) -> Response:
    return render("login.html", status=status, next_page=next_page, problem=problem)


def _from_our_own_page(request: Request, site: Site) -> bool:
    """Whether a form came from a page of ours, as the browser says; what is no browser says nothing."""
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc in {request.headers.get("host"), urlsplit(site.public_url).netloc}


async def _body(request: Request) -> bytes | None:
    """The body, or None where it is longer than a form of ours can be."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return body
