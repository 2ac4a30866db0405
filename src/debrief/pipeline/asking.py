"""Requests to a server that sessions are pulled from: polite, bounded, and said in plain words when refused.

The key is in the header of each request and nowhere else: no message, log or file has it. Redirects are not
followed, since the key would go with them.
"""

import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import msgspec

from debrief import __version__
from debrief.errors import SettingsError, UpstreamError

ATTEMPTS = 6
LONGEST_WAIT_S = 300.0
"""A server that asks for more patience is left alone until the next pull."""

ANSWER_LIMIT = 64 * 1024 * 1024
ANSWER_SECONDS = 300.0
CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
SAID = 300
"""Characters of a server's own words that are repeated."""

_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_ABSENT = frozenset({400, 403, 404, 405, 410, 413, 422, 501})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_WORDS = {
    401: "does not accept the key (401): it is unknown, revoked, or of the wrong kind for this API",
    403: "accepts the key but not the request (403): the key lacks the right to read sessions",
    404: "has no such address (404): is it the right server, and the right generation of the API?",
    429: "asks for fewer requests (429)",
}


class Absent(UpstreamError):  # noqa: N818 (reads as what happened, as the tree in errors does)
    """The server has no such answer, not for this key, or none that can be taken."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Unanswered(UpstreamError):  # noqa: N818 (the same)
    """The server did not answer, however often it was asked; it may later."""


class _Transient(Exception):  # noqa: N818 (never leaves this module)
    """An attempt that failed and may succeed later; `wait` is what the server asked for."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


class Upstream:
    """A server and a key for it. `requests` counts what was asked, repeats included; `sleep` is for tests.

    `server_us` is the server's own time of its last answer, ours where it states none.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        allow_http: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = _checked(base_url, allow_http=allow_http)
        self._key = _checked_key(key)
        self._sleep = sleep
        self.requests = 0
        self.server_us = 0
        self._http = httpx2.Client(
            headers={
                "Authorization": f"Bearer {self._key}",
                "Accept": "application/json",
                "User-Agent": f"debrief/{__version__}",
            },
            timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def name(self) -> str:
        """The server as messages call it."""
        return urlsplit(self.base_url).netloc

    def get(self, address: str, parameters: dict[str, str]) -> Any:  # noqa: ANN401 (JSON)
        """The JSON that the server answers. Raises `UpstreamError` or a child of it."""
        failure = _Transient("not asked")
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(self._wait(failure, attempt))
            self.requests += 1
            try:
                return self._ask(address, parameters)
            except _Transient as error:
                failure = error
            except httpx2.TransportError as error:
                failure = _Transient(f"cannot be reached or broke off ({type(error).__name__})")
            except httpx2.HTTPError as error:
                failure = _Transient(f"answers what cannot be decoded ({type(error).__name__})")
        raise Unanswered(f"{self.name} {failure}; tried {ATTEMPTS} times, try again later")

    def _wait(self, failure: _Transient, attempt: int) -> float:
        wait = failure.wait if failure.wait is not None else float(2 ** (attempt - 1))
        if wait > LONGEST_WAIT_S:
            raise Unanswered(f"{self.name} {failure}, and to wait {wait:.0f} seconds: try again then")
        return wait

    def _ask(self, address: str, parameters: dict[str, str]) -> Any:  # noqa: ANN401 (JSON)
        with self._http.stream("GET", address, params=parameters) as response:
            self.server_us = _server_us(response)
            body = self._body(response)
        status = response.status_code
        if status == httpx2.codes.OK:
            return _json(body)
        words = _WORDS.get(status, f"answers with status {status}")
        if 300 <= status < 400:  # noqa: PLR2004 (the redirects)
            words = f"sends elsewhere ({status}): give the address that it sends to"
        message = f"{words}{self._said(body)}"
        if status in _TRANSIENT:
            raise _Transient(message, _retry_after(response.headers.get("retry-after"), self.server_us))
        if status in _ABSENT:
            raise Absent(f"{self.name} {message}", status)
        raise UpstreamError(f"{self.name} {message}")

    def _body(self, response: httpx2.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        until = time.monotonic() + ANSWER_SECONDS
        for part in response.iter_bytes():
            size += len(part)
            if size > ANSWER_LIMIT:
                raise Absent(f"{self.name} answers with more than {ANSWER_LIMIT >> 20} MiB at once", 413)
            if time.monotonic() > until:
                raise _Transient("answers too slowly")
            parts.append(part)
        return b"".join(parts)

    def _said(self, body: bytes) -> str:
        """The server's own words about a refusal, where it has some; never the key."""
        try:
            detail = msgspec.json.decode(body[:65_536]).get("detail")
        except (msgspec.DecodeError, UnicodeDecodeError, AttributeError, RecursionError):
            return ""
        if not isinstance(detail, str):
            return ""
        text = " ".join("".join(sign if sign.isprintable() else " " for sign in detail[:2000]).split())
        return f': "{text.replace(self._key, "...")[:SAID]}"' if text else ""


def _checked(base_url: str, *, allow_http: bool) -> str:
    """The address without a slash at its end. Raises `SettingsError`, which never repeats a password."""
    try:
        parts = urlsplit(base_url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise SettingsError(f"the server's address cannot be read: {error}") from error
    if parts.scheme not in {"https", "http"} or not host:
        raise SettingsError("the server's address must begin with https:// and name a host")
    if parts.username is not None or parts.query or parts.fragment:
        raise SettingsError("the server's address must hold no user, question mark or number sign")
    if parts.scheme == "http" and host not in _LOOPBACK and not allow_http:
        raise SettingsError(f"http://{parts.netloc} would show the key to everybody on the way: use https://")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _checked_key(key: str) -> str:
    bare = key.strip()
    if not bare:
        raise SettingsError("the key for the server is empty")
    if not (bare.isascii() and bare.isprintable()) or " " in bare:
        raise SettingsError("the key for the server holds what no key holds: blanks or special characters")
    return bare


def _json(body: bytes) -> Any:  # noqa: ANN401 (JSON)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        # Lone surrogates and raw control characters, which a title may hold.
        return json.loads(body.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise _Transient("answers with something that is not JSON") from error


def _server_us(response: httpx2.Response) -> int:
    with suppress(ValueError, TypeError, OverflowError):
        stated = parsedate_to_datetime(response.headers.get("date", ""))
        return int(stated.replace(tzinfo=stated.tzinfo or UTC).timestamp()) * 1_000_000
    return time.time_ns() // 1000


def _retry_after(stated: str | None, server_us: int) -> float | None:
    """Seconds, from a number or a date; None where nothing usable is stated."""
    if stated is None:
        return None
    with suppress(ValueError):
        seconds = float(stated)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    with suppress(ValueError, TypeError, OverflowError):
        until = parsedate_to_datetime(stated)
        now = datetime.fromtimestamp(server_us / 1_000_000, UTC)
        return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
    return None
