"""How numbers are explained: whatever a transcript holds, and whatever an older version stored."""

import io

import msgspec
import pytest
from rich.console import Console

from debrief.explain import explain, explain_json
from debrief.model import Cost, ModelCall, Session, StoredSession, Tokens

CALL = ModelCall(key="a", model="m", tokens=Tokens(input=1, output=2))


def stored(**more: object) -> StoredSession:
    session = Session(
        format="claude_code", parser_version=1, native_id="n", agent="Agent", model_calls=(CALL,)
    )
    return StoredSession(
        enterprise_id="default",
        session_id="s",
        org_id="local",
        created_us=0,
        updated_us=0,
        status="exit",
        session=msgspec.structs.replace(session, **more),
        analysis=None,
        cost=Cost(cost_usd_micros=3_000_000, quality="exact", acus=1.5),
    )


def text(one: StoredSession) -> str:
    console = Console(file=io.StringIO(), width=200)
    explain(console, one)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("field", ["agent", "parent_id"])
def test_words_of_a_transcript_are_no_markup(field: str) -> None:
    told = text(stored(**{field: "[/red] [bold]x[/bold]", "relation": "fork"}))
    assert "[/red] [bold]x[/bold]" in told


def test_what_an_older_version_stored_is_said_to_be_so() -> None:
    told = text(stored())
    assert "debrief reparse" in told
    assert "neither cost nor time is known" not in told
    assert "sum of 0 of 1 calls" not in told
    assert explain_json(stored())["cost"]["usd_micros"] == 3_000_000
