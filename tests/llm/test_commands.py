"""The commands with a model set: as a person runs them, against a server on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from debrief import samples

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "quality"))

from fake_llm import FakeModel, Reply, in_turn

pytestmark = pytest.mark.slow


def debrief(folder: Path, *arguments: str, fake: FakeModel | None = None) -> subprocess.CompletedProcess[str]:
    known = ("DEBRIEF_", "OPENAI", "ANTHROPIC")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(known)}
    clean |= {"DEBRIEF_DATA": str(folder / "data"), "HOME": str(folder)}
    if fake is not None:
        clean |= {"DEBRIEF_LLM": "openai:gpt-4o", "DEBRIEF_LLM_BASE_URL": fake.address}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "debrief", *arguments],
        env=clean,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_import_with_a_model_reads_what_is_new(tmp_path: Path) -> None:
    folder = str(samples.folder())
    with FakeModel(in_turn([Reply(answer={"issues": []})])) as fake:
        done = debrief(tmp_path, "import", folder, "--json", fake=fake)
        assert done.returncode == 0, done.stderr
        assert "Language model: 6 sessions read" in done.stderr
        assert json.loads(done.stdout)["outcomes"]["new"] > 0
        asked = len(fake.requests)
        assert asked >= 6
        done = debrief(tmp_path, "analyse", fake=fake)
        assert "6 were read before" in done.stderr
        assert len(fake.requests) == asked


def test_one_transcript_is_read_by_a_model_only_where_that_is_asked_for(tmp_path: Path) -> None:
    file = str(
        next(path for path in sorted(samples.folder().rglob("*.jsonl")) if "subagent" not in str(path))
    )
    with FakeModel(in_turn([Reply(answer={"issues": []})])) as fake:
        done = debrief(tmp_path, "analyse", file, "--json", fake=fake)
        assert json.loads(done.stdout)["llm"] is None
        assert not fake.requests
        done = debrief(tmp_path, "analyse", file, "--json", "--llm", fake=fake)
        assert json.loads(done.stdout)["llm"]["model"] == "openai:gpt-4o"
        assert fake.requests


def test_without_a_model_there_is_nothing_to_ask(tmp_path: Path) -> None:
    done = debrief(tmp_path, "analyse")
    assert done.returncode == 1
    assert "no language model is set" in done.stderr
