"""The v2 session endpoints: a bearer key and a query in, stored items out, joined to the contract's page.

An enterprise key sees every organization of its enterprise, an organization's key its own alone. The paths,
operation ids and schema names are upstream's, so that clients generated from its OpenAPI fit.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from debrief.errors import NotAllowed, NotFound
from debrief.store import Key, Store
from debrief.store.pages import moment_plan
from debrief.store.sessions import find_item, organization_exists
from debrief.web.api.lists import Asked, Lists
from debrief.web.api.query import (
    EnterpriseSessionQuery,
    SessionQuery,
    same_session,
    session_filter,
    storable,
)
from debrief.web.api.schemas import (
    BASICS_EXAMPLE,
    DETAIL_EXAMPLE,
    PaginatedResponse,
    Problem,
    SessionDetailResponse,
    SessionResponse,
    page_example,
)
from debrief.web.auth import BearerKey
from debrief.web.site import site_of

Responses = dict[int | str, dict[str, Any]]

HEADERS: Final = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


def _answers(example: dict[str, Any], **others: str) -> Responses:
    responses: Responses = {
        200: {"content": {"application/json": {"example": example}}},
        401: {"model": Problem, "description": "No key, or one that is unknown or revoked"},
        503: {"model": Problem, "description": "The database cannot be used now; see Retry-After"},
    }
    for name, description in others.items():
        responses[_STATUSES[name]] = {"model": Problem, "description": description}
    return responses


_STATUSES = {"not_allowed": 403, "not_found": 404}
_ORGANIZATION = {
    "not_allowed": "The key is bound to another organization",
    "not_found": "No such organization",
}

router = APIRouter(prefix="/v2/enterprise", tags=["sessions"])


@router.get(
    "/sessions/insights",
    response_model=PaginatedResponse[SessionDetailResponse],
    responses=_answers(page_example(DETAIL_EXAMPLE)),
)
async def list_sessions_detail(
    request: Request, key: BearerKey, query: Annotated[EnterpriseSessionQuery, Query()]
) -> Response:
    """List the sessions of all organizations with their analysis, newest first."""
    return await _page(request, key, query, detail=True)


@router.get(
    "/sessions",
    response_model=PaginatedResponse[SessionResponse],
    responses=_answers(page_example(BASICS_EXAMPLE)),
)
async def list_sessions(
    request: Request, key: BearerKey, query: Annotated[EnterpriseSessionQuery, Query()]
) -> Response:
    """List the sessions of all organizations, newest first."""
    return await _page(request, key, query, detail=False)


@router.get(
    "/sessions/{session_id}",
    response_model=SessionDetailResponse,
    responses=_answers(DETAIL_EXAMPLE, not_found="No such session for this key"),
)
async def get_session_detail(request: Request, key: BearerKey, session_id: str) -> Response:
    """Get one session with its analysis."""
    store = site_of(request).store
    item = await store.call(_find_item, store, key, session_id) if storable(session_id) else None
    if item is None:
        raise NotFound("Session not found")
    return Response(item, media_type="application/json", headers=HEADERS)


@router.get(
    "/organizations/{org_id}/sessions/insights",
    response_model=PaginatedResponse[SessionDetailResponse],
    responses=_answers(page_example(DETAIL_EXAMPLE), **_ORGANIZATION),
)
async def list_organization_sessions_detail(
    request: Request, key: BearerKey, org_id: str, query: Annotated[SessionQuery, Query()]
) -> Response:
    """List the sessions of one organization with their analysis, newest first."""
    return await _page(request, key, query, detail=True, org_id=org_id)


@router.get(
    "/organizations/{org_id}/sessions",
    response_model=PaginatedResponse[SessionResponse],
    responses=_answers(page_example(BASICS_EXAMPLE), **_ORGANIZATION),
)
async def list_organization_sessions(
    request: Request, key: BearerKey, org_id: str, query: Annotated[SessionQuery, Query()]
) -> Response:
    """List the sessions of one organization, newest first."""
    return await _page(request, key, query, detail=False, org_id=org_id)


async def _page(
    request: Request, key: Key, query: SessionQuery, *, detail: bool, org_id: str | None = None
) -> Response:
    store = site_of(request).store
    if org_id is not None:
        if key.org_id not in {None, org_id}:
            raise NotAllowed("This API key has no right to that organization")
        if not storable(org_id):
            raise NotFound("Organization not found")
    lists = lists_of(request)
    moment = await store.direct.run(moment_plan(key.enterprise_id), single=True)
    asked = Asked(
        wanted=session_filter(query, key, org_id),
        skip=query.start,
        limit=query.limit,
        detail=detail,
        walks=query.cursor is not None,
    )
    answer = await lists.answer(asked, moment, dict(request.scope["headers"]))
    # An organization that has a session exists: only an empty page needs the second look.
    if (
        org_id is not None
        and answer.total == 0
        and not await store.call(_has_organization, store, key.enterprise_id, org_id)
    ):
        raise NotFound("Organization not found")
    response = Response(answer.body, answer.status)
    response.raw_headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    return response


def lists_of(request: Request) -> Lists:
    """The lists of the application that `request` came to."""
    lists: Lists = request.app.state.lists
    return lists


def _find_item(store: Store, key: Key, session_id: str) -> bytes | None:
    given, other = same_session(session_id)
    with store.read() as connection:
        for name in (given, other):
            item = find_item(connection, key.enterprise_id, [name], org_id=key.org_id)
            if item is not None:
                return item
    return None


def _has_organization(store: Store, enterprise_id: str, org_id: str) -> bool:
    with store.read() as connection:
        return organization_exists(connection, enterprise_id, org_id)
