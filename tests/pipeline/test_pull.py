"""Pulling from a server that speaks v3, and from lists that change: real ones, on real sockets."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pulling import KEY, DeskAt, desk_for, v2, v2_session

from debrief.errors import UpstreamError
from debrief.store import Store
from running import Answer, Asked, answer

BEGAN = 1_760_000_000


def session(number: int, **changes: Any) -> dict[str, Any]:
    """A session as v3 lists it."""
    return {
        "acus_consumed": 1.5 + number,
        "created_at": BEGAN + number,
        "org_id": "org-1",
        "pull_requests": [{"pr_url": f"https://github.com/acme/shop/pull/{number}", "pr_state": "open"}],
        "session_id": f"{number:032x}",
        "status": "exit",
        "status_detail": "finished",
        "tags": ["nightly"],
        "updated_at": BEGAN + number + 600,
        "url": f"https://app.example/sessions/{number}",
        "title": f"Session {number}",
        "user_id": None,
        "service_user_id": "service-7",
        "origin": "api",
    } | changes


class Cloud:
    """A small server of v3: what it holds may change while it is asked."""

    def __init__(self, count: int) -> None:
        self.sessions = [session(number) for number in range(count)]
        self.messages = {
            one["session_id"]: [
                {"created_at": one["created_at"], "event_id": "e1", "message": "Do it", "source": "user"},
                {
                    "created_at": one["created_at"] + 5,
                    "event_id": "e2",
                    "message": "Done.",
                    "source": "devin",
                },
            ]
            for one in self.sessions
        }
        self.absent: dict[str, int] = {}

    def __call__(self, asked: Asked) -> Answer:  # noqa: PLR0911 (one for each address)
        if asked.key != f"Bearer {KEY}":
            return answer({"title": "Unauthorized", "status": 401, "detail": "no such key"}, 401)
        what = asked.path.removeprefix("/v3/enterprise/sessions").removeprefix("/")
        for ending, status in self.absent.items():
            if what.endswith(ending) or (not what and not ending):
                return answer({"title": "No", "status": status, "detail": "not here"}, status)
        if what in ("", "insights"):
            after = int(asked.query.get("updated_after", 0))
            found = [one for one in self.sessions if one["updated_at"] >= after]
            if what == "insights":
                found = [one | {"num_user_messages": 1, "session_size": "s"} for one in found]
            return self._page(found, asked)
        name, _, part = what.partition("/")
        known = name.removeprefix("devin-")
        if not name.startswith("devin-") or known not in self.messages:
            return answer({"title": "Not Found", "status": 404}, 404)
        if part == "messages":
            return self._page(self.messages[known], asked)
        if part == "insights":
            return answer({"session_id": known, "num_user_messages": 3, "analysis": {"issues": [{"a": 1}]}})
        return answer({"title": "Not Found", "status": 404}, 404)

    @staticmethod
    def _page(found: list[Any], asked: Asked) -> Answer:
        start, first = int(asked.query.get("after", "0")), int(asked.query["first"])
        end = start + first
        more = end < len(found)
        return answer(
            {
                "items": found[start:end],
                "end_cursor": str(end) if more else None,
                "has_next_page": more,
                "total": None,
            }
        )


@pytest.fixture
def desk_at(sqlite_url: str, tmp_path: Path) -> Iterator[DeskAt]:
    store = Store(sqlite_url)
    yield partial(desk_for, store, tmp_path)
    store.close()


def test_v3_is_walked_by_cursor_with_its_messages(desk_at: DeskAt) -> None:
    with desk_at(Cloud(230)) as desk:
        told = desk.pull()
        assert (told.counts, told.notes) == ({"new": 230}, ())
        name = f"devin-{7:032x}"
        item = desk.items()[name]
        assert (item["acus_consumed"], item["initial_user_message"]) == (8.5, "Do it")
        assert item["created_at"] == "2025-10-09T08:53:27Z"
        assert (item["user_id"], item["tags"], item["status"]) == ("service-7", ["nightly"], "exit")
        assert item["pull_requests"][0]["state"] == "open"
        found = desk.session(name)
        assert [event.kind for event in found.events] == ["prompt", "message", "message"]
        assert (found.events[1].text, found.surface) == ("Done.", "api")
        lists = [one for one in desk.server.asked if one.path.endswith("/sessions/insights")]
        assert [one.query.get("after") for one in lists[:3]] == [None, "100", "200"]
        again = desk.pull()
        assert again.sessions == 0, "all of them changed long ago"
        assert int(desk.server.asked[-1].query["updated_after"]) == again.since_us // 1_000_000
        assert desk.pull(since_us=0).counts == {"unchanged": 230}


def test_long_conversations_are_read_page_by_page(desk_at: DeskAt) -> None:
    cloud = Cloud(1)
    (name,) = cloud.messages
    cloud.messages[name] = [
        {"created_at": BEGAN + n, "event_id": f"e{n}", "message": f"m{n}", "source": "devin"}
        for n in range(250)
    ]
    with desk_at(cloud) as desk:
        desk.pull()
        texts = [e.text for e in desk.session(f"devin-{name}").events if e.actor == "assistant"]
        assert texts == [f"m{n}" for n in range(250)]


@pytest.mark.parametrize("status", [403, 404])
def test_what_the_server_does_not_have_is_said_and_done_without(desk_at: DeskAt, status: int) -> None:
    cloud = Cloud(10)
    cloud.absent = {"/messages": status}
    with desk_at(cloud) as desk:
        told = desk.pull()
        assert told.counts == {"new": 10}
        assert told.notes == (
            f"no messages of a session ({status}): it is imported without (3 times)",
            "messages are not asked for any more",
        )
        assert sum(one.path.endswith("/messages") for one in desk.server.asked) == 3


def test_where_the_list_has_no_insights_each_session_is_asked(desk_at: DeskAt) -> None:
    cloud = Cloud(2)

    def only_the_list(asked: Asked) -> Answer:
        if asked.path == "/v3/enterprise/sessions/insights":
            return answer({"detail": "no"}, 404)
        return cloud(asked)

    with desk_at(only_the_list) as desk:
        told = desk.pull()
        assert told.notes == ("no list with insights (404): the plain list is read",)
        events = desk.session(f"devin-{0:032x}").events
        assert '"issues"' in events[-1].text
        assert (events[-1].actor, events[-1].injected) == ("system", True)


def test_a_session_whose_messages_do_not_come_is_left_for_the_next_pull(
    desk_at: DeskAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("debrief.pipeline.asking.ATTEMPTS", 2)
    cloud = Cloud(4)
    failing = {f"devin-{1:032x}"}

    def script(asked: Asked) -> Answer:
        if any(name in asked.path for name in failing):
            return answer({"detail": "later"}, 503)
        return cloud(asked)

    with desk_at(script) as desk:
        told = desk.pull()
        assert told.counts == {"new": 3}
        assert "left for the next pull" in told.notes[0]
        failing.clear()
        told = desk.pull()
        assert told.since_us is None, "nothing is known to be complete"
        assert told.counts == {"unchanged": 3, "new": 1}


def test_a_server_that_answers_nothing_more_is_not_asked_for_every_session(
    desk_at: DeskAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("debrief.pipeline.asking.ATTEMPTS", 2)
    cloud = Cloud(50)

    def script(asked: Asked) -> Answer:
        return answer({}, 503) if asked.path.endswith("/messages") else cloud(asked)

    with desk_at(script) as desk:
        with pytest.raises(UpstreamError, match="try again later"):
            desk.pull()
        assert len(desk.server.asked) == 1 + 3 * 2


def test_sessions_that_go_during_the_walk_hide_none_behind_them(desk_at: DeskAt) -> None:
    held = [v2_session(f"s{n:03}") for n in range(250)]
    lists: list[int] = []

    def script(asked: Asked) -> Answer:
        if "updated_date_from" in asked.query:
            return v2([])
        lists.append(1)
        if len(lists) == 2:
            del held[:30]
        skip = int(asked.query["skip"])
        found = held[skip : skip + 100]
        return v2(found, total=len(held), skip=skip, has_more=skip + len(found) < len(held))

    with desk_at(script) as desk:
        desk.pull("v2")
        assert set(desk.items()) >= {f"devin-{one['session_id']}" for one in held}
