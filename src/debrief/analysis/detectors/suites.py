"""Testing: which tests were run at all, none or not those that count."""

import re
from collections.abc import Iterator

from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound, succeeded
from debrief.analysis.runs import alters, plain_command, shows_failing_tests, test_runs
from debrief.analysis.view import Step
from debrief.analysis.wording import code, names, short
from debrief.model import Event

_LISTS_ONLY = re.compile(r"--(?:collect-only|co|fixtures|markers|list(?:Tests|-tests)?|help|version)\b")
_TEST_FILE = re.compile(
    r"(?:^|[_.-])(?:tests?|spec)(?:[_.-]|$)|(?:^|/)(?:__)?tests?(?:__)?/|Tests?\.\w{1,5}$"
)

_NARROWING = re.compile(
    r"^(?:-{1,2}run|-k|-t|-m|-g|-p|-pl|-D(?:it\.)?test|--(?:testNamePattern|testPathPattern|grep|filter|tests|"
    r"only|package|example|gtest_filter|lf|last-failed|changed|onlyChanged|related|findRelatedTests))(?:=|$)"
)
_WIDE = frozenset({".", "./", "./...", "...", "tests", "tests/", "test", "test/", "spec", "src"})
_BEYOND_CHECKS = re.compile(r"^([^\t\n]{1,80})\tfail\t", re.MULTILINE)
_BEYOND_RUN = re.compile(r"^X ([^\n]{1,80}?) in \d", re.MULTILINE)
_OF_TESTS = re.compile(r"(?i:\btests?\b|\bspecs?\b|\be2e\b|\bintegration\b|\bpytest\b|\bjest\b|\bunit\b)")
_TOLD = re.compile(
    r"\b(?:ci|pipeline|(?:github |gitlab )(?:actions?|ci)|tests?)"
    r"(?: (?:is|are|was|has|have|still|now|all|just|again|run|jobs?|checks?)){0,3}"
    r" (?:fail(?:s|ed|ing|ures?|z)?|red|broken?)\b"
    r"|\bfail(?:s|ed|ing)? (?:on|in) (?:the )?(?:ci|pipeline)\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"\b(?:if|when|until|unless|should|would|could|make|that|which|so|case)\b", re.IGNORECASE
)
TOLD_WITHIN = 400
"""Characters of a message in which a person reports a failure; further on stands what was pasted."""


class NoTestsRun(PatternDetector):
    """A test command ran no test: it found none, or there is no such command here.

    Why it matters: until the right command is found nothing is tested, and a run of nothing is soon taken for
    a run that passed.

    When it is wrong: there may be no tests yet. A run after which the session wrote a test file is left out,
    and so are lists of tests and the lack of a package, which is DEP-01.

    What it suggests: to write the test command down where every session reads it.
    """

    __test__ = False

    id = "TST-03"
    name = "no tests collected or wrong runner"
    label = "Testing"
    needles = (
        "no tests",
        "no test ",
        "collected 0 items",
        "deselected",
        "script",
        "no rule to make target",
        "0 passing",
        "not found",
        "does not contain package",
        "no packages to test",
        "cannot open file",
    )
    patterns = (
        bound(r"^=* ?(no tests ran in \d)"),
        bound(r"^(collected 0 items)\s{0,4}$"),
        bound(r"^=* ?(\d{1,7} deselected)(?:, \d{1,7} warnings?)? in \d"),
        bound(r"^(NO TESTS RAN)$"),
        bound(r"^((?i:No tests? (?:files? )?found)[^\n]{0,80})"),
        bound(r"^Error: (No test files found[^\n]{0,80})"),
        bound(r"^error: (0 test files matching [^\n]{0,80})"),
        bound(r"^(?:npm (?:ERR!|error) |\s?ERR_PNPM_NO_SCRIPT\s{1,3}|error:? )?(Missing script: \S{1,80})"),
        bound(r"^error:? ((?:Script not found|Command) \"[\w:.-]{1,60}\"(?: not found)?)"),
        bound(r"^g?make(?:\[\d\])?: \*\*\* (No rule to make target [`'][\w.:-]{1,40}')"),
        bound(r"^(?:\[ERROR\] )?[^\n]{0,120}\b(No tests (?:were executed|matching pattern)[^\n]{0,80})"),
        bound(r"^> (No tests found for given includes: [^\n]{1,80})"),
        bound(r"^(stat \S{1,200}: directory not found)$"),
        bound(r"(main module \([^)\n]{1,100}\) does not contain package \S{1,120})"),
        bound(r"^(no packages to test)$"),
        bound(r"^(Cannot open file \"[^\"\n]{1,120}\")"),
    )
    summary = '{part} ran no tests: "{line}"'
    advice = (
        Advice("repo_config", "Write the test command, and its folder, where every session reads it."),
        Advice("knowledge", 'Here {part} runs no tests: "{line}"'),
    )

    def signature(self, step: Step, what: str, line: str) -> str:
        """The command that found none."""
        del what, line
        return f"no tests {step.target}"

    def listens(self, step: Step) -> bool:
        """Only a run of tests, not a list of them."""
        return step.family == "test" and not _LISTS_ONLY.search(step.command)

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Not where the runner broke down, and not where the tests were still to be written."""
        del match
        return "INTERNALERROR" not in step.text and not _written_after(step, scene)

    def resolves(self, finding: Finding, later: Step) -> bool:
        """A later run found tests, red or green."""
        del finding
        return later.family == "test" and later.red is not None


class HiddenSuite(Detector):
    """The tests that the agent ran passed, and those that count failed after the work was handed over.

    They are the CI's, a suite of another name, or tests that need a build tag.

    Why it matters: work was taken for done that was not; the failure came back later, when it costs more.

    When it is wrong: the CI may fail for its own reasons. It counts only where the session saw its tests
    green, pushed, and changed no source before it heard of the failure.

    What it suggests: to remember the command that runs them all.
    """

    id = "TST-04"
    name = "hidden suite"
    label = "Testing"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """Tests behind a tag, then each failure elsewhere that follows a green run and a hand-over."""
        yield from _behind_tags(scene)
        green: Step | None = None
        handed_over = False
        heard = list(_failures_told(scene))
        for step in scene.steps:
            while heard and heard[0].ordinal < step.call.ordinal:
                told = heard.pop(0)
                if green is not None and handed_over:
                    yield _told_by_person(green, told)
                    green = None
            if green is not None and handed_over:
                found = _found_elsewhere(green, step)
                if found is not None:
                    yield found
                    green = None
                    continue
            if alters(step):
                green = None
            elif step.outcome == "ok" and step.family == "test" and succeeded(step) and _is_whole(step):
                green, handed_over = step, False
            handed_over = handed_over or _hands_over(step)
        if green is not None and handed_over:
            yield from (_told_by_person(green, told) for told in heard[:1])

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The tests, or the CI, are green."""
        del finding
        of_ci = any(part.words[:3] == ("gh", "pr", "checks") for part in later.parts)
        return (later.family == "test" and succeeded(later)) or (
            of_ci and later.outcome == "ok" and not _beyond(later)
        )


def _behind_tags(scene: Scene) -> Iterator[Finding]:
    for speech in scene.speeches:
        if speech.step.family == "test" and "build constraints exclude all" in speech.folded:
            command = code(plain_command(speech.step), 60)
            later = (step for step in test_runs(scene.steps[speech.step.index :]) if succeeded(step))
            tagged = next((plain_command(step) for step in later if "-tags" in step.command), "")
            known = f"; {code(tagged, 80)} runs them" if tagged else ""
            yield Finding(
                signature=f"behind tags {speech.step.target}",
                summary=f"{command} left tests out, since they need a build tag{known}",
                steps=(speech.step,),
                advice=(Advice("knowledge", f"{command} leaves out tests behind a build tag{known}."),),
            )


def _found_elsewhere(green: Step, step: Step) -> Finding | None:
    """The failure that `step` shows of other tests than those of `green`."""
    passed = code(plain_command(green), 60)
    failed = _beyond(step)
    if failed:
        what = names(failed)
        return Finding(
            signature=f"hidden suite {' '.join(sorted(failed)[:5])}",
            summary=f"{passed} passed, but after the push the CI failed in {what}",
            steps=(step,),
            evidence=(green.last_ordinal,),
            advice=(Advice("knowledge", f"A green {passed} is not enough: the CI then failed in {what}."),),
        )
    other = _suite(step) != _suite(green)
    if step.family == "test" and other and _is_whole(step) and shows_failing_tests(step):
        full = code(plain_command(step), 60)
        which = f": {names(step.failing)}" if step.failing else ""
        return Finding(
            signature=f"hidden suite {step.target}",
            summary=f"{passed} passed, but {full} failed on the same code after the hand-over{which}",
            steps=(step,),
            evidence=(green.last_ordinal,),
            advice=(Advice("knowledge", f"The full suite is {full}; {passed} runs only a part."),),
        )
    return None


def _told_by_person(green: Step, told: Event) -> Finding:
    passed = code(plain_command(green), 60)
    said = short(told.text, 100).replace('"', "'")
    return Finding(
        signature="hidden suite told",
        summary=f'{passed} passed, but after the push the person reported: "{said}"',
        evidence=(green.last_ordinal, told.ordinal),
        advice=(Advice("knowledge", f"A green {passed} is not enough: tests failed after it."),),
        state="fact",
        impact="Medium",
    )


def _failures_told(scene: Scene) -> Iterator[Event]:
    """Messages of people that begin with the report of a failure, the first one left out: it is the task."""
    for said in scene.prompts[1:]:
        told = _TOLD.search(said.text[:TOLD_WITHIN]) if len(said.text) <= 2 * TOLD_WITHIN else None
        if told and not _SUPPOSED.search(said.text[max(0, told.start() - 24) : told.start()]):
            yield said


def _beyond(step: Step) -> tuple[str, ...]:
    """The CI's checks of tests that `step` shows as failed."""
    if not any(part.words[:1] == ("gh",) for part in step.parts) or "--log" in step.command:
        return ()
    pattern = _BEYOND_CHECKS if " checks" in step.command else _BEYOND_RUN
    found = (match.group(1).strip() for match in pattern.finditer(step.text[:20_000]))
    return tuple(dict.fromkeys(name for name in found if _OF_TESTS.search(name)))[:20]


def _hands_over(step: Step) -> bool:
    """Whether the work left the session's hands."""
    shared = ("git push", "gh pr create", "gh pr merge")
    return step.outcome == "ok" and any(part.target in shared for part in step.parts)


def _is_whole(step: Step) -> bool:
    """Whether the run was of all that its runner finds."""
    tests = [part for part in step.parts if part.family == "test"]
    return len(tests) == 1 and not any(_narrows(word) for word in tests[0].words[1:])


def _narrows(word: str) -> bool:
    if _NARROWING.match(word) or "::" in word or "#" in word:
        return True
    return not word.startswith("-") and word not in _WIDE and ("/" in word or "." in word)


def _suite(step: Step) -> tuple[str, ...]:
    """What tells one suite from another: the target, and the tags."""
    tests = [part for part in step.parts if part.family == "test"]
    tags = tuple(word for part in tests for word in part.words if word.lstrip("-").startswith("tags"))
    return (step.target, *tags)


def _written_after(step: Step, scene: Scene) -> bool:
    """Whether the session wrote a test file before the next run that found tests."""
    for later in scene.steps[step.index + 1 :]:
        if later.family == "test" and later.red is not None:
            return False
        if later.call.tool_kind == "write" and _TEST_FILE.search(later.call.path or ""):
            return True
    return False


DETECTORS: tuple[Detector, ...] = (NoTestsRun(), HiddenSuite())
