"""Steps in, the programming languages and the tools of a session out, most used first.

A language is told by the ending of a file that was read or changed; a tool by a program that was run, a
package that was installed, imported or stands in a manifest that was read, or a file that only this tool has.
Names come from closed tables, so that the same thing has one name in every session.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from debrief.analysis.technology_names import (
    FILES,
    FOLDERS,
    LANGUAGES,
    MANIFESTS,
    PACKAGES,
    PROGRAMS,
    SUBCOMMANDS,
)
from debrief.analysis.view import Part, Step
from debrief.analysis.wrappers import program_of

LANGUAGES_SHOWN: Final = 8
TOOLS_SHOWN: Final = 16

EDIT_WEIGHT: Final = 3
"""A changed file counts as much as so many that were only read."""

TEXT_READ: Final = 6_000
"""Characters of a manifest or of an edit in which names are looked for."""

WORDS_READ: Final = 40
"""Words of an install command that may be packages."""

PARTS_TRIED: Final = 6
"""How many parts may be taken off a module's name until a package is left."""

_FOREIGN: Final = ("node_modules", "site-packages", "dist-packages", "vendor", ".venv", "venv")
_NAME: Final = re.compile(r"@?[A-Za-z][A-Za-z0-9_.-]{0,40}(?:/[A-Za-z0-9_.-]{1,40}){0,4}")
_LISTED: Final = re.compile(
    r"^[ \t]{0,12}(?:\d{1,6}[\t|:\u2192])?[ \t]{0,12}[\"'-]{0,2} ?(@?[A-Za-z][\w./-]{1,80})"
    r"(?=[\"']?[ \t]{0,2}(?:[:=<>~!\[;,]|v\d|$))",
    re.MULTILINE,
)
"""A package in a manifest: it opens its line, whatever a tool put in front to count lines."""

_IMPORT: Final = re.compile(
    r"^[ \t]{0,16}from[ \t]{1,2}([\w.]{1,60})[ \t]{1,2}import\b"
    r"|^[ \t]{0,16}import[ \t]{1,2}(?:static )?([\w.]{1,80})(?=[ \t]{0,2}(?:$|[;,#]|as\b))"
    r"|^[ \t]{0,8}(?:pub )?use[ \t]([a-z_]\w{0,40})::"
    r"|(?:\bfrom|\brequire\(|\bimport\(?)[ \t]{0,2}[\"']([@\w./-]{1,60})[\"']"
    r"|^[ \t]{1,8}(?:\w{1,20} )?\"([\w-]{1,30}\.[\w./-]{3,80})\"$",
    re.MULTILINE,
)
_CUT: Final = re.compile(r"[./:](?=[^./:]*$)")
_VERBS: Final = frozenset({"install", "add", "i", "get", "sync"})


def languages(steps: Sequence[Step]) -> tuple[str, ...]:
    """The programming languages of the files that `steps` read or changed; each file counts once."""
    weights: dict[str, int] = {}
    for step in steps:
        for path, weight in _files(step):
            if weight > weights.get(path, 0):
                weights[path] = weight
    counted: Counter[str] = Counter()
    for path, weight in weights.items():
        name = LANGUAGES.get(ending(path))
        if name is not None and not is_foreign(path):
            counted[name] += weight
    if counted["C++"] and counted["C"]:
        headers = sum(w for path, w in weights.items() if ending(path) == "h" and not is_foreign(path))
        if headers == counted["C"]:
            counted["C++"] += counted.pop("C")
    return _most_first(counted, LANGUAGES_SHOWN)


def tools(steps: Sequence[Step]) -> tuple[str, ...]:
    """The tools and frameworks that show in `steps`; each step counts once for each."""
    counted: Counter[str] = Counter()
    for step in steps:
        counted.update(set(_of_step(step)))
    return _most_first(counted, TOOLS_SHOWN)


def ending(path: str) -> str:
    """What stands behind the last dot of a file's name, in lower case; empty without one."""
    name = base(path)
    return name.rsplit(".", 1)[1].lower() if "." in name[1:] else ""


def base(path: str) -> str:
    """The last part of a path."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def is_foreign(path: str) -> bool:
    """Whether the file belongs to an installed package."""
    parts = path.replace("\\", "/").split("/")
    return any(part in _FOREIGN for part in parts[:-1])


def touched(step: Step) -> Iterator[str]:
    """The files that `step` reads or changes, where it says so."""
    return (path for path, _ in _files(step))


def _files(step: Step) -> Iterator[tuple[str, int]]:
    if step.outcome in ("rejected", "cascade"):
        return
    call = step.call
    for edit in call.edits:
        yield edit.path, EDIT_WEIGHT
    if call.path and call.tool_kind in ("read", "edit", "write"):
        yield call.path, 1 if call.tool_kind == "read" else EDIT_WEIGHT
    for part in step.parts:
        if part.family in ("read", "edit") and "." in part.target:
            yield part.target, 1 if part.family == "read" else EDIT_WEIGHT


def _most_first(counted: Mapping[str, int], limit: int) -> tuple[str, ...]:
    ordered = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0].lower()))
    return tuple(name for name, count in ordered if count)[:limit]


def _of_step(step: Step) -> Iterator[str]:
    if step.outcome in ("rejected", "cascade"):
        return
    for part in step.parts:
        yield from _of_part(part)
    for path in touched(step):
        if is_foreign(path):
            continue
        yield from _of_path(path)
        if base(path).lower() in MANIFESTS and step.family == "read" and step.outcome == "ok":
            yield from _named_in(step.text)
    for edit in step.call.edits:
        text = edit.new[:TEXT_READ]
        if base(edit.path).lower() in MANIFESTS:
            yield from _named_in(text)
        elif ending(edit.path) in LANGUAGES:
            yield from _imported(text)


def _of_part(part: Part) -> Iterator[str]:
    """The tools of one simple command: the program itself, and the packages that it installs."""
    if not part.words:
        return
    program = program_of(part.words[0])
    if program == "python" and part.words[1:2] == ("-m",) and len(part.words) > 2:  # noqa: PLR2004
        program = part.words[2].split(".", 1)[0]
    name = PROGRAMS.get(program)
    if name is not None:
        yield name
    second = part.words[1] if len(part.words) > 1 else ""
    sub = SUBCOMMANDS.get((program, second))
    if sub is not None:
        yield sub
    if part.family == "install" and _VERBS & set(part.words[1:4]):
        yield from _packages(part.words[2 : 2 + WORDS_READ])


def _packages(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        match = _NAME.match(name)
        known = _package(match.group()) if match else None
        if known is not None:
            yield known


def _package(name: str) -> str | None:
    """What the package `name`, or the one that it is a part of, is called."""
    for _ in range(PARTS_TRIED):
        known = PACKAGES.get(name.lower().replace("_", "-").rstrip(".-"))
        cut = _CUT.search(name)
        if known is not None or cut is None:
            return known
        name = name[: cut.start()]
    return None


def _of_path(path: str) -> Iterator[str]:
    name = base(path).lower()
    known = FILES.get(name) or FILES.get(name.split(".", 1)[0] + ".") or FILES.get("." + ending(path))
    if known is not None:
        yield known
    flat = "/" + path.replace("\\", "/").lower()
    for folder, tool in FOLDERS.items():
        if folder in flat:
            yield tool


def _named_in(text: str) -> Iterator[str]:
    """The known packages that a manifest lists."""
    return _packages(match.group(1) for match in _LISTED.finditer(text[:TEXT_READ]))


def _imported(text: str) -> Iterator[str]:
    return _packages(next(filter(None, match.groups()), "") for match in _IMPORT.finditer(text))
