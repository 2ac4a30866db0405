"""The commands as a person runs them: a process, its output, its exit code."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from debrief import samples

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """An empty machine: its own home, and nothing of ours."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DEBRIEF_", "CLAUDE", "CODEX", "XDG_"))
    }
    return (
        clean
        | {"HOME": str(tmp_path / "home"), "DEBRIEF_DATA": str(tmp_path / "data"), "COLUMNS": "200"}
        | more
    )


def debrief(tmp_path: Path, *arguments: str, code: int = 0, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "debrief", *arguments],
        env=environment(tmp_path, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


@contextmanager
def server(tmp_path: Path, *arguments: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and all that it printed."""
    last = "Ctrl-C" if arguments[0] == "run" else "Debrief is at"
    with subprocess.Popen(
        [sys.executable, "-m", "debrief", *arguments],
        env=environment(tmp_path, **more, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = ""
        try:
            for line in process.stdout:
                printed += line
                if line.startswith(last):
                    break
            address = re.search(r"http://127\.0\.0\.1:\d+", printed)
            if address is not None:
                # A signal that comes before it serves may be lost.
                get(f"{address[0]}/healthz")
            yield process, printed
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def get(url: str, key: str | None = None) -> httpx2.Response:
    """GET, waiting for a server that has bound its port but does not answer yet."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    deadline = time.monotonic() + 30
    while True:
        try:
            return httpx2.get(url, headers=headers, timeout=30)
        except httpx2.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert re.fullmatch(r"debrief \d+\.\d+\.\d+\n", debrief(tmp_path, "version"))


def test_import_counts_by_outcome_and_format(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    arguments = ("import", str(samples.folder()), str(tmp_path / "empty.jsonl"), "--json")
    first = json.loads(debrief(tmp_path, *arguments))
    assert first["outcomes"] == {"new": 6, "updated": 0, "unchanged": 0, "older": 0, "skipped": 1}
    assert first["formats"] == {"claude_code": 4, "codex": 2}
    assert {one["detail"] for one in first["files"] if one["path"].endswith("empty.jsonl")} == {
        "the file is empty"
    }
    second = json.loads(debrief(tmp_path, *arguments))
    assert second["outcomes"]["skipped"] == 1
    assert "skipped as before: 1" in debrief(tmp_path, *arguments[:-1])
    assert second["formats"] == first["formats"]
    assert second["outcomes"]["unchanged"] == 6
    listed = json.loads(debrief(tmp_path, "sessions", "--json"))
    assert listed["total"] == 6
    assert all(item["session_analysis"] for item in listed["items"])
    assert "6 of 6 sessions" in debrief(tmp_path, "sessions")


def test_import_of_nothing_usable_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary")
    for path in ("notes.txt", "gone.jsonl"):
        done = subprocess.run(
            [sys.executable, "-m", "debrief", "import", str(tmp_path / path)],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert path in done.stdout
        assert "Traceback" not in done.stderr


def test_analyse_prints_and_stores_nothing(tmp_path: Path) -> None:
    sample = next(samples.folder().rglob("*.jsonl"))
    document: dict[str, Any] = json.loads(debrief(tmp_path, "analyse", str(sample), "--json"))
    assert set(document) >= {
        "format",
        "session",
        "events",
        "issues",
        "timeline",
        "usage",
        "pull_requests",
        "end_state",
    }
    assert set(document["events"][0]) >= {"ordinal", "kind", "actor", "ts", "tool", "is_error", "text"}
    assert set(document["usage"]) >= {"input", "cache_read", "cache_write", "output", "reasoning", "quality"}
    assert [event["ordinal"] for event in document["events"]] == list(range(len(document["events"])))
    assert document["session"]["initial_user_message"]
    assert not (tmp_path / "data").exists()
    assert "Timeline" in debrief(tmp_path, "analyse", str(sample))


@pytest.mark.parametrize("name", ["gone.jsonl", "folder", "notes.txt"])
def test_analyse_says_what_is_wrong(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("Dear diary")
    said = debrief(tmp_path, "analyse", str(tmp_path / name), code=1)
    assert said.startswith("debrief: ")
    assert name in said
    assert len(said.splitlines()) == 1


def test_keys_are_created_listed_and_revoked(tmp_path: Path) -> None:
    secret = debrief(tmp_path, "keys", "create", "--name", "CI", "--org", "acme")
    assert re.fullmatch(r"apk_user_\S{40,}\n", secret)
    (listed,) = json.loads(debrief(tmp_path, "keys", "list", "--json"))
    assert (listed["name"], listed["org_id"], listed["revoked_at"]) == ("CI", "acme", None)
    assert secret.strip() not in debrief(tmp_path, "keys", "list")
    debrief(tmp_path, "keys", "revoke", listed["key_id"])
    assert "revoked" in debrief(tmp_path, "keys", "list")
    assert "no key" in debrief(tmp_path, "keys", "revoke", listed["key_id"], code=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", ""), "empty path"),
        (("analyse", ""), "empty path"),
        (("import", "x", "--org", "a,b"), "comma"),
        (("import", "x", "--org", ""), "blank"),
        (("import", "x", "--tag", "good", "--tag", "a,b"), "comma"),
        (("import", "x", "--user", "two\nlines"), "control characters"),
        (("keys", "create", "--name", " "), "blank"),
        (("keys", "create", "--name", "CI", "--org", "a/b"), "slash"),
    ],
)
def test_a_name_that_cannot_work_is_refused_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (line,) = debrief(tmp_path, *arguments, code=1).splitlines()
    assert said in line
    assert not (tmp_path / "data").exists(), "refused before anything is made"


def test_a_login_that_is_no_name_is_left_out(tmp_path: Path) -> None:
    with server(tmp_path, "run", "--port", "0", USER="Doe, J\x7f") as (_, printed):
        assert "Debrief is at" in printed


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DEBRIEF_PORT", "http", "port"),
        ("DEBRIEF_PUBLIC_URL", "debrief.example", "http://"),
        ("DEBRIEF_DATABASE_URL", "oracle://x", "database"),
        ("DEBRIEF_USD_PER_ACU", "free", "ACU"),
        ("DEBRIEF_ORG", "a,b", "comma"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_line(
    tmp_path: Path, variable: str, value: str, said: str
) -> None:
    lines = debrief(tmp_path, "sessions", code=1, **{variable: value}).splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_run_imports_the_samples_and_serves_what_it_says(tmp_path: Path) -> None:
    with server(tmp_path, "run", "--port", "0") as (_, printed):
        assert "importing the bundled samples" in printed
        curl = next(line for line in printed.splitlines() if line.startswith("curl "))
        url, key = re.findall(r"'(http\S+)'.*Bearer (\S+)'", curl)[0]
        page = get(url, key).json()
        assert page["total"] == 6
        assert all(item["session_analysis"] and item["initial_user_message"] for item in page["items"])
        assert get(page["items"][0]["url"], key).status_code == 200
        with httpx2.Client(base_url=url.split("/v2")[0], follow_redirects=True) as browser:
            assert "Sign in" in browser.get(page["items"][0]["url"]).text
            assert "6</strong> sessions" in browser.post("/login", data={"key": key}).text
            assert page["items"][0]["session_id"] in browser.get(page["items"][0]["url"]).text
        assert get(url).status_code == 401
    again = time.monotonic()
    with server(tmp_path, "run", "--port", "0") as (_, printed):
        assert "6 unchanged" in printed
        assert key in printed
        (new_url,) = re.findall(r"'(http\S+)'", printed)
        base = new_url.split("/v2")[0]
        items = get(new_url, key).json()["items"]
        assert all(item["url"].startswith(base) for item in items)
    assert time.monotonic() - again < 60


def test_run_finds_what_is_on_the_machine(tmp_path: Path) -> None:
    sample = next((samples.folder() / "codex").rglob("*.jsonl"))
    there = tmp_path / "elsewhere" / "sessions" / "2026" / "11" / "03" / sample.name
    there.parent.mkdir(parents=True)
    there.write_bytes(sample.read_bytes())
    with server(tmp_path, "run", "--port", "0", CODEX_HOME=str(tmp_path / "elsewhere")) as (_, printed):
        assert "Found 1 transcripts" in printed
        assert "1 new" in printed


def test_a_taken_port_is_passed_over_by_run_and_refused_by_serve(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert "taken" in debrief(tmp_path, "serve", "--port", str(port), code=1)
        with server(tmp_path, "run", "--port", str(port)) as (_, printed):
            served = int(re.findall(r"http://127\.0\.0\.1:(\d+)/v2", printed)[0])
            assert port < served <= port + 50
    with server(tmp_path, "serve", "--port", "0") as (_, printed):
        assert get(printed.split()[-1] + "/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("after_s", [0.4, 0.8, 1.3])
def test_ctrl_c_twice_ends_at_once_and_says_little(tmp_path: Path, after_s: float) -> None:
    folder = tmp_path / "transcripts"
    many_transcripts(folder, 400)
    with subprocess.Popen(
        [sys.executable, "-m", "debrief", "import", str(folder)],
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        time.sleep(after_s)
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.2)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert "Traceback" not in said
    assert process.returncode in {0, 130, -signal.SIGINT}


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_killed_import_leaves_no_worker(tmp_path: Path) -> None:
    folder = tmp_path / "transcripts"
    many_transcripts(folder, 2000)
    with subprocess.Popen(
        [sys.executable, "-m", "debrief", "import", str(folder)],
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        wait_for_sessions(tmp_path / "data" / "debrief.db")
        group = process.pid
        process.kill()
    deadline = time.monotonic() + 20
    while members_of(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not members_of(group)


def members_of(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
            if int(pgrp) == group and state != "Z":
                found.append(int(path.parent.name))
    return found


def many_transcripts(folder: Path, count: int) -> None:
    """So many sessions, alike but for their ids."""
    folder.mkdir()
    text = next((samples.folder() / "claude").rglob("*.jsonl")).read_text()
    native = re.findall(r'"sessionId":\s*"([0-9a-f-]{36})"', text)[0]
    for number in range(count):
        fresh = f"{number:08x}{native[8:]}"
        (folder / f"{fresh}.jsonl").write_text(text.replace(native, fresh))


def wait_for_sessions(database: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db,
        ):
            if db.execute("SELECT count(*) FROM sessions").fetchone()[0]:
                return
        time.sleep(0.01)


def test_ctrl_c_in_an_import_leaves_whole_sessions(tmp_path: Path) -> None:
    folder = tmp_path / "transcripts"
    many_transcripts(folder, 600)
    with subprocess.Popen(
        [sys.executable, "-m", "debrief", "import", str(folder)],
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        wait_for_sessions(tmp_path / "data" / "debrief.db")
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert process.returncode == 130
    before = json.loads(debrief(tmp_path, "sessions", "--json"))["total"]
    assert 0 < before < 600
    for leftover in (tmp_path / "data" / "blobs").glob(".*.tmp"):
        os.utime(leftover, (0, 0))  # Years later: what a worker was writing is taken for abandoned.
    counts = json.loads(debrief(tmp_path, "import", str(folder), "--json"))["outcomes"]
    assert counts["new"] == 600 - before
    assert json.loads(debrief(tmp_path, "sessions", "--json"))["total"] == 600
    assert not list((tmp_path / "data" / "blobs").glob(".*"))
