"""The v2 item and page against the founding example and the published schemas."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from debrief.model import (
    ActionItem,
    Analysis,
    Cost,
    FeedbackItem,
    Issue,
    PullRequest,
    Session,
    StoredSession,
    SuggestedPrompt,
    TimelineEntry,
)
from debrief.sources.records import timestamp_us
from debrief.wire import v2

CONTRACT = Path(__file__).parent.parent.parent / "shared" / "contract"
needs_contract = pytest.mark.skipif(
    not CONTRACT.exists(), reason="the shared contract is not beside the project"
)

MINUTE = 60 * 1_000_000


def us(text: str) -> int:
    found = timestamp_us(text)
    assert found is not None
    return found


def founding_session() -> StoredSession:
    return StoredSession(
        enterprise_id="default",
        session_id="abc123",
        org_id="org_789",
        user_id="user_456",
        tags=("bug-fix", "auth"),
        status="exit",
        created_us=us("2024-01-15T10:30:00Z"),
        updated_us=us("2024-01-15T11:45:00Z"),
        cost=Cost(acus=25.5),
        session=Session(
            format="by_hand",
            parser_version=1,
            native_id="abc123",
            agent="An agent",
            title="Fix authentication bug",
            initial_user_message="Please fix the authentication issue in our login system",
            pull_requests=(
                PullRequest(
                    url="https://github.com/example/repo/pull/123",
                    created=True,
                    evidence="native",
                    event=0,
                    state="merged",
                ),
                PullRequest(
                    url="https://github.com/example/repo/pull/7", created=False, evidence="mention", event=0
                ),
            ),
        ),
        analysis=founding_analysis(),
    )


def founding_analysis() -> Analysis:
    return Analysis(
        analyser_version=1,
        issues=(
            Issue(
                id="issue_1",
                label="Configuration",
                impact="High",
                issue="Missing environment variables",
                detector="CFG-01",
                detector_version=1,
                evidence=(3, 4),
                fingerprint="0" * 32,
            ),
        ),
        timeline=(
            TimelineEntry(
                title="Started repository setup",
                description="Devin began setting up the development environment",
                first=0,
                last=4,
            ),
        ),
        action_items=(
            ActionItem(
                type="machine_setup",
                action_item="Configure environment variables for database connection",
                issue_id="issue_1",
            ),
        ),
        suggested_prompt=SuggestedPrompt(
            original_prompt="Fix the bug",
            suggested_prompt="Fix the authentication bug in the login endpoint "
            "by checking the JWT token validation",
            feedback_items=(
                FeedbackItem(
                    summary="Prompt too vague",
                    excerpt="Fix the bug",
                    details="The prompt should specify which bug and provide more context",
                    issue_id="issue_1",
                ),
            ),
        ),
    )


def bare_session(**changes: Any) -> StoredSession:
    return StoredSession(
        enterprise_id="default",
        session_id="s",
        org_id="o",
        status="running",
        created_us=us("2026-11-01T00:00:00Z"),
        updated_us=us("2026-11-01T00:00:00.000123Z"),
        session=Session(format="by_hand", parser_version=1, native_id="s", agent="An agent", **changes),
        analysis=None,
        cost=Cost(),
    )


@needs_contract
def test_the_founding_example_comes_out_but_for_the_keys_that_we_add() -> None:
    expected = json.loads((CONTRACT / "seed_example.json").read_text())
    item = v2.render(founding_session(), "https://app.devin.ai")
    # The example shows one of its ten items.
    answer = json.loads(v2.page([item.detail] * 10, total=150, skip=0, limit=10))

    answer["items"] = answer["items"][:1]
    ours = answer["items"][0]
    assert ours.pop("last_event_at") is None
    assert ours["pull_requests"][0].pop("url") == "https://github.com/example/repo/pull/123"
    assert ours["session_analysis"]["issues"][0].pop("id") == "issue_1"
    assert answer == expected
    assert list(ours) == list(expected["items"][0])


@needs_contract
@pytest.mark.parametrize("stored", [founding_session(), bare_session()], ids=["founding", "bare"])
def test_items_fit_the_published_schemas(stored: StoredSession) -> None:
    openapi = json.loads((CONTRACT / "v2.openapi.json").read_text())
    item = v2.render(stored, "http://127.0.0.1:8000")
    for name, body in (("SessionDetailResponse", item.detail), ("SessionResponse", item.basics)):
        schema = {**openapi["components"]["schemas"][name], "components": openapi["components"]}
        jsonschema.Draft202012Validator(_nullable(schema)).validate(json.loads(body))


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` in JSON Schema's words."""
    if isinstance(schema, list):
        return [_nullable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: _nullable(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if schema.get("nullable") else rest


def test_every_key_is_there_when_nothing_is_known() -> None:
    item = v2.render(bare_session(), "http://127.0.0.1:8000/")
    assert json.loads(item.detail) == {
        "session_id": "s",
        "url": "http://127.0.0.1:8000/sessions/s",
        "status": "running",
        "title": None,
        "tags": [],
        "user_id": None,
        "org_id": "o",
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00.000123Z",
        "last_event_at": None,
        "acus_consumed": 0.0,
        "pull_requests": [],
        "session_analysis": None,
        "initial_user_message": None,
    }


def test_basics_are_the_item_without_what_costs() -> None:
    item = v2.render(founding_session(), "https://x.example")
    detail, basics = json.loads(item.detail), json.loads(item.basics)
    assert {key: value for key, value in detail.items() if key in basics} == basics
    assert set(detail) - set(basics) == {"session_analysis", "initial_user_message"}


@pytest.mark.parametrize(
    ("count", "total", "skip", "has_more", "cursor"),
    [
        (0, 0, 0, False, None),
        (2, 2, 0, False, None),
        (2, 5, 0, True, 2),
        (2, 5, 3, False, None),
        (0, 5, 9, False, None),
    ],
)
def test_a_page_says_whether_there_is_more(
    count: int, total: int, skip: int, *, has_more: bool, cursor: int | None
) -> None:
    page = json.loads(v2.page([b"{}"] * count, total=total, skip=skip, limit=2))
    assert page == {
        "items": [{}] * count,
        "total": total,
        "skip": skip,
        "limit": 2,
        "has_more": has_more,
        "next_cursor": cursor,
    }


@pytest.mark.parametrize(
    ("end_state", "silent", "status"),
    [
        ("finished", False, "exit"),
        ("finished", True, "exit"),
        ("error", True, "error"),
        ("interrupted", False, "suspended"),
        ("running", False, "running"),
        ("running", True, "suspended"),
        ("truncated", True, "suspended"),
        ("unknown", False, "running"),
    ],
)
def test_status_follows_the_end_and_the_silence(end_state: str, *, silent: bool, status: str) -> None:
    now = us("2026-11-01T12:00:00Z")
    session = bare_session(end_state=end_state, last_event_us=now - (31 if silent else 29) * MINUTE).session
    assert v2.status_at(session, now) == status
