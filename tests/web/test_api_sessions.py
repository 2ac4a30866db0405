import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from stored import MINUTE_US, NOON_US, PULL, Served, make_session, put_sessions, serve

from debrief.model import StoredSession
from debrief.store import Store

LIST = "/v2/enterprise/sessions"
INSIGHTS = "/v2/enterprise/sessions/insights"
ORG = "/v2/enterprise/organizations/{}/sessions"

Parameters = list[tuple[str, str]]

# Small, and every filter divides it. Pairs began together, three minutes apart.
SESSIONS = [
    make_session(
        f"s{number:02}",
        org_id=org,
        user_id=user,
        status=status,
        repository=f"acme/{repository}",
        tags=("all", repository) if repository == "web" else ("all",),
        created_us=NOON_US + number // 2 * 3 * MINUTE_US,
        updated_us=NOON_US + (100 - number) * MINUTE_US,
        **({"analysis": None} if number % 3 == 0 else {}),
    )
    for number, (org, user, status, repository) in enumerate(
        itertools.product(("org_a", "org_b"), ("sso|1", None), ("exit", "error"), ("web", "api"))
    )
]
NEWEST_FIRST = sorted(SESSIONS, key=lambda stored: (stored.created_us, stored.session_id), reverse=True)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    store = Store(new_database(request.param))
    put_sessions(store, SESSIONS)
    served = serve(store, tmp_path_factory.mktemp("data"))
    served.client.headers.update(served.headers())
    with served.client:
        yield served
    store.close()


@pytest.fixture
def elsewhere(served: Served) -> Iterator[Served]:
    """Another enterprise of the same server, for tests that put sessions."""
    before = served.client.headers["Authorization"]
    served.client.headers.update(served.headers(enterprise_id="elsewhere"))
    yield served
    served.client.headers["Authorization"] = before


def get(served: Served, path: str, query: str | Parameters | Mapping[str, Any] = "") -> Any:
    text = query if isinstance(query, str) else urlencode(query, doseq=True)
    answer = served.client.get(f"{path}?{text}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def ids(page: Any) -> list[str]:
    return [item["session_id"] for item in page["items"]]


def test_newest_first_with_every_key_and_an_exact_total(served: Served) -> None:
    page = get(served, INSIGHTS)
    assert list(page) == ["items", "total", "skip", "limit", "has_more", "next_cursor"]
    assert ids(page) == [stored.session_id for stored in NEWEST_FIRST]
    assert (page["total"], page["skip"], page["limit"]) == (16, 0, 100)
    assert (page["has_more"], page["next_cursor"]) == (False, None)
    analysed = next(item for item in page["items"] if item["session_analysis"])
    assert analysed["session_analysis"]["issues"][0]["id"] == "issue_1"
    assert analysed["initial_user_message"] == "Fix the login"
    assert analysed["url"] == f"http://debrief.test/sessions/{analysed['session_id']}"


def test_basics_are_the_details_without_analysis_and_message(served: Served) -> None:
    details, basics = get(served, INSIGHTS)["items"], get(served, LIST)["items"]
    for detail, basic in zip(details, basics, strict=True):
        del detail["session_analysis"], detail["initial_user_message"]
        assert detail == basic


@pytest.mark.parametrize("limit", [1, 3, 16, 200])
@pytest.mark.parametrize("path", [INSIGHTS, LIST, ORG.format("org_a")])
def test_paging_to_the_end_yields_every_id_once(served: Served, path: str, limit: int) -> None:
    seen: list[str] = []
    skip: int | None = 0
    while skip is not None:
        page = get(served, path, {"skip": skip, "limit": limit})
        seen += ids(page)
        assert page["has_more"] == (page["next_cursor"] is not None)
        assert page["next_cursor"] in {None, skip + limit}
        skip = page["next_cursor"]
    wanted = [stored for stored in NEWEST_FIRST if path in {INSIGHTS, LIST} or stored.org_id == "org_a"]
    assert seen == [stored.session_id for stored in wanted]


Case = tuple[Parameters, Callable[[StoredSession], bool]]

NOON = "2024-01-15T12:00:00Z"
SIX_PAST = NOON_US + 6 * MINUTE_US
CASES: list[Case] = [
    ([("org_ids", "org_a")], lambda s: s.org_id == "org_a"),
    ([("org_ids", "org_a,org_b")], lambda _: True),
    ([("org_ids", "nobody")], lambda _: False),
    ([("user_ids", "sso|1")], lambda s: s.user_id == "sso|1"),
    ([("user_ids", "sso|1"), ("user_ids", "other")], lambda s: s.user_id == "sso|1"),
    ([("session_ids", "s01,,s02"), ("session_ids", "")], lambda s: s.session_id in {"s01", "s02"}),
    ([("session_ids", "devin-s01")], lambda s: s.session_id == "s01"),
    ([("tags", "web")], lambda s: "web" in s.tags),
    ([("tags", "web,all")], lambda _: True),
    ([("statuses", "error,running")], lambda s: s.status == "error"),
    ([("repo_names", "acme/api")], lambda s: s.session.repository == "acme/api"),
    ([("has_analysis", "true")], lambda s: s.analysis is not None),
    ([("has_analysis", "false")], lambda s: s.analysis is None),
    ([("created_date_from", "2024-01-15T12:06:00Z")], lambda s: s.created_us >= SIX_PAST),
    ([("created_date_to", "2024-01-15T12:06:00Z")], lambda s: s.created_us < SIX_PAST),
    ([("updated_date_from", "2024-01-15T13:30:00Z")], lambda s: s.updated_us >= NOON_US + 90 * MINUTE_US),
    ([("updated_date_to", "2024-01-15T13:30:00Z")], lambda s: s.updated_us < NOON_US + 90 * MINUTE_US),
]


def test_filters_combine_with_and(served: Served) -> None:
    for (first, holds), (second, holds_too) in itertools.combinations(CASES, 2):
        page = get(served, LIST, first + second)
        # Values of one array are alternatives, also when they come in two parameters; of what is no array
        # the last one counts.
        if first[0][0] != second[0][0]:
            wanted = [s.session_id for s in NEWEST_FIRST if holds(s) and holds_too(s)]
        elif first[0][0] == "has_analysis":
            wanted = [s.session_id for s in NEWEST_FIRST if holds_too(s)]
        else:
            wanted = [s.session_id for s in NEWEST_FIRST if holds(s) or holds_too(s)]
        assert (ids(page), page["total"]) == (wanted, len(wanted))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0]))
def test_totals_are_exact_for_every_filter(served: Served, case: Case) -> None:
    parameters, holds = case
    wanted = [s.session_id for s in NEWEST_FIRST if holds(s)]
    for limit in (1, 100):
        page = get(served, LIST, [*parameters, ("limit", str(limit))])
        assert (ids(page), page["total"]) == (wanted[:limit], len(wanted))


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-15T12:06:00Z",
        "2024-01-15T12:06:00%2B00:00",
        "2024-01-15T12:06:00+00:00",
        "2024-01-15T14:06:00+02:00",
        "2024-01-15T14:06:00+0200",
        "2024-01-15T07:06:00-05:00",
        "2024-01-15T12:06:00.000000Z",
        "2024-01-15T12:05:59.999999Z",
        "2024-01-15T12:05:59.999999+00:00",
        "2024-01-15T12:06:00",
        "2024-01-15%2012:06:00",
        "2024-01-15+12:06",
        "2024-01-15T12:06Z",
    ],
)
def test_date_times_are_read_in_every_form(served: Served, text: str) -> None:
    later = [s.session_id for s in NEWEST_FIRST if s.created_us >= SIX_PAST]
    assert ids(get(served, LIST, f"created_date_from={text}")) == later


def test_a_bare_date_is_midnight_utc(served: Served) -> None:
    assert get(served, LIST, "created_date_from=2024-01-15&created_date_to=2024-01-16")["total"] == 16
    assert get(served, LIST, "created_date_to=2024-01-15")["total"] == 0
    assert get(served, LIST, "created_date_from=2024-01-16")["total"] == 0


def test_windows_are_half_open(served: Served) -> None:
    assert get(served, LIST, f"created_date_from={NOON}&created_date_to={NOON}")["total"] == 0
    assert get(served, LIST, "created_date_from=0001-01-01&created_date_to=9999-12-31")["total"] == 16
    one = f"created_date_from={NOON}&created_date_to=2024-01-15T12:00:00.000001Z"
    assert get(served, LIST, one)["total"] == 2


def test_offset_is_another_name_of_skip(served: Served) -> None:
    assert get(served, LIST, "offset=4&limit=2")["skip"] == 4
    assert get(served, LIST, "offset=4&limit=2") == get(served, LIST, "skip=4&limit=2")
    assert get(served, LIST, "offset=4&skip=2")["skip"] == 2
    assert get(served, LIST, "offset=4&skip=0")["skip"] == 0


def test_unknown_parameters_are_ignored(served: Served) -> None:
    assert get(served, LIST, "nonsense=1&first=3&text=x") == get(served, LIST)
    org = ORG.format("org_a")
    assert get(served, org, "org_ids=org_b") == get(served, org)


@pytest.mark.parametrize("skip", [15, 16, 17, 10**6, 2**63 - 1, 2**63, 10**40])
def test_any_skip_gives_a_page(served: Served, skip: int) -> None:
    page = get(served, INSIGHTS, {"skip": skip})
    assert (len(page["items"]), page["total"], page["skip"]) == (max(0, 16 - skip), 16, skip)
    assert (page["has_more"], page["next_cursor"]) == (False, None)


def test_two_hundred_ids_in_one_query(served: Served) -> None:
    wanted = [f"s{number:02}" for number in range(200)]
    assert get(served, LIST, {"session_ids": wanted, "limit": 200})["total"] == 16
    assert get(served, LIST, {"session_ids": ",".join(wanted)})["total"] == 16


@pytest.mark.parametrize(
    "hostile", ["%00", "s00%00", "%27%20OR%201=1--", "%25", "_", "\u202e", "%ff%fe", "a" * 9000]
)
def test_hostile_values_find_nothing(served: Served, hostile: str) -> None:
    for name in ("org_ids", "user_ids", "session_ids", "tags", "repo_names"):
        assert get(served, INSIGHTS, f"{name}={hostile}")["total"] == 0
    assert served.client.get(f"/v2/enterprise/sessions/{hostile}").status_code == 404
    assert served.client.get(ORG.format(hostile)).status_code == 404


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=abc", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("skip=-1", "skip"),
        ("skip=1.5", "skip"),
        ("offset=-1", "offset"),
        ("created_date_from=yesterday", "created_date_from"),
        ("created_date_to=2024-13-01", "created_date_to"),
        ("created_date_to=2024-01-15T25:00:00Z", "created_date_to"),
        ("updated_date_from=1705320000", "updated_date_from"),
        ("updated_date_to=2024-01-15T12:00:00%00", "updated_date_to"),
        ("statuses=exit,finished", "statuses"),
        ("has_analysis=maybe", "has_analysis"),
        ("tags=" + ",".join(map(str, range(1001))), "tags"),
    ],
)
def test_what_makes_no_sense_is_422_in_the_frameworks_shape(served: Served, query: str, name: str) -> None:
    for path in (LIST, INSIGHTS, ORG.format("org_a")):
        answer = served.client.get(f"{path}?{query}")
        assert answer.status_code == 422
        (problem,) = answer.json()["detail"]
        assert set(problem) == {"loc", "msg", "type"}
        assert problem["loc"][:2] == ["query", name]


def test_one_session_with_and_without_the_prefix(elsewhere: Served) -> None:
    served = elsewhere
    names = ("devin-t1", "t2", "devin-t2", "t3")
    put_sessions(served.store, [make_session(name, enterprise_id="elsewhere") for name in names])
    for asked, found in (("t1", "devin-t1"), ("devin-t1", "devin-t1"), ("t3", "t3"), ("devin-t3", "t3")):
        assert get(served, f"{LIST}/{asked}")["session_id"] == found
        assert ids(get(served, LIST, {"session_ids": asked})) == [found]
    # Where both are there, each answers to its own name.
    assert get(served, f"{LIST}/t2")["session_id"] == "t2"
    assert get(served, f"{LIST}/devin-t2")["session_id"] == "devin-t2"
    answer = served.client.get(f"{LIST}/nobody")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Session not found"})


def test_one_session_is_the_item_of_the_list(elsewhere: Served) -> None:
    served = elsewhere
    stored = make_session("pulled", enterprise_id="elsewhere", pull_requests=(PULL,), created_us=NOON_US * 2)
    put_sessions(served.store, [stored])
    item = get(served, INSIGHTS, {"limit": 1})["items"][0]
    assert item == get(served, f"{LIST}/pulled")
    assert item["pull_requests"][0]["url"] == item["pull_requests"][0]["pr_url"] == PULL.url


def test_an_organization_without_sessions_is_an_empty_page_and_an_unknown_one_is_not_found(
    served: Served,
) -> None:
    served.key(org_id="org_empty")
    for suffix in ("", "/insights"):
        assert get(served, ORG.format("org_empty") + suffix)["total"] == 0
        answer = served.client.get(ORG.format("nowhere") + suffix)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Organization not found"})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD"])
def test_lists_are_read_only(served: Served, method: str) -> None:
    answer = served.client.request(method, INSIGHTS)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
