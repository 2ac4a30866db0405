"""What a model writes to act, in; calls out: a fenced block, tags of a function, or a line of an interface.

SWE-agent's own commands (open, edit, create, ...) look like shell commands and run in the same shell; each is
told from a program of that name by what it is in this interface.
"""

import re
import shlex

from debrief.model import FileEdit
from debrief.sources.calls import Call
from debrief.sources.tool_names import tool_call

_FENCES = frozenset({"", "bash", "sh", "shell", "mswea_bash_command"})
"""What may stand behind a fence that a command follows."""

_WORDS_LIMIT = 20_000
"""A longer line is taken apart at its spaces only: nobody quotes so much."""

_READS = frozenset({"open", "goto", "scroll_up", "scroll_down"})
_SEARCHES = frozenset({"search_dir", "search_file", "find_file"})
_EDITS = frozenset({"edit", "insert", "set_cursors"})
SUBMITS = frozenset({"submit", "exit_forfeit", "exit"})


def fenced(text: str) -> tuple[str, str] | None:
    """What is said and the command in the last fenced block of `text`."""
    lines = text.split("\n")
    opened, last = -1, None
    for number, line in enumerate(lines):
        mark = line.strip()
        if not mark.startswith("```"):
            continue
        if opened >= 0 and mark == "```":
            last, opened = (opened, number), -1
        elif opened < 0:
            opened = number
    if last is None or lines[last[0]].strip()[3:].strip() not in _FENCES:
        return None
    said = "\n".join((*lines[: last[0]], *lines[last[1] + 1 :])).strip()
    return said, "\n".join(lines[last[0] + 1 : last[1]])


def function(text: str) -> tuple[str, Call] | None:
    """What is said and the call that tags in `text` write down."""
    start = text.find("<function=")
    opened = text.find(">", start)
    if start < 0 or opened < 0:
        return None
    end = text.find("</function>", opened)
    body = text[opened + 1 :] if end < 0 else text[opened + 1 : end]
    arguments = {}
    place = body.find("<parameter=")
    while place >= 0:
        begins = body.find(">", place)
        ends = body.find("</parameter>", begins)
        if begins < 0 or ends < 0:
            break
        arguments[body[place + len("<parameter=") : begins][:100]] = body[begins + 1 : ends].strip("\n")
        place = body.find("<parameter=", ends)
    said = text[:start] + ("" if end < 0 else text[end + len("</function>") :])
    return said.strip(), tool_call(text[start + len("<function=") : opened][:100], arguments)


def interface(action: str, open_file: str | None) -> Call:
    """The call of one line of SWE-agent's interface; `open_file` is what its editor shows."""
    line, _, body = action.strip("\n").partition("\n")
    words = _words(line)
    name = words[0] if words else ""
    path = words[1] if len(words) > 1 else None
    found = Call(tool="bash", kind="shell", command=action.strip("\n"))
    if name in SUBMITS:
        found = Call(tool=name, kind="other", args=action)
    elif name in _READS:
        found = Call(
            tool=name, kind="read", path=(path if name == "open" else None) or open_file, args=action
        )
    elif name in _SEARCHES:
        found = Call(tool=name, kind="search", args=action)
    elif name == "create" and path:
        found = Call(tool=name, kind="write", path=path, args=action, edits=(FileEdit(path),))
    elif name in _EDITS and (open_file or body or len(words) > 1):
        found = _edit(name, line, body, action, open_file)
    elif name == "str_replace_editor":
        found = _editor(words, action)
    return found


def _edit(name: str, line: str, body: str, action: str, path: str | None) -> Call:
    """`edit 3:5`, text and `end_of_edit`; or `edit 'old' 'new'`, where text is replaced by text."""
    if name == "set_cursors":
        return Call(tool=name, kind="read", path=path, args=action)
    lines = body.split("\n")
    if lines and lines[-1].strip() in ("end_of_edit", "end_of_insert", "EOF"):
        lines.pop()
    new = "\n".join(lines)
    old = ""
    if not re.match(r"(?:edit|insert)\s+\d", line):
        words = _words(action)
        if len(words) > 2:  # noqa: PLR2004 (the command, what it replaces, and with what)
            old, new = words[1], words[2]
    edits = (FileEdit(path, old, new),) if path else ()
    return Call(tool=name, kind="edit", path=path, args=action, edits=edits)


def _editor(words: list[str], action: str) -> Call:
    """`str_replace_editor view /a --view_range 1 5`: the editor with several commands, as a line."""
    arguments: dict[str, str] = {}
    names = ["command", "path"]
    key: str | None = None
    for word in words[1:]:
        if word.startswith("--"):
            key = word[2:]
        elif key is not None:
            arguments[key] = f"{arguments[key]} {word}" if key in arguments else word
        elif names:
            arguments[names.pop(0)] = word
    call = tool_call("str_replace_editor", arguments)
    return Call(tool=call.tool, kind=call.kind, path=call.path, args=action, edits=call.edits)


def _words(text: str) -> list[str]:
    if len(text) > _WORDS_LIMIT:
        return text[:_WORDS_LIMIT].split()
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
