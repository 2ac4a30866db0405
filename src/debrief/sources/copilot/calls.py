"""Copilot's tool calls: a name and arguments in, what kind of tool it is and what it is told to do out."""

import re
from typing import Any

from debrief.model import FileEdit, ToolKind
from debrief.sources import calls
from debrief.sources.calls import fields_of
from debrief.sources.patches import patch_edits
from debrief.sources.records import compact_json, string

_KINDS: dict[str, ToolKind] = {
    "bash": "shell",
    "shell": "shell",
    "local_shell": "shell",
    "powershell": "shell",
    "view": "read",
    "read_file": "read",
    "show_file": "read",
    "grep": "search",
    "rg": "search",
    "glob": "search",
    "search": "search",
    "semantic_search": "search",
    "list_dir": "search",
    "lsp": "search",
    "edit": "edit",
    "edit_file": "edit",
    "str_replace": "edit",
    "insert": "edit",
    "apply_patch": "edit",
    "create": "write",
    "create_file": "write",
    "write": "write",
    "write_file": "write",
    "web_fetch": "fetch",
    "web_search": "fetch",
    "fetch": "fetch",
    "fetch_copilot_cli_documentation": "fetch",
    "update_todo": "plan",
    "manage_todo_list": "plan",
    "exit_plan_mode": "plan",
    "task": "agent",
    "agent": "agent",
    "ask_user": "ask",
}

_TO_A_SHELL = frozenset(
    f"{verb}_{shell}" for verb in ("read", "write", "stop") for shell in ("bash", "powershell")
)
"""Tools that speak to a command that was started before."""

_EDITOR: dict[str, ToolKind] = {"view": "read", "create": "write", "str_replace": "edit", "insert": "edit"}
"""What the older versions' one tool for files does, by its `command`."""

_SERVER_PREFIX = re.compile(r"[\w.]+(?:-[\w.]+)*-mcp-server-")

_PATH_FIELDS = ("path", "file_path", "filePath", "fileName")
_OLD_FIELDS = ("old_str", "old_string", "oldString")
_NEW_FIELDS = ("new_str", "new_string", "newString", "insert_text", "file_text", "content", "contents")
_SHELL_FIELDS = ("shellId", "sessionId", "shell_id")


class Call(calls.Call, frozen=True, kw_only=True):
    """A call. `shell` is the running command that it names."""

    shell: str | None = None


def tool_call(name: str, arguments: object, *, of_server: bool) -> Call:
    """Describe a call of the tool `name`; `arguments` are an object, the JSON text of one, or free text."""
    fields = fields_of(arguments)
    args = arguments if isinstance(arguments, str) else compact_json(arguments) if arguments else ""
    path = _first(fields, _PATH_FIELDS)
    if of_server or _SERVER_PREFIX.match(name):
        return Call(tool=name, kind="mcp", path=path, args=args)
    kind = _KINDS.get(name, "other")
    if name == "str_replace_editor":
        kind = _EDITOR.get(string(fields.get("command")) or "", "other")
    shell = _shell(fields)
    if kind == "shell":
        command = _first(fields, ("command", "fullCommandText", "script", "cmd"))
        if command is None and not fields:
            command = args or None
        return Call(tool=name, kind="shell", command=command, args=args, shell=shell)
    if name in _TO_A_SHELL:
        return Call(tool=name, kind="shell", args=args, shell=shell)
    if name == "apply_patch":
        edits = patch_edits(_first(fields, ("input", "patch")) or args)
        return Call(tool=name, kind="edit", path=edits[0].path if edits else None, args=args, edits=edits)
    if kind in ("edit", "write") and path:
        old = "" if kind == "write" else _first(fields, _OLD_FIELDS) or ""
        edit = FileEdit(path, old, _first(fields, _NEW_FIELDS) or "")
        return Call(tool=name, kind=kind, path=path, args=args, edits=(edit,))
    return Call(tool=name, kind=kind, path=path, args=args)


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := string(fields.get(name)))), None)


def _shell(fields: dict[str, Any]) -> str | None:
    for name in _SHELL_FIELDS:
        value = fields.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return None
