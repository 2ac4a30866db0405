"""Who asks: a program by its bearer key, a person by the cookie of a login. A request in, its `Key` out.

Both end in the key table on every request. The cookie opens the pages alone, so that no other site can make a
browser call the API; the bearer key, which no browser sends by itself, opens both.
"""

import time
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from debrief.errors import KeyRefused
from debrief.store import Key
from debrief.store.keys import find_key, key_by_id
from debrief.web.login import COOKIE, unseal
from debrief.web.site import site_of

PAGE_MARK = "debrief.page"
"""Set in the scope of a request for a page, so that `problems` answers it with one."""

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="A key that `debrief keys create` printed: `Authorization: Bearer apk_user_...`",
)


async def bearer_key(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Key:
    """The key of an API request. Raises `KeyRefused`."""
    if credentials is None or not credentials.credentials:
        raise KeyRefused("Give an API key: Authorization: Bearer <key>")
    store = site_of(request).store
    return await store.call(find_key, store, credentials.credentials)


async def signed_in(request: Request) -> Key:
    """The key that the person before a page logged in with, or a program's. Raises `KeyRefused`."""
    request.scope[PAGE_MARK] = True
    site = site_of(request)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        return await site.store.call(find_key, site.store, secret.strip())
    login = unseal(request.cookies.get(COOKIE, ""), site.secret, time.time())
    if login is None:
        raise KeyRefused("Sign in first")
    return await site.store.call(key_by_id, site.store, login.enterprise_id, login.key_id)


BearerKey = Annotated[Key, Security(bearer_key)]
SignedIn = Annotated[Key, Security(signed_in)]
