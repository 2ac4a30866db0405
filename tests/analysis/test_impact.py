"""What a trouble cost, at and around each cut-off, and what is not worth a word."""

import pytest
from building import edit, interrupt, prompt, read, rejected, say, session, shell

from debrief.analysis.detector import Scene, scene
from debrief.analysis.detectors.access import AccessDenied
from debrief.analysis.detectors.environment import CommandMissing
from debrief.analysis.detectors.version_control import MergeConflict
from debrief.analysis.episodes import Trouble, troubles
from debrief.analysis.impact import GAP_STEPS, HIGH, MEDIUM, Price, cost_text, impact, price
from debrief.analysis.steps import build_view
from debrief.model import Event, Session

MISSING = "bash: line 1: frob: command not found"


def frob() -> tuple[Event, ...]:
    return shell("frob --all", output=MISSING, exit_code=127)


def found(given: Session) -> tuple[Trouble, Scene]:
    seen = scene(build_view(given))
    (trouble,) = troubles(CommandMissing(), CommandMissing().find(seen), seen.steps)
    return trouble, seen


def priced(given: Session) -> Price:
    trouble, seen = found(given)
    return price(trouble, seen, set())


def judged(given: Session) -> str | None:
    trouble, seen = found(given)
    return impact(trouble, price(trouble, seen, set()))


def reads(count: int) -> tuple[Event, ...]:
    return read("a.txt") * count


def solved(steps: int, total: int) -> Session:
    """`steps` wasted calls of `total`, then a success."""
    used = (frob(), reads(steps - 1), shell("frob --all", output="ok"))
    return session(*used, reads(total - steps - 1), say("done"))


@pytest.mark.parametrize(
    ("steps", "total", "expected"),
    [
        (HIGH.share_steps, HIGH.share_steps * 4, "High"),
        (HIGH.share_steps, HIGH.share_steps * 4 + 1, "Medium"),
        (HIGH.share_steps - 1, 8, "Medium"),
        (MEDIUM.steps, 400, "Medium"),
        (MEDIUM.share_steps, 37, "Medium"),
        (MEDIUM.share_steps, 38, "Low"),
        (2, 10, "Low"),
    ],
)
def test_steps_and_share(steps: int, total: int, expected: str) -> None:
    assert judged(solved(steps, total)) == expected


def test_many_steps_are_high_however_long_the_session() -> None:
    rounds = [happened for _ in range(8) for happened in (frob(), reads(1))]
    assert priced(session(*rounds, reads(500))).steps == HIGH.steps
    assert judged(session(*rounds, reads(500))) == "High"


def test_minutes_count_work_and_thought_but_no_pauses() -> None:
    slow = shell("frob --all", output=MISSING, exit_code=127, seconds=600)
    assert priced(session(slow, shell("frob", output="ok"), reads(90))).minutes == pytest.approx(10, abs=0.1)
    waited = session(frob(), prompt("and?", at=4000), shell("frob", output="ok"), reads(90))
    assert priced(waited).minutes == pytest.approx(0, abs=0.1)


def test_missing_times_are_left_out_and_not_guessed() -> None:
    cost = priced(session(frob(), frob(), shell("frob", output="ok"), timed=False))
    assert cost.minutes is None
    assert cost.steps == 2


def test_far_apart_hits_do_not_count_what_lies_between() -> None:
    near = session(frob(), reads(GAP_STEPS - 1), frob(), reads(50))
    far = session(frob(), reads(GAP_STEPS), frob(), reads(50))
    assert priced(near).steps == GAP_STEPS + 1
    assert priced(far).steps == 2


def test_peoples_turns_raise_the_impact() -> None:
    assert priced(session(frob(), interrupt(), prompt("no"), reads(50))).user_turns == 1
    assert judged(session(frob(), interrupt(), prompt("no"), reads(50))) == "Medium"
    declined = rejected(edit("a.py"))
    assert judged(session(frob(), declined, declined, shell("frob", output="ok"), reads(90))) == "High"


def test_steps_are_paid_for_once() -> None:
    trouble, seen = found(solved(6, 100))
    taken = {0, 1, 2}
    assert price(trouble, seen, taken).steps == 3
    assert taken == set(range(6))


def test_blocked_is_high_and_a_running_session_is_not_blocked() -> None:
    assert judged(session(frob(), reads(60), frob(), say("I stop here."))) == "High"
    assert judged(session(frob(), reads(60), say("`frob` is not installed, so I stop here."))) == "High"
    assert judged(session(frob(), reads(60), say("I used something else."))) == "Low"
    assert judged(session(frob(), reads(60), frob(), end_state="running")) == "Low"


def test_met_once_and_solved_at_once_is_dropped() -> None:
    assert judged(session(frob(), shell("frob --all", output="ok"), reads(50))) is None
    assert judged(session(frob(), shell("other --all", output="ok"), reads(50))) is None


def test_refused_access_is_never_dropped() -> None:
    no = shell("curl -f https://api.example.com", output="curl: (22) returned error: 401", exit_code=22)
    given = session(no, shell("curl -f https://api.example.com", output="{}"), reads(50))
    seen = scene(build_view(given))
    (trouble,) = troubles(AccessDenied(), AccessDenied().find(seen), seen.steps)
    assert impact(trouble, price(trouble, seen, set())) == "Low"


def test_the_cost_is_said_in_words() -> None:
    trouble, seen = found(solved(6, 100))
    assert cost_text(trouble, price(trouble, seen, set())) == "(6 of 100 tool calls, resolved)"
    trouble, seen = found(session(frob(), reads(8), frob(), say("no")))
    assert cost_text(trouble, price(trouble, seen, set())) == "(twice, 10 of 10 tool calls, unresolved)"


def conflicts(asked: str) -> str | None:
    output = "CONFLICT (content): Merge conflict in a.py\nAutomatic merge failed; fix conflicts"
    merge = shell("git merge origin/main", output=output, exit_code=1)
    work = edit("a.py") * HIGH.share_steps
    seen = scene(build_view(session(prompt(asked), merge, work, merge, shell("git commit -am merged"))))
    (trouble,) = troubles(MergeConflict(), MergeConflict().find(seen), seen.steps)
    return impact(trouble, price(trouble, seen, set()))


@pytest.mark.parametrize(
    "asked",
    [
        "we need to fix some merge conflicts",
        "Please rebase this branch",
        "merge main into it",
        "cherry-pick abc1234 onto the release",
    ],
)
def test_a_conflict_that_was_the_task_matters_little(asked: str) -> None:
    assert conflicts(asked) == "Low"


@pytest.mark.parametrize(
    "asked",
    [
        "add a login page",
        "add a login page, but do not merge it",
        "add a login page and open a merge request",
    ],
)
def test_a_conflict_that_nobody_asked_for_costs_what_it_cost(asked: str) -> None:
    assert conflicts(asked) == "High"


def test_a_limit_raises_nothing() -> None:
    output = "error: could not apply 3f2a1bc... Add login"
    done = (shell("git rebase main", output=output, exit_code=1), shell("git rebase --continue"))
    seen = scene(build_view(session(prompt("rebase it"), *done, reads(50))))
    (trouble,) = troubles(MergeConflict(), MergeConflict().find(seen), seen.steps)
    assert impact(trouble, price(trouble, seen, set())) is None
