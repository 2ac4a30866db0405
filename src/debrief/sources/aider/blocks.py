"""Lines of a run in, blocks of one speaker out: what a person typed, what the model wrote, what aider said.

Aider marks a person's lines with `#### ` and its own with `> `, and ends both with two spaces; the model's
markdown may begin lines with either mark, and seldom ends one so too. But aider says itself, after each
answer, what it used: in a run where it does, and where an editor has stripped the spaces, a `####` right
after the model's text is a heading of that text. Of several lines that aider says at once only the first has
the mark, and only the last the spaces.
"""

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from debrief.sources.aider.lines import LOCAL_COMMANDS

Speaker = Literal["user", "assistant", "tool"]

_MARK = re.compile(r"(####|>)(?: (.*))?$")


class Block(Struct, frozen=True):
    """Lines that one speaker wrote together; `line` is the first one's place in the file."""

    speaker: Speaker
    lines: tuple[str, ...]
    line: int


def is_marked(line: str) -> bool:
    """Whether `line` is one that aider wrote itself, its end untouched."""
    return line.endswith("  ") and _MARK.match(line) is not None


def blocks(lines: list[tuple[int, str]], *, marked: bool) -> Iterator[Block]:
    """Take a run's lines apart; `marked` says that the file's ends of lines are untouched."""
    speaker: Speaker | None = None
    held: list[str] = []
    first = 0
    closed = not marked or any(line.startswith("> Tokens: ") for _, line in lines)
    ends = _ends(lines) if marked else []
    until = -1
    to_aider = False
    for place, (number, line) in enumerate(lines):
        if place > until and speaker != "assistant" and marked and not is_marked(line):
            # What a command printed: but after words to the model its answer may begin with a quotation.
            begins = line.startswith("> ") and (speaker == "tool" or to_aider)
            until = ends[place] if begins else until
        found = "tool" if place <= until else _speaker(line, speaker, marked=marked, closed=closed)
        if found == "user":
            to_aider = LOCAL_COMMANDS.match(_text(line)) is not None
        if found is None:  # a blank line belongs to the model's text, and ends everything else
            if speaker == "assistant":
                held.append("")
                continue
            if speaker == "user":
                yield Block(speaker, tuple(held), first)
                speaker, held = None, []
            continue
        if found != speaker:
            if speaker is not None and any(held):
                yield Block(speaker, tuple(held), first)
            speaker, held, first = found, [], number
        inside = place <= until and not line.startswith("> ")
        held.append(line.rstrip() if inside else _text(line) if found != "assistant" else line)
    if speaker is not None and any(held):
        yield Block(speaker, tuple(held), first)


def _ends(lines: list[tuple[int, str]]) -> list[int]:
    """Where the text that begins in each line would end if aider had said it; -1 where it would not."""
    found, end = [-1] * len(lines), -1
    for place in range(len(lines) - 1, -1, -1):
        found[place] = end
        line = lines[place][1]
        if is_marked(line):
            end = -1
        elif line.endswith("  "):
            end = place
    return found


def _speaker(line: str, before: Speaker | None, *, marked: bool, closed: bool) -> Speaker | None:
    if not line.strip():
        return None
    mark = _MARK.match(line)
    if mark is None or (marked and not line.endswith("  ")):
        return "assistant"
    if mark.group(1) == ">":
        return "tool"
    if closed and before == "assistant":
        return "assistant"
    return "user"


def _text(line: str) -> str:
    mark = _MARK.match(line)
    return ((mark.group(2) if mark else line) or "").rstrip()
