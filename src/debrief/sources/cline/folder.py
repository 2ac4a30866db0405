"""A task's folder: its files in, each known by what it holds, and which product wrote them out.

The products of the family differ in small things: Roo Code names the protocol of each request and the model
in its report on the environment, Kilo Code does so too and leaves its own name. Without such a sign it is
Cline.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from debrief.sources.calls import fields_of
from debrief.sources.documents import whole
from debrief.sources.records import compact_json, mapping, sequence, string
from debrief.sources.source import Document

_LOOKED_AT = 40
_KILO = ("kilocode", "kilo code", '"kilo/')
_ROO = (
    "<slug>",
    "# current workspace directory (",
    ".roo/",
    '\\"apiprotocol\\"',
    "roo-cline",
    '"roottaskid"',
    "roo code",
)
_CONVERSATION_SIGNS = (
    "<environment_details>",
    "<task>",
    "[TASK RESUMPTION]",
    "<user_message>",
    "# task_progress",
    "] Result:",
)


class Folder(Struct):
    """What the files of a folder hold; a field is empty where its file is missing."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    item: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    cut_off: bool = False
    unread: list[str] = field(default_factory=list)


def read(documents: Iterable[Document]) -> Folder:
    """Read the files of one task."""
    folder = Folder()
    for document in documents:
        found = whole(document)
        if found.fault is not None:
            folder.faults.append(f"{document.name[:100]}: {found.fault}")
            folder.cut_off = folder.cut_off or found.cut_off
        kind = kind_of(found.value)
        if kind == "rows":
            folder.rows = folder.rows or _objects(found.value, folder, document.name)
        elif kind == "messages":
            folder.messages = folder.messages or _objects(found.value, folder, document.name)
        elif kind == "metadata":
            folder.metadata = mapping(found.value)
        elif kind == "item":
            folder.item = mapping(found.value)
        elif found.value not in (None, [], {}):
            folder.unread.append(document.name)
    return folder


def kind_of(value: object) -> str | None:
    """What a file of a task's folder holds, judged by its value or the beginning of it."""
    several = [item for item in sequence(value)[:_LOOKED_AT] if isinstance(item, dict)]
    if any(_is_row(item) for item in several[:5]):
        return "rows"
    if any(item.get("role") in ("user", "assistant") and "content" in item for item in several[:3]):
        return "messages" if _is_conversation(several) else None
    whole_value = mapping(value)
    if "files_in_context" in whole_value and isinstance(whole_value["files_in_context"], list):
        return "metadata"
    if isinstance(whole_value.get("task"), str) and isinstance(whole_value.get("id"), str):
        return "item" if "tokensIn" in whole_value and "totalCost" in whole_value else None
    return None


def _is_row(item: dict[str, Any]) -> bool:
    kind = item.get("type")
    return kind in ("say", "ask") and isinstance(item.get(str(kind)), str) and "ts" in item


def _is_conversation(messages: list[dict[str, Any]]) -> bool:
    """Whether messages in the common shape are of this family: by what the program wraps around words."""
    for message in messages[:6]:
        if message.get("role") == "assistant":
            told = mapping(message.get("metrics"))
            if "tokens" in told and isinstance(message.get("modelInfo"), dict):
                return True
            continue
        content = message.get("content")
        for block in [content] if isinstance(content, str) else sequence(content):
            text = block if isinstance(block, str) else mapping(block).get("text")
            if isinstance(text, str) and any(sign in text for sign in _CONVERSATION_SIGNS):
                return "<environment_details>" in text or _starts_so(text)
    return False


def _starts_so(text: str) -> bool:
    start = text.lstrip()
    return start.startswith(("<task>", "[TASK RESUMPTION]", "<user_message>", "# task_progress")) or (
        start.startswith("[") and "] Result:" in start[:4000]
    )


def _objects(value: object, folder: Folder, name: str) -> list[dict[str, Any]]:
    items = sequence(value)
    found = [item for item in items if isinstance(item, dict)]
    if len(found) < len(items):
        folder.faults.append(f"{name[:100]}: {len(items) - len(found)} items are no objects")
    return found


def product(folder: Folder) -> str:
    """Who wrote the folder, by what it shows; never by where it lay."""
    shown = "\n".join(_signs(folder)).lower()
    if any(sign in shown for sign in _KILO):
        return "Kilo Code"
    if any(sign in shown for sign in _ROO):
        return "Roo Code"
    return "Cline"


def _signs(folder: Folder) -> Iterable[str]:
    """Only what the program itself writes: a person may speak of any product."""
    yield compact_json({key: value for key, value in folder.item.items() if key != "task"})
    for row in folder.rows[:_LOOKED_AT]:
        yield compact_json(row.get("metadata")) if row.get("metadata") else ""
        if row.get("say") == "api_req_started":
            info = fields_of(row.get("text"))
            if "apiProtocol" in info:
                yield '\\"apiProtocol\\"'
            yield _report(string(info.get("request")) or "")
    for message in folder.messages[:_LOOKED_AT]:
        content = message.get("content")
        for block in [content] if isinstance(content, str) else sequence(content):
            text = block if isinstance(block, str) else mapping(block).get("text")
            if isinstance(text, str) and message.get("role") == "user":
                yield _report(text)


def _report(text: str) -> str:
    """The part of a report on the environment that no file name stands in."""
    start = text.find("<environment_details>")
    if start < 0:
        return ""
    lines = text[start:].splitlines()
    return "\n".join(line for line in lines if line.startswith(("#", "<")))
