"""Transcripts that their agent is about to delete: how many, and when. What was imported is kept here."""

import glob
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from debrief.pipeline.discover import Found
from debrief.sources import FORMATS, RETENTIONS, Retention, expanded

DAY_S = 86_400.0
SOON_DAYS = 7


class Expiring(Struct, frozen=True, kw_only=True):
    """Of `total` transcripts of `agent`, which keeps them for `days`, `soon` go within `SOON_DAYS`."""

    agent: str
    days: int
    total: int
    soon: int
    key: str
    settings: str


def expiring(
    found: Sequence[Found], environment: Mapping[str, str], now_s: float | None = None
) -> list[Expiring]:
    """The agents that are about to delete some of `found`."""
    moment = time.time() if now_s is None else now_s
    several = (_of(one, found, dict(environment), moment) for one in RETENTIONS)
    return [one for one in several if one is not None and one.soon]


def _of(
    retention: Retention, found: Sequence[Found], environment: dict[str, str], now_s: float
) -> Expiring | None:
    source = next(one for one in FORMATS if one.name == retention.format)
    folders = tuple(
        os.path.join(os.path.abspath(folder), "")  # noqa: PTH100, PTH118 (strings, for speed)
        for pattern in expanded(source.roots, environment)
        for folder in glob.glob(pattern)  # noqa: PTH207 (the pattern is absolute)
    )
    mine = [one for one in found if one.path.startswith(folders)] if folders else []
    files = expanded(retention.settings, environment)
    days = next((days for file in files if (days := _days(file, retention.key)) is not None), None)
    days = retention.default_days if days is None else days
    ages = [(now_s - _written_s(one.path)) / DAY_S for one in mine]
    return Expiring(
        agent=source.title,
        days=days,
        total=len(mine),
        soon=sum(age > days - SOON_DAYS for age in ages),
        key=retention.key,
        settings=files[-1] if files else "",
    )


def _days(file: str, key: str) -> int | None:
    try:
        value = msgspec.json.decode(Path(file).read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    days = value.get(key) if isinstance(value, dict) else None
    return days if isinstance(days, int) and not isinstance(days, bool) and days >= 0 else None


def _written_s(path: str) -> float:
    try:
        return os.stat(path).st_mtime  # noqa: PTH116 (a string, for speed)
    except OSError:
        return time.time()
