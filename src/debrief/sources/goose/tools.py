"""Goose's tools: a request or a response, in; what kind of call it is, and how it ended, out."""

import re
from typing import Any

from debrief.model import FileEdit, Outcome, ToolKind
from debrief.sources.calls import Call
from debrief.sources.paired import Ended
from debrief.sources.records import compact_json, count, mapping, sequence, string

# Tools are named extension__tool; these extensions are Goose's own hands, and newer versions leave them out.
_OWN = frozenset({"", "developer", "platform", "todo", "summon", "subagent", "dynamic_task"})

_KINDS: dict[str, ToolKind] = {
    "shell": "shell",
    "bash": "shell",
    "read": "read",
    "view": "read",
    "read_image": "read",
    "tree": "search",
    "list": "search",
    "glob": "search",
    "grep": "search",
    "rg": "search",
    "search": "search",
    "analyze": "search",
    "edit": "edit",
    "str_replace": "edit",
    "write": "write",
    "todo_write": "plan",
    "todo_read": "plan",
    "delegate": "agent",
    "subagent": "agent",
    "create_task": "agent",
    "execute_task": "agent",
    "create_dynamic_task": "agent",
    "run_task": "agent",
}
_EDITOR: dict[str, ToolKind] = {"view": "read", "write": "write", "create": "write"}

_FETCHES = frozenset({"computercontroller__web_scrape", "computercontroller__web_search"})

_REJECTED = re.compile(r"The user has declined to run this tool|the tool call was skipped in goose chat mode")
_INTERRUPTED = re.compile(r"(?:\[?\s*)?Interrupted by the user|-32\d{3}: Interrupted by the user")
_EXITED = re.compile(
    r"\b(?:exited|failed|exit) (?:with )?(?:code|status)[: ]+(-?\d{1,9})\s*\.?\s*$", re.IGNORECASE
)


def call_of(request: dict[str, Any]) -> Call:
    """The call of a `toolRequest`; one that the model wrote wrong has no name."""
    asked = mapping(request.get("toolCall"))
    value = mapping(asked.get("value"))
    name = string(value.get("name"))
    if name is None:
        error = asked.get("error")
        return Call(
            tool="unknown", kind="other", args=string(error) or (compact_json(error) if error else "")
        )
    given = value.get("arguments")
    fields = mapping(given)
    kind = _kind(name, fields)
    path = string(fields.get("path")) or string(fields.get("file_path")) or string(fields.get("source"))
    return Call(
        tool=name,
        kind=kind,
        command=(string(fields.get("command")) or "") if kind == "shell" else None,
        path=path,
        args=given if isinstance(given, str) else compact_json(given) if given else "",
        edits=_edits(kind, path, fields),
    )


def _kind(name: str, fields: dict[str, Any]) -> ToolKind:
    extension, _, tool = name.rpartition("__")
    if name in _FETCHES:
        return "fetch"
    if extension not in _OWN:
        return "mcp"
    if tool == "text_editor":
        return _EDITOR.get(string(fields.get("command")) or "", "edit")
    return _KINDS.get(tool, "other")


def _edits(kind: ToolKind, path: str | None, fields: dict[str, Any]) -> tuple[FileEdit, ...]:
    if path is None or kind not in ("edit", "write"):
        return ()
    if kind == "write":
        text = string(fields.get("content")) or string(fields.get("file_text")) or ""
        return (FileEdit(path, "", text),)
    old = string(fields.get("before")) or string(fields.get("old_str")) or ""
    new = string(fields.get("after")) or string(fields.get("new_str")) or string(fields.get("insert_text"))
    return (FileEdit(path, old, new or ""),)


def ended(response: dict[str, Any], call_kind: ToolKind | None) -> Ended:
    """How the call ended that a `toolResponse` answers."""
    result = mapping(response.get("toolResult"))
    value = result.get("value")
    error = result.get("error")
    if result.get("status") == "error" or (error and value is None):
        text = (
            string(error) or string(mapping(error).get("message")) or (compact_json(error) if error else "")
        )
        return Ended(_refused(text) or "error", text)
    body = mapping(value)
    text = content_text(value if isinstance(value, list) else body.get("content"))
    structured = mapping(body.get("structuredContent"))
    if not text and structured:
        text = compact_json(structured)
    code = _exit_code(structured, text) if call_kind == "shell" else None
    outcome = _refused(text[:400])
    if outcome is None:
        failed = body.get("isError") is True or (code is not None and code != 0)
        known = result.get("status") == "success" or isinstance(value, list | dict)
        outcome = "error" if failed else "ok" if known else "unknown"
    return Ended(outcome, text, code)


def _refused(text: str) -> Outcome | None:
    if _REJECTED.search(text):
        return "rejected"
    return "interrupted" if _INTERRUPTED.match(text) else None


def _exit_code(structured: dict[str, Any], text: str) -> int | None:
    for name in ("exit_code", "exitCode", "code"):
        code = structured.get(name)
        if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31:
            return code
    found = _EXITED.search(text[-200:])
    return int(found[1]) if found else count(structured.get("status"))


def content_text(content: object) -> str:
    """The text of a tool's content: what is meant for the model, where the same stands twice."""
    items = [mapping(item) for item in sequence(content)]
    told = [item for item in items if "assistant" in _audience(item)] or items
    return "\n".join(text for item in told if (text := _item_text(item)))


def _audience(item: dict[str, Any]) -> list[Any]:
    audience = mapping(item.get("annotations")).get("audience", item.get("audience"))
    return audience if isinstance(audience, list) else ["user", "assistant"]


def _item_text(item: dict[str, Any]) -> str:
    kind = string(item.get("type")) or ""
    if kind == "text":
        return string(item.get("text")) or ""
    if kind == "resource":
        resource = mapping(item.get("resource"))
        return string(resource.get("text")) or f"[resource {string(resource.get('uri')) or ''}]"
    return f"[{kind[:60]}]" if kind else ""
