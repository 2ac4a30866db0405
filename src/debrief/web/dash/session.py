"""A session's page, where the `url` of its wire item leads: the stored session in, all we know of it out.

Evidence is a link to the event that shows it. Events come in pages: a session may have a hundred thousand.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request, Response
from msgspec import Struct

from debrief.errors import NotFound
from debrief.model import Event, Session, StoredSession, total_tokens
from debrief.model.session import BUCKETS
from debrief.store import Key, Store
from debrief.store.sessions import find
from debrief.web.api.query import same_session, storable
from debrief.web.auth import SignedIn
from debrief.web.dash.rendering import render
from debrief.web.dash.words import first_line, number, session_path
from debrief.web.site import site_of

router = APIRouter(include_in_schema=False)

EVENTS_PER_PAGE: Final = 500
LONG_TEXT: Final = 1500
LONG_LINES: Final = 16
EVIDENCE_SHOWN: Final = 12
EVENT_DIGITS: Final = 9

_BUCKET_WORDS: Final[Mapping[str, str]] = {
    "input": "Input",
    "cache_read": "Read from cache",
    "cache_write": "Written to cache",
    "output": "Output",
    "reasoning": "Reasoning",
}

_KIND_WORDS: Final[Mapping[str, str]] = {
    "tool_call": "tool call",
    "tool_result": "tool result",
    "api_error": "service error",
    "model_change": "model change",
    "turn_end": "end of turn",
    "subagent": "sub-agent",
    "opaque": "not understood",
}


class EventPage(Struct, frozen=True):
    """Some of a session's events, and the way to all others."""

    path: str
    events: list[Event]
    total: int
    start: int

    @property
    def end(self) -> int:
        """The ordinal after the last event of this page."""
        return min(self.start + EVENTS_PER_PAGE, self.total)

    @property
    def starts(self) -> range:
        """Where each page begins."""
        return range(0, self.total, EVENTS_PER_PAGE)

    def href(self, ordinal: int) -> str:
        """The address of an event, on this page or on another."""
        if self.start <= ordinal < self.end:
            return f"#e{ordinal}"
        page = ordinal // EVENTS_PER_PAGE * EVENTS_PER_PAGE
        return f"{self.path}?events_from={page}#e{ordinal}"


@router.get("/sessions/{session_id}")
async def session_page(request: Request, session_id: str, login: SignedIn, events_from: str = "") -> Response:
    """The page."""
    # In a thread whatever the database is: a long session takes a while to unpack and to render.
    return await asyncio.to_thread(_page, site_of(request).store, login, session_id, events_from)


def _page(store: Store, login: Key, session_id: str, events_from: str) -> Response:
    stored = _find(store, login, session_id) if storable(session_id) else None
    if stored is None:
        raise NotFound("There is no such session, or your key does not reach it.")
    session = stored.session
    return render(
        "session.html",
        login=login,
        stored=stored,
        session=session,
        analysis=stored.analysis,
        heading=first_line(session.title) or first_line(session.initial_user_message) or stored.session_id,
        tokens=_token_words(session),
        models=sorted({call.model for call in session.model_calls if call.model}),
        lasted_us=_lasted_us(session),
        page=_events(session, session_path(stored.session_id), events_from),
        issues_by_id={issue.id: issue for issue in stored.analysis.issues} if stored.analysis else {},
        evidence_shown=EVIDENCE_SHOWN,
        kind_words=_KIND_WORDS,
        is_long=_is_long,
    )


def _find(store: Store, login: Key, session_id: str) -> StoredSession | None:
    with store.read() as connection:
        for name in same_session(session_id):
            stored = find(connection, login.enterprise_id, name, org_id=login.org_id, with_events=True)
            if stored is not None:
                return stored
    return None


def _token_words(session: Session) -> list[tuple[str, str]]:
    tokens, qualities = total_tokens(session)
    words = {bucket: number(getattr(tokens, bucket), qualities[bucket]) for bucket in BUCKETS}
    if tokens.reasoning is None and tokens.output is not None:
        words["reasoning"] = "counted in output"
    return [(_BUCKET_WORDS[bucket], words[bucket]) for bucket in BUCKETS]


def _lasted_us(session: Session) -> int | None:
    if session.started_us is None or session.last_event_us is None:
        return None
    return session.last_event_us - session.started_us


def _events(session: Session, path: str, events_from: str) -> EventPage:
    total = len(session.events)
    wanted = (
        int(events_from)
        if events_from.isascii() and events_from.isdigit() and len(events_from) <= EVENT_DIGITS
        else 0
    )
    start = min(wanted, max(0, total - 1)) // EVENTS_PER_PAGE * EVENTS_PER_PAGE
    return EventPage(path, list(session.events[start : start + EVENTS_PER_PAGE]), total, start)


def _is_long(text: str) -> bool:
    return len(text) > LONG_TEXT or text.count("\n") > LONG_LINES
