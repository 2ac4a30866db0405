"""OpenHands' tool calls: a name and arguments in, what kind of tool it is and what it is told to do out.

The same tools have had several names (`execute_bash`, `terminal`), and stand as actions without a name in the
oldest event streams; all of them come through here.
"""

from typing import Any

from debrief.model import FileEdit, ToolKind
from debrief.sources.calls import Call, fields_of
from debrief.sources.records import compact_json, string

_KINDS: dict[str, ToolKind] = {
    "execute_bash": "shell",
    "terminal": "shell",
    "bash": "shell",
    "run": "shell",
    "cmd_run": "shell",
    "windows_cmd": "shell",
    "read": "read",
    "read_file": "read",
    "view": "read",
    "open_file": "read",
    "grep": "search",
    "glob": "search",
    "list_directory": "search",
    "search_dir": "search",
    "search_file": "search",
    "find_file": "search",
    "edit": "edit",
    "edit_file": "edit",
    "apply_patch": "edit",
    "planning_file_editor": "edit",
    "str_replace_editor": "edit",
    "file_editor": "edit",
    "edit_file_by_replace": "edit",
    "insert_content_at_line": "edit",
    "write": "write",
    "write_file": "write",
    "create_file": "write",
    "browse": "fetch",
    "browse_interactive": "fetch",
    "browser": "fetch",
    "web_read": "fetch",
    "search_engine": "fetch",
    "goto": "fetch",
    "click": "fetch",
    "scroll": "fetch",
    "task_tracker": "plan",
    "task_tracking": "plan",
    "todo_write": "plan",
    "plan": "plan",
    "delegate": "agent",
    "task": "agent",
    "task_tool_set": "agent",
    "delegate_to_agent": "agent",
    "ask_user": "ask",
    "call_tool_mcp": "mcp",
    "mcp": "mcp",
}

_OF_EDITOR: dict[str, ToolKind] = {
    "view": "read",
    "create": "write",
    "write": "write",
    "str_replace": "edit",
    "insert": "edit",
    "undo_edit": "edit",
}

NOT_NEEDED = frozenset({"security_risk", "summary", "kind", "thought"})
"""Arguments that say why, not what: they are told elsewhere or are the tool's own classification."""


def tool_call(name: str, arguments: object, *, mcp: bool = False) -> Call:
    """Describe a call of the tool `name`; `arguments` are JSON text, an object, or free text."""
    fields = {key: value for key, value in fields_of(arguments).items() if key not in NOT_NEEDED}
    args = compact_json(fields) if fields else arguments if isinstance(arguments, str) else ""
    kind: ToolKind = "mcp" if mcp else _KINDS.get(name.lower(), "other")
    if name.lower().startswith("browser_"):
        kind = "fetch"
    path = string(fields.get("path")) or string(fields.get("file_path"))
    if kind == "shell":
        command = fields.get("command")
        return Call(tool=name, kind="shell", command=command if isinstance(command, str) else "", args=args)
    if kind in ("edit", "write"):
        return _file_call(name, kind, path, fields, args)
    if kind == "search":
        path = path or string(fields.get("dir_path"))
    return Call(tool=name, kind=kind, path=path, args=args)


def _file_call(name: str, kind: ToolKind, path: str | None, fields: dict[str, Any], args: str) -> Call:
    kind = _OF_EDITOR.get(string(fields.get("command")) or "", kind)
    old = (
        string(fields.get("old_str")) or string(fields.get("to_replace")) or string(fields.get("old_string"))
    )
    new = _first(fields, "file_text", "new_str", "new_string", "new_content", "content")
    edits: tuple[FileEdit, ...] = ()
    if kind in ("edit", "write") and path and (old or new):
        edits = (FileEdit(path=path, old="" if kind == "write" else old or "", new=new or ""),)
    return Call(tool=name, kind=kind, path=path, args=args, edits=edits)


def _first(fields: dict[str, Any], *names: str) -> str | None:
    return next((text for name in names if (text := string(fields.get(name)))), None)
