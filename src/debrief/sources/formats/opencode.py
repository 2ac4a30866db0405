"""OpenCode and its forks: an export, or a session's file and those of its messages, in; a Session out."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.codex.meta import unnamed
from debrief.sources.documents import head_value
from debrief.sources.opencode.conversation import Conversation
from debrief.sources.opencode.gather import Gathered, gather, is_export, is_head, is_message, is_part
from debrief.sources.records import compact_json, mapping, string, timestamp_us
from debrief.sources.source import Clean, Companions, Transcript

# What stands there until a model has made a title.
_NO_TITLE = re.compile(r"(?:New|Child) session(?: - \d{4}-\d\d-\d\dT[\d:.]+Z)?")


class OpenCode(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "opencode"
    title: str = "OpenCode"
    version: int = 2
    roots: tuple[str, ...] = (
        "~/.local/share/opencode/storage/session",
        "$XDG_DATA_HOME/opencode/storage/session",
        "~/.local/share/opencode/project/*/storage/session/info",
        "~/.local/share/kilo/storage/session",
        "$XDG_DATA_HOME/kilo/storage/session",
    )
    suffixes: tuple[str, ...] = (".json",)
    companions: tuple[Companions, ...] = (
        Companions("ses_*.json", "../../message/{stem}/*.json", then="../../part/{stem}/*.json"),
        Companions("ses_*.json", "../../todo/{stem}.json"),
        Companions("ses_*.json", "../../session_diff/{stem}.json"),
        # Until the summer of 2025 each project had a tree of its own.
        Companions("ses_*.json", "../message/{stem}/*.json"),
        Companions("ses_*.json", "../part/{stem}/*/*.json"),
    )

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins an export, a session's own file, or one of a message or a part.

        The last two hold no session, and `parse` says whose they are.
        """
        value = head_value(head)
        if not isinstance(value, dict):
            return False
        return is_export(value) or is_head(value) or is_message(value) or is_part(value)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session."""
        found = gather(transcript)
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name="OpenCode", clean=clean
        )
        info = found.info
        _name(builder, found)
        for fault in found.faults:
            builder.fault(fault)
        copied = _copied_until(builder, found)
        conversation = Conversation(builder, info)
        for message in found.messages:
            created = _created(mapping(message.get("info")) or message)
            builder.replaying = copied is not None and created is not None and created < copied
            conversation.read(message)
        builder.replaying = False
        for stray in found.strays:
            builder.opaque("a part without its message", line=0, text=compact_json(stray))
        if not builder.event_count:
            builder.saw(_created(info))
        conversation.finish(info, cut_off=found.cut_off)
        yield builder.build()


def _name(builder: SessionBuilder, found: Gathered) -> None:
    info = found.info
    builder.native_id = string(info.get("id"))
    if builder.native_id is None:
        builder.native_id = unnamed(found.messages[:1] or info)
        builder.fault("the session does not say its id")
    builder.surface = "opencode"
    builder.agent_version = string(info.get("version"))
    builder.cwd = string(info.get("directory")) or string(mapping(info.get("location")).get("directory"))
    title = string(info.get("title"))
    if title and not _NO_TITLE.fullmatch(title):
        builder.title, builder.title_source = title, "agent"
    builder.parent_id = string(info.get("parentID"))
    if builder.parent_id is not None:
        builder.relation = "subagent"
    elif fork := string(info.get("forkSessionID")):
        builder.parent_id, builder.relation = fork, "fork"


def _copied_until(builder: SessionBuilder, found: Gathered) -> int | None:
    """When a fork was made: it begins with copies of another session's messages, of their own time.

    A session in which every message is older than itself is a fork only where its title says so: else
    its own time is wrong.
    """
    begun = _created(found.info)
    moments = [_created(mapping(message.get("info")) or message) for message in found.messages]
    older = [moment is not None and begun is not None and moment < begun for moment in moments]
    if begun is None or not any(older):
        return None
    if all(older) and "(fork #" not in (string(found.info.get("title")) or ""):
        return None
    if builder.relation is None:
        builder.relation = "fork"
    return begun


def _created(info: dict[str, Any]) -> int | None:
    return timestamp_us(mapping(info.get("time")).get("created"))


OPENCODE = OpenCode()
