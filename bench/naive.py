"""The page as a tutorial would have it: ORM rows, a response model that validates, count(*) and OFFSET.

It reads the same tables, answers the same items, and is there to be compared with.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, FastAPI
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, registry, sessionmaker

from debrief.store import dialects, postgres, schema
from debrief.web.api.schemas import PaginatedResponse, SessionDetailResponse

PATH: Final = "/naive/sessions/insights"


class Row:
    """A session as the ORM maps it."""

    item: bytes


registry().map_imperatively(Row, schema.sessions)


def application(url: str) -> FastAPI:
    """An application with this one list over the database at `url`."""
    make_session = sessionmaker(_engine(url))

    def opened() -> Iterator[Session]:
        with make_session() as session:
            yield session

    def read(
        session: Annotated[Session, Depends(opened)], enterprise: str, skip: int = 0, limit: int = 100
    ) -> dict[str, Any]:
        columns = schema.sessions.c
        mine = columns.enterprise_id == enterprise
        total = session.scalar(select(func.count()).select_from(schema.sessions).where(mine)) or 0
        order = (columns.created_us.desc(), columns.session_id.desc())
        rows = session.scalars(select(Row).where(mine).order_by(*order).limit(limit).offset(skip)).all()
        end = skip + len(rows)
        return {
            "items": [msgspec.json.decode(row.item) for row in rows],
            "total": total,
            "skip": skip,
            "limit": limit,
            "has_more": end < total,
            "next_cursor": end if end < total else None,
        }

    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_api_route(PATH, read, response_model=PaginatedResponse[SessionDetailResponse])
    return app


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        return create_engine(parsed)
    address = postgres.address_of(parsed)
    return create_engine(
        "postgresql+pg8000://",
        creator=lambda: postgres.connect(
            address, read_only=False, statement_timeout_ms=dialects.STATEMENT_TIMEOUT_MS
        ),
    )
