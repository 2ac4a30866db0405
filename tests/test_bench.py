"""The benchmark runs, on few sessions, and writes rows of the promised shape."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent.parent / "bench"

ROW = {
    "work": str,
    "database": str,
    "filter": str,
    "limit": int,
    "skip": int,
    "pages_per_s": float,
    "ratio_to_constant": float,
    "cpu_us": float,
    "cpu_to_raw_asgi": float,
    "p50_ms": float,
    "p95_ms": float,
    "p99_ms": float,
}


@pytest.mark.slow
def test_a_small_bench_writes_rows(tmp_path: Path) -> None:
    out = tmp_path / "rows.json"
    command = [
        sys.executable,
        str(BENCH / "lists.py"),
        "--sessions",
        "2000",
        "--quick",
        "--database",
        "sqlite",
    ]
    done = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    rows = json.loads(out.read_text())
    for row in rows:
        assert list(row) == list(ROW)
        for name, kind in ROW.items():
            assert row[name] is None or isinstance(row[name], kind), (name, row)
    pages = [row for row in rows if row["work"] == "page"]
    assert {row["limit"] for row in pages} == {10, 100, 200}
    assert {row["skip"] for row in pages} == {0, 1000}
    for row in pages:
        assert all(row[name] for name in ROW if name != "skip")
    run = json.loads(out.with_suffix(".run.json").read_text())
    assert {row["work"] for row in run["writes"]} == {"insert"}
    assert "falls short" in done.stdout or "holds" in done.stdout
