"""Organization, tags and repository: from rules and from git, never guessed."""

import subprocess
from pathlib import Path

import pytest
from desk import NATIVE, SESSION, Desk, conversation, write

from debrief.config import rules_of, settings_from
from debrief.errors import SettingsError
from debrief.pipeline.identity import Rules, read_rules
from debrief.store import Store


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


def rules(tmp_path: Path, text: str) -> Rules:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    return read_rules(path)


def repository(folder: Path, url: str) -> Path:
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)  # noqa: S607
    subprocess.run(["git", "-C", str(folder), "remote", "add", "origin", url], check=True)  # noqa: S607
    return folder


def test_the_first_fitting_rule_gives_the_organization_and_each_its_tags(desk: Desk, tmp_path: Path) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    told = rules(
        tmp_path,
        """
        [[rule]]
        path = "/elsewhere/**"
        org = "wrong"
        [[rule]]
        path = "/src"
        org = "acme"
        tags = ["source"]
        [[rule]]
        path = "/src/app"
        org = "late"
        tags = ["app", "source"]
        """,
    )
    desk.run(rules=told)
    (item,) = desk.items()
    assert (item["org_id"], item["tags"]) == ("acme", ["app", "source"])
    assert desk.told(rules=told) == {f"{NATIVE}.jsonl": "unchanged"}
    assert desk.told() == {f"{NATIVE}.jsonl": "updated moved"}
    assert desk.items()[0]["org_id"] == "local"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("git@git.acme.example:platform/shop.git", "platform/shop"),
        ("https://ada:hunter2xyz@git.acme.example/platform/shop.git", "platform/shop"),
        ("/srv/git/shop.git", None),
    ],
)
def test_git_names_the_repository_of_a_folder_of_this_machine(
    desk: Desk, tmp_path: Path, url: str, expected: str | None
) -> None:
    folder = repository(tmp_path / "shop", url)
    (folder / "deep").mkdir()
    rows = [row | {"cwd": str(folder / "deep")} for row in conversation()]
    write(desk.folder / f"{NATIVE}.jsonl", rows)
    told = rules(tmp_path, '[[rule]]\nremote = "git.acme.example/platform/*"\norg = "acme"\n')
    desk.run(ask_git=True, rules=told)
    stored = desk.stored(SESSION)
    assert stored.session.repository == expected
    assert stored.session.remote == (None if expected is None else f"git.acme.example/{expected}")
    assert stored.org_id == ("local" if expected is None else "acme")


def test_a_work_tree_beside_its_repository_has_the_same_remote(desk: Desk, tmp_path: Path) -> None:
    main = repository(tmp_path / "main", "https://forge.example/team/tool")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (
        ["commit", "-q", "--allow-empty", "-m", "x"],
        ["worktree", "add", "-q", str(tmp_path / "tree")],
    ):
        subprocess.run(["git", "-C", str(main), *identity, *words], check=True, capture_output=True)  # noqa: S607
    rows = [row | {"cwd": str(tmp_path / "tree")} for row in conversation()]
    write(desk.folder / f"{NATIVE}.jsonl", rows)
    desk.run(ask_git=True)
    assert desk.stored(SESSION).session.remote == "forge.example/team/tool"


def test_git_is_not_asked_about_transcripts_from_elsewhere(desk: Desk, tmp_path: Path) -> None:
    folder = repository(tmp_path / "shop", "https://forge.example/team/shop")
    write(desk.folder / f"{NATIVE}.jsonl", [row | {"cwd": str(folder)} for row in conversation()])
    desk.run()
    assert desk.stored(SESSION).session.repository is None


def test_branch_and_commit_of_now_are_not_those_of_then(desk: Desk, tmp_path: Path) -> None:
    folder = repository(tmp_path / "shop", "https://forge.example/team/shop")
    rows = [{key: value for key, value in row.items() if key != "gitBranch"} for row in conversation()]
    write(desk.folder / f"{NATIVE}.jsonl", [row | {"cwd": str(folder)} for row in rows])
    desk.run(ask_git=True)
    session = desk.stored(SESSION).session
    assert (session.branch, session.commit) == (None, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[rule]]\norg = "acme"\n', "rule 1 has neither a path nor a remote"),
        ('[[rule]]\npath = "/a"\n', "neither an org nor tags"),
        ('[[rule]]\npath = "/a"\norgg = "b"\n', "orgg"),
        ("[[rule]\n", "cannot be read"),
        ('[[rule]]\npath = 3\norg = "b"\n', "path"),
    ],
)
def test_a_bad_rule_is_refused_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        rules(tmp_path, text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('org = "b/c"', "rule 1: .*no slash"),
        ('org = " "', "rule 1: .*blank"),
        ('tags = ["x,y"]', "rule 1: .*no comma"),
    ],
)
def test_a_rule_gives_no_word_that_nobody_can_ask_for(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "rules.toml").write_text(f'[[rule]]\npath = "/a"\n{line}\n')
    with pytest.raises(SettingsError, match=words):
        rules_of(settings_from({"DEBRIEF_DATA": str(tmp_path)}))


def test_rules_that_are_named_must_be_there(tmp_path: Path) -> None:
    named = {"DEBRIEF_DATA": str(tmp_path), "DEBRIEF_RULES": str(tmp_path / "typo.toml")}
    with pytest.raises(SettingsError, match=r"typo\.toml, which does not exist"):
        rules_of(settings_from(named))
    assert rules_of(settings_from({"DEBRIEF_DATA": str(tmp_path)})) == Rules()


def test_no_file_is_no_rules(tmp_path: Path) -> None:
    assert read_rules(tmp_path / "none.toml") == Rules()


def test_a_secret_in_a_remote_or_a_rule_is_not_stored(desk: Desk, tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    folder = repository(tmp_path / "shop", f"https://forge.example/{secret}/shop")
    write(desk.folder / f"{NATIVE}.jsonl", [row | {"cwd": str(folder)} for row in conversation()])
    told = rules(tmp_path, f'[[rule]]\npath = "{folder}"\ntags = ["{secret}"]\n')
    desk.run(ask_git=True, rules=told)
    stored = desk.stored(SESSION)
    assert stored.session.repository is not None
    assert len(stored.tags) == 1
    assert secret not in repr(stored)


def test_a_remote_that_comes_later_is_seen_by_the_next_import(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    rows = [row | {"cwd": str(folder)} for row in conversation()]
    path = write(desk.folder / f"{NATIVE}.jsonl", rows)
    desk.run(ask_git=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)  # noqa: S607
    config = ["remote", "add", "origin", "https://forge.example/team/shop"]
    subprocess.run(["git", "-C", str(folder), *config], check=True)  # noqa: S607
    path.write_bytes(path.read_bytes() + b"\n")
    desk.run(ask_git=True)
    assert desk.stored(SESSION).session.repository == "team/shop"
