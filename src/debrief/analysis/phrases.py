"""Counts, times, paths and lists go in, the words that reports use for them come out."""

import posixpath
from collections import Counter

from debrief.analysis.prompt_text import one_line

NAMES = 3
NAME_LIMIT = 40
PAIR = 2
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US

_FOLDER_LIMIT = 40
_MOST_OF = 0.6


def duration_words(micros: int) -> str:
    """A length of time as people say it."""
    if micros < MINUTE_US:
        return f"{max(1, round(micros / SECOND_US))} s"
    if micros < HOUR_US:
        return f"{round(micros / MINUTE_US)} min"
    hours, minutes = divmod(round(micros / MINUTE_US), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def relative(path: str, cwd: str | None) -> str:
    """`path` as seen from the session's folder."""
    path = path.replace("\\", "/")
    root = (cwd or "").replace("\\", "/").rstrip("/") + "/"
    return path[len(root) :] if len(root) > 1 and path.startswith(root) else path


def short_path(path: str) -> str:
    """The last two parts of a path."""
    parts = [part for part in path.split("/") if part]
    return "/".join(parts[-2:]) if parts else path


def common_folder(paths: list[str]) -> str:
    """The deepest folder that holds most of `paths`; empty where that says nothing."""
    if not paths:
        return ""
    folders: Counter[str] = Counter()
    for path in paths:
        folder = posixpath.dirname(path)
        while folder and folder not in {"/", "."}:
            folders[folder] += 1
            folder = posixpath.dirname(folder)
    enough = [folder for folder, count in folders.items() if count >= _MOST_OF * len(paths)]
    best = max(enough, key=len, default="")
    return best if len(best) <= _FOLDER_LIMIT else short_path(best)


def listed(names: list[str], *, quoted: bool = False, most: int = NAMES) -> str:
    """The most frequent names as a list: "a, b and c", "a, b, c and 2 more"."""
    counted = Counter(name for name in names if name)
    shown = [one_line(name, NAME_LIMIT) for name, _ in counted.most_common(most)]
    if quoted:
        shown = [f"`{name}`" for name in shown]
    rest = len(counted) - len(shown)
    if rest > 0:
        return ", ".join(shown) + f" and {rest} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def times(count: int) -> str:
    """What to append for how often; nothing for once."""
    return "" if count <= 1 else " twice" if count == PAIR else f" {count} times"


def counted(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
