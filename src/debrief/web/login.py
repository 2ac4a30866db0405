"""A browser's login, as the value of a cookie: which key, until when, and a signature. No I/O.

The key itself never goes into the cookie. The signature only says that we wrote it; whether the key is still
good is asked of the store on every request, so that revoking a key ends its logins.
"""

import base64
import binascii
import hashlib
import hmac

import msgspec
from msgspec import Struct

COOKIE = "debrief_login"
LIFETIME_S = 7 * 24 * 3600

_SIZE_LIMIT = 2048
_PURPOSE = b"debrief login cookie 1\n"
"""Signed along with the payload, so that no other use of the same secret yields a valid login."""


class Login(Struct, frozen=True, array_like=True):
    """Who is logged in. `expires_s` is in seconds since the epoch."""

    enterprise_id: str
    key_id: str
    expires_s: int


def seal(login: Login, secret: bytes) -> str:
    """The cookie's value for `login`."""
    payload = base64.urlsafe_b64encode(msgspec.json.encode(login))
    return f"{payload.decode()}.{_signature(payload, secret)}"


def unseal(value: str, secret: bytes, now_s: float) -> Login | None:
    """The login in a cookie's value; None where it is not ours, was altered, or has expired."""
    payload, dot, signature = value.partition(".")
    if not dot or len(value) > _SIZE_LIMIT or not value.isascii():
        return None
    if not hmac.compare_digest(signature, _signature(payload.encode(), secret)):
        return None
    try:
        login = msgspec.json.decode(base64.urlsafe_b64decode(payload), type=Login)
    except (binascii.Error, msgspec.DecodeError):
        return None
    return login if now_s < login.expires_s else None


def _signature(payload: bytes, secret: bytes) -> str:
    return hmac.new(secret, _PURPOSE + payload, hashlib.sha256).hexdigest()
