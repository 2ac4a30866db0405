"""Codex's tool calls: a name and arguments in, what kind of tool it is and what it is told to do out."""

from typing import Any

import msgspec

from debrief.model import ToolKind
from debrief.sources import calls
from debrief.sources.calls import fields_of
from debrief.sources.codex.shell import script_of
from debrief.sources.patches import patch_edits, patch_in_command
from debrief.sources.records import compact_json, string

_KINDS: dict[str, ToolKind] = {
    "exec_command": "shell",
    "shell": "shell",
    "shell_command": "shell",
    "local_shell": "shell",
    "container.exec": "shell",
    "unified_exec": "shell",
    "write_stdin": "shell",
    "kill_session": "shell",
    "apply_patch": "edit",
    "read_file": "read",
    "view_image": "read",
    "read_mcp_resource": "read",
    "list_dir": "search",
    "grep_files": "search",
    "tool_search": "search",
    "list_mcp_resources": "search",
    "list_mcp_resource_templates": "search",
    "update_plan": "plan",
    "create_goal": "plan",
    "update_goal": "plan",
    "get_goal": "plan",
    "web_search": "fetch",
    "web.run": "fetch",
    "spawn_agent": "agent",
    "spawn_agents_on_csv": "agent",
    "send_input": "agent",
    "send_message": "agent",
    "followup_task": "agent",
    "resume_agent": "agent",
    "wait": "agent",
    "wait_agent": "agent",
    "list_agents": "agent",
    "interrupt_agent": "agent",
    "close_agent": "agent",
    "report_agent_job_result": "agent",
    "request_user_input": "ask",
    "request_permissions": "ask",
}

_PATH_FIELDS = ("path", "file_path", "dir_path", "filename")


class Call(calls.Call, frozen=True, kw_only=True):
    """A call. `session` is the running command that it speaks to."""

    session: str | None = None


def tool_call(name: str, namespace: str | None, arguments: object) -> Call:
    """Describe a call of the tool `name`; `arguments` are JSON text, an object, or free text."""
    kind = _KINDS.get(name, "other")
    fields = fields_of(arguments)
    args = arguments if isinstance(arguments, str) else compact_json(arguments) if arguments else ""
    if name.startswith("mcp__") or (namespace and (namespace.startswith("mcp__") or kind == "other")):
        tool = f"{namespace}__{name.lstrip('_')}" if namespace else name
        return Call(tool=tool, kind="mcp", path=_path(fields), args=args)
    if kind == "shell" or (name == "exec" and string(fields.get("cmd"))):
        return _shell_call(name, fields, args)
    if kind == "edit":
        patch = string(fields.get("input")) or string(fields.get("patch")) or args
        return _patch_call(name, patch, args)
    return Call(tool=name, kind=kind, path=_path(fields), args=args)


def shell_call(name: str, command: object, args: str) -> Call:
    """Describe the running of `command`, a list of words or one string."""
    script = script_of(command)
    patch = patch_in_command(script)
    if patch is not None:
        call = _patch_call(name, patch, args)
        return msgspec.structs.replace(call, command=script)
    return Call(tool=name, kind="shell", command=script, args=args)


def _shell_call(name: str, fields: dict[str, Any], args: str) -> Call:
    session = fields.get("session_id")
    if name in ("write_stdin", "kill_session"):
        typed = (string(fields.get("chars")) or "").strip() or None
        return Call(
            tool=name,
            kind="shell",
            command=typed,
            args=args,
            session=str(session) if isinstance(session, int | str) else None,
        )
    command = fields.get("cmd") or fields.get("command")
    if command is None and not fields:
        command = args
    return shell_call(name, command, args)


def _patch_call(name: str, patch: str, args: str) -> Call:
    edits = patch_edits(patch)
    return Call(tool=name, kind="edit", path=edits[0].path if edits else None, args=args, edits=edits)


def _path(fields: dict[str, Any]) -> str | None:
    return next((path for field in _PATH_FIELDS if (path := string(fields.get(field)))), None)
