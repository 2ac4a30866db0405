"""The promises of a suggested prompt, over whole analyses: grounded, verbatim, exact, silent, settled."""

from collections.abc import Iterator

import msgspec
import pytest
from all_cases import STRUCTURES_FIRE, STRUCTURES_QUIET
from building import edit, interrupt, prompt, rejected, say, search, session, shell
from judgement_cases import looks

from debrief.analysis import analyse
from debrief.analysis.prompt import HEADING
from debrief.analysis.prompt_slots import collect_slots
from debrief.analysis.steps import build_view
from debrief.model import Event, Session

SUPPORTS = ("APP-03", "VC-03", "TST-04")
CASES = [
    pytest.param(given, id=f"{identity}-{number}")
    for cases in (STRUCTURES_FIRE, STRUCTURES_QUIET)
    for identity, sessions in cases.items()
    for number, given in enumerate(sessions)
    if len(given.events) < 200
]
TAUGHT = {
    "REQ-03": session(
        prompt("tidy up the model of the account"),
        edit("/work/app/src/user_model.py", "legacy_id = 1", "identifier = 1"),
        say("Renamed it."),
        prompt("no, `legacy_id` must keep its name, other programs read it"),
        edit("/work/app/src/user_model.py", "identifier = 1", "legacy_id = 1"),
    ),
    "REQ-04": session(
        prompt("fix the conflicts"),
        shell("git status"),
        say("There are none now. Which branch do you want to bring in? Tell me and I merge it."),
        prompt("the parent is team/two-level-index"),
        shell("git merge team/two-level-index"),
        edit("/work/app/src/store.go"),
        shell("make lint", output="ok"),
    ),
    "REQ-05": session(
        prompt("bring our branch up to date with its parent and resolve what conflicts"),
        say("I see two that it may be. Which branch is the parent?"),
        prompt("the parent here is team/two-level-index"),
        shell("git merge team/two-level-index"),
        edit("/work/app/src/store.go"),
    ),
    "APP-03": session(prompt("Fix the bug in the login"), looks(26), edit("/work/app/src/auth/token.ts")),
}


def advised(given: Session) -> bool:
    found = analyse(given).suggested_prompt
    return found is not None and (
        bool(found.feedback_items) or found.suggested_prompt != found.original_prompt
    )


def said(event: Event) -> str:
    return " ".join((event.text, event.command or "", event.path or "", event.args)).lower()


def cited(given: Session, evidence: tuple[int, ...]) -> Iterator[str]:
    """What the events say; a call together with its result."""
    calls = {given.events[ordinal].call_id for ordinal in evidence} - {None}
    for event in given.events:
        if event.ordinal in evidence or event.call_id in calls:
            yield said(event)


@pytest.mark.parametrize("identity", TAUGHT)
def test_each_reason_teaches_something(identity: str) -> None:
    analysis = analyse(TAUGHT[identity])
    issues = {issue.detector: issue for issue in analysis.issues}
    found = analysis.suggested_prompt
    assert identity in issues
    assert found is not None
    assert HEADING in found.suggested_prompt
    assert issues[identity].id in {item.issue_id for item in found.feedback_items}


def test_what_was_taught_is_what_was_said() -> None:
    told = {name: analyse(given).suggested_prompt for name, given in TAUGHT.items()}
    lines = {name: found.suggested_prompt.split("\n") for name, found in told.items() if found is not None}
    quoted = "no, `legacy_id` must keep its name, other programs read it"
    assert f"Constraint: \u201c{quoted}\u201d" in lines["REQ-03"]
    assert "Base branch: team/two-level-index." in lines["REQ-04"]
    assert "Base branch: team/two-level-index." in lines["REQ-05"]
    assert "Where: src/auth/token.ts (edited in this session)." in lines["APP-03"]


@pytest.mark.parametrize("given", CASES)
def test_every_value_stands_in_the_events_that_are_cited(given: Session) -> None:
    analysis = analyse(given)
    found = analysis.suggested_prompt
    if found is None:
        return
    first = next((event for event in given.events if event.kind == "prompt"), None)
    for slot in collect_slots(build_view(given), analysis.issues, found.original_prompt, first):
        assert slot.evidence
        texts = list(cited(given, slot.evidence))
        assert all(any(value.lower() in text for text in texts) for value in slot.values), slot


@pytest.mark.parametrize("given", CASES)
def test_the_original_is_kept_and_every_excerpt_is_a_part_of_it(given: Session) -> None:
    found = analyse(given).suggested_prompt
    if found is not None:
        assert found.suggested_prompt.startswith(found.original_prompt)
        assert all(item.excerpt and item.excerpt in found.original_prompt for item in found.feedback_items)


@pytest.mark.parametrize("given", CASES)
def test_nothing_is_said_without_an_issue_that_shows_the_cost(given: Session) -> None:
    reasons = {issue.detector for issue in analyse(given).issues}
    if not any(reason.startswith("REQ-") or reason in SUPPORTS for reason in reasons):
        assert not advised(given)


@pytest.mark.parametrize("given", [*CASES, *TAUGHT.values()])
def test_its_own_suggestion_teaches_nothing_new(given: Session) -> None:
    found = analyse(given).suggested_prompt
    if found is None:
        return
    first = next((event for event in given.events if event.kind == "prompt" and not event.replayed), None)
    if first is None:
        return
    better = msgspec.structs.replace(first, text=found.suggested_prompt)
    events = tuple(better if event is first else event for event in given.events)
    again = analyse(msgspec.structs.replace(given, events=events)).suggested_prompt
    assert again is not None
    assert again.suggested_prompt == found.suggested_prompt


@pytest.mark.parametrize("text", ["yes", "commit this", "/review", "ok, go on", "1", "push please", "thanks"])
@pytest.mark.parametrize("identity", TAUGHT)
def test_a_continuation_gets_no_advice(text: str, identity: str) -> None:
    events = TAUGHT[identity].events[1:]
    assert not advised(session(prompt(text), events))


@pytest.mark.parametrize(
    "given",
    [
        session(prompt("lint and tests are red :("), shell("make lint | tail"), edit("a.go"), say("Done.")),
        session(prompt("fix the tests"), edit("a.go"), say("Done."), prompt("commit this")),
        session(prompt("tidy up"), edit("a.py"), interrupt(), prompt("continue")),
        session(prompt("tidy up"), rejected(edit("a.py")), prompt("ok")),
        session(
            prompt("why is it slow?"), *[search(f"x{n}") for n in range(40)], say("The index is missing.")
        ),
    ],
)
def test_what_cost_nothing_is_left_alone(given: Session) -> None:
    assert not advised(given)


def test_a_complaint_is_no_condition() -> None:
    given = session(
        prompt("show the notice once"),
        edit("/work/app/src/notice.py"),
        say("Done."),
        prompt("it is still showing the notice twice"),
        edit("/work/app/src/notice.py"),
    )
    assert "REQ-03" in {issue.detector for issue in analyse(given).issues}
    assert not advised(given)


def test_the_branch_of_a_later_task_is_not_that_of_the_first() -> None:
    merge = shell("git merge origin/main", output="CONFLICT (content): Merge conflict in a.py", exit_code=1)
    given = session(
        prompt("add a limit to the reader of the log"),
        edit("/work/app/a.py"),
        say("Done."),
        prompt("now merge its parent"),
        merge,
        interrupt(),
        prompt("the parent is team/other-branch"),
        shell("git merge --abort && git merge team/other-branch"),
    )
    found = analyse(given).suggested_prompt
    assert found is not None
    assert "team/other-branch" not in found.suggested_prompt
