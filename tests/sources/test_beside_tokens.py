"""What Claude Code and Codex tell beside the tokens: costs, owners, saved outputs, folders, ordinals."""

import io
from typing import Any

import pytest
import rollouts as codex
from claude_building import OWN, Row, Rows, usage
from trap_building import answer, paginated, read, spread, switched

from debrief.metering import cost
from debrief.model import total_tokens
from debrief.sources import Document


def test_a_model_without_a_price_takes_no_price_from_the_others() -> None:
    _, session = read(switched())
    found = cost(session)
    assert found.cost_usd_micros
    assert (found.quality, found.priced_calls, found.unpriced_models) == (
        "lower_bound",
        1,
        ("codex-auto-review",),
    )


@pytest.mark.parametrize(
    ("more", "quality"),
    [
        ({"server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 3}}, "exact"),
        ({"server_tool_use": {"web_search_requests": 2}}, "lower_bound"),
        ({"server_tool_use": ["web_search_requests"]}, "exact"),
        ({"speed": "standard"}, "exact"),
        ({"speed": "fast"}, "lower_bound"),
    ],
)
def test_what_is_paid_beside_the_tokens_makes_the_cost_a_lower_bound(more: Row, quality: str) -> None:
    _, session = read(answer(usage(40, **more)))
    assert cost(session).quality == quality
    assert total_tokens(session)[1]["output"] == "exact", "the tokens are no less sure for it"


def test_the_first_versions_state_what_each_call_cost() -> None:
    rows = spread("0.2.9", 1, 120, stop="end_turn", costUSD=0.012345)
    _, session = read(
        [*rows, Rows().says("free", "msg_2", stop="end_turn", usage=usage(1), costUSD=0, uuid="free")]
    )
    assert [call.cost_usd_micros for call in session.model_calls] == [12_345, None], "a zero was not reckoned"
    values: tuple[Any, ...] = ("1", True, -1, [], 1e300)
    odd = [read(answer(usage(1), costUSD=value))[1] for value in values]
    assert [call.cost_usd_micros for session in odd for call in session.model_calls] == [None] * len(odd)


def test_an_output_that_lies_in_a_file_of_its_own_is_read_whole() -> None:
    rows = Rows()
    place = f"/home/ada/.claude/projects/-home-ada/{OWN}/tool-results/call_1.txt"
    head = f"<persisted-output>\nOutput too large (42.8KB). Full output saved to: {place}\n\nPreview:\nbegin"
    made = [rows.calls("Bash", command="make"), rows.result(f"{head}\n...\n</persisted-output>")]
    saved = Document(f"{OWN}/tool-results/call_1.txt", lambda: io.BytesIO(b"begin, middle \xff, end"))
    other = Document(f"{OWN}/tool-results/call_2.txt", lambda: io.BytesIO(b"another"))
    texts = [read(made, *beside)[1].events[-1].text for beside in ((saved, other), (other,), ())]
    assert texts[0] == "begin, middle \ufffd, end"
    assert texts[1] == texts[2]
    assert texts[1].startswith("<persisted-output>")
    quoted = [rows.calls("Bash", "c2", command="cat log"), rows.result(f"The log says:\n{head}", "c2")]
    assert read(quoted, saved)[1].events[-1].text.startswith("The log says"), "only the row's own word counts"


def test_the_account_that_a_remote_session_is_bound_to_is_its_user() -> None:
    bound = {
        "type": "bridge-session",
        "sessionId": OWN,
        "bridgeSessionId": "cse_1",
        "ownerAccountUuid": "a67d01ec",
    }
    assert read([*answer(usage(1)), bound])[1].user == "a67d01ec"
    assert read([*answer(usage(1)), {**bound, "ownerAccountUuid": ["x"]}])[1].user is None


def test_a_session_of_many_folders_begins_in_the_first() -> None:
    made = codex.meta(runtime_workspace_roots=[7, "", "/srv/shop", "/srv/till"])
    del made["payload"]["cwd"]
    _, session = read([made, codex.user("go")])
    assert session.cwd == "/srv/shop"
    assert read([codex.meta(runtime_workspace_roots=["/srv/till"]), codex.user("go")])[1].cwd == "/srv/shop"


def test_a_paginated_thread_loses_no_record_of_a_reused_ordinal() -> None:
    _, session = read(paginated())
    assert [event.kind for event in session.events] == ["prompt", "message"]
    assert paginated()[5]["ordinal"] == paginated()[6]["ordinal"]
