"""A session out of a real store as a document of another program's format."""

import json
from pathlib import Path

import pytest

from debrief.errors import NotFound
from debrief.pipeline.discover import discover
from debrief.pipeline.export import export_atif
from debrief.pipeline.identity import Identity
from debrief.pipeline.ingest import ingest
from debrief.pipeline.prepare import Workbench
from debrief.store import Store

RUN = {
    "schema_version": "ATIF-v1.7",
    "session_id": "run-1",
    "agent": {"name": "some-agent", "version": "1"},
    "steps": [
        {"step_id": 1, "source": "user", "message": "Fix it", "timestamp": "2026-11-02T10:00:00Z"},
        {
            "step_id": 2,
            "source": "agent",
            "message": "Done.",
            "metrics": {"prompt_tokens": 10, "completion_tokens": 2, "cached_tokens": 4},
        },
    ],
}


def imported(store: Store, path: Path) -> str:
    summary = ingest(
        store,
        list(discover([path])),
        identity=Identity(enterprise_id="default", org_id="local"),
        bench=Workbench(key=b"k" * 32, usd_per_acu=2.0, blob_folder=None),
        public_url="http://127.0.0.1:8000",
        workers=1,
    )
    (outcome,) = summary.outcomes
    (session_id,) = outcome.sessions
    return session_id


def test_a_stored_session_is_exported_with_its_events_and_can_be_imported_again(
    store: Store, tmp_path: Path
) -> None:
    first = tmp_path / "trajectory.json"
    first.write_text(json.dumps(RUN))
    session_id = imported(store, first)
    exported = export_atif(store, "default", session_id)
    value = json.loads(exported)
    assert [step["message"] for step in value["steps"]] == ["Fix it", "Done."]
    assert value["final_metrics"]["total_prompt_tokens"] == 10
    second = tmp_path / "again.json"
    second.write_bytes(exported)
    assert imported(store, second) == session_id
    assert export_atif(store, "default", session_id) == exported


def test_what_another_enterprise_has_is_not_found(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "trajectory.json"
    path.write_text(json.dumps(RUN))
    session_id = imported(store, path)
    with pytest.raises(NotFound, match=session_id):
        export_atif(store, "other", session_id)
