"""The verb: read one session with the model, part by part, and add what holds to its Analysis.

Whatever fails, an Analysis comes back: that of the rules, with what was read until then, and with a
sentence that says what failed.
"""

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

import msgspec
from msgspec import Struct

from debrief.errors import BudgetUsedUp, ModelError, ModelOutOfReach, ModelTooSmall
from debrief.llm.answers import Answer, answer_of
from debrief.llm.asking import PROMPT_VERSION, Question, question
from debrief.llm.budget import Budget, Spent, price
from debrief.llm.client import Client, TransientError, most_of
from debrief.llm.memory import Memory, Reply
from debrief.llm.merging import merge
from debrief.llm.settings import LlmSettings
from debrief.llm.shown import Part, halves, parts_of
from debrief.model import Analysis, LlmRun, Session

ATTEMPTS = 4
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 120.0
"""A server that wants to be left alone for longer is not waited for."""

Sleep = Callable[[float], Awaitable[None]]


class _Read(Struct):
    """What has come of a session's parts so far."""

    parts: int = 0
    read: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd_micros: int | None = 0
    unusable: int = 0
    cut: int = 0
    fault: str = ""


def base_of(session: Session, by_rules: Analysis) -> str:
    """Names a session and what the rules say of it: a model's additions belong to both."""
    bare = msgspec.structs.replace(session, events=())
    return hashlib.sha256(msgspec.msgpack.encode((bare, by_rules))).hexdigest()[:32]


def is_read(stored: Analysis | None, session: Session, by_rules: Analysis) -> bool:
    """Whether `stored` is what the rules say of `session`, with a model's additions."""
    return stored is not None and stored.llm is not None and stored.llm.base == base_of(session, by_rules)


class Analyser:
    """Reads sessions with one model, within one run's budget.

    `stopped` says why no more can be read, `asked` and `remembered` count the replies.
    """

    def __init__(
        self,
        settings: LlmSettings,
        folder: Path,
        *,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.stopped = ""
        self.asked = 0
        self.remembered = 0
        self._sleep = sleep
        self._budget = Budget(settings, folder, now=now)
        self._memory = Memory(folder / "answers")
        self._client = Client(settings)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    @property
    def spent(self) -> Spent:
        """What this run has cost; remembered replies cost nothing."""
        return self._budget.spent_in_run()

    def is_done(self, stored: Analysis | None, session: Session, by_rules: Analysis) -> bool:
        """Whether this model has read all of `session` already."""
        if stored is None or stored.llm is None or not is_read(stored, session, by_rules):
            return False
        run = stored.llm
        return (run.model, run.prompt_version, run.fault) == (self.settings.name, PROMPT_VERSION, "")

    async def read(self, session: Session, by_rules: Analysis) -> Analysis:
        """`by_rules` with what the model adds and with the LlmRun that says how it went."""
        seen = _Read()
        answers: list[tuple[Part, Answer]] = []
        try:
            await self._read_parts(session, by_rules, seen, answers)
            merged = merge(session, by_rules, answers)
        except ModelError as error:
            seen.fault = str(error)
            if isinstance(error, ModelOutOfReach | BudgetUsedUp):
                self.stopped = str(error)
            merged = merge(session, by_rules, answers)
        except Exception as error:  # noqa: BLE001 (a guest: whatever it does, the rules' analysis stands)
            seen.fault = f"reading with the model failed: {type(error).__name__}"
            return self._marked(by_rules, session, by_rules, seen, 0, ())
        return self._marked(merged.analysis, session, by_rules, seen, merged.kept, merged.dropped)

    async def _read_parts(
        self, session: Session, by_rules: Analysis, seen: _Read, answers: list[tuple[Part, Answer]]
    ) -> None:
        todo = list(parts_of(session.events, self.settings.part_tokens))
        seen.parts = len(todo)
        while todo:
            part = todo.pop(0)
            place = f"part {seen.read + 1} of {seen.parts}"
            asked = question(session, by_rules, part, place=place, settings=self.settings)
            try:
                reply = await self._reply(asked)
            except ModelTooSmall:
                smaller = halves(part, session.events)
                if not smaller:
                    raise
                todo[:0] = smaller
                seen.parts += 1
                continue
            seen.read += 1
            seen.tokens_in += reply.tokens_in
            seen.tokens_out += reply.tokens_out
            known = reply.usd_micros
            seen.usd_micros = None if known is None or seen.usd_micros is None else seen.usd_micros + known
            answer = answer_of(reply.text)
            if answer is None:
                seen.unusable += 1
                continue
            seen.cut += answer.is_cut or reply.ending == "length"
            answers.append((part, answer))
        if seen.unusable:
            seen.fault = f"{seen.unusable} of {seen.parts} answers of the model could not be read"
        elif seen.cut:
            seen.fault = f"{seen.cut} of {seen.parts} answers of the model broke off"

    async def _reply(self, asked: Question) -> Reply:
        """The reply to a question, remembered or asked for."""
        known = self._memory.find(asked.key)
        if known is not None:
            self.remembered += 1
            return known
        if self.stopped:
            raise ModelError(self.stopped)
        reply = await self._asked(asked)
        self.asked += 1
        self._memory.keep(asked.key, reply)
        return reply

    async def _asked(self, asked: Question) -> Reply:
        """Ask, again where that may help, waiting as long as the server wants or twice as long each time."""
        most = most_of(asked)
        attempt = 0
        while True:
            attempt += 1
            reservation = self._budget.reserve(most, self.settings.answer_tokens)
            spent = Spent(0, 0)
            try:
                reply = await self._client.ask(asked)
                spent = Spent(reply.tokens_in + reply.tokens_out, reply.usd_micros)
            except TransientError as error:
                if error.was_sent:
                    # Whether it was answered, and so is to be paid for, cannot be known.
                    spent = Spent(most, price(self.settings.model, fresh=most, output=0))
                wait_s = error.wait_s if error.wait_s is not None else _wait_s(attempt)
                if attempt >= ATTEMPTS or wait_s > LONGEST_WAIT_S:
                    raise
            except BaseException as error:
                if not isinstance(error, ModelError):
                    spent = reservation.most
                raise
            else:
                return reply
            finally:
                self._budget.settle(reservation, spent)
            await self._sleep(wait_s)

    def _marked(
        self,
        analysis: Analysis,
        session: Session,
        by_rules: Analysis,
        seen: _Read,
        kept: int,
        dropped: tuple[tuple[str, int], ...],
    ) -> Analysis:
        run = LlmRun(
            model=self.settings.name,
            prompt_version=PROMPT_VERSION,
            parts=seen.parts,
            parts_read=seen.read,
            tokens_in=seen.tokens_in,
            tokens_out=seen.tokens_out,
            cost_usd_micros=seen.usd_micros,
            kept=kept,
            dropped=dropped,
            fault=seen.fault,
            base=base_of(session, by_rules),
        )
        faults = (*analysis.faults, f"llm: {seen.fault}") if seen.fault else analysis.faults
        return msgspec.structs.replace(analysis, llm=run, faults=faults)


def _wait_s(attempt: int) -> float:
    """One second, two, four, with a little more or less, so that many clients do not come back at once."""
    return FIRST_WAIT_S * float(2 ** (attempt - 1)) * random.uniform(0.8, 1.2)  # noqa: S311 (no secret)
