import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from stored import PULL, Served, make_session, put_sessions, serve

from debrief.store import Store
from debrief.web.api.schemas import BASICS_EXAMPLE, DETAIL_EXAMPLE, page_example
from debrief.wire import v2

SHARED = Path(__file__).parents[3] / "shared" / "contract" / "v2.openapi.json"
PATHS = {
    "/v2/enterprise/sessions/insights",
    "/v2/enterprise/sessions",
    "/v2/enterprise/sessions/{session_id}",
    "/v2/enterprise/organizations/{org_id}/sessions/insights",
    "/v2/enterprise/organizations/{org_id}/sessions",
}


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    store = Store(sqlite_url)
    put_sessions(
        store,
        [
            make_session("s1", pull_requests=(PULL,), tags=("a",)),
            make_session("s2", analysis=None, title=None, user_id=None, initial_user_message=None),
        ],
    )
    served = serve(store, tmp_path)
    served.client.headers.update(served.headers())
    with served.client:
        yield served
    store.close()


@pytest.fixture
def upstream() -> Any:
    if not SHARED.exists():
        pytest.skip(f"the shared contract is not at {SHARED}")
    return modern(json.loads(SHARED.read_text()))


def modern(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` as the JSON schema that it means."""
    if isinstance(node, list):
        return [modern(item) for item in node]
    if not isinstance(node, dict):
        return node
    rest = {key: modern(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if node.get("nullable") is True else rest


def check(document: Any, path: str, status: int, body: Any) -> None:
    answer = document["paths"][path]["get"]["responses"][str(status)]
    schema = {
        **answer["content"]["application/json"]["schema"],
        "components": document["components"],
    }
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(body)


def answers(served: Served) -> Iterator[tuple[str, int, Any]]:
    for path in sorted(PATHS):
        for query in ("", "limit=1", "skip=1", "skip=2", "limit=0", "created_date_from=x"):
            answer = served.client.get(f"{path.format(session_id='s1', org_id='org_a')}?{query}")
            yield path, answer.status_code, answer.json()
    path = "/v2/enterprise/sessions/{session_id}"
    yield path, 200, served.client.get("/v2/enterprise/sessions/s2").json()


def test_every_answer_fits_upstreams_schema(served: Served, upstream: Any) -> None:
    for path, status, body in answers(served):
        check(upstream, path, status, body)


def test_every_answer_fits_our_own_schema(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    seen = set()
    for path, status, body in answers(served):
        check(document, path, status, body)
        seen.add(status)
    assert seen == {200, 422}
    for path in PATHS:
        answer = served.client.get(path, headers={"Authorization": ""})
        check(document, path, answer.status_code, answer.json())


def test_paths_operations_and_schemas_have_upstreams_names(served: Served, upstream: Any) -> None:
    ours = served.client.get("/openapi.json").json()
    for path in PATHS:
        operation, theirs = ours["paths"][path]["get"], upstream["paths"][path]["get"]
        if theirs["operationId"] != "(not seen)":
            assert operation["operationId"] == theirs["operationId"]
        assert operation["tags"] == theirs["tags"]
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert {parameter["name"] for parameter in theirs["parameters"]} <= names
        for status in ("200", "422"):
            contents = [side["responses"][status]["content"] for side in (operation, theirs)]
            references = [content["application/json"]["schema"]["$ref"] for content in contents]
            assert references[0] == references[1]


def test_the_ranges_are_upstreams(served: Served) -> None:
    parameters = served.client.get("/openapi.json").json()["paths"]["/v2/enterprise/sessions"]["get"][
        "parameters"
    ]
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters}
    assert (schemas["skip"]["minimum"], schemas["skip"]["default"]) == (0, 0)
    assert (schemas["limit"]["minimum"], schemas["limit"]["maximum"]) == (1, 200)
    assert schemas["limit"]["default"] == 100


def test_the_examples_are_what_the_server_answers() -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [shape(item) for item in value[:1]]
        return type(value)

    stored = make_session("s1", pull_requests=(PULL,), tags=("a",))
    item = v2.render(stored, "https://debrief.example.com")
    assert shape(DETAIL_EXAMPLE) == shape(json.loads(item.detail))
    assert shape(BASICS_EXAMPLE) == shape(json.loads(item.basics))
    assert list(DETAIL_EXAMPLE) == list(json.loads(item.detail))
    page = json.loads(v2.page([item.detail], total=150, skip=0, limit=1))
    assert list(page) == list(page_example(DETAIL_EXAMPLE))
    assert shape(page) == shape(page_example(DETAIL_EXAMPLE))


def test_the_examples_fit_the_schemas(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    for path in PATHS:
        content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        check(document, path, 200, content["example"])


def test_the_reference_shows_every_endpoint_with_its_schema_and_example(served: Served) -> None:
    answer = served.client.get("/docs", headers={"Authorization": ""})
    assert answer.status_code == 200
    document = served.client.get("/openapi.json").json()
    text = html.unescape(answer.text)
    for path, methods in document["paths"].items():
        assert f'id="{methods["get"]["operationId"]}"' in text
        assert f'curl "http://debrief.test{path}' in text
        for parameter in methods["get"].get("parameters", []):
            assert f"<code>{parameter['name']}</code>" in text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in text
    assert text.count("<summary>Example</summary>") == len(PATHS)
    assert "Fix authentication bug" in text
    assert '-H "Authorization: Bearer $DEBRIEF_KEY"' in text
