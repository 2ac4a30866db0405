"""What a Copilot session cost, with the right answer known by construction."""

from typing import Any

import pytest
from copilot_building import parse, record, said, shutdown, start, used, user

from debrief.model import Session, Tokens, total_tokens

OPUS = "claude-opus-4.8"


def sums(session: Session) -> tuple[Tokens, set[str]]:
    tokens, qualities = total_tokens(session)
    return tokens, set(qualities.values())


def quality(session: Session, bucket: str) -> str:
    return total_tokens(session)[1][bucket]


def ended(**usage: Any) -> dict[str, Any]:
    metrics = {OPUS: used(**usage)}
    return record("session.shutdown", 9, shutdownType="routine", modelMetrics=metrics)


def test_the_shutdown_counts_in_the_place_of_the_messages() -> None:
    session = parse(
        start(), user("go"), said("a", output=60), said("b", output=40), ended(taken=1000, output=100)
    )
    assert sums(session) == (
        Tokens(input=1000, cache_read=0, cache_write=0, output=100, reasoning=0),
        {"exact"},
    )
    (call,) = session.model_calls
    assert (call.model, call.event) == (OPUS, 1)
    assert (session.usage.rows, session.usage.repeated, session.usage.naive.output) == (3, 2, 200)


def test_input_holds_what_went_through_the_cache_and_output_the_reasoning() -> None:
    # The numbers of a real shutdown: 462,522 are 448,462 read, 13,583 written and 477 neither.
    session = parse(
        start(),
        user("go"),
        said("a"),
        ended(taken=462522, read=448462, written=13583, output=4246, reasoning=1727),
    )
    assert sums(session)[0] == Tokens(
        input=477, cache_read=448462, cache_write=13583, output=2519, reasoning=1727
    )


def test_without_reasoning_tokens_output_holds_both() -> None:
    session = parse(start(), user("go"), said("a"), ended(taken=10, output=7, reasoning=None))
    assert sums(session)[0] == Tokens(input=10, cache_read=0, cache_write=0, output=7)


def test_models_are_counted_each_for_itself() -> None:
    session = parse(
        start(),
        user("go"),
        said("a", output=10),
        said("b", output=5, model="haiku"),
        shutdown(9, haiku=used(20, 5), opus=used(100, 10)),
    )
    assert {call.model: call.tokens.input for call in session.model_calls} == {"haiku": 20, "opus": 100}


def test_a_session_without_a_shutdown_has_its_output_alone() -> None:
    session = parse(start(), user("go"), said("a", output=60), said("b", output=40))
    assert sums(session)[0] == Tokens(output=100)
    assert [quality(session, name) for name in ("input", "cache_read", "output")] == [
        "missing",
        "missing",
        "lower_bound",
    ]
    assert [call.model for call in session.model_calls] == [OPUS, OPUS]


def test_an_answer_in_pieces_is_one_call() -> None:
    pieces = [said(text, output=50, apiCallId="resp_1", chunkIndex=i) for i, text in enumerate("ab")]
    session = parse(start(), user("go"), *pieces, said("c", output=None, apiCallId="resp_1"))
    assert (len(session.model_calls), sums(session)[0].output) == (1, 50)


def lives(first: int, second: int, *, told: tuple[int, int] = (100, 30)) -> Session:
    return parse(
        start(),
        user("go"),
        said("a", output=told[0]),
        ended(taken=1000, output=100),
        record("session.resume", 10, eventCount=4),
        user("on", 11),
        said("b", 12, output=told[1]),
        ended(taken=first, output=second),
    )


def test_the_shutdowns_of_a_resumed_session_add_up() -> None:
    smaller, larger = lives(300, 30), lives(5000, 400, told=(100, 400))
    assert sums(smaller)[0] == Tokens(input=1300, cache_read=0, cache_write=0, output=130, reasoning=0)
    assert sums(larger)[0] == Tokens(input=6000, cache_read=0, cache_write=0, output=500, reasoning=0)
    assert sums(larger)[1] == {"exact"}


def test_a_shutdown_that_holds_the_one_before_counts_once() -> None:
    session = lives(1300, 130)
    assert sums(session)[0] == Tokens(input=1300, cache_read=0, cache_write=0, output=130, reasoning=0)
    assert session.usage.naive.input == 2300
    assert sums(lives(1000, 100, told=(100, 0)))[0].input == 1000


def test_where_messages_say_nothing_only_versions_with_checkpoints_hold_the_one_before() -> None:
    def silent(*more: dict[str, Any]) -> Session:
        return parse(
            start(),
            user("go"),
            said("a", output=None),
            *more,
            ended(taken=1000, output=100),
            record("session.resume", 10),
            said("b", 12, output=None),
            ended(taken=1300, output=130),
        )

    assert sums(silent())[0].input == 2300
    assert sums(silent(record("session.usage_checkpoint", 3, totalNanoAiu=5)))[0].input == 1300


def test_a_lifecycle_that_crashed_makes_the_sum_a_lower_bound() -> None:
    session = parse(
        start(),
        user("go"),
        said("a", output=70),
        record("session.resume", 10),
        said("b", 12, output=30),
        ended(taken=300, output=30),
    )
    assert sums(session)[0] == Tokens(input=300, cache_read=0, cache_write=0, output=100, reasoning=0)
    assert (quality(session, "input"), quality(session, "output")) == ("lower_bound", "lower_bound")


def test_a_session_that_is_joined_while_at_work_is_one_lifecycle() -> None:
    session = parse(
        start(),
        user("go"),
        said("a", output=70),
        record("session.resume", 10, sessionWasActive=True),
        said("b", 12, output=30),
        ended(taken=300, output=100),
    )
    assert sums(session)[0].output == 100
    assert quality(session, "output") == "exact"


def test_all_zero_for_a_request_that_was_made_is_unknown() -> None:
    session = parse(start(), user("go"), said("OK", output=0), ended(taken=0, output=0))
    assert sums(session) == (Tokens(), {"missing"})
    assert [call.model for call in session.model_calls] == [OPUS]
    assert session.usage.rows == 0


def test_what_messages_tell_stands_where_the_shutdown_tells_nothing() -> None:
    for metrics in ({}, {OPUS: {"requests": 2}}, {OPUS: used(0, 0)}):
        last = record("session.shutdown", 9, shutdownType="error", modelMetrics=metrics)
        session = parse(start(), user("go"), said("a", output=7), last)
        assert (sums(session)[0], quality(session, "output")) == (Tokens(output=7), "lower_bound")


@pytest.mark.parametrize("within", [True, False])
def test_tokens_by_kind_of_billing_do_not_overlap(within: bool) -> None:  # noqa: FBT001 (a case)
    details = {
        "input": {"tokenCount": 16009},
        "cache_read": {"tokenCount": 19952600},
        "output": {"tokenCount": 139800},
    }
    data: dict[str, Any] = {"modelMetrics": {OPUS: {"requests": {"count": 60}}}}
    (data["modelMetrics"][OPUS] if within else data)["tokenDetails"] = details
    session = parse(start(), user("go"), said("a"), record("session.shutdown", 9, **data))
    assert sums(session)[0] == Tokens(input=16009, cache_read=19952600, output=139800)


def test_numbers_that_contradict_each_other_are_not_negative() -> None:
    outside = parse(start(), user("go"), said("a"), ended(taken=5, output=50, read=20, written=10))
    assert sums(outside)[0].input == 5
    more = parse(start(), user("go"), said("a"), ended(taken=50, output=7, reasoning=9))
    assert (sums(more)[0].output, sums(more)[0].reasoning) == (0, 7)


@pytest.mark.parametrize(
    "tokens",
    [
        {
            "inputTokens": 900,
            "outputTokens": 50,
            "cacheReadTokens": 800,
            "cacheWriteTokens": 60,
            "model": "mini",
        },
        {"input": 900, "output": 50, "cachedInput": 800},
    ],
)
def test_a_compaction_is_a_request_too(tokens: dict[str, Any]) -> None:
    done = record("session.compaction_complete", 5, success=True, requestId="r", compactionTokensUsed=tokens)
    alone = parse(start(), user("go"), said("a", output=10), done)
    call = alone.model_calls[1]
    assert (call.tokens.input, call.tokens.cache_read, call.tokens.output) == (
        100 - tokens.get("cacheWriteTokens", 0),
        800,
        50,
    )
    assert call.model == tokens.get("model", OPUS)
    counted = parse(start(), user("go"), said("a", output=10), done, ended(taken=2000, output=60))
    assert sums(counted)[0].output == 60
