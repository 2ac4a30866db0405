"""Pull requests in texts: one address for each, whatever the text calls it, on every forge."""

import pytest
from claude_building import OTHER, OWN, Rows, parse

from debrief.model import Outcome, PullRequest
from debrief.sources.builder import SessionBuilder
from debrief.sources.pulls import MENTIONS_KEPT, PullRequests, pull_request_urls

GITHUB = "https://github.com/ada/shop/pull/7"
SERVER = "https://git.acme.dev/projects/K/repos/shop/pull-requests/7"
AZURE = "https://dev.azure.com/acme/web/_git/shop/pullrequest/7"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://api.github.com/repos/ada/shop/pulls/7", GITHUB),
        ("https://api.github.com/repos/ada/shop/pulls/7/files", GITHUB),
        ("https://api.acme.ghe.com/repos/ada/shop/pulls/7", "https://acme.ghe.com/ada/shop/pull/7"),
        ("https://git.acme.dev/api/v3/repos/ada/shop/pulls/7", "https://git.acme.dev/ada/shop/pull/7"),
        ("https://git.acme.dev:8443/api/v3/repos/a/b/pulls/7", "https://git.acme.dev:8443/a/b/pull/7"),
        ("https://github.com/ada/shop/pulls/7", GITHUB),
        ("https://github.acme.dev/ada/shop/pulls/7", "https://github.acme.dev/ada/shop/pull/7"),
        ("https://github.com/ada/shop/pull/7#discussion_r1", GITHUB),
        ("https://github.com/ada/shop/pull/7/files#diff-1a", GITHUB),
        ("https://github.com/ada/shop/pull/7/commits/0123abc", GITHUB),
        ("http://www.github.com/ada/shop/pull/7", GITHUB),
        ("HTTPS://GitHub.COM/ada/shop/pull/7", GITHUB),
        ("https://github.com:443/ada/shop/pull/7", GITHUB),
        ("https://ada:secret@github.com/ada/shop/pull/7", GITHUB),
        ("github.com/ada/shop/pull/7", GITHUB),
        ("https://codeberg.org/ada/shop/pulls/7", "https://codeberg.org/ada/shop/pulls/7"),
        ("https://acme.dev:3000/git/ada/shop/pulls/7/files", "https://acme.dev:3000/git/ada/shop/pulls/7"),
        ("https://acme.dev/api/v1/repos/ada/shop/pulls/7", "https://acme.dev/ada/shop/pulls/7"),
        ("https://gitlab.com/a/b/c/-/merge_requests/7", "https://gitlab.com/a/b/c/-/merge_requests/7"),
        ("https://gitlab.com/a/b/c/d/-/merge_requests/7/diffs", "https://gitlab.com/a/b/c/d/-/merge_requests/7"),
        ("https://git.acme.dev/a/b/merge_requests/7", "https://git.acme.dev/a/b/-/merge_requests/7"),
        ("https://gl.acme.dev/api/v4/projects/a%2Fb/merge_requests/7", "https://gl.acme.dev/a/b/-/merge_requests/7"),
        ("https://bitbucket.org/ada/shop/pull-requests/7/a-title/diff", "https://bitbucket.org/ada/shop/pull-requests/7"),
        ("https://api.bitbucket.org/2.0/repositories/ada/shop/pullrequests/7", "https://bitbucket.org/ada/shop/pull-requests/7"),
        (f"{SERVER}/overview?commentId=3", SERVER),
        ("https://git.acme.dev/rest/api/1.0/projects/K/repos/shop/pull-requests/7", SERVER),
        ("https://git.acme.dev/rest/api/latest/projects/~ada/repos/shop/pull-requests/7", "https://git.acme.dev/users/ada/repos/shop/pull-requests/7"),
        (f"{AZURE}?_a=files", AZURE),
        ("https://acme@dev.azure.com/acme/web/_git/shop/pullrequest/7", AZURE),
        ("https://acme.visualstudio.com/web/_git/shop/pullrequest/7", AZURE),
        ("https://acme.visualstudio.com/DefaultCollection/web/_git/shop/pullrequest/7", AZURE),
        ("https://dev.azure.com/acme/web/_apis/git/repositories/shop/pullRequests/7", AZURE),
        ("https://dev.azure.com/acme/_git/shop/pullrequest/7", "https://dev.azure.com/acme/shop/_git/shop/pullrequest/7"),
        ("https://dev.azure.com/acme/My%20Web/_git/shop/pullrequest/7", "https://dev.azure.com/acme/My%20Web/_git/shop/pullrequest/7"),
        ("https://tfs.acme.dev:8080/tfs/Main/web/_git/shop/pullrequest/7", "https://tfs.acme.dev:8080/tfs/Main/web/_git/shop/pullrequest/7"),
    ],
)  # fmt: skip
def test_one_pull_request_has_one_address(written: str, url: str) -> None:
    (found,) = pull_request_urls(f"see {written} and so on")
    assert (found.url, found.number) == (url, 7)
    assert found.repository.lstrip("~").rpartition("/")[2] in url
    assert f"//{found.host}/" in url
    assert written.startswith(found.written)
    (again,) = pull_request_urls(found.url)
    assert again.url == found.url, "its own address is left as it is"


@pytest.mark.parametrize(
    "around",
    ["({})", "<{}>", "[#7]({})", "**{}**", "_{}_", "`{}`", '"{}"', "{}.", "{},", "{}!", "\x1b[32m{}\x1b[0m",
     "\x1b]8;;https://elsewhere.dev\x07{}\x1b]8;;\x07"],
)  # fmt: skip
def test_what_stands_around_an_address_is_no_part_of_it(around: str) -> None:
    builder = _builder()
    PullRequests(builder).in_text(around.format(GITHUB), 0)
    assert [pull.url for pull in builder.build().pull_requests] == [GITHUB]


def test_json_may_escape_the_slashes() -> None:
    (found,) = pull_request_urls(r'{"html_url":"https:\/\/github.com\/ada\/shop\/pull\/7"}')
    assert found.url == GITHUB


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/ada/shop/pull/new/feature",
        "https://github.com/ada/shop/pull/new/pull/7",
        "https://github.com/ada/shop/compare/main...x?expand=1",
        "https://github.com/ada/shop/blob/main/docs/pull/7",
        "https://github.com/ada/shop/issues/7",
        "https://github.com/ada/shop/pull/7abc",
        "https://github.com/ada/shop/pull/7-fix",
        "https://codeberg.org/ada/shop/src/branch/main/docs/pulls/7",
        "https://gitlab.com/a/b/-/merge_requests/new?merge_request%5Bsource_branch%5D=7",
        "https://gitlab.com/a/b/-/blob/main/merge_requests/7",
        "https://gitlab.com/api/v4/projects/12/merge_requests/7",
        "https://bitbucket.org/ada/shop/pull-requests/new?source=x&t=1",
        "https://git.acme.dev/projects/K/repos/r/pull-requests?create&sourceBranch=7",
        "https://dev.azure.com/acme/web/_git/shop/pullrequestcreate?sourceRef=7",
        "https://dev.azure.com/acme/_apis/git/repositories/12345678-1234-1234-1234-123456789012/pullRequests/7",
        "ftp://github.com/ada/shop/pull/7",
        "notgithub.com/ada/shop/pull/7",
        "https://github.com/pull/7",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert list(pull_request_urls(text)) == []


def _builder() -> SessionBuilder:
    return SessionBuilder(format_name="x", parser_version=1, agent_name="X", clean=lambda text: text)


def noted(*calls: tuple[str | None, str | None, str, Outcome]) -> tuple[PullRequest, ...]:
    builder = _builder()
    pulls = PullRequests(builder)
    for event, (tool, command, text, outcome) in enumerate(calls):
        pulls.in_result(tool, command, text, outcome, event)
    return builder.build().pull_requests


def test_one_that_is_written_in_many_ways_is_noted_once_and_as_created() -> None:
    server = "git.acme.dev/ada/shop/pulls/7"
    (pull,) = noted(
        (None, "cat notes.md", f"http://{server}/files", "ok"),
        (None, "tea pr create", f"https://{server.replace('ada', 'Ada')}\n", "ok"),
        (None, "cat notes.md", f"https://www.{server}#issuecomment-1", "ok"),
    )
    assert (pull.url, pull.created, pull.evidence, pull.event) == (f"http://{server}", True, "tool_result", 1)


def test_a_listing_of_hundreds_is_cut() -> None:
    text = "\n".join(f"https://github.com/ada/shop/pull/{number}" for number in range(1, 200))
    assert len(noted((None, "gh pr list", text, "ok"))) == MENTIONS_KEPT


def test_a_record_that_names_no_address_of_a_forge_is_noted_as_it_stands() -> None:
    builder = _builder()
    pulls = PullRequests(builder)
    pulls.native("https://review.acme.dev/c/shop/+/7", 3, number=7, repository="shop")
    pulls.native("https://github.com/ada/shop/pull/8/files", 4)
    first, second = builder.build().pull_requests
    assert (first.url, first.number, first.repository, first.evidence) == (
        "https://review.acme.dev/c/shop/+/7",
        7,
        "shop",
        "native",
    )
    assert (second.url, second.repository, second.event) == (
        "https://github.com/ada/shop/pull/8",
        "ada/shop",
        4,
    )


def test_a_tools_answer_and_a_link_to_it_are_one_created_pull_request() -> None:
    rows = Rows()
    answer = '{"url":"https://api.github.com/repos/ada/shop/pulls/7","number":7}'
    call = rows.calls("mcp__github__create_pull_request", title="Fix")
    session = parse([call, rows.result(answer), rows.says("See https://github.com/ada/shop/pull/7")])
    (pull,) = session.pull_requests
    assert (pull.url, pull.created) == ("https://github.com/ada/shop/pull/7", True)
    assert pull.repository == "ada/shop"


def test_a_command_that_prints_another_form_of_the_address_creates_it_too() -> None:
    rows = Rows()
    output = "Creating a pull request\nhttps://github.com/ada/shop/pulls/8\n"
    session = parse([rows.calls("Bash", command="gh pr create --fill"), rows.result(output)])
    (pull,) = session.pull_requests
    assert (pull.url, pull.created) == ("https://github.com/ada/shop/pull/8", True)


def test_what_a_replayed_row_created_is_another_sessions() -> None:
    old, own = Rows(OTHER), Rows(OWN)
    url = "https://github.com/ada/shop/pull/7"
    link = {"type": "pr-link", "prNumber": 7, "prUrl": url, "prRepository": "ada/shop", "sessionId": OTHER}
    history = [old.user("ship it"), old.calls("Bash", command="gh pr create --fill"), old.result(f"{url}\n")]
    session = parse([*history, link, own.user("and now the tests")])
    assert [(pull.number, pull.created) for pull in session.pull_requests] == [(7, False)]
    (pull,) = parse([*history[:1], {**link, "sessionId": OWN}, own.user("go on")]).pull_requests
    assert (pull.created, pull.evidence) == (True, "native"), "the session's own record counts"
