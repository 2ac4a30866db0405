"""What the session does not bear out is dropped, whoever said it."""

from typing import Any

import msgspec
import pytest
from building import edit, prompt, say, session, shell

from debrief.analysis import analyse
from debrief.analysis.verify import quotations, verified
from debrief.model import (
    ActionItem,
    Analysis,
    FeedbackItem,
    Issue,
    SuggestedPrompt,
    TimelineEntry,
)

GIVEN = session(
    prompt("fix the login"),
    shell("npm start", output="Error: Environment variable DATABASE_URL is not set", exit_code=1),
    edit("src/login.ts"),
    say("Done."),
)


def issue(text: str, *evidence: int) -> Issue:
    return Issue(
        id="issue_1",
        label="Configuration",
        impact="High",
        issue=text,
        detector="CFG-01",
        detector_version=1,
        evidence=evidence,
        fingerprint="0" * 32,
    )


def held(**parts: Any) -> Analysis:
    return verified(Analysis(analyser_version=1, **parts), GIVEN)


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("`DATABASE_URL` was missing", (2,)),
        ('`npm start` ended with "Error: Environment variable DATABASE_URL is not set"', (1,)),
        ('`npm start` ended with "Error: Environment variable…"', (2,)),
        ("The login was not tested", (3,)),
    ],
)
def test_what_the_session_shows_stays(text: str, evidence: tuple[int, ...]) -> None:
    analysis = held(issues=(issue(text, *evidence),))
    assert len(analysis.issues) == 1
    assert analysis.faults == ()


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("`API_KEY` was missing", (2,)),
        ("`DATABASE_URL` was missing", (3,)),
        ("`DATABASE_URL` was missing", ()),
        ("`DATABASE_URL` was missing", (2, 99)),
        ("`DATABASE_URL` was missing", (-1,)),
        ('It ended with "Error: Environment variable PORT is not set"', (2,)),
    ],
)
def test_what_the_session_does_not_show_is_dropped_with_all_that_hangs_on_it(
    text: str, evidence: tuple[int, ...]
) -> None:
    analysis = held(
        issues=(issue(text, *evidence),),
        action_items=(ActionItem(type="machine_setup", action_item="Set it.", issue_id="issue_1"),),
    )
    assert analysis.issues == ()
    assert analysis.action_items == ()
    assert [fault.split(":")[0] for fault in analysis.faults] == ["verify", "verify"]


def test_timeline_and_prompt_are_held_against_the_session_too() -> None:
    entry = TimelineEntry(title="Worked", description="", first=0, last=4)
    remark = FeedbackItem(summary="Location was missing", excerpt="the login", details="")
    suggestion = SuggestedPrompt(
        original_prompt="fix the login",
        suggested_prompt="fix the login\nWhere: src/login.ts",
        feedback_items=(remark, msgspec.structs.replace(remark, excerpt="the log-in")),
    )
    analysis = held(
        timeline=(entry, msgspec.structs.replace(entry, last=77), msgspec.structs.replace(entry, first=5)),
        suggested_prompt=suggestion,
    )
    assert analysis.timeline == (entry,)
    assert analysis.suggested_prompt is not None
    assert analysis.suggested_prompt.feedback_items == (remark,)
    changed = msgspec.structs.replace(suggestion, suggested_prompt="mend the login")
    assert held(suggested_prompt=changed).suggested_prompt is None


def test_quotations_end_where_they_should() -> None:
    text = 'The command `a b` said "it\'s `c`" twice, but "not'
    assert list(quotations(text)) == ["a b", "it's `c`"]


def test_an_analysis_of_ours_holds() -> None:
    analysis = analyse(GIVEN)
    assert analysis.issues
    assert verified(analysis, GIVEN) is analysis
