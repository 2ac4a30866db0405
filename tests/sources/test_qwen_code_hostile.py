"""Qwen Code: bad input ends in faults and opaque events, look-alikes are refused, nothing raises."""

from typing import Any

import pytest
from gemini_building import DAY, lines, read
from qwen_building import row, said

from debrief.errors import NotATranscript
from debrief.sources.formats.qwen_code import QWEN_CODE


def test_what_cannot_be_read_is_a_fault_and_what_is_not_known_is_opaque() -> None:
    session = read(
        QWEN_CODE,
        lines(
            said("1", None, "go"),
            b"no json\n",
            row("2", "1", "system", subtype="brand_new"),
            row("3", "2", "moment"),
            b"[]\n",
            b'{"uuid":"4","parentUuid":"3","type":"assis',
        ),
    )

    assert session.opaque_count == 5
    assert session.faults[0] == "line 2: not JSON"
    assert session.fault_count == 2
    assert session.end_state == "truncated"


def test_wrong_types_and_circles_raise_nothing() -> None:
    odd: list[Any] = [None, True, 7, -1.5, "text", "\x00\ud800", [], [1], {}, {"text": 5}, {"parts": 3}]
    for value in odd:
        content = lines(
            said("1", "2", "go"),
            row("2", "1", "user", message=value, systemPayload=value, subtype=value, provenance=value),
            row("3", "2", "assistant", message={"parts": value}, usageMetadata=value, model=value),
            row("4", "3", "assistant", message={"parts": [value, {"functionCall": value}]}),
            row(
                "5",
                "4",
                "tool_result",
                message={"parts": [{"functionResponse": value}]},
                toolCallResult=value,
            ),
            row("6", "5", "system", subtype="ui_telemetry", systemPayload={"uiEvent": value}),
            row("7", "6", "system", subtype="chat_compression", systemPayload=value),
            row("8", "7", "system", subtype=value, systemPayload=value),
            {"uuid": value, "parentUuid": value, "sessionId": value, "type": value, "timestamp": value},
            row("9", "8", "user", cwd=value, version=value, gitBranch=value, forkedFrom=value, agentId=value),
        )
        assert read(QWEN_CODE, content).format == "qwen_code"


def test_nothing_but_unreadable_lines_is_no_session() -> None:
    with pytest.raises(NotATranscript):
        read(QWEN_CODE, b"x\ny\n")


@pytest.mark.parametrize(
    "record",
    [
        {"uuid": "1", "sessionId": "s", "type": "user", "message": {"role": "user", "content": "hi"}},
        {"uuid": "1", "sessionId": "s", "type": "user", "message": {"content": []}, "toolUseResult": {}},
        {"type": "user", "session_id": "s", "message": {"parts": []}, "uuid": "1"},
        {"sessionId": "s", "projectHash": "h", "kind": "main"},
        {"uuid": "1", "sessionId": "s", "type": "summary", "message": {"parts": []}},
    ],
)
def test_look_alikes_are_refused(record: dict[str, Any]) -> None:
    assert not QWEN_CODE.recognises(lines(record | {"timestamp": f"{DAY}00Z"}))
