import string
import time
from itertools import pairwise

import pytest
from building import (
    Happening,
    api_error,
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
    think,
    turn_end,
    write,
)
from hypothesis import given
from hypothesis import strategies as st

from debrief.analysis.phase_words import DESCRIPTION_LIMIT, TITLE_LIMIT
from debrief.analysis.phases import MOST
from debrief.analysis.steps import build_view
from debrief.analysis.timeline import build_timeline
from debrief.model import PullRequest, Session, TimelineEntry


def timeline(of: Session) -> tuple[TimelineEntry, ...]:
    entries = build_timeline(build_view(of))
    own = [event.ordinal for event in of.events if not event.replayed and event.agent is None]
    if own:
        assert (entries[0].first, entries[-1].last) == (own[0], own[-1])
    for entry, following in pairwise(entries):
        assert entry.first <= entry.last < following.first
    assert len(entries) <= MOST
    for entry in entries:
        assert 0 < len(entry.title) <= TITLE_LIMIT
        assert len(entry.description) <= DESCRIPTION_LIMIT
    return entries


def test_a_session_reads_like_a_report() -> None:
    pull = PullRequest(
        url="https://forge.example/acme/app/pull/123",
        created=True,
        evidence="tool_result",
        event=23,
        number=123,
    )
    entries = timeline(
        session(
            prompt("Reject expired tokens at login"),
            say("Let me look."),
            read("/work/app/src/auth/login.ts"),
            read("/work/app/src/auth/token.ts"),
            search("expired"),
            edit("/work/app/src/auth/login.ts"),
            edit("/work/app/src/auth/token.ts"),
            edit("/work/app/src/auth/clock.ts"),
            shell("npm test", exit_code=1, output="Tests:       12 failed, 3 passed, 15 total", seconds=90),
            edit("/work/app/src/auth/clock.ts"),
            shell("npm test", output="Tests:       15 passed, 15 total", seconds=90),
            shell("git commit -am fix && git push"),
            shell("gh pr create --fill", output=pull.url),
            say("Opened the pull request."),
            pull_requests=[pull],
        )
    )
    assert [entry.title for entry in entries] == [
        "Explored src/auth (2 files)",
        "Edited 3 files in src/auth, then ran `npm test`: 12 failures",
        "Edited auth/clock.ts, then ran `npm test`: passed",
        "Committed, pushed and opened pull request #123",
    ]
    assert "\u201cReject expired tokens at login\u201d" in entries[0].description
    assert "Took 2 min" in entries[1].description
    assert "\u201cOpened the pull request.\u201d" in entries[3].description


def test_failing_tests_are_counted_and_named() -> None:
    (entry,) = timeline(
        session(shell("pytest", exit_code=1, output="FAILED t.py::test_a - x\n4 failed, 3 passed in 0.1s"))
    )
    assert entry.title == "Ran `pytest`: 4 failures"
    assert "Failing: t.py::test_a." in entry.description


def test_interruptions_and_compactions_are_kept() -> None:
    entries = timeline(
        session(
            prompt("merge the parent branch"),
            *[read(f"/work/app/src/{i}.go") for i in range(8)],
            interrupt(),
            prompt("the parent is dana/index"),
            *[edit(f"/work/app/src/{i}.go") for i in range(8)],
            compaction(),
            shell("go test ./...", output="ok  \tacme/app\t0.1s"),
            api_error(),
        )
    )
    titles = [entry.title for entry in entries]
    assert titles == [
        "Explored src (8 files)",
        "After an interruption: edited 8 files in src",
        "Continued after a compaction: ran `go test`: passed",
        "The model\u2019s service failed",
    ]
    assert "\u201cthe parent is dana/index\u201d" in entries[1].description


def test_small_sessions_make_sense() -> None:
    assert timeline(session()) == ()
    assert [entry.title for entry in timeline(session(prompt("what is this?")))] == [
        "Asked: \u201cwhat is this?\u201d"
    ]
    answered = timeline(session(prompt("what is this?"), think("hm"), say("A parser."), turn_end()))
    assert [entry.title for entry in answered] == ["Answered: \u201cwhat is this?\u201d"]
    assert "\u201cA parser.\u201d" in answered[0].description
    assert [entry.title for entry in timeline(session(interrupt(), end_state="interrupted"))] == [
        "Interrupted by the user"
    ]
    assert [entry.title for entry in timeline(session(think("hm")))] == ["No visible work"]
    assert timeline(session(write("/work/app/a.py")))[0].title == "Wrote a.py"
    assert timeline(session(rejected(edit("a.py"))))[0].title == "Tried to edit a.py"


def test_times_are_given_only_where_they_are_known() -> None:
    happened = (prompt("go"), shell("make", seconds=120))
    assert "Took 2 min." in timeline(session(*happened))[0].description
    assert "Took" not in timeline(session(*happened, timed=False))[0].description


def test_waiting_for_a_person_is_no_work() -> None:
    entries = timeline(session(prompt("a"), read("a.py"), prompt("b", at=90_000), read("b.py")))
    assert all("h" not in entry.description.split("Took", 1)[-1] for entry in entries)


def test_a_long_session_is_merged_and_cheap() -> None:
    work: list[Happening] = []
    for i in range(1_250):
        work += [
            read(f"/work/app/{i}.py"),
            edit(f"/work/app/{i}.py"),
            shell("pytest", output="1 passed in 0.1s"),
            shell("git commit -am x"),
        ]
    happened = session(prompt("port everything"), *work)
    view = build_view(happened)
    start = time.perf_counter()
    assert len(build_timeline(view)) == MOST
    assert time.perf_counter() - start < 2
    timeline(happened)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("fix tests",), "Asked: \u201cfix tests\u201d."),
        (("fix tests", "Fix tests"), "Asked twice: \u201cfix tests\u201d."),
        (("fix tests",) * 3, "Asked 3 times: \u201cfix tests\u201d."),
        (("fix tests", "go"), "Asked: \u201cfix tests\u201d, at last: \u201cgo\u201d."),
        (
            ("fix tests", "why?", "fix tests"),
            "Asked first and at last: \u201cfix tests\u201d (1 more between).",
        ),
    ],
)
def test_no_prompt_is_quoted_twice(asked: tuple[str, ...], told: str) -> None:
    (entry,) = timeline(session(*map(prompt, asked), read("/work/app/a.py")))
    assert entry.description.startswith(f"{told} ")


WORDS = st.text(alphabet=string.printable, max_size=50)
HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    WORDS.map(prompt),
    WORDS.map(say),
    WORDS.map(lambda text: shell(text, output=text)),
    WORDS.map(edit),
    WORDS.map(read),
    st.sampled_from(
        [
            interrupt(),
            compaction(),
            api_error(),
            turn_end(),
            think("x"),
            shell("make", output=None),
            search("x"),
        ]
    ),
    st.sampled_from([shell("pytest", exit_code=1, output="1 failed in 0.1s"), shell("git commit -am x")]),
)


@given(st.lists(HAPPENINGS, max_size=30), st.booleans())
def test_ranges_run_in_order_whatever_happens(happenings: list[Happening], timed: bool) -> None:  # noqa: FBT001 (hypothesis passes by position)
    timeline(session(*happenings, timed=timed))
