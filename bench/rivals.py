"""Other programs that read the same transcripts: installed into `bench/out`, run with an empty home.

Their versions are pinned. What cannot be installed, or is not, is told as None.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

OUT: Final = Path(__file__).parent / "out"
AGENTSVIEW: Final = "agentsview==0.46.1"
CCUSAGE: Final = "ccusage@17.2.1"
CCUSAGE_CODEX: Final = "@ccusage/codex@18.0.11"
SECONDS: Final = 600

_PROGRAMS: Final = {
    AGENTSVIEW: OUT / "agentsview" / "bin" / "agentsview",
    CCUSAGE: OUT / "ccusage" / "node_modules" / ".bin" / "ccusage",
    CCUSAGE_CODEX: OUT / "ccusage" / "node_modules" / ".bin" / "ccusage-codex",
}


def installed(name: str) -> Path | None:
    """Where the program is; None where it is not installed."""
    return _PROGRAMS[name] if _PROGRAMS[name].exists() else None


def install(*names: str) -> None:
    """Install these with the registries' own clients; what cannot be is said, and left out."""
    OUT.mkdir(exist_ok=True)
    for name in names:
        if installed(name):
            continue
        try:
            if name == AGENTSVIEW:
                folder = OUT / "agentsview"
                subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
                pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
                subprocess.run([*pip, name], check=True)
            else:
                npm = [shutil.which("npm") or "npm", "install", "--no-audit", "--no-fund", "--silent"]
                subprocess.run([*npm, "--prefix", str(OUT / "ccusage"), name], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name} cannot be installed: {error}")


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment in which a program finds the benchmark's files and no others."""
    home.mkdir(parents=True, exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC", **more}


def ccusage(folder: Path, agent: str, scratch: Path) -> dict[str, Any] | None:
    """What `ccusage session --json` says of `folder`, the agent's own; None where it is not installed."""
    program = installed(CCUSAGE if agent == "claude_code" else CCUSAGE_CODEX)
    if program is None:
        return None
    variable = "CLAUDE_CONFIG_DIR" if agent == "claude_code" else "CODEX_HOME"
    told = _run(
        [str(program), "session", "--json", "--offline"], environment(scratch, **{variable: str(folder)})
    )
    found: dict[str, Any] = json.loads(told[told.index("{") :]) if "{" in told else {"sessions": []}
    return found


def agentsview(folder: Path, agent: str, scratch: Path) -> dict[str, Any] | None:
    """What `agentsview usage daily --all --json` says of `folder`; None where it is not installed."""
    program = installed(AGENTSVIEW)
    if program is None:
        return None
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / (".claude" if agent == "claude_code" else ".codex")).symlink_to(folder.absolute())
    own = agentsview_environment(scratch)
    _run([str(program), "sync"], own)
    told = _run([str(program), "usage", "daily", "--all", "--json", "--offline", "--no-sync"], own)
    found: dict[str, Any] = json.loads(told[told.index("{") :])
    return found


def agentsview_environment(home: Path) -> dict[str, str]:
    """An environment for agentsview alone: no server that goes on, no question to the network."""
    return environment(
        home,
        AGENTSVIEW_DATA_DIR=str(home / "data"),
        AGENTSVIEW_NO_DAEMON="1",
        AGENTSVIEW_DISABLE_UPDATE_CHECK="1",
    )


def agentsview_messages(home: Path) -> int:
    """How many messages agentsview has stored."""
    with closing(sqlite3.connect(home / "data" / "sessions.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])


def _run(command: list[str], own: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        env=own,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    return done.stdout
