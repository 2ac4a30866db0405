"""Tool calls of the family: a name and arguments in, what kind of tool it is and what it is told to do out.

A tool has one name where the model calls it (`write_to_file`) and another where the panel shows it
(`newFileCreated`). Older versions have the model write its calls as tags into its text: those are found here
too.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from debrief.model import FileEdit, ToolKind
from debrief.sources.calls import Call
from debrief.sources.records import compact_json, mapping, string

_KINDS: dict[str, ToolKind] = {
    "execute_command": "shell",
    "read_command_output": "shell",
    "read_file": "read",
    "simple_read_file": "read",
    "readFile": "read",
    "fetch_instructions": "read",
    "fetchInstructions": "read",
    "load_mcp_documentation": "read",
    "access_mcp_resource": "read",
    "use_skill": "read",
    "useSkill": "read",
    "skill": "read",
    "search_files": "search",
    "searchFiles": "search",
    "list_files": "search",
    "listFilesTopLevel": "search",
    "listFilesRecursive": "search",
    "list_code_definition_names": "search",
    "listCodeDefinitionNames": "search",
    "codebase_search": "search",
    "codebaseSearch": "search",
    "replace_in_file": "edit",
    "apply_diff": "edit",
    "apply_patch": "edit",
    "edit_file": "edit",
    "edit": "edit",
    "search_replace": "edit",
    "search_and_replace": "edit",
    "insert_content": "edit",
    "insertContent": "edit",
    "searchAndReplace": "edit",
    "appliedDiff": "edit",
    "editedExistingFile": "edit",
    "fileDeleted": "edit",
    "delete_file": "edit",
    "write_to_file": "write",
    "new_file": "write",
    "newFileCreated": "write",
    "web_fetch": "fetch",
    "webFetch": "fetch",
    "web_search": "fetch",
    "webSearch": "fetch",
    "browser_action": "fetch",
    "update_todo_list": "plan",
    "updateTodoList": "plan",
    "focus_chain": "plan",
    "task_progress": "plan",
    "switch_mode": "plan",
    "switchMode": "plan",
    "plan_mode_respond": "plan",
    "plan_mode_response": "plan",
    "new_task": "agent",
    "newTask": "agent",
    "use_subagents": "agent",
    "finishTask": "agent",
    "ask_followup_question": "ask",
    "use_mcp_tool": "mcp",
}

COMPLETION = "attempt_completion"
TALKING = frozenset({COMPLETION, "plan_mode_respond", "plan_mode_response", "act_mode_respond"})
"""Tools that only say something to the person."""

_TAGGED = re.compile(
    r"<("
    + "|".join(sorted([name for name in _KINDS if "_" in name] + [COMPLETION, "act_mode_respond"]))
    + r")>"
)
_ARGUMENT = re.compile(r"<([a-z_]{1,40})>")
_EDITS_KEPT = 200


class Tagged(Struct, frozen=True):
    """A call that stands as tags in a text: from `start` to `end`; `arguments` by name."""

    start: int
    end: int
    name: str
    arguments: dict[str, Any]


def tool_call(name: str, arguments: dict[str, Any]) -> Call:
    """Describe a call of the tool `name`, as the model calls it or as the panel shows it."""
    kind = "mcp" if name.startswith(("mcp--", "mcp__")) else _KINDS.get(name, "other")
    args = compact_json(arguments) if arguments else ""
    path = string(arguments.get("path")) or string(arguments.get("file_path"))
    if kind == "shell":
        command = arguments.get("command")
        return Call(tool=name, kind=kind, command=command if isinstance(command, str) else "", args=args)
    if kind == "mcp":
        server, tool = string(arguments.get("server_name")), string(arguments.get("tool_name"))
        named = f"mcp__{server}__{tool}" if server and tool else name
        return Call(tool=named, kind=kind, args=args)
    if kind in ("edit", "write"):
        return Call(tool=name, kind=kind, path=path, args=args, edits=_edits(kind, path, arguments))
    if kind == "read" and path is None:
        path = _first_file(arguments)
    return Call(tool=name, kind=kind, path=path, args=args)


def tagged_calls(text: str) -> Iterator[Tagged]:
    """The calls that a model wrote as tags into its answer, in order; the last one may break off."""
    position = 0
    while (opening := _TAGGED.search(text, position)) is not None:
        name = opening.group(1)
        end = text.find(f"</{name}>", opening.end())
        inner = text[opening.end() : end if end >= 0 else len(text)]
        position = end + len(name) + 3 if end >= 0 else len(text)
        yield Tagged(opening.start(), position, name, _arguments(inner))


def _arguments(inner: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    position = 0
    while (opening := _ARGUMENT.search(inner, position)) is not None:
        name = opening.group(1)
        closing = f"</{name}>"
        # What is written into a file may hold any tag, its own too: the last closing one ends it.
        whole_file = name in ("content", "diff", "args", "arguments")
        end = (inner.rfind if whole_file else inner.find)(closing, opening.end())
        found[name] = inner[opening.end() : end if end >= 0 else len(inner)].strip("\n")
        if end < 0:
            break
        position = end + len(closing)
    if "path" not in found and "args" in found:
        path = re.search(r"<path>(.{1,1024}?)</path>", found["args"], re.DOTALL)
        if path is not None:
            found["path"] = path.group(1).strip()
    return found


def _edits(kind: ToolKind, path: str | None, arguments: dict[str, Any]) -> tuple[FileEdit, ...]:
    if not path:
        return ()
    diff = string(arguments.get("diff"))
    content = string(arguments.get("content")) or string(arguments.get("new_str")) or ""
    if kind == "write":
        return (FileEdit(path=path, new=content or diff or ""),)
    old, new = arguments.get("old_string"), arguments.get("new_string")
    if isinstance(old, str) and isinstance(new, str):
        return (FileEdit(path=path, old=old, new=new),)
    edits = [FileEdit(path=path, old=old, new=new) for old, new in _replacements(diff or content)]
    if not edits and (diff or content):
        return (FileEdit(path=path, new=diff or content),)
    return tuple(edits)


def _replacements(diff: str) -> list[tuple[str, str]]:
    """The blocks of a diff as the family writes it: SEARCH, what is there, ===, what shall be, REPLACE."""
    found: list[tuple[str, str]] = []
    sides: tuple[list[str], list[str]] = ([], [])
    side: int | None = None
    for line in diff.splitlines(keepends=True):
        mark = line.strip()
        if mark.startswith(("<<<", "---")) and mark.rstrip(">").endswith("SEARCH"):
            sides, side = ([], []), 0
        elif side == 0 and len(mark) > len("==") and not mark.strip("="):
            side = 1
        elif side == 1 and mark.startswith((">>>", "+++")) and mark.rstrip(">").endswith("REPLACE"):
            found.append(("".join(sides[0]), "".join(sides[1])))
            side = None
            if len(found) == _EDITS_KEPT:
                break
        elif side == 0 and (mark.startswith((":start_line:", ":end_line:")) or mark == "-------"):
            sides[0].clear()
        elif side is not None:
            sides[side].append(line)
    return found


def _first_file(arguments: dict[str, Any]) -> str | None:
    files = arguments.get("files")
    for one in files if isinstance(files, list) else []:
        path = one if isinstance(one, str) else string(mapping(one).get("path"))
        if path:
            return path
    return None
