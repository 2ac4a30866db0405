"""Created told from mentioned: which calls create a pull request, and which of the addresses is new."""

import json
from typing import Any

import pytest

from debrief.model import Outcome
from debrief.sources.builder import SessionBuilder
from debrief.sources.pull_creation import creation_of
from debrief.sources.pulls import PullRequests

HUB = "https://github.com/ada/shop/pull/7"
OTHER = "https://github.com/ada/shop/pull/3"
LAB = "https://gitlab.acme.dev/web/shop/-/merge_requests/7"
AZURE = "https://dev.azure.com/acme/My%20Web/_git/shop/pullrequest/7"
GUID = "12345678-1234-1234-1234-123456789012"


def created(command: str | None, text: str, outcome: Outcome = "ok", tool: str = "Bash") -> list[str]:
    builder = SessionBuilder(format_name="x", parser_version=1, agent_name="X", clean=lambda text: text)
    PullRequests(builder).in_result(tool, command, text, outcome, 0)
    pulls = builder.build().pull_requests
    assert all(pull.evidence == ("tool_result" if pull.created else "mention") for pull in pulls)
    return [pull.url for pull in pulls if pull.created]


BODY = """gh pr create --title "It's done" --body "$(cat <<'EOF'
Don't "quote" (this) `way`; see gh pr create --web
EOF
)" """


@pytest.mark.parametrize(
    "command",
    [
        "gh pr create --fill",
        BODY,
        "cd shop && git push -u origin HEAD && gh -R ada/shop pr new --draft 2>&1 | tail -3",
        "GH_HOST=git.acme.dev /usr/bin/gh pr create",
        '& "C:\\Program Files\\GitHub CLI\\gh.exe" pr create --fill',
        "$made = gh pr create --fill",
        "PR_URL=$(gh pr create --fill)",
        'echo "Created: $(gh pr create --fill)"',
        "echo `gh pr create --fill`",
        "bash -lc 'gh pr create --fill'",
        'timeout 60 bash -c "cd x; gh pr create --fill"',
        "sudo -u ada env A=b gh pr create",
        "if ! gh pr create --fill; then echo failed; fi",
        "(cd shop; gh pr create --fill) &",
        "cat > body.md <<'EOF'\nIt's here\nEOF\ngh pr create --body-file body.md",
        "gh pr create --title x --body y # opens it with gh pr create --web",
        "gh api repos/ada/shop/pulls -X POST -f title=x",
        "gh api repos/{owner}/{repo}/pulls -f title=x --jq .html_url",
        "gh api --method=POST /repos/ada/shop/pulls --input pr.json",
        "gh api graphql -f query='mutation { createPullRequest(input: {}) { pullRequest { url } } }'",
        "hub pull-request -m x",
        "glab mr create --fill --yes",
        "glab -R web/shop mr new --fill",
        "glab api projects/:id/merge_requests --method POST -f title=x",
        "tea pr create --title x",
        "tea pulls create",
        "berg pull create",
        "fj pr create x",
        "az repos pr create --title x --detect",
        "az rest --method post --url https://dev.azure.com/a/b/_apis/git/repositories/c/pullrequests -b @x",
        "curl -X POST https://api.github.com/repos/ada/shop/pulls -d '{}'",
        'curl -sS --data @pr.json "$API/repos/ada/shop/pulls" | jq -r .html_url',
        "curl -XPOST https://acme.dev/api/v1/repos/ada/shop/pulls -H 'A: b' --data-raw '{}'",
        "curl --request POST 'https://gitlab.acme.dev/api/v4/projects/12/merge_requests' --form title=x",
        "curl -X POST https://api.bitbucket.org/2.0/repositories/ada/shop/pullrequests -d '{}'",
        "curl -X POST https://git.acme.dev/rest/api/1.0/projects/K/repos/shop/pull-requests -d '{}'",
        "curl -d '{}' 'https://dev.azure.com/o/p/_apis/git/repositories/r/pullrequests?api-version=7.1'",
        "wget --post-data='{}' https://api.github.com/repos/ada/shop/pulls -O -",
        "http POST https://api.github.com/repos/ada/shop/pulls title=x",
        "Invoke-RestMethod -Method Post -Uri https://api.github.com/repos/ada/shop/pulls -Body $b",
    ],
)  # fmt: skip
def test_a_command_that_creates_one(command: str) -> None:
    assert created(command, f"Creating it\n\n{HUB}\n") == [HUB]


@pytest.mark.parametrize(
    "command",
    [
        "gh pr create --web",
        "gh pr create -w --fill",
        "gh pr create --dry-run",
        "gh pr create --help",
        "glab mr create --web",
        "gh pr view 7",
        "gh pr list --search 'pr create'",
        "gh issue create --title 'gh pr create'",
        "tea pr checkout create",
        "az repos pr list",
        'echo "gh pr create"',
        f"echo {HUB}",
        "grep -rn 'gh pr create' docs",
        "sed -n '/gh pr create/,$p' log.txt",
        "git commit -m 'Say when to run gh pr create'",
        "cat <<EOF\ngh pr create --fill\nEOF",
        "cat pr-create-output.txt",
        "# gh pr create",
        "gh api repos/ada/shop/pulls",
        "gh api 'repos/ada/shop/pulls?state=open'",
        "gh api repos/ada/shop/pulls -X GET -f state=open",
        "gh api repos/ada/shop/pulls/7 -X PATCH -f title=x",
        "gh api repos/ada/shop/pulls/7/comments -f body=x",
        "curl https://api.github.com/repos/ada/shop/pulls",
        "curl -G -d state=open https://api.github.com/repos/ada/shop/pulls",
        "curl -X POST https://api.github.com/repos/ada/shop/issues/7/comments -d '{}'",
        "curl -X POST https://example.dev/hook -d 'see https://api.github.com/repos/ada/shop/pulls here'",
        "git push",
        "git push -o ci.skip",
        "git push --dry-run -o merge_request.create",
        "git log --grep merge_request.create",
        "python make.py 'gh pr create'",
        "",
    ],
)  # fmt: skip
def test_a_command_that_creates_none(command: str) -> None:
    assert created(command, f"remote: View it:\nremote:   {HUB}\nCreated {HUB}\n{HUB}\n") == []


@pytest.mark.parametrize(
    "tool",
    ["create_pull_request", "mcp__github__create_pull_request", "mcp__gitlab__create_merge_request",
     "github-mcp-server-create_pull_request", "mcp__codex_apps__github_create_pull_request",
     "createPullRequest",
     "mcp__azure-devops__repo_create_pull_request", "mcp__bitbucket__bb-create-pull-request", "git_create_pr",
     "mcp__gitea__pull_request_create", "create_pull_request_with_copilot"],
)  # fmt: skip
def test_a_tool_that_creates_one(tool: str) -> None:
    assert created(None, f"Created pull request #7: {HUB}, which replaces {OTHER}", tool=tool) == [HUB]


@pytest.mark.parametrize(
    "tool",
    ["Read", "mcp__github__get_pull_request", "mcp__github__create_pull_request_review",
     "mcp__github__create_pending_pull_request_review", "mcp__gitlab__create_merge_request_note",
     "create_issue",
     "mcp__github__list_pull_requests", "mcp__github__update_pull_request", "recreate_prompt", "search"],
)  # fmt: skip
def test_a_tool_that_creates_none(tool: str) -> None:
    assert created(None, f"Created pull request #7: {HUB}", tool=tool) == []


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("gh pr create --fill", f'a pull request for branch "x" into branch "main" already exists:\n{HUB}'),
        ("gh pr create || gh pr view --json url", f'pull request for "x" already exists:\n{{"url":"{HUB}"}}'),
        ("gh pr create --fill; gh pr list", f"pull request create failed: GraphQL: No commits\n{OTHER}\n"),
        ("glab mr create", f"Another open merge request already exists for this source branch: !7\n{LAB}\n"),
        ("tea pr create", "pull request already exists for these targets\nhttps://acme.dev/a/b/pulls/7"),
        ("gh api repos/a/b/pulls -f title=x", f"gh: Validation Failed (HTTP 422)\n{HUB}"),
        ("gh pr create --fill", "Would have created a Pull Request with:\nsee\n" + HUB),
        ("git push -o merge_request.create", f"remote: To create one, visit:\nremote:  {LAB[:-1]}new"),
        ("gh pr create --fill", f"The body mentions {OTHER} and {HUB} in a sentence."),
    ],
)  # fmt: skip
def test_what_was_refused_or_only_tried_is_not_created(command: str, text: str) -> None:
    assert created(command, text) == []


@pytest.mark.parametrize("outcome", ["error", "rejected", "interrupted", "cascade"])
def test_a_call_that_failed_created_none(outcome: Outcome) -> None:
    assert created("gh pr create --fill", f"{HUB}\n", outcome) == []
    assert created(None, f"Created {HUB}", outcome, tool="create_pull_request") == []


def test_a_tool_that_says_that_it_failed_created_none() -> None:
    assert created(None, f"Error: cannot reopen {HUB}", tool="create_pull_request") == []
    text = f"A pull request already exists for ada:x: {HUB}"
    assert created(None, text, tool="create_pull_request") == []


def test_a_push_creates_where_it_is_told_to_and_the_forge_names_it() -> None:
    text = f"To gitlab.acme.dev:web/shop\nremote: View merge request for x:\nremote:   {LAB}\nremote:\n"
    for option in ("-o merge_request.create", "--push-option=merge_request.create", "-omerge_request.create"):
        assert created(f"git push {option} -o merge_request.target=main origin HEAD", text) == [LAB]
    assert created("git -c push.pushOption=merge_request.create push", text) == [LAB]
    assert created("git push", text) == [], "one that exists is viewed, too"
    assert created("git push && gh pr create --fill", f"{text}\n{HUB}\n") == [HUB]


def test_where_other_commands_print_addresses_the_place_tells_which_is_new() -> None:
    assert created("cat old.txt && gh pr create --fill", f"{OTHER}\n{HUB}\n") == [HUB]
    assert created("gh pr create --fill && cat old.txt", f"{HUB}\n{OTHER}\n") == [HUB]
    assert created("gh pr create --fill; gh pr create -H b", f"{HUB}\n{OTHER}\n") == [HUB, OTHER]
    assert created("for b in x y; do gh pr create -H $b; done", f"{HUB}\n{OTHER}\n") == [HUB, OTHER]
    exists = f'a pull request for branch "x" already exists:\n{OTHER}\n'
    assert created("for b in x y; do gh pr create -H $b; done", f"{exists}{HUB}\n") == [HUB]


def test_colours_and_links_of_a_terminal_are_taken_off() -> None:
    assert created("gh pr create --fill", f"\x1b[1m{HUB}\x1b[0m\r\n") == [HUB]
    assert created("lab mr create", f"\x1b[32m✓\x1b[0m Created merge request !7: {LAB}.") == [LAB]


GITHUB_ANSWER = {
    "url": "https://api.github.com/repos/ada/shop/pulls/7",
    "html_url": HUB,
    "issue_url": "https://api.github.com/repos/ada/shop/issues/7",
}
AZURE_ANSWER = {
    "pullRequestId": 7,
    "repository": {
        "id": GUID,
        "name": "shop",
        "project": {"id": GUID, "name": "My Web"},
        "url": f"https://dev.azure.com/acme/{GUID}/_apis/git/repositories/{GUID}",
        "webUrl": None,
    },
    "url": f"https://dev.azure.com/acme/{GUID}/_apis/git/repositories/{GUID}/pullRequests/7",
}
SERVER = "https://git.acme.dev/projects/K/repos/shop/pull-requests/7"


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        ({"body": f"Replaces {OTHER}", **GITHUB_ANSWER}, HUB),
        ({"description": f"Replaces\n{OTHER}\n", "web_url": LAB, "iid": 7}, LAB),
        ({"summary": {"raw": OTHER}, "links": {"self": {"href": OTHER}, "html": {"href": HUB}}}, HUB),
        ({"id": 7, "description": OTHER, "links": {"self": [{"href": f"{SERVER}/overview"}]}}, SERVER),
        ({"data": {"createPullRequest": {"pullRequest": {"body": OTHER, "url": HUB}}}}, HUB),
        ({"description": OTHER, **AZURE_ANSWER}, AZURE),
        ([{"type": "text", "text": json.dumps({"body": OTHER, "html_url": HUB})}], HUB),
        ({"pullRequestId": 7, "repository": {"webUrl": "https://tfs.acme.dev/tfs/Main/web/_git/shop"}},
         "https://tfs.acme.dev/tfs/Main/web/_git/shop/pullrequest/7"),
    ],
)  # fmt: skip
def test_an_answer_in_json_is_about_the_one_that_it_describes(answer: Any, url: str) -> None:
    text = json.dumps(answer, indent=2)
    assert created(None, text, tool="mcp__forge__create_pull_request") == [url]
    assert created(None, json.dumps(answer), tool="mcp__forge__create_pull_request") == [url]
    if isinstance(answer, dict):
        assert created("curl -i -d @x https://api.github.com/repos/a/b/pulls", f"HTTP/2 201\n\n{text}") == [
            url
        ]


@pytest.mark.parametrize(
    "answer",
    [
        {"message": "Validation Failed", "errors": [{"message": f"See {OTHER}"}]},
        {"items": [{"html_url": HUB}, {"html_url": OTHER}]},
        [{"html_url": HUB}, {"html_url": OTHER}],
        {"pullRequestId": "7", "repository": []},
        {"html_url": 7, "links": [], "url": None, "data": {"data": {"data": [[[[[]]]]]}}},
    ],
)
def test_an_answer_that_describes_none_creates_none(answer: Any) -> None:
    text = json.dumps(answer, indent=2)
    assert created("curl -d @x https://api.github.com/repos/a/b/pulls", text) == []


def test_a_cut_answer_still_names_its_own() -> None:
    text = json.dumps({**GITHUB_ANSWER, "body": f"{OTHER} " * 50})[:900]
    assert created(None, text, tool="create_pull_request") == [HUB]


def test_hostile_scripts_end_and_create_nothing() -> None:
    for script in (
        "$(" * 5000 + "pr",
        '"$(' * 5000 + "pr",
        "`" * 9999 + "pr",
        "<<A pr\n" * 3000,
        "'pr",
        '"pr \\',
        "pr \\",
    ):
        assert creation_of(None, script) is None
    assert creation_of(None, "bash -c " * 2000 + "'gh pr create'") is None
