"""Cline's sessions since its SDK: `<id>.messages.json`, with `<id>.json` beside it, in; one Session out.

One document holds all messages, in the shape of Anthropic's API; each answer says its model and its tokens.
A sub-agent's session lies in the folder of the one that started it, and its id begins with that one's.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.cline.messages import Messages
from debrief.sources.dialogue import named
from debrief.sources.documents import head_value, whole
from debrief.sources.records import mapping, sequence, string, timestamp_us
from debrief.sources.source import Clean, Companions, Transcript

_PARENT = "__"


class ClineSessions(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "cline_sessions"
    title: str = "Cline"
    version: int = 1
    roots: tuple[str, ...] = ("~/.cline/data/sessions", "$CLINE_DIR/data/sessions")
    suffixes: tuple[str, ...] = (".messages.json",)
    companions: tuple[Companions, ...] = (
        Companions("*.messages.json", "{base}.json"),
        # What the model is shown instead of the messages since a summary; those are all here.
        Companions("*.messages.json", "{base}.compaction.json"),
    )

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins the messages of a session."""
        value = mapping(head_value(head))
        return (
            isinstance(value.get("sessionId"), str)
            and isinstance(value.get("agent"), str)
            and isinstance(value.get("messages"), list)
            and "updated_at" in value
        )

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session."""
        found = whole(transcript.main)
        fields = mapping(found.value)
        messages = [mapping(one) for one in sequence(fields.get("messages")) if isinstance(one, dict)]
        if not messages:
            raise NotATranscript("a session of Cline without a single message")
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        if found.fault:
            builder.fault(found.fault)
        builder.native_id = named(fields.get("sessionId"))
        if builder.native_id is None:
            builder.native_id = "unnamed"
            builder.fault("the file does not say its session's id")
        parent, _, agent = builder.native_id.partition(_PARENT)
        if parent and agent:
            builder.parent_id, builder.relation = parent, "subagent"
        manifest: dict[str, Any] = {}
        for companion in transcript.companions:
            read = whole(companion)
            if read.fault:
                builder.fault(f"{companion.name[-100:]}: {read.fault}")
            if "session_id" in mapping(read.value):
                manifest = mapping(read.value)
        forked_us = _of_manifest(builder, manifest)
        run = Messages(builder, is_child=builder.relation == "subagent")
        for number, message in enumerate(messages, 1):
            moment = timestamp_us(message.get("ts"))
            builder.replaying = forked_us is not None and moment is not None and moment < forked_us
            run.read(message, number, moment)
        builder.replaying = False
        run.finish(string(manifest.get("status")), cut_off=found.cut_off)
        yield builder.build()


def _of_manifest(builder: SessionBuilder, manifest: dict[str, Any]) -> int | None:
    """Tell what the file beside the messages knows; when the session was forked, where it was."""
    builder.cwd = string(manifest.get("cwd")) or string(manifest.get("workspace_root"))
    builder.surface = string(manifest.get("source"))
    metadata = mapping(manifest.get("metadata"))
    if title := string(metadata.get("title")):
        builder.title, builder.title_source = title, "manifest"
    fork = mapping(metadata.get("fork"))
    origin = string(fork.get("forkedFromSessionId"))
    if origin is None or builder.relation is not None:
        return None
    builder.parent_id, builder.relation = origin, "fork"
    return timestamp_us(fork.get("forkedAt"))


CLINE_SESSIONS = ClineSessions()
