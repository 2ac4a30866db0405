"""The API's two generations as a client sees them: which addresses to ask, and what a page's answer says.

Pure: nothing is asked here. v2 counts (`skip`, `limit`, `has_more`), v3 hands out cursors (`first`, `after`,
`end_cursor`).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from debrief.sources.devin.shapes import document
from debrief.sources.records import count, mapping, string

PAGE = 100
"""Sessions, or messages, in one answer: upstream's default."""

Parameters = dict[str, str]


class Page(Struct, frozen=True, kw_only=True):
    """A page's objects, how many of its items are none, the next page's parameters, and the list's total."""

    items: tuple[dict[str, Any], ...]
    unreadable: int = 0
    following: Parameters | None = None
    total: int | None = None


class SessionApi(Struct, frozen=True, kw_only=True):
    """See the module. `lists` are the addresses of a list of sessions, below the root, the fullest first.

    `first` gives the first page's parameters: of what changed since a moment (in microseconds), or of
    everything. `page` says what an answer to such parameters means, None where it is no page; its last
    argument is the total that the page before told. `messages_at` and `insights_at` are the addresses of one
    session's, with `{}` for its id.
    """

    name: str
    first: Callable[[int | None], Parameters]
    page: Callable[[object, Parameters, int | None], Page | None]
    lists: tuple[str, ...] = ("sessions/insights", "sessions")
    scope: str = "enterprise"
    messages_at: str = ""
    insights_at: str = ""

    def messages(self, session: dict[str, Any]) -> str | None:
        """The address of a session's messages, where there is one."""
        return self.messages_at.format(_path_id(session)) if self.messages_at else None

    def insights(self, session: dict[str, Any], listed_by: str) -> str | None:
        """The address of a session's insights, where there is one and the list did not tell them."""
        if not self.insights_at or listed_by == self.lists[0]:
            return None
        return self.insights_at.format(_path_id(session))

    def session_id(self, session: dict[str, Any]) -> str | None:
        """The session's id, None where it has none."""
        return string(session.get("session_id"))

    def version(self, session: dict[str, Any]) -> object:
        """What changes whenever the session's answer does."""
        return session.get("updated_at")

    def document(
        self,
        base_url: str,
        session: dict[str, Any],
        messages: list[Any] | None,
        insights: dict[str, Any] | None,
    ) -> bytes:
        """What is kept of a session: see `shapes.document`."""
        return document(self.name, base_url, session, messages, insights)


def _first_counted(since_us: int | None) -> Parameters:
    asked = {"skip": "0", "limit": str(PAGE)}
    if since_us is not None:
        asked["updated_date_from"] = _iso(since_us)
    return asked


def _page_counted(answer: object, asked: Parameters, total_before: int | None) -> Page | None:
    found = _objects(answer)
    if found is None:
        return None
    value = mapping(answer)
    total = count(value.get("total"))
    here = int(asked["skip"])
    following: Parameters | None = None
    if total is not None and total_before is not None and total < total_before and here:
        # Sessions went while we walked: as many others moved to before the place that was asked for.
        following = {**asked, "skip": str(max(0, here - (total_before - total)))}
    elif value.get("has_more") is True and value["items"]:
        following = {**asked, "skip": str(here + len(value["items"]))}
    return Page(items=found[0], unreadable=found[1], following=following, total=total)


def _first_by_cursor(since_us: int | None) -> Parameters:
    asked = {"first": str(PAGE)}
    if since_us is not None:
        asked["updated_after"] = str(since_us // 1_000_000)
    return asked


def _page_by_cursor(
    answer: object,
    asked: Parameters,
    _total_before: int | None,  # a cursor stays where it is
) -> Page | None:
    found = _objects(answer)
    if found is None:
        return None
    value = mapping(answer)
    cursor = string(value.get("end_cursor"))
    more = value.get("has_next_page") is True and cursor is not None and cursor != asked.get("after")
    following = {**asked, "after": cursor} if more and cursor else None
    return Page(items=found[0], unreadable=found[1], following=following, total=count(value.get("total")))


def _objects(answer: object) -> tuple[tuple[dict[str, Any], ...], int] | None:
    items = mapping(answer).get("items")
    if not isinstance(items, list):
        return None
    objects = tuple(item for item in items if isinstance(item, dict))
    return objects, len(items) - len(objects)


def _path_id(session: dict[str, Any]) -> str:
    """The id as paths want it: with its prefix, and harmless in a URL."""
    name = string(session.get("session_id")) or ""
    return "devin-" + quote(name.removeprefix("devin-"), safe="", errors="replace")


def _iso(us: int) -> str:
    moment = datetime.fromtimestamp(us // 1_000_000, UTC).replace(tzinfo=None)
    return moment.isoformat() + "Z"


V2 = SessionApi(name="v2", first=_first_counted, page=_page_counted)
"""Lists that are counted through; the prompt stands in the session, messages are not told."""

V3 = SessionApi(
    name="v3",
    first=_first_by_cursor,
    page=_page_by_cursor,
    messages_at="sessions/{}/messages",
    insights_at="sessions/{}/insights",
)
"""Lists with cursors; messages and, where the list lacks them, insights are asked session by session."""
