"""The real Copilot sessions, against facts computed without us; nothing else is taken for any."""

import pytest
from corpus import CORPUS, Disputed, expected, facts, found_in, head, parse

from debrief.model import total_tokens
from debrief.sources.formats.copilot_cli import COPILOT_CLI

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

DISPUTED: Disputed = {
    # The oracle reads `success`. A search that found nothing exited with 1, as its last line says.
    "tool_errors": {"c3f091b3-1a1f-435f-8acb-6c7520106212": 2},
    # `gh pr create --draft` ran, exited with 0 and printed the new address alone on its line.
    "pr_created": {"c3f091b3-1a1f-435f-8acb-6c7520106212": 1},
}


@pytest.mark.parametrize("row", [pytest.param(row, id=row["session_id"]) for row in facts("copilot_cli")])
def test_facts_agree(row: dict[str, str]) -> None:
    session = parse(COPILOT_CLI, CORPUS / row["file"])
    for column, value in found_in(session).items():
        assert str(value) == str(expected(row, column, DISPUTED)), column
    assert (session.fault_count, session.opaque_count) == (0, 0)
    assert session.end_state == "finished"


def test_a_session_whose_service_told_no_tokens_has_none() -> None:
    for row in facts("copilot_cli"):
        if row["input_uncached"] == row["output"] == "0":
            tokens, qualities = total_tokens(parse(COPILOT_CLI, CORPUS / row["file"]))
            assert (tokens.input, tokens.output, qualities["output"]) == (None, None, "missing")


def test_every_other_file_is_refused_and_every_session_is_taken() -> None:
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file():
            ours = path.parent.name in ("copilot_cli", "copilot_cli_fixtures")
            assert COPILOT_CLI.recognises(head(path)) == ours, path.name


def test_fixtures_are_read_without_loss() -> None:
    for path in sorted((CORPUS / "copilot_cli_fixtures").iterdir()):
        session = parse(COPILOT_CLI, path)
        assert (session.opaque_count, session.fault_count) == (0, 0), path.name
        assert session.native_id
