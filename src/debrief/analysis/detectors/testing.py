"""Testing: what the tests say at the end."""

from collections.abc import Iterator

from debrief.analysis.changes import source_paths
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.view import Step
from debrief.analysis.wording import code, names, plural

UNFINISHED = frozenset({"running", "truncated", "interrupted"})
"""Ends after which a red test may be on its way to green."""


class TestsFailAtEnd(Detector):
    """The last test run of a session that came to its end shows failing tests.

    Why it matters: the work was handed over with tests that fail; somebody has to take it up again.

    When it is wrong: the tests may have failed before the work began. Where the session shows that, the
    impact is Low. A session that is still running or was stopped, or that changed source after the run, is no
    finding.

    What it suggests: to remember which tests fail.
    """

    __test__ = False

    id = "TST-01"
    name = "tests fail at end"
    label = "Testing"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The last test run, if it is red."""
        runs = [step for step in scene.steps if step.family == "test"]
        if not runs or runs[-1].red is not True or scene.session.end_state in UNFINISHED:
            return
        last = runs[-1]
        if any(source_paths(step) for step in scene.steps[last.index + 1 :]):
            return
        count = last.failed_count or len(last.failing)
        what = plural(count, "test") if count else "Tests"
        verb = "fails" if count == 1 else "fail"
        command = code(last.command or last.target)
        before = _red_before(runs, scene)
        listed = f": {names(last.failing)}" if last.failing else ""
        old = ", as before the first change" if before else ""
        remember = f"{what} still {verb} under {command}{listed}."
        yield Finding(
            signature=" ".join((last.target, *sorted(last.failing)[:20])),
            summary=f"{what} {verb} in the last test run, {command}{old}{listed}",
            steps=(last,),
            advice=(Advice("knowledge", remember),),
            state="open",
            impact="Low" if before else "High",
        )


def _red_before(runs: list[Step], scene: Scene) -> bool:
    """Whether a run before the first change of source failed in the same tests."""
    changed = next((step.index for step in scene.steps if source_paths(step)), None)
    last = set(runs[-1].failing)
    if changed is None or not last:
        return False
    return any(run.index < changed and run.red and last <= set(run.failing) for run in runs)


DETECTORS: tuple[Detector, ...] = (TestsFailAtEnd(),)
