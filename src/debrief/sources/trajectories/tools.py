"""A tool's name and arguments in, what the call does out: many agents' names, one table.

Converters keep each agent's own names. Names are compared without case, underscores and hyphens, so that
`read_file`, `ReadFile` and `readFile` are one.
"""

from typing import Any

from debrief.model import FileEdit, ToolKind
from debrief.sources.calls import Call
from debrief.sources.codex.shell import script_of
from debrief.sources.patches import patch_edits
from debrief.sources.records import compact_json, mapping, sequence, string

EDITS_KEPT = 200
"""Edits of one call that are kept; a call with more is generated, not written."""

_NAMES: dict[ToolKind, str] = {
    "shell": "bash shell sh exec execute run executebash bashcommand runbash runcommand executecommand"
    " execcommand"
    " runshellcommand runterminal runterminalcmd runterminalcommand runinterminal terminal localshell"
    " localshellcall powershell executepwsh shelltoolcall sweagentaction runcmd",
    "read": "read readfile readfiles readmanyfiles readtextfile view viewfile viewimage openfile open cat"
    " notebookread readtoolcall filereader",
    "search": "grep glob ls find list listfiles listdir listdirectory search searchfiles searchfile searchdir"
    " searchfilecontent findfile findfiles filesearch grepsearch codebasesearch globtool greptool ripgrep rg"
    " globtoolcall greptoolcall lstoolcall keywordsearch",
    "edit": "edit multiedit editfile fileedit strreplace strreplaceeditor strreplacebasededittool"
    " strreplacefile texteditor replace replaceinfile searchreplace searchandreplace applypatch applydiff"
    " patch"
    " insert notebookedit edittoolcall editnotebook",
    "write": "write writefile createfile create writetofile savefile writetoolcall",
    "fetch": "webfetch websearch googlewebsearch fetch fetchurl searchweb browse browser browseraction"
    " urlfetch readurl webbrowser",
    "plan": "todowrite todoread updateplan plan tasktracker writetodos updatetodolist managetodolist todo"
    " exitplanmode enterplanmode taskcreate taskupdate tasklist taskget",
    "agent": "task agent spawnagent subagent runsubagent spawnsubagent delegate delegatetask delegatetoagent"
    " dispatchagent invokesubagent newtask",
    "ask": "askuser askuserquestion askquestion askfollowupquestion requestuserinput question",
}
_KINDS: dict[str, ToolKind] = {name: kind for kind, names in _NAMES.items() for name in names.split()}

_PATHS = ("file_path", "path", "filePath", "file_name", "filename", "file", "absolute_path", "target_file")
_PATHS_TOO = ("notebook_path", "dir_path", "target_directory", "directory", "relative_workspace_path")
_COMMANDS = ("command", "cmd", "raw_action", "keystrokes", "script", "commands", "code")
_OLD = ("old_string", "old_str", "oldString", "oldText", "old_text", "old", "search")
_NEW = ("new_string", "new_str", "newString", "newText", "new_text", "new", "replace", "text")
_WHOLE = ("content", "contents", "file_text", "fileText", "text", "code_edit")
_PATCHES = ("patch", "patchText", "patch_text", "input", "raw_arguments", "diff")

_EDITOR: dict[str, ToolKind] = {"view": "read", "create": "write", "undo_edit": "edit"}
"""What the first argument of the editor with several commands asks for; the rest of them edit."""


def call_of(name: str, arguments: object) -> Call:
    """The call of the tool `name` with `arguments`, an object mostly."""
    given = mapping(arguments)
    args = arguments if isinstance(arguments, str) else compact_json(arguments) if arguments else ""
    kind = kind_of(name)
    if kind == "mcp":
        return Call(tool=name, kind=kind, args=args)
    if kind == "other" and string(given.get("command")) and "bash" in name.lower():
        kind = "shell"
    if kind == "edit" and string(given.get("command")) and "path" in given:
        kind = _EDITOR.get(given["command"], kind)
    command = None
    if kind == "shell":
        command = next((found for key in _COMMANDS if (found := script_of(given.get(key)))), None)
        if command is None and isinstance(arguments, str):
            command = arguments
        return Call(tool=name, kind=kind, command=command, args=args)
    path = next((found for key in (*_PATHS, *_PATHS_TOO) if (found := string(given.get(key)))), None)
    edits: tuple[FileEdit, ...] = ()
    if kind in ("edit", "write"):
        edits = _edits(kind, path, given, arguments)
        path = path or (edits[0].path if edits else None)
    return Call(tool=name, kind=kind, path=path, args=args, edits=edits)


def kind_of(name: str) -> ToolKind:
    """The kind of the tool `name`."""
    if name.startswith(("mcp__", "mcp_", "mcp.")):
        return "mcp"
    plain = "".join(character for character in name.lower() if character not in "_-. ")
    return _KINDS.get(plain, "other")


def _edits(
    kind: ToolKind, path: str | None, given: dict[str, Any], arguments: object
) -> tuple[FileEdit, ...]:
    patch = arguments if isinstance(arguments, str) else _first(given, _PATCHES)
    if patch and "*** Begin Patch" in patch:
        return patch_edits(patch)
    if path is None:
        return ()
    several = [mapping(one) for one in sequence(given.get("edits"))[:EDITS_KEPT]]
    if several:
        return tuple(FileEdit(path, _first(one, _OLD), _first(one, _NEW)) for one in several)
    if kind == "write":
        return (FileEdit(path, "", _first(given, _WHOLE)),)
    old, new = _first(given, _OLD), _first(given, _NEW)
    return (FileEdit(path, old, new or ("" if old else _first(given, _WHOLE))),)


def _first(given: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((given[key] for key in keys if isinstance(given.get(key), str)), "")
