"""API keys: made once, shown once, kept as a hash.

A key is 256 random bits, so a plain SHA-256 is as good as the key: there is nothing to guess. An enterprise
key sees every organization of its enterprise, an org key its own alone.
"""

import hashlib
import secrets
import time

from msgspec import Struct
from sqlalchemy import bindparam, select, update

from debrief.errors import KeyRefused, NotFound
from debrief.store.dialects import write_all
from debrief.store.plans import Plan, Query
from debrief.store.schema import api_keys, clocks, organizations
from debrief.store.store import Store

PREFIX = "apk_user_"
"""Clients of the contract know keys by this prefix."""


class Key(Struct, frozen=True, kw_only=True):
    """A key without its secret. `hint` shows its first characters; `org_id` is None for an enterprise key."""

    enterprise_id: str
    key_id: str
    name: str
    org_id: str | None
    hint: str
    created_us: int
    revoked_us: int | None


def create_key(store: Store, enterprise_id: str, name: str, org_id: str | None = None) -> tuple[Key, str]:
    """Make a key and return it with its secret, which cannot be had again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    key = Key(
        enterprise_id=enterprise_id,
        key_id=f"key_{secrets.token_hex(8)}",
        name=name,
        org_id=org_id,
        hint=secret[: len(PREFIX) + 4] + "\u2026",
        created_us=time.time_ns() // 1000,
        revoked_us=None,
    )
    row = {field: getattr(key, field) for field in Key.__struct_fields__}
    with store.write() as connection:
        connection.execute(api_keys.insert(), {**row, "key_hash": hash_of(secret)})
        if org_id is not None:
            organization = {"enterprise_id": enterprise_id, "org_id": org_id, "created_us": key.created_us}
            write_all(connection, organizations, [organization], "leave")
    return key, secret


def find_key(store: Store, secret: str) -> Key:
    """The key that `secret` is. Raises `KeyRefused` where it is unknown or revoked."""
    with store.read(primary=True) as connection:
        row = connection.execute(select(*_COLUMNS).where(api_keys.c.key_hash == hash_of(secret))).first()
    if row is None:
        raise KeyRefused("Unknown API key")
    if row.revoked_us is not None:
        raise KeyRefused("This API key was revoked")
    return Key(**row._mapping)


def key_by_id(store: Store, enterprise_id: str, key_id: str) -> Key:
    """The key called `key_id`. Raises `KeyRefused` where it is unknown or revoked."""
    with store.read(primary=True) as connection:
        row = connection.execute(
            select(*_COLUMNS).where(api_keys.c.enterprise_id == enterprise_id, api_keys.c.key_id == key_id)
        ).first()
    if row is None or row.revoked_us is not None:
        raise KeyRefused("This API key was revoked")
    return Key(**row._mapping)


def standing_plan(key: Key) -> Plan[int]:
    """Whether `key` is good still, and the moment of its enterprise's sessions (0: none was ever stored).

    Raises `KeyRefused`. So a key may be remembered by its secret, and a revoked one is refused at once.
    """
    rows = yield Query(
        "standing",
        lambda: (
            select(api_keys.c.revoked_us, clocks.c.last_us)
            .outerjoin(clocks, clocks.c.enterprise_id == api_keys.c.enterprise_id)
            .where(
                api_keys.c.enterprise_id == bindparam("enterprise_id"),
                api_keys.c.key_id == bindparam("key_id"),
            )
        ),
        {"enterprise_id": key.enterprise_id, "key_id": key.key_id},
    )
    if not rows or rows[0][0] is not None:
        raise KeyRefused("This API key was revoked")
    return int(rows[0][1] or 0)


def list_keys(store: Store, enterprise_id: str) -> list[Key]:
    """All keys of the enterprise, revoked ones too, oldest first."""
    with store.read(primary=True) as connection:
        found = connection.execute(
            select(*_COLUMNS)
            .where(api_keys.c.enterprise_id == enterprise_id)
            .order_by(api_keys.c.created_us, api_keys.c.key_id)
        )
        return [Key(**row._mapping) for row in found]


def revoke_key(store: Store, enterprise_id: str, key_id: str) -> None:
    """Refuse this key from now on. Raises `NotFound` where there is none that is still good."""
    with store.write() as connection:
        done = connection.execute(
            update(api_keys)
            .where(
                api_keys.c.enterprise_id == enterprise_id,
                api_keys.c.key_id == key_id,
                api_keys.c.revoked_us.is_(None),
            )
            .values(revoked_us=time.time_ns() // 1000)
        )
    if not done.rowcount:
        raise NotFound(f"there is no key {key_id!r} that could be revoked; `debrief keys list` shows all")


def hash_of(secret: str) -> str:
    """What the database keeps of a key."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


_COLUMNS = [api_keys.c[field] for field in Key.__struct_fields__]
