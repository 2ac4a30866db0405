"""Look-alikes of Amp's threads, and bad input. Every transcript here is made up."""

import io
from typing import Any

import pytest
from amp_building import answer, parse, read, text, thread, user
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.sources import Document, Transcript
from debrief.sources.formats.amp import AMP


def test_what_is_not_known_is_kept() -> None:
    session = parse(
        user(text("a"), {"type": "hologram"}), {"role": "oracle"}, "word", {"role": "user", "content": "b"}
    )
    assert session.opaque_count == 3
    assert [e.text for e in session.events if e.kind == "prompt"] == ["a", "b"]


def test_a_thread_that_breaks_off_is_truncated() -> None:
    content = thread(user(text("Fix it.")), answer(text("Done.")))
    session = read(content[: content.index(b"Done.") + 2])
    assert (session.end_state, session.fault_count) == ("truncated", 1)
    assert session.initial_user_message == "Fix it."


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b'{"id":"T-1"}',
        b'{"id":"T-1","messages":[]}',
        b'{"id":"X-1","v":1,"messages":[]}',
        b'{"id":"T-1","v":1,"messages":{}}',
        b'{"id":"T-1","v":1,"messages":[{"type":"user"}]}',
        b'{"id":["T-1"],"v":1,"messages":[]}',
        b"[]",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not AMP.recognises(content)
    with pytest.raises(NotATranscript):
        list(AMP.parse(Transcript(Document("x", lambda: io.BytesIO(content))), lambda text: text))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
BLOCK = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(
        ["text", "thinking", "tool_use", "tool_result", "image", "summary", "manual_bash_invocation"]
    ),
    st.dictionaries(
        st.sampled_from(["text", "id", "name", "input", "run", "toolUseID", "summary", "args"]), JUNK
    ),
)
FIELDS = ["messageId", "state", "usage", "meta", "parentToolUseId", "interrupted", "fileMentions"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda role, content, fields: {"role": role, "content": content, **fields},
            st.sampled_from(["user", "assistant", "info"]),
            st.lists(BLOCK, max_size=3) | JUNK,
            st.dictionaries(st.sampled_from(FIELDS), JUNK),
        )
        | JUNK,
        max_size=4,
    ),
    st.dictionaries(
        st.sampled_from(["created", "env", "usageLedger", "relationships", "meta", "title"]), JUNK
    ),
)
def test_wrong_types_in_any_field_never_raise(messages: list[Any], fields: dict[str, Any]) -> None:
    content = thread(user(text("a")), *messages, **fields)
    assert list(AMP.parse(Transcript(Document("x", lambda: io.BytesIO(content))), lambda text: text))
