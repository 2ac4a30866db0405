import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from stored import Served, make_session, put_sessions, serve

from debrief.errors import DebriefError, NotFound, StoreError, Unavailable
from debrief.store import Store

API = "/v2/enterprise/sessions"
HTML = {"Accept": "text/html,application/xhtml+xml"}
INNER = "secret word of the inside"


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    store = Store(sqlite_url)
    put_sessions(store, [make_session("s1")])
    served = serve(store, tmp_path)
    served.client.headers.update(served.headers())
    with served.client:
        yield served
    store.close()


def fail_with(served: Served, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def call(_function: Callable[..., Any], *_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(served.store, "call", call)


def test_an_unknown_route_is_json_for_programs_and_a_page_for_people(served: Served) -> None:
    for path in ("/nope", "/v2/nope", f"{API}/", f"{API}/a/b"):
        answer = served.client.get(path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
    answer = served.client.get("/nope", headers=HTML)
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text
    assert served.client.get("/v2/nope", headers=HTML).json() == {"detail": "Not Found"}


def test_a_store_that_cannot_be_used_now_is_503_with_retry_after(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(served, monkeypatch, Unavailable(f"the database cannot be used now: {INNER}"))
    for path in (API, f"{API}/insights", f"{API}/s1", "/healthz"):
        answer = served.client.get(path)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert set(answer.json()) == {"detail"}
        assert INNER not in answer.text


@pytest.mark.parametrize(
    "error", [StoreError(INNER), DebriefError(INNER), RuntimeError(INNER), KeyError(INNER)]
)
def test_what_is_our_fault_is_500_in_plain_words_and_logged(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    fail_with(served, monkeypatch, error)
    with caplog.at_level(logging.ERROR):
        answer = served.client.get(API)
    assert (answer.status_code, answer.json()) == (500, {"detail": "Internal Server Error"})
    # The rest is raised again to the server, which logs it.
    assert isinstance(error, DebriefError) == (INNER in caplog.text)


def test_a_page_that_fails_is_a_page(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.sign_in()
    for error, status in ((RuntimeError(INNER), 500), (Unavailable(INNER), 503)):
        fail_with(served, monkeypatch, error)
        answer = served.client.get("/", headers=HTML)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert INNER not in answer.text
        assert "Traceback" not in answer.text


def test_a_database_without_our_tables_is_500(served: Served) -> None:
    with served.store.write() as connection:
        connection.execute(text("DROP TABLE sessions"))
    answer = served.client.get(API)
    assert (answer.status_code, answer.json()) == (500, {"detail": "Internal Server Error"})


def test_an_error_of_ours_shows_its_sentence(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(served, monkeypatch, NotFound("There is no <b>such</b> thing"))
    assert served.client.get(API).json() == {"detail": "There is no <b>such</b> thing"}


def test_a_query_that_makes_no_sense_sends_nothing_back(served: Served) -> None:
    answer = served.client.get(f"{API}?limit={INNER}")
    assert answer.status_code == 422
    assert INNER not in answer.text
    assert answer.json()["detail"][0]["loc"] == ["query", "limit"]


def test_the_server_is_fit_without_a_key(served: Served) -> None:
    answer = served.client.get("/healthz", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
