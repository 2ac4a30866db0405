"""A tool's name and its arguments in, what the call does out: many agents' names, one table.

Names are compared without case, dots, underscores and hyphens: `read_file` and `ReadFile` are one.
Arguments are an object, an object written as JSON text, or the command itself; any field may have any type.
"""

from typing import Any

import msgspec

from debrief.model import FileEdit, ToolKind
from debrief.sources.calls import Call
from debrief.sources.codex.shell import script_of
from debrief.sources.patches import EDITS_KEPT, patch_edits
from debrief.sources.records import compact_json, mapping, sequence, string

_NAMES: dict[ToolKind, str] = {
    "shell": "bash shell sh exec execute run executebash bashcommand runbash runcommand executecommand"
    " execcommand runshellcommand runterminal runterminalcmd runterminalcommand runinterminal terminal"
    " localshell localshellcall powershell executepwsh shelltoolcall sweagentaction runcmd shellexec process"
    " killshell bashoutput taskoutput taskstop gettaskoutput killtask getcommandorsubagentoutput"
    " killcommandorsubagent runcommands",
    "read": "read readfile readfiles readmanyfiles readtextfile readmediafile view viewfile viewimage"
    " openfile open cat notebookread readtoolcall filereader",
    "search": "grep glob ls find list listfiles listdir listdirectory search searchfiles searchfile searchdir"
    " searchfilecontent findfile findfiles filesearch grepsearch codebasesearch globtool greptool ripgrep rg"
    " globtoolcall greptoolcall lstoolcall keywordsearch searchcodebase",
    "edit": "edit multiedit editfile fileedit strreplace strreplaceeditor strreplacebasededittool"
    " strreplacefile texteditor replace replaceinfile searchreplace searchandreplace applypatch applydiff"
    " patch hashlineedit editor insert notebookedit edittoolcall editnotebook",
    "write": "write writefile createfile create writetofile savefile writetoolcall",
    "fetch": "webfetch websearch googlewebsearch fetch fetchurl searchweb browse browser browseraction"
    " urlfetch fetchwebcontent readurl webbrowser openpage xsearch openpagewithfind",
    "plan": "todowrite todoread todolist settodolist updateplan plan tasktracker writetodos updatetodolist"
    " managetodolist todo exitplanmode enterplanmode exitspecmode proposespec taskcreate taskupdate tasklist"
    " taskget creategoal getgoal updategoal setgoalbudget",
    "agent": "task agent spawnagent subagent runsubagent spawnsubagent createsubagent agentswarm"
    " sessionsspawn delegate delegatetask delegatetoagent dispatchagent invokesubagent newtask",
    "ask": "askuser askuserquestion askquestion askfollowupquestion requestuserinput question clarify",
}
_KINDS: dict[str, ToolKind] = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_IGNORED = str.maketrans("", "", "_-. ")

_PATHS = (
    *("file_path", "path", "filePath", "filepath", "file_name", "filename", "file", "absolute_path"),
    *("target_file", "notebook_path", "dir_path", "target_directory", "directory", "relative_workspace_path"),
)
_COMMANDS = ("command", "cmd", "raw_action", "keystrokes", "script", "commands", "code")
_OLD = ("old_string", "old_str", "oldString", "oldText", "old_text", "old", "search")
_NEW = ("new_string", "new_str", "newString", "newText", "new_text", "new", "replace", "text")
_WHOLE = ("content", "contents", "file_text", "fileText", "text", "code_edit")
_PATCHES = ("patch", "patchText", "patch_text", "input", "raw_arguments", "diff")

_EDITOR: dict[str, ToolKind] = {"view": "read", "create": "write", "undo_edit": "edit"}
"""What the first argument of the editor with several commands asks for; the rest of them edit."""


def tool_kind(name: str) -> ToolKind:
    """What the tool called `name` does; a connected server's tool is `mcp`, an unknown one `other`."""
    if name.startswith(("mcp__", "mcp_", "mcp.")) or "___" in name:
        return "mcp"
    return _KINDS.get(name.lower().translate(_IGNORED), "other")


def tool_call(name: object, arguments: object) -> Call:
    """Read a call out of a tool's name and its arguments."""
    tool = string(name) or "unknown"
    fields, args = _arguments(arguments)
    kind = tool_kind(tool)
    if kind == "mcp":
        return Call(tool=tool, kind=kind, args=args)
    if kind == "other" and string(fields.get("command")) and "bash" in tool.lower():
        kind = "shell"
    if kind == "edit" and string(fields.get("command")) and "path" in fields:
        kind = _EDITOR.get(fields["command"], kind)
    if kind == "shell":
        command = next((found for key in _COMMANDS if (found := script_of(fields.get(key)))), None)
        if command is None and isinstance(arguments, str) and not fields:
            command = arguments
        return Call(tool=tool, kind=kind, command=command, args=args)
    path = next((found for key in _PATHS if (found := string(fields.get(key)))), None)
    edits = _edits(kind, path, fields, arguments) if kind in ("edit", "write") else ()
    return Call(tool=tool, kind=kind, path=path or (edits[0].path if edits else None), args=args, edits=edits)


def _arguments(arguments: object) -> tuple[dict[str, Any], str]:
    if isinstance(arguments, str):
        try:
            return mapping(msgspec.json.decode(arguments)), arguments
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):  # the last: a lone surrogate
            return {}, arguments
    return mapping(arguments), compact_json(arguments) if arguments else ""


def _edits(
    kind: ToolKind, path: str | None, fields: dict[str, Any], arguments: object
) -> tuple[FileEdit, ...]:
    patch = arguments if isinstance(arguments, str) and not fields else _first(fields, _PATCHES)
    if "*** Begin Patch" in patch:
        return patch_edits(patch)
    if kind == "write":
        return (FileEdit(path, "", _first(fields, _WHOLE)),) if path else ()
    listed = fields.get("edits", fields.get("edit"))
    parts = [mapping(part) for part in sequence(listed)] or [mapping(listed) or fields]
    edits = []
    for part in parts[:EDITS_KEPT]:
        old, new = _first(part, _OLD), _first(part, _NEW)
        if not old and not new:
            new = _first(part, _WHOLE)  # An edit without an old side gives the whole file.
        own = next((found for key in _PATHS if (found := string(part.get(key)))), None)
        if own or path:
            edits.append(FileEdit(own or path or "", old, new))
    return tuple(edits)


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((fields[name] for name in names if isinstance(fields.get(name), str)), "")
