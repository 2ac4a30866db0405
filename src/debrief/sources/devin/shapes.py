"""The documents that hold sessions of the API: a JSON value in, the sessions in it out, one by one.

Three shapes: our own envelope around one session (what a pull writes), a bare session, and a page or a list
of sessions, as somebody may have saved an answer of the API.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from debrief.sources.records import compact_json, mapping, sequence, string

GENERATIONS = frozenset({"v1", "v2", "v3"})

_TELLING = ("status", "created_at", "updated_at", "org_id", "pull_requests", "tags", "url")
_TELLING_NEEDED = 3
_ITEMS_TRIED = 10


class Given(Struct, frozen=True):
    """One session as the API told it. `place` says where in the document it stands.

    `messages` is None where nobody asked for them, or the API has none.
    """

    session: dict[str, Any]
    messages: list[Any] | None = None
    insights: dict[str, Any] | None = None
    place: str = "the document"


def document(
    generation: str,
    base_url: str,
    session: dict[str, Any],
    messages: list[Any] | None,
    insights: dict[str, Any] | None,
) -> bytes:
    """The envelope of one session: the same answers give the same bytes, however their keys are ordered."""
    parts = {"api": generation, "base_url": base_url} | {
        name: msgspec.Raw(_sorted(value))
        for name, value in (("session", session), ("messages", messages), ("insights", insights))
    }
    return msgspec.json.encode(parts)


def holds_sessions(value: object) -> bool:
    """Whether `value`, which may be the beginning of a document only, has one of the three shapes."""
    if isinstance(value, dict) and _is_envelope(value):
        return True
    return any(_is_session(one) for one in _items(value)[:_ITEMS_TRIED])


def sessions_in(value: object, faults: list[str]) -> Iterator[Given]:
    """The sessions of a document; what is none is noted in `faults`."""
    if isinstance(value, dict) and _is_envelope(value):
        messages, insights = value.get("messages"), value.get("insights")
        if messages is not None and not isinstance(messages, list):
            faults.append("the document: its messages are no list")
        yield Given(
            mapping(value.get("session")),
            messages if isinstance(messages, list) else None,
            insights if isinstance(insights, dict) else None,
        )
        return
    items = _items(value)
    for number, item in enumerate(items, 1):
        place = "the document" if len(items) == 1 else f"item {number}"
        if not isinstance(item, dict) or string(item.get("session_id")) is None:
            faults.append(f"{place}: not a session")
            continue
        messages = item.get("messages")
        yield Given(item, messages if isinstance(messages, list) else None, None, place)


def _items(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and "items" in value and "session_id" not in value:
        return sequence(value["items"])
    return [value]


def _is_envelope(value: dict[str, Any]) -> bool:
    api = value.get("api")
    return (
        isinstance(api, str)
        and api in GENERATIONS
        and isinstance(value.get("base_url"), str)
        and isinstance(value.get("session"), dict)
    )


def _is_session(value: object) -> bool:
    """What only this API says: ACUs; or, of its first generation, a status in two spellings."""
    if not isinstance(value, dict) or string(value.get("session_id")) is None:
        return False
    if "acus_consumed" in value:
        return sum(name in value for name in _TELLING) >= _TELLING_NEEDED
    return "status_enum" in value and "status" in value and "created_at" in value


def _sorted(value: object) -> bytes:
    try:
        return msgspec.json.encode(value, order="sorted")
    except (UnicodeEncodeError, msgspec.EncodeError, RecursionError, TypeError):
        return compact_json(value).encode() or b"null"
