"""OpenCode's tools: a name and its input, in; what kind of call it is, and how it ended, out."""

import re
from typing import Any

from debrief.model import FileEdit, Outcome, ToolKind
from debrief.sources.calls import Call
from debrief.sources.paired import Ended

# OpenCode's tool for patches takes them in Codex's notation.
from debrief.sources.patches import patch_edits
from debrief.sources.records import compact_json, count, mapping, sequence, string

_KINDS: dict[str, ToolKind] = {
    "bash": "shell",
    "shell": "shell",
    "read": "read",
    "grep": "search",
    "glob": "search",
    "list": "search",
    "ls": "search",
    "codesearch": "search",
    "lsp": "search",
    "lsp_diagnostics": "search",
    "lsp_hover": "search",
    "edit": "edit",
    "multiedit": "edit",
    "patch": "edit",
    "apply_patch": "edit",
    "write": "write",
    "webfetch": "fetch",
    "websearch": "fetch",
    "todowrite": "plan",
    "todoread": "plan",
    "plan_enter": "plan",
    "plan_exit": "plan",
    "task": "agent",
    "subagent": "agent",
    "actor": "agent",
    "question": "ask",
    "skill": "other",
    "batch": "other",
    "invalid": "other",
}

_REJECTED = re.compile(
    r"user rejected permission|specified a rule which prevents|user (?:has )?dismissed this question",
    re.IGNORECASE,
)
_ABORTED = re.compile(
    r"^(?:\[?Tool execution (?:was )?(?:aborted|interrupted)|The operation was aborted)", re.IGNORECASE
)
_ABORTED_COMMAND = re.compile(r"<(?:bash_|shell_)?metadata>\s[^<]*\bUser aborted the command")


def call_of(tool: str, given: object) -> Call:
    """The call of `tool` with the input `given`."""
    fields = mapping(given)
    kind = _KINDS.get(tool)
    if kind is None:
        # A server's tools are named by server and tool; a project's own have mostly one word.
        kind = "mcp" if "_" in tool else "other"
    path = string(fields.get("filePath")) or string(fields.get("path")) or string(fields.get("file_path"))
    edits = _edits(tool, fields, path) if kind in ("edit", "write") else ()
    return Call(
        tool=tool,
        kind=kind,
        command=(string(fields.get("command")) or "") if kind == "shell" else None,
        path=path or (edits[0].path if edits else None),
        args=given if isinstance(given, str) else compact_json(given) if given else "",
        edits=edits,
    )


def _edits(tool: str, fields: dict[str, Any], path: str | None) -> tuple[FileEdit, ...]:
    patch = string(fields.get("patchText")) or string(fields.get("patch"))
    if patch:
        return patch_edits(patch)
    if not path:
        return ()
    if tool == "write":
        return (FileEdit(path, "", string(fields.get("content")) or ""),)
    several = [mapping(edit) for edit in sequence(fields.get("edits"))] or [fields]
    return tuple(
        FileEdit(
            string(edit.get("filePath")) or path,
            string(edit.get("oldString")) or "",
            string(edit.get("newString")) or "",
        )
        for edit in several
    )


def ended(call: Call, state: dict[str, Any], duration_ms: int | None) -> Ended | None:
    """How the call of `state` ended; None where it has not.

    A command that fails is `completed` all the same: only its exit code tells.
    """
    status = string(state.get("status")) or ""
    metadata = mapping(state.get("metadata"))
    text = string(state.get("output")) or ""
    if status in ("pending", "running", "streaming"):
        return None
    if status == "error":
        error = string(state.get("error")) or string(mapping(state.get("error")).get("message")) or text
        return Ended(_error_outcome(error, metadata), error or text, None, duration_ms)
    code = _exit_code(metadata)
    outcome: Outcome
    if call.kind == "shell" and _ABORTED_COMMAND.search(text[-400:]):
        outcome = "interrupted"
    elif code is not None:
        outcome = "ok" if code == 0 else "error"
    elif call.tool == "invalid":
        # A call whose name or input was wrong is handed to this tool, which only says so.
        outcome = "error"
    else:
        outcome = "ok" if status in ("completed", "success") else "unknown"
    return Ended(outcome, text, code, duration_ms)


def _exit_code(metadata: dict[str, Any]) -> int | None:
    code = metadata.get("exit")
    if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31:
        return code
    return count(code)


def _error_outcome(error: str, metadata: dict[str, Any]) -> Outcome:
    if _REJECTED.search(error[:400]):
        return "rejected"
    if metadata.get("interrupted") is True or _ABORTED.match(error):
        return "interrupted"
    return "error"


def child_of(state: dict[str, Any]) -> str | None:
    """The session of the sub-agent that this call started."""
    metadata = mapping(state.get("metadata"))
    return string(metadata.get("sessionId")) or string(metadata.get("sessionID"))
