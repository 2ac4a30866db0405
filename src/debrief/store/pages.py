"""Pages of sessions: the contract's filters, its order, an exact total, from one snapshot.

Newest first by `created_us`, ties by `session_id`, descending too.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from debrief.store.schema import session_tags, sessions
from debrief.store.store import Store


class SessionFilter(Struct, frozen=True, kw_only=True):
    """What a list is restricted to. None restricts nothing, an empty tuple lets nothing through.

    Values of one field are alternatives, the fields are all to hold; the windows are half-open. `org_ids` is
    what the caller asks for, `only_org` the organization that the caller's key is bound to. `text` is a part
    of the title or of the id, in any case of letters.
    """

    enterprise_id: str
    only_org: str | None = None
    org_ids: tuple[str, ...] | None = None
    user_ids: tuple[str, ...] | None = None
    session_ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    repo_names: tuple[str, ...] | None = None
    created_from_us: int | None = None
    created_to_us: int | None = None
    updated_from_us: int | None = None
    updated_to_us: int | None = None
    has_analysis: bool | None = None
    text: str | None = None


class Page(Struct, frozen=True):
    """Rendered items and how many sessions the filter lets through in all."""

    items: list[bytes]
    total: int


class Row(Struct, frozen=True, kw_only=True):
    """A session as a list for people shows it."""

    session_id: str
    org_id: str
    user_id: str | None
    status: str
    repository: str | None
    title: str | None
    format: str
    issue_count: int
    created_us: int
    updated_us: int
    last_event_us: int | None


def read_page(store: Store, wanted: SessionFilter, *, skip: int, limit: int, detail: bool) -> Page:
    """The items from `skip` on, at most `limit`; without `detail` the basics of each."""
    conditions = _conditions(wanted)
    columns = (
        sessions.c.item if detail else func.substr(sessions.c.item, 1, sessions.c.basics_size).label("item")
    )
    with store.read() as connection:
        total = connection.execute(select(func.count()).select_from(sessions).where(*conditions)).scalar_one()
        if skip >= total:
            return Page([], total)
        found = connection.execute(
            select(columns).where(*conditions).order_by(*_ORDER).limit(limit).offset(skip)
        )
        end = b"" if detail else b"}"
        return Page([bytes(row.item) + end for row in found], total)


def read_rows(store: Store, wanted: SessionFilter, *, skip: int, limit: int) -> tuple[list[Row], int]:
    """The same list as `read_page`, as rows for people, with the exact total."""
    conditions = _conditions(wanted)
    with store.read() as connection:
        total = connection.execute(select(func.count()).select_from(sessions).where(*conditions)).scalar_one()
        found = connection.execute(
            select(*(sessions.c[field] for field in Row.__struct_fields__))
            .where(*conditions)
            .order_by(*_ORDER)
            .limit(limit)
            .offset(skip)
        )
        return [Row(**row._mapping) for row in found], total


def distinct_values(store: Store, enterprise_id: str, only_org: str | None) -> dict[str, list[str]]:
    """The organizations, users, repositories, statuses and tags that a list can be restricted to."""
    bound = [sessions.c.enterprise_id == enterprise_id]
    if only_org is not None:
        bound.append(sessions.c.org_id == only_org)
    with store.read() as connection:
        values = {
            name: list(
                connection.execute(
                    select(sessions.c[column])
                    .where(*bound, sessions.c[column].is_not(None))
                    .distinct()
                    .order_by(sessions.c[column])
                    .limit(1000)
                ).scalars()
            )
            for name, column in (
                ("org_ids", "org_id"),
                ("user_ids", "user_id"),
                ("repo_names", "repository"),
                ("statuses", "status"),
            )
        }
        tags = (
            select(session_tags.c.tag)
            .join(
                sessions,
                (sessions.c.enterprise_id == session_tags.c.enterprise_id)
                & (sessions.c.session_id == session_tags.c.session_id),
            )
            .where(*bound)
            .distinct()
            .order_by(session_tags.c.tag)
            .limit(1000)
        )
        values["tags"] = list(connection.execute(tags).scalars())
    return values


_ORDER = (sessions.c.created_us.desc(), sessions.c.session_id.desc())


def _conditions(wanted: SessionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [sessions.c.enterprise_id == wanted.enterprise_id]
    if wanted.only_org is not None:
        conditions.append(sessions.c.org_id == wanted.only_org)
    for column, values in (
        (sessions.c.org_id, wanted.org_ids),
        (sessions.c.user_id, wanted.user_ids),
        (sessions.c.session_id, wanted.session_ids),
        (sessions.c.status, wanted.statuses),
        (sessions.c.repository, wanted.repo_names),
    ):
        if values is not None:
            conditions.append(_any_of(column, values))
    for column, start, end in (
        (sessions.c.created_us, wanted.created_from_us, wanted.created_to_us),
        (sessions.c.updated_us, wanted.updated_from_us, wanted.updated_to_us),
    ):
        if start is not None:
            conditions.append(column >= start)
        if end is not None:
            conditions.append(column < end)
    if wanted.tags is not None:
        conditions.append(
            exists().where(
                and_(
                    session_tags.c.enterprise_id == sessions.c.enterprise_id,
                    session_tags.c.session_id == sessions.c.session_id,
                    _any_of(session_tags.c.tag, wanted.tags),
                )
            )
        )
    if wanted.has_analysis is not None:
        conditions.append(sessions.c.has_analysis == int(wanted.has_analysis))
    if wanted.text:
        conditions.append(
            or_(
                sessions.c.title.icontains(wanted.text, autoescape=True),
                sessions.c.session_id.icontains(wanted.text, autoescape=True),
            )
        )
    return conditions


def _any_of(column: ColumnElement[str | None], values: Sequence[str]) -> ColumnElement[bool]:
    return column == values[0] if len(values) == 1 else column.in_(values)
