"""Programs that count tokens, each as a function: a folder of an agent's files in, tokens out."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import select

import rivals
import traps
from debrief.metering import cost
from debrief.model import Session, Tokens, total_tokens
from debrief.pipeline.discover import discover
from debrief.pipeline.identity import Identity
from debrief.pipeline.ingest import ingest
from debrief.pipeline.prepare import Workbench
from debrief.store import Store
from debrief.store import sessions as rows_of_sessions
from debrief.store.schema import sessions as table_of_sessions
from traps import Trap


class Count(Struct, frozen=True, kw_only=True):
    """Tokens as a program counts them; None: it says that it does not know. `dollars` likewise."""

    tokens: int | None
    least: bool = False
    dollars: float | None = None

    def __str__(self) -> str:
        if self.tokens is None:
            return "unknown"
        return f"at least {self.tokens:,}" if self.least else f"{self.tokens:,}"


Counter = Callable[[Path, Trap], Count | None]


def counted(trap: Trap, counter: Counter) -> Count | None:
    """What `counter` makes of a trap, alone in a folder."""
    with tempfile.TemporaryDirectory(prefix="counting-") as name:
        folder = Path(name) / "agent"
        for path, rows in trap.files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(traps.content(rows))
        return counter(folder, trap)


def debrief(folder: Path, _: Trap) -> Count:
    """Import the files and add up what is then stored, as the lists and the costs do."""
    found = sessions_of(folder)
    known = [total_tokens(session) for session in found]
    sums = [value for tokens, _ in known for value in _buckets(tokens) if value is not None]
    costs = [cost(session, usd_per_acu=2.0).cost_usd_micros for session in found]
    return Count(
        tokens=sum(sums) if sums else None,
        least=any(quality == "lower_bound" for _, told in known for quality in told.values()),
        dollars=None if None in costs else sum(one or 0 for one in costs) / 1e6,
    )


def naive(_: Path, trap: Trap) -> Count:
    """Every row that states tokens, added up."""
    return Count(tokens=traps.naive(trap))


def ccusage(folder: Path, trap: Trap) -> Count | None:
    """As ccusage counts."""
    told = rivals.ccusage(folder, trap.agent, folder.parent / "home")
    return None if told is None else _of_totals(told.get("totals") or {})


def agentsview(folder: Path, trap: Trap) -> Count | None:
    """As agentsview counts."""
    told = rivals.agentsview(folder, trap.agent, folder.parent / "home")
    return None if told is None else _of_totals(told.get("totals") or {})


COUNTERS: Final[dict[str, Counter]] = {
    "Debrief": debrief,
    "naive": naive,
    "ccusage": ccusage,
    "agentsview": agentsview,
}


def _of_totals(totals: dict[str, Any]) -> Count:
    if "cachedInputTokens" in totals:  # ccusage for Codex, whose input holds the cache
        tokens = int(totals["inputTokens"]) + int(totals["outputTokens"])
    else:
        names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
        tokens = sum(int(totals.get(name) or 0) for name in names)
    dollars = totals.get("totalCost", totals.get("costUSD"))
    if isinstance(dollars, dict):
        dollars = dollars["microdollars"] / 1e6
    return Count(tokens=tokens, dollars=float(dollars or 0))


def _buckets(tokens: Tokens) -> list[int | None]:
    return [tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning]


def sessions_of(folder: Path) -> list[Session]:
    """The sessions that are stored when `folder` was imported."""
    with tempfile.TemporaryDirectory(prefix="counting-") as name:
        store = Store(f"sqlite:///{name}/counting.db")
        try:
            ingest(
                store,
                list(discover([folder])),
                identity=Identity(enterprise_id="bench", org_id="bench"),
                bench=Workbench(key=b"k" * 32, usd_per_acu=2.0, blob_folder=None),
                public_url="http://debrief.bench",
                workers=1,
            )
            with store.read() as connection:
                ids = connection.execute(select(table_of_sessions.c.session_id)).scalars().all()
                stored = [rows_of_sessions.find(connection, "bench", one) for one in ids]
        finally:
            store.close()
    return [one.session for one in stored if one is not None]
