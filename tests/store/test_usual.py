"""What is usual in an organization and in its repositories."""

from msgspec import structs
from test_tally import ENTERPRISE, NEW_YEAR_US, change, stored

from debrief.model import ModelCall, Tokens
from debrief.store import Store, clock, sessions
from debrief.store.parcels import Usual
from debrief.store.usual import ENOUGH, usual


def fill(store: Store) -> None:
    """One organization with a large and a small repository, one session of another."""
    several = []
    for number in range(40):
        one = stored(
            f"s{number:02}",
            "a" if number else "b",
            NEW_YEAR_US + number,
            NEW_YEAR_US + number,
            repository="big" if number <= 30 else "small",
            step_count=number,
        )
        calls = (ModelCall(key="k", tokens=Tokens(output=10 * number)),) if number % 2 else ()
        several.append(structs.replace(one, session=structs.replace(one.session, model_calls=calls)))
    with store.write() as connection:
        clock.lock(connection, ENTERPRISE)
        sessions.put(connection, [change(one) for one in several], moment=NEW_YEAR_US)


def test_the_usual_is_that_of_enough_sessions(store: Store) -> None:
    fill(store)
    with store.read() as connection:
        found = usual(connection, ENTERPRISE, "a")
        assert usual(connection, ENTERPRISE, "b") == {}
        assert usual(connection, "another", "a") == {}
    # 30 sessions with 1 to 30 tool calls, 15 of them with tokens: too few of those.
    assert found["big"] == Usual(30, 28, None)
    assert "small" not in found
    # All 39 of the organization, 20 of them with tokens.
    assert found[None] == Usual(39, 37, 370)
    assert ENOUGH == 20
