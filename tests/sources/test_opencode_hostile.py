"""OpenCode's trees of files, look-alikes and bad input. Every transcript here is made up."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencode_building import SES, T0, answer, export, info, kinds, parse, read, text, tokens, tool, user

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.pipeline.discover import discover
from debrief.sources import Document, Transcript
from debrief.sources.formats.opencode import OPENCODE


def beside(name: str, value: Any) -> Document:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Document(name, lambda: io.BytesIO(content))


def tree(*messages: dict[str, Any]) -> Session:
    documents = []
    for message in messages:
        head = message["info"]
        documents.append(beside(f"../../message/{SES}/{head['id']}.json", head))
        documents += [beside(f"../../part/{head['id']}/{p['id']}.json", p) for p in message["parts"]]
    return read(json.dumps(info()).encode(), *documents)


MESSAGES = [
    user(text("Fix it.")),
    answer(tool("bash", {"command": "ls"}, metadata={"exit": 0}), text("Done."), tokens=tokens(5, 2)),
]


def test_a_tree_of_files_tells_what_the_export_tells() -> None:
    from_files, from_export = tree(*MESSAGES), parse(*MESSAGES)
    assert from_files == from_export
    assert kinds(from_files) == ["prompt", "tool_call", "tool_result", "message", "turn_end"]


def test_the_files_of_a_tree_are_found_with_their_session(tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    files = {storage / "session" / "p" / f"{SES}.json": info(), storage / "todo" / f"{SES}.json": []}
    for message in MESSAGES:
        head = message["info"]
        files[storage / "message" / SES / f"{head['id']}.json"] = head
        files |= {storage / "part" / head["id"] / f"{p['id']}.json": p for p in message["parts"]}
    for path, value in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    (found,) = discover([tmp_path])
    assert found.path.endswith(f"{SES}.json")
    assert len(found.companions) == len(files) - 1


def test_files_of_a_tree_that_cannot_be_read_are_faults() -> None:
    session = read(
        json.dumps(info()).encode(),
        beside(f"../../message/{SES}/msg_u1.json", MESSAGES[0]["info"]),
        beside("../../part/msg_u1/prt_1.json", b'{"id":"prt_1","type":"te'),
        beside("../../part/msg_u1/prt_2.json", b"\x00\xff"),
        beside("../../part/msg_gone/prt_3.json", {"id": "prt_3", "messageID": "msg_gone", "type": "text"}),
        beside(f"../../todo/{SES}.json", [{"content": "x", "status": "pending"}]),
    )
    assert session.fault_count == 2
    assert session.faults[0].startswith("part/msg_u1/prt_1.json: ")
    assert session.events[-1].text.startswith("a part without its message")


def test_a_session_without_the_files_of_its_messages_says_so() -> None:
    session = read(json.dumps(info()).encode())
    assert (session.native_id, session.fault_count, session.events) == (SES, 1, ())


@pytest.mark.parametrize(
    "value",
    [
        MESSAGES[0]["info"],
        MESSAGES[1]["parts"][0],
        {"id": "prt_1", "messageID": "msg_1", "type": "tool"},
        {"id": "prt_1", "type": "text", "text": "Hi", "time": {"start": T0}},
    ],
)
def test_a_lone_message_or_part_says_whose_it_is(value: Any) -> None:
    content = json.dumps(value).encode()
    assert OPENCODE.recognises(content)
    with pytest.raises(
        NotATranscript, match=r"session of OpenCode, .* main file is storage/session/<project>/"
    ):
        list(OPENCODE.parse(Transcript(beside("x.json", content)), lambda text: text))


def test_an_id_that_is_no_name_of_a_file_is_not_repeated() -> None:
    content = json.dumps({**MESSAGES[0]["info"], "sessionID": "\x1b[31m../../etc"}).encode()
    with pytest.raises(NotATranscript) as raised:
        list(OPENCODE.parse(Transcript(beside("x.json", content)), lambda text: text))
    assert "<session>" in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b'{"info":{},"messages":[]}',
        b'{"info":{"id":"x"},"messages":[{"role":"user","content":"x"}]}',
        b'{"info":{"id":"x","model_stats":{}},"trajectory":[],"messages":[{"info":{"role":"user"},"parts":[]}]}',
        b'{"id":"T-1","title":"x","created":1770000000000,"messages":[]}',
        b'{"id":"x","role":"user","content":[{"type":"text","text":"x"}]}',
        b'{"type":"text","text":"x"}',
        b'{"id":"x","type":"session.start","time":{"start":1770000000000}}',
        b'{"id":"x","title":"x","time":{"created":1770000000000}}',
        b'{"id":["x"],"type":{},"messageID":1}',
        b'{"info":',
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not OPENCODE.recognises(content)


def test_an_export_is_recognised_by_its_beginning() -> None:
    long = export(user(text("x" * 200_000)))
    assert OPENCODE.recognises(long[:65536])
    assert OPENCODE.recognises(export(user(text("a")), summary={"diffs": ["d" * 100_000]})[:65536])


def test_an_export_that_breaks_off_is_truncated_and_keeps_what_was_there() -> None:
    content = export(*MESSAGES)
    session = read(content[: content.index(b"Done.") + 2])
    assert session.end_state == "truncated"
    assert session.fault_count == 1
    assert kinds(session)[:2] == ["prompt", "tool_call"]


def test_what_is_not_known_is_kept() -> None:
    session = parse(
        user(text("a")),
        answer({"type": "hologram", "x": 1}),
        {"info": {"id": "m", "role": "oracle", "time": {"created": T0}}, "parts": []},
        {"id": "m", "type": "hologram"},
        "word",
    )
    assert session.opaque_count == 4
    assert "part of type 'hologram'" in session.events[1].text


def test_raw_control_characters_in_a_text_do_no_harm() -> None:
    content = export(*MESSAGES).replace(b"Fix it.", b"Fix\x01\tit\nnow.")
    assert read(content).initial_user_message == "Fix\tit\nnow."


def test_hostile_text_is_kept_as_text() -> None:
    session = parse(user(text("a\x00b \x1b[31mred \ud800 </script>")), answer(text("\u202e")))
    assert session.events[0].text == "ab red ? </script>"


def test_a_sub_agents_name_is_cleaned_like_any_text() -> None:
    session = parse(user(text("a"), agentID="x\ud800\x1b[31m"))
    assert [e.agent for e in session.events] == ["x?", "x?"]


def test_the_same_message_twice_is_one_call() -> None:
    twice = answer(text("b"), tokens=tokens(5, 1))
    session = parse(user(text("a")), twice, twice)
    assert len(session.model_calls) == 1
    assert (session.usage.rows, session.usage.repeated) == (2, 1)


def test_a_session_without_an_id_is_named_by_its_first_message() -> None:
    content = json.dumps({"info": {"id": "x"}, "messages": MESSAGES}).replace('"id": "x"', '"id": ["x"]', 1)
    (session,) = OPENCODE.parse(Transcript(beside("x.json", content.encode())), lambda text: text)
    assert session.native_id.startswith("unnamed-")
    assert session.faults == ("the session does not say its id",)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TYPES = [
    "text",
    "reasoning",
    "tool",
    "file",
    "retry",
    "compaction",
    "subtask",
    "step-finish",
    "agent",
    "hologram",
]
FIELDS = [
    "text",
    "synthetic",
    "time",
    "state",
    "callID",
    "tool",
    "tokens",
    "cost",
    "error",
    "url",
    "mime",
    "prompt",
]
STATE = ["status", "input", "output", "error", "metadata", "time", "raw"]
PART = st.builds(
    lambda kind, fields, state: {**fields, "type": kind, "state": state},
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=5),
    JUNK
    | st.fixed_dictionaries(
        {"status": st.sampled_from(["completed", "error", "running"])},
        optional=dict.fromkeys(STATE[1:], JUNK),
    ),
)
HEAD = ["tokens", "cost", "error", "finish", "time", "modelID", "model", "summary", "agentID", "mode"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda role, fields, parts: {"info": {"id": "m", **fields, "role": role}, "parts": parts},
            st.sampled_from(["user", "assistant", "shell"]),
            st.dictionaries(st.sampled_from(HEAD), JUNK, max_size=4),
            st.lists(PART, max_size=3) | JUNK,
        )
        | st.builds(
            lambda kind, fields: {**fields, "type": kind},
            st.sampled_from(["user", "assistant", "shell", "compaction", "synthetic"]),
            st.dictionaries(
                st.sampled_from(["text", "content", "time", "tokens", "error", "model", "files"]), JUNK
            ),
        )
        | JUNK,
        max_size=4,
    ),
    st.dictionaries(
        st.sampled_from(["title", "version", "revert", "tokens", "cost", "parentID", "time"]), JUNK
    ),
)
def test_wrong_types_in_any_field_never_raise(messages: list[Any], fields: dict[str, Any]) -> None:
    content = json.dumps({"info": info(**fields), "messages": messages}).encode()
    assert list(OPENCODE.parse(Transcript(beside("x.json", content)), lambda text: text))
