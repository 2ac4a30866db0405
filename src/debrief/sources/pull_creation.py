"""Calls that create a pull request, and which one their output says that they created.

A command counts where it is run, not where a text quotes it, and where it creates by itself: one that opens
a form in a browser, or only says what it would do, creates nothing. Of what it prints, the address counts
that stands where its program puts the new one's.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from debrief.sources.builder import printable
from debrief.sources.documents import read_value
from debrief.sources.pull_urls import PullRequestUrl, azure_url, pull_request_urls
from debrief.sources.records import count, mapping, sequence, string
from debrief.sources.shell_script import Command, commands

WINDOW = 65_536
"""Characters at either end of a text that are looked through for pull requests."""

ANSWER_LIMIT = 1_048_576
"""Characters of an answer in JSON that are read."""

_WORTH_READING = re.compile(r"pull|merge|\b(?:pr|mr)\b", re.IGNORECASE)

_TOOL = re.compile(
    r"(?:^|_)(?:(?:create|open|submit|raise|new)_(?:(?:a|an|new|draft|github|gitlab|bitbucket|azure|gitea)_)*"
    r"(?:pull_?request|merge_?request|pr|mr)|(?:pull_?request|merge_?request|pr|mr)_(?:create|open|submit))"
    r"(?:_with_copilot|_tool|_v\d+)?$"
)

_REFUSED = re.compile(
    r"(?:pull|merge) request[^\n]{0,300}already exists|already exists[^\n]{0,200}(?:pull|merge) request"
    r"|pull request create failed|(?:could not|failed to) create (?:pull|merge) request|\(HTTP 4\d\d\)"
    r"|only one pull request may be open|would have created a (?:pull|merge) request",
    re.IGNORECASE,
)
"""What forges and their programs say where there is one already, where they refuse, or on a trial run."""

_ERROR_START = re.compile(r"\s*(?:\W{0,3})(?:error|failed|mcp error|failure)\b", re.IGNORECASE)

_LOOPS = frozenset(("for", "while", "until", "xargs"))


class Creation(Struct, frozen=True):
    """What a call creates: `times` pull requests (0: any number), named in the way of its program.

    `pushed`: the forge names it in what it sends back to a push. `last`: nothing that is run later prints.
    """

    times: int = 1
    by_tool: bool = False
    pushed: bool = False
    last: bool = True


def creation_of(tool: str | None, command: str | None) -> Creation | None:
    """What a call of `tool`, or of a shell with `command`, creates; None where it creates nothing."""
    if command is not None:
        return _of_command(command) if _WORTH_READING.search(command) else None
    if tool is None:
        return None
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", tool)
    return Creation(by_tool=True) if _TOOL.search(re.sub(r"\W+", "_", words).lower()) else None


def created_in(text: str, creation: Creation) -> list[PullRequestUrl]:
    """The pull requests that `text`, the output of such a call, says were created."""
    text = printable(text)
    refused = _REFUSED.search(text) is not None
    if creation.by_tool:
        answered = _answer(text, whole=True)
        if answered is not None or refused or _ERROR_START.match(text):
            return [answered] if answered is not None else []
        return list(pull_request_urls(text[:WINDOW]))[:1]
    if refused and creation.times == 1:
        return []
    if not creation.pushed and (answered := _answer(text, whole=False)) is not None:
        return [answered]
    lines = [
        line.strip().removeprefix("remote:").strip(" \t\"'<>`*")
        for line in _refusals_left_out(text[-WINDOW:])
        if line.lstrip().startswith("remote:") == creation.pushed
    ]
    alone = _different(url for line in lines if (url := _alone(line)) is not None)
    if not alone:
        # In what is quoted it is a field of something, or a title.
        told = [line.rstrip(".,;:!)]> ") for line in lines if '"' not in line]
        ends = _different(url for line in lines for url in pull_request_urls(line))
        closes = any(line.endswith(one.written) for line in told for one in ends)
        alone = ends if len(ends) == 1 and closes else []
    times = creation.times or len(alone)
    return alone[-times:] if creation.last else alone[:times]


def _refusals_left_out(text: str) -> Iterator[str]:
    """The lines of `text` without those that tell of one that exists already, whose address follows."""
    refused = False
    for line in text.splitlines():
        follows, refused = refused, _REFUSED.search(line) is not None
        if not refused and not (follows and "://" in line):
            yield line


def _alone(line: str) -> PullRequestUrl | None:
    found = next(pull_request_urls(line), None) if line and len(line.split()) == 1 else None
    return found if found is not None and line.startswith(found.written) else None


def _different(found: Iterator[PullRequestUrl]) -> list[PullRequestUrl]:
    return list({one.key: one for one in found}.values())


def _answer(text: str, *, whole: bool) -> PullRequestUrl | None:
    """The one that an answer in JSON is about. Of other programs' output, JSON stands on lines of its own."""
    start = re.search(r"\A\s*[{\[]" if whole else r"^\s*[{\[]", text[:WINDOW], re.MULTILINE)
    if start is None or len(text) > ANSWER_LIMIT:
        return None
    return _own_address(read_value(text[start.start() :].encode("utf-8", "replace")).value)


_ADDRESSES = ("html_url", "web_url", "webUrl", "htmlUrl", "permalink")
_API_ADDRESSES = ("url", "pull_request_url", "pullRequestUrl", "prUrl", "pr_url", "merge_request_url")
_WRAPPERS = frozenset(
    (
        "data",
        "result",
        "response",
        "pull_request",
        "pullRequest",
        "merge_request",
        "mergeRequest",
        "pr",
        "resource",
        "createPullRequest",
        "mergeRequestCreate",
        "structuredContent",
        "content",
    )
)

_DEPTH = 5
"""Wrappers within wrappers; no answer has more."""


def _own_address(value: object, depth: int = 0) -> PullRequestUrl | None:
    """The address of the pull request that `value` describes, whatever others its texts may mention."""
    if depth > _DEPTH:
        return None
    if isinstance(value, list):
        # A tool's answer in parts, or a list of one; a longer list is a search's.
        return _own_address(value[0], depth + 1) if len(value) == 1 else None
    fields = mapping(value)
    found = _stated_address(fields) or _azure_answer(fields)
    if found is not None:
        return found
    if text := string(fields.get("text")):
        inner = read_value(text.encode("utf-8", "replace")).value if text.lstrip()[:1] in "{[" else None
        return _own_address(inner, depth + 1)
    wrapped = (_own_address(fields[name], depth + 1) for name in fields if name in _WRAPPERS)
    return next((address for address in wrapped if address is not None), None)


def _stated_address(fields: dict[str, Any]) -> PullRequestUrl | None:
    links = mapping(fields.get("links")) or mapping(fields.get("_links"))
    stated = [fields.get(name) for name in _ADDRESSES]
    stated += [mapping(links.get(name)).get("href") for name in ("html", "web")]
    stated += [mapping(link).get("href") for link in sequence(links.get("self"))[:1]]
    stated += [fields.get(name) for name in _API_ADDRESSES]
    for address in stated:
        found = next(pull_request_urls(address), None) if isinstance(address, str) else None
        if found is not None and isinstance(address, str) and address.startswith(found.written):
            return found
    return None


def _azure_answer(fields: dict[str, Any]) -> PullRequestUrl | None:
    """Azure DevOps answers with the addresses of its API; the page is made of the names beside them."""
    number = count(fields.get("pullRequestId"))
    repository = mapping(fields.get("repository"))
    if number is None or not repository:
        return None
    if page := string(repository.get("webUrl")) or string(repository.get("remoteUrl")):
        found = next(pull_request_urls(f"{page}/pullrequest/{number}"), None)
        if found is not None:
            return found
    project = string(mapping(repository.get("project")).get("name"))
    name, api = string(repository.get("name")), string(fields.get("url")) or string(repository.get("url"))
    return azure_url(api, project, name, number) if api and project and name else None


Arguments = tuple[str, ...]


def _of_command(script: str) -> Creation | None:
    run = commands(script)
    creating = [place for place, command in enumerate(run) if _creates(command)]
    if not creating:
        return None
    loops = any(word in _LOOPS for command in run for word in command.words[:1])
    after = run[creating[-1] + 1 :]
    return Creation(
        times=0 if loops else len(creating),
        pushed=all(_pushes(run[place]) for place in creating),
        last=all(command.piped or command.is_assignment for command in after),
    )


def _creates(command: Command) -> bool:
    found = command.runs(_PROGRAMS)
    if found is None:
        return False
    program, arguments = found
    if not {"--help", "--dry-run"}.isdisjoint(arguments):
        return False
    return _READERS[program](arguments)


def _pushes(command: Command) -> bool:
    return command.runs(_GIT) is not None


def _plain(arguments: Arguments, *with_value: str) -> list[str]:
    """`arguments` without options; those `with_value` take the word after them."""
    found: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument.startswith("-") and argument != "-":
            skip = argument in with_value
        else:
            found.append(argument)
    return found


def _by_words(
    *nouns: str, browser: tuple[str, ...] = (), verbs: tuple[str, ...] = ("create", "new")
) -> Callable[[Arguments], bool]:
    """A forge's program that is told `pr create` in its own words; with `browser` it opens a form instead."""

    def creates(arguments: Arguments) -> bool:
        words = _plain(arguments, "-R", "--repo", "--hostname", "-H", "--login", "-l", "-r", "--remote")
        told = len(words) > 1 and words[0] in nouns and words[1] in verbs
        return told and not any(argument in browser or argument == "-h" for argument in arguments)

    return creates


_ENDPOINT = re.compile(
    r"(?:repos/[^/\s?]+/[^/\s?]+/pulls|projects/[^\s?]+/merge_requests|repositories/[^/\s?]+/[^/\s?]+/pullrequests"
    r"|(?:projects|users)/[^/\s?]+/repos/[^/\s?]+/pull-requests|_apis/git/(?:repositories/[^/\s?]+/)?pullrequests)"
    r"/?(?:\?\S*)?",
    re.IGNORECASE,
)
"""The collection of pull requests in a forge's API: a POST to it creates one."""

_BODY_OPTIONS = ("-d", "-f", "-F", "--field", "--raw-field", "--input", "--json", "--form")
_METHOD = re.compile(
    r"(?:-X|--request|--method|-Method|--http-method)(?:[= ]?(?P<method>[A-Za-z]+))?", re.IGNORECASE
)


def _posts(arguments: Arguments) -> bool:
    """A request that creates: to the collection, by POST, which a body alone means too."""
    words = [argument.strip("/") for argument in arguments]
    if not any(_endpoint(word) for word in words):
        return "graphql" in words and any(
            re.search(r"createPullRequest\b|mergeRequestCreate\b", word) for word in words
        )
    method = None
    for place, argument in enumerate(arguments):
        if (found := _METHOD.fullmatch(argument)) is not None:
            method = found["method"] or (arguments[place + 1] if place + 1 < len(arguments) else None)
    if method is None and arguments[:1] and arguments[0].upper() in ("POST", "GET", "PATCH", "PUT"):
        method = arguments[0]
    if method is not None:
        return method.upper() == "POST"
    if "-G" in arguments or "--get" in arguments:
        return False
    return any(
        argument in _BODY_OPTIONS
        or argument.startswith(("--data", "--post-data", "--post-file", "-d", "--field="))
        for argument in arguments
    )


def _endpoint(word: str) -> bool:
    found = _ENDPOINT.search(word)
    return found is not None and found.end() == len(word) and not word.startswith("-")


def _github(arguments: Arguments) -> bool:
    if _plain(arguments, "--hostname")[:1] == ["api"]:
        return _posts(arguments[arguments.index("api") + 1 :])
    return _by_words("pr", browser=("-w", "--web"))(arguments)


def _gitlab(arguments: Arguments) -> bool:
    if _plain(arguments, "--hostname")[:1] == ["api"]:
        return _posts(arguments[arguments.index("api") + 1 :])
    return _by_words("mr", "merge-request", browser=("-w", "--web"), verbs=("create", "new", "for"))(
        arguments
    )


def _hub(arguments: Arguments) -> bool:
    if arguments[:1] == ("api",):
        return _posts(arguments[1:])
    return arguments[:1] == ("pull-request",)


def _azure_cli(arguments: Arguments) -> bool:
    words = _plain(arguments, "--method", "-m", "--area", "--resource")
    if words[:3] == ["repos", "pr", "create"]:
        return "-h" not in arguments
    if words[:1] == ["rest"]:
        return _posts(tuple("--method" if argument == "-m" else argument for argument in arguments[1:]))
    stated = " ".join(arguments).lower()
    return (
        words[:2] == ["devops", "invoke"] and "--resource pullrequests" in stated and "method post" in stated
    )


def _git(arguments: Arguments) -> bool:
    words = _plain(arguments, "-C", "-c", "--git-dir", "--work-tree")
    if words[:1] == ["pull-request"]:
        return True
    if words[:1] != ["push"] or "-n" in arguments:
        return False
    options = [
        argument.removeprefix("--push-option=").removeprefix("-o")
        for place, argument in enumerate(arguments)
        if argument.startswith(("--push-option=", "-o"))
        or arguments[place - 1] in ("-o", "--push-option", "-c")
    ]
    return any(
        re.fullmatch(r"(?:push\.pushOption=)?merge_request\.create(?:=\S*)?", one, re.IGNORECASE)
        for one in options
    )


_GIT = frozenset(("git",))

_READERS: dict[str, Callable[[Arguments], bool]] = {
    "gh": _github,
    "hub": _hub,
    "glab": _gitlab,
    "lab": _by_words("mr", "merge-request", "mergerequest"),
    "tea": _by_words("pr", "pull", "pulls", verbs=("create", "c")),
    "fj": _by_words("pr", browser=("--web",)),
    "berg": _by_words("pr", "pull", "pulls", "pull-request"),
    "bb": _by_words("pr", browser=("--web",)),
    "bkt": _by_words("pr", browser=("--web",)),
    "az": _azure_cli,
    "git": _git,
    "curl": _posts,
    "wget": _posts,
    "http": _posts,
    "https": _posts,
    "xh": _posts,
    "xhs": _posts,
    "invoke-restmethod": _posts,
    "invoke-webrequest": _posts,
    "irm": _posts,
    "iwr": _posts,
}
_PROGRAMS = frozenset(_READERS)
