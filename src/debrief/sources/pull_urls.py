"""Addresses of pull requests: a text in, each pull or merge request that it names out, under its one address.

GitHub, GitLab, Bitbucket (Cloud and Data Center), Azure DevOps and Gitea with its descendants, on their own
hosts or an enterprise's. Where the address of an API names the repository, the web page's is made of it.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from msgspec import Struct

_URL = re.compile(
    r"(?:(?P<scheme>https?)://(?:[^/@\s\"'<>]{1,256}@)?(?P<host>[\w.-]{1,253}(?::\d{1,5})?)"
    r"|(?<![\w./@:-])(?P<bare>(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|dev\.azure\.com)))"
    r"(?P<path>(?:/[\w.~%+@-]{1,200}){1,24}?)"
    r"/(?P<marker>pulls?|merge_requests|pull-requests|pullrequests?)"
    r"/(?P<number>\d{1,9})(?![A-Za-z0-9]|-[A-Za-z0-9])",
    re.IGNORECASE,
)

_GITHUB = re.compile(r"github\.com|github\.[\w.-]+(?::\d+)?|[\w.-]+\.ghe\.com")
"""Hosts that answer to `/pull/N` alone: other forges have their pull requests at `/pulls/N`."""

_PUBLIC = re.compile(
    r"(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|gitea\.com|dev\.azure\.com|[\w.-]+\.ghe\.com)"
)
"""Hosts that answer to https only, whatever a text writes."""

_VISUAL_STUDIO = re.compile(r"(?P<organization>[\w-]+)\.visualstudio\.com")

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_INNER_PAGES = frozenset(
    [
        "-",
        "_apis",
        "blob",
        "blame",
        "branches",
        "commit",
        "commits",
        "compare",
        "contents",
        "issues",
        "media",
        "new",
        "pull",
        "pulls",
        "raw",
        "releases",
        "search",
        "src",
        "tree",
        "wiki",
    ]
)
"""What stands below a repository in the address of a file or a list, which may be called anything."""


class PullRequestUrl(Struct, frozen=True):
    """`url` as a browser knows it, cut to the pull request itself, its repository ("owner/name") and number.

    `written` is what the text has in its place: the address of an API, perhaps.
    """

    url: str
    host: str
    repository: str
    number: int
    written: str

    @property
    def key(self) -> str:
        """The same for every way of writing the same pull request: forges ignore case, and the scheme."""
        return self.url.partition("://")[2].lower()


class _Page(Struct, frozen=True):
    """Where the pull request `number` lies: everything before the number, host and repository apart."""

    host: str
    path: str
    repository: str


def pull_request_urls(text: str) -> Iterator[PullRequestUrl]:
    """Every pull or merge request URL in `text`, in order, repeats included."""
    lowered = text.lower()
    if "pull" not in lowered and "merge_requests" not in lowered:
        return  # most texts: a look for a word is much quicker than one for an address
    if "\\/" in text:
        # JSON may escape its slashes.
        text = text.replace("\\/", "/")
    for match in _URL.finditer(text):
        scheme = (match["scheme"] or "https").lower()
        host = (match["host"] or match["bare"]).lower().removeprefix("www.")
        host = host.removesuffix(":443" if scheme == "https" else ":80")
        number = int(match["number"])
        page = _page(host, match["path"].strip("/").split("/"), match["marker"].lower())
        if page is None:
            continue
        if _PUBLIC.fullmatch(page.host):
            scheme = "https"
        url = f"{scheme}://{page.host}/{page.path}/{number}"
        yield PullRequestUrl(url, page.host, page.repository, number, match.group())


def azure_url(api_url: str, project: str, repository: str, number: int) -> PullRequestUrl | None:
    """The web page of the pull request that Azure DevOps answers about with an API's address and names."""
    match = re.match(r"(https?://[^\s?#]+?)/(?:[^/\s]+/)?_apis/git/", api_url, re.IGNORECASE)
    if match is None:
        return None
    names = [part.replace(" ", "%20") for part in (project, repository)]
    page = f"{match[1]}/{names[0]}/_git/{names[1]}/pullrequest/{number}"
    return next(pull_request_urls(page), None)


def _page(host: str, parts: list[str], marker: str) -> _Page | None:
    if marker in ("pull", "pulls"):
        return _of_two_names(host, parts, marker)
    if marker == "merge_requests":
        return _merge_request(host, parts)
    if len(parts) > 1 and parts[-2].lower() == "_git":
        return _azure(host, parts)
    if parts[-4:-1] == ["_apis", "git", "repositories"]:
        return None if _GUID.fullmatch(parts[-1]) else _azure(host, [*parts[:-4], "_git", parts[-1]])
    return None if marker == "pullrequest" else _bitbucket(host, parts, marker)


def _of_two_names(host: str, parts: list[str], marker: str) -> _Page | None:
    """GitHub and Gitea: a repository is an owner and a name; before them a path that a proxy puts there."""
    if len(parts) < 2:  # noqa: PLR2004 (an owner and a name)
        return None
    before, repository = parts[:-2], "/".join(parts[-2:])
    if before[-1:] == ["repos"]:
        by_host = host.startswith("api.") and len(before) == 1
        if by_host or before[-3:-1] == ["api", "v3"]:
            return _Page(host.removeprefix("api.") if by_host else host, f"{repository}/pull", repository)
        if before[-3:-1] == ["api", "v1"]:
            return _Page(host, "/".join([*before[:-3], repository, "pulls"]), repository)
    known = _GITHUB.fullmatch(host) is not None
    if before and (known or not _INNER_PAGES.isdisjoint(part.lower() for part in parts[1:])):
        return None
    return _Page(host, "/".join([*parts, "pull" if known else marker]), "/".join(parts))


def _merge_request(host: str, parts: list[str]) -> _Page | None:
    """GitLab: groups within groups; since 2020 a dash parts the repository from its pages."""
    if parts[-4:-1] == ["api", "v4", "projects"]:
        # By its number alone a project has no page that could be named.
        parts = [*parts[:-4], *unquote(parts[-1]).split("/")] if "%2f" in parts[-1].lower() else []
    elif parts[-1] == "-":
        parts = parts[:-1]
    if len(parts) < 2 or not _INNER_PAGES.isdisjoint(part.lower() for part in parts[2:]):  # noqa: PLR2004
        return None
    repository = "/".join(parts)
    return _Page(host, f"{repository}/-/merge_requests", repository)


def _azure(host: str, parts: list[str]) -> _Page | None:
    """Azure DevOps: an organization (or a server's collection), a project, a repository.

    The organization's older host is the same place, and a project's main repository may stand alone.
    """
    before, repository = parts[:-2], parts[-1]
    if older := _VISUAL_STUDIO.fullmatch(host):
        if before and before[0].lower() == "defaultcollection":
            before = before[1:]
        host, before = "dev.azure.com", [older["organization"], *before]
    if not before:
        return None
    if host == "dev.azure.com" and len(before) == 1:
        before = [*before, repository]
    path = "/".join([*before, "_git", repository])
    return _Page(host, f"{path}/pullrequest", path)


def _bitbucket(host: str, parts: list[str], marker: str) -> _Page | None:
    if host == "api.bitbucket.org" and parts[:-2] == ["2.0", "repositories"]:
        host, parts, marker = "bitbucket.org", parts[-2:], "pull-requests"
    if marker != "pull-requests":
        return None
    if len(parts) > 3 and parts[-2] == "repos" and parts[-4] in ("projects", "users"):  # noqa: PLR2004
        before, place, owner, name = parts[:-4], parts[-4], parts[-3], parts[-1]
        if before[-3:-1] == ["rest", "api"]:
            before = before[:-3]
        if owner.startswith("~"):
            # A person's own repositories have two addresses.
            place, owner = "users", owner[1:]
        repository = f"~{owner}/{name}" if place == "users" else f"{owner}/{name}"
        return _Page(host, "/".join([*before, place, owner, "repos", name, marker]), repository)
    if len(parts) < 2 or not _INNER_PAGES.isdisjoint(part.lower() for part in parts):  # noqa: PLR2004
        return None
    if host == "bitbucket.org" and len(parts) > 2:  # noqa: PLR2004
        return None
    repository = "/".join(parts)
    return _Page(host, f"{repository}/{marker}", repository)
