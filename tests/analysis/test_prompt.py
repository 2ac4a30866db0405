import string
import time

import pytest
from building import (
    Happening,
    compaction,
    edit,
    interrupt,
    prompt,
    read,
    rejected,
    say,
    search,
    session,
    shell,
    turn_end,
)
from hypothesis import given
from hypothesis import strategies as st

from debrief.analysis.prompt import HEADING, WORDS_ADDED, suggest_prompt
from debrief.analysis.prompt_text import is_continuation, spoken
from debrief.analysis.steps import build_view
from debrief.model import Issue, Session, SuggestedPrompt

DETECTORS = ("REQ-01", "REQ-02", "REQ-03", "REQ-04", "REQ-05", "APP-03", "VC-03", "TST-04", "ENV-01")


def issue(detector: str, *evidence: int) -> Issue:
    return Issue(
        id=f"issue-{detector}",
        label="Requirements",
        impact="Medium",
        issue="something",
        detector=detector,
        detector_version=1,
        evidence=evidence,
        fingerprint="0" * 32,
    )


def suggest(of: Session, *issues: Issue) -> SuggestedPrompt:
    suggestion = suggest_prompt(build_view(of), issues)
    assert suggestion is not None
    return suggestion


def grounded(of: Session, suggestion: SuggestedPrompt) -> None:
    """Every addition is made of strings that an event of the session holds."""
    texts = "\n".join(f"{e.text}\n{e.command or ''}\n{e.path or ''}\n{e.args}" for e in of.events)
    added = suggestion.suggested_prompt.removeprefix(suggestion.original_prompt)
    for line in added.split("\n"):
        if line.startswith(("Constraint: ", "Expected: ", "Limit: ")):
            quote = line.split("\u201c", maxsplit=1)[1].removesuffix("\u201d")
            assert quote.removesuffix("\u2026") in texts
    ordinals = {e.ordinal for e in of.events}
    for item in suggestion.feedback_items:
        assert item.excerpt
        assert item.excerpt in suggestion.original_prompt
        assert set(item.evidence) <= ordinals


def wrong_base() -> Session:
    return session(
        prompt("please bring our branch up to date with its parent branch, there are conflicts"),
        shell("git fetch origin && git merge origin/main", output="CONFLICT (content)", exit_code=1),
        read("/work/app/src/store.go"),
        read("/work/app/src/index.go"),
        interrupt(),
        prompt("the parent here is dana/two-level-index"),
        shell("git merge --abort && git merge origin/dana/two-level-index"),
        edit("/work/app/src/store.go"),
        shell("make lint", output="ok"),
        shell("make test:ci 2>&1 | tail -3", output="ok  \tacme/app/store\t0.3s"),
    )


def test_a_base_branch_that_was_named_late_is_put_first() -> None:
    happened = wrong_base()
    suggestion = suggest(happened, issue("VC-03", 1, 7), issue("REQ-01", 7, 8))
    added = suggestion.suggested_prompt.removeprefix(suggestion.original_prompt).split("\n")
    assert added[2:] == [
        HEADING,
        "Base branch: origin/dana/two-level-index (not origin/main).",
        "Done when: `make lint` and `make test:ci` pass.",
    ]
    item = suggestion.feedback_items[0]
    assert (item.summary, item.issue_id) == ("Base branch was missing", "issue-VC-03")
    assert "parent branch" in item.excerpt
    assert "origin/main (tool call 1)" in item.details
    grounded(happened, suggestion)


def test_a_thin_prompt_that_cost_nothing_is_left_alone() -> None:
    happened = session(
        prompt("lint and tests are red :("),
        shell("make lint | tail", output=""),
        edit("/work/app/a.go"),
        shell("make test | tail", output=""),
    )
    assert suggest(happened) == SuggestedPrompt(
        original_prompt="lint and tests are red :(", suggested_prompt="lint and tests are red :("
    )


def test_what_was_not_reproduced_is_not_an_acceptance_check() -> None:
    happened = session(
        prompt("main is failing on the build server, why? https://ci.example/runs/7"),
        shell("gh run view 7 --log", output="--- FAIL: TestDetect/hidden_folder (0.02s)"),
        shell("go test -tags=integration -run TestDetect ./...", output="ok  \tacme/app\t0.2s"),
    )
    suggestion = suggest(happened, issue("TST-04", 1, 3))
    assert "Passed locally with: `go test -tags=integration -run TestDetect ./...`." in (
        suggestion.suggested_prompt
    )
    assert "Done when" not in suggestion.suggested_prompt


def test_an_expected_result_that_came_late_is_quoted() -> None:
    happened = session(
        prompt("Implement the plan: list checkpoints by branch. " + "Details follow. " * 40),
        edit("/work/app/list.py"),
        shell("git commit -am wip"),
        say("Done, each merge shows two checkpoints."),
        prompt(
            "I would have expected a single checkpoint for a merge. and keep the reachable filter in place"
        ),
        edit("/work/app/list.py", "old", "newer"),
    )
    suggestion = suggest(happened, issue("REQ-03", 6))
    assert "Expected: \u201cI would have expected a single checkpoint for a merge.\u201d" in (
        suggestion.suggested_prompt
    )
    assert "Constraint: \u201cand keep the reachable filter in place\u201d" in suggestion.suggested_prompt
    assert [item.summary for item in suggestion.feedback_items] == [
        "Expected result came late",
        "Constraint came late",
    ]
    grounded(happened, suggestion)


def test_the_location_is_named_only_as_what_was_edited() -> None:
    looks = [search(f"login{i}") for i in range(26)]
    happened = session(prompt("Fix the bug"), *looks, edit("/work/app/src/auth/login.ts"))
    suggestion = suggest(happened, issue("APP-03", 1))
    assert "Where: src/auth/login.ts (edited in this session)." in suggestion.suggested_prompt
    assert suggestion.feedback_items[0].details.startswith("The agent made 26 read and search calls")


def test_without_an_edit_there_is_feedback_but_no_new_task() -> None:
    happened = session(prompt("Fix the bug"), *[search(f"x{i}") for i in range(31)], say("Which bug?"))
    suggestion = suggest(happened, issue("REQ-04", 0))
    assert suggestion.suggested_prompt == "Fix the bug"
    assert "31 read and search calls and no edit" in suggestion.feedback_items[0].details


def test_what_was_said_in_declining_a_call_counts_as_said_late() -> None:
    declined = rejected(
        edit("/work/app/model.py"),
        "The user doesn't want to proceed with this tool use. To tell you how to proceed, the user said:\n"
        "don't remove the legacy field yet\n\nNote: the rest of the batch was dropped.",
    )
    happened = session(prompt("clean up the model of the account"), declined, edit("/work/app/other.py"))
    suggestion = suggest(happened, issue("REQ-02", 2))
    assert "Limit: \u201cdon't remove the legacy field yet\u201d" in suggestion.suggested_prompt
    assert "Note:" not in suggestion.suggested_prompt


def test_a_command_that_the_repository_documents_is_not_repeated() -> None:
    happened = session(
        prompt("rename the flag"),
        read("/work/app/AGENTS.md"),
        edit("/work/app/cli.py"),
        interrupt(),
        prompt("the old name must keep working as an alias"),
        shell("pytest -q", output="3 passed in 0.10s"),
    )
    assert "pytest" not in suggest(happened, issue("REQ-01", 5, 6)).suggested_prompt


@pytest.mark.parametrize("text", ["yes", "commit this", "/review", "ok, go on", "1", "continue please"])
def test_a_continuation_gets_no_advice(text: str) -> None:
    happened = session(prompt(text), interrupt(), prompt("only touch the parser module please"))
    suggestion = suggest(happened, issue("REQ-01", 1, 2))
    assert suggestion.suggested_prompt == text
    assert not suggestion.feedback_items


@pytest.mark.parametrize(
    "text", ["fix the login page", "no tests run in ci since the merge of the new runner, why?"]
)
def test_a_task_is_no_continuation(text: str) -> None:
    assert not is_continuation(text)


def test_wrappers_are_taken_off_the_original() -> None:
    wrapped = "<system-reminder>be good</system-reminder>\nFix <b>this</b>\n[Request interrupted by user]"
    assert spoken(wrapped) == "Fix <b>this</b>"
    assert suggest(session(prompt(wrapped))).original_prompt == "Fix <b>this</b>"


def test_an_inserted_message_is_skipped_for_the_first_that_was_typed() -> None:
    happened = session(prompt("Base directory for this skill: /x"), prompt("now fix the parser of dates"))
    assert suggest(happened).original_prompt == "now fix the parser of dates"


def test_without_a_prompt_there_is_no_suggestion() -> None:
    assert suggest_prompt(build_view(session(say("hello"))), ()) is None
    assert suggest_prompt(build_view(session()), (issue("REQ-01"),)) is None


def test_its_own_suggestion_teaches_nothing_new() -> None:
    first = suggest(wrong_base(), issue("VC-03", 1, 7), issue("REQ-01", 7, 8))
    events = wrong_base().events[1:]
    again = session(prompt(first.suggested_prompt), events)
    assert (
        suggest(again, issue("VC-03", 1, 7), issue("REQ-01", 7, 8)).suggested_prompt == first.suggested_prompt
    )


def test_the_suggestion_is_capped() -> None:
    late = " ".join(f"field{i} {'stays as it is ' * 4}." for i in range(4)) + "\n"
    happened = session(prompt("tidy the model"), edit("/work/app/m.py"), interrupt(), prompt(late))
    suggestion = suggest(happened, issue("REQ-01", 3, 4))
    added = suggestion.suggested_prompt.removeprefix(suggestion.original_prompt)
    assert 0 < len(added.split()) <= WORDS_ADDED


WORDS = st.text(alphabet=string.ascii_letters + " ./-`\"'\n?!:<>$()\u201c", max_size=60)
HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    WORDS.map(prompt),
    WORDS.map(say),
    WORDS.map(lambda text: rejected(edit("/work/app/x.py"), f"the user said: {text}")),
    WORDS.map(lambda text: shell(f"git merge {text}", output=text)),
    WORDS.map(lambda text: shell("pytest", output=f"FAILED t.py::{text}\n1 failed in 0.1s", exit_code=1)),
    WORDS.map(lambda text: edit(f"/work/app/{text}")),
    st.sampled_from([interrupt(), compaction(), turn_end(), shell("make test"), search("x")]),
)


@given(st.lists(HAPPENINGS, max_size=14), st.lists(st.sampled_from(DETECTORS), max_size=5), st.integers(0, 9))
def test_whatever_happens_the_promises_hold(happenings: list[Happening], found: list[str], at: int) -> None:
    happened = session(*happenings)
    cited = min(at, max(0, len(happened.events) - 1))
    issues = tuple(issue(detector, cited) for detector in found)
    suggestion = suggest_prompt(build_view(happened), issues)
    if suggestion is None:
        assert not any(e.kind == "prompt" and e.text.strip() for e in happened.events)
        return
    assert suggestion.suggested_prompt.startswith(suggestion.original_prompt)
    assert len(suggestion.suggested_prompt.split()) <= len(suggestion.original_prompt.split()) + WORDS_ADDED
    if not set(found) - {"ENV-01"}:
        assert suggestion.suggested_prompt == suggestion.original_prompt
        assert not suggestion.feedback_items
    grounded(happened, suggestion)


HOSTILE = [
    "<a-b>" * 6_000,
    "\n" * 32_000,
    "the user said: " * 2_000,
    ". " * 16_000,
    "a/" * 16_000,
    "`" * 32_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    declined = rejected(shell("git merge x"), f"the user said: {text}")
    happened = session(
        prompt(f"the build fails {text}"), declined, interrupt(), prompt(text), shell(text, output=text)
    )
    start = time.process_time()
    suggest(happened, *(issue(detector, 0) for detector in DETECTORS))
    assert time.process_time() - start < 1
