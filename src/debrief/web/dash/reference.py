"""The API's reference for people: the application's OpenAPI in, one plain page out.

The usual viewers load scripts from a CDN, which an installation without internet cannot; our pages run none.
"""

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from msgspec import Struct

from debrief.web.dash.rendering import render
from debrief.web.site import site_of

router = APIRouter(include_in_schema=False)

Schema = dict[str, Any]


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path, as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    parameters: list[Schema]
    answers: list["Answer"]
    curl: str


class Answer(Struct, frozen=True, kw_only=True):
    """One status of an operation; `example` is JSON text, or empty."""

    status: str
    description: str
    schema: str
    example: str


@router.get("/docs")
async def reference_page(request: Request) -> Response:
    """The reference."""
    document: Schema = request.app.openapi()
    return render(
        "reference.html",
        title=document["info"]["title"],
        description=document["info"]["description"],
        operations=operations(document, site_of(request).public_url),
        schemas=sorted(document["components"]["schemas"].items()),
        type_name=type_name,
        type_anchor=type_anchor,
    )


def operations(document: Schema, public_url: str) -> list[Operation]:
    """All operations of an OpenAPI document, in its order."""
    return [
        Operation(
            anchor=operation["operationId"],
            method=method.upper(),
            path=path,
            summary=operation.get("description", ""),
            parameters=operation.get("parameters", []),
            answers=[_answer(status, answer) for status, answer in sorted(operation["responses"].items())],
            curl=_curl(public_url, path, operation),
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def type_name(schema: Schema) -> str:
    """A schema's type in words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(type_name(one) for one in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")


def type_anchor(schema: Schema) -> str:
    """The name of the schema that `schema` refers to, or an empty string."""
    if "$ref" in schema:
        return type_name(schema)
    inner = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    return next(filter(None, map(type_anchor, inner)), "")


def _answer(status: str, answer: Schema) -> Answer:
    content = answer.get("content", {}).get("application/json", {})
    return Answer(
        status=status,
        description=answer.get("description", ""),
        schema=type_anchor(content.get("schema", {})),
        example=json.dumps(content["example"], indent=2) if "example" in content else "",
    )


def _curl(public_url: str, path: str, operation: Schema) -> str:
    query = "?limit=10" if any(p["name"] == "limit" for p in operation.get("parameters", [])) else ""
    header = ' \\\n  -H "Authorization: Bearer $DEBRIEF_KEY"' if operation.get("security") else ""
    return f'curl "{public_url}{path}{query}"{header}'
