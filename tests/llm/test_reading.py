"""Stored sessions read with a model: what changes in the store, what does not, and what is asked twice."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from debrief.llm import LlmSettings
from debrief.llm.analyser import Analyser
from debrief.model import StoredSession
from debrief.pipeline import reading
from debrief.pipeline.discover import discover
from debrief.pipeline.identity import Identity
from debrief.pipeline.ingest import ingest
from debrief.pipeline.outcome import Summary
from debrief.pipeline.prepare import Workbench
from debrief.store import Store, sessions

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "quality"))

from fake_llm import FakeModel, Reply, in_turn

URL = "http://127.0.0.1:8000"
GOOD = {
    "issues": [
        {
            "label": "Approach",
            "impact": "High",
            "summary": "The agent rewrote the mailer although the login was to be fixed.",
            "evidence": [{"event": 1, "excerpt": "I rewrite the mailer"}],
        }
    ]
}


def transcript(folder: Path, name: str, *, more: int = 0) -> None:
    said: list[tuple[str, Any]] = [("user", f"Fix the login bug of {name} in src/auth/login.ts")]
    said += [("assistant", [{"type": "text", "text": "I rewrite the mailer now."}])] * (1 + more)
    folder.mkdir(exist_ok=True)
    records = [
        {
            "type": kind,
            "sessionId": name,
            "uuid": f"{name}-{n}",
            "version": "2.1.0",
            "timestamp": f"2026-11-02T10:00:{n:02}.000Z",
            "message": {"role": kind, "content": content},
        }
        for n, (kind, content) in enumerate(said)
    ]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))


class Desk:
    """A store, a folder of transcripts, and a model that reads them."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder

    def ingest(self) -> Summary:
        return ingest(
            self.store,
            list(discover([self.folder / "transcripts"])),
            identity=Identity(enterprise_id="e", org_id="o"),
            bench=Workbench(key=b"key", usd_per_acu=2.0, blob_folder=None),
            public_url=URL,
            workers=1,
        )

    def read(self, fake: FakeModel, **more: Any) -> reading.Readings:
        settings = LlmSettings(
            provider="openai", model="gpt-4o", base_url=fake.address, api_key="k", at_once=2
        )
        make = partial(Analyser, settings, self.folder / "llm")
        return reading.read_stored(self.store, "e", URL, reading.newest(self.store, "e"), make, **more)

    def stored(self, name: str) -> StoredSession:
        with self.store.read() as connection:
            found = sessions.find(connection, "e", f"claude-code-{name}")
        assert found is not None
        return found

    def sources(self, name: str) -> list[str]:
        analysis = self.stored(name).analysis
        return [] if analysis is None else [issue.source for issue in analysis.issues]


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    for name in ("aaa", "bbb", "ccc"):
        transcript(tmp_path / "transcripts", name)
    made = Desk(store, tmp_path)
    made.ingest()
    return made


def test_what_is_stored_is_read_once(desk: Desk) -> None:
    before = desk.stored("aaa")
    with FakeModel(in_turn([Reply(answer=GOOD)])) as fake:
        told = desk.read(fake)
        assert (told.read, told.known, told.faulty, told.added) == (3, 0, 0, 3)
        assert (told.tokens, len(fake.requests)) == (3_600, 3)
        after = desk.stored("aaa")
        assert desk.sources("aaa").count("llm") == 1
        assert after.updated_us > before.updated_us
        again = desk.read(fake)
        assert (again.read, again.known, again.tokens, len(fake.requests)) == (0, 3, 0, 3)
        assert desk.stored("aaa") == after


def test_a_file_that_is_read_again_keeps_what_was_added(desk: Desk) -> None:
    with FakeModel(in_turn([Reply(answer=GOOD)])) as fake:
        desk.read(fake)
    after = desk.stored("bbb")
    path = desk.folder / "transcripts" / "bbb.jsonl"
    path.touch()
    assert desk.ingest().counts()["unchanged"] == 3
    assert desk.stored("bbb") == after


def test_a_session_that_grew_is_read_anew(desk: Desk) -> None:
    with FakeModel(in_turn([Reply(answer=GOOD)])) as fake:
        desk.read(fake)
        transcript(desk.folder / "transcripts", "ccc", more=1)
        desk.ingest()
        assert "llm" not in desk.sources("ccc")
        told = desk.read(fake)
        assert (told.read, told.known, len(fake.requests)) == (1, 2, 4)
        assert desk.sources("ccc").count("llm") == 1


def test_a_refused_key_ends_the_run_and_changes_no_finding(desk: Desk) -> None:
    before = {name: desk.sources(name) for name in ("aaa", "bbb", "ccc")}
    with FakeModel(in_turn([Reply(status=401, code="invalid_api_key")])) as fake:
        told = desk.read(fake)
        assert "the key is refused" in told.stopped
        assert len(fake.requests) <= 2
    assert {name: desk.sources(name) for name in before} == before
    with FakeModel(in_turn([Reply(answer=GOOD)])) as fake:
        assert desk.read(fake).added == 3


def test_a_session_that_changes_while_it_is_read_is_left_alone(desk: Desk) -> None:
    def grow(*_: object) -> Reply:
        for name in ("aaa", "bbb", "ccc"):
            transcript(desk.folder / "transcripts", name, more=2)
        desk.ingest()
        return Reply(answer=GOOD)

    with FakeModel(grow) as fake:
        desk.read(fake, most=1)
    for name in ("aaa", "bbb", "ccc"):
        assert "llm" not in desk.sources(name)


def test_no_more_than_wanted_are_read(desk: Desk) -> None:
    with FakeModel(in_turn([Reply(answer=GOOD)])) as fake:
        assert desk.read(fake, most=2).read == 2
        assert desk.read(fake, most=2).read == 1
