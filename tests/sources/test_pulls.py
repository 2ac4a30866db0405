"""Pull requests in texts: one address for each, whatever the text calls it."""

import pytest
from claude_building import OTHER, OWN, Rows, parse

from debrief.sources.pulls import pull_request_urls


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://api.github.com/repos/ada/shop/pulls/7", "https://github.com/ada/shop/pull/7"),
        ("https://api.github.com/repos/ada/shop/pulls/7/files", "https://github.com/ada/shop/pull/7"),
        ("https://api.acme.ghe.com/repos/ada/shop/pulls/7", "https://acme.ghe.com/ada/shop/pull/7"),
        ("https://git.acme.dev/api/v3/repos/ada/shop/pulls/7", "https://git.acme.dev/ada/shop/pull/7"),
        ("https://git.acme.dev:8443/api/v3/repos/a/b/pulls/7", "https://git.acme.dev:8443/a/b/pull/7"),
        ("https://github.com/ada/shop/pulls/7", "https://github.com/ada/shop/pull/7"),
        ("https://github.acme.dev/ada/shop/pulls/7", "https://github.acme.dev/ada/shop/pull/7"),
        ("https://github.com/ada/shop/pull/7#discussion_r1", "https://github.com/ada/shop/pull/7"),
        ("https://codeberg.org/ada/shop/pulls/7", "https://codeberg.org/ada/shop/pulls/7"),
        ("https://gitlab.com/a/b/c/-/merge_requests/7", "https://gitlab.com/a/b/c/-/merge_requests/7"),
    ],
)
def test_one_pull_request_has_one_address(written: str, url: str) -> None:
    (found,) = pull_request_urls(f"see {written} and so on")
    assert (found.url, found.number) == (url, 7)
    assert f"/{found.repository}/" in url
    assert f"//{found.host}/" in url
    assert written.startswith(found.written)


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
