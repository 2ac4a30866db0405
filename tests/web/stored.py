"""Hand-made sessions, put into a store as the pipeline does it, and the application served over it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.testclient import TestClient

from debrief.config import Settings
from debrief.model import (
    ActionItem,
    Analysis,
    Cost,
    Event,
    FeedbackItem,
    Issue,
    ModelCall,
    PullRequest,
    Session,
    StoredSession,
    SuggestedPrompt,
    TimelineEntry,
    Tokens,
)
from debrief.store import Packed, Store, clock
from debrief.store.keys import create_key
from debrief.store.sessions import Change, put
from debrief.web.app import create_app
from debrief.wire import v2

ENTERPRISE = "ent"
PUBLIC_URL = "http://debrief.test"
NOON_US = 1_705_320_000_000_000
"""2024-01-15T12:00:00Z"""
MINUTE_US = 60_000_000

EVENTS = (
    Event(ordinal=0, kind="prompt", actor="user", text="Fix the login", ts_us=NOON_US),
    Event(ordinal=1, kind="message", actor="assistant", text="I look at the tests first.", ts_us=NOON_US + 1),
    Event(
        ordinal=2,
        kind="tool_call",
        actor="assistant",
        tool="Bash",
        tool_kind="shell",
        command="pytest tests/test_login.py",
        call_id="c1",
        ts_us=NOON_US + 2,
    ),
    Event(
        ordinal=3,
        kind="tool_result",
        actor="tool",
        tool="Bash",
        tool_kind="shell",
        text="KeyError: 'DATABASE_URL'",
        call_id="c1",
        outcome="error",
        exit_code=1,
        duration_ms=2300,
        ts_us=NOON_US + 3,
    ),
    Event(ordinal=4, kind="message", actor="assistant", agent="sub-7", text="Searched.", ts_us=NOON_US + 4),
    Event(ordinal=5, kind="turn_end", actor="assistant", ts_us=NOON_US + MINUTE_US),
)

ANALYSIS = Analysis(
    analyser_version=1,
    issues=(
        Issue(
            id="issue_1",
            label="Configuration",
            impact="High",
            issue="The tests failed because DATABASE_URL was not set",
            detector="environment",
            detector_version=1,
            evidence=(2, 3),
            fingerprint="0" * 32,
        ),
    ),
    timeline=(TimelineEntry(title="Ran the tests", description="They failed", first=1, last=3),),
    action_items=(
        ActionItem(
            type="machine_setup", action_item="Set DATABASE_URL where the agent runs", issue_id="issue_1"
        ),
    ),
    suggested_prompt=SuggestedPrompt(
        original_prompt="Fix the login",
        suggested_prompt="Fix the login; DATABASE_URL is in .env",
        feedback_items=(
            FeedbackItem(
                summary="The prompt does not say where the settings are",
                excerpt="Fix the login",
                details="One run of the tests failed over it",
                issue_id="issue_1",
            ),
        ),
    ),
)

PULL = PullRequest(
    url="https://github.com/example/repo/pull/123", created=True, evidence="native", event=4, state="merged"
)


def make_session(session_id: str, **changes: Any) -> StoredSession:
    """A session; `changes` go to the StoredSession or to the Session in it, whichever has the field."""
    session: dict[str, Any] = {
        "format": "handmade",
        "parser_version": 1,
        "native_id": session_id,
        "agent": "Hand Made",
        "title": f"Title of {session_id}",
        "initial_user_message": "Fix the login",
        "started_us": NOON_US,
        "last_event_us": NOON_US + MINUTE_US,
        "end_state": "finished",
        "end_reason": "The agent ended its turn.",
        "events": EVENTS,
        "model_calls": (ModelCall(key="m1", model="model-x", tokens=Tokens(input=1200, output=340)),),
    }
    stored: dict[str, Any] = {
        "enterprise_id": ENTERPRISE,
        "session_id": session_id,
        "org_id": "org_a",
        "created_us": NOON_US,
        "updated_us": NOON_US + 2 * MINUTE_US,
        "status": "exit",
        "analysis": ANALYSIS,
        "cost": Cost(cost_usd_micros=2_500_000, quality="exact", acus=1.25, priced_calls=1),
        "user_id": "user_1",
        "tags": (),
    }
    for name, value in changes.items():
        (stored if name in stored else session)[name] = value
    return StoredSession(session=Session(**session), **stored)


def put_sessions(store: Store, sessions: Iterable[StoredSession]) -> None:
    """Store `sessions` as they are with their events and their rendered items, in one transaction."""
    by_enterprise: dict[str, dict[str, Change]] = {}
    for stored in sessions:
        item = v2.render(stored, PUBLIC_URL)
        by_enterprise.setdefault(stored.enterprise_id, {})[stored.session_id] = Change(
            stored=stored,
            item=item.detail,
            basics_size=item.basics_size,
            rendering="test",
            events=Packed.of(stored.session.events),
            documents=(),
        )
    with store.write() as connection:
        for enterprise_id, changes in by_enterprise.items():
            clock.lock(connection, enterprise_id)
            moment = clock.next_moment(connection, enterprise_id, len(changes))
            put(connection, list(changes.values()), moment=moment)


def settings_in(folder: Path) -> Settings:
    return Settings(data=folder, database_url="unused")


class Served(msgspec.Struct):
    """The application over a store, with a client for it."""

    store: Store
    app: FastAPI
    client: TestClient

    def key(self, org_id: str | None = None, enterprise_id: str = ENTERPRISE) -> str:
        """A new key's secret."""
        return create_key(self.store, enterprise_id, "test key", org_id)[1]

    def headers(self, org_id: str | None = None, enterprise_id: str = ENTERPRISE) -> dict[str, str]:
        """The headers of an API request with a new key."""
        return {"Authorization": f"Bearer {self.key(org_id, enterprise_id)}"}

    def sign_in(self, org_id: str | None = None, enterprise_id: str = ENTERPRISE) -> None:
        """Let the client carry the cookie of a new login."""
        answer = self.client.post(
            "/login", data={"key": self.key(org_id, enterprise_id)}, follow_redirects=False
        )
        assert answer.status_code == 303


def serve(store: Store, folder: Path, public_url: str = PUBLIC_URL) -> Served:
    app = create_app(settings_in(folder), store, public_url=public_url)
    client = TestClient(app, base_url=public_url, raise_server_exceptions=False)
    return Served(store=store, app=app, client=client)
