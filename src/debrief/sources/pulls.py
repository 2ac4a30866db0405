"""Pull requests in a transcript: the URL's parts, and whether a command's output shows one being created.

Mentioned is not created: of 59 real sessions that name a pull request's URL, 17 created one. So a URL counts
as created only where the agent's own record or the output of the command that creates one says so.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

_URL = re.compile(
    r"https?://(?P<host>[\w.-]+(?::\d+)?)/(?P<repository>[\w.~-]+(?:/[\w.~-]+){1,5}?)"
    r"/(?:-/merge_requests|pull|pulls|merge_requests|pull-requests|pullrequest)/(?P<number>\d{1,9})\b"
)

_CREATES = re.compile(
    r"\b(?:gh\s+(?:\S+\s+)*?pr\s+(?:new|create)|hub\s+pull-request|glab\s+mr\s+(?:new|create)"
    r"|tea\s+pr\s+create|az\s+repos\s+pr\s+create|git\s+push\b[^|;&]*merge_request\.create)"
)

_CREATING_TOOL = re.compile(r"create_(?:pull|merge)_request\b|create_pr\b")


class PullRequestUrl(Struct, frozen=True):
    """`url` cut to the pull request itself, its repository ("owner/name") and number."""

    url: str
    host: str
    repository: str
    number: int


def pull_request_urls(text: str) -> Iterator[PullRequestUrl]:
    """Every pull or merge request URL in `text`, in order, repeats included."""
    if "://" not in text:
        return
    for match in _URL.finditer(text):
        yield PullRequestUrl(
            match.group(0), match.group("host"), match.group("repository"), int(match.group("number"))
        )


def creates_pull_request(tool: str | None, command: str | None) -> bool:
    """Whether this call is one that creates a pull request (its output then names it)."""
    if command and _CREATES.search(command):
        return True
    return bool(tool and _CREATING_TOOL.search(tool))
