"""The query of the session lists: parameters as clients really send them in, a `SessionFilter` out.

Arrays come repeated or as comma lists, times in every form that the contract names, the page by `skip` or by
`offset`. One model reads them all; an unknown parameter is ignored.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from debrief.model import Status
from debrief.store import Key, SessionFilter
from debrief.web.api.cursor import read_cursor

ID_PREFIX: Final = "devin-"
"""Upstream's clients write session ids with or without it."""

VALUES_LIMIT: Final = 1000
"""Of one array parameter: a statement takes some 30,000 parameters at most."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?", re.IGNORECASE | re.ASCII)
_LOST_PLUS = re.compile(r"(?<=\d) (?=\d{2}:?\d{2}$)", re.ASCII)


def _split(value: Any) -> Any:  # noqa: ANN401 (whatever came: pydantic judges it next)
    """Take comma lists apart; leave out what is empty and what is there already."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        return value
    return list(dict.fromkeys(word for part in parts for item in part.split(",") if (word := item.strip())))


def _readable_time(value: Any) -> Any:  # noqa: ANN401 (the same)
    """Give an unencoded plus back, which arrives as a space; refuse numbers, which would pass for seconds."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not _DATE.fullmatch(text):
        raise PydanticCustomError(
            "datetime_parsing", "Input should be a valid datetime, such as 2024-01-15T10:30:00Z or 2024-01-15"
        )
    date, clock = text[:10], text[10:]
    return date + _LOST_PLUS.sub("+", clock)


def _in_utc(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


Words = Annotated[list[str], BeforeValidator(_split), Field(max_length=VALUES_LIMIT)]
Moment = Annotated[datetime | None, BeforeValidator(_readable_time), AfterValidator(_in_utc)]


class SessionQuery(BaseModel):
    """The parameters of every session list."""

    skip: int = Field(0, ge=0, description="How many sessions to pass over")
    offset: int | None = Field(
        None, ge=0, description="Ours: another name of skip; skip decides where both are"
    )
    limit: int = Field(100, ge=1, le=200, description="How many sessions to answer at most")
    created_date_from: Moment = Field(None, description="Began at this time or later")
    created_date_to: Moment = Field(None, description="Began before this time")
    updated_date_from: Moment = Field(None, description="Last changed at this time or later")
    updated_date_to: Moment = Field(None, description="Last changed before this time")
    user_ids: Words = Field(default_factory=list, description="Repeated, or separated by commas")
    session_ids: Words = Field(
        default_factory=list,
        description=f"Repeated, or separated by commas; with or without the prefix {ID_PREFIX}",
    )
    tags: Words = Field(default_factory=list, description="Ours: has one of these tags")
    statuses: Annotated[list[Status], BeforeValidator(_split)] = Field(
        default_factory=list, description="Ours: is in one of these states"
    )
    repo_names: Words = Field(default_factory=list, description="Ours: worked in one of these repositories")
    has_analysis: bool | None = Field(None, description="Ours: is analysed, or is not yet")
    snapshot: int | None = Field(
        None, ge=0, le=2**62, description="Ours: the walk's moment; leaves out what arrived after it"
    )
    cursor: str | None = Field(
        None, max_length=1000, description="Ours: empty to begin, then what the header Debrief-Cursor says"
    )

    @field_validator("cursor")
    @classmethod
    def _is_ours(cls, cursor: str | None) -> str | None:
        if cursor:
            try:
                read_cursor(cursor)
            except ValueError:
                raise PydanticCustomError("cursor", "Input should be what Debrief-Cursor said") from None
        return cursor

    @property
    def place(self) -> tuple[int, tuple[int, str]] | None:
        """How many sessions lie before the page and the place of the last of them, by the cursor."""
        return read_cursor(self.cursor) if self.cursor else None

    @property
    def start(self) -> int:
        """How many sessions to pass over, by whichever name it came."""
        if self.place is not None:
            return self.place[0]
        if "skip" in self.model_fields_set or self.offset is None:
            return self.skip
        return self.offset


class EnterpriseSessionQuery(SessionQuery):
    """The parameters of a list over all organizations."""

    org_ids: Words = Field(default_factory=list, description="Repeated, or separated by commas")


def session_filter(query: SessionQuery, key: Key, only_org: str | None = None) -> SessionFilter:
    """What `query` asks for, within what `key` may see, and within `only_org` where one is given."""
    return SessionFilter(
        enterprise_id=key.enterprise_id,
        only_org=key.org_id if only_org is None else only_org,
        org_ids=_wanted(query.org_ids if isinstance(query, EnterpriseSessionQuery) else []),
        user_ids=_wanted(query.user_ids),
        session_ids=_wanted([name for wanted in query.session_ids for name in same_session(wanted)]),
        tags=_wanted(query.tags),
        statuses=tuple(query.statuses) or None,
        repo_names=_wanted(query.repo_names),
        created_from_us=_us(query.created_date_from),
        created_to_us=_us(query.created_date_to),
        updated_from_us=_us(query.updated_date_from),
        updated_to_us=_us(query.updated_date_to),
        has_analysis=query.has_analysis,
        snapshot_us=query.snapshot,
        after=None if query.place is None else query.place[1],
    )


def same_session(session_id: str) -> tuple[str, str]:
    """The two names of a session: as given first, then the other way about its prefix."""
    if session_id.startswith(ID_PREFIX) and session_id != ID_PREFIX:
        return session_id, session_id.removeprefix(ID_PREFIX)
    return session_id, ID_PREFIX + session_id


def storable(text: str) -> bool:
    """Whether a database can hold `text`, so that it is worth asking for: PostgreSQL refuses a NUL."""
    return "\0" not in text


def _wanted(values: list[str]) -> tuple[str, ...] | None:
    return tuple(filter(storable, values)) if values else None


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)
