"""Makes small transcripts and imports them into one store, again and again."""

import json
from pathlib import Path
from typing import Any

from debrief.model import StoredSession
from debrief.pipeline.discover import discover
from debrief.pipeline.identity import Identity, Rule, Rules
from debrief.pipeline.ingest import ingest
from debrief.pipeline.keep import KeepRaw
from debrief.pipeline.outcome import Outcome, Summary
from debrief.pipeline.prepare import Workbench
from debrief.store import SessionFilter, Store, pages, sessions

NATIVE = "11111111-2222-4333-8444-555555555555"
SESSION = f"claude-code-{NATIVE}"
URL = "http://127.0.0.1:8000"


def record(number: int, kind: str, content: object, **more: object) -> dict[str, Any]:
    """One row of a Claude Code transcript, one second after the one before."""
    message: dict[str, Any] = {"role": kind, "content": content}
    if kind == "assistant":
        message |= {
            "id": f"msg_{number:024}",
            "model": "claude-opus-4-6",
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 10, "output_tokens": 20},
        }
    return {
        "parentUuid": f"00000000-0000-4000-8000-{number - 1:012}" if number else None,
        "uuid": f"00000000-0000-4000-8000-{number:012}",
        "sessionId": NATIVE,
        "type": kind,
        "cwd": "/src/app",
        "version": "2.1.62",
        "gitBranch": "main",
        "isSidechain": False,
        "userType": "external",
        "message": message,
        "timestamp": f"2026-11-02T10:00:{number:02}.000Z",
    } | more


def conversation() -> list[dict[str, Any]]:
    return [
        record(0, "user", "Please rename the flag to --quiet"),
        record(1, "assistant", [{"type": "text", "text": "Renamed it to --quiet."}]),
    ]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    return path


def branch(native: str, *numbers: int, family: str = "0") -> list[dict[str, Any]]:
    """A session whose answers have these numbers and times."""
    rows = [record(0, "user", "Go on")]
    for number in numbers:
        answer = record(number, "assistant", [{"type": "text", "text": "Gone on."}])
        answer["message"]["id"] = f"msg_of_family_{family}_{number}"
        rows.append(answer)
    return [row | {"sessionId": native} for row in rows]


class Desk:
    """An import into one store, again and again."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder / "transcripts"
        self.blobs = folder / "blobs"

    def run(
        self,
        *paths: Path,
        org: str = "local",
        url: str = URL,
        workers: int = 1,
        rules: Rules | None = None,
        ask_git: bool = False,
        keep_raw: KeepRaw = "sealed",
        usd_per_acu: float = 2.0,
    ) -> Summary:
        return ingest(
            self.store,
            list(discover(paths or (self.folder,))),
            identity=Identity(enterprise_id="default", org_id=org, rules=rules or Rules()),
            bench=Workbench(
                key=b"k" * 32,
                usd_per_acu=usd_per_acu,
                blob_folder=str(self.blobs),
                ask_git=ask_git,
                keep_raw=keep_raw,
            ),
            public_url=url,
            workers=workers,
        )

    def items(self) -> list[dict[str, Any]]:
        wanted = SessionFilter(enterprise_id="default")
        page = pages.read_page(self.store, wanted, skip=0, limit=200, detail=True)
        assert page.total == len(page.items)
        return [json.loads(item) for item in page.items]

    def stored(self, session_id: str) -> StoredSession:
        with self.store.read() as connection:
            found = sessions.find(connection, "default", session_id, with_events=True)
        assert found is not None
        return found

    def told(self, *paths: Path, **more: Any) -> dict[str, str]:
        """Each file's outcome and way, by its name."""
        return {Path(one.path).name: said(one) for one in self.run(*paths, **more).outcomes}


def said(one: Outcome) -> str:
    return f"{one.outcome} {one.how}".strip()


def read_by_other_versions(desk: Desk) -> dict[str, str]:
    """What an import tells that looks at every file again."""
    return desk.told(rules=Rules((Rule(path="/nowhere", org="nobody"),)))
