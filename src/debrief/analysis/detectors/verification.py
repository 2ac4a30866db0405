"""Verification: whether anybody looked before the work was called done."""

import re
from collections.abc import Iterator

from debrief.analysis.changes import base_name, changed_lines, is_check, source_paths
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.wording import code, names, plural, short

TRIFLE_LINES = 3
"""A change this small is read, not tested."""

_NO_TESTS_WANTED = re.compile(
    r"\b(?:don'?t|do not|no need to|without|never|skip(?:ping)?)\s+(?:\w+\s+){0,2}"
    r"(?:run|runn?ing|execut\w+|test\w*|build\w*|verif\w+|check\w*)\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:success(?:ful(?:ly)?)?|completed?"
    r"|all (?:\w+ ){0,2}(?:tests?|checks) (?:are |now |have )?pass(?:ing|ed)?"
    r"|now works|working as expected|fixed|done|implemented)\b|✅",
    re.IGNORECASE,
)
_RESERVE = re.compile(
    r"\b(?:fail\w*|however|unfortunately|unable|can'?t|cannot|could(?: ?n'?t| not)|remain\w*|still|todo"
    r"|broken|red|pre-?existing|unrelated|unresolved|partial\w*|blocked|flaky|skipp\w+|missing|limitations?"
    r"|not (?:yet )?(?:able|available|installed|possible|run|tested|verified|checked|pass\w*|work\w*))\b"
    r"|[\u274c\u26a0]",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|no|never|except|but|errors?|should|(?:is|has|was|did|does) ?n'?t)\b", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[.!?\n]+(?:\s|$)|\n")


class NeverTested(Detector):
    """Source was changed, and nothing was built, tested or run after the last change.

    Why it matters: what was not run is a guess; the first to see it fail is a person or the CI.

    When it is wrong: the person may have tested by hand, or an editor may have. Prose, styles and settings do
    not count as source, small changes are left alone, and so is a session that is still at work, or whose
    person asked not to test.

    What it suggests: to write down the command that checks a change where every session reads it.
    """

    id = "VER-01"
    name = "never tested"
    label = "Verification"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The changes after the last check, if there are any and the session is over."""
        edits = [step for step in scene.steps if source_paths(step)]
        if not edits or scene.session.end_state != "finished":
            return
        checks = [step.index for step in scene.steps if is_check(step)]
        last_check = checks[-1] if checks else -1
        unchecked = [step for step in edits if step.index > last_check]
        if not unchecked or changed_lines(unchecked) <= TRIFLE_LINES:
            return
        if any(step.call.ordinal > unchecked[-1].call.ordinal for step in scene.agent_steps):
            return
        if any(_NO_TESTS_WANTED.search(prompt.text) for prompt in scene.prompts):
            return
        files = tuple(dict.fromkeys(base_name(p) for step in unchecked for p in source_paths(step)))
        known = _last_check_command(scene)
        advice = (
            Advice("prompt_improvement", f"Name the check in the first message: {code(known)} must pass.")
            if known
            else Advice("repo_config", "Write the command that tests a change into the agents' instructions.")
        )
        yield Finding(
            signature="never tested",
            summary=f"Nothing was built, tested or run after the last change of "
            f"{plural(len(files), 'source file')}: {names(files)}",
            evidence=(unchecked[0].last_ordinal, unchecked[-1].last_ordinal),
            advice=(advice,),
            state="fact",
            impact="Medium" if last_check < 0 else "Low",
        )


class SuccessClaimedOverRed(Detector):
    """The last message says that the work is done while the last check is red.

    Why it matters: whoever reads only the last message takes over something that fails.

    When it is wrong: the check may fail for reasons outside the task. A message that mentions any failure,
    doubt or rest is no finding; nor is a check whose outcome cannot be told.

    What it suggests: a review before the merge.
    """

    id = "VER-02"
    name = "success claimed over red"
    label = "Verification"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The claim with the check that contradicts it."""
        message = scene.last_message
        checks = [step for step in scene.steps if step.family in ("test", "build", "lint")]
        if message is None or not checks or checks[-1].red is not True:
            return
        last = checks[-1]
        if message.ordinal < last.last_ordinal or scene.session.end_state == "running":
            return
        claim = _claim(message.text)
        if not claim:
            return
        command = code(last.command or last.target)
        after = any(source_paths(step) for step in scene.steps[last.index + 1 :])
        state = "failed and was not run again after the last change" if after else "failed"
        yield Finding(
            signature=f"claim over {last.target}",
            summary=f'The agent ended with "{short(claim, 100)}", but the last check, {command}, {state}',
            steps=(last,),
            evidence=(message.ordinal,),
            advice=(Advice("other", f"Review before the merge: run {command} first."),),
            state="open",
            impact="High",
        )


def _claim(text: str) -> str:
    """The sentence that claims success; empty where the message has a reserve anywhere."""
    if _RESERVE.search(text):
        return ""
    sentences = _SENTENCE_END.split(text)
    claims = (part.strip(" *#-") for part in sentences if _CLAIM.search(part) and not _NEGATED.search(part))
    return next(claims, "")


def _last_check_command(scene: Scene) -> str:
    """The last check that was green, unless it runs a file of the session's own making."""
    green = [step.command for step in scene.steps if step.family in ("test", "build") and step.red is False]
    own = {base_name(path) for step in scene.steps for path in source_paths(step)}
    return green[-1] if green and not any(name in green[-1] for name in own) else ""


DETECTORS: tuple[Detector, ...] = (NeverTested(), SuccessClaimedOverRed())
