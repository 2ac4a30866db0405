"""The text of a user's message in; out, what of it a person typed, and what Cursor put around it.

A person's words stand in `<user_query>`; before and after it are skills, rules, open files and what else the
agent should know. Newer versions tell the time of the message, which nothing else in a transcript does.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from msgspec import Struct

from debrief.sources.records import timestamp_us

_QUERY = re.compile(r"<user_query>\n?(?P<text>.*?)\n?(?:</user_query>|\Z)", re.DOTALL)
_BLOCK = re.compile(
    r"\s*<(?P<tag>timestamp|user_info|git_status|rules|agent_skills|available_skills|manually_attached_skills"
    r"|attached_files|open_and_recently_viewed_files|project_layout|additional_data|hooks_context|mcp_\w+"
    r"|cursor_\w+|system_reminder|system_notification|system-reminder|linter_errors|task_notification"
    r"|agent_transcripts|external_links|image_files|uploaded_documents|environment_details|terminal_files_\w+"
    r"|selected_\w+|current_file|plan_\w+)\b[^>]*>.*?</(?P=tag)>\s*",
    re.DOTALL,
)
_TIME = re.compile(r"<timestamp>\s*(?P<text>[^<]{5,80}?)\s*</timestamp>")
_CLOCK = re.compile(
    r"(?:\w+, )?(?P<month>\w{3})\w* (?P<day>\d{1,2}), (?P<year>\d{4}),? (?:at )?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?\s?(?P<half>[AP]M)?"
    r"(?: \((?:UTC|GMT)(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?\))?",
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORKSPACE = re.compile(
    r"^[ \t]*(?:Workspace Path|Current workspace path): {0,9}(?P<path>\S.{0,1000}?)[ \t]{0,9}$", re.MULTILINE
)

_NOT_TYPED = ("The beginning of the above subagent result", "Briefly inform the user about the task result")
"""How a query begins that the program asks itself when a sub-agent is done."""


class Words(Struct, frozen=True):
    """What a user's message holds: a person's text, what was put around it, and when it was sent."""

    typed: str = ""
    injected: str = ""
    ts_us: int | None = None
    workspace: str | None = None


def words_of(text: str) -> Words:
    """Take `text` apart."""
    clock = _TIME.search(text[:4096])
    workspace = _WORKSPACE.search(text) if "<user_info>" in text else None
    ts_us = _time(clock.group("text")) if clock else None
    path = workspace.group("path") if workspace else None
    queries = list(_QUERY.finditer(text)) if "<user_query>" in text else []
    if queries:
        typed = "\n".join(query.group("text").strip() for query in queries)
        around = _QUERY.sub("", text)
    else:
        typed, around = _unwrapped(text)
    around = _TIME.sub("", around).strip()
    typed = typed.strip()
    if typed.startswith(_NOT_TYPED):
        typed, around = "", f"{around}\n{typed}".strip()
    return Words(typed, around, ts_us, path)


def _unwrapped(text: str) -> tuple[str, str]:
    """A text without a query: what stands outside the blocks at its beginning is a person's."""
    position = 0
    while found := _BLOCK.match(text, position):
        position = found.end()
    return text[position:], text[:position]


def _time(text: str) -> int | None:
    found = _CLOCK.match(text)
    if found is None:
        return timestamp_us(text)
    month = found.group("month").lower()
    hour = int(found.group("hour"))
    if half := found.group("half"):
        hour = hour % 12 + (12 if half == "PM" else 0)
    if month not in _MONTHS or (found.group("offset") is None and "(" not in found.group(0)):
        return None  # without its zone a time may be off by half a day
    try:
        moment = datetime(
            int(found.group("year")),
            _MONTHS.index(month) + 1,
            int(found.group("day")),
            hour,
            int(found.group("minute")),
            tzinfo=_zone(found.group("offset")),
        )
    except ValueError:
        return None
    return timestamp_us(moment.isoformat())


def _zone(offset: str | None) -> timezone:
    if offset is None:
        return UTC
    hours, _, minutes = offset[1:].partition(":")
    if len(hours) > 2:  # noqa: PLR2004 (+0530)
        hours, minutes = hours[:-2], hours[-2:]
    away = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-away if offset[0] == "-" else away)
