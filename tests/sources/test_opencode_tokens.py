"""What OpenCode's sessions cost: each token once. Every transcript here is made up."""

import pytest
from opencode_building import answer, parse, step, text, tokens, user

from debrief.model import Tokens, total_tokens


def test_a_step_and_its_message_are_the_same_spend() -> None:
    spent = tokens(10, 20, 5, 1000, 100)
    session = parse(
        user(text("a")), answer(text("b"), step(tokens=spent, cost=0.25), tokens=spent, cost=0.25)
    )
    assert total_tokens(session)[0] == Tokens(
        input=10, cache_read=1000, cache_write=100, output=20, reasoning=5
    )
    (call,) = session.model_calls
    assert (call.key, call.model, call.cost_usd_micros) == ("msg_a1", "claude-sonnet-4-5", 250_000)
    assert (session.usage.rows, session.usage.repeated, session.usage.naive.input) == (2, 1, 20)


def test_a_message_of_several_steps_states_the_last_one_only() -> None:
    session = parse(
        user(text("a")),
        answer(
            step(tokens=tokens(10, 1), cost=0.1),
            step(tokens=tokens(3, 2), cost=0.1),
            tokens=tokens(3, 2),
            cost=0.2,
        ),
    )
    assert total_tokens(session)[0] == Tokens(input=13, cache_read=0, cache_write=0, output=3, reasoning=0)
    assert [call.key for call in session.model_calls] == ["msg_a1", "msg_a1:2"]
    assert session.usage.repeated == 1


def test_a_message_that_knows_more_than_its_steps_is_counted() -> None:
    session = parse(user(text("a")), answer(step(tokens=tokens(3, 2)), tokens=tokens(13, 3)))
    assert total_tokens(session)[0].input == 13
    assert (len(session.model_calls), session.usage.repeated) == (1, 1)


def test_a_message_without_steps_is_counted_by_itself() -> None:
    session = parse(user(text("a")), answer(text("b"), tokens=tokens(7, 3, 2)))
    assert total_tokens(session)[0] == Tokens(input=7, cache_read=0, cache_write=0, output=3, reasoning=2)
    assert (session.usage.rows, session.usage.repeated) == (1, 0)


@pytest.mark.parametrize(("total", "output"), [(137, 20), (132, 15), (None, 20)])
def test_reasoning_that_the_output_holds_too_is_told_by_the_total(total: int | None, output: int) -> None:
    stated = {**tokens(10, 20, 5, 100, 2), "total": total}
    session = parse(user(text("a")), answer(text("b"), tokens=stated))
    assert total_tokens(session)[0] == Tokens(
        input=10, cache_read=100, cache_write=2, output=output, reasoning=5
    )


def test_an_answer_that_was_cut_short_is_a_call_of_unknown_size() -> None:
    session = parse(
        user(text("a")),
        answer(text("b"), tokens=tokens(5, 5)),
        user(text("c"), at=3000, number=2),
        answer(text("d"), at=4000, number=2, finish=None, error={"name": "MessageAbortedError", "data": {}}),
    )
    sums, qualities = total_tokens(session)
    assert (sums.input, qualities["input"], len(session.model_calls)) == (5, "lower_bound", 2)
    assert session.model_calls[1].tokens == Tokens()


def test_the_sum_of_the_session_itself_is_a_repeat() -> None:
    session = parse(user(text("a")), answer(tokens=tokens(5, 1)), tokens=tokens(5, 1), cost=0)
    assert total_tokens(session)[0].input == 5
    assert (session.usage.rows, session.usage.repeated) == (2, 1)
    assert session.native_cost_usd_micros is None


def test_what_was_taken_back_and_deleted_was_paid_for_all_the_same() -> None:
    session = parse(user(text("a")), answer(tokens=tokens(5, 1), cost=0.1), tokens=tokens(9, 2), cost=0.5)
    assert session.native_cost_usd_micros == 500_000
