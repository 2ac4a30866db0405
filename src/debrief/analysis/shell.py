"""A shell line goes in; out come its parts, what the line is for, and what its exit code is worth.

A line is judged by its last part that changes state or checks something: `cd web && npm test | tail` is a
test whose exit code the filter hides.
"""

from dataclasses import dataclass
from functools import lru_cache

from debrief.analysis.families import changes_repository, classify_words
from debrief.analysis.programs import SHELLS
from debrief.analysis.shell_words import Simple, simple_commands
from debrief.analysis.view import Family, Part
from debrief.analysis.wrappers import program_of, unwrapped

PART_TEXT_LIMIT = 2_000

SCRIPTS_KEPT = 3
"""`bash -c` inside `bash -c` that is followed."""

_WEIGHT: dict[Family, float] = {
    "test": 4,
    "build": 4,
    "lint": 4,
    "install": 4,
    "run": 4,
    "net": 3,
    "edit": 2,
    "read": 1,
    "search": 1,
    "other": 0,
}
_LOOKS_AROUND = 2
"""The weight of version control that only looks; what changes the repository weighs as much as a check."""

_FILTERING = 0.5
"""The weight of a part that only shapes what another part printed."""

_FILTERS = frozenset({"python", "node", "ruby", "perl", "php", "jq", "tee", "cat"})
_DIFFERS = frozenset(
    {"grep", "egrep", "fgrep", "rg", "ag", "ack", "git grep", "diff", "cmp", "pgrep", "pkill", "killall"}
)
_PROBES = frozenset({"which", "whereis", "type", "command", "test", "[", "[[", "hash"})
_SHRUGS = frozenset({"true", ":", "echo", "printf", "cat", "ls", "pwd", "exit"})
_TIMED_OUT = 124
_DIFFERENT = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A shell line, judged. `chosen` is the index of the part that stands for it, -1 without any part.

    `excused`: the line itself expects or discards that part's failure (`|| true`). `exit_hidden`: the exit
    code is that of a later part. `probed`: it runs only if a probe in front of it
    succeeds (`[ -f x ] && y`). `last` is the program whose exit code the line returns.
    """

    parts: tuple[Part, ...]
    family: Family
    target: str
    chosen: int
    excused: bool
    exit_hidden: bool
    probed: bool
    last: str


REMEMBERED_CHARACTERS = 500
"""Longer lines are seldom run twice."""

NOTHING = Line(
    parts=(), family="other", target="", chosen=-1, excused=False, exit_hidden=False, probed=False, last=""
)


def read_line(command: str) -> Line:
    """Judge a shell line; never raises, and its cost grows linearly with the line."""
    # Sessions run the same few commands over and over.
    return _remembered(command) if len(command) <= REMEMBERED_CHARACTERS else _read(command)


def _read(command: str) -> Line:
    simples = _with_scripts(simple_commands(command), 0)
    if not simples:
        return NOTHING
    parts = tuple(_part(simple) for simple in simples)
    weights = [
        _weight(part, piped_into=i > 0 and simples[i - 1].joint == "|") for i, part in enumerate(parts)
    ]
    heaviest = max(weights)
    chosen = max(i for i, weight in enumerate(weights) if weight == heaviest)
    part = parts[chosen]
    return Line(
        parts=parts,
        family=part.family,
        target=part.target,
        chosen=chosen,
        excused=_excused(simples, parts, chosen),
        exit_hidden=_exit_hidden(simples, parts, chosen),
        probed=_probed(simples, parts, chosen),
        last=_program(parts[-1]),
    )


_remembered = lru_cache(maxsize=1024)(_read)


def failure_expected(line: Line, *, exit_code: int | None, output: str) -> bool:
    """Whether a failure of this line is no failure: discarded, a probe, or a search that found nothing."""
    if line.excused:
        return True
    if line.probed and not _beyond_exit_code(output):
        return True
    if line.last in _DIFFERS and exit_code in {_DIFFERENT, None}:
        said = _beyond_exit_code(output)
        return not said or (len(line.parts) == 1 and line.last in {"diff", "cmp"} and exit_code == _DIFFERENT)
    if exit_code == _TIMED_OUT and line.family == "run":
        return "timeout" in line.parts[line.chosen].text.split()[:4]
    return False


def _beyond_exit_code(output: str) -> str:
    """The output without the lines by which agents report an exit code or an empty output."""
    if len(output) > PART_TEXT_LIMIT:
        return output
    kept = [
        row
        for row in output.splitlines()
        if row.strip()
        and not row.strip().lower().startswith(("exit code", "(no output", "process exited", "[exit"))
    ]
    return "\n".join(kept)


def _program(part: Part) -> str:
    if part.target == "git grep":
        return part.target
    return program_of(part.words[0]) if part.words else ""


def _with_scripts(simples: list[Simple], depth: int) -> list[Simple]:
    """Replace `bash -c "a && b"` by the commands of its script."""
    expanded: list[Simple] = []
    for simple in simples:
        words = unwrapped(tuple(simple.words))
        script = _script_of(words) if depth < SCRIPTS_KEPT else None
        inner = _with_scripts(simple_commands(script), depth + 1) if script else []
        if inner:
            inner[-1].joint = simple.joint
            expanded.extend(inner)
        else:
            expanded.append(simple)
    return expanded


def _script_of(words: tuple[str, ...]) -> str | None:
    if words[:1] == ("eval",):
        return " ".join(words[1:])
    if not words or program_of(words[0]) not in SHELLS:
        return None
    for i, word in enumerate(words[1:4], start=1):
        if word.startswith("-") and not word.startswith("--") and word.endswith("c"):
            return words[i + 1] if i + 1 < len(words) else None
        if not word.startswith("-"):
            return None
    return None


def _part(simple: Simple) -> Part:
    words = unwrapped(tuple(simple.words))
    family, target = classify_words(words, tuple(simple.writes))
    return Part(text=simple.text[:PART_TEXT_LIMIT], words=words, family=family, target=target)


def _weight(part: Part, *, piped_into: bool) -> float:
    if part.family == "vcs":
        return _WEIGHT["run"] if changes_repository(part.words) else _LOOKS_AROUND
    weight = _WEIGHT.get(part.family, 0)
    if (
        piped_into
        and not part.text.startswith("xargs")
        and (part.family in {"read", "search"} or _program(part) in _FILTERS)
    ):
        return _FILTERING
    return weight


def _excused(simples: list[Simple], parts: tuple[Part, ...], chosen: int) -> bool:
    if _program(parts[chosen]) in _PROBES:
        return True
    weak = parts[chosen].family in {"read", "search", "other"} or (
        parts[chosen].family == "vcs" and not changes_repository(parts[chosen].words)
    )
    if weak and simples[chosen].quiet:
        return True
    after = chosen
    while after < len(simples) and simples[after].joint in {"|", "&&"}:
        after += 1
    if after >= len(simples) or simples[after].joint != "||" or after + 1 >= len(parts):
        return False
    shrug = parts[after + 1].words
    return bool(shrug) and shrug[0] in _SHRUGS and not _fails_on_purpose(shrug)


def _probed(simples: list[Simple], parts: tuple[Part, ...], chosen: int) -> bool:
    before = chosen - 1
    return before >= 0 and simples[before].joint == "&&" and _program(parts[before]) in _PROBES


def _fails_on_purpose(words: tuple[str, ...]) -> bool:
    return words[0] == "false" or (words[0] == "exit" and words[1:2] not in ((), ("0",)))


def _exit_hidden(simples: list[Simple], parts: tuple[Part, ...], chosen: int) -> bool:
    """Whether a part after the chosen one decides the exit code, failing or not."""
    flags = "".join(
        "".join(part.words[1:]) for part in parts[:chosen] if part.words and part.words[0] == "set"
    )
    strict, pipefail = "e" in flags.replace("pipefail", "").replace("-o", ""), "pipefail" in flags
    for i in range(chosen, len(simples) - 1):
        joint = simples[i].joint
        after = parts[i + 1].words
        if joint == "|" and not pipefail:
            return True
        if joint in {";", "&"} and not (strict and joint == ";"):
            return True
        if joint == "||":
            return not any(part.words and _fails_on_purpose(part.words) for part in parts[i + 1 :])
        if joint == "&&" and not after:
            return False
    return simples[-1].joint == "&"
