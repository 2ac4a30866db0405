"""Gemini CLI without a screen: what `--output-format stream-json` prints, in; one Session for each run out.

Answers come in pieces. Tokens are told once, at the end, for each model or for all together; thoughts are
not told, but the total holds them, so that they are what it has beyond input and output.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.model import Session, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.gemini.conversation import Conversation, Result
from debrief.sources.gemini.heads import is_stream
from debrief.sources.records import count, mapping, string, timestamp_us
from debrief.sources.runs import sessions_of
from debrief.sources.source import Clean, Companions, Transcript

_EVENTS = frozenset({"init", "message", "tool_use", "tool_result", "error", "result"})

_ASK_THE_SERVICE = frozenset({"google_web_search", "web_fetch"})
"""Tools that the service itself runs: their tokens are in the total as well."""


class GeminiStream(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "gemini_stream"
    title: str = "Gemini CLI (headless)"
    version: int = 1
    roots: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether `head` holds events of the stream, and none of another agent's."""
        return is_stream(head)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield a session for each run of the stream; one log may hold several."""
        yield from sessions_of(
            transcript.main, lambda: _Run(self._builder(clean)), "no event of this stream can be read"
        )

    def _builder(self, clean: Clean) -> SessionBuilder:
        return SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name="Gemini CLI", clean=clean
        )


class _Run:
    """One run while its part of the stream is read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.builder.surface = "headless"
        self.talk = Conversation(builder)
        self.read_any = False
        self._pieces: list[str] = []
        self._speaking = Place()
        self._model: str | None = None
        self._asked_the_service = False
        self._over: tuple[Any, str] | None = None

    def belongs_elsewhere(self, event: dict[str, Any]) -> bool:
        """Whether `event` begins another session than this one."""
        session, known = string(event.get("session_id")), self.builder.native_id
        return event.get("type") == "init" and bool(session and known and session != known)

    def read(self, event: dict[str, Any], line: int) -> None:
        """Write what one event tells."""
        place = Place(line, timestamp_us(event.get("timestamp")))
        self.builder.saw(place.ts_us)
        kind = event.get("type")
        if kind == "message" and event.get("role") == "assistant":
            self._piece(event, place)
            return
        self._spoken()
        self.read_any = self.read_any or kind in (
            "init",
            "tool_use",
            "tool_result",
            "error",
            "result",
            "message",
        )
        if kind == "init":
            self._over = None
            self.builder.native_id = string(event.get("session_id")) or self.builder.native_id
            self._model = string(event.get("model")) or self._model
            self.talk.model(self._model, place)
        elif kind == "message":
            self.talk.text("prompt", string(event.get("content")) or "", place)
        elif kind == "tool_use":
            self._call(event, place)
        elif kind == "tool_result":
            self._result(event, place)
        elif kind == "error":
            self._error(event, place)
        elif kind == "result":
            self._end(event, place)
        else:
            self.talk.opaque(f"event of type {str(kind)[:100]!r}", place)

    def finish(self, *, cut_off: bool) -> Session:
        """The run's part of the stream is over."""
        self._spoken()
        if self.builder.native_id is None:
            first = self.builder.events[0] if self.builder.events else None
            self.builder.native_id = f"unnamed-{first.ts_us if first else 0}"
            self.builder.fault("line 1: the stream does not say its session's id")
        state, reason = self.talk.ending.verdict(cut_off=cut_off)
        if self._over is not None and not cut_off:
            state, reason = self._over
        self.builder.end_state, self.builder.end_reason = state, reason
        return self.builder.build()

    def _piece(self, event: dict[str, Any], place: Place) -> None:
        self.read_any = True
        if event.get("delta") is not True:
            self._spoken()
        if not self._pieces:
            self._speaking = place
        self._pieces.append(string(event.get("content")) or "")
        if event.get("delta") is not True:
            self._spoken()

    def _spoken(self) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        self.talk.text("message", text, self._speaking)

    def _call(self, event: dict[str, Any], place: Place) -> None:
        tool = string(event.get("tool_name")) or "unknown"
        self._asked_the_service = self._asked_the_service or tool in _ASK_THE_SERVICE
        self.talk.call(_call_id(event, place), tool, event.get("parameters"), place)

    def _result(self, event: dict[str, Any], place: Place) -> None:
        error = mapping(event.get("error"))
        text = string(error.get("message")) or string(event.get("output")) or ""
        self.talk.result(_call_id(event, place), Result(text, event.get("status"), bool(error)), place)

    def _error(self, event: dict[str, Any], place: Place) -> None:
        text = string(event.get("message")) or "unknown error"
        if event.get("severity") == "warning":
            self.talk.note(text, place)
        else:
            self.talk.failed(text, place)

    def _end(self, event: dict[str, Any], place: Place) -> None:
        error = mapping(event.get("error"))
        text = string(error.get("message")) or ""
        if "Cancel" in (string(error.get("type")) or ""):
            self.talk.interrupted(text, place)
            self._over = ("interrupted", "A person stopped the run.")
        elif event.get("status") == "success":
            self.builder.event("turn_end", "assistant", line=place.line, ts_us=place.ts_us)
            self._over = ("finished", "The stream's last event says that the run succeeded.")
        else:
            self.talk.failed(text or "the run failed", place)
            self._over = ("error", "The stream's last event says that the run failed.")
        stats = mapping(event.get("stats"))
        apart: dict[str, Any] = mapping(stats.get("models"))
        for model, figures in apart.items() or ((self._model, stats),):
            tokens = self._tokens(mapping(figures))
            if tokens is not None:
                key = f"{self.builder.native_id}:{place.ts_us or place.line}:{model}"
                self.builder.model_call(key, model=string(model), tokens=tokens, ts_us=place.ts_us)

    def _tokens(self, stats: dict[str, Any]) -> Tokens | None:
        prompt, output = count(stats.get("input_tokens")), count(stats.get("output_tokens"))
        cached, fresh = count(stats.get("cached")), count(stats.get("input"))
        total = count(stats.get("total_tokens"))
        if not any((prompt, output, cached, fresh, total)):
            return None
        if fresh is None and prompt is not None:
            fresh = max(0, prompt - (cached or 0))
        beyond = None
        if total is not None and prompt is not None and output is not None:
            beyond = max(0, total - prompt - output)
        if beyond and output is not None and self._asked_the_service:
            # What the service's own tools read cannot be told from thoughts.
            return Tokens(input=fresh, cache_read=cached, output=output + beyond)
        return Tokens(input=fresh, cache_read=cached, output=output, reasoning=beyond)


def _call_id(event: dict[str, Any], place: Place) -> str:
    return string(event.get("tool_id")) or f"line-{place.line}"


GEMINI_STREAM = GeminiStream()
