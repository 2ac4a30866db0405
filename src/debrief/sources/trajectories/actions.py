"""What a model writes to act, in; calls out: a fenced block, tags of a function, or a line of an interface.

SWE-agent's own commands (open, edit, create, ...) look like shell commands and run in the same shell; each is
told from a program of that name by what it is in this interface.
"""

import re
import shlex

from debrief.model import FileEdit
from debrief.sources.trajectories.tools import Call, call_of

_FENCED = re.compile(
    r"^[ \t]*```(?:bash|sh|shell|mswea_bash_command)?[ \t]*\n(?P<command>.*?)^[ \t]*```[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_FUNCTION = re.compile(r"<function=(?P<name>[\w.-]{1,100})>(?P<body>.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=(?P<name>[\w.-]{1,100})>(?P<value>.*?)</parameter>", re.DOTALL)
_XML = re.compile(r"<command>\s*(?P<command>.*?)\s*</command>", re.DOTALL)

_READS = frozenset({"open", "goto", "scroll_up", "scroll_down"})
_SEARCHES = frozenset({"search_dir", "search_file", "find_file"})
_EDITS = frozenset({"edit", "insert", "set_cursors"})
SUBMITS = frozenset({"submit", "exit_forfeit", "exit"})


def fenced(text: str) -> tuple[str, str] | None:
    """What is said and the command in the last fenced block of `text`."""
    found = list(_FENCED.finditer(text))
    if not found:
        return None
    last = found[-1]
    return (text[: last.start()] + text[last.end() :]).strip(), last.group("command").strip("\n")


def function(text: str) -> tuple[str, Call] | None:
    """What is said and the call that tags in `text` write down."""
    found = _FUNCTION.search(text)
    if found is None:
        return None
    arguments = {match["name"]: match["value"].strip("\n") for match in _PARAMETER.finditer(found["body"])}
    return (text[: found.start()] + text[found.end() :]).strip(), call_of(found["name"], arguments)


def tagged(text: str) -> tuple[str, str] | None:
    """What is said and the command between tags of that name."""
    found = _XML.search(text)
    return None if found is None else (text[: found.start()].strip(), found["command"])


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
    call = call_of("str_replace_editor", arguments)
    return Call(tool=call.tool, kind=call.kind, path=call.path, args=action, edits=call.edits)


def _words(text: str) -> list[str]:
    if len(text) > 200_000:  # noqa: PLR2004 (nobody quotes so much)
        return text[:200].split()
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
