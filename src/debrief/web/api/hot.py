"""The short way to a list: plain requests for a page are answered before the framework looks at them.

Only what needs no judgement goes this way: a GET of a list with a good key and nothing but `skip` and
`limit`, both in range. Whatever is different, wrong or refused falls through to the documented endpoints,
which answer it by the same `Lists`; so there is one place for errors and one for what a page says.
"""

import re
from typing import Final

from msgspec import Struct
from starlette.types import ASGIApp, Receive, Scope, Send

from debrief.errors import DebriefError
from debrief.store import Key, SessionFilter
from debrief.store.keys import hash_of
from debrief.web.api.lists import Answer, Asked, Lists

_PREFIX: Final = b"/v2/enterprise/"
_PATH = re.compile(rb"/v2/enterprise/(?:organizations/([A-Za-z0-9_.-]{1,100})/)?sessions(/insights)?")
_QUERY = re.compile(rb"(?:(?:skip=(?P<skip>\d{1,15})|limit=(?P<limit>\d{1,3}))(?:&|$)){0,2}")

LIMIT_DEFAULT: Final = 100
LIMIT_MOST: Final = 200


REQUESTS_KEPT: Final = 2048
"""Requests that are recognised without being read again: pollers ask for the same list over and over."""


class _Request(Struct, frozen=True):
    """A request that goes the short way, as it was read. `name` is a part of its answer's tag."""

    key: Key
    asked: Asked
    name: int
    of_org: bool


class HotPath:
    """ASGI middleware around the application; see the module."""

    def __init__(self, app: ASGIApp, lists: Lists) -> None:
        self._app = app
        self._lists = lists
        self._requests: dict[tuple[bytes, bytes, str], _Request] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] == "http" and scope["method"] == "GET":
            answer = await self._answer(scope)
            if answer is not None:
                headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
                await send({"type": "http.response.start", "status": answer.status, "headers": headers})
                await send({"type": "http.response.body", "body": answer.body})
                return
        await self._app(scope, receive, send)

    async def _answer(self, scope: Scope) -> Answer | None:
        path = scope.get("raw_path") or b""
        if not path.startswith(_PREFIX):
            return None
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if sum(name == b"authorization" for name, _ in scope["headers"]) != 1:
            return None
        scheme, _, secret = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not secret:
            return None
        try:
            # What is kept for long knows a key by its hash alone.
            said = (path, scope["query_string"], hash_of(secret.decode("ascii").strip()))
            request = self._requests.get(said) or await self._read(said, secret)
            if request is None:
                return None
            moment = await self._lists.standing(request.key)
            answer = await self._lists.answer(request.asked, moment, headers, request.name)
        except (DebriefError, UnicodeDecodeError):
            return None
        # An organization without sessions may not exist: the endpoint knows how to tell.
        return None if request.of_org and answer.total == 0 else answer

    async def _read(self, said: tuple[bytes, bytes, str], secret: bytes) -> _Request | None:
        """The request, where it goes the short way. Raises `KeyRefused`."""
        path, query = _PATH.fullmatch(said[0]), _QUERY.fullmatch(said[1])
        if path is None or query is None or said[1].endswith(b"&") or _twice(said[1]):
            return None
        limit = int(query["limit"] or LIMIT_DEFAULT)
        if not 1 <= limit <= LIMIT_MOST:
            return None
        key = await self._lists.key(secret.decode("ascii").strip())
        wanted = _wanted(key, path[1])
        if wanted is None:
            return None
        asked = Asked(wanted, int(query["skip"] or 0), limit, path[2] is not None)
        request = _Request(key, asked, self._lists.name_of(asked), path[1] is not None)
        if len(self._requests) >= REQUESTS_KEPT:
            self._requests.clear()
        self._requests[said] = request
        return request


def _wanted(key: Key, org_id: bytes | None) -> SessionFilter | None:
    """What the key may see of the list; None where the endpoint has to refuse."""
    if org_id is None:
        return SessionFilter(enterprise_id=key.enterprise_id, only_org=key.org_id)
    name = org_id.decode("ascii")
    if key.org_id not in {None, name}:
        return None
    return SessionFilter(enterprise_id=key.enterprise_id, only_org=name)


def _twice(query: bytes) -> bool:
    """Whether a parameter comes twice: then the framework's last one counts."""
    return query.count(b"skip=") > 1 or query.count(b"limit=") > 1
