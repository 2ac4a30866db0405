"""Pull requests in a transcript: the URL's parts, and whether a command's output shows one being created.

Mentioned is not created: of 59 real sessions that name a pull request's URL, 17 created one. So a URL counts
as created only where the agent's own record or the output of the command that creates one says so.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from debrief.model import Outcome
from debrief.sources.builder import SessionBuilder

MENTIONS_KEPT = 50
"""A listing of pull requests may name hundreds; nobody reads so many."""

WINDOW = 65_536
"""Characters at either end of a text that are looked through for pull requests."""

_URL = re.compile(
    r"https?://(?P<host>[\w.-]+(?::\d+)?)/(?P<repository>[\w.~-]+(?:/[\w.~-]+){1,5}?)"
    r"/(?:-/merge_requests|pull|pulls|merge_requests|pull-requests|pullrequest)/(?P<number>\d{1,9})\b"
)

_API_REPOSITORY = re.compile(r"(?P<enterprise>api/v3/)?repos/(?P<repository>[^/]+/[^/]+)")

_GITHUB = re.compile(r"(?:www\.)?github\.com|github\.[\w.-]+(?::\d+)?|[\w.-]+\.ghe\.com")
"""Hosts that answer to `/pull/N` alone: other forges have their pull requests at `/pulls/N`."""

_CREATES = re.compile(
    r"\b(?:gh\s+(?:\S+\s+)*?pr\s+(?:new|create)|hub\s+pull-request|glab\s+mr\s+(?:new|create)"
    r"|tea\s+pr\s+create|az\s+repos\s+pr\s+create|git\s+push\b[^|;&]*merge_request\.create)"
)

_CREATING_TOOL = re.compile(r"create_(?:pull|merge)_request\b|create_pr\b")


class PullRequestUrl(Struct, frozen=True):
    """`url` as a browser knows it, cut to the pull request itself, its repository ("owner/name") and number.

    `written` is what the text has in its place: the address of an API, perhaps.
    """

    url: str
    host: str
    repository: str
    number: int
    written: str


class PullRequests:
    """Notes the pull requests of a session in its builder, in the order of the events that name them."""

    def __init__(self, builder: SessionBuilder) -> None:
        self._builder = builder
        self._mentioned: set[str] = set()

    def in_text(self, text: str, event: int) -> None:
        """Note those that `text` mentions."""
        for found in pull_request_urls(text[:WINDOW]):
            if found.url not in self._mentioned and len(self._mentioned) < MENTIONS_KEPT:
                self._mentioned.add(found.url)
                self._note(found, event, created=False)

    def in_result(
        self, tool: str | None, command: str | None, text: str, outcome: Outcome, event: int
    ) -> None:
        """Note those in a call's output: created, where the call creates one and did so."""
        done = outcome in ("ok", "unknown") and not self._builder.replaying
        if done and creates_pull_request(tool, command):
            created = _created(text[-WINDOW:], by_command=command is not None)
            if created is not None:
                self._note(created, event, created=True)
        self.in_text(text, event)

    def _note(self, found: PullRequestUrl, event: int, *, created: bool) -> None:
        self._builder.pull_request(
            found.url,
            created=created,
            evidence="tool_result" if created else "mention",
            event=event,
            number=found.number,
            repository=found.repository,
        )


def pull_request_urls(text: str) -> Iterator[PullRequestUrl]:
    """Every pull or merge request URL in `text`, in order, repeats included."""
    if "://" not in text:
        return
    for match in _URL.finditer(text):
        yield _of(match)


def _of(match: re.Match[str]) -> PullRequestUrl:
    """What `match` of `_URL` names; GitHub's API and its web pages have one address for one thing."""
    written, host, repository = match.group(0, "host", "repository")
    number = int(match.group("number"))
    api = _API_REPOSITORY.fullmatch(repository)
    enterprise = api is not None and api.group("enterprise") is not None
    if api is not None and (enterprise or host.startswith("api.")):
        host = host if enterprise else host.removeprefix("api.")
        repository = api.group("repository")
    elif not (_GITHUB.fullmatch(host) and written.endswith(f"/pulls/{match.group('number')}")):
        return PullRequestUrl(written, host, repository, number, written)
    scheme = written.partition("://")[0]
    return PullRequestUrl(f"{scheme}://{host}/{repository}/pull/{number}", host, repository, number, written)


def creates_pull_request(tool: str | None, command: str | None) -> bool:
    """Whether this call is one that creates a pull request (its output then names it)."""
    if command and _CREATES.search(command):
        return True
    return bool(tool and _CREATING_TOOL.search(tool))


def _created(text: str, *, by_command: bool) -> PullRequestUrl | None:
    """The one that the creating call names.

    A command prints it alone on a line, or, where it names no other, at a line's end. A tool's answer is
    about the one that it created, which comes first.
    """
    if "already exists" in text:
        return None
    found = list(pull_request_urls(text))
    if not by_command:
        return found[0] if found else None
    lines = [line.strip().removeprefix("remote:").strip() for line in text.splitlines()]
    alone = [one for one in found if one.written in lines]
    if alone:
        return alone[0]
    if len({one.url for one in found}) == 1 and any(
        line.endswith(one.written) for line in lines for one in found
    ):
        return found[0]
    return None
