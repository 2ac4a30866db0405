"""Lines of a transcript in; what issues are made of out: salient lines, normalised signatures, short quotes.

Everything shown to a person is a substring of the transcript (white space collapsed, long text cut), and a
signature keeps only what would be the same in another session: no paths, numbers, hex or quoted text.
"""

import re

LINE_LIMIT = 400
"""Characters of a line that are looked at; an error message that names itself later than that is not one."""

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_VARIABLE = re.compile(
    r"\"[^\"]*\"|'[^']*'|`[^`]*`|\u2018[^\u2019]*\u2019"  # quoted text
    r"|[A-Za-z][A-Za-z0-9+.-]*://\S+"  # URLs
    r"|(?:[A-Za-z]:\\|~?/|\.{1,2}/)\S*|[\w.@+-]+(?:/[\w.@+-]+)+"  # paths
    r"|\b0x[0-9a-fA-F]+\b|\b[0-9a-f]{7,64}\b"  # hex
    r"|\d+(?:[.:,]\d+)*"  # numbers, times, versions
)


def line_at(text: str, position: int) -> str:
    """The line of `text` that holds `position`, without the spaces around it."""
    start = text.rfind("\n", 0, position) + 1
    if position - start > LINE_LIMIT:
        start = position
    end = text.find("\n", position)
    line = text[start : end if end >= 0 else len(text)]
    return line[:LINE_LIMIT].strip()


def normalised(line: str) -> str:
    """What of `line` would be the same when the same thing fails elsewhere."""
    bare = _VARIABLE.sub(" ", _ANSI.sub("", line[:LINE_LIMIT]))
    return " ".join(bare.split()).lower()


def short(text: str, limit: int = 120) -> str:
    """`text` on one line, cut at `limit` characters."""
    line = " ".join(text[: 8 * limit].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def code(text: str, limit: int = 80) -> str:
    """`text` on one line, cut, in backticks of its own that no backtick inside can close."""
    return "`" + short(text, limit).replace("`", "'") + "`"


def quote(text: str, limit: int = 120) -> str:
    """`text` on one line, cut, in quotation marks of its own that none inside can close."""
    return '"' + short(text, limit).replace('"', "'") + '"'


def names(found: tuple[str, ...] | list[str], limit: int = 3) -> str:
    """The first names in backticks, and how many more there are."""
    shown = ", ".join(code(name, 60) for name in found[:limit])
    rest = len(found) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown


def times(count: int) -> str:
    """How often, in words where that reads better."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 file", "3 files"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
