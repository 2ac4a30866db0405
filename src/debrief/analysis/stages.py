"""Steps go in, what each was for comes out: looking around, searching, trying out, changing, checking.

A family says what a command does; a stage says what it was done for. The same edit prepares the ground where
it makes a folder or an empty file, tries something out where it is made in a script that the session wrote
for that, and changes the work in hand elsewhere.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

from debrief.analysis.programs import named
from debrief.analysis.view import Step

Stage = Literal[
    "look",  # lists folders, reads files
    "search",
    "prepare",  # folders, empty files, dependencies; clears away
    "probe",  # writes a script or a test that shows how things stand
    "change",  # changes what the session is about
    "check",  # runs it, builds it, tests it
    "other",
]

_STAGES: Final[dict[str, Stage]] = {
    "read": "look",
    "search": "search",
    "install": "prepare",
    "run": "check",
    "test": "check",
    "build": "check",
    "lint": "check",
}

HOUSEKEEPING: Final = named("mkdir rmdir rm chmod chown ln touch find")
"""Programs that change what files there are, not what stands in them."""

_LISTS: Final = named("ls ll dir tree exa eza pwd")
_ROOM: Final = re.compile(r"(?:^|/)(?:tmp|temp|scratch)/")
_TRIAL_WORDS: Final = named(
    "repro reproduce reproducer reproduction debug scratch tmp temp mwe poc playground sanity"
)
_TRIAL_PAIR: Final = "edge_case"
_TEST_FILE: Final = re.compile(r"^tests?_|[_.-](?:test|tests|spec)\.[a-z]{1,4}$|^test[a-z]*\.[a-z]{1,4}$")
_WORDS: Final = re.compile(r"[^a-z]+")


def stages(steps: Sequence[Step]) -> list[Stage]:
    """What each of `steps` was for."""
    own = scratch_files(steps)
    return [_stage(step, own) for step in steps]


def scratch_files(steps: Sequence[Step]) -> frozenset[str]:
    """The files that `steps` wrote to try something out: by where they lie, by name, or since removed."""
    made = {path for step in steps for path in _made(step)}
    removed = _removed(steps) if made else frozenset()
    return frozenset(path for path in made if _is_trial(path) or path in removed)


def _is_trial(path: str) -> bool:
    folded = path.replace("\\", "/").lower()
    name = folded.rsplit("/", 1)[-1]
    return (
        _ROOM.search(folded) is not None
        or not _TRIAL_WORDS.isdisjoint(_WORDS.split(name))
        or _TRIAL_PAIR in name
    )


def _made(step: Step) -> list[str]:
    """The files that the step wrote whole."""
    if step.call.tool_kind == "write":
        return [edit.path for edit in step.call.edits if edit.path and not edit.old]
    return [step.target] if step.family == "edit" and step.command and not _tidies(step) else []


def _removed(steps: Sequence[Step]) -> frozenset[str]:
    words = {
        word.strip("'\"")
        for step in steps
        for part in step.parts
        if part.words and part.words[0] == "rm"
        for word in part.words[1:]
    }
    return frozenset(words)


def _tidies(step: Step) -> bool:
    """Whether a shell line only changes what files there are."""
    edits = [part for part in step.parts if part.family == "edit"]
    return bool(edits) and all(part.words and part.words[0] in HOUSEKEEPING for part in edits)


def _stage(step: Step, own: frozenset[str]) -> Stage:
    if step.family == "search" and step.parts:
        programs = {part.words[0] for part in step.parts if part.family == "search" and part.words}
        return "look" if programs <= _LISTS else "search"
    if step.family == "edit":
        return _edit_stage(step, own)
    return _STAGES.get(step.family, "other")


def _edit_stage(step: Step, own: frozenset[str]) -> Stage:
    if _tidies(step):
        return "prepare"
    edits = step.call.edits
    if edits and all(not edit.old and not _says_something(edit.new) for edit in edits):
        return "prepare"
    paths = [edit.path for edit in edits] or [step.target]
    return "probe" if all(path in own or is_test(path) for path in paths) else "change"


def _says_something(text: str) -> bool:
    """Whether a file's text is more than a blank or a remark of a line."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) > 1 or any(not line.lstrip().startswith(("#", "//", "--", ";")) for line in lines)


def is_test(path: str) -> bool:
    """Whether the file at `path` is a test by its name."""
    return _TEST_FILE.search(path.replace("\\", "/").rsplit("/", 1)[-1].lower()) is not None
