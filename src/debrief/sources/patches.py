"""Patches in the notation of `apply_patch`, and records of changed files, as `FileEdit`s.

Several agents hand edits to their tools in it. It has no line numbers and no counts: `*** Update File:` opens
a file, `@@` a hunk, and each line of a hunk begins with a space, a minus or a plus.
"""

import re
from collections.abc import Iterator

from debrief.model import FileEdit
from debrief.sources.records import mapping, string

EDITS_KEPT = 200
"""Edits of one call that are kept; a patch of more hunks is generated, not written."""

_FILE = re.compile(r"\*\*\* (Add|Update|Delete) File: (.+)")
_CALLS_TOOL = re.compile(r"(?:^|[\s;&|])(?:apply_patch|applypatch)\b")


def patch_in_command(command: str | None) -> str | None:
    """The patch that a shell command hands to the patch tool (a here-document, mostly), else None."""
    if not command or "*** Begin Patch" not in command or not _CALLS_TOOL.search(command):
        return None
    start = command.index("*** Begin Patch")
    end = command.find("*** End Patch", start)
    return command[start:] if end < 0 else command[start : end + len("*** End Patch")]


def patch_edits(patch: str) -> tuple[FileEdit, ...]:
    """The edits of `patch`, one for each hunk; a file that is named without any hunk gives one empty edit."""
    edits: list[FileEdit] = []
    for action, path, lines in _files(patch):
        if action == "Add":
            edits.append(FileEdit(path, "", "".join(f"{line[1:]}\n" for line in lines if line[:1] == "+")))
        elif action == "Delete":
            edits.append(FileEdit(path))
        else:
            hunks = list(_hunks(path, lines))
            edits.extend(hunks or [FileEdit(path)])
        if len(edits) >= EDITS_KEPT:
            break
    return tuple(edits[:EDITS_KEPT])


def change_edits(changes: object) -> tuple[FileEdit, ...]:
    """The edits of a record of changed files: `{path: {type, content | unified_diff}}`."""
    edits: list[FileEdit] = []
    for path, value in list(mapping(changes).items())[:EDITS_KEPT]:
        change = mapping(value)
        # Two spellings: {"type": "add", "content": ...} and the older {"add": {"content": ...}}.
        kind = string(change.get("type")) or next(iter(change), "")
        body = change if "type" in change else mapping(change.get(kind))
        content = string(body.get("content")) or ""
        if kind == "add":
            edits.append(FileEdit(path, "", content))
        elif kind == "delete":
            edits.append(FileEdit(path, content, ""))
        else:
            diff = string(body.get("unified_diff")) or ""
            edits.extend(list(_hunks(path, diff.splitlines())) or [FileEdit(path)])
    return tuple(edits[:EDITS_KEPT])


def _files(patch: str) -> Iterator[tuple[str, str, list[str]]]:
    action = path = ""
    lines: list[str] = []
    for line in patch.splitlines():
        opening = _FILE.match(line)
        if opening or line.startswith(("*** Begin Patch", "*** End Patch")):
            if path:
                yield action, path, lines
            action, path, lines = "", "", []
            if opening:
                action, path = opening.group(1), opening.group(2).strip()
        elif path and not line.startswith(("*** Move to:", "*** End of File")):
            lines.append(line)
    if path:
        yield action, path, lines


def _hunks(path: str, lines: list[str]) -> Iterator[FileEdit]:
    old: list[str] = []
    new: list[str] = []
    changed = False
    for line in [*lines, "@@"]:
        if line.startswith("@@"):
            if changed:
                yield FileEdit(path, "".join(old), "".join(new))
            old, new, changed = [], [], False
            continue
        mark, content = line[:1], f"{line[1:]}\n"
        changed = changed or mark in ("-", "+")
        if mark != "+":
            old.append(content)
        if mark != "-":
            new.append(content)
