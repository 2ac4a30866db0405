"""`debrief watch` as a person runs it, stopped and kept waiting; an import on a machine with nothing."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from debrief import samples
from test_cli import debrief, environment

pytestmark = pytest.mark.slow


@contextmanager
def watching(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A `debrief watch` that has looked once; ended after two minutes whatever happens."""
    (tmp_path / "home" / ".claude" / "projects" / "p").mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "debrief", "watch"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        late = threading.Timer(120, process.kill)
        late.start()
        try:
            said(process, "Ctrl-C stops it")
            yield process
        finally:
            late.cancel()
            process.kill()


def said(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    assert any(words in line for line in lines), "it ended"


def test_ctrl_c_stops_watching(tmp_path: Path) -> None:
    with watching(tmp_path) as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in rest) == (0, False), rest


def test_watching_outlives_a_store_that_is_away(tmp_path: Path) -> None:
    transcript = next((samples.folder() / "claude").rglob("*.jsonl")).read_bytes()
    with watching(tmp_path) as process:
        with closing(sqlite3.connect(tmp_path / "data" / "debrief.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            (tmp_path / "home" / ".claude" / "projects" / "p" / "one.jsonl").write_bytes(transcript)
            said(process, "the next look tries again")
        said(process, "new")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_machine_without_transcripts_is_no_failure_and_json_stays_json(tmp_path: Path) -> None:
    assert "No transcripts on this machine" in debrief(tmp_path, "import")
    assert json.loads(debrief(tmp_path, "import", "--json"))["outcomes"]["new"] == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"Nothing lies in {empty}" in debrief(tmp_path, "import", str(empty))
