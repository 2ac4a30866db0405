"""A session as a model is shown it: nothing lost, nothing that passes for something else."""

import re
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from debrief.llm.shown import halves, parts_of, shown, tokens_of, trimmed
from debrief.model import Event, FileEdit

sys.path.insert(0, str(Path(__file__).parent.parent / "analysis"))

from building import edit, prompt, say, session, shell

HEAD = re.compile(r"^\[(\d+)\] ", re.MULTILINE)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=300)
events = st.lists(
    st.one_of(
        texts.map(prompt),
        texts.map(say),
        st.tuples(texts, texts).map(lambda two: shell(two[0], output=two[1])),
    ),
    max_size=40,
)


@given(events, st.integers(20, 400))
def test_every_event_is_in_exactly_one_part_and_no_text_makes_another(
    happenings: list[tuple[Event, ...]], part_tokens: int
) -> None:
    seen = session(*happenings).events
    parts = parts_of(seen, part_tokens)
    assert [n for part in parts for n in range(part.first, part.last + 1)] == list(range(len(seen)))
    assert [int(n) for part in parts for n in HEAD.findall(part.text)] == list(range(len(seen)))
    for part in parts:
        for smaller in halves(part, seen):
            assert HEAD.findall(smaller.text) == [str(n) for n in range(smaller.first, smaller.last + 1)]


@given(texts, st.integers(3, 200))
def test_a_long_text_keeps_its_beginning_and_its_end(text: str, room: int) -> None:
    cut = trimmed(text, room)
    if len(text) <= room:
        assert cut == text
        return
    assert text.startswith(cut.split("\n[... ")[0])
    assert cut.endswith(text[-(room - room // 3) :])
    assert f"{len(text) - room} characters left out" in cut


def test_parts_are_small_enough() -> None:
    happenings = [shell("make", output="word " * 2_000) for _ in range(60)]
    parts = parts_of(session(*happenings).events, 5_000)
    assert max(tokens_of(part.text) for part in parts) < 6_000
    assert len(parts) <= 8


def test_a_giant_of_an_event_fits_a_part() -> None:
    edits = tuple(FileEdit(path=f"src/{n}.py", old="o" * 9_000, new="n" * 9_000) for n in range(500))
    giant = Event(ordinal=0, kind="tool_call", actor="assistant", edits=edits, text="x" * 10_000_000)
    assert tokens_of(shown(giant, 6_000)) < 8_000
    assert "and 480 more edits" in shown(giant, 6_000)


def test_an_event_says_what_it_is() -> None:
    text = shown(session(shell("npm test", output="3 failed", exit_code=2)).events[1], 400)
    assert text == "[1] tool_result, tool Shell, outcome error, exit code 2\n| 3 failed"
    assert "| before: old\n| after: new" in shown(session(edit("a.py")).events[0], 400)


def test_no_script_has_more_tokens_than_counted() -> None:
    assert tokens_of("世界" * 300) >= 600
    assert tokens_of("") == 1
