import msgspec
from building import (
    START_US,
    by_agent,
    call,
    edit,
    parallel,
    prompt,
    read,
    rejected,
    replayed,
    say,
    search,
    session,
    shell,
)

from debrief.analysis.steps import build_view
from debrief.model import Event, FileEdit, Session


def with_events(of: Session, events: list[Event]) -> Session:
    numbered = (msgspec.structs.replace(event, ordinal=i) for i, event in enumerate(events))
    return msgspec.structs.replace(of, events=tuple(numbered))


def test_calls_are_paired_with_their_results_in_file_order() -> None:
    view = build_view(session(prompt("go"), parallel(read("a.py", "A"), read("b.py", "B")), say("done")))
    assert [(step.index, step.target, step.text) for step in view.steps] == [
        (0, "a.py", "A"),
        (1, "b.py", "B"),
    ]
    assert [event.text for event in view.prompts] == ["go"]
    assert view.last_message is not None
    assert view.last_message.text == "done"
    assert view.steps[1].started_us == START_US + 2_000_000
    assert view.steps[1].last_ordinal == 4


def test_a_call_without_a_result_stays_open() -> None:
    (step,) = build_view(session(shell("pytest", output=None))).steps
    assert (step.result, step.outcome, step.red, step.text) == (None, "unknown", None, "")
    assert step.last_ordinal == step.call.ordinal


def test_a_result_without_a_call_stands_for_itself() -> None:
    built = session(read("a.py", "A"))
    view = build_view(with_events(built, [built.events[1]]))
    assert [(step.call, step.result) for step in view.steps] == [(view.events[0], view.events[0])]


def test_an_id_that_is_used_again_begins_a_new_pair() -> None:
    built = session(shell("ls a", output="1"), shell("ls b", output="2"))
    same = [msgspec.structs.replace(event, call_id="x") for event in built.events]
    doubled = [*same, same[1]]
    steps = build_view(with_events(built, doubled)).steps
    assert [(step.command, step.text) for step in steps] == [("ls a", "1"), ("ls b", "2"), ("", "1")]


def test_calls_without_ids_pair_with_the_next_result() -> None:
    built = session(shell("ls a", output="1"), shell("ls b", output="2"))
    bare = [msgspec.structs.replace(event, call_id=None) for event in built.events]
    assert [step.text for step in build_view(with_events(built, bare)).steps] == ["1", "2"]


def test_sub_agents_stand_apart_and_replayed_history_is_left_out() -> None:
    view = build_view(
        session(
            replayed(prompt("old"), read("old.py")),
            prompt("new"),
            by_agent("one", prompt("sub"), read("x.py"), say("sub done")),
            by_agent("two", read("y.py")),
            read("main.py"),
        )
    )
    assert [step.target for step in view.steps] == ["main.py"]
    assert [(step.target, step.index) for step in view.agent_steps] == [("x.py", 0), ("y.py", 0)]
    assert [event.text for event in view.prompts] == ["new"]
    assert view.last_message is None
    assert not any(event.replayed or event.agent for event in view.events)


def test_tools_have_families_and_targets() -> None:
    view = build_view(
        session(
            edit("src/a.py"),
            search("x", path="src"),
            call("Ask", "ask"),
            call("Task", "agent"),
            call("Todo", "plan"),
            call("Fetch", "fetch"),
            call("patch", "other", edits=[FileEdit("b.py", "x", "y")]),
            call("Wait", "shell"),
        )
    )
    assert [(step.family, step.target) for step in view.steps] == [
        ("edit", "src/a.py"),
        ("search", "src"),
        ("ask", "Ask"),
        ("agent", "Task"),
        ("plan", "Todo"),
        ("net", "Fetch"),
        ("edit", "b.py"),
        ("other", "Wait"),
    ]


def test_a_failure_counts_unless_it_was_expected() -> None:
    view = build_view(
        session(
            shell("python a.py", exit_code=1, output="boom"),
            shell("grep x y", exit_code=1),
            shell("python a.py", exit_code=1, output="Sibling tool call errored"),
            shell("python a.py", outcome="cascade"),
            rejected(shell("python a.py")),
        )
    )
    assert [step.failed for step in view.steps] == [True, False, False, False, False]
    assert [step.masked for step in view.steps] == [False, True, True, True, False]


def test_checks_are_read() -> None:
    view = build_view(
        session(
            shell("pytest", exit_code=1, output="FAILED t.py::test_a - x\n1 failed in 0.1s"),
            shell("pytest | tail -1", output="3 passed in 0.1s"),
            shell("pytest | grep nothing", output=""),
            shell("python t.py", output="1 failed in 0.1s"),
            rejected(shell("pytest")),
        )
    )
    assert [step.red for step in view.steps] == [True, False, None, None, None]
    assert (view.steps[0].failing, view.steps[0].failed_count) == (("t.py::test_a",), 1)
    assert [step.exit_hidden for step in view.steps] == [False, True, True, False, False]
