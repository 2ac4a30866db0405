"""The server's processes: several on one socket, replaced when they die, gone when their parent is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from conftest import NewDatabase
from debrief.config import Settings, open_store, settings_from
from debrief.errors import SettingsError
from debrief.model import Cost, Session, StoredSession
from debrief.pipeline import refresh
from debrief.pipeline.change import Wanted, change
from debrief.store import Packed, Store, clock, keys, sessions
from debrief.web import serving

pytestmark = pytest.mark.slow

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@contextmanager
def served(tmp_path: Path, url: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and its address."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DEBRIEF_", "XDG_"))}
    with subprocess.Popen(
        [sys.executable, "-m", "debrief", "serve", "--port", "0", *arguments],
        env=clean
        | {
            "HOME": str(tmp_path),
            "DEBRIEF_DATA": str(tmp_path),
            "DEBRIEF_DATABASE_URL": url,
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def workers_of(pid: int) -> set[int]:
    found = set()
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_text()
        if "spawn_main" in words:
            found.add(int(child))
    return found


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(address: str, key: str) -> bool:
    """Whether a request is answered; it must not be refused."""
    try:
        answer = httpx2.get(
            f"{address}/v2/enterprise/sessions", headers={"Authorization": f"Bearer {key}"}, timeout=30
        )
    except httpx2.TransportError:
        return False
    assert answer.status_code == 200, answer.text
    return True


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


@LINUX
def test_several_workers_serve_and_are_replaced(tmp_path: Path, database_url: str) -> None:
    store = Store(database_url)
    _, key = keys.create_key(store, "default", "test")
    store.close()
    with served(tmp_path, database_url, "--workers", "2") as (parent, address):
        wait_for(lambda: answers(address, key))
        first = workers_of(parent.pid)
        assert len(first) == 2
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: len(workers_of(parent.pid) - {victim}) == 2)
        assert all(answers(address, key) for _ in range(20))
        last = workers_of(parent.pid)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(timeout=30) == 0
        assert not any(is_running(pid) for pid in last)


@LINUX
def test_workers_end_with_their_parent(tmp_path: Path, sqlite_url: str) -> None:
    with served(tmp_path, sqlite_url, "--workers", "2") as (parent, address):
        wait_for(lambda: httpx2.get(f"{address}/healthz", timeout=30).status_code == 200)
        workers = workers_of(parent.pid)
        parent.kill()
        wait_for(lambda: not any(is_running(pid) for pid in workers))


def test_of_several_servers_one_looks_after_what_is_stored(postgres_url: str) -> None:
    one, other = Store(postgres_url), Store(postgres_url)
    with one.upkeep() as first, other.upkeep() as second:
        assert (first, second) == (True, False)
    with other.upkeep() as third:
        assert third
    one.close()
    other.close()


def test_a_store_that_cannot_be_written_is_served_all_the_same(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("debrief.store.dialects.SQLITE_BUSY_MS", 10)
    store = Store(sqlite_url)
    with store.write() as connection:
        connection.execute(text("DROP TABLE sessions"))
    upkeep = serving._Upkeep(Settings(data=tmp_path, database_url=sqlite_url), store, "http://x")  # noqa: SLF001
    with upkeep:
        assert "not brought up to date" in caplog.text
    store.close()


def stored(store: Store, count: int) -> None:
    """So many sessions, rendered for another address."""
    fresh = [
        StoredSession(
            enterprise_id="default",
            session_id=f"s{number}",
            org_id="local",
            created_us=number,
            updated_us=0,
            status="exit",
            session=Session(format="by_hand", parser_version=1, native_id=f"{number}", agent="An agent"),
            analysis=None,
            cost=Cost(),
        )
        for number in range(count)
    ]
    wanted = [Wanted(stored=one, events=Packed.of(()), documents=()) for one in fresh]
    change(store, "default", "http://old", lambda _: wanted)


def upkeep(store: Store, tmp_path: Path) -> serving._Upkeep:
    settings = Settings(data=tmp_path, database_url="not looked at")
    return serving._Upkeep(settings, store, "http://new")  # noqa: SLF001


def test_a_few_items_show_the_new_address_before_the_first_answer(store: Store, tmp_path: Path) -> None:
    stored(store, 3)
    with upkeep(store, tmp_path):
        assert refresh.count_stale(store, "default", "http://new") == 0


def test_many_items_are_rendered_in_the_background(
    store: Store,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(refresh, "AT_ONCE", 5)
    monkeypatch.setattr(refresh, "BATCH", 2)
    stored(store, 7)
    writer = Store(database_url)
    with ExitStack() as serving_now:
        with writer.write() as connection:
            clock.lock(connection, "default")
            # Somebody else writes for as long as this block: the server is up all the same.
            serving_now.enter_context(upkeep(store, tmp_path))
            assert refresh.count_stale(store, "default", "http://new") == 7
        wait_for(lambda: refresh.count_stale(store, "default", "http://new") == 0)
        wait_for(lambda: "rendered 7 sessions again, for http://new" in caplog.text)
    assert "rendering 7 sessions again, for http://new, in the background" in caplog.text
    writer.close()


def test_a_rendering_in_the_background_ends_with_the_server_and_goes_on_with_the_next(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(refresh, "AT_ONCE", 1)
    monkeypatch.setattr(refresh, "BATCH", 2)
    monkeypatch.setattr(serving, "REST_SECONDS", 3600)
    stored(store, 7)
    first = upkeep(store, tmp_path)
    with first:
        wait_for(lambda: refresh.count_stale(store, "default", "http://new") == 5)
    assert not first._thread.is_alive(), "it does not wait for its rest to end"  # noqa: SLF001
    assert "rendered" not in caplog.text
    monkeypatch.setattr(serving, "REST_SECONDS", 0)
    with upkeep(store, tmp_path):
        wait_for(lambda: "rendered 5 sessions again" in caplog.text)
    assert refresh.count_stale(store, "default", "http://new") == 0


def test_only_who_looks_after_what_is_stored_renders_it_again(postgres_url: str, tmp_path: Path) -> None:
    one, other = Store(postgres_url), Store(postgres_url)
    stored(one, 3)
    with other.upkeep() as mine, upkeep(one, tmp_path):
        assert mine
        assert refresh.count_stale(one, "default", "http://new") == 3
    one.close()
    other.close()


def test_what_has_gone_silent_is_settled_during_a_rendering(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(serving, "REST_SECONDS", 0)
    stored(store, 1)
    kept = upkeep(store, tmp_path)
    with store.read() as connection:
        known = sessions.find(connection, "default", "s0")
    assert known is not None
    silent = replace(known, status="running", session=replace(known.session, last_event_us=1))
    change(store, "default", "http://old", lambda _: [Wanted(stored=silent)])
    assert kept._give_way()  # noqa: SLF001
    with store.read() as connection:
        settled = sessions.find(connection, "default", "s0")
    assert settled is not None
    assert settled.status == "suspended"


def test_the_heap_is_kept_or_left_alone() -> None:
    serving.keep_heap()


def test_workers_and_pools_are_settings() -> None:
    given = settings_from(
        {
            "DEBRIEF_WORKERS": "4",
            "DEBRIEF_POOL": "3",
            "DEBRIEF_STATEMENT_TIMEOUT_MS": "1500",
            "DEBRIEF_REPLICA_URL": "postgresql://replica/debrief",
        }
    )
    assert (given.workers, given.pool, given.statement_timeout_ms) == (4, 3, 1500)
    assert given.replica_url == "postgresql://replica/debrief"
    assert settings_from({"DEBRIEF_WORKERS": "4"}, workers=2).workers == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("WORKERS", "0"), ("WORKERS", "many"), ("POOL", "-1"), ("STATEMENT_TIMEOUT_MS", "99999999")],
)
def test_numbers_that_make_no_sense_are_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=value):
        settings_from({f"DEBRIEF_{name}": value})


def test_a_worker_needs_no_database_to_start(tmp_path: Path, new_database: NewDatabase) -> None:
    url = new_database("postgresql").replace("host=/", "host=/gone/")
    store = open_store(Settings(data=tmp_path, database_url=url), migrate=False)
    store.close()
