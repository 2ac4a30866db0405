"""Facts in, words for people out: times, costs, token counts. Unknown stays unknown, never 0."""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from markupsafe import Markup, escape

from debrief.model import Cost, Quality
from debrief.wire.v2 import wire_time

STATUS_MEANINGS: Final = {
    "new": "Not begun yet",
    "claimed": "About to begin",
    "running": "At work, as far as its transcript says",
    "exit": "Finished",
    "error": "Ended by an error of the model's service or by a limit",
    "suspended": "Stopped by a person, or silent since",
    "resuming": "About to go on",
}

QUALITY_WORDS: Final[dict[Quality, str]] = {"exact": "", "lower_bound": "at least ", "missing": "unknown"}

CENT_MICROS: Final = 10_000

_CODE = re.compile(r"(?<!`)`([^`\n]{1,500})`(?!`)")
_WEB_ADDRESS = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)


def moment(us: int | None) -> Markup:
    """A time in UTC, to the minute for the eye and exact for programs."""
    if us is None:
        return Markup('<span class="unknown">unknown</span>')
    text = datetime.fromtimestamp(us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
    return Markup('<time datetime="{}">{} UTC</time>').format(wire_time(us), text)


def clock(us: int | None) -> Markup:
    """The time of day in UTC, to the second; the date is in the title."""
    if us is None:
        return Markup("")
    at = datetime.fromtimestamp(us // 1_000_000, UTC)
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        wire_time(us), at.strftime("%Y-%m-%d %H:%M:%S"), at.strftime("%H:%M:%S")
    )


def duration(us: int | None) -> str:
    """A length of time by its two largest units."""
    if us is None or us < 0:
        return "unknown"
    seconds = us // 1_000_000
    if not seconds:
        return f"{us // 1000} ms"
    units = (
        ("d", seconds // 86_400),
        ("h", seconds // 3600 % 24),
        ("min", seconds // 60 % 60),
        ("s", seconds % 60),
    )
    first = next(position for position, (_, amount) in enumerate(units) if amount)
    return " ".join(f"{amount} {unit}" for unit, amount in units[first : first + 2] if amount)


def dollars(cost: Cost) -> str:
    """What a session cost, and how far to trust it."""
    micros = cost.cost_usd_micros
    if micros is None or cost.quality == "missing":
        return "unknown"
    amount = (
        "less than $0.01" if 0 < micros < CENT_MICROS and cost.quality == "exact" else f"${micros / 1e6:,.2f}"
    )
    return QUALITY_WORDS[cost.quality] + amount


def acus(cost: Cost) -> str:
    """The same in ACUs."""
    if cost.cost_usd_micros is None or cost.quality == "missing":
        return "unknown"
    return f"{QUALITY_WORDS[cost.quality]}{cost.acus:,.2f} ACU"


def number(value: int | None, quality: Quality = "exact") -> str:
    """A count, and how far to trust it."""
    if value is None or quality == "missing":
        return "unknown"
    return f"{QUALITY_WORDS[quality]}{value:,}"


def web_link(url: str) -> Markup:
    """A link where `url` is one to the web, else its text: a transcript may hold any other scheme."""
    if not _WEB_ADDRESS.fullmatch(url):
        return escape(url)
    return Markup('<a href="{0}" rel="noopener noreferrer nofollow">{0}</a>').format(url)


def coded(text: str) -> Markup:
    """`text` with what stands between backticks set as code; escaped first."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 (escaped in this line)


def session_path(session_id: str) -> str:
    """The address of a session's page on this server."""
    return f"/sessions/{quote(session_id, safe='')}"


def first_line(text: str | None, limit: int = 160) -> str:
    """The first line of `text` that says something, cut to `limit` characters."""
    line = next((line.strip() for line in (text or "").splitlines() if line.strip()), "")
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "\u2026"
