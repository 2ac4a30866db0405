"""Devin in the cloud: what its API said of a session in, one Session out; a page of sessions gives many.

The API tells of messages at most, never of tool calls or tokens. What the service itself found out about
a session is kept beside the conversation, in its own words, and is no finding of ours.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.devin.ending import judge
from debrief.sources.devin.shapes import Given, holds_sessions, sessions_in
from debrief.sources.documents import head_value, whole
from debrief.sources.pulls import PullRequests, pull_request_urls
from debrief.sources.records import compact_json, mapping, sequence, string, timestamp_us
from debrief.sources.source import Clean, Companions, Transcript

ID_PREFIX = "devin-"
"""The API writes the same id with and without it."""

ACUS_LIMIT = 1e9
TAGS_LIMIT = 200

_OWN_EVENTS = frozenset({"title", "initial_user_message", "messages", "session_analysis", "analysis"})
"""What of a session becomes events or fields of their own; all else is kept as the service's record."""

_USER_TYPES = frozenset({"initial_user_message", "user_message"})
_AGENT_TYPES = frozenset({"devin_message"})
"""The first generation of the API names a message's kind, later ones its source."""


class Devin(Struct, frozen=True):
    """See the module."""

    name: str = "devin"
    title: str = "Devin (API)"
    version: int = 1
    roots: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".json",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether the document is a session of the API, our envelope of one, or a page of them."""
        return holds_sessions(head_value(head))

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the sessions of the document in its order."""
        found = whole(transcript.main)
        if found.value is None:
            raise NotATranscript(found.fault or "the document is empty")
        faults = [found.fault] if found.fault else []
        given = list(sessions_in(found.value, faults))
        if not given:
            raise NotATranscript("the answer of the API holds no session")
        for number, one in enumerate(given):
            builder = SessionBuilder(
                format_name=self.name, parser_version=self.version, agent_name="Devin", clean=clean
            )
            for fault in faults if number == 0 else ():
                builder.fault(fault)
            _Reader(builder, one).read(cut_off=found.cut_off and number == len(given) - 1)
            yield builder.build()


class _Reader:
    """Writes one session of the API into a builder."""

    def __init__(self, builder: SessionBuilder, given: Given) -> None:
        self._builder = builder
        self._given = given
        self._session = given.session
        self._pulls = PullRequests(builder)

    def read(self, *, cut_off: bool) -> None:
        builder, session = self._builder, self._session
        builder.native_id = self._id(session.get("session_id"))
        if builder.native_id is None:
            self._fault("the session has no id")
        builder.title = self._text("title")
        builder.title_source = "agent" if builder.title else None
        builder.user = self._text("user_id") or self._text("service_user_id")
        builder.surface = self._text("origin")
        self._time("created_at", session.get("created_at"))
        # Only Debrief's own answers state when the last event was; later than `updated_at` it never is.
        if "last_event_at" in session:
            self._time("last_event_at", session["last_event_at"])
        else:
            self._time("updated_at", session.get("updated_at"))
        self._acus(session.get("acus_consumed"))
        self._tags(self._list("tags"))
        self._conversation()
        self._relatives()
        self._pull_requests(self._record())
        self._analysis()
        builder.end_state, builder.end_reason = judge(
            self._text("status"), self._text("status_detail"), self._text("status_enum")
        )
        if cut_off:
            builder.end_state, builder.end_reason = "truncated", "The document breaks off."

    def _conversation(self) -> None:
        """The messages; where the first prompt is told by itself only, it comes before them."""
        first = self._text("initial_user_message")
        messages = self._given.messages or []
        self._builder.initial_user_message = first
        if first is not None and not any(mapping(one).get("message") == first for one in messages):
            created = timestamp_us(self._session.get("created_at"))
            self._builder.event("prompt", "user", text=first, ts_us=created)
        told: set[tuple[str, str]] = set()
        for number, value in enumerate(messages, 1):
            message = mapping(value)
            # A page that was fetched while the list grew tells the end of the one before it again.
            once = (string(message.get("event_id")) or "", compact_json(message))
            if once[0] and once in told:
                continue
            told.add(once)
            self._message(message, number, value)

    def _message(self, message: dict[str, Any], number: int, value: object) -> None:
        source, kind = string(message.get("source")), string(message.get("type"))
        text = string(message.get("message"))
        stated = message["created_at"] if "created_at" in message else message.get("timestamp")
        ts_us = timestamp_us(stated)
        if stated is not None and ts_us is None:
            self._fault(f"message {number} states no time that can be read")
        native_id = string(message.get("event_id"))
        if text is None:
            self._fault(f"message {number} has no text")
            self._builder.opaque("a message without text", line=0, ts_us=ts_us, text=compact_json(value))
        elif source == "user" or kind in _USER_TYPES:
            self._builder.event("prompt", "user", text=text, ts_us=ts_us, native_id=native_id)
        elif source == "devin" or kind in _AGENT_TYPES:
            ordinal = self._builder.event("message", "assistant", text=text, ts_us=ts_us, native_id=native_id)
            self._pulls.in_text(text, ordinal)
        else:
            what = f"message of {(source or kind or 'nobody')[:100]!r}"
            self._builder.opaque(what, line=0, ts_us=ts_us, text=text)

    def _relatives(self) -> None:
        parent = self._id(self._session.get("parent_session_id"))
        if parent is not None:
            self._builder.parent_id, self._builder.relation = parent, "subagent"
        for child in self._list("child_session_ids"):
            name = self._id(child)
            if name is not None:
                self._builder.agent = name
                self._builder.event("subagent", "assistant", native_id=name)
                self._builder.agent = None

    def _record(self) -> int:
        """What the service states of the session besides, unknown fields included; returns its ordinal."""
        stated = {name: value for name, value in self._session.items() if name not in _OWN_EVENTS}
        counts = {
            name: value
            for name, value in (self._given.insights or {}).items()
            if name not in _OWN_EVENTS and name not in stated
        }
        text = f"Record of the session, as the API states it:\n{compact_json(stated | counts)}"
        return self._builder.event("message", "system", text=text, injected=True)

    def _pull_requests(self, event: int) -> None:
        several = list(self._list("pull_requests"))
        if isinstance(self._session.get("pull_request"), dict):
            several.append(self._session["pull_request"])
        repositories = set()
        for number, value in enumerate(several, 1):
            stated = mapping(value)
            url = string(stated.get("pr_url")) or string(stated.get("url"))
            if url is None or not url.startswith(("https://", "http://")):
                self._fault(f"pull request {number} has no address")
                continue
            known = next(pull_request_urls(url[:2048]), None)
            state = string(stated.get("pr_state")) or string(stated.get("state"))
            self._builder.pull_request(
                known.url if known else url,
                created=True,
                evidence="native",
                event=event,
                number=known.number if known else None,
                repository=known.repository if known else None,
                state=state,
            )
            repositories.add(
                (known.repository, f"{known.host}/{known.repository}") if known else (None, None)
            )
        if len(repositories) == 1:
            self._builder.repository, self._builder.remote = repositories.pop()

    def _analysis(self) -> None:
        """The service's own findings, kept in its words beside the conversation."""
        insights = self._given.insights or {}
        for found in (self._session.get("session_analysis"), self._session.get("analysis")):
            if found:
                self._words(found)
                return
        if insights.get("analysis"):
            self._words(insights["analysis"])

    def _words(self, found: object) -> None:
        text = f"Analysis by the service that the session comes from:\n{compact_json(found)}"
        self._builder.event("message", "system", text=text, injected=True)

    def _acus(self, stated: object) -> None:
        if stated is None:
            return
        is_number = isinstance(stated, int | float) and not isinstance(stated, bool)
        if is_number and 0 <= float(stated) <= ACUS_LIMIT:  # type: ignore[arg-type]
            self._builder.native_acus = float(stated)  # type: ignore[arg-type]
        else:
            self._fault("the consumed ACUs are no number")

    def _tags(self, stated: list[Any]) -> None:
        tags = [tag for tag in stated if isinstance(tag, str)]
        if len(tags) != len(stated) or len(tags) > TAGS_LIMIT:
            self._fault(f"of the tags only the first {TAGS_LIMIT} that are text are kept")
        self._builder.tags = tags[:TAGS_LIMIT]

    def _time(self, name: str, stated: object) -> None:
        ts_us = timestamp_us(stated)
        if ts_us is None and stated is not None:
            self._fault(f"{name} is no time")
        self._builder.saw(ts_us)

    def _text(self, name: str) -> str | None:
        stated = self._session.get(name)
        if stated is not None and not isinstance(stated, str):
            self._fault(f"{name} is no text")
        return string(stated)

    def _list(self, name: str) -> list[Any]:
        stated = self._session.get(name)
        if stated is not None and not isinstance(stated, list):
            self._fault(f"{name} is no list")
        return sequence(stated)

    def _fault(self, what: str) -> None:
        self._builder.fault(f"{self._given.place}: {what}")

    @staticmethod
    def _id(stated: object) -> str | None:
        name = string(stated)
        return (name.removeprefix(ID_PREFIX) or name) if name else None


DEVIN = Devin()
