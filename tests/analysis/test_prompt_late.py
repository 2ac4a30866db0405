"""What was said late: of the first task only, and only what sets a condition; remarks are made once."""

import pytest
from building import Happening, edit, interrupt, prompt, rejected, say, session, shell, think, turn_end
from test_prompt import issue, suggest

from debrief.model import PullRequest, Session

LIMIT = "don't touch the public interface of the parser"
ADDED = f"Limit: \u201c{LIMIT}\u201d"
STOPPED = (interrupt(), prompt(LIMIT))


def stopped(*before: Happening) -> Session:
    return session(prompt("tidy the parser of dates"), *before, *STOPPED, edit("/work/app/x.py"))


def added(happened: Session) -> str:
    at = [event.ordinal for event in happened.events if event.kind in ("interrupt", "prompt")]
    return suggest(happened, issue("REQ-01", *at[1:])).suggested_prompt


@pytest.mark.parametrize(
    "before",
    [
        (edit("/work/app/a.py"),),
        (say("Let me look."), edit("/work/app/a.py")),
        (say("Shall I begin?"), prompt("go ahead"), edit("/work/app/a.py")),
        (edit("/work/app/a.py"), prompt("the tests as well"), edit("/work/app/b.py")),
        (shell("git add -A"),),
        (rejected(shell("git commit -am x")),),
    ],
)
def test_what_was_said_in_the_first_task_is_taken(before: tuple[Happening, ...]) -> None:
    assert ADDED in added(stopped(*before))


@pytest.mark.parametrize(
    "before",
    [
        (edit("/work/app/a.py"), shell("git commit -am done"), edit("/work/app/b.py")),
        (edit("/work/app/a.py"), shell("gh pr create --fill"), edit("/work/app/b.py")),
        (
            edit("/work/app/a.py"),
            say("Done."),
            turn_end(),
            prompt("plan the move to v2"),
            edit("/work/app/b.py"),
        ),
        (
            edit("/work/app/a.py"),
            prompt("and b"),
            edit("/work/app/b.py"),
            prompt("and c"),
            edit("/work/app/c.py"),
        ),
        (think("hm"),),
    ],
)
def test_what_was_said_about_another_task_is_not(before: tuple[Happening, ...]) -> None:
    assert "Limit" not in added(stopped(*before))


def test_a_created_pull_request_ends_the_first_task() -> None:
    url = "https://github.com/acme/app/pull/1"
    pull = PullRequest(url=url, created=True, evidence="native", event=2, number=1)
    work = (prompt("tidy the parser of dates"), edit("/work/app/a.py"), edit("/work/app/b.py"), *STOPPED)
    assert ADDED in added(session(*work))
    assert ADDED not in added(session(*work, pull_requests=[pull]))


def test_an_answer_to_a_much_later_plan_is_not_glued_to_the_first_prompt() -> None:
    refused = rejected(shell("make plan"), f"the user said: {LIMIT}")
    first = (prompt("tidy the parser of dates"), edit("/work/app/a.py"), say("Done."))
    happened = session(*first, prompt("now plan the move to v2"), refused, edit("/work/app/b.py"))
    late = [event.ordinal for event in happened.events if event.outcome == "rejected"]
    assert suggest(happened, issue("REQ-02", *late)).suggested_prompt == "tidy the parser of dates"


@pytest.mark.parametrize(
    "text",
    [
        "please write down all the steps",
        "Write down all the steps that you took.",
        "ok, please add a page for the new people",
        "show me the whole file again",
    ],
)
def test_a_request_is_no_constraint(text: str) -> None:
    happened = session(prompt("tidy the parser"), edit("/work/app/a.py"), interrupt(), prompt(text))
    assert added(happened) == "tidy the parser"


@pytest.mark.parametrize(
    "text",
    [
        "please keep the old name as an alias",
        "please don't touch the generated files",
        "please use the names of the schema",
        "write the tests without any mocks",
    ],
)
def test_a_polite_constraint_is_one(text: str) -> None:
    happened = session(prompt("tidy the parser"), edit("/work/app/a.py"), interrupt(), prompt(text))
    assert f"\u201c{text}\u201d" in added(happened)


def test_remarks_that_read_the_same_are_made_once() -> None:
    refused = rejected(edit("/work/app/b.py"), "the user said: the old alias has to stay in place")
    work = (prompt("tidy the parser"), edit("/work/app/a.py"), refused, interrupt())
    happened = session(*work, prompt("the schema of the table is frozen"))
    suggestion = suggest(happened, issue("REQ-01", 5, 6), issue("REQ-02", 4))
    assert suggestion.suggested_prompt.count("Constraint: ") == 2
    (item,) = suggestion.feedback_items
    assert (item.evidence, item.issue_id) == ((4, 6), "issue-REQ-02")


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        (("pytest -q",), "`pytest -q` passes."),
        (("make lint", "pytest -q"), "`make lint` and `pytest -q` pass."),
    ],
)
def test_one_check_passes_and_two_pass(commands: tuple[str, ...], told: str) -> None:
    checks = [shell(command, output="3 passed in 0.1s") for command in commands]
    happened = session(prompt("rename the flag"), edit("/work/app/cli.py"), *STOPPED, *checks)
    assert f"Done when: {told}" in added(happened)
