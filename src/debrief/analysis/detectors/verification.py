"""Verification: whether anybody looked before the work was called done."""

import re
from collections.abc import Iterator

from debrief.analysis.changes import base_name, changed_lines, is_check, source_paths
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.view import Step
from debrief.analysis.wording import code, names, plural, quote
from debrief.model import Event

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
LAST_CALLS = 5
FAILED_CALLS = 2
"""Of the last calls: from here on a claim of success needs a look (two of five, or more)."""

_ABOUT_TESTS = re.compile(
    r"\b(?:skip|disabl|remov|delet|updat|fix|chang|adapt|adjust|rewrit|rework|mark|xfail|quarantin|simplif"
    r"|refactor|clean|split|dedup|review|relax|loosen)\w{0,6}\b[^.\n]{0,60}\b(?:tests?|specs?|assert\w{0,8})\b"
    r"|\btests? (?:is|are|was|were) (?:wrong|outdated|stale|flaky|obsolete)",
    re.IGNORECASE,
)
_TEST_PATH = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|e2e)/|(?:^|/)test_[^/]{1,120}$|[._-](?:test|spec)s?\.[a-z]{1,4}$"
    r"|(?:Test|Tests|Spec)\.(?:java|kt|cs|scala|swift)$",
)
_SKIPS = re.compile(
    r"pytest\.mark\.(?:skip|xfail)|pytest\.(?:skip|xfail)\(|@unittest\.(?:skip|expectedFailure)|\bself\.skipTest\("
    r"|\bt\.Skip(?:f|Now)?\(|\b(?:it|test|describe|context)\.(?:skip|todo|failing)\(|\bx(?:it|describe|test)\("
    r"|#\[ignore|@(?:Disabled|Ignore)\b|\[Ignore\]|\bpending\("
)
_ASSERTS = re.compile(
    r"\bassert\w{0,30}\b|\bexpect\(|\brequire\.\w|\bt\.(?:Error|Fatal)f?\(|\bshould\.\w|\bEXPECT_\w|\bASSERT_\w"
)
_BRINGS_SOURCE = frozenset(
    {"git merge", "git pull", "git rebase", "git cherry-pick", "git checkout", "git switch"}
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
        changed: dict[str, int] = {}
        for step in unchecked:
            for path in source_paths(step):
                changed.setdefault(base_name(path), step.last_ordinal)
        known = _last_check_command(scene)
        advice = (
            Advice("prompt_improvement", f"Name the check in the first message: {code(known)} must pass.")
            if known
            else Advice("repo_config", "Write the command that tests a change into the agents' instructions.")
        )
        yield Finding(
            signature="never tested",
            summary=f"Nothing was built, tested or run after the last change of "
            f"{plural(len(changed), 'source file')}: {names(tuple(changed))}",
            evidence=(*changed.values(), unchecked[-1].last_ordinal),
            advice=(advice,),
            state="fact",
            impact="Medium" if last_check < 0 else "Low",
        )


class SuccessClaimedOverRed(Detector):
    """The last message says that the work is done while the last check is red, or the last calls failed.

    Why it matters: whoever reads only the last message takes over something that fails.

    When it is wrong: the check may fail for reasons outside the task. A message that mentions any failure,
    doubt or rest is no finding; nor is a check whose outcome cannot be told. Failures that are no check's
    count only where two of the last five calls failed, and the last of them never worked afterwards.

    What it suggests: a review before the merge.
    """

    id = "VER-02"
    name = "success claimed over red"
    label = "Verification"
    version = 2

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The claim with the check, or the failures, that contradict it."""
        message = scene.last_message
        if message is None or not scene.steps or scene.session.end_state == "running":
            return
        claim = _claim(message.text) if message.ordinal > scene.steps[-1].last_ordinal else ""
        if not claim:
            return
        checks = [step for step in scene.steps if step.family in ("test", "build", "lint")]
        if not checks or checks[-1].red is not True:
            yield from _over_failures(claim, message, checks, scene)
            return
        last = checks[-1]
        command = code(last.command or last.target)
        after = any(source_paths(step) for step in scene.steps[last.index + 1 :])
        state = "failed and was not run again after the last change" if after else "failed"
        yield Finding(
            signature=f"claim over {last.target}",
            summary=f"The agent ended with {quote(claim, 100)}, but the last check, {command}, {state}",
            steps=(last,),
            evidence=(message.ordinal,),
            advice=(Advice("other", f"Review before the merge: run {command} first."),),
            state="open",
            impact="High",
        )


class TestsChangedToPass(Detector):
    """Tests were red, then only tests were changed, so that they ask for less, and then they were green.

    Why it matters: a test that was skipped, or that asserts less, no longer tells that something is broken.

    When it is wrong: the test may have been wrong, or what it asked for is no longer wanted. Tests that the
    session wrote itself are its own to change, and where the person spoke of changing or skipping tests
    nothing is said. Unless a test was skipped, source that the session changed or merged speaks for the
    agent.

    What it suggests: to review the tests that changed.
    """

    __test__ = False

    id = "VER-03"
    name = "tests changed to pass"
    label = "Verification"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The stretches from red to green in which nothing but tests was changed, for the easier."""
        if any(_ABOUT_TESTS.search(prompt.text) for prompt in scene.prompts):
            return
        red: Step | None = None
        own: set[str] = set()
        between: list[Step] = []
        for step in scene.steps:
            if step.family == "test" and step.red is True:
                red = step if red is None else red
            elif step.family == "test" and step.red is False:
                if red is not None and red.target == step.target:
                    yield from _eased(red, between, step, scene, own)
                own.update(path for one in between for path in source_paths(one))
                red, between = None, []
            elif source_paths(step):
                if red is None:
                    own.update(source_paths(step))
                else:
                    between.append(step)


def _eased(red: Step, between: list[Step], green: Step, scene: Scene, own: set[str]) -> Iterator[Finding]:
    """A finding if `between` the runs only tests were changed that are not the session's own, and eased."""
    files = tuple(dict.fromkeys(path for step in between for path in source_paths(step)))
    if not files or not all(_is_test(path) for path in files) or own & set(files):
        return
    edits = [edit for step in between for edit in step.call.edits if edit.old]
    skipped = any(len(_SKIPS.findall(edit.new)) > len(_SKIPS.findall(edit.old)) for edit in edits)
    fewer = sum(len(_ASSERTS.findall(edit.old)) - len(_ASSERTS.findall(edit.new)) for edit in edits)
    if not skipped and (fewer <= 0 or _source_moved(scene, green)):
        return
    shown = names([base_name(path) for path in files])
    done = "tests were skipped" if skipped else f"{plural(fewer, 'assertion')} fewer stood"
    yield Finding(
        signature=f"eased {green.target}",
        summary=f"{code(red.command or red.target)} was red, then {done} in {shown}, and it was green",
        steps=(red, *between, green),
        evidence=tuple(step.call.ordinal for step in (red, *between, green)),
        advice=(Advice("other", f"Review what changed in {shown} before the merge."),),
        state="fact",
        impact="High" if skipped else "Medium",
    )


def _source_moved(scene: Scene, until: Step) -> bool:
    """Whether source other than tests was changed, or merged, before `until`."""
    return any(
        any(not _is_test(path) for path in source_paths(step))
        or any(part.target in _BRINGS_SOURCE for part in step.parts)
        for step in scene.steps[: until.index]
    )


def _is_test(path: str) -> bool:
    return _TEST_PATH.search(path.replace("\\", "/")) is not None


def _over_failures(claim: str, message: Event, checks: list[Step], scene: Scene) -> Iterator[Finding]:
    """A finding if too many of the last calls failed, the last for good, and no check was green since."""
    last = [step for step in scene.steps if step.result is not None][-LAST_CALLS:]
    failed = [step for step in last if step.failed and step.family not in ("read", "search")]
    if len(last) < LAST_CALLS or len(failed) < FAILED_CALLS:
        return
    final = failed[-1]
    later = scene.steps[final.index + 1 :]
    if any((step.family, step.target) == (final.family, final.target) and not step.failed for step in later):
        return
    if checks and checks[-1].red is False and checks[-1].index > final.index:
        return
    what = code(final.command or " ".join(filter(None, (final.call.tool, final.call.path))))
    yield Finding(
        signature=f"claim over failed {final.family}",
        summary=f"The agent ended with {quote(claim, 100)}, but {len(failed)} of its last {LAST_CALLS} calls "
        f"failed, at last {what}",
        steps=tuple(failed),
        evidence=(message.ordinal,),
        advice=(Advice("other", f"Review before the merge: {what} never worked."),),
        state="open",
        impact="Medium",
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


DETECTORS: tuple[Detector, ...] = (NeverTested(), SuccessClaimedOverRed(), TestsChangedToPass())
