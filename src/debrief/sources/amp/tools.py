"""Amp's tools: a name and its input, or a run, in; what kind of call it is, and how it ended, out."""

from typing import Any

from debrief.model import FileEdit, Outcome, ToolKind
from debrief.sources.calls import Call
from debrief.sources.paired import Ended
from debrief.sources.patches import patch_edits
from debrief.sources.records import compact_json, mapping, string

_KINDS: dict[str, ToolKind] = {
    "Bash": "shell",
    "shell_command": "shell",
    "Read": "read",
    "read_file": "read",
    "view_media": "read",
    "look_at": "read",
    "Grep": "search",
    "glob": "search",
    "Glob": "search",
    "list_directory": "search",
    "finder": "search",
    "codebase_search_agent": "search",
    "find_thread": "search",
    "get_diagnostics": "search",
    "edit_file": "edit",
    "apply_patch": "edit",
    "undo_edit": "edit",
    "format_file": "edit",
    "create_file": "write",
    "web_search": "fetch",
    "read_web_page": "fetch",
    "todo_write": "plan",
    "todo_read": "plan",
    "Task": "agent",
    "oracle": "agent",
    "librarian": "agent",
    "handoff": "agent",
}

_OUTCOMES: dict[str, Outcome] = {
    "done": "ok",
    "error": "error",
    "cancelled": "interrupted",
    "rejected-by-user": "rejected",
}


def call_of(name: str, given: object) -> Call:
    """The call of the tool `name` with the input `given`."""
    fields = mapping(given)
    kind = _KINDS.get(name, "mcp" if name.startswith("mcp__") else "other")
    path = string(fields.get("path")) or string(fields.get("file_path"))
    command = string(fields.get("cmd")) or string(fields.get("command"))
    edits = _edits(name, fields, path) if kind in ("edit", "write") else ()
    return Call(
        tool=name,
        kind=kind,
        command=(command or "") if kind == "shell" else None,
        path=path or (edits[0].path if edits else None),
        args=given if isinstance(given, str) else compact_json(given) if given else "",
        edits=edits,
    )


def _edits(name: str, fields: dict[str, Any], path: str | None) -> tuple[FileEdit, ...]:
    patch = string(fields.get("patchText")) or string(fields.get("patch")) or string(fields.get("input"))
    if name == "apply_patch" and patch:
        return patch_edits(patch)
    if path is None or name in ("undo_edit", "format_file"):
        return ()
    if name == "create_file":
        return (FileEdit(path, "", string(fields.get("content")) or ""),)
    return (FileEdit(path, string(fields.get("old_str")) or "", string(fields.get("new_str")) or ""),)


def ended(run: dict[str, Any]) -> Ended | None:
    """How a run ended; None where it has not (it waits, or for a person)."""
    status = string(run.get("status")) or ""
    outcome = _OUTCOMES.get(status)
    if outcome is None:
        return Ended("unknown", _text(run.get("result"))) if "result" in run else None
    result = run.get("result")
    code = _exit_code(result)
    if outcome == "ok" and ((code is not None and code != 0) or mapping(result).get("success") is False):
        outcome = "error"
    text = _text(result)
    if not text and outcome != "ok":
        error = run.get("error")
        text = string(error) or string(mapping(error).get("message")) or string(run.get("reason")) or ""
    return Ended(outcome, text, code)


def _exit_code(result: object) -> int | None:
    code = mapping(result).get("exitCode")
    return code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31 else None


def _text(result: object) -> str:
    """The words of a result: a string, or of an object the field that holds them."""
    if isinstance(result, str):
        return result
    if isinstance(result, dict):
        for name in ("output", "content", "diff"):
            if isinstance(result.get(name), str):
                return str(result[name])
    if isinstance(result, list) and all(isinstance(item, str) for item in result):
        return "\n".join(result)
    return compact_json(result) if result is not None else ""
