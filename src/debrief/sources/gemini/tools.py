"""A tool's name and arguments as the Gemini family records them in, what an event of ours needs out."""

from typing import Any

from debrief.model import FileEdit, ToolKind
from debrief.sources.calls import Call
from debrief.sources.records import compact_json, mapping, sequence, string

KINDS: dict[str, ToolKind] = {
    "run_shell_command": "shell",
    "run_command": "shell",
    "shell": "shell",
    "monitor": "shell",
    "send_command_input": "shell",
    "read_background_output": "shell",
    "command_status": "shell",
    "read_file": "read",
    "read_many_files": "read",
    "view_file": "read",
    "view_file_outline": "read",
    "view_code_item": "read",
    "view_content_chunk": "read",
    "get_internal_docs": "read",
    "list_directory": "search",
    "ls": "search",
    "list_dir": "search",
    "glob": "search",
    "grep": "search",
    "grep_search": "search",
    "find_by_name": "search",
    "codebase_search": "search",
    "search_file_content": "search",
    "search_in_file": "search",
    "xml_escape_file_search": "search",
    "lsp": "search",
    "replace": "edit",
    "edit": "edit",
    "multi_edit": "edit",
    "notebook_edit": "edit",
    "replace_file_content": "edit",
    "multi_replace_file_content": "edit",
    "write_file": "write",
    "write_to_file": "write",
    "web_fetch": "fetch",
    "google_web_search": "fetch",
    "web_search": "fetch",
    "search_web": "fetch",
    "read_url_content": "fetch",
    "browser_subagent": "agent",
    "write_todos": "plan",
    "todo_write": "plan",
    "enter_plan_mode": "plan",
    "exit_plan_mode": "plan",
    "update_topic": "plan",
    "task_boundary": "plan",
    "task_create": "plan",
    "task_update": "plan",
    "task_list": "plan",
    "task_get": "plan",
    "agent": "agent",
    "task": "agent",
    "delegate_to_agent": "agent",
    "invoke_agent": "agent",
    "codebase_investigator": "agent",
    "cli_help": "agent",
    "cli_help_agent": "agent",
    "generalist": "agent",
    "generalist_agent": "agent",
    "browser_agent": "agent",
    "ask_user": "ask",
    "ask_user_question": "ask",
    "notify_user": "ask",
}

_PATHS = (
    *("file_path", "absolute_path", "path", "filePath", "notebook_path", "dir_path", "directory"),
    *("TargetFile", "AbsolutePath", "DirectoryPath", "SearchPath", "SearchDirectory", "File", "Url"),
)

_WITH_PATH = frozenset({"read", "search", "edit", "write"})


def kind_of(tool: str) -> ToolKind:
    """What a tool of this name does."""
    name = tool.rpartition(":")[2]
    known = KINDS.get(name)
    if known is not None:
        return known
    return "mcp" if name.startswith(("mcp_", "mcp-")) or "__" in name else "other"


def call_of(tool: str, given: object) -> Call:
    """`tool` called with `given`."""
    args = mapping(given)
    kind = kind_of(tool)
    text = given if isinstance(given, str) else compact_json(given) if given else ""
    command = path = None
    edits: tuple[FileEdit, ...] = ()
    if kind == "shell":
        command = string(args.get("command")) or string(args.get("CommandLine")) or ""
    if kind in _WITH_PATH:
        path = next((value for name in _PATHS if (value := string(args.get(name)))), None)
    if kind in ("edit", "write"):
        edits = _edits(path or "", args)
    return Call(tool=tool, kind=kind, command=command, path=path, args=text, edits=edits)


def _edits(path: str, args: dict[str, Any]) -> tuple[FileEdit, ...]:
    whole = _first(args, "content", "CodeContent", "file_content")
    if whole is not None:
        return (FileEdit(path, "", whole),)
    chunks = [args, *map(mapping, sequence(args.get("edits")) or sequence(args.get("ReplacementChunks")))]
    found = []
    for chunk in chunks:
        old = _first(chunk, "old_string", "TargetContent", "old_str")
        new = _first(chunk, "new_string", "ReplacementContent", "new_source", "new_str")
        if old is not None or new is not None:
            found.append(FileEdit(path, old or "", new or ""))
    return tuple(found) or (FileEdit(path),)


def _first(args: dict[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := args.get(name), str)), None)
