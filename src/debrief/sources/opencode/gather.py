"""An export, or a session's file with the files of its messages and parts, in; one list of messages out.

What a file is is told by its content alone; the folder that a part lies in only helps where the part does
not name its message.
"""

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.sources.documents import whole
from debrief.sources.records import mapping, string, timestamp_us
from debrief.sources.source import Document, Transcript

_PART_TYPES = frozenset(
    {"text", "reasoning", "tool", "file", "agent", "subtask", "retry", "compaction", "patch", "snapshot"}
    | {"step-start", "step-finish"}
)
_LONE_TEXT = frozenset({"id", "type", "text", "time", "synthetic", "ignored", "metadata", "sessionID"})
_SAFE = re.compile(r"[\w.-]{1,100}")


class Gathered(msgspec.Struct):
    """One session: its head, its messages as they stand (each `{info, parts}`), and what was unreadable."""

    info: dict[str, Any]
    messages: list[dict[str, Any]] = []
    faults: list[str] = []
    strays: list[dict[str, Any]] = []
    cut_off: bool = False


def is_export(value: dict[str, Any]) -> bool:
    """Whether `value` is (the beginning of) an export."""
    info, messages = mapping(value.get("info")), value.get("messages")
    if not string(info.get("id")) or "trajectory" in value:
        return False
    first = mapping(messages[0]) if isinstance(messages, list) and messages else {}
    if isinstance(mapping(first.get("info")).get("role"), str) and isinstance(first.get("parts", []), list):
        return True
    # The session's head alone may be longer than what is looked at, and a session may have no messages.
    begins = isinstance(messages, list) if "messages" in value else list(value) == ["info"]
    return begins and is_head(info)


def is_head(value: dict[str, Any]) -> bool:
    """Whether `value` is what OpenCode knows of a session as a whole."""
    if not string(value.get("id")) or "role" in value or not _is_moment(value, "created"):
        return False
    return isinstance(value.get("title"), str) and (
        isinstance(value.get("projectID"), str)
        or (isinstance(value.get("version"), str) and str(value["id"]).startswith("ses_"))
    )


def is_message(value: dict[str, Any]) -> bool:
    """Whether `value` is one message without its parts."""
    return (
        value.get("role") in ("user", "assistant")
        and isinstance(value.get("sessionID"), str)
        and isinstance(value.get("id"), str)
        and _is_moment(value, "created")
    )


def is_part(value: dict[str, Any]) -> bool:
    """Whether `value` is one part of a message."""
    if not isinstance(value.get("id"), str) or not isinstance(value.get("type"), str):
        return False
    if isinstance(value.get("messageID"), str):
        return value["type"] in _PART_TYPES or isinstance(value.get("sessionID"), str)
    # The smallest ones name nothing at all.
    return value["type"] == "text" and _is_moment(value, "start") and set(value) <= _LONE_TEXT


def _is_moment(value: dict[str, Any], name: str) -> bool:
    return timestamp_us(mapping(value.get("time")).get(name)) is not None


def gather(transcript: Transcript) -> Gathered:
    """Bring together what belongs to the session of `transcript`."""
    main = whole(transcript.main)
    value = mapping(main.value)
    if is_message(value) or (is_part(value) and not is_head(value)):
        raise NotATranscript(_belongs(value))
    found = Gathered(info={}, cut_off=main.cut_off)
    if main.fault is not None:
        found.faults.append(main.fault)
    if isinstance(value.get("messages"), list):
        found.info = mapping(value.get("info"))
        found.messages = [one if isinstance(one, dict) else {"value": one} for one in value["messages"]]
    elif "info" in value:
        found.info = mapping(value["info"])
        found.faults.append("the export has no list of messages")
    else:
        found.info = value
        _from_files(found, transcript.companions)
    if not found.info and not found.messages:
        raise NotATranscript(f"no session of OpenCode in it: {main.fault or 'it names no session'}")
    return found


def _belongs(value: dict[str, Any]) -> str:
    what = "message" if is_message(value) else "part of a message"
    session = string(value.get("sessionID")) or ""
    name = session if _SAFE.fullmatch(session) else "<session>"
    return (
        f"one {what} of a session of OpenCode, which belongs to a session "
        f"whose main file is storage/session/<project>/{name}.json"
    )


def _from_files(found: Gathered, companions: tuple[Document, ...]) -> None:
    messages: dict[str, dict[str, Any]] = {}
    parts: list[tuple[str, dict[str, Any]]] = []
    # The ids of parts ascend in the order in which the parts began, and a file is named after its id.
    for document in sorted(companions, key=lambda one: one.name):
        read = whole(document)
        place = PurePosixPath(document.name.replace("\\", "/"))
        short = "/".join(place.parts[-3:])
        if read.fault is not None:
            found.faults.append(f"{short}: {read.fault}")
        value = mapping(read.value)
        if is_message(value) or (value.get("role") in ("user", "assistant") and "message" in place.parts):
            key = string(value.get("id")) or place.stem
            messages[key] = {"info": value, "parts": []}
        elif is_part(value) or (value and "part" in place.parts):
            parts.append((string(value.get("messageID")) or place.parent.name, value))
        elif value:
            found.strays.append(value)
        # A list is the to-do list or the changes of files: the calls of tools tell of both.
    for key, value in parts:
        if key in messages:
            messages[key]["parts"].append(value)
        else:
            found.strays.append(value)
    found.messages = sorted(messages.values(), key=_message_order)
    if not messages:
        found.faults.append("no file of a message lies beside the session's own (../../message/<session>/)")


def _message_order(message: dict[str, Any]) -> tuple[int, str]:
    info = message["info"]
    return timestamp_us(mapping(info.get("time")).get("created")) or 0, string(info.get("id")) or ""
