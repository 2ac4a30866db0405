"""What a run stood on: the processor, the versions, the commit, the day."""

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import debrief


def told() -> dict[str, str]:
    """For the head of a table."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": ", ".join(
            f"{name} {version(name)}" for name in ("uvicorn", "fastapi", "sqlalchemy", "msgspec")
        ),
        "load before": ", ".join(f"{value:.1f}" for value in os.getloadavg()),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.processor() or platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _commit() -> str:
    source = Path(debrief.__file__).parent
    try:
        asked = ["git", "-C", str(source), "describe", "--always", "--dirty", "--abbrev=10"]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    except (FileNotFoundError, subprocess.CalledProcessError):
        return "unknown"
