import socket
import time
from decimal import Decimal

import genai_prices
import pytest
from genai_prices import Usage, calc_price
from msgspec.structs import replace

from debrief.metering import cost
from debrief.model import Cost, ModelCall, Session, Tokens

NOV_2026_US = 1_793_534_400_000_000
OPUS, SONNET, GPT = "claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "gpt-5-codex"
FULL = Tokens(input=100, cache_read=50_000, cache_write=2_000, output=700, reasoning=300)


def call(
    model: str | None,
    tokens: Tokens,
    *,
    cost_usd_micros: int | None = None,
    bound: tuple[str, ...] = (),
    cache_write_1h: int | None = None,
) -> ModelCall:
    return ModelCall(
        key="c",
        model=model,
        ts_us=NOV_2026_US,
        tokens=tokens,
        cache_write_1h=cache_write_1h,
        cost_usd_micros=cost_usd_micros,
        lower_bound=bound,
    )


def session(*calls: ModelCall, native: int | None = None) -> Session:
    return Session(
        format="f",
        parser_version=1,
        native_id="n",
        agent="A",
        model_calls=calls,
        native_cost_usd_micros=native,
    )


def test_one_model_by_hand() -> None:
    # $5 fresh, $0.50 read, $6.25 written, $25 out per million tokens; reasoning is output.
    found = cost(session(call(OPUS, FULL)))
    assert found.cost_usd_micros == 100 * 5 + 50_000 * 0.5 + 2_000 * 6.25 + 1_000 * 25
    assert (found.quality, found.priced_calls, found.unpriced_models) == ("exact", 1, ())
    assert found.acus == 0.03
    assert found.prices == genai_prices.__version__


def test_a_model_without_a_price_for_cache_writes_by_hand() -> None:
    # $1.25 fresh, $0.125 read, $10 out.
    tokens = Tokens(input=8_000, cache_read=40_000, output=500, reasoning=1_500)
    found = cost(session(call(GPT, tokens)))
    assert found.cost_usd_micros == 8_000 * 1.25 + 40_000 * 0.125 + 2_000 * 10
    assert found.quality == "exact"


def test_a_long_prompt_is_dearer_call_by_call() -> None:
    short, long = (
        Tokens(input=1, cache_read=199_999, cache_write=0, output=10),
        Tokens(input=2, cache_read=199_999, cache_write=0, output=10),
    )
    assert cost(session(call(SONNET, short))).cost_usd_micros == round(3 + 199_999 * 0.3 + 150)
    assert cost(session(call(SONNET, long))).cost_usd_micros == round(2 * 6 + 199_999 * 0.6 + 10 * 22.5)
    both = cost(session(call(SONNET, short), call(SONNET, long)))
    assert both.cost_usd_micros == round(3 + 199_999 * 0.9 + 150 + 12 + 225)


@pytest.mark.parametrize(
    "model", [OPUS, SONNET, GPT, "gpt-5.4", "gemini-2.5-pro", "claude-haiku-4-5", "gpt-5.2"]
)
@pytest.mark.parametrize("size", [1_000, 150_000, 400_000])
def test_the_package_itself_agrees(model: str, size: int) -> None:
    tokens = Tokens(input=123, cache_read=size, cache_write=size // 10, output=456, reasoning=78)
    usage = Usage(
        input_tokens=123 + size + size // 10,
        cache_read_tokens=size,
        cache_write_tokens=size // 10,
        output_tokens=456 + 78,
    )
    theirs = calc_price(usage, model).total_price * Decimal(1_000_000)
    assert cost(session(call(model, tokens))).cost_usd_micros == round(theirs)


def test_what_the_cache_keeps_for_an_hour_costs_more() -> None:
    # $6.25 for the usual five minutes, $10 for an hour, per million tokens.
    written = Tokens(input=0, cache_read=0, cache_write=3_000, output=0)
    assert cost(session(call(OPUS, written))).cost_usd_micros == 3_000 * 6.25
    assert (
        cost(session(call(OPUS, written, cache_write_1h=2_000))).cost_usd_micros == 1_000 * 6.25 + 2_000 * 10
    )


def test_what_the_transcript_states_wins() -> None:
    found = cost(session(call(OPUS, FULL), call("nobody's-model", FULL), native=1_234_567))
    assert found == Cost(
        cost_usd_micros=1_234_567,
        quality="exact",
        acus=0.62,
        acu_rule="cost",
        usd_per_acu=2.0,
        priced_calls=2,
        prices=genai_prices.__version__,
    )
    assert cost(session(call("nobody's-model", Tokens(), cost_usd_micros=42))).cost_usd_micros == 42


def test_a_model_without_a_price_leaves_the_others_theirs() -> None:
    found = cost(session(call(OPUS, FULL), call("nobody's-model", FULL), call("nobody's-model", FULL)))
    assert found.cost_usd_micros == 63_000
    assert (found.quality, found.priced_calls) == ("lower_bound", 1)
    assert found.unpriced_models == ("nobody's-model",)


@pytest.mark.parametrize(
    "tokens",
    [
        Tokens(cache_read=1, cache_write=1, output=1),
        Tokens(input=1, cache_write=1, output=1),
        Tokens(input=1, cache_read=1, output=1),
        Tokens(input=1, cache_read=1, cache_write=1),
    ],
)
def test_a_bucket_that_is_not_stated_is_not_zero(tokens: Tokens) -> None:
    assert cost(session(call(OPUS, tokens))).quality == "lower_bound"


def test_a_number_known_to_be_too_small_makes_a_lower_bound() -> None:
    assert cost(session(call(OPUS, FULL, bound=("output",)))).quality == "lower_bound"


def test_nothing_known_is_missing_and_not_free() -> None:
    assert cost(session()).cost_usd_micros is None
    for unknown in (call(OPUS, Tokens()), call("nobody's-model", FULL), call(None, FULL)):
        found = cost(session(unknown))
        assert (found.cost_usd_micros, found.quality, found.acus) == (None, "missing", 0.0)
    assert cost(session(call(OPUS, Tokens()))).unpriced_models == ()


def test_a_local_message_with_zeros_costs_nothing_and_spoils_nothing() -> None:
    zeros = Tokens(input=0, cache_read=0, cache_write=0, output=0)
    found = cost(session(call(OPUS, FULL), call("<synthetic>", zeros)))
    assert (found.cost_usd_micros, found.quality, found.unpriced_models) == (63_000, "exact", ())


@pytest.mark.parametrize(
    "model", ["anthropic/claude-sonnet-4.5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"]
)
def test_resellers_names_are_known(model: str) -> None:
    assert cost(session(call(model, FULL))).quality == "exact"


def test_stated_acus_go_before_everything_and_stay_as_stated() -> None:
    stated = replace(session(call(OPUS, FULL)), native_acus=25.123456)
    found = cost(stated, usd_per_acu=2.25)
    assert (found.acus, found.cost_usd_micros, found.quality) == (25.123456, 56_527_776, "exact")
    assert (found.acu_rule, found.usd_per_acu) == ("stated", 2.25)
    assert found.priced_calls == 1
    both = cost(replace(session(native=7), native_acus=0.5))
    assert (both.acus, both.cost_usd_micros) == (0.5, 7)
    nothing = cost(replace(session(call(OPUS, FULL)), native_acus=0.0))
    assert (nothing.acus, nothing.cost_usd_micros) == (0.0, 0), "stated, and not unknown"


def test_acus_follow_the_rate() -> None:
    assert cost(session(native=5_000_000)).acus == 2.5
    assert cost(session(native=5_000_000), usd_per_acu=2.25).acus == 2.22


def test_a_call_of_unknown_time_takes_the_newest_prices() -> None:
    timeless = ModelCall(key="c", model=OPUS, tokens=FULL)
    assert cost(session(timeless)).cost_usd_micros == 63_000


def test_two_thousand_sessions_take_less_than_two_seconds_and_no_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the price table must not be fetched")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    calls = [call(model, FULL) for model in (OPUS, SONNET, GPT)] * 10
    one = session(*calls)
    cost(one)
    started = time.process_time()
    for _ in range(2_000):
        cost(one)
    assert time.process_time() - started < 2


def test_without_a_cost_the_minutes_at_work_stand_for_it_and_say_so() -> None:
    unknown = call("a-model-without-price", FULL)
    found = cost(session(unknown), active_minutes=45.0)
    assert (found.acus, found.acu_rule, found.active_minutes, found.minutes_per_acu) == (
        3.0,
        "active_minutes",
        45.0,
        15.0,
    )
    assert (found.cost_usd_micros, found.quality) == (None, "missing")
    known = cost(session(call(OPUS, FULL)), active_minutes=45.0)
    assert (known.acu_rule, known.active_minutes) == ("cost", None)
    nothing = cost(session(unknown))
    assert (nothing.acus, nothing.acu_rule) == (0.0, "nothing")
