"""Whole documents and heads: what can be read is read, and no bytes raise."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debrief.sources import Document
from debrief.sources.documents import head_lines, head_value, read_value, whole
from debrief.sources.source import HEAD_BYTES


def test_a_whole_document_is_its_value_without_a_fault() -> None:
    found = whole(Document("a.json", lambda: io.BytesIO(b'\xef\xbb\xbf {"a": [1, 2]} \n\x00')))
    assert (found.value, found.fault, found.cut_off) == ({"a": [1, 2]}, None, False)


def test_a_cut_document_gives_what_stands_before_the_cut() -> None:
    found = read_value(b'{"id": "x", "messages": [{"text": "one"}, {"text": "tw')
    assert found.value["id"] == "x"
    assert found.value["messages"][0] == {"text": "one"}
    assert found.cut_off
    assert found.fault


@pytest.mark.parametrize("content", [b"", b"\x00\x00", b"hello", b"# title\n", b"\xff\xfe{", b"]", b"'a'"])
def test_what_is_no_json_is_said_to_be_none(content: bytes) -> None:
    found = read_value(content)
    assert (found.value, found.fault, found.cut_off) == (None, "not JSON", False)
    assert head_value(content) is None
    assert list(head_lines(content)) == []


def test_nul_bytes_raw_controls_and_surrogates_are_no_reason_to_refuse() -> None:
    assert read_value(b'{"a": "x\x00y"}').value == {"a": "xy"}
    assert read_value(b'{"a": "x\x1b[0m\ty"}').value == {"a": "x\x1b[0m\ty"}
    assert read_value(b'{"a": "\\ud800"}').value == {"a": "\ud800"}
    assert read_value(b'{"a": "\xff\xfe"}').value == {"a": "\ufffd\ufffd"}
    for content in (b'{"a": "x\x00y"}', b'{"a": "\\ud800"}', b'{"a": "\xff"}'):
        assert read_value(content).fault is None


def test_what_follows_the_value_is_told() -> None:
    found = read_value(b'{"a": 1}{"b": 2}')
    assert found.value == {"a": 1}
    assert found.fault == "something that is not read follows the document's value"
    assert not found.cut_off


def test_depth_without_end_is_refused_and_not_fallen_into() -> None:
    for deep in (b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000):
        read_value(deep)
        head_value(deep)
        list(head_lines(deep))
    assert read_value(b"[" * 200_000 + b"]" * 200_000).value is None


def test_a_head_that_is_cut_inside_a_string_gives_the_fields_before_it() -> None:
    document = json.dumps(
        {"id": "x", "kind": "session", "log": "é" * HEAD_BYTES}, ensure_ascii=False
    ).encode()
    for end in (HEAD_BYTES, HEAD_BYTES - 1):
        head = head_value(document[:end])
        assert (head["id"], head["kind"]) == ("x", "session")


def test_a_head_of_lines_gives_the_first_one_and_all_of_them() -> None:
    head = (
        b'\xef\xbb\xbf{"a": 1}\r\nnoise\n[1]\n\x00{"b": 2}\x00\n{"c": "x\x00"}\n{"d": 1}{"e": 2}\n{"f": "cut'
    )
    assert head_value(head) == {"a": 1}
    found = list(head_lines(head))
    assert found[:3] == [{"a": 1}, {"b": 2}, {"c": "x"}]
    assert found[3] == {"d": 1}, "of values that are glued the first one tells the format"
    assert len(found) in (4, 5)
    assert not {"noise"} & set().union(*found)


def test_only_the_last_line_of_a_head_may_be_cut() -> None:
    assert next(head_lines(b'{"a": "cut\n{"b": 2}\n{"c": [1, {"d": 2}')) == {"b": 2}
    assert next(head_lines(b'{"c": 1, "d": [2, 3'))["c"] == 1
    assert next(head_lines(b'{"c": 1}\n{"d": 2}', 1), None) == {"c": 1}


def test_a_pretty_printed_head_is_one_value() -> None:
    document = json.dumps({"id": "x", "messages": [{"n": n} for n in range(9)]}, indent=2).encode()
    assert head_value(document)["messages"][8] == {"n": 8}
    assert head_value(document[:-40])["id"] == "x"


@given(st.binary(max_size=200))
def test_no_bytes_raise(content: bytes) -> None:
    for around in (content, b"{" + content, b'{"a": "' + content, b'{"a": ' + content + b"}\n{"):
        found = read_value(around)
        assert found.value is not None or found.fault is not None or around.strip(b" \t\r\n\x00") == b"null"
        head_value(around)
        assert all(isinstance(line, dict) for line in head_lines(around))
