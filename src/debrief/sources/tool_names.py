"""A tool's name and its arguments in, what the call does out, for agents that name their tools alike.

Names are compared without case, underscores and hyphens: `read_file`, `ReadFile` and `readFile` are one.
Arguments are an object, or an object written as JSON text; any field may have any type.
"""

from typing import Any

import msgspec

from debrief.model import FileEdit, ToolKind
from debrief.sources.calls import Call
from debrief.sources.patches import patch_edits
from debrief.sources.records import compact_json, mapping, sequence, string

EDITS_KEPT = 200
"""Edits of one call that are kept; a call with more is generated, not written."""

_NAMES: dict[ToolKind, str] = {
    "shell": "bash shell sh exec execute execcommand runcommand runterminal runterminalcmd runterminalcommand"
    " shellexec terminal process killshell bashoutput powershell runshellcommand localshell taskoutput"
    " taskstop gettaskoutput killtask getcommandorsubagentoutput killcommandorsubagent",
    "read": "read readfile readmediafile view viewfile openfile cat",
    "search": "grep glob ls find listdir listdirectory listfiles search searchfiles codebasesearch rg",
    "edit": "edit multiedit editfile searchreplace strreplace strreplacefile strreplaceeditor applypatch"
    " patch hashlineedit",
    "write": "write writefile create createfile",
    "fetch": "webfetch websearch fetchurl fetch searchweb browser openpage xsearch openpagewithfind",
    "plan": "todowrite todoread todolist todo settodolist updateplan enterplanmode exitplanmode exitspecmode"
    " proposespec tasklist creategoal getgoal updategoal setgoalbudget",
    "agent": "task agent subagent spawnsubagent spawnagent agentswarm sessionsspawn delegatetask"
    " createsubagent",
    "ask": "askuser askuserquestion askquestion clarify",
}
_KINDS: dict[str, ToolKind] = {name: kind for kind, names in _NAMES.items() for name in names.split()}

_PATHS = ("file_path", "path", "target_file", "filePath", "filepath", "absolute_path", "target_directory")
_COMMANDS = ("command", "cmd", "script")
_OLD = ("old_string", "old_str", "oldText", "old_text", "old")
_NEW = ("new_string", "new_str", "newText", "new_text", "new")
_WHOLE = ("content", "contents", "file_text", "text")
_PATCHES = ("patch", "input", "patchText")


def tool_kind(name: str) -> ToolKind:
    """What the tool called `name` does; a connected server's tool is `mcp`, an unknown one `other`."""
    if name.startswith(("mcp__", "mcp_")) or "___" in name:
        return "mcp"
    return _KINDS.get(name.lower().replace("_", "").replace("-", ""), "other")


def tool_call(name: object, arguments: object) -> Call:
    """Read a call out of a tool's name and its arguments."""
    tool = string(name) or "unknown"
    kind = tool_kind(tool)
    fields, args = _arguments(arguments)
    if kind == "shell":
        return Call(tool=tool, kind=kind, command=_command(fields), args=args)
    path = _first(fields, _PATHS)
    edits = _edits(kind, path, fields, arguments)
    return Call(tool=tool, kind=kind, path=path or _named(edits), args=args, edits=edits)


def _arguments(arguments: object) -> tuple[dict[str, Any], str]:
    if isinstance(arguments, str):
        try:
            return mapping(msgspec.json.decode(arguments)), arguments
        except (msgspec.DecodeError, RecursionError):
            return {}, arguments
        except UnicodeEncodeError:  # a lone surrogate
            return {}, arguments
    return mapping(arguments), compact_json(arguments) if arguments else ""


def _command(fields: dict[str, Any]) -> str | None:
    for name in _COMMANDS:
        value = fields.get(name)
        if isinstance(value, list):
            value = " ".join(part for part in value if isinstance(part, str))
        if found := string(value):
            return found
    return None


def _edits(
    kind: ToolKind, path: str | None, fields: dict[str, Any], arguments: object
) -> tuple[FileEdit, ...]:
    if kind == "write":
        return (FileEdit(path or "", "", _first(fields, _WHOLE) or ""),)
    if kind != "edit":
        return ()
    patch = _first(fields, _PATCHES) or (arguments if isinstance(arguments, str) and not fields else "")
    if patch and "*** Begin Patch" in patch:
        return patch_edits(patch)
    listed = fields.get("edits", fields.get("edit"))
    parts = [mapping(part) for part in sequence(listed)] or [mapping(listed) or fields]
    edits = []
    for part in parts[:EDITS_KEPT]:
        old, new = _first(part, _OLD), _first(part, _NEW)
        if old is None and new is None:
            # An edit without an old side gives the whole file.
            new = _first(part, _WHOLE)
        edits.append(FileEdit(_first(part, _PATHS) or path or "", old or "", new or ""))
    return tuple(edits)


def _named(edits: tuple[FileEdit, ...]) -> str | None:
    return (edits[0].path or None) if edits else None


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := string(fields.get(name)))), None)
