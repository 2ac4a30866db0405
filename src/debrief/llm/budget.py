"""What may be spent on the model, in a run and in a day, in tokens and in dollars.

Each request reserves the most that it can cost before it is sent, and settles when it is done. The day's
book is a file that is only ever added to, so that several processes may keep it; a reservation that nobody
settled counts as spent. Where a model has no known price, dollars cannot be counted and tokens alone are
the limit.
"""

import json
import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from debrief.errors import BudgetUsedUp
from debrief.llm.settings import LlmSettings
from debrief.metering import cost
from debrief.model import ModelCall, Session, Tokens

MICROS = 1_000_000


class Spent(Struct, frozen=True):
    """Tokens, and what they cost in millionths of a dollar; None where the model has no known price."""

    tokens: int
    usd_micros: int | None


class Reservation(Struct, frozen=True):
    """The most that one request can cost, noted before it is sent."""

    name: str
    book: str
    most: Spent


def price(model: str, *, fresh: int, output: int, read: int = 0, written: int = 0) -> int | None:
    """What a call costs, in millionths of a dollar, at the newest prices; None where there is none."""
    tokens = Tokens(input=fresh, cache_read=read, cache_write=written, output=output)
    call = ModelCall(key="", model=model, tokens=tokens)
    asked = Session(format="", parser_version=0, native_id="", agent="", model_calls=(call,))
    return cost(asked).cost_usd_micros


class Budget:
    """The limits of one run, and of the days that it runs in. `folder` holds the books of the days."""

    def __init__(self, settings: LlmSettings, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._folder = folder
        self._now = now
        self._run: dict[str, Spent] = {}

    def reserve(self, tokens_in: int, tokens_out: int) -> Reservation:
        """Note what a request can cost at most. Raises `BudgetUsedUp` where that is too much."""
        settings = self._settings
        most = Spent(tokens_in + tokens_out, price(settings.model, fresh=tokens_in, output=tokens_out))
        day = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%d")
        book = f"spent-{day}.jsonl"
        reservation = Reservation(uuid.uuid4().hex, book, most)
        self._refuse(_sum([*self._run.values(), most]), settings.tokens_per_run, settings.usd_per_run, "run")
        # Noted first and looked at then: of two processes that do this at once, neither overlooks the other.
        self._note(reservation, most)
        try:
            self._refuse(self.spent_on(day), settings.tokens_per_day, settings.usd_per_day, "day")
        except BudgetUsedUp:
            self._note(reservation, Spent(0, 0))
            raise
        self._run[reservation.name] = most
        return reservation

    def settle(self, reservation: Reservation, spent: Spent) -> None:
        """Note what the request really cost."""
        self._run[reservation.name] = spent
        self._note(reservation, spent)

    def spent_in_run(self) -> Spent:
        """All that was spent since this budget was made, with what is reserved."""
        return _sum(list(self._run.values()))

    def spent_on(self, day: str) -> Spent:
        """All that was spent on `day` (`2026-01-31`, UTC), with what is reserved."""
        found: dict[str, Spent] = {}
        try:
            lines = (self._folder / f"spent-{day}.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        for line in lines:
            try:
                entry = json.loads(line)
                found[entry["id"]] = Spent(entry["tokens"], entry["usd_micros"])
            except (ValueError, KeyError, TypeError):
                continue  # a line that a crash cut short
        return _sum(list(found.values()))

    def _refuse(self, spent: Spent, tokens: int, dollars: float, period: str) -> None:
        if spent.tokens > tokens:
            raise BudgetUsedUp(f"the model's budget of {tokens:,} tokens a {period} is used up")
        if spent.usd_micros is not None and spent.usd_micros > dollars * MICROS:
            raise BudgetUsedUp(f"the model's budget of ${dollars:g} a {period} is used up")

    def _note(self, reservation: Reservation, spent: Spent) -> None:
        entry = {"id": reservation.name, "tokens": spent.tokens, "usd_micros": spent.usd_micros}
        self._folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        descriptor = os.open(self._folder / reservation.book, flags, 0o600)
        try:
            os.write(descriptor, (json.dumps(entry) + "\n").encode())
        finally:
            os.close(descriptor)


def _sum(several: list[Spent]) -> Spent:
    """All together; the dollars are those that are known, None where none are."""
    known = [one.usd_micros for one in several if one.usd_micros is not None]
    return Spent(sum(one.tokens for one in several), sum(known) if known else None)
