"""Items rendered for another address: found wherever they lie, rendered again once, in batches."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from debrief.model import Cost, Session, StoredSession
from debrief.pipeline import refresh
from debrief.pipeline.change import Wanted, change
from debrief.pipeline.discover import discover
from debrief.pipeline.prepare import Workbench, prepare
from debrief.store import Packed, SessionFilter, Store, pages, sessions

OLD = "http://old.example"
NEW = "https://new.example"
NOON_US = 1_705_320_000_000_000


def put(store: Store, count: int, *, public_url: str = OLD, first: int = 0) -> None:
    """Sessions of which three began at the same moment, and the next three a second later."""
    fresh = [
        StoredSession(
            enterprise_id="default",
            session_id=f"s{number:03}",
            org_id="local",
            created_us=NOON_US + number // 3 * 1_000_000,
            updated_us=0,
            status="exit",
            session=Session(format="by_hand", parser_version=1, native_id=f"{number}", agent="An agent"),
            analysis=None,
            cost=Cost(),
        )
        for number in range(first, first + count)
    ]
    wanted = [Wanted(stored=one, events=Packed.of(()), documents=()) for one in fresh]
    assert change(store, "default", public_url, lambda _: wanted) == count


def items(store: Store) -> list[dict[str, Any]]:
    """All items, newest first."""
    page = pages.read_page(store, SessionFilter(enterprise_id="default"), skip=0, limit=1000, detail=True)
    return [json.loads(item) for item in page.items]


def urls(store: Store) -> list[str]:
    return [item["url"].split("/sessions/")[0] for item in items(store)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a handful of sessions crosses: looks end between sessions of one moment."""
    for name, value in {"BATCH": 2, "LOOK": 5, "AT_ONCE": 4, "AT_ONCE_LOOKS": 3}.items():
        monkeypatch.setattr(refresh, name, value)


def test_every_item_is_rendered_again_once_and_its_moment_moves(store: Store) -> None:
    put(store, 23)
    put(store, 3, public_url=NEW, first=23)
    before = {item["session_id"]: item for item in items(store)}
    assert refresh.count_stale(store, "default", NEW) == 23
    assert refresh.render_again(store, "default", NEW) == 23
    after = {item["session_id"]: item for item in items(store)}
    assert {item["url"] for item in after.values()} == {f"{NEW}/sessions/{name}" for name in before}
    moved = {name for name in before if after[name]["updated_at"] > before[name]["updated_at"]}
    assert moved == {name for name in before if name < "s023"}, "what is right already is left alone"
    assert refresh.count_stale(store, "default", NEW) == refresh.render_again(store, "default", NEW) == 0


def test_it_stops_between_batches_and_goes_on_with_what_is_left(store: Store) -> None:
    put(store, 12)
    asked = iter([True, True, False])
    assert refresh.render_again(store, "default", NEW, lambda: next(asked)) == 5, (
        "2, 2, and 1 at a look's end"
    )
    assert urls(store) == [NEW] * 5 + [OLD] * 7, "newest first; the others show what they showed"
    first = items(store)[:5]
    assert refresh.render_again(store, "default", NEW) == 7
    assert urls(store) == [NEW] * 12
    assert items(store)[:5] == first, "what was done is not done twice"


def test_counting_stops_when_it_is_told_to(store: Store) -> None:
    put(store, 12)
    assert refresh.count_stale(store, "default", NEW, lambda: False) == 5


@pytest.mark.parametrize("count", [0, 1, 4])
def test_few_are_rendered_at_once(store: Store, count: int) -> None:
    put(store, 7, public_url=NEW)
    put(store, count, first=7)
    assert refresh.render_few(store, "default", NEW) == count
    assert urls(store) == [NEW] * (7 + count)


@pytest.mark.parametrize(("right", "stale"), [(0, 5), (25, 1)])
def test_of_many_none_is_rendered_at_once(store: Store, right: int, stale: int) -> None:
    put(store, right, public_url=NEW)
    put(store, stale, first=right)
    assert refresh.render_few(store, "default", NEW) is None
    assert refresh.count_stale(store, "default", NEW) == stale, "too many, or too many to look at"


def test_what_is_changed_or_removed_in_between_is_passed_over(store: Store) -> None:
    put(store, 6)
    looked = refresh.stale(store, "default", NEW)
    found = next(looked)
    assert found == ["s005", "s004", "s003", "s002", "s001"]
    gone, imported = found[0], found[1]
    with store.write() as connection:
        sessions.remove(connection, "default", [gone])
        known = sessions.find(connection, "default", imported)
    assert known is not None
    titled = Wanted(stored=replace(known, session=replace(known.session, title="By an import")))
    change(store, "default", NEW, lambda _: [titled])
    (before,) = (item for item in items(store) if item["session_id"] == imported)
    assert refresh._render(store, "default", NEW, found) == 3  # noqa: SLF001 (what was found is late by then)
    (after,) = (item for item in items(store) if item["session_id"] == imported)
    assert after == before
    assert sum((len(names) for names in looked), 0) == 1, "the walk goes on behind its place"


def test_another_enterprise_is_left_alone(store: Store) -> None:
    put(store, 3)
    assert refresh.render_again(store, "other", NEW) == 0
    assert urls(store) == [OLD] * 3


def test_a_transcripts_user_is_kept_on_one_line(tmp_path: Path) -> None:
    meta = {"id": "0199aaaa-0000-7000-8000-000000000001", "creator_user_id": " Jo\tDoe\n\x1b[1mjo\x7f\x00 "}
    rows = [
        {"timestamp": "2026-11-02T10:00:00.000Z", "type": "session_meta", "payload": meta},
        {
            "timestamp": "2026-11-02T10:00:01.000Z",
            "type": "event_msg",
            "payload": {"type": "user_message", "message": "Hello"},
        },
    ]
    path = tmp_path / "rollout-2026-11-02T10-00-00-0199aaaa-0000-7000-8000-000000000001.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = prepare(next(discover([path])), Workbench(key=b"k" * 32, usd_per_acu=2.0, blob_folder=None))
    assert [one.session.user for one in done.sessions] == ["Jo Doe jo"]
