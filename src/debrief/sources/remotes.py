"""A repository's remote as agents and git write it: a URL in, its repository (`owner/name`) and place out."""

import re

_REMOTE = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^/@\s]*@)?|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+(?=/))?[:/]+(?P<path>[^\s?#]+?)"
    r"(?:\.git)?/*$"
)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


def repository_of(url: str | None) -> str | None:
    """`owner/name` of a forge's URL (ssh or https), else the URL without credentials."""
    if not url:
        return None
    match = _REMOTE.match(url.strip())
    if match and "/" in match.group("path"):
        return match.group("path").strip("/")
    return _CREDENTIALS.sub("", url.strip())


def remote_of(url: str | None) -> str | None:
    """`host/owner/name` of a forge's URL; None where it is none, such as a path on this machine."""
    match = _REMOTE.match(url.strip()) if url else None
    if match is None or "/" not in match.group("path"):
        return None
    return f"{match.group('host').lower()}/{match.group('path').strip('/')}"
