"""A model's words to an Answer: whatever is whole is taken, and nothing hangs or raises."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debrief.llm.answers import MOST_OF_A_KIND, answer_of

ISSUE = {"label": "Approach", "impact": "Low", "summary": "s", "evidence": [{"event": 1, "excerpt": "text"}]}


@given(st.text(max_size=400))
def test_any_text_is_read_or_not(text: str) -> None:
    answer_of(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=20,
    )
)
def test_any_value_in_place_of_the_issues_is_read(value: object) -> None:
    for name in ("issues", "timeline", "prompt_remarks", "prompt_lines"):
        answer = answer_of(json.dumps({name: value}))
        assert answer is not None
        assert not answer.is_cut


@given(st.integers(0, 400))
def test_wherever_it_breaks_off_what_was_whole_is_taken(length: int) -> None:
    text = json.dumps({"issues": [ISSUE] * 3})
    answer = answer_of(text[:length])
    whole = sum(text[:length].count(f"{json.dumps(ISSUE)}{end}") for end in (",", "]"))
    taken = len(answer.issues) if answer else 0
    assert whole <= taken <= whole + 1


@pytest.mark.parametrize(
    "text",
    [
        "{" * 200_000,
        "[" * 200_000,
        '{"issues": [' + "{" * 100_000,
        '{"issues":' * 20_000,
        '"issues": [' * 20_000,
    ],
)
def test_hostile_text_is_soon_done(text: str) -> None:
    answer = answer_of(text)
    assert answer is None or not answer.issues


def test_a_number_in_quotes_is_a_number() -> None:
    answer = answer_of(json.dumps({"issues": [{**ISSUE, "evidence": [{"event": "1", "excerpt": "text"}]}]}))
    assert answer is not None
    assert answer.issues[0].evidence[0].event == 1


def test_too_many_are_counted() -> None:
    answer = answer_of(json.dumps({"issues": [ISSUE] * 70}))
    assert answer is not None
    assert (len(answer.issues), answer.misshapen) == (MOST_OF_A_KIND, 20)
