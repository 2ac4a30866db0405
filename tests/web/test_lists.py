"""What the lists do beside the page: the short way, 304, compression, walks that neither miss nor repeat."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from stored import NOON_US, Served, make_session, put_sessions, serve

from debrief.store import Store

HOUR_US = 3_600_000_000
LIST = "/v2/enterprise/sessions/insights"
PATHS = [
    LIST,
    "/v2/enterprise/sessions",
    "/v2/enterprise/organizations/org_a/sessions/insights",
    "/v2/enterprise/organizations/org_a/sessions",
]


@pytest.fixture
def served(store: Store, tmp_path: Path) -> Iterator[Served]:
    put_sessions(store, [make_session(f"s{number:02}", org_id="org_a") for number in range(30)])
    served = serve(store, tmp_path)
    served.client.headers.update(served.headers())
    served.client.headers["Accept-Encoding"] = "identity"
    with served.client:
        yield served


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "query",
    ["", "limit=7", "skip=3", "skip=3&limit=200", "limit=1&skip=29", "skip=30", "skip=999999999999999"],
)
def test_the_short_way_answers_as_the_long_one(served: Served, path: str, query: str) -> None:
    short = served.client.get(f"{path}?{query}")
    # A parameter that nobody knows is ignored, but only the framework knows that.
    long = served.client.get(f"{path}?{query}&unknown=1")
    assert short.status_code == long.status_code == 200
    assert short.json() == long.json()
    assert {name.lower() for name in short.headers} == {name.lower() for name in long.headers}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=999",
        "skip=-1",
        "limit=1&limit=0",
        "skip=x",
        "limit=",
        "limit=1&",
        "limit=1&skip=2&skip=3",
    ],
)
def test_what_the_short_way_leaves_is_judged_by_the_long_one(served: Served, query: str) -> None:
    short = served.client.get(f"{LIST}?{query}")
    long = served.client.get(f"{LIST}?unknown=1&{query}")
    assert (short.status_code, short.json()) == (long.status_code, long.json())


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic abc", "Bearer \u00e9"])
def test_the_short_way_refuses_as_the_long_one(served: Served, header: str) -> None:
    headers = {b"Authorization": header.encode("latin-1")}
    short = served.client.get(LIST, headers=headers)
    long = served.client.get(f"{LIST}?unknown=1", headers=headers)
    assert short.status_code == long.status_code == 401
    assert short.json() == long.json()


@pytest.mark.parametrize("query", ["limit=5", "limit=5&created_date_from=2020-01-01"])
def test_an_unchanged_page_is_not_sent_again(served: Served, query: str) -> None:
    address = f"{LIST}?{query}"
    first = served.client.get(address)
    again = served.client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = served.client.get(f"{address}&skip=1", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    put_sessions(served.store, [make_session("s99")])
    changed = served.client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.json()["total"] == 31
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_a_kept_page_is_not_answered_to_another_key(served: Served) -> None:
    put_sessions(served.store, [make_session("secret", org_id="org_b")])
    assert served.client.get(LIST).json()["total"] == 31
    bound = served.client.get(LIST, headers=served.headers("org_a"))
    assert bound.json()["total"] == 30
    tag = served.client.get(LIST).headers["ETag"]
    assert (
        served.client.get(LIST, headers={**served.headers("org_a"), "If-None-Match": tag}).status_code == 200
    )


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("gzip, zstd", "zstd"),
        ("GZIP;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("br", None),
        ("identity", None),
    ],
)
def test_a_page_is_compressed_where_the_client_asks(
    served: Served, accepted: str, coding: str | None
) -> None:
    plain = served.client.get(LIST).json()
    with served.client.stream("GET", LIST, headers={"Accept-Encoding": accepted}) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == coding
    assert int(answer.headers["content-length"]) == len(body)
    if coding == "gzip":
        body = gzip.decompress(body)
    elif coding == "zstd":
        body = zstandard.ZstdDecompressor().decompress(body)
    assert msgspec.json.decode(body) == plain
    assert "Accept-Encoding" in answer.headers["vary"]


def walk(served: Served, parameters: dict[str, Any]) -> list[str]:
    """Page through everything while sessions arrive, some newer and some older than what was seen."""
    seen: list[str] = []
    skip = 0
    snapshot: str | None = None
    for round_ in range(100):
        pinned = {} if snapshot is None else {"snapshot": snapshot}
        answer = served.client.get(LIST, params={**parameters, **pinned, "skip": skip, "limit": 4})
        page = answer.json()
        snapshot = snapshot or answer.headers["Debrief-Snapshot"]
        seen += [item["session_id"] for item in page["items"]]
        if not page["has_more"]:
            return seen
        skip += len(page["items"])
        aside = HOUR_US if round_ % 2 else -HOUR_US
        late = make_session(f"late{round_}", created_us=NOON_US + aside, updated_us=NOON_US + 2 * HOUR_US)
        put_sessions(served.store, [late])
    raise AssertionError


@pytest.mark.parametrize(
    "parameters", [{"org_ids": "org_a"}, {"created_date_from": "2000-01-01"}, {"user_ids": "user_1"}]
)
def test_a_walk_pinned_to_its_snapshot_neither_misses_nor_repeats(
    served: Served, parameters: dict[str, Any]
) -> None:
    whole = [item["session_id"] for item in served.client.get(LIST, params=parameters).json()["items"]]
    assert whole
    assert walk(served, parameters) == whole


def test_a_walk_by_cursor_neither_misses_nor_repeats(served: Served) -> None:
    whole = [item["session_id"] for item in served.client.get(LIST).json()["items"]]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = served.client.get(LIST, params={"cursor": cursor, "limit": 7})
        seen += [item["session_id"] for item in answer.json()["items"]]
        cursor = answer.headers.get("Debrief-Cursor")
        put_sessions(served.store, [make_session(f"new{len(seen)}", created_us=NOON_US + HOUR_US)])
    assert seen == whole


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MS4y", "\u00e9", "LTEuMS5z"])
def test_a_cursor_that_is_not_ours_is_refused(served: Served, cursor: str) -> None:
    answer = served.client.get(LIST, params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "cursor"]


def test_a_client_that_knows_nothing_of_it_gets_the_plain_page(served: Served) -> None:
    answer = served.client.get(LIST, params={"limit": 2})
    assert "Debrief-Cursor" not in answer.headers
    assert answer.json()["next_cursor"] == 2


def test_two_keys_in_one_request_are_judged_alike_by_both_ways(served: Served) -> None:
    good = served.headers()["Authorization"]
    for keys in ((good, "Bearer unknown"), ("Bearer unknown", good)):
        headers = [("Authorization", key) for key in keys]
        short = served.client.get(LIST, headers=headers)
        long = served.client.get(f"{LIST}?unknown=1", headers=headers)
        assert (short.status_code, short.content) == (long.status_code, long.content)
