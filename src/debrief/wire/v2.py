"""The v2 enterprise sessions contract: a StoredSession in, its JSON item out; and the page around items.

An item is rendered once, when the session changes, and stored; a page joins the bytes of items. The schemas
below are what OpenAPI shows; nothing is validated against them on the way out.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from debrief.model import Analysis, PullRequest, Session, Status, StoredSession

WIRE_VERSION = 1
"""Counts up whenever the same StoredSession would give another item."""

SILENCE_US = 30 * 60 * 1_000_000
"""A session that ended nothing is taken to be at work until it was silent for so long."""


class Item(msgspec.Struct, frozen=True):
    """A rendered item; its first `basics_size` bytes are the basics, without a closing brace."""

    detail: bytes
    basics_size: int

    @property
    def basics(self) -> bytes:
        """The item without `session_analysis` and `initial_user_message`."""
        return self.detail[: self.basics_size] + b"}"


def session_url(public_url: str, session_id: str) -> str:
    """The address of a session's page."""
    return f"{public_url.rstrip('/')}/sessions/{session_id}"


def wire_time(us: int) -> str:
    """`2024-01-15T10:30:00Z`, with microseconds where there are any: one format, clients compare."""
    moment = datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000, tzinfo=None)
    return moment.isoformat() + "Z"


def status_at(session: Session, now_us: int) -> Status:
    """The contract's status of `session` at `now_us`.

    A finished session is `exit`, one that the model's service or a limit ended is `error`, one that a person
    stopped is `suspended`. One that merely stops in the middle is `running` until `SILENCE_US` have passed,
    then `suspended`: the transcript may be a snapshot, so this is no failure.
    """
    silent = session.last_event_us is None or now_us - session.last_event_us > SILENCE_US
    match session.end_state:
        case "finished":
            return "exit"
        case "error":
            return "error"
        case "interrupted":
            return "suspended"
        case _:
            return "suspended" if silent else "running"


def render(stored: StoredSession, public_url: str) -> Item:
    """Render the item of `stored`: every key of the contract, always, in the contract's order."""
    whole = item(stored, public_url)
    rest = {key: whole.pop(key) for key in ("session_analysis", "initial_user_message")}
    head = msgspec.json.encode(whole)[:-1]
    return Item(head + b"," + msgspec.json.encode(rest)[1:], len(head))


def item(stored: StoredSession, public_url: str) -> dict[str, Any]:
    """The item of `stored` as plain values."""
    return {
        "session_id": stored.session_id,
        "url": session_url(public_url, stored.session_id),
        "status": stored.status,
        "title": stored.session.title,
        "tags": list(stored.tags),
        "user_id": stored.user_id,
        "org_id": stored.org_id,
        "created_at": wire_time(stored.created_us),
        "updated_at": wire_time(stored.updated_us),
        "last_event_at": _last_event_at(stored),
        "acus_consumed": stored.cost.acus,
        "pull_requests": [_pull_request(pull) for pull in stored.session.pull_requests if pull.created],
        "session_analysis": None if stored.analysis is None else _analysis(stored.analysis),
        "initial_user_message": stored.session.initial_user_message,
    }


def page(items: Sequence[bytes], *, total: int, skip: int, limit: int) -> bytes:
    """Join rendered items to the contract's page."""
    end = skip + len(items)
    has_more = bool(items) and end < total
    tail = {
        "total": total,
        "skip": skip,
        "limit": limit,
        "has_more": has_more,
        "next_cursor": end if has_more else None,
    }
    end_of_page = b"]," + msgspec.json.encode(tail)[1:]
    if not items:
        return b'{"items":[' + end_of_page
    # Only the items at the ends are copied twice.
    parts = list(items)
    parts[0] = b'{"items":[' + parts[0]
    parts[-1] += end_of_page
    return b",".join(parts)


def _last_event_at(stored: StoredSession) -> str | None:
    last = stored.session.last_event_us
    return None if last is None else wire_time(last)


def _pull_request(pull: PullRequest) -> dict[str, str | None]:
    return {"pr_url": pull.url, "pr_state": pull.state, "url": pull.url, "state": pull.state}


def _analysis(analysis: Analysis) -> dict[str, Any]:
    prompt = analysis.suggested_prompt
    return {
        "issues": [
            {"id": issue.id, "issue": issue.issue, "impact": issue.impact, "label": issue.label}
            for issue in analysis.issues
        ],
        "timeline": [{"title": entry.title, "description": entry.description} for entry in analysis.timeline],
        "action_items": [
            {"issue_id": item.issue_id, "type": item.type, "action_item": item.action_item}
            for item in analysis.action_items
        ],
        "suggested_prompt": None
        if prompt is None
        else {
            "original_prompt": prompt.original_prompt,
            "suggested_prompt": prompt.suggested_prompt,
            "feedback_items": [
                {
                    "issue_id": item.issue_id,
                    "summary": item.summary,
                    "excerpt": item.excerpt,
                    "details": item.details,
                }
                for item in prompt.feedback_items
            ],
        },
    }
