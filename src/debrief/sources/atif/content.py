"""The text of a step: a message or an output is a string or has parts; a user's is more than a prompt."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.sources.claude.prompts import pieces
from debrief.sources.codex.prompts import is_wrapper
from debrief.sources.records import mapping, string

_MADE_UP = re.compile(r"Executed [^\n]{1,300}")
_DESCRIBED = re.compile(
    r"Running command: |Reading file: |I edited the file |I am interacting with the MCP server "
)
_GO_ON = "Please continue on whatever approach you think is suitable."


def is_made_up(message: str, tools: list[str]) -> bool:
    """Whether a converter wrote `message` itself, for a step that only calls `tools`."""
    if not tools:
        return False
    named = _MADE_UP.fullmatch(message) is not None and any(tool in message for tool in tools)
    return named or _DESCRIBED.match(message) is not None


def user_pieces(text: str) -> Iterator[tuple[str, str]]:
    """The parts of a user step: prompt, injected, interrupt or summary, each with its text."""
    if is_wrapper(text) or text.startswith(_GO_ON):
        yield "injected", text
        return
    for piece in pieces(text):
        if piece.text.strip():
            yield piece.kind, piece.text


class Keystrokes(msgspec.Struct, frozen=True):
    """A reply that is JSON: what the model says, and the commands that it types into a terminal."""

    said: str
    commands: str
    is_done: bool


def keystrokes_of(message: str) -> Keystrokes | None:
    """Read a message in which a terminal agent puts its commands, instead of calling a tool."""
    start, end = message.find("{"), message.rfind("}")
    if start < 0 or end < start or '"commands"' not in message:
        return None
    try:
        value = mapping(msgspec.json.decode(message[start : end + 1]))
    except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError):
        return None
    commands = value.get("commands")
    if not isinstance(commands, list):
        return None
    typed = [keys for one in commands if (keys := _keys(mapping(one)))]
    said = [
        found
        for key in ("analysis", "state_analysis", "plan", "explanation")
        if (found := string(value.get(key)))
    ]
    return Keystrokes("\n\n".join(said), "".join(typed), value.get("task_complete") is True)


def _keys(command: dict[str, Any]) -> str | None:
    return string(command.get("keystrokes"))
