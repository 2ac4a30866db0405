"""Amp: a thread as its client keeps it and as `amp threads export` prints it, in; a Session out."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Relation, Session
from debrief.sources.amp.thread import Thread
from debrief.sources.builder import SessionBuilder
from debrief.sources.documents import head_value, whole
from debrief.sources.records import mapping, sequence, string, timestamp_us
from debrief.sources.remotes import repository_of
from debrief.sources.source import Clean, Companions, Transcript

_ID = re.compile(r"T-[\w-]{1,100}")
_OWN = frozenset({"v", "created", "agentMode", "env", "meta", "nextMessageId", "title", "usageLedger"})
_RELATIONS: dict[str, Relation] = {"fork": "fork", "handoff": "continuation"}


class Amp(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "amp"
    title: str = "Amp"
    version: int = 2
    roots: tuple[str, ...] = (
        "~/.local/share/amp/threads",
        "$XDG_DATA_HOME/amp/threads",
        "$AMP_DATA_DIR/threads",
    )
    suffixes: tuple[str, ...] = (".json",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins a thread."""
        value = head_value(head)
        return isinstance(value, dict) and _is_thread(value)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session."""
        read = whole(transcript.main)
        value = mapping(read.value)
        if not _is_thread(value):
            raise NotATranscript(f"no thread of Amp in it: {read.fault or 'it has no id or no messages'}")
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name="Amp", clean=clean
        )
        _name(builder, value)
        if read.fault is not None:
            builder.fault(read.fault)
        builder.saw(timestamp_us(value.get("created")))
        thread = Thread(builder, value)
        for message in sequence(value.get("messages")):
            thread.read(message if isinstance(message, dict) else {"value": message})
        thread.finish(cut_off=read.cut_off)
        yield builder.build()


def _is_thread(value: dict[str, Any]) -> bool:
    identity, messages = value.get("id"), value.get("messages")
    if not isinstance(identity, str) or not _ID.fullmatch(identity) or not isinstance(messages, list):
        return False
    first = messages[0] if messages else None
    return bool(_OWN & set(value)) and (first is None or "role" in mapping(first) or not mapping(first))


def _name(builder: SessionBuilder, value: dict[str, Any]) -> None:
    builder.native_id = string(value.get("id"))
    builder.user = string(value.get("creatorUserID"))
    title = string(value.get("title"))
    if title:
        builder.title, builder.title_source = title, "agent"
    env = mapping(mapping(value.get("env")).get("initial"))
    platform = mapping(env.get("platform"))
    builder.agent_version = string(platform.get("clientVersion"))
    builder.surface = string(platform.get("clientType")) or string(platform.get("client")) or "amp"
    tree = mapping(next(iter(sequence(env.get("trees"))), None))
    uri = string(tree.get("uri")) or ""
    if uri.startswith("file://"):
        builder.cwd = unquote(uri.removeprefix("file://"))
    repository = mapping(tree.get("repository"))
    builder.repository = repository_of(string(repository.get("url")))
    branch = string(repository.get("ref"))
    builder.branch = branch.removeprefix("refs/heads/") if branch else None
    builder.commit = string(repository.get("sha"))
    _relate(builder, value)


def _relate(builder: SessionBuilder, value: dict[str, Any]) -> None:
    """A sub-agent's thread names its main one; one that came of another says that it is the child."""
    main = string(value.get("mainThreadID"))
    if main is not None:
        builder.relation, builder.parent_id = "subagent", main
        return
    for one in sequence(value.get("relationships")):
        relationship = mapping(one)
        relation = _RELATIONS.get(string(relationship.get("type")) or "")
        parent = string(relationship.get("threadID"))
        if relation is not None and parent is not None and relationship.get("role") == "child":
            builder.relation, builder.parent_id = relation, parent
            return


AMP = Amp()
