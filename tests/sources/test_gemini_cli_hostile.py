"""Gemini CLI: bad input ends in faults and opaque events, look-alikes are refused, nothing raises."""

from typing import Any

import pytest
from gemini_building import answer, at, header, lines, read, told, user, whole

from debrief.sources.formats.claude_code import CLAUDE_CODE
from debrief.sources.formats.gemini_cli import GEMINI_CLI
from debrief.sources.registry import sniff


def test_what_cannot_be_read_is_a_fault_and_what_is_not_known_is_opaque() -> None:
    session = read(
        GEMINI_CLI,
        lines(
            header(),
            user("u", "hi"),
            b"not json\n",
            {"something": "else"},
            {"id": "m", "type": "mystery", "content": "x"},
            b"[1, 2]\n",
            b'{"id":"g","type":"gemini","content":"cut',
        ),
    )

    assert session.opaque_count == 5
    assert session.fault_count == 2
    assert session.faults[0] == "line 3: not JSON"
    assert session.end_state == "truncated"


def test_a_document_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    content = whole(user("u", "hi"), answer("g", "hello"), user("u2", "more"))
    session = read(GEMINI_CLI, content[: content.index(b'"more') + 3])

    assert sniff(content[:200]) is GEMINI_CLI
    assert ("message", "hello") in told(session)
    assert session.end_state == "truncated"
    assert session.fault_count == 1


def test_wrong_types_everywhere_raise_nothing() -> None:
    odd: list[Any] = [None, True, 7, -1.5, "text", "\x00\ud800", [], [1], [[]], {}, {"text": 5}]
    for value in odd:
        content = lines(
            header(startTime=value, directories=value, summary=value, kind=value),
            user("u", value, displayContent=value, timestamp=value),
            answer("g", value, toolCalls=value, thoughts=value, tokens=value, model=value),
            answer(
                "h",
                "x",
                thoughts=[value],
                tokens=dict.fromkeys(("input", "output", "cached", "total"), value),
                toolCalls=[
                    value,
                    {"id": value, "name": value, "args": value, "result": value, "status": value},
                ],
            ),
            {"$set": value},
            {"$set": {"messages": value}},
            {"$set": {"messages": [value, {"id": value, "type": value}]}},
            {"$rewindTo": value},
            {"id": value, "type": value, "content": value},
        )
        assert read(GEMINI_CLI, content).format == "gemini_cli"


@pytest.mark.parametrize(
    "content",
    [
        b'{"history":[{"role":"user","parts":[{"text":"hi"}]}],"lastUpdated":"2026-01-01T00:00:00Z"}',
        b'[{"sessionId":"s","messageId":0,"type":"user","message":"hi","timestamp":"2026-01-01T00:00:00Z"}]',
        b'{"id":"T-1","messages":[{"role":"user","content":[]}]}',
        b'{"messages":[{"id":"1","type":"user","content":"x"}]}',
        b'{"uuid":"1","parentUuid":null,"sessionId":"s","projectHash":"h","type":"user"}',
    ],
)
def test_look_alikes_are_refused(content: bytes) -> None:
    assert not GEMINI_CLI.recognises(content)


def test_neither_takes_the_others_files() -> None:
    claude = lines(
        {
            "uuid": "1",
            "parentUuid": None,
            "sessionId": "s",
            "isSidechain": False,
            "timestamp": at(1),
            "type": "user",
            "message": {"role": "user", "content": "hi"},
        }
    )
    assert not GEMINI_CLI.recognises(claude)
    assert CLAUDE_CODE.recognises(claude)
    assert not CLAUDE_CODE.recognises(lines(header(), user("u", "hi")))
