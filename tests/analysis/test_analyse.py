"""The whole analysis: order, limits, ids, faults, and that no session makes it raise."""

import re
from collections.abc import Iterable

from building import (
    by_agent,
    call,
    compaction,
    edit,
    interrupt,
    prompt,
    read,
    rejected,
    replayed,
    say,
    session,
    shell,
)
from hypothesis import given
from hypothesis import strategies as st

from debrief.analysis import analyse
from debrief.analysis.analyse import ISSUES_SHOWN, SHOWN_PER_DETECTOR
from debrief.analysis.catalogue import DETECTORS
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.model import ACTION_TYPES, ANALYSER_VERSION, IMPACTS, LABELS, EndState, Event, Session


class Broken(Detector):
    """Raises."""

    id = "T-01"
    name = "broken"
    label = "Tool Use"

    def find(self, scene: Scene) -> Iterable[Finding]:
        message = f"no idea about {len(scene.steps)} steps"
        raise RuntimeError(message)


class Many(Detector):
    """One finding for each prompt."""

    id = "T-02"
    name = "many"
    label = "Requirements"

    def find(self, scene: Scene) -> Iterable[Finding]:
        return [
            Finding(
                signature=f"{self.id} {word.text}",
                summary=f"{self.id} saw {word.text}.",
                evidence=(word.ordinal,),
                advice=(Advice("other", "Do the same."),),
                state="fact",
                impact="Medium",
            )
            for word in scene.prompts
        ]


def many(number: int) -> Detector:
    return type(f"Many{number}", (Many,), {"id": f"T-1{number}"})()  # type: ignore[no-any-return]


def missing(name: str = "frob") -> tuple[Event, ...]:
    return shell(f"{name} --all", output=f"bash: line 1: {name}: command not found", exit_code=127)


def test_a_clean_session_has_no_issue() -> None:
    analysis = analyse(
        session(prompt("fix"), edit("a.py"), shell("pytest", output="3 passed in 0.1s"), say("Done."))
    )
    assert analysis.analyser_version == ANALYSER_VERSION
    assert analysis.issues == ()
    assert analysis.action_items == ()
    assert analysis.faults == ()


def test_a_broken_detector_becomes_a_fault_and_the_others_go_on() -> None:
    analysis = analyse(session(prompt("a"), read("x")), (Broken(), Many()))
    assert analysis.faults == ("T-01: RuntimeError: no idea about 1 steps",)
    assert [issue.detector for issue in analysis.issues] == ["T-02"]


def test_at_most_eight_issues_and_three_of_a_detector() -> None:
    prompts = [prompt(f"wish {n}") for n in range(9)]
    analysis = analyse(session(*prompts), tuple(many(n) for n in range(3)))
    assert len(analysis.issues) == ISSUES_SHOWN
    assert [issue.id for issue in analysis.issues] == [f"issue_{n}" for n in range(1, ISSUES_SHOWN + 1)]
    detectors = [issue.detector for issue in analysis.issues]
    assert max(detectors.count(one) for one in detectors) == SHOWN_PER_DETECTOR


def test_the_same_advice_is_given_once() -> None:
    analysis = analyse(session(prompt("a"), prompt("b")), (Many(),))
    (item,) = analysis.action_items
    assert item.issue_id == "issue_1"


def test_issues_go_by_impact_then_by_cost() -> None:
    analysis = analyse(
        session(
            *(missing("one"), read("a") * 30),
            *(missing("two"), read("a") * 5, missing("two"), read("a") * 30),
            *(compaction(), compaction(), read("a") * 30, say("I stop.")),
        )
    )
    assert [(issue.detector, issue.impact) for issue in analysis.issues] == [
        ("ENV-01", "High"),
        ("CTX-01", "Medium"),
        ("ENV-01", "Low"),
    ]


def test_root_before_symptom() -> None:
    output = "ModuleNotFoundError: No module named 'flask'\n1 error in 0.1s"
    analysis = analyse(
        session(prompt("fix"), edit("a.py"), shell("pytest", output=output, exit_code=2), say("Hm."))
    )
    assert [issue.detector for issue in analysis.issues] == ["DEP-01"]


def test_an_issue_ends_with_its_cost() -> None:
    (issue,) = analyse(session(prompt("go"), missing(), read("a") * 20, missing(), say("I stop."))).issues
    assert issue.issue == (
        "The command `frob` was not found on the machine: `frob --all` ended with "
        '"bash: line 1: frob: command not found" (twice, 2 of 22 tool calls, unresolved).'
    )
    assert issue.label == "Environment"


def test_what_the_session_fixed_for_good_is_no_action_item() -> None:
    failed = shell("python app.py", output="ModuleNotFoundError: No module named 'flask'", exit_code=1)
    works = shell("python app.py", output="ok")
    mended = analyse(session(failed, read("b") * 3, edit("requirements.txt"), works, say("Done.")))
    patched = analyse(session(failed, read("b") * 3, shell("pip install flask"), works, say("Done.")))
    assert mended.issues
    assert not mended.action_items
    assert [item.type for item in patched.action_items] == ["machine_setup"]


def test_a_fingerprint_is_the_same_in_another_session_of_the_repository() -> None:
    one = analyse(session(missing(), read("a") * 9, say("x"))).issues[0]
    two = analyse(session(prompt("hi"), read("b") * 3, missing(), read("c"), missing(), say("y"))).issues[0]
    other = analyse(session(missing(), read("a") * 9, repository="acme/other")).issues[0]
    tool = analyse(session(missing("frab"), read("a") * 9)).issues[0]
    assert re.fullmatch(r"[0-9a-f]{32}", one.fingerprint)
    assert one.fingerprint == two.fingerprint
    assert len({one.fingerprint, other.fingerprint, tool.fingerprint}) == 3


TEXTS = st.sampled_from(
    [
        "",
        "\n",
        "bash: line 1: rg: command not found",
        "ModuleNotFoundError: No module named 'flask'",
        "CONFLICT (content): Merge conflict in a.py",
        "HTTP 401 Unauthorized",
        "1 failed, 2 passed in 0.1s",
        "error TS2322: no {braces} %s {0}",
        "KeyError: 'SECRET_KEY' environ",
        "All done! Everything is fixed.",
        "no, the user said: never",
        "\ud83e\udd37 \u0000 \u2028",
    ]
)
COMMANDS = st.sampled_from(
    ["pytest", "make | tail -2", "git merge x", "rg a || true", "", "curl x", "if [ x", "`{a}`"]
)
OUTCOMES = st.sampled_from([None, 0, 1, 127])


PATHS = st.sampled_from(["a.py", "README.md", "", "/"])


@st.composite
def happenings(draw: st.DrawFn) -> tuple[Event, ...]:
    text, command, exit_code = draw(TEXTS), draw(COMMANDS), draw(OUTCOMES)
    ran = shell(command, output=text, exit_code=exit_code)
    return draw(
        st.sampled_from(
            [
                ran,
                ran,
                prompt(text),
                say(text),
                compaction(text),
                interrupt(text),
                edit(draw(PATHS), output=text),
                rejected(edit("b.go"), text),
                call("Tool", "mcp", output=text, outcome="error"),
                call("Shell", "shell", output=None, command=command),
                by_agent("a1", ran),
                replayed(ran),
            ]
        )
    )


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    ends: st.SearchStrategy[EndState] = st.sampled_from(
        ["finished", "running", "interrupted", "error", "truncated", "unknown"]
    )
    return session(
        *draw(st.lists(happenings(), max_size=25)), timed=draw(st.booleans()), end_state=draw(ends)
    )


@given(sessions())
def test_no_session_makes_it_fail(anything: Session) -> None:
    analysis = analyse(anything)
    assert analysis.faults == ()
    assert len(analysis.issues) <= ISSUES_SHOWN
    ids = {issue.id for issue in analysis.issues}
    assert len(ids) == len(analysis.issues)
    known = {event.ordinal for event in anything.events}
    for issue in analysis.issues:
        assert issue.label in LABELS
        assert issue.impact in IMPACTS
        assert issue.evidence
        assert set(issue.evidence) <= known
        assert issue.issue.endswith(").")
        assert "\n" not in issue.issue
    for item in analysis.action_items:
        assert item.type in ACTION_TYPES
        assert item.issue_id in ids
        assert set(item.evidence) <= known


@given(sessions())
def test_the_same_session_gives_the_same_analysis(anything: Session) -> None:
    assert analyse(anything) == analyse(anything)


def test_cost_grows_with_the_session_and_not_faster() -> None:
    assert len(DETECTORS) >= 16
    analysis = analyse(session(*[missing(f"tool{n}") for n in range(3000)], say("hm")))
    assert len(analysis.issues) == SHOWN_PER_DETECTOR
