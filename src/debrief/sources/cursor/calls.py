"""Cursor's tool calls: a name and arguments in, what kind of tool it is and what it is told to do out.

One tool has many names: `Shell` in transcripts, `shellToolCall` in the headless stream, `run_terminal_cmd` in
older versions of both.
"""

from typing import Any

from debrief.model import FileEdit, ToolKind
from debrief.sources.calls import Call, fields_of
from debrief.sources.patches import EDITS_KEPT, patch_edits
from debrief.sources.records import compact_json, mapping, sequence, string

_KINDS: dict[str, ToolKind] = {
    "shell": "shell",
    "bash": "shell",
    "runterminalcmd": "shell",
    "runterminalcommand": "shell",
    "read": "read",
    "readfile": "read",
    "readlints": "read",
    "grep": "search",
    "grepsearch": "search",
    "ripgrep": "search",
    "glob": "search",
    "globfilesearch": "search",
    "filesearch": "search",
    "ls": "search",
    "listdir": "search",
    "semanticsearch": "search",
    "semsearch": "search",
    "codebasesearch": "search",
    "strreplace": "edit",
    "searchreplace": "edit",
    "edit": "edit",
    "editfile": "edit",
    "multiedit": "edit",
    "editnotebook": "edit",
    "applypatch": "edit",
    "delete": "edit",
    "deletefile": "edit",
    "write": "write",
    "createfile": "write",
    "websearch": "fetch",
    "webfetch": "fetch",
    "fetch": "fetch",
    "todowrite": "plan",
    "updatetodos": "plan",
    "readtodos": "plan",
    "createplan": "plan",
    "task": "agent",
    "agent": "agent",
    "subagent": "agent",
    "askquestion": "ask",
    "askfollowupquestion": "ask",
}

_PATH_FIELDS = (
    *("path", "file_path", "filePath", "target_file", "targetFile", "target_notebook"),
    *("relative_workspace_path", "target_directory", "targetDirectory"),
)
_OLD_FIELDS = ("old_string", "oldString", "old_str", "oldText")
_NEW_FIELDS = (
    *("new_string", "newString", "new_str", "newText", "contents", "content", "fileText", "file_text"),
    *("streamContent", "code_edit"),
)


def tool_call(name: str, arguments: object) -> Call:
    """Describe a call of the tool `name`; `arguments` are an object, the JSON text of one, or free text."""
    fields = fields_of(arguments)
    args = arguments if isinstance(arguments, str) else compact_json(arguments) if arguments else ""
    plain = _plain(name)
    if plain in ("mcp", "callmcptool"):
        return _of_server(_server(fields), fields, args)
    if plain == "calldynamictool":
        inner = string(fields.get("toolName"))
        server = string(fields.get("namespace"))
        if inner and server in (None, "cursor"):
            return tool_call(inner, fields.get("arguments"))
        return _of_server(server, fields, args)
    if name.startswith(("mcp_", "mcp-")):
        return Call(tool=name, kind="mcp", path=_first(fields, _PATH_FIELDS), args=args)
    return _own_call(name, plain, fields, args)


def _own_call(name: str, plain: str, fields: dict[str, Any], args: str) -> Call:
    kind = _KINDS.get(plain, "other")
    if kind == "shell":
        command = _first(fields, ("command", "cmd"))
        return Call(tool=name, kind=kind if command else "other", command=command, args=args)
    if plain == "applypatch":
        edits = patch_edits(_first(fields, ("patch", "input")) or args)
        return Call(tool=name, kind="edit", path=edits[0].path if edits else None, args=args, edits=edits)
    path = _first(fields, _PATH_FIELDS)
    if kind in ("edit", "write") and path:
        return Call(tool=name, kind=kind, path=path, args=args, edits=_edits(path, fields))
    return Call(tool=name, kind=kind, path=path, args=args)


def _of_server(server: str | None, fields: dict[str, Any], args: str) -> Call:
    tool = _first(fields, ("toolName", "tool_name", "name")) or "unknown"
    return Call(tool=f"mcp__{server or 'unknown'}__{tool}", kind="mcp", args=args)


def _server(fields: dict[str, Any]) -> str | None:
    return _first(fields, ("providerIdentifier", "serverIdentifier", "server", "serverName"))


def _edits(path: str, fields: dict[str, Any]) -> tuple[FileEdit, ...]:
    several = [mapping(edit) for edit in sequence(fields.get("edits"))[:EDITS_KEPT]]
    return tuple(
        FileEdit(path, _first(edit, _OLD_FIELDS) or "", _first(edit, _NEW_FIELDS) or "")
        for edit in several or [fields]
    )


def _plain(name: str) -> str:
    return name.removesuffix("ToolCall").replace("_", "").replace("-", "").lower()


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := string(fields.get(name)))), None)
