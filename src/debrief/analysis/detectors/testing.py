"""Testing: what the tests say at the end, and what it took to get them there."""

import re
from collections.abc import Iterable, Iterator

from debrief.analysis.changes import source_paths
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.runs import (
    alters,
    harmless,
    plain_command,
    shows_failing_tests,
    test_runs,
    untouched_between,
)
from debrief.analysis.view import Step
from debrief.analysis.wording import code, names, plural

UNFINISHED = frozenset({"running", "truncated", "interrupted"})
"""Ends after which a red test may be on its way to green."""

LOOP_RUNS = 4
"""Test runs that a session has at least before its runs are called a loop."""

_ASKED_FOR = re.compile(
    r"\b(?:tests?|specs?|fail\w{0,5}|fix\w{0,4}|broken|red|green|pass(?:es|ing)?|bugs?|errors?|ci|crash\w{0,4})\b",
    re.IGNORECASE,
)
_REMEMBERS = re.compile(
    r"--(?:lf|ff|sw|last-failed|failed-first|stepwise|snapshot-update|updateSnapshot|update|onlyFailures|"
    r"only-failures|last-failed)\b|\s-u\b"
)
"""Options by which a run depends on the one before."""

_FILTERS = frozenset(
    {"grep", "egrep", "rg", "head", "awk", "sed", "cut", "jq", "sort", "uniq", "python", "wc"}
)
_SURROUNDINGS = re.compile(
    r"connection refused|ECONNREFUSED|could not resolve|no space left|cannot connect|ENOTFOUND|EADDRINUSE|"
    r"address already in use|cannot allocate memory",
    re.IGNORECASE,
)
"""Reasons that lie with the machine, not with the test."""


class TestsFailAtEnd(Detector):
    """The last test run of a session that came to its end shows failing tests.

    Why it matters: the work was handed over with tests that fail; somebody has to take it up again.

    When it is wrong: the tests may have failed before the work began. Where the session shows that, or
    changed no source at all, the impact is Low. A session that is still running or was stopped, or that
    changed source after the run, is no finding; nor is a run that failed before a test was tried.

    What it suggests: to remember which tests fail.
    """

    __test__ = False

    id = "TST-01"
    name = "tests fail at end"
    label = "Testing"
    version = 2

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The last test run, if it is red."""
        last = _red_at_end(scene)
        if last is None:
            return
        known = _red_before(last, scene)
        if known and set(last.failing) <= set(known[1]) and not _asked_for(known[0], scene):
            return
        count = last.failed_count or len(last.failing)
        what = plural(count, "test") if count else "Tests"
        verb = "fails" if count == 1 else "fail"
        command = code(last.command or last.target)
        before = _seen_before(last, scene)
        idle = not any(alters(step) for step in (*scene.steps, *scene.agent_steps))
        listed = f": {names(last.failing)}" if last.failing else ""
        old = ", as before the first change" if before else ", and no source was changed" if idle else ""
        remember = f"{what} still {verb} under {command}{listed}."
        yield Finding(
            signature=" ".join((last.target, *sorted(last.failing)[:20])),
            summary=f"{what} {verb} in the last test run, {command}{old}{listed}",
            steps=(last,),
            advice=(Advice("knowledge", remember),),
            state="open",
            impact="Low" if before or idle else "High",
        )


class FixTestLoop(Detector):
    """The same tests failed three times or more in a row, with changes of source before each new run.

    Why it matters: each round is a guess; what the test expects was not understood, or not said.

    When it is wrong: a hard problem takes its rounds, and a test that was written first is red for long. Runs
    without a change in between are not counted, and a green run of the same runner begins the count anew.

    What it suggests: to say in the first message what the test is to show.
    """

    id = "TST-02"
    name = "fix-test loop"
    label = "Testing"
    least = 3

    def find(self, scene: Scene) -> Iterator[Finding]:
        """A finding for each round of each loop."""
        if len(test_runs(scene.steps)) < LOOP_RUNS:
            return
        for rounds, failing in _loops(_chains(scene)):
            command = code(rounds[0].command or rounds[0].target)
            for step in rounds:
                yield Finding(
                    signature=" ".join((rounds[0].target, *sorted(failing)[:5])),
                    summary=f"For {len(rounds)} test runs in a row, with changes between, {names(failing)} "
                    f"stayed red, first in {command}",
                    steps=(step,),
                    advice=(
                        Advice(
                            "prompt_improvement", f"Say in the first message what {code(failing[0])} expects."
                        ),
                    ),
                )


class Flaky(Detector):
    """The same test command failed and passed while nothing was changed in between.

    Why it matters: a test that answers differently each time costs every session a second look, and hides
    the failures that mean something.

    When it is wrong: the machine may have been busy, or a service may have come up. Only runs count between
    which nothing was edited, installed, checked out or typed, of which both results are known, and whose
    failure names a test or counts them.

    What it suggests: to mend the test, or to set it apart until it is mended.
    """

    id = "TST-05"
    name = "flaky"
    label = "Testing"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """Each pair of neighbouring runs of one command that disagree."""
        last: dict[str, Step] = {}
        for run in test_runs(scene.steps):
            command = plain_command(run)
            earlier = last.get(command)
            if run.red is not None:
                last[command] = run
            if earlier is None or earlier.red is run.red or not _decided(run) or not _decided(earlier):
                continue
            if untouched_between(earlier, run, scene):
                yield self._finding(earlier, run)

    def _finding(self, earlier: Step, later: Step) -> Finding:
        red = earlier if earlier.red else later
        which = names(red.failing) if red.failing else plural(red.failed_count or 1, "test")
        how = "failed, then passed," if earlier.red else "passed, then failed,"
        mend = f"Mend {names(red.failing)}, or set it apart" if red.failing else "Mend the flaky test"
        return Finding(
            signature=" ".join((red.target, *sorted(red.failing)[:5])),
            summary=f"{code(plain_command(later))} {how} with nothing changed in between: {which}",
            steps=(later,),
            evidence=(earlier.last_ordinal,),
            advice=(Advice("repo_config", f"{mend}: it failed and passed without a change."),),
            state="fact",
        )


class BrokenBefore(Detector):
    """Tests that were red before anything was changed are red at the end, and were not what was asked for.

    Why it matters: every session finds them again and asks itself whether it broke them.

    When it is wrong: the person may have expected them to be repaired on the way. Where the first messages
    speak of tests, bugs or errors, the tests are taken for the task, and TST-01 speaks instead.

    What it suggests: to remember that they fail, or to repair them.
    """

    id = "TST-06"
    name = "broken before the work"
    label = "Testing"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The tests that the first and the last run of one command share."""
        last = _red_at_end(scene)
        known = _red_before(last, scene) if last else None
        if last is None or known is None or _asked_for(known[0], scene):
            return
        first, failing = known
        command = code(plain_command(last))
        yield Finding(
            signature=" ".join((last.target, *sorted(failing)[:20])),
            summary=f"{plural(len(failing), 'test')} failed before the first change and at the end, under "
            f"{command}: {names(failing)}",
            steps=(last,),
            evidence=(first.last_ordinal,),
            advice=(Advice("knowledge", f"Under {command} these fail before any change: {names(failing)}."),),
            state="fact",
            impact="Low",
        )


def _red_at_end(scene: Scene) -> Step | None:
    """The last test run, if it shows failing tests and nothing after it may have mended them."""
    runs = test_runs(scene.steps)
    if not runs or not shows_failing_tests(runs[-1]) or scene.session.end_state in UNFINISHED:
        return None
    last = runs[-1]
    by_agents = [step for step in scene.agent_steps if step.last_ordinal > last.call.ordinal]
    if any(alters(step) for step in (*scene.steps[last.index + 1 :], *by_agents)) or test_runs(by_agents):
        return None
    return last


def _seen_before(last: Step, scene: Scene) -> bool:
    """Whether a run before the first change of source failed in the same tests."""
    changed = next((step.index for step in scene.steps if source_paths(step)), None)
    failing = set(last.failing)
    if changed is None or not failing:
        return False
    return any(
        run.index < changed and run.red and failing <= set(run.failing) for run in test_runs(scene.steps)
    )


def _red_before(last: Step, scene: Scene) -> tuple[Step, tuple[str, ...]] | None:
    """The run of the same command before anything was touched, and the tests that failed in both."""
    if not any(alters(step) for step in scene.steps[: last.index]):
        return None
    for step in scene.steps[: last.index]:
        if not harmless(step) or any(one.call.ordinal < step.call.ordinal for one in scene.agent_steps):
            return None
        if step.family == "test" and step.red and plain_command(step) == plain_command(last):
            failing = tuple(name for name in last.failing if name in step.failing)
            return (step, failing) if failing else None
    return None


def _asked_for(first: Step, scene: Scene) -> bool:
    """Whether the person had spoken of something that is broken before the first run."""
    return any(_ASKED_FOR.search(said.text) for said in scene.prompts if said.ordinal < first.call.ordinal)


def _decided(run: Step) -> bool:
    """Whether the outcome is that of the tests, and seen whole: not a first part of what still runs."""
    if run.outcome not in ("ok", "error"):
        return False
    if _REMEMBERS.search(run.command) or not _FILTERS.isdisjoint(
        part.words[0] for part in run.parts if part.words
    ):
        return False
    if not run.red:
        return run.red is False
    return bool(run.failing or run.failed_count) and not _SURROUNDINGS.search(run.text)


def _chains(scene: Scene) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """For each test the runs in a row that show it failing, a change of source before each but the first."""
    chains: dict[str, list[tuple[int, Step]]] = {}
    changes = 0
    for step in scene.steps:
        changes += bool(source_paths(step))
        if step.family != "test" or step.red is None:
            continue
        if step.red is False:
            over = [name for name, chain in chains.items() if chain[-1][1].target == step.target]
            yield from ((name, _steps(chains.pop(name))) for name in over)
        for name in step.failing:
            chain = chains.setdefault(name, [])
            if not chain or chain[-1][0] != changes:
                chain.append((changes, step))
    yield from ((name, _steps(chain)) for name, chain in chains.items())


def _steps(chain: list[tuple[int, Step]]) -> tuple[Step, ...]:
    return tuple(step for _, step in chain)


def _loops(chains: Iterable[tuple[str, tuple[Step, ...]]]) -> list[tuple[tuple[Step, ...], tuple[str, ...]]]:
    """The chains long enough, tests that fail together as one, and none that lies within a longer one."""
    together: dict[tuple[int, ...], tuple[tuple[Step, ...], list[str]]] = {}
    for name, rounds in chains:
        if len(rounds) >= FixTestLoop.least:
            key = tuple(step.index for step in rounds)
            together.setdefault(key, (rounds, []))[1].append(name)
    kept: list[tuple[tuple[Step, ...], tuple[str, ...]]] = []
    for key in sorted(together, key=lambda indexes: (-len(indexes), indexes)):
        if not any(rounds[0].index <= key[0] and key[-1] <= rounds[-1].index for rounds, _ in kept):
            rounds, failing = together[key]
            kept.append((rounds, tuple(failing)))
    return sorted(kept, key=lambda loop: loop[0][0].index)


DETECTORS: tuple[Detector, ...] = (TestsFailAtEnd(), FixTestLoop(), Flaky(), BrokenBefore())
