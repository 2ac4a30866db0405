"""A store that pulls, and the small server that it pulls from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from debrief.pipeline.asking import Upstream
from debrief.pipeline.identity import Identity
from debrief.pipeline.prepare import Workbench
from debrief.pipeline.pull import Pulled, pull
from debrief.store import SessionFilter, Store, pages, sessions
from running import Answer, Asked, Scripted, answer, running

KEY = "cog_0123456789abcdef"

DeskAt = Callable[[Callable[[Asked], Answer]], Any]


class Desk:
    """A store, and the server that it pulls from."""

    def __init__(self, store: Store, folder: Path, address: str, server: Scripted) -> None:
        self.store = store
        self.folder = folder
        self.address = address
        self.server = server
        self.slept: list[float] = []

    def pull(self, api: str = "v3", **options: Any) -> Pulled:
        bench = Workbench(key=b"k" * 32, usd_per_acu=2.0, blob_folder=str(self.folder / "blobs"))
        with Upstream(self.address, KEY, sleep=self.slept.append) as upstream:
            return pull(
                self.store,
                upstream,
                identity=Identity(enterprise_id="default", org_id="local"),
                bench=bench,
                public_url="http://here",
                api=api,
                **options,
            )

    def items(self) -> dict[str, Any]:
        page = pages.read_page(
            self.store, SessionFilter(enterprise_id="default"), skip=0, limit=5000, detail=True
        )
        return {one["session_id"]: one for one in (msgspec.json.decode(item) for item in page.items)}

    def session(self, name: str) -> Any:
        with self.store.read() as connection:
            found = sessions.find(connection, "default", name, with_events=True)
        assert found is not None
        return found.session


@contextmanager
def desk_for(store: Store, folder: Path, script: Callable[[Asked], Answer]) -> Iterator[Desk]:
    server = Scripted(script)
    with running(server) as address:
        yield Desk(store, folder, address, server)


def v2(items: list[Any], **page: Any) -> Answer:
    whole = {"items": items, "total": len(items), "skip": 0, "limit": 100, "has_more": False}
    return answer(whole | {"next_cursor": None} | page)


def v2_session(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "session_id": name,
        "url": "https://app.example/s",
        "status": "exit",
        "title": "A title",
        "tags": [],
        "user_id": "u",
        "org_id": "o",
        "created_at": "2026-01-15T10:30:00Z",
        "updated_at": "2026-01-15T11:45:00Z",
        "acus_consumed": 2,
        "pull_requests": [],
        "session_analysis": None,
        "initial_user_message": "Fix it",
    } | changes
