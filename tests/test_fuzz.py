"""Broken transcripts, a few hundred of them: of the samples, and of real ones where there are any."""

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent.parent / "bench" / "fuzz.py"
CORPUS = Path(__file__).parents[1].parent / "shared" / "corpus"


def fuzz(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(FUZZ), *arguments], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def test_the_samples_however_broken_do_not_raise() -> None:
    assert "100 cases, seed 7: 0 problems" in fuzz("--cases", "100", "--seed", "7")


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")
def test_real_transcripts_however_broken_do_not_raise() -> None:
    assert "600 cases, seed 11: 0 problems" in fuzz("--data", str(CORPUS), "--cases", "600", "--seed", "11")
