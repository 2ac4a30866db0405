import os
from pathlib import Path

from debrief.pipeline.discover import discover, on_this_machine

SESSION = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"


def write(path: Path, text: str = "{}\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(folder: Path, *paths: Path) -> dict[str, list[str]]:
    return {
        os.path.relpath(found.path, folder): [os.path.relpath(name, folder) for name in found.companions]
        for found in discover(paths or (folder,))
    }


def test_a_folder_is_walked_to_the_bottom_in_order(tmp_path: Path) -> None:
    write(tmp_path / "b" / "deep" / "two.jsonl")
    write(tmp_path / "a.jsonl")
    write(tmp_path / "notes.md")
    assert names(tmp_path) == {"a.jsonl": [], "b/deep/two.jsonl": [], "notes.md": []}


def test_files_of_sub_agents_come_with_their_session(tmp_path: Path) -> None:
    main = write(tmp_path / f"{SESSION}.jsonl")
    theirs = (
        "subagents/agent-a1.jsonl",
        "subagents/agent-a1.meta.json",
        "subagents/workflows/w1/agent-b2.jsonl",
        "subagents/workflows/w1/agent-b2.meta.json",
        "subagents/workflows/w1/journal.jsonl",
        "workflows/w1.json",
    )
    written = [write(tmp_path / SESSION / name) for name in theirs]
    expected = {main.name: sorted(str(one.relative_to(tmp_path)) for one in written)}
    assert {name: sorted(several) for name, several in names(tmp_path).items()} == expected
    assert {name: sorted(several) for name, several in names(tmp_path, main).items()} == expected


def test_a_sub_agent_beside_the_sessions_goes_to_the_one_that_it_names(tmp_path: Path) -> None:
    write(tmp_path / f"{SESSION}.jsonl")
    write(tmp_path / f"{OTHER}.jsonl")
    write(tmp_path / "agent-1.jsonl", f'{{"sessionId":"{OTHER}","isSidechain":true}}\n')
    write(tmp_path / "agent-2.jsonl", '{"sessionId":"of a session that is gone"}\n')
    assert names(tmp_path) == {
        f"{SESSION}.jsonl": [],
        f"{OTHER}.jsonl": ["agent-1.jsonl"],
        "agent-2.jsonl": [],
    }


def test_what_a_collecting_tool_lays_beside_a_transcript_comes_with_it(tmp_path: Path) -> None:
    for name in ("full.jsonl", "metadata.json", "prompt.txt", "context.md", "content_hash.txt"):
        write(tmp_path / "ab" / "0123456789" / "0" / name)
    for name in ("agent/trajectory.json", "result.json", "config.json", "verifier/reward.txt", "notes.txt"):
        write(tmp_path / "job" / "trial" / name)
    found = names(tmp_path)
    assert sorted(found) == [
        "ab/0123456789/0/full.jsonl",
        "job/trial/agent/trajectory.json",
        "job/trial/notes.txt",
    ]
    assert len(found["ab/0123456789/0/full.jsonl"]) == 4
    assert len(found["job/trial/agent/trajectory.json"]) == 3


def test_the_log_of_a_database_comes_with_it(tmp_path: Path) -> None:
    write(tmp_path / "a.db")
    write(tmp_path / "a.db-wal")
    write(tmp_path / "b.db-wal")
    assert sorted(names(tmp_path)) == ["a.db", "b.db-wal"]
    (before, _) = discover([tmp_path])
    write(tmp_path / "a.db-wal", "more")
    (after, _) = discover([tmp_path])
    assert before.stamp != after.stamp


def test_the_stamp_follows_every_file_of_the_session(tmp_path: Path) -> None:
    write(tmp_path / f"{SESSION}.jsonl")
    agent = write(tmp_path / SESSION / "subagents" / "agent-a1.jsonl")
    (before,) = discover([tmp_path])
    (again,) = discover([tmp_path])
    assert again == before
    write(agent, "{}\n{}\n")
    (grown,) = discover([tmp_path])
    assert grown.stamp != before.stamp
    assert grown.size == before.size + 3


def test_a_path_that_is_not_there_is_found_all_the_same(tmp_path: Path) -> None:
    (found,) = discover([tmp_path / "gone.jsonl"])
    assert found.path == str(tmp_path / "gone.jsonl")


def test_the_folders_of_this_machine_are_searched(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    write(home / ".claude" / "projects" / "-src-app" / f"{SESSION}.jsonl")
    write(home / ".claude" / "projects" / "-src-app" / "notes.txt")
    write(home / ".codex" / "sessions" / "2026" / "11" / "03" / "rollout-1.jsonl")
    write(elsewhere / "projects" / "-src-app" / f"{OTHER}.jsonl")
    here = {"HOME": str(home)}
    assert len(on_this_machine(here)) == 2
    assert len(on_this_machine({**here, "CLAUDE_CONFIG_DIR": str(elsewhere)})) == 3
    same_again = {**here, "CLAUDE_CONFIG_DIR": str(home / ".claude"), "CODEX_HOME": str(home / ".codex")}
    assert len(on_this_machine(same_again)) == 2


def test_a_companion_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    main = write(tmp_path / f"{SESSION}.jsonl")
    folder = tmp_path / SESSION / "subagents"
    folder.mkdir(parents=True)
    (folder / "agent-gone.jsonl").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "agent-pipe.jsonl")
    os.mkfifo(tmp_path / "agent-pipe.jsonl")
    assert names(tmp_path, main) == {main.name: []}
