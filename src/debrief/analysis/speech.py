"""A View in, its Speeches out: the steps whose result speaks for itself, with the text that counts.

Only results speak. The output of `cat`, `grep` or `git diff` is somebody else's words; a failure that the
command expects or discards says nothing; where the exit code is hidden or unknown, only the first and last
lines are heard, since that is where programs put what went wrong.
"""

import re

from msgspec import Struct

from debrief.analysis.view import Part, Step, View

EDGE_LINES = 20

PRINTERS = frozenset(
    {
        "ack",
        "ag",
        "awk",
        "bat",
        "cat",
        "column",
        "diff",
        "echo",
        "egrep",
        "fgrep",
        "fold",
        "grep",
        "head",
        "jq",
        "less",
        "man",
        "more",
        "nl",
        "printf",
        "rg",
        "sed",
        "strings",
        "tac",
        "tail",
        "tldr",
        "xxd",
        "yq",
        "zcat",
        "zgrep",
    }
)
_HISTORY = frozenset({"show", "diff", "log", "blame", "grep", "cat-file", "reflog"})
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "fish"})
_OWN_LINE = re.compile(r"([\w./+-]{1,64})(?:: |\(|:\d)")


class Speech(Struct, frozen=True):
    """A step, and what of its result may be taken as the word of the thing that ran.

    `folded` is the text in lower case, for a quick look before a slow one.
    """

    step: Step
    text: str
    folded: str


def speeches(view: View) -> tuple[Speech, ...]:
    """The steps of `view` that say something in their own voice, in order."""
    found = []
    for step in view.steps:
        text = heard(step)
        if text:
            found.append(Speech(step, text, text.lower()))
    return tuple(found)


def heard(step: Step) -> str:
    """The text of `step` that counts, empty where it must not be listened to."""
    if step.result is None or step.masked or step.outcome in ("rejected", "interrupted", "cascade"):
        return ""
    if step.call.tool_kind != "shell":
        return step.text if step.outcome == "error" else ""
    green = step.red is False or not (step.exit_hidden or step.red)
    if step.outcome == "ok" and green:
        return ""
    reading = [part for part in step.parts if prints(part)]
    if reading and len(reading) == len(step.parts):
        return _own_lines(step.text, reading) if step.outcome == "error" else ""
    if step.outcome == "error":
        return last_lines(step.text) if reading else step.text
    return "" if reading else edges(step.text)


def prints(part: Part) -> bool:
    """Whether `part` shows text that was written elsewhere: a file, a history, a string of its own."""
    if not part.words:
        return False
    program = part.words[0].rsplit("/", 1)[-1]
    arguments = [word for word in part.words[1:] if not word.startswith("-")]
    if program == "git":
        return bool(arguments) and arguments[0] in _HISTORY
    if program not in PRINTERS:
        return False
    if program in ("head", "tail"):
        return any(not word.lstrip("+").isdigit() for word in arguments)
    if program in ("grep", "egrep", "fgrep", "sed", "awk", "jq", "yq"):
        deep = any(word.startswith("-") and "r" in word[:4].lower() for word in part.words[1:])
        return deep or len(arguments) > 1
    return bool(arguments)


def edges(text: str) -> str:
    """The first and the last lines."""
    lines = text.split("\n")
    if len(lines) <= 2 * EDGE_LINES:
        return text
    return "\n".join(lines[:EDGE_LINES] + lines[-EDGE_LINES:])


def last_lines(text: str) -> str:
    """The last lines alone: what came before may be what the command printed of a file."""
    return "\n".join(text.rsplit("\n", EDGE_LINES)[-EDGE_LINES:])


def _own_lines(text: str, parts: list[Part]) -> str:
    """Of a reading command's output what the program or the shell says itself: "cat: x: No such file"."""
    programs = {part.words[0].rsplit("/", 1)[-1] for part in parts}
    kept = []
    for line in text.split("\n"):
        said = _OWN_LINE.match(line[:80])
        speaker = said.group(1).rsplit("/", 1)[-1] if said else ""
        if speaker in programs or (
            speaker in _SHELLS and any(line.endswith(f" {p}") or f" {p}: " in line for p in programs)
        ):
            kept.append(line)
    return "\n".join(kept)
