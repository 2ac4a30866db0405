"""Knowledge: what the session had to find out that the next one need not."""

import re
from collections.abc import Iterator

from debrief.analysis.changes import is_source
from debrief.analysis.detector import Advice, Detector, Finding, Scene, succeeded
from debrief.analysis.view import Family, Part, Step
from debrief.analysis.wording import code, times

NEXT_STEPS = 10
"""Steps after the failure in which the variant that works must have been found."""

REUSES = 2

_FAMILIES: frozenset[Family] = frozenset({"test", "build", "lint", "run"})
_NEVER_RAN = re.compile(
    r"command not found|: not found$|No module named|[Mm]issing script|No such file or directory"
    r"|No rule to make target|can't open file|Cannot find module|executable file not found"
    r"|is not recognized as|[Uu]nknown (?:command|option|flag|task|script)|unknown flag|no such command"
    r"|[Uu]nrecognized (?:arguments?|option)|error: unexpected argument|build constraints exclude all"
    r"|could not find (?:a )?`?(?:Cargo\.toml|package\.json|go\.mod|pyproject)|go\.mod file not found"
    r"|no required module|Could not (?:find|resolve) |ENOENT|no task|Permission denied"
    r"|not a (?:valid )?(?:command|script|workspace)",
    re.MULTILINE,
)
_ASTRAY = re.compile(r"\bcd: ")
"""The folder was not there: where the shell stood says nothing about the command."""

_WORDS = re.compile(r"[A-Za-z][\w.-]{1,40}")
_SCRIPTS = frozenset({"npm", "pnpm", "yarn", "bun"})
_TASKS = frozenset(
    {"make", "gmake", "just", "mise", "task", "nx", "turbo", "gradle", "rake", "invoke", "nox", "tox"}
)
"""Programs that start others by a task's name; the scripts of a package know only their own kind."""


class RediscoveredFact(Detector):
    """A command could not run, another form of it did, and was used again and again.

    Why it matters: each session that does not know it starts with the form that fails.

    When it is wrong: the machine may have been another one. Only failures to start count, not red checks; the
    form that failed must never have worked in the session, nothing may have been installed or changed in
    between, and the form that works must have worked three times.

    What it suggests: to remember the form that works.
    """

    id = "KNW-01"
    name = "rediscovered fact"
    label = "Knowledge"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """One finding for each form that failed and was replaced for good."""
        worked: dict[str, list[Step]] = {}
        for step in scene.steps:
            if step.family in _FAMILIES and succeeded(step):
                worked.setdefault(_form(step), []).append(step)
        told: set[str] = set()
        for step in scene.steps:
            if step.family not in _FAMILIES or not step.failed:
                continue
            failing = _form(step)
            if not failing or failing in worked or failing in told:
                continue
            if not _NEVER_RAN.search(step.text[-4_000:]) or _ASTRAY.search(step.text[:2_000]):
                continue
            found = _variant(step, scene, worked)
            if found is not None:
                told.add(failing)
                yield _fact(step, failing, *found)


def _variant(hit: Step, scene: Scene, worked: dict[str, list[Step]]) -> tuple[str, list[Step]] | None:
    """The form that worked soon after `hit` and was used again, with its uses from then on."""
    for later in scene.steps[hit.index + 1 : hit.index + 1 + NEXT_STEPS]:
        if later.family == "install" or any(not is_source(edit.path) for edit in later.call.edits):
            return None
        form = _form(later)
        if later.family != hit.family or form not in worked or not _akin(hit, later):
            continue
        uses = [step for step in worked[form] if step.index >= later.index]
        if uses and uses[0].index == later.index and len(uses) > REUSES:
            return form, uses
    return None


def _fact(hit: Step, failing: str, form: str, uses: list[Step]) -> Finding:
    return Finding(
        signature=f"{failing} > {form}",
        summary=f"{code(failing, 60)} could not run here; {code(form, 60)} did, "
        f"and was used {times(len(uses))}",
        subject=form,
        steps=(hit,),
        evidence=(hit.last_ordinal, uses[0].last_ordinal, uses[-1].last_ordinal),
        advice=(Advice("knowledge", f"Use {code(form, 60)}, not {code(failing, 60)}."),),
        state="fact",
        impact="Low",
    )


def _form(step: Step) -> str:
    """How a command is started, without what it is started on: `cd web && npm test`, `uv run pytest`."""
    chosen = next((i for i in range(len(step.parts) - 1, -1, -1) if _judged(step, step.parts[i])), -1)
    if chosen < 0:
        return ""
    start = _start(step.parts[chosen])
    before = step.parts[chosen - 1] if chosen > 0 else None
    if start and before is not None and before.words[:1] == ("cd",) and f"{before.text} && " in step.command:
        return f"{before.text} && {start}"
    return start


def _judged(step: Step, part: Part) -> bool:
    return (part.family, part.target) == (step.family, step.target)


def _start(part: Part) -> str:
    """The text of `part` up to its program, of a check up to the word that its target ends with."""
    program = part.words[0] if part.words else ""
    last = program if part.family == "run" else part.target.rsplit(" ", 1)[-1]
    if not last:
        return ""
    at = part.text.find(last)
    while at >= 0:
        end = at + len(last)
        if part.text[end : end + 1] in ("", " ", "\t") and part.text[at - 1 : at] in ("", " ", "/", "\t"):
            return " ".join(part.text[:end].split())
        at = part.text.find(last, at + 1)
    return ""


def _akin(one: Step, other: Step) -> bool:
    """Whether both start the same thing: the same runner, or the same task by another program."""
    mine, others = one.target.split(" "), other.target.split(" ")
    if one.target == other.target or one.family == "run":
        return mine[0] == others[0]
    if not set(_WORDS.findall(" ".join(mine[1:]))) & set(_WORDS.findall(" ".join(others[1:]))):
        return False
    return {mine[0], others[0]} <= _SCRIPTS or bool(_TASKS & {mine[0], others[0]})


DETECTORS: tuple[Detector, ...] = (RediscoveredFact(),)
