"""Pulling from servers that refuse, that are broken, and that mean harm: real ones, on real sockets."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pulling import KEY, Desk, DeskAt, desk_for, v2, v2_session

from debrief.errors import SettingsError, UpstreamError
from debrief.pipeline.asking import Upstream
from debrief.store import Store
from running import Answer, Asked, Scripted, answer, running


@pytest.fixture
def desk_at(sqlite_url: str, tmp_path: Path) -> Iterator[DeskAt]:
    store = Store(sqlite_url)
    yield partial(desk_for, store, tmp_path)
    store.close()


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (
            answer({"detail": "no\x1b[31mpe " + KEY}, 403),
            r'lacks the right to read sessions: "no \[31mpe \.\.\."',
        ),
        (answer({}, 404), "no such address"),
        (answer({"detail": ["?"]}, 418), "status 418"),
        (answer({}, 302, location="https://evil.example/"), "sends elsewhere"),
        (answer({}, 429, retry_after="99999"), "to wait 99999 seconds"),
        (answer({}, 500), "status 500; tried 6 times"),
        (answer(b"<html>"), "not JSON"),
        (answer(b'{"items": [{"session_id": "x", '), "not JSON"),
        (answer([1, 2]), "no page of sessions"),
        (answer({"items": {"a": 1}}), "no page of sessions"),
        (answer("ok"), "no page of sessions"),
    ],
)
def test_what_is_no_answer_is_said_in_plain_words(desk_at: DeskAt, refusal: Answer, words: str) -> None:
    with desk_at(lambda _: refusal) as desk:
        with pytest.raises(UpstreamError, match=words) as caught:
            desk.pull("v2")
        assert KEY not in str(caught.value)
        assert len(desk.server.asked) <= 6
        assert all(one.path.startswith("/v2/enterprise/sessions") for one in desk.server.asked)
        assert desk.slept == ([1, 2, 4, 8, 16] if len(desk.server.asked) == 6 else [])


def test_an_answer_that_is_shorter_than_announced_is_asked_for_again(desk_at: DeskAt) -> None:
    cut = iter([True])

    def script(_: Asked) -> Answer:
        status, body, _headers = v2([v2_session("a")])
        if next(cut, False):
            return status, body[:40], {}
        return status, body, {}

    with desk_at(script) as desk:
        assert desk.pull("v2").counts == {"new": 1}
        assert desk.slept == [1.0]


def test_wrong_types_and_giants_are_bounded(desk_at: DeskAt) -> None:
    odd = [
        v2_session("giant", title="t" * 10_000_000, initial_user_message="p" * 3_000_000),
        v2_session("types", status=7, tags={"a": 1}, created_at=[], acus_consumed="many", user_id=3),
        v2_session("../../etc/passwd\x00"),
        v2_session("pulls", pull_requests=[None, {"url": "javascript:alert(1)"}, {"pr_url": 5}, "x"]),
        {"session_id": None},
        {"session_id": 5},
        "text",
        None,
        {"session_id": "bare"},
        v2_session("deep", session_analysis=json.loads("[" * 500 + "]" * 500)),
        v2_session("lone", title="\ud800 half"),
    ]
    with desk_at(lambda _: v2(odd)) as desk:
        told = desk.pull("v2")
        assert told.counts == {"new": 7}
        assert told.notes == (
            "an item of the list was no object and is left out (2 times)",
            "a session of the list has no id and is left out (2 times)",
        )
        items = desk.items()
        assert len(items["devin-giant"]["title"]) <= 200
        assert len(items["devin-giant"]["initial_user_message"]) < 40_000
        assert items["devin-pulls"]["pull_requests"] == []
        assert items["devin-types"]["acus_consumed"] == 0.0
        assert desk.session("devin-types").fault_count >= 3
        assert not list(desk.folder.rglob("*passwd*"))


def test_pages_without_end_come_to_an_end(desk_at: DeskAt, monkeypatch: pytest.MonkeyPatch) -> None:
    same = [v2_session("a")]
    with desk_at(lambda _: v2(same, has_more=True, total=10**9)) as desk:
        with pytest.raises(UpstreamError, match="pages without end"):
            desk.pull("v2")
        assert len(desk.server.asked) < 20
        assert list(desk.items()) == ["devin-a"]
    monkeypatch.setattr("debrief.pipeline.pull.PAGES", 5)
    with desk_at(lambda one: v2([v2_session(f"n{one.query['skip']}")], has_more=True)) as desk:
        with pytest.raises(UpstreamError, match="pages without end"):
            desk.pull("v2")
        assert len(desk.server.asked) == 5


def test_sessions_that_change_all_the_time_end_the_pull_all_the_same(desk_at: DeskAt) -> None:
    turns: list[int] = []

    def script(_: Asked) -> Answer:
        turns.append(1)
        return v2([v2_session("a", updated_at=f"2026-01-15T11:45:{len(turns):02}Z")])

    with desk_at(script) as desk:
        told = desk.pull("v2")
        assert len(turns) == 5
        assert "as fast as they are read" in told.notes[0]


def test_too_large_an_answer_is_not_taken(desk_at: DeskAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("debrief.pipeline.asking.ANSWER_LIMIT", 1 << 20)
    with (
        desk_at(lambda _: v2([v2_session("a", title="t" * (2 << 20))])) as desk,
        pytest.raises(UpstreamError, match="more than 1 MiB"),
    ):
        desk.pull("v2")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "https://"),
        ("ftp://host", "https://"),
        ("https://", "name a host"),
        ("http://debrief.example", "show the key"),
        ("https://me:secret@host", "no user"),
        ("https://host/?a=b", "question mark"),
        ("https://host:port", "cannot be read"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(address: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        Upstream(address, KEY)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "a b", "schl\u00fcssel", "a\nb"])
def test_a_key_that_cannot_be_one_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(SettingsError, match="the key for the server") as caught:
        Upstream("https://host", key)
    assert not key.strip() or key not in str(caught.value)


def test_a_server_that_is_not_there_is_said_in_plain_words(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("debrief.pipeline.asking.ATTEMPTS", 2)
    store = Store(sqlite_url)
    with running(Scripted(lambda _: v2([]))) as address:
        gone = address
    desk = Desk(store, tmp_path, gone, Scripted(lambda _: v2([])))
    with pytest.raises(UpstreamError, match="cannot be reached"):
        desk.pull("v2")
    store.close()


def test_an_api_that_is_not_known_or_not_the_addresss_is_refused(desk_at: DeskAt) -> None:
    with desk_at(lambda _: v2([])) as desk:
        with pytest.raises(SettingsError, match="one of v2, v3"):
            desk.pull("v9")
        desk.address += "/v3"
        with pytest.raises(SettingsError, match="v3 of the API, and v2"):
            desk.pull("v2")
        assert desk.pull().sessions == 0
        assert desk.server.asked[0].path == "/v3/enterprise/sessions/insights"
