"""Files of Claude Code's project folders in, their records and what must be known before the first of them.

Which session a file is, and which agents have files of their own, stands only in its later rows; so a quick
first reading collects the ids, and the second one makes the events.
"""

import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any, BinaryIO

import msgspec

from debrief.sources.claude.rows import session_id
from debrief.sources.records import LINE_LIMIT, Record, mapping, records, sequence
from debrief.sources.source import Document

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_AGENT_NAME = re.compile(r"(?:^|/)agent-([\w-]+)\.jsonl$")


class _Ids(msgspec.Struct):
    type: Any = None
    sessionId: Any = None  # noqa: N815 (the transcript's own spelling)
    uuid: Any = None
    agentId: Any = None  # noqa: N815 (the transcript's own spelling)
    isSidechain: Any = None  # noqa: N815 (the transcript's own spelling)


_decode_ids = msgspec.json.Decoder(_Ids).decode


class FileIds(msgspec.Struct):
    """The ids in one file: how many rows name each session, its rows on the main chain and beside it."""

    sessions: Counter[str]
    first_agent: str | None = None
    first_uuid: str | None = None
    main_rows: int = 0
    side_rows: int = 0


def document_records(document: Document) -> Iterator[Record]:
    """The records of `document`: its lines, or the items of an export that is one JSON value."""
    with document.open() as stream:
        wrapped = _wrapped(stream)
    if wrapped is not None:
        for value in wrapped:
            yield Record(0, value)
        return
    with document.open() as stream:
        yield from records(stream)


def _wrapped(stream: BinaryIO) -> list[Any] | None:
    start = stream.read(4096).lstrip(b" \t\r\n\xef\xbb\xbf")
    if not (start.startswith(b"[") or re.match(rb'\{\s*"loglines"', start)):
        return None
    try:
        value = msgspec.json.decode(start + stream.read(LINE_LIMIT))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(value, dict):
        return sequence(mapping(value).get("loglines"))
    return value if isinstance(value, list) and any(isinstance(item, dict) for item in value) else None


def file_ids(document: Document) -> FileIds:
    """Read `document` once, quickly; lines that cannot be read are left to the second reading."""
    found = FileIds(Counter())
    with document.open() as stream:
        while line := stream.readline(LINE_LIMIT):
            try:
                ids = _decode_ids(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if session := session_id(ids.sessionId):
                found.sessions[session] += 1
            if found.first_uuid is None and isinstance(ids.uuid, str):
                found.first_uuid = ids.uuid
            if isinstance(ids.agentId, str) and ids.agentId and ids.isSidechain is True:
                found.first_agent = found.first_agent or ids.agentId
            if ids.type in ("user", "assistant"):
                if ids.isSidechain is True:
                    found.side_rows += 1
                else:
                    found.main_rows += 1
    return found


def own_session_id(found: FileIds, name: str) -> str:
    """Which of the sessions in a file is the file's own.

    The name decides only among ids that the content holds; without its help it is the id of most rows. A file
    that holds no id at all goes by its name.
    """
    stem = name.rpartition("/")[2].rpartition(".")[0] or name
    for hint in [stem, *(match.group() for match in _UUID.finditer(stem))]:
        if hint in found.sessions:
            return hint
    return max(found.sessions, key=lambda session: found.sessions[session], default=stem)


def agent_of(found: FileIds, name: str) -> str | None:
    """The sub-agent whose whole file this is; None for a file with a main chain."""
    if found.main_rows or not found.side_rows:
        return None
    if found.first_agent:
        return found.first_agent
    named = _AGENT_NAME.search(name)
    return named.group(1) if named else (found.first_uuid or "unnamed")


def subagents(
    companions: tuple[Document, ...], session_id: str
) -> tuple[list[tuple[str, Document]], list[str]]:
    """The sub-agents whose whole files are among a session's companions, and the names of others' files."""
    own, foreign = [], []
    for document in companions:
        if not fnmatch(document.name.rpartition("/")[2], "agent-*.jsonl"):
            continue
        ids = file_ids(document)
        agent = agent_of(ids, document.name)
        if agent is not None and _belongs(ids, agent, session_id, document.name):
            own.append((agent, document))
        elif ids.main_rows or ids.side_rows:
            foreign.append(document.name)
    return own, foreign


def _belongs(found: FileIds, agent: str, session_id: str, name: str) -> bool:
    """Whether the sub-agent's file is of this session: its rows say so, never its name alone.

    Some versions let the sub-agent's rows carry the agent's own id; then its folder has to answer for it.
    """
    if session_id in found.sessions:
        return True
    ids = {agent, f"agent-{agent}", f"{session_id}#agent-{agent}"}
    return "/subagents/" in f"/{name}" and set(found.sessions) <= ids
