"""A command in, what it cost out: wall time, CPU, the memory of its largest process, bytes written to disk.

CPU and bytes are those of all its processes together, as the system adds them up when a child has ended.
Memory is looked at while they run: the system keeps the peak of each process, so that a rare look is enough.
"""

import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

LOOK_S: Final = 0.02
TOLD: Final = 2_000
"""Characters of a failed command's last words."""


class Cost(Struct, frozen=True, kw_only=True):
    """What a command cost; None where this system does not tell."""

    wall_s: float
    cpu_s: float
    main_mb: float | None
    workers_mb: float | None
    written_mb: float | None


def run(command: Sequence[str], environment: Mapping[str, str], output: Path) -> Cost:
    """Run `command` to its end; raises `SystemExit` with its last words where it fails."""
    cpu, written = _cpu_s(), _written()
    began = time.perf_counter()
    with output.open("wb") as out:
        process = subprocess.Popen(command, env=dict(environment), stdout=out, stderr=subprocess.STDOUT)
        peaks: dict[int, float] = {}
        while process.poll() is None:
            _look(process.pid, peaks)
            time.sleep(LOOK_S)
    wall = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: {output.read_text(errors='replace')[-TOLD:]}")
    after = _written()
    main = peaks.pop(process.pid, None)
    return Cost(
        wall_s=wall,
        cpu_s=_cpu_s() - cpu,
        main_mb=main,
        workers_mb=max(peaks.values(), default=None),
        written_mb=None if written is None or after is None else (after - written) / 1e6,
    )


def wall(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """How long `command` takes when nobody looks at it."""
    began = time.perf_counter()
    subprocess.run(command, env=dict(environment), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _look(pid: int, peaks: dict[int, float]) -> None:
    """Note the peaks of a process and of all that it started."""
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            status = Path(f"/proc/{one}/status").read_text()
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, ValueError):
            continue
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                peaks[one] = int(line.split()[1]) * 1024 / 1e6


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _written() -> int | None:
    """Bytes that this process and its ended children sent to a disk."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("write_bytes:")), None)
