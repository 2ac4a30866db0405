"""Trajectories that people labelled step by step go in, Sessions and their labels come out.

The study's files are not a format of the product: each holds the calls, in order, as literals of Python; the
results stand in a file beside them. Ours is the adapter alone.
"""

import ast
import csv
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from debrief.model import Event, FileEdit, Outcome, Session, ToolKind

DATASET: Final = "llm_agents_study_openhands"
_FOLDER: Final = "llm_agents_study"
_ACTIONS: Final = "trajectories/openhands/parsed/actions_actions"
_RESULTS: Final = "trajectories/openhands/parsed/results_actions"
_ACTION: Final = re.compile(r"^Action at iteration (\d+): ", re.MULTILINE)
_RESULT: Final = re.compile(r"^(Result|Action) at iteration (\d+): ?", re.MULTILINE)
_EXIT: Final = re.compile(r"(?:exit code:? |returned non-zero |exit status )(\d{1,3})")
_NEXT: Final = "; Next action: {"
"""A result may be followed by the call that comes next."""


class Labelled(NamedTuple):
    """A session, and of each of its steps the category; between steps the relation."""

    name: str
    session: Session
    categories: tuple[str, ...]
    relations: tuple[str, ...]


def labelled(data: Path, name: str) -> Labelled:
    """One trajectory. Steps without a category are left out of both."""
    folder = data / _FOLDER
    categories = {
        int(line["iteration"]): line["category"]
        for line in _csv(folder / "openhands_csv/actions_categories" / f"{name}.csv")
    }
    relations = tuple(line["label"] for line in _csv(folder / "openhands_csv/action_action" / f"{name}.csv"))
    actions = _texts(_read(folder / _ACTIONS / f"{name}.txt.gz"), _ACTION)
    results = _texts(_read(folder / _RESULTS / f"{name}.txt.gz"), _RESULT)
    kept = [number for number in actions if number in categories]
    events: list[Event] = []
    for number in kept:
        events += _events(len(events), actions[number], results.get(number, ""))
    return Labelled(name, _session(name, events), tuple(categories[number] for number in kept), relations)


def _read(path: Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as text:
        return text.read()


def _csv(path: Path) -> Iterator[dict[str, str]]:
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)


def _texts(text: str, head: re.Pattern[str]) -> dict[int, str]:
    """What stands under each head, by its number; heads of another kind end a text."""
    found: dict[int, str] = {}
    marks = list(head.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        if len(mark.groups()) == 1 or mark.group(1) == "Result":
            found.setdefault(int(mark.groups()[-1]), text[mark.end() : end].strip())
    return found


def _events(start: int, action: str, result: str) -> tuple[Event, Event]:
    """The call and its result."""
    call_id = f"call-{start}"
    tool, arguments = _call(action)
    command = arguments.get("command", "")
    path = arguments.get("path")
    edits: tuple[FileEdit, ...] = ()
    kind: ToolKind = "other"
    shell = None
    if path is None and command:
        kind, shell = "shell", command
    elif command == "view":
        kind = "read"
    elif command == "create":
        kind, edits = "write", (FileEdit(path=path or "", new=arguments.get("file_text", "")),)
    elif path:
        old, new = arguments.get("old_str", ""), arguments.get("new_str", "")
        kind, edits = "edit", (FileEdit(path=path, old=old, new=new),)
    asked = Event(
        ordinal=start,
        kind="tool_call",
        actor="assistant",
        call_id=call_id,
        tool=tool,
        tool_kind=kind,
        command=shell,
        path=path,
        edits=edits,
    )
    code = _EXIT.search(result[-300:]) if kind == "shell" else None
    failed = (code is not None and code.group(1) != "0") or result.startswith("ERROR:")
    outcome: Outcome = "error" if failed else "unknown" if kind == "shell" and code is None else "ok"
    answered = Event(
        ordinal=start + 1,
        kind="tool_result",
        actor="tool",
        call_id=call_id,
        tool=tool,
        tool_kind=kind,
        text=result.split(_NEXT, 1)[0],
        outcome=outcome,
        exit_code=int(code.group(1)) if code else None,
    )
    return asked, answered


def _call(action: str) -> tuple[str, dict[str, Any]]:
    try:
        told = ast.literal_eval(action)
        arguments = json.loads(told["arguments"])
    except (ValueError, SyntaxError, KeyError, TypeError):
        return "unreadable", {}
    return str(told.get("name", "")), arguments if isinstance(arguments, dict) else {}


def _session(name: str, events: list[Event]) -> Session:
    return Session(
        format="study",
        parser_version=1,
        native_id=name,
        agent="study",
        end_state="unknown",
        events=tuple(events),
    )
