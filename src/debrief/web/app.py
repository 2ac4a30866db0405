"""The web application: settings and an open store in, an ASGI application out. The caller closes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import debrief
from debrief.config import Settings
from debrief.store import Store
from debrief.web import problems
from debrief.web.api import health
from debrief.web.api import sessions as sessions_api
from debrief.web.api.hot import HotPath
from debrief.web.api.lists import Lists
from debrief.web.dash import login, reference, session, sessions, stylesheet
from debrief.web.site import Site

DESCRIPTION = """What happened in our coding agents' sessions, what went wrong, what it cost
and what to change.

The paths, parameters and answers are those of the v2 enterprise sessions API that its clients know; what
Debrief adds beside them is marked as ours. Every request needs an API key, in the header
"Authorization: Bearer <key>".
"""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """At the end, let go of the connections of this event loop; the store itself is the caller's."""
    yield
    await app.state.site.store.aclose()


def create_app(settings: Settings, store: Store, *, public_url: str) -> FastAPI:
    """Build the application. `public_url` is the address that people reach it at."""
    app = FastAPI(
        title="Debrief",
        version=debrief.__version__,
        description=DESCRIPTION,
        lifespan=_lifespan,
        # Swagger UI and ReDoc come from a CDN and need scripts; `reference` shows the same without either.
        docs_url=None,
        redoc_url=None,
        # Such a redirect names the host and scheme of the request, which behind a proxy are wrong.
        redirect_slashes=False,
    )
    app.state.site = Site(settings, store, public_url.rstrip("/"), settings.secret())
    app.state.lists = Lists(app.state.site)
    app.add_middleware(HotPath, lists=app.state.lists)
    problems.install(app)
    for router in (
        sessions_api.router,
        health.router,
        sessions.router,
        session.router,
        login.router,
        reference.router,
        stylesheet.router,
    ):
        app.include_router(router)
    return app
