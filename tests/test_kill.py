"""kill -9 in an import: whatever was acknowledged is there, and everything agrees with everything."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from debrief import samples
from debrief.config import settings_from
from debrief.pipeline import doctor
from debrief.store import BlobFolder, SessionFilter, Store, files
from debrief.store.pages import read_page

FILES = 240
LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
from debrief.cli import main
main()
"""

KILLS = int(os.environ.get("KILLS", "5"))
"""Of each run; the acceptance asks for KILLS=50."""


def transcripts(folder: Path) -> None:
    text = next((samples.folder() / "claude").rglob("*.jsonl")).read_text()
    native = re.findall(r'"sessionId":\s*"([0-9a-f-]{36})"', text)[0]
    folder.mkdir()
    for number in range(FILES):
        fresh = f"{number:08x}{native[8:]}"
        (folder / f"{fresh}.jsonl").write_text(text.replace(native, fresh))


@pytest.mark.slow
@pytest.mark.parametrize("limit", [60_000, 400_000])
def test_a_full_disk_stops_the_import_and_leaves_whole_sessions(
    sqlite_url: str, tmp_path: Path, limit: int
) -> None:
    folder = tmp_path / "transcripts"
    transcripts(folder)
    environment = os.environ | {"DEBRIEF_DATA": str(tmp_path / "data"), "DEBRIEF_DATABASE_URL": sqlite_url}
    command = [sys.executable, "-m", "debrief", "import", str(folder)]
    Store(sqlite_url).close()
    # No file may grow beyond the limit: what a full disk does, to this process alone.
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.format(limit), "import", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot be" in done.stderr
    assert "Traceback" not in done.stderr
    store = Store(sqlite_url)
    data = tmp_path / "data"
    blobs = BlobFolder(data / "blobs", settings_from({}, data=data).secret())
    assert doctor.examine(store, "default", blobs) == []
    store.close()
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    store = Store(sqlite_url)
    assert doctor.examine(store, "default", blobs) == []
    page = read_page(store, SessionFilter(enterprise_id="default"), skip=0, limit=1, detail=False)
    assert page.total == FILES
    store.close()


@pytest.mark.slow
def test_a_kill_loses_nothing_that_was_acknowledged(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "transcripts"
    transcripts(folder)
    data = tmp_path / "data"
    blobs, secret = data / "blobs", settings_from({}, data=data).secret()
    environment = os.environ | {"DEBRIEF_DATA": str(tmp_path / "data"), "DEBRIEF_DATABASE_URL": database_url}
    command = [sys.executable, "-m", "debrief", "import", str(folder)]
    pick = random.Random(11)
    held = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            time.sleep(0.7 + pick.random() * 1.5)
            os.killpg(process.pid, signal.SIGKILL)
        store = Store(database_url)
        assert doctor.examine(store, "default", BlobFolder(blobs, secret)) == []
        page = read_page(store, SessionFilter(enterprise_id="default"), skip=0, limit=1, detail=False)
        with store.read() as connection:
            acknowledged = [one for one in files.seen(connection, "default").values() if one.outcome == "new"]
        # A file counts as seen in the transaction that stored its session: neither without the other.
        assert len(acknowledged) == page.total
        assert page.total >= held
        held = page.total
        store.close()
    for leftover in blobs.glob(".*.tmp"):
        os.utime(leftover, (0, 0))  # Years later: what a killed worker was writing is taken for abandoned.
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    store = Store(database_url)
    assert doctor.examine(store, "default", BlobFolder(blobs, secret)) == []
    page = read_page(store, SessionFilter(enterprise_id="default"), skip=0, limit=1, detail=False)
    assert page.total == FILES
    store.close()
    assert not list(blobs.glob(".*"))
