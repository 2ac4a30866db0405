"""Cursor's older transcripts, which are plain text: lines in, messages in the shape of the newer ones out.

`user:` and `assistant:` stand alone on a line; in an answer `[Thinking]`, `[Tool call] Name` and
`[Tool result] Name` open blocks whose lines are indented or empty.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

_ROLE = re.compile(r"(user|assistant):[ \t]*$")
_MARK = re.compile(r"\[(?P<mark>Thinking|Tool call|Tool result)\] ?(?P<rest>.*)$")
_ARGUMENT = re.compile(r"(?P<name>\w{1,60})\s?[:=]\s?(?P<value>.*)$")

_START = re.compile(r"\s*user:[ \t]*\r?\n(?:.{0,2000}?)<user_query>", re.DOTALL)


class TextMessage(Struct, frozen=True):
    """One message, and the line that it begins in."""

    line: int
    record: dict[str, Any]


def is_text_transcript(head: bytes) -> bool:
    """Whether `head` begins a transcript of that shape."""
    return _START.match(head.decode("utf-8", "replace").removeprefix("\ufeff")) is not None


def text_messages(content: str) -> Iterator[TextMessage]:
    """The messages of `content`, in order."""
    role, begun, lines = "", 0, []
    for number, line in enumerate(content.replace("\r\n", "\n").split("\n"), 1):
        opening = _ROLE.match(line)
        if opening is None:
            lines.append(line)
            continue
        if role:
            yield _message(role, begun, lines)
        role, begun, lines = opening.group(1), number, []
    if role:
        yield _message(role, begun, lines)


def _message(role: str, line: int, lines: list[str]) -> TextMessage:
    text = "\n".join(lines).strip()
    parts = [{"type": "text", "text": text}] if role == "user" else list(_parts(lines))
    return TextMessage(line, {"role": role, "message": {"content": parts}})


def _parts(lines: list[str]) -> Iterator[dict[str, Any]]:
    plain: list[str] = []
    position = 0
    while position < len(lines):
        found = _MARK.match(lines[position])
        if found is None:
            plain.append(lines[position])
            position += 1
            continue
        if text := "\n".join(plain).strip():
            yield {"type": "text", "text": text}
        plain = []
        begun = position = position + 1
        while position < len(lines) and (not lines[position] or lines[position][0] in " \t"):
            position += 1
        yield _block(found.group("mark"), found.group("rest").strip(), lines[begun:position])
    if text := "\n".join(plain).strip():
        yield {"type": "text", "text": text}


def _block(mark: str, rest: str, lines: list[str]) -> dict[str, Any]:
    body = "\n".join(line.strip() for line in lines).strip()
    if mark == "Thinking":
        return {"type": "thinking", "thinking": f"{rest}\n{body}".strip()}
    if mark == "Tool result":
        return {"type": "tool_result", "name": rest, "content": body}
    return {"type": "tool_use", "name": rest, "input": _arguments(lines) or body}


def _arguments(lines: list[str]) -> dict[str, str]:
    """`name: value` lines that are indented alike; one that is indented more goes on with the one before."""
    found: dict[str, str] = {}
    name = ""
    indent = next((len(line) - len(line.lstrip()) for line in lines if line.strip()), 0)
    for line in lines:
        argument = _ARGUMENT.match(line.strip()) if len(line) - len(line.lstrip()) == indent else None
        if argument is not None:
            name = argument.group("name")
            found[name] = argument.group("value")
        elif name:
            found[name] = f"{found[name]}\n{line[indent:]}".rstrip()
        elif line.strip():
            return {}
    return found
