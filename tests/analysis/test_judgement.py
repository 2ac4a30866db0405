"""Judgements on how the work went: what is usual, what a question is, and what a hostile text costs."""

import time

import pytest
from building import edit, prompt, read, say, session, shell
from judgement_cases import STRUCTURES_FIRE

from debrief.analysis import analyse
from debrief.analysis.catalogue import DETECTORS
from debrief.analysis.detector import scene
from debrief.analysis.detectors.performance import CostOutlier
from debrief.analysis.steps import build_view
from debrief.analysis.turns import is_fact, names_something, question_of, turns
from debrief.model import Baseline, ModelCall, Session, Tokens

USUAL = Baseline(sessions=40, steps_p95=500, tokens_p95=1_000_000)
MANY = session(prompt("go"), read("a") * 101)


def unusual(given: Session, baseline: Baseline | None) -> list[str]:
    return [one.summary for one in CostOutlier().find(scene(build_view(given), baseline))]


def test_nothing_is_unusual_before_something_is_usual() -> None:
    assert not unusual(MANY, None)
    assert not unusual(MANY, Baseline(sessions=19, steps_p95=10))
    assert unusual(MANY, Baseline(sessions=20, steps_p95=100))
    assert not unusual(MANY, Baseline(sessions=20, steps_p95=101))


def test_tokens_are_compared_where_both_sides_state_them() -> None:
    asked = ModelCall(key="1", tokens=Tokens(input=900, output=101))
    given = Session(
        format="test",
        parser_version=1,
        native_id="s",
        agent="A",
        events=MANY.events[:3],
        model_calls=(asked,),
    )
    assert not unusual(given, Baseline(sessions=40, steps_p95=100))
    (said,) = unusual(given, Baseline(sessions=40, steps_p95=100, tokens_p95=1_000))
    assert said == "The session took 1,001 tokens (95 of 100 sessions take at most 1,000)"


def test_the_analysis_takes_what_is_usual() -> None:
    usual = Baseline(sessions=40, steps_p95=100)
    assert "PERF-02" in {issue.detector for issue in analyse(MANY, baseline=usual).issues}
    assert "PERF-02" not in {issue.detector for issue in analyse(MANY).issues}


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("Looked at both. Which branch is the base?", "Which branch is the base?"),
        ("Where is the fixture?\n\nTell me and I go on.", "Where is the fixture?"),
        ("Why did it fail? The cache was cold.", ""),
        ("Done. Shall I push it?", ""),
        ("Which approach do you prefer?", ""),
        ("All good.", ""),
        ("", ""),
    ],
)
def test_a_question_is_one_that_the_work_waits_for(message: str, question: str) -> None:
    assert question_of(message) == question


@pytest.mark.parametrize(
    "answer", ["the base is main", "origin/main", "ENT-108", "yeah merge from main", "v2_users"]
)
def test_a_fact_tells_something(answer: str) -> None:
    assert is_fact(answer)


@pytest.mark.parametrize(
    "answer", ["yes", "A.", "2", "ok, go on with it", "what is that?", "commit and push it", ""]
)
def test_leave_and_choice_are_no_facts(answer: str) -> None:
    assert not is_fact(answer)


@pytest.mark.parametrize("text", ["src/a.py", "userName", "snake_case", "ENT-12", "#44", "--flag", "`it`"])
def test_things_of_the_code_are_seen(text: str) -> None:
    assert names_something(f"look at {text} please")


@pytest.mark.parametrize("identity", STRUCTURES_FIRE)
def test_what_is_said_of_each_case_stands_in_its_events(identity: str) -> None:
    for given in STRUCTURES_FIRE[identity]:
        analysis = analyse(given, [one for one in DETECTORS if one.id == identity], USUAL)
        assert [issue.detector for issue in analysis.issues] == [identity]
        assert analysis.faults == ()


def test_a_turn_knows_what_was_said_and_done_before_it() -> None:
    given = session(
        prompt("fix it"), edit("a.py"), say("Which file is meant?"), prompt("b.py"), prompt("c.py")
    )
    first, second, third = turns(build_view(given))
    assert (first.steps, first.asked) == ((), None)
    assert [step.target for step in second.steps] == ["a.py"]
    assert second.asked is not None
    assert (third.steps, third.asked) == ((), None)


HOSTILE = [
    "a" * 32_000,
    "no " * 10_000,
    "you have just " * 2_500,
    "a_" * 16_000,
    "a/" * 16_000,
    "A" * 16_000 + "?" * 16_000,
    "`" * 32_000,
    '"' * 32_000,
    '"a"="b" ' * 4_000,
    "the third argument " * 1_600,
    "? " * 16_000,
    "\n" * 32_000,
    "cd " * 10_000,
    "assert " * 4_500,
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_text_costs_no_more_than_its_length(number: int) -> None:
    text = HOSTILE[number]
    given = session(
        prompt(text),
        edit("tests/test_a.py", text, text[1:]),
        shell(text, output=text, exit_code=1),
        say(text),
        prompt(text),
        shell(f"pytest {text[:2_000]}", output=text),
        say(text),
    )
    begun = time.process_time()
    analysis = analyse(given)
    assert time.process_time() - begun < 2
    assert not [fault for fault in analysis.faults if fault.startswith(("APP", "VER", "REQ", "KNW", "PERF"))]
