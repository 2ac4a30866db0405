"""The risk that a session's work failed: which signs fire, which do not, and what is never claimed."""

import msgspec
import pytest
from building import Happening, by_agent, call, interrupt, prompt, read, rejected, say, session, shell

from debrief.analysis.risk import Figures, Reading, earned, outcome_risk, probability
from debrief.analysis.risk_coefficients import COEFFICIENTS
from debrief.analysis.steps import build_view
from debrief.model import FileEdit, OutcomeRisk, Session


def risk(*happenings: Happening, given: Session | None = None) -> OutcomeRisk:
    return outcome_risk(build_view(given or session(*happenings)))


def failing(count: int) -> list[Happening]:
    return [shell(f"tool{n} run", output="broke", exit_code=1) for n in range(count)]


def signs(found: OutcomeRisk) -> set[str]:
    return {sign.id for sign in found.signs}


def sure(found: OutcomeRisk) -> set[str]:
    return {sign.id for sign in found.signs if sign.weight == "sure"}


def change(path: str, new: str) -> Happening:
    return call("Edit", "edit", path=path, edits=[FileEdit(path=path, old="old", new=new)])


def test_a_run_that_ends_in_errors_has_failed_nearly_always() -> None:
    found = risk(*([shell("ls")] * 9), *failing(2), say("All done, everything works."))
    assert sure(found) == {"tail_errors"}
    assert found.sure
    assert found.claimed
    assert found.probability is not None
    assert found.probability >= 0.85
    assert found.signs[0].evidence == (19, 21)
    assert "claimed, not verified" in found.summary


def test_many_errors_are_a_sure_sign_and_expected_ones_are_none() -> None:
    many = [happening for pair in zip(failing(8), [shell("ls")] * 8, strict=True) for happening in pair]
    assert "error_rate" in sure(risk(*many, *[shell("ls")] * 4, say("Done.")))
    expected = [shell(f"which tool{n}", output="", exit_code=1) for n in range(8)]
    assert not sure(risk(*expected, say("Done.")))
    declined = [rejected(shell("make")) for _ in range(8)]
    assert not sure(risk(*declined, say("Done.")))
    assert not sure(risk(*failing(4), say("Done.")))


@pytest.mark.parametrize("state", ["running", "interrupted"])
def test_what_goes_on_is_not_given_up(state: str) -> None:
    begun = msgspec.structs.replace(session(*failing(6)), end_state=state)
    assert not risk(given=begun).sure


@pytest.mark.parametrize(
    ("asked", "answer", "fires"),
    [
        ("Build the kernel from source", "I\u2019ll help you build it. First, let me look around.", True),
        ("Download the video", "I can't assist with that.", True),
        ("Fit the peaks", "To do so, I need the following: the spectrum.", True),
        ("Fix the parser", "Fixed in my head: the loop ends one early.", False),
        ("What does the parser do?", "Let me look at it. It parses.", False),
        ("Why does it crash", "I'll guess: the list is empty.", False),
        ("hello", "Hi! Let me help. What do you need?", False),
        ("Say the word", "Let me know what you need.", False),
    ],
)
def test_an_announcement_is_no_work(asked: str, answer: str, fires: bool) -> None:  # noqa: FBT001 (a case)
    found = risk(prompt(asked), say(answer))
    assert (sure(found) == {"nothing_done"}) is fires
    assert (found.probability is not None) is fires


def test_a_conversation_is_no_announcement() -> None:
    assert not risk(
        prompt("Build it"), say("I'll plan it."), prompt("Make the plan"), say("I'll do so.")
    ).sure
    assert not risk(say("Let me look."), by_agent("a1", shell("ls"))).sure
    asked = session(prompt("Build it"), say("I'll look."), interrupt())
    assert not risk(given=msgspec.structs.replace(asked, end_state="interrupted")).sure


def test_no_final_result_is_told_and_is_no_proof() -> None:
    for state in ("running", "error", "truncated"):
        found = risk(given=msgspec.structs.replace(session(shell("ls")), end_state=state))
        assert "no_final_result" in signs(found)
        assert not found.sure
    assert "no_final_result" not in signs(risk(shell("ls"), say("Done.")))


def test_signs_move_the_estimate_the_way_they_say() -> None:
    claim, silence = say("The work is done."), say("The list is long.")
    green = shell("pytest", output="3 passed in 0.1s")
    broken = shell("frob", output="frob: no", exit_code=2)
    rest = [shell("ls"), read("a"), read("b"), read("c"), read("d")]
    plain = risk(*rest, claim).probability or 0
    assert (risk(*rest, silence).probability or 0) > plain
    assert (risk(*rest, say("The work is done, but two checks still fail.")).probability or 0) > plain
    assert (risk(broken, *rest, claim).probability or 0) > plain
    assert (risk(green, *rest, claim).probability or 0) < plain
    assert signs(risk(broken, *rest, green, say("Still missing: docs."))) == {
        "unresolved_commands",
        "no_claim",
        "reserve",
        "test_green",
    }


def test_a_command_that_worked_in_the_end_is_not_held_against_the_work() -> None:
    rest = [read("a")] * 5
    mended = risk(shell("make", exit_code=2), shell("make"), *rest, say("Done."))
    assert "unresolved_commands" not in signs(mended)


def test_questions_are_not_judged() -> None:
    asked = risk(prompt("How does it work?"), read("a.py"), say("Like this."))
    assert asked.probability is None
    assert asked.signs == ()
    assert not asked.sure
    assert asked.summary == "Nothing in the transcript says whether the work succeeded."
    assert risk(prompt("How does it work?"), change("a.py", "b"), say("Like this.")).probability is not None


def test_no_figure_is_taken_beyond_what_was_seen() -> None:
    def told(unresolved: float, reserves: float) -> float | None:
        figures = Figures(unresolved=unresolved, claims=0.0, reserves=reserves, test_green=0.0)
        return probability(Reading(figures=figures, signs=()), COEFFICIENTS)

    assert told(1.0, 50.0) == told(COEFFICIENTS.limits["unresolved"], COEFFICIENTS.limits["reserves"])
    assert probability(Reading(figures=None, signs=()), COEFFICIENTS) is None


def test_a_rule_that_was_always_right_is_not_certain() -> None:
    assert earned(9, 9) == pytest.approx(10 / 11)
    assert earned(0, 0) == 0.5


def test_every_sign_cites_events_that_exist() -> None:
    given = session(
        prompt("Build it"), *failing(30), shell("pytest", output="1 passed in 0.1s"), say("failed")
    )
    found = risk(given=given)
    assert len(found.signs) >= 4
    for sign in found.signs:
        assert sign.evidence
        assert len(sign.evidence) <= 8
        assert set(sign.evidence) <= {event.ordinal for event in given.events}
        assert sign.text.endswith(".")
