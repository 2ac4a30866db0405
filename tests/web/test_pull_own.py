"""Sessions pulled from our own server over HTTP into another store: all of them, once, whatever happens."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import text
from stored import ENTERPRISE, NOON_US, PUBLIC_URL, PULL, make_session, serve

from conftest import NewDatabase
from debrief.errors import UpstreamError
from debrief.model import Cost, PullRequest, StoredSession
from debrief.pipeline.asking import Upstream
from debrief.pipeline.change import Wanted, change
from debrief.pipeline.identity import Identity
from debrief.pipeline.prepare import Workbench
from debrief.pipeline.pull import OVERLAP_US, Pulled, pull
from debrief.store import Packed, SessionFilter, Store, pages
from running import Watched, answer, running

KEPT = ("title", "user_id", "created_at", "last_event_at", "acus_consumed", "pull_requests")
ALIKE = (*KEPT, "initial_user_message", "tags", "status")


class Pair:
    """A server with sessions, and a store that they are pulled into."""

    def __init__(self, source: Store, target: Store, folder: Path) -> None:
        self.source = source
        self.target = target
        self.folder = folder
        self.served = serve(source, folder / "served")
        self.watched = Watched(self.served.app)
        self.key = self.served.key()
        self.slept: list[float] = []
        self.address = ""

    def put(self, several: list[StoredSession]) -> None:
        """Store them as an import does: stamped by the clock of changes."""
        wanted = [Wanted(stored=one, events=Packed.of(one.session.events), documents=()) for one in several]
        change(self.source, ENTERPRISE, PUBLIC_URL, lambda _: wanted)

    def pull(self, key: str | None = None, **options: Any) -> Pulled:
        bench = Workbench(key=b"k" * 32, usd_per_acu=2.0, blob_folder=str(self.folder / "blobs"))
        identity = Identity(enterprise_id="default", org_id="local", tags=("pulled",))
        with Upstream(self.address, key or self.key, sleep=self.slept.append) as upstream:
            return pull(
                self.target, upstream, identity=identity, bench=bench, public_url="http://here", **options
            )

    def items(self) -> dict[str, dict[str, Any]]:
        """What the target answers, by id."""
        page = pages.read_page(
            self.target, SessionFilter(enterprise_id="default"), skip=0, limit=5000, detail=True
        )
        return {one["session_id"]: one for one in (msgspec.json.decode(item) for item in page.items)}

    def originals(self) -> dict[str, dict[str, Any]]:
        page = pages.read_page(
            self.source, SessionFilter(enterprise_id=ENTERPRISE), skip=0, limit=5000, detail=True
        )
        return {one["session_id"]: one for one in (msgspec.json.decode(item) for item in page.items)}


@pytest.fixture
def pair(new_database: NewDatabase, tmp_path: Path) -> Iterator[Pair]:
    source, target = Store(new_database("sqlite")), Store(new_database("sqlite"))
    made = Pair(source, target, tmp_path)
    with running(made.watched) as address:
        made.address = address
        yield made
    source.close()
    target.close()


def some(count: int, prefix: str = "s") -> list[Any]:
    return [
        make_session(
            f"{prefix}{number}",
            created_us=NOON_US - number * 60_000_000 - 123_456,
            started_us=NOON_US - number * 60_000_000 - 123_456,
            last_event_us=NOON_US - number * 60_000_000,
            initial_user_message=f"Fix bug {number}, \u00fcber alles",
            cost=Cost(cost_usd_micros=number, quality="exact", acus=number / 4),
            tags=(f"t{number % 3}", "b"),
            user_id=f"user_{number % 5}",
            pull_requests=(PULL,) if number % 2 else (),
        )
        for number in range(count)
    ]


def test_everything_arrives_as_it_was(pair: Pair) -> None:
    pair.put(some(250))
    told = pair.pull()
    assert (told.counts, told.sessions, told.notes) == ({"new": 250}, 250, ())
    found, originals = pair.items(), pair.originals()
    assert len(found) == 250
    for name, original in originals.items():
        item = found[f"devin-{name}"]
        for key in KEPT:
            assert item[key] == original[key], (name, key)
        assert item["initial_user_message"] == original["initial_user_message"]
        assert sorted(item["tags"]) == sorted({*original["tags"], "pulled"})
        assert item["status"] == "exit"
        assert item["session_analysis"] != original["session_analysis"], "its findings are not ours"


def test_a_second_pull_asks_for_what_changed_and_changes_nothing(pair: Pair) -> None:
    pair.put(some(120))
    first = pair.pull()
    assert "updated_date_from" not in pair.watched.asked[0].query
    before = pair.items()
    pair.watched.asked.clear()
    second = pair.pull()
    assert first.until_us is not None
    assert second.since_us == first.until_us
    moment = pair.watched.asked[0].query["updated_date_from"]
    assert moment.endswith("Z")
    assert set(second.counts) <= {"unchanged"}
    assert pair.items() == before


def test_what_changed_long_before_the_last_pull_is_not_asked_again(pair: Pair) -> None:
    pair.put(some(3))
    assert pair.pull().sessions == 3
    newest = max(datetime.fromisoformat(item["updated_at"]) for item in pair.originals().values())
    later = int(newest.timestamp() + 2) * 1_000_000 + OVERLAP_US
    assert pair.pull(since_us=later).sessions == 0
    assert pair.pull(since_us=0).counts == {"unchanged": 3}


def test_a_change_is_taken_over(pair: Pair) -> None:
    sessions = some(3)
    pair.put(sessions)
    pair.pull()
    opened = PullRequest(
        url="https://github.com/a/b/pull/7", created=True, evidence="native", event=0, state="open"
    )
    changed = replace(
        sessions[1],
        session=replace(sessions[1].session, pull_requests=(opened,), title="Another"),
    )
    pair.put([changed])
    assert pair.pull().counts == {"updated": 1, "unchanged": 2}
    item = pair.items()["devin-s1"]
    assert (item["title"], item["pull_requests"][0]["pr_state"]) == ("Another", "open")


def test_a_walk_while_sessions_are_added_misses_none(pair: Pair) -> None:
    pair.put(some(250))
    lists: list[int] = []

    def meanwhile(_: object) -> None:
        lists.append(1)
        if len(lists) in (2, 3):
            # Newer ones move the pages; older ones come in before the place that the walk has reached.
            fresh = [
                replace(one, created_us=one.created_us + len(lists) * 30_000_000)
                for one in some(60, f"late{len(lists)}-")
            ]
            pair.put(fresh)

    pair.watched.before = meanwhile
    told = pair.pull()
    assert told.sessions == 370
    assert set(pair.items()) == {f"devin-{name}" for name in pair.originals()}


def test_too_many_requests_are_waited_for_as_the_server_asks(pair: Pair) -> None:
    pair.put(some(3))
    refusals = iter(["7", "0.5"])

    def limited(_: object) -> Any:
        after = next(refusals, None)
        return None if after is None else answer({"detail": "slow down"}, 429, retry_after=after)

    pair.watched.before = limited
    assert pair.pull().sessions == 3
    assert pair.slept == [7.0, 0.5]
    assert len(pair.watched.asked) == 4, "two refused, one walk, one look for what changed meanwhile"


def test_a_wrong_key_is_said_in_plain_words_and_nothing_is_stored(pair: Pair) -> None:
    pair.put(some(1))
    with pytest.raises(UpstreamError, match=r"127\.0\.0\.1:\d+ does not accept the key \(401\)") as caught:
        pair.pull("dbk_wrong_key_that_nobody_made")
    assert "wrong_key" not in str(caught.value)
    assert (pair.items(), len(pair.watched.asked), pair.slept) == ({}, 1, [])


def test_one_organization_is_pulled_by_its_address(pair: Pair) -> None:
    pair.put([make_session("a", org_id="org_a"), make_session("b", org_id="org_b")])
    pair.address += "/v2/enterprise/organizations/org_a/sessions/insights"
    assert pair.pull().sessions == 1
    assert list(pair.items()) == ["devin-a"]
    assert pair.watched.asked[0].path == "/v2/enterprise/organizations/org_a/sessions/insights"


def test_the_key_is_nowhere(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    pair.put(some(2))
    pair.pull()
    assert all(one.key == f"Bearer {pair.key}" for one in pair.watched.asked)
    assert pair.key not in caplog.text
    kept = [path for path in pair.folder.rglob("*") if path.is_file()]
    with pair.target.read() as connection:
        kept.append(Path(connection.execute(text("PRAGMA database_list")).all()[0][2]))
    assert len(kept) >= 3
    assert not any(pair.key.encode() in path.read_bytes() for path in kept)


def test_a_pull_that_breaks_off_keeps_what_came_and_begins_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.put(some(250))
    monkeypatch.setattr("debrief.pipeline.asking.ATTEMPTS", 2)

    def broken(asked: Any) -> Any:
        return answer({"detail": "gone"}, 503) if asked.query["skip"] == "200" else None

    pair.watched.before = broken
    with pytest.raises(UpstreamError, match="tried 2 times"):
        pair.pull()
    assert len(pair.items()) == 200
    pair.watched.before = lambda _: None
    told = pair.pull()
    assert told.since_us is None
    assert told.counts == {"unchanged": 200, "new": 50}
