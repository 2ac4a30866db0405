"""The same failure is one trouble until a success ends it; roots hide their symptoms."""

from collections.abc import Iterable
from typing import ClassVar

from building import edit, read, say, session, shell

from debrief.analysis.detector import Detector, Finding, Scene, scene
from debrief.analysis.detectors.environment import CommandMissing
from debrief.analysis.episodes import SIGNATURES_KEPT, Trouble, troubles, without_symptoms
from debrief.analysis.steps import build_view
from debrief.analysis.wording import code, line_at, names, normalised, short
from debrief.model import Event, Session
from debrief.model.analysis import Label


class Failing(Detector):
    """Every failed shell line, by its text."""

    id = "T-01"
    name = "failing"
    label: ClassVar[Label] = "Tool Use"

    def find(self, scene: Scene) -> Iterable[Finding]:
        return [
            Finding(signature=step.text, summary=step.text, steps=(step,))
            for step in scene.steps
            if step.failed and step.command
        ]


class Deeper(Failing):
    """The same, nearer the root."""

    id = "T-02"
    label: ClassVar[Label] = "Access"


class Twice(Failing):
    """The same, from the second hit on."""

    id = "T-03"
    least = 2


def fail(command: str = "make", output: str = "boom") -> tuple[Event, ...]:
    return shell(command, output=output, exit_code=2)


def work(command: str = "make") -> tuple[Event, ...]:
    return shell(command, output="built")


def of(detector: Detector, given: Session) -> list[Trouble]:
    seen = scene(build_view(given))
    return troubles(detector, detector.find(seen), seen.steps)


def test_one_signature_is_one_episode_until_the_same_target_succeeds() -> None:
    (trouble,) = of(Failing(), session(fail(), edit("a.c"), fail(), work(), say("done")))
    (episode,) = trouble.episodes
    assert [hit.index for hit in episode.hits] == [0, 2]
    assert episode.resolution is not None
    assert episode.resolution.index == 3
    assert trouble.resolved
    assert trouble.evidence == (1, 5, 7)


def test_success_of_another_target_resolves_nothing() -> None:
    (trouble,) = of(Failing(), session(fail("make"), work("cargo build"), say("done")))
    assert not trouble.resolved


def test_a_failure_after_the_success_begins_a_new_episode_of_the_same_trouble() -> None:
    (trouble,) = of(Failing(), session(fail(), work(), fail(), say("hm")))
    assert len(trouble.episodes) == 2
    assert not trouble.resolved


def test_too_few_hits_are_no_episode() -> None:
    assert not of(Twice(), session(fail(), work(), fail(), work()))
    assert of(Twice(), session(fail(), fail(), work()))


def test_other_signatures_are_other_troubles_up_to_a_limit() -> None:
    many = [fail(f"run{n}", f"kind {n}") for n in range(SIGNATURES_KEPT + 5)]
    assert len(of(Failing(), session(*many))) == SIGNATURES_KEPT


def test_the_root_hides_a_symptom_with_the_same_steps() -> None:
    given = session(fail(), read("a"), fail())
    root, symptom = of(Deeper(), given), of(Failing(), given)
    assert without_symptoms(symptom + root) == root


def test_a_symptom_with_a_step_of_its_own_stays() -> None:
    given = session(fail(), fail("cargo test", "other"))
    (first, second) = of(Failing(), given)
    (root, _) = of(Deeper(), given)
    assert without_symptoms([first, second, root]) == [root, second]


def test_a_missing_command_is_resolved_by_a_quick_substitute_but_not_by_any_later_work() -> None:
    missing = shell("python a.py", output="bash: line 1: python: command not found", exit_code=127)
    (quick,) = of(CommandMissing(), session(missing, work("python3 a.py")))
    assert quick.resolved
    (late,) = of(CommandMissing(), session(missing, *[read("x")] * 5, work("python3 b.py")))
    assert not late.resolved


def test_a_signature_keeps_nothing_that_varies() -> None:
    one = normalised("/home/a/x.py:12: error 'foo' in 3f2a9bc1 took 1.5s, see https://a.b/c?d=1")
    two = normalised("/srv/b/y.py:9: error 'bar' in 0c1d2e3f took 22s, see https://e.f/g?h=2")
    assert one == two == "error in took s, see"


def test_quotes_are_substrings_on_one_line() -> None:
    assert line_at("one\n  two \nthree", 6) == "two"
    assert short("a  b\nc") == "a b c"
    assert short("x" * 200, 10) == "x" * 9 + "\u2026"
    assert code("a `b` c") == "`a 'b' c`"
    assert names(["a", "b", "c", "d", "e"]) == "`a`, `b`, `c` and 2 more"
