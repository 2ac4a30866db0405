"""Direction: whether the work found its way: back and forth, a long search, nothing at all."""

import re
from collections.abc import Iterator, Sequence

from debrief.analysis.changes import base_name, source_paths
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.families import changes_repository
from debrief.analysis.phrases import relative
from debrief.analysis.turns import question_of
from debrief.analysis.view import Step
from debrief.analysis.wording import code, names, quote

HUNKS_COMPARED = 60
"""Hunks of one file that are compared with each other."""

HUNK_LEAST = 8
"""Characters of a hunk, without blanks, below which going back to it says nothing."""

ROUNDS = 6
"""Changes of one file in a row, each followed by a red check, that are a search by trial."""

LOOKS = 25
LOOKS_SHARE = 0.5
FILES_FOUND = 3
"""More changed files than this are a large task, not a search for a place."""

_ASKS_FOR_CHANGE = re.compile(
    r"\W{0,8}(?:(?:please|pls|hi|hey|hello|ok(?:ay)?|now|then|so|can you|could you|would you|we need to"
    r"|you need to|i (?:want|need) you to|i'?d like you to|let'?s|go and|your task is to)\b\W{1,4}){0,3}"
    r"(?:fix|repair|add|implement|change|update|remove|delete|rename|refactor|replace|migrate|convert|port"
    r"|make|build|create|write|support|handle|resolve|clean up|simplify|optimi[sz]e|speed up|move|extend)\b"
    r"(?!\W{1,3}(?:a |the |an |up )?(?:\w{1,12} )?(?:sure|sense|plan|list|report|summary|proposal|issue"
    r"|ticket|comment|question|overview|review|analysis|suggestions?)\b)",
    re.IGNORECASE,
)
_NO_CHANGE_WANTED = re.compile(
    r"\b(?:don'?t|do not|without|before you|before any)\W{1,3}(?:\w{1,12}\W{1,3}){0,3}"
    r"(?:chang|edit|implement|writ|cod|touch|start)"
    r"|\b(?:plan first|only plan|just plan|ask me|propose|suggest|explain|brainstorm|discuss|interview)\b",
    re.IGNORECASE,
)
_LOOKING = frozenset({"read", "search"})
_HARMLESS = frozenset({"read", "search", "plan", "ask", "other", "net"})


class OscillatingEdits(Detector):
    """The same change was made, taken back and made again; or a file was changed six times, red each time.

    Why it matters: the agent does not know which of two ways is wanted, or tries what comes to mind.

    When it is wrong: a change may be taken back to see whether it was the cause. One there and back is no
    finding, and short changes that occur in many places are none.

    What it suggests: to say which of the two ways is wanted.
    """

    id = "APP-02"
    name = "oscillating edits"
    label = "Approach"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """One finding for each file that went back and forth, or was changed over and over in the red."""
        edits: dict[str, list[tuple[Step, str, str]]] = {}
        for step in scene.steps:
            if step.outcome in ("ok", "unknown") and step.call.tool_kind == "edit":
                for edit in step.call.edits:
                    if _weighty(edit.old) and _weighty(edit.new):
                        edits.setdefault(edit.path, []).append((step, edit.old, edit.new))
        told: set[str] = set()
        for path, hunks in edits.items():
            cycle = _cycle(hunks[:HUNKS_COMPARED])
            if cycle:
                told.add(path)
                yield _oscillation(path, cycle)
        for path, rounds in _in_the_red(scene.steps).items():
            if path not in told:
                yield _trials(path, rounds)


class LongSearch(Detector):
    """More than half of the first task went by in reading and searching before a few files were changed.

    Why it matters: the next session about the same code will search as long.

    When it is wrong: hard problems want reading. What was read of the changed files themselves does not
    count, nor do tasks that changed many files, made new ones, or began with a question.

    What it suggests: to remember where the code lives.
    """

    id = "APP-03"
    name = "long search before first edit"
    label = "Approach"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The search before the first change of source, if it was long and came to a few files."""
        first = next((step for step in scene.steps if source_paths(step)), None)
        if first is None or not first.call.edits[0].old:
            return
        asked = [prompt for prompt in scene.prompts if prompt.ordinal < first.call.ordinal]
        begun = next((t for t in scene.turns if asked and t.prompt.ordinal == asked[-1].ordinal), None)
        if begun is None or _ASKS_FOR_CHANGE.match(begun.text) is None:
            return
        changed = [path for step in scene.steps for path in source_paths(step)]
        files = tuple(dict.fromkeys(changed))
        before = [step for step in scene.steps[: first.index] if step.call.ordinal > begun.prompt.ordinal]
        looks = [step for step in before if step.family in _LOOKING and step.call.path not in files]
        if len(looks) < LOOKS or len(looks) < LOOKS_SHARE * len(scene.steps) or len(files) > FILES_FOUND:
            return
        shown = tuple(relative(path, scene.session.cwd) for path in files)
        yield Finding(
            signature="long search",
            summary=f"The agent read and searched {len(looks)} times before it changed {names(shown)}",
            evidence=(looks[0].call.ordinal, *_first_changes(scene.steps, files)),
            advice=(Advice("knowledge", f"Code of this kind lives in {names(shown)}."),),
            state="fact",
            impact="Medium",
        )


class NoChangeMade(Detector):
    """A change was asked for, nothing was changed, and the session ended with a question of the agent.

    Why it matters: what was asked for is not done, and the question may still wait for its answer.

    When it is wrong: the person may have got what they wanted from the answer, or gone on elsewhere. Sessions
    that ended with a plan, that ran a program which may have changed something, or whose person wanted to
    talk first are no findings.

    What it suggests: to put the answer into the first message.
    """

    id = "APP-04"
    name = "no change made"
    label = "Approach"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The request with the question that stands in the place of the work."""
        message, found = scene.last_message, scene.turns
        if not found or message is None or scene.session.end_state != "finished":
            return
        wanted, last = found[0], found[-1]
        if not _ASKS_FOR_CHANGE.match(wanted.text) or any(_NO_CHANGE_WANTED.search(t.text) for t in found):
            return
        if wanted.text.rstrip().endswith("?") or message.ordinal < last.prompt.ordinal:
            return
        if any(_may_change(step) for step in (*scene.steps, *scene.agent_steps)):
            return
        asked = question_of(message.text)
        if not asked:
            return
        yield Finding(
            signature="no change made",
            summary=f"{quote(wanted.text, 80)} was asked for, nothing was changed, and the session ended "
            f"with a question: {quote(asked)}",
            evidence=(wanted.prompt.ordinal, message.ordinal),
            advice=(Advice("prompt_improvement", f"Answer in the first message: {quote(asked)}"),),
            state="fact",
            impact="Medium",
        )


def _weighty(hunk: str) -> bool:
    return len("".join(hunk.split())) >= HUNK_LEAST


def _cycle(hunks: Sequence[tuple[Step, str, str]]) -> tuple[Step, Step, Step] | None:
    """A change, the way back, and the same change again, each in a step of its own."""
    for i, (there, old, new) in enumerate(hunks):
        back = next((j for j in range(i + 1, len(hunks)) if hunks[j][1:] == (new, old)), None)
        if back is None or hunks[back][0].index == there.index:
            continue
        again = next((j for j in range(back + 1, len(hunks)) if hunks[j][1:] == (old, new)), None)
        if again is not None and hunks[again][0].index > hunks[back][0].index:
            return there, hunks[back][0], hunks[again][0]
    return None


def _in_the_red(steps: Sequence[Step]) -> dict[str, list[Step]]:
    """Files with at least `ROUNDS` changes in a row, a check red after each, with those changes."""
    rounds: dict[str, list[Step]] = {}
    longest: dict[str, list[Step]] = {}
    last: tuple[str, Step] | None = None
    for step in steps:
        paths = source_paths(step)
        if len(paths) == 1:
            last = (paths[0], step)
        elif paths:
            last = None
        elif step.family in ("test", "build") and step.red is False:
            rounds.clear()
            last = None
        elif step.family in ("test", "build") and step.red and last is not None:
            path, change = last
            rounds.setdefault(path, []).append(change)
            last = None
            if len(rounds[path]) >= ROUNDS:
                longest[path] = list(rounds[path])
    return longest


def _oscillation(path: str, cycle: tuple[Step, Step, Step]) -> Finding:
    return Finding(
        signature=f"oscillation {base_name(path)}",
        summary=f"A change of {code(base_name(path))} was made, taken back and made again",
        subject=base_name(path),
        evidence=tuple(step.call.ordinal for step in cycle),
        advice=(
            Advice(
                "prompt_improvement", f"Say which way is wanted where {code(base_name(path))} is to change."
            ),
        ),
        state="fact",
        impact="Medium",
    )


def _trials(path: str, rounds: Sequence[Step]) -> Finding:
    name = code(base_name(path))
    return Finding(
        signature=f"trials {base_name(path)}",
        summary=f"{name} was changed {len(rounds)} times in a row, and the check was red after each change",
        subject=base_name(path),
        steps=tuple(rounds),
        advice=(Advice("prompt_improvement", f"Say what {name} is expected to do, with an example."),),
        state="fact",
    )


def _first_changes(steps: Sequence[Step], files: Sequence[str]) -> tuple[int, ...]:
    return tuple(
        next(step.call.ordinal for step in steps if path in source_paths(step))
        for path in files[:FILES_FOUND]
    )


def _may_change(step: Step) -> bool:
    """Whether `step` may have changed anything at all; doubt speaks for the agent."""
    if step.outcome in ("rejected", "cascade"):
        return False
    if step.call.tool_kind in ("mcp", "other") or step.call.edits:
        return True
    if step.family == "vcs":
        return any(part.family == "vcs" and changes_repository(part.words) for part in step.parts)
    return step.family not in _HARMLESS and step.call.tool_kind != "agent"


DETECTORS: tuple[Detector, ...] = (OscillatingEdits(), LongSearch(), NoChangeMade())
