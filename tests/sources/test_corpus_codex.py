"""The real rollouts of the corpus, against facts computed without us; and nothing else is taken for one."""

import pytest
from corpus import CORPUS, Disputed, expected, facts, found_in, head, parse

from debrief.sources.formats.codex import CODEX
from debrief.sources.formats.codex_exec import CODEX_EXEC

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

REFUSED = {
    # Another program's own idea of the format: no session record, no envelope, roles on the outside.
    "session_branch.jsonl",
    "session_simple.jsonl",
    "session_toolcall.jsonl",
    "schema_drift.jsonl",
}

DISPUTED: Disputed = {
    # The oracle counts calls of functions and custom tools. A web search and a search for tools are calls of
    # the model too, each with its own record (`web_search_call`, `tool_search_call`): we count them.
    "tool_calls": {
        "019ed50c-2fb3-7002-a384-360bea6e7f04": 105,
        "019ed99c-d00d-7613-b2e7-d2f512f78afd": 531,
        "019eecb9-cc3a-73c2-814a-dd4f8ced7545": 280,
        "019efedf-a8dc-7b20-ba1d-f1c6ff7ea96e": 70,
        "019f17a5-6d3f-7470-9097-c70f6cefe936": 362,
        "019f1d64-a048-7e10-8a4d-fd6b9e9d7b34": 221,
    },
    # The oracle reads exit codes. A patch that was refused ("apply_patch verification failed") has none, and
    # is an error all the same: three in the first session, four in the second.
    "tool_errors": {
        "019ed99c-d00d-7613-b2e7-d2f512f78afd": 31,
        "019f1d64-a048-7e10-8a4d-fd6b9e9d7b34": 15,
    },
    # `gh pr create --draft` ran, exited with 0 and printed the new address alone on its line.
    "pr_created": {"019f1de1-ca1d-7261-9e32-4d51380144e6": 1},
    # The oracle shows what the editor put around the request (open files and tabs); the person typed this.
    "first_user_prompt": {"0199955b-5deb-72e2-9988-4b1b799e1206": "/specify --help"},
}


@pytest.mark.parametrize("row", [pytest.param(row, id=row["session_id"]) for row in facts("codex")])
def test_facts_agree(row: dict[str, str]) -> None:
    session = parse(CODEX, CORPUS / row["file"])
    for column, value in found_in(session).items():
        assert str(value) == str(expected(row, column, DISPUTED)), column
    assert (session.fault_count, session.opaque_count) == (0, 0)
    assert session.end_reason


def test_every_other_file_is_refused_and_every_rollout_is_taken() -> None:
    for path in sorted(CORPUS.rglob("*")):
        if not path.is_file():
            continue
        ours = path.parent.name in ("codex", "codex_fixtures") and not path.name.endswith(tuple(REFUSED))
        assert CODEX.recognises(head(path)) == ours, path.name
        assert not CODEX_EXEC.recognises(head(path)), path.name


def test_fixtures_are_read_without_loss() -> None:
    for path in sorted((CORPUS / "codex_fixtures").iterdir()):
        if CODEX.recognises(head(path)):
            session = parse(CODEX, path)
            assert session.native_id, path.name
            # What stays unknown is made up by the fixtures' authors, or from before the format had it.
            assert all(
                event.text.startswith("record of type") for event in session.events if event.kind == "opaque"
            )
