"""Other programs over as many sessions, where they are installed: datasette over the very same SQLite file.

Whatever is not installed is passed over with a word.
"""

import shutil
import socket
import subprocess
import time
from contextlib import closing
from itertools import cycle
from statistics import quantiles
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy.engine import make_url

import content
import load
from measure import LEAST, ROW

Row = dict[str, Any]
START_S: Final = 30.0
_SQL: Final = (
    "SELECT session_id, org_id, user_id, status, title, created_us FROM sessions"
    " WHERE enterprise_id = '{enterprise}' ORDER BY created_us DESC, session_id DESC LIMIT 100 OFFSET {skip}"
)


def measured(url: str, sessions: int, seconds: float) -> tuple[list[Row], list[str]]:
    """Rows of the peers, and what is to be said of those that have none."""
    notes = [
        "agentsview fills its own database from transcripts, and was not measured here"
        if shutil.which("agentsview")
        else "agentsview is not installed: not measured"
    ]
    program = shutil.which("datasette")
    if program is None:
        return [], [*notes, "datasette is not installed: not measured"]
    return list(_datasette(program, make_url(url).database or "", sessions, seconds)), notes


def _datasette(program: str, path: str, sessions: int, seconds: float) -> list[Row]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [program, "serve", path, "--port", str(port), "--setting", "sql_time_limit_ms", "60000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        name = path.rpartition("/")[2].removesuffix(".db")
        return [_row(port, name, skip, seconds) for skip in (0, sessions // 2)]
    finally:
        process.terminate()
        process.wait(20)


def _row(port: int, name: str, skip: int, seconds: float) -> Row:
    sql = _SQL.format(enterprise=content.ENTERPRISE, skip=skip)
    asked = load.request(f"/{name}.json?{urlencode({'sql': sql, '_shape': 'array'})}", {})
    got = load.burst(port, cycle([asked]), seconds=seconds)
    took = load.one_by_one(port, cycle([asked]), seconds=seconds, least=LEAST)
    marks = quantiles(took, n=100, method="inclusive")
    row: Row = dict.fromkeys(ROW)
    return row | {
        "work": "datasette, own SQL, without the items",
        "database": "sqlite",
        "filter": "none",
        "limit": 100,
        "skip": skip,
        "pages_per_s": round(got.rate, 1),
        "p50_ms": round(marks[49] * 1e3, 3),
        "p95_ms": round(marks[94] * 1e3, 3),
        "p99_ms": round(marks[98] * 1e3, 3),
    }


def _wait_for(port: int) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise SystemExit("datasette did not start") from None
            time.sleep(0.1)
        else:
            return
