"""Workers that are stopped while they hand over: the main process ends, and ends in silence."""

import subprocess
import sys
from pathlib import Path

import pytest

STOPPED = """
import multiprocessing
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from debrief.pipeline.workers import end

def handed_over(number):
    return bytes(8_000_000)

if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
    wait({pool.submit(handed_over, number) for number in range(20)}, return_when=FIRST_COMPLETED)
    end(pool)
    print("ended")
"""


@pytest.mark.parametrize("turn", range(4))
def test_workers_that_hand_over_are_ended_in_silence(tmp_path: Path, turn: int) -> None:
    # Most of the time one is killed in the middle of its eight megabytes; four turns leave nothing to chance.
    script = tmp_path / f"stopped_{turn}.py"
    script.write_text(STOPPED)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "ended\n")
    assert "Traceback" not in done.stderr
