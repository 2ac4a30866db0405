"""Is the server fit to answer? A request without a key in; `{"status": "ok"}` out, or 503."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from debrief.store import Store
from debrief.store.sessions import organization_exists
from debrief.web.api.schemas import Problem
from debrief.web.site import site_of

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The store can be read."""

    status: Literal["ok"]


@router.get("/healthz", responses={503: {"model": Problem, "description": "The store cannot be read"}})
async def health(request: Request) -> Health:
    """Whether the store can be read."""
    site = site_of(request)
    await site.store.call(_read_something, site.store)
    return Health(status="ok")


def _read_something(store: Store) -> None:
    with store.read() as connection:
        organization_exists(connection, "", "")
