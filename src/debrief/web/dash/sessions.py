"""The list of sessions: the contract's filters as a form in, one page of rows with the exact total out."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from msgspec import Struct, structs
from pydantic import Field, ValidationError
from starlette.datastructures import QueryParams

from debrief.model import StoredSession
from debrief.store import Key, Row, SessionFilter, Store
from debrief.store.pages import distinct_values, read_rows
from debrief.store.sessions import find
from debrief.web.api.query import EnterpriseSessionQuery, session_filter, storable
from debrief.web.auth import SignedIn
from debrief.web.dash.rendering import render
from debrief.web.site import site_of

router = APIRouter(include_in_schema=False)

PAGE_SIZE: Final = 50
_SKIP_LIMIT: Final = 10**12
_LISTS: Final = ("org_ids", "user_ids", "session_ids", "tags", "statuses", "repo_names")

LABELS: Final = {
    "created_date_from": "Began from",
    "created_date_to": "Began before",
    "updated_date_from": "Changed from",
    "updated_date_to": "Changed before",
    "text": "Title or id",
    "org_ids": "Organization",
    "user_ids": "User",
    "session_ids": "Session ids",
    "tags": "Tag",
    "statuses": "Status",
    "repo_names": "Repository",
    "has_analysis": "Analysis",
}


class Search(EnterpriseSessionQuery):
    """The contract's parameters, and the words to look for that only this page takes."""

    text: str = Field("", max_length=200)


class Listed(Struct, frozen=True):
    """A row of the list, and the session it stands for."""

    row: Row
    stored: StoredSession


class Listing(Struct, frozen=True):
    """One page of the list and where it lies in the whole."""

    sessions: list[Listed]
    total: int
    skip: int
    parameters: dict[str, list[str]]

    @property
    def last(self) -> int:
        """How many sessions there are up to the end of this page."""
        return self.skip + len(self.sessions)

    @property
    def newer(self) -> str | None:
        """The address of the page before this one."""
        return self._address(max(0, min(self.skip, self.total) - PAGE_SIZE)) if self.skip else None

    @property
    def older(self) -> str | None:
        """The address of the page after this one."""
        return self._address(self.last) if self.sessions and self.last < self.total else None

    def _address(self, skip: int) -> str:
        parameters: list[tuple[str, str]] = [
            (name, value) for name, values in self.parameters.items() for value in values
        ]
        return "/?" + urlencode([*parameters, ("skip", str(skip))] if skip else parameters)


@router.get("/")
async def sessions_page(request: Request, login: SignedIn) -> Response:
    """The list, or what is wrong with the filter."""
    store = site_of(request).store
    given = _given(request.query_params)
    choices = await asyncio.to_thread(distinct_values, store, login.enterprise_id, login.org_id)
    try:
        search = Search.model_validate(given)
    except ValidationError as error:
        problems = [f"{LABELS.get(str(e['loc'][0]), e['loc'][0])}: {e['msg']}" for e in error.errors()]
        form = _form(given, choices, problems)
        return render("sessions.html", status=422, login=login, listing=None, **form)
    wanted = structs.replace(session_filter(search, login), text=search.text.strip() or None)
    parameters = {name: _words(value) for name, value in given.items() if name in LABELS}
    skip = min(search.start, _SKIP_LIMIT)
    listing = await asyncio.to_thread(_read, store, login, wanted, skip, parameters)
    return render("sessions.html", login=login, listing=listing, **_form(given, choices, []))


def _given(parameters: QueryParams) -> dict[str, str | list[str]]:
    """The parameters that say something: a form also sends those that were left empty."""
    given: dict[str, str | list[str]] = {}
    for name in parameters:
        values = [value for value in parameters.getlist(name) if value.strip()]
        if values:
            given[name] = values if name in _LISTS else values[-1]
    return given


def _form(
    given: Mapping[str, str | list[str]], choices: Mapping[str, Sequence[str]], problems: list[str]
) -> dict[str, Any]:
    values = {name: ", ".join(_words(given.get(name, ""))) for name in LABELS}
    chosen = [word.strip() for word in values["statuses"].split(",") if word.strip()]
    statuses = sorted({*choices["statuses"], *chosen})
    more = any(values[name] for name in LABELS if name not in {"text", "statuses", "created_date_from"})
    return {
        "values": values,
        "choices": choices,
        "labels": LABELS,
        "statuses": [(status, status in chosen) for status in statuses],
        "filtered": any(values.values()),
        "more": more,
        "problems": problems,
    }


def _words(value: str | list[str]) -> list[str]:
    if isinstance(value, list):
        return value
    return [value] if value else []


def _read(
    store: Store, login: Key, wanted: SessionFilter, skip: int, parameters: dict[str, list[str]]
) -> Listing:
    if not storable(wanted.text or ""):
        return Listing([], 0, skip, parameters)
    rows, total = read_rows(store, wanted, skip=skip, limit=PAGE_SIZE)
    with store.read() as connection:
        found = [
            (row, find(connection, login.enterprise_id, row.session_id, org_id=login.org_id)) for row in rows
        ]
    # A session that is gone between the two reads is left out; the next look has it right.
    return Listing([Listed(row, stored) for row, stored in found if stored], total, skip, parameters)
