"""No endpoint answers across the wall of an enterprise or of an organization, whatever is asked of it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from stored import ANALYSIS, ENTERPRISE, EVENTS, Served, make_session, put_sessions, serve

from debrief.store import Store

MARK = "zqsecret"
"""Stands in everything that a foreign session holds, its names too."""

FOREIGN_ORG = f"org_{MARK}"
FOREIGN_SESSION = f"session_{MARK}"

V2 = "/v2/enterprise"

# Every route, and what it answers to a caller who asks for the neighbours' things by name.
EXPECTED: dict[tuple[str, str], int | dict[str, int]] = {
    ("GET", f"{V2}/sessions"): 200,
    ("GET", f"{V2}/sessions/insights"): 200,
    ("GET", f"{V2}/sessions/{{session_id}}"): 404,
    ("GET", f"{V2}/organizations/{{org_id}}/sessions"): {"org": 403, "enterprise": 404},
    ("GET", f"{V2}/organizations/{{org_id}}/sessions/insights"): {"org": 403, "enterprise": 404},
    ("GET", "/healthz"): 200,
    ("GET", "/"): 200,
    ("GET", "/sessions/{session_id}"): 404,
    ("GET", "/login"): 200,
    ("POST", "/login"): 401,
    ("POST", "/logout"): 303,
    ("GET", "/docs"): 200,
    ("GET", "/openapi.json"): 200,
    ("HEAD", "/openapi.json"): 200,
    ("GET", "/static/debrief.css"): 200,
}

QUERIES = [
    "",
    "limit=200",
    f"org_ids={FOREIGN_ORG}",
    f"org_ids=org_a,{FOREIGN_ORG}",
    f"session_ids={FOREIGN_SESSION}",
    f"session_ids=mine,devin-{FOREIGN_SESSION}",
    f"user_ids=user_{MARK}",
    f"repo_names=acme/{MARK}",
    f"tags=tag_{MARK}",
    "tags=shared",
    "has_analysis=true",
    "statuses=error",
    "text=session",
    "enterprise_id=other&only_org=",
    "created_date_from=2000-01-01&created_date_to=2100-01-01",
]


def foreign(**changes: Any) -> Any:
    return make_session(
        FOREIGN_SESSION,
        title=f"Title {MARK}",
        user_id=f"user_{MARK}",
        repository=f"acme/{MARK}",
        tags=(f"tag_{MARK}", "shared"),
        status="error",
        initial_user_message=MARK,
        events=tuple(msgspec.structs.replace(event, text=MARK) for event in EVENTS),
        analysis=msgspec.structs.replace(
            ANALYSIS, issues=(msgspec.structs.replace(ANALYSIS.issues[0], issue=MARK),)
        ),
        **changes,
    )


@pytest.fixture(params=["org", "enterprise"])
def wall(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def served(store: Store, tmp_path: Path, wall: str) -> Iterator[Served]:
    """A caller at home in organization org_a of ENTERPRISE, whose neighbour is behind `wall`."""
    put_sessions(store, [make_session("mine", org_id="org_a", tags=("shared",))])
    if wall == "org":
        put_sessions(store, [foreign(org_id=FOREIGN_ORG)])
    else:
        put_sessions(store, [foreign(org_id=FOREIGN_ORG, enterprise_id="other")])
        # The neighbour has an organization of the same name too.
        put_sessions(
            store, [make_session(f"same_{MARK}", org_id="org_a", enterprise_id="other", tags=("shared",))]
        )
    served = serve(store, tmp_path)
    home = "org_a" if wall == "org" else None
    served.client.follow_redirects = False
    with served.client:
        served.sign_in(home)
        served.client.headers.update(served.headers(home))
        yield served


def routes_of(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Every method and path that an application answers, in its routers too."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if inner is not None and hasattr(inner, "routes"):
            yield from routes_of(inner.routes)
        else:
            for method in route.methods:
                yield method, route.path


def test_every_route_has_its_case(served: Served) -> None:
    assert set(routes_of(served.app.routes)) == set(EXPECTED)


def test_no_route_answers_across_the_wall(served: Served, wall: str) -> None:
    for method, path in routes_of(served.app.routes):
        expected = EXPECTED[method, path]
        status = expected if isinstance(expected, int) else expected[wall]
        for query in QUERIES:
            address = path.format(session_id=FOREIGN_SESSION, org_id=FOREIGN_ORG)
            answer = served.client.request(method, f"{address}?{query}")
            assert answer.status_code == status, (method, path, query)
            # A form shows again what was typed into it.
            typed = query.partition("=")[2]
            shown = answer.text.replace(typed, "") if path == "/" and typed else answer.text
            assert MARK not in shown, (method, path, query)
            if method == "POST" and path == "/logout":
                served.sign_in("org_a" if wall == "org" else None)


def test_totals_count_what_the_caller_may_see(served: Served) -> None:
    for query in ("", "tags=shared", "has_analysis=true", "org_ids=org_a", f"org_ids=org_a,{FOREIGN_ORG}"):
        assert served.client.get(f"{V2}/sessions?{query}").json()["total"] == 1
    assert served.client.get(f"{V2}/organizations/org_a/sessions").json()["total"] == 1
    for query in (f"org_ids={FOREIGN_ORG}", f"session_ids={FOREIGN_SESSION}", f"tags=tag_{MARK}"):
        page = served.client.get(f"{V2}/sessions/insights?{query}")
        assert (page.status_code, page.json()["total"]) == (200, 0)


def test_an_org_key_does_not_learn_which_organizations_there_are(served: Served, wall: str) -> None:
    if wall == "org":
        there = served.client.get(f"{V2}/organizations/{FOREIGN_ORG}/sessions")
        not_there = served.client.get(f"{V2}/organizations/nowhere/sessions")
        assert (there.status_code, there.json()) == (not_there.status_code, not_there.json())


def test_an_enterprise_key_sees_all_of_its_organizations(served: Served, wall: str) -> None:
    total = served.client.get(f"{V2}/sessions", headers=served.headers(None, ENTERPRISE)).json()["total"]
    assert total == (2 if wall == "org" else 1)
