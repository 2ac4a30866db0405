"""The command line's tools: a call's name and arguments in, what kind it is and what it touches out."""

from typing import Any

from debrief.model import FileEdit, Outcome, ToolKind
from debrief.sources import calls
from debrief.sources.devin.chains import value_of
from debrief.sources.records import compact_json, mapping, sequence, string

_KINDS: dict[str, ToolKind] = {
    "exec": "shell",
    "bash": "shell",
    "shell": "shell",
    "run_command": "shell",
    "write_to_process": "shell",
    "get_output": "shell",
    "kill_shell": "shell",
    "read": "read",
    "read_file": "read",
    "notebook_read": "read",
    "open_file": "read",
    "grep": "search",
    "glob": "search",
    "find": "search",
    "ls": "search",
    "list_dir": "search",
    "codebase_search": "search",
    "find_file_by_name": "search",
    "edit": "edit",
    "multi_edit": "edit",
    "str_replace": "edit",
    "notebook_edit": "edit",
    "apply_patch": "edit",
    "write": "write",
    "create": "write",
    "create_file": "write",
    "write_file": "write",
    "webfetch": "fetch",
    "web_fetch": "fetch",
    "web_search": "fetch",
    "web_get_contents": "fetch",
    "todo_write": "plan",
    "todo_read": "plan",
    "update_plan": "plan",
    "exit_plan_mode": "plan",
    "run_subagent": "agent",
    "read_subagent": "agent",
    "sidekick": "agent",
    "ask_user_question": "ask",
    "mcp_call_tool": "mcp",
    "mcp_list_tools": "mcp",
    "mcp_list_servers": "mcp",
    "mcp_read_resource": "mcp",
}

_PATHS = ("file_path", "path", "notebook_path", "directory", "target_file")
_OLD, _NEW = ("old_string", "old_str", "old_text"), ("new_string", "new_str", "new_text")
_WHOLE = ("content", "file_text", "contents")

_DECLINED = ("reject", "denied", "declin", "permission")
_STOPPED = ("cancel", "interrupt", "abort")


class Call(calls.Call, frozen=True, kw_only=True):
    """A call of the assistant's message, with its id."""

    call_id: str | None = None


def call_of(stated: dict[str, Any], shown: dict[str, Any]) -> Call:
    """A call of the assistant's message; `shown` is what the client was shown of it, differences included."""
    function = mapping(stated.get("function"))
    name = string(stated.get("name")) or string(function.get("name"))
    raw = stated["arguments"] if "arguments" in stated else function.get("arguments")
    value = value_of(raw)
    given = mapping(value)
    kind = _KINDS.get((name or "").lower()) or ("mcp" if (name or "").startswith("mcp__") else "other")
    path = _first(given, _PATHS)
    command = None
    if kind == "shell":
        command = _first(given, ("command", "cmd"))
    edits = _edits(given, path, kind) if kind in {"edit", "write"} else ()
    if not edits and kind in {"edit", "write"}:
        edits = _differences(shown)
    return Call(
        call_id=string(stated.get("id")),
        tool=name or "unnamed tool",
        kind=kind,
        args=raw if isinstance(raw, str) else compact_json(raw) if raw is not None else "",
        command=command,
        path=path or (edits[0].path if edits else None),
        edits=edits,
    )


def outcome_of(extensions: dict[str, Any], exit_code: int | None, status: str | None) -> Outcome:
    """How a call ended: by the tool's own word, else by the exit code, else by what the client was shown."""
    success = mapping(extensions.get("chisel/tool_result_meta")).get("success")
    reason = (string(mapping(extensions.get("chisel/tool_failure")).get("reason")) or "").lower()
    if any(word in reason for word in _DECLINED):
        return "rejected"
    if any(word in reason for word in _STOPPED):
        return "interrupted"
    if success is False or reason or exit_code:
        return "error"
    if success is True or exit_code == 0:
        return "ok"
    return {"completed": "ok", "failed": "error"}.get(status or "", "unknown")  # type: ignore[return-value]


def _edits(given: dict[str, Any], path: str | None, kind: ToolKind) -> tuple[FileEdit, ...]:
    if path is None:
        return ()
    if kind == "write":
        text = _first(given, _WHOLE)
        return (FileEdit(path, "", text),) if text is not None else ()
    several = [mapping(one) for one in sequence(given.get("edits"))] or [given]
    found = [(_first(one, _OLD) or "", _first(one, _NEW) or "") for one in several]
    return tuple(FileEdit(path, old, new) for old, new in found if old or new)


def _differences(shown: dict[str, Any]) -> tuple[FileEdit, ...]:
    found = []
    for one in sequence(shown.get("content")):
        part = mapping(one)
        path = string(part.get("path"))
        if part.get("type") == "diff" and path:
            found.append(FileEdit(path, string(part.get("oldText")) or "", string(part.get("newText")) or ""))
    return tuple(found)


def _first(given: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := string(given.get(name)))), None)
