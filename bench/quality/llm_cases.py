"""What can go wrong between us and a language model, as cases: a scripted server, and what must come of it.

Each case is a session, a script for the fake model, and a check that names what does not hold. What must
always hold, whatever the model does, is checked in every case.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from fake_llm import FakeModel, Reply, Request, Script, in_turn

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "analysis"))

from building import edit, prompt, say, session, shell

from debrief.analysis import analyse
from debrief.analysis.verify import verified
from debrief.llm import LlmSettings
from debrief.llm.analyser import Analyser
from debrief.model import ACTION_TYPES, IMPACTS, LABELS, Analysis, Issue, Session

NOW: Final = 1_760_000_000.0
BOTH: Final = ("openai", "anthropic")
MOST_ISSUES: Final = 8

FIRST: Final = "Fix the login bug in src/auth/login.ts, keep the public API."
LATER: Final = "The bug is in the session cookie, not in the mailer."

WRONG_TURN: Final[dict[str, Any]] = {
    "label": "Approach",
    "impact": "High",
    "summary": "The agent rewrote the mailer although the login was to be fixed.",
    "evidence": [{"event": 3, "excerpt": "so I rewrite src/mail/send.ts"}],
    "action": {"type": "prompt_improvement", "text": "Say that the mailer is not to be touched."},
}
GOOD: Final[dict[str, Any]] = {"issues": [WRONG_TURN]}


def usual() -> Session:
    """A session in which the agent goes astray, and says that it succeeded over a red run."""
    return session(
        prompt(FIRST),
        shell("npm test", output="3 failed, 12 passed", exit_code=1),
        say("The failure is in the mailer, so I rewrite src/mail/send.ts."),
        edit("src/mail/send.ts", "send(a)", "send(b)"),
        prompt(LATER),
        shell("npm test", output="3 failed, 12 passed", exit_code=1),
        say("All tests pass now, the login works."),
    )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What came of a case."""

    session: Session
    by_rules: Analysis
    analysis: Analysis
    requests: Sequence[Request]
    waits: Sequence[float]
    folder: Path
    tokens_spent: int
    usd_spent: int | None
    stopped: str

    @property
    def added(self) -> list[Issue]:
        """The model's issues that were kept."""
        return [issue for issue in self.analysis.issues if issue.source == "llm"]

    @property
    def dropped(self) -> dict[str, int]:
        """How many statements were dropped, by reason."""
        return dict(self.analysis.llm.dropped) if self.analysis.llm else {}

    @property
    def fault(self) -> str:
        """What the run says that went wrong."""
        return self.analysis.llm.fault if self.analysis.llm else "no run is marked"


Check = Callable[[Seen], Iterator[tuple[str, bool]]]
"""Statements about what came of a case, and whether they hold."""


@dataclass(frozen=True, kw_only=True)
class LlmCase:
    """One case. `rounds` reads the session again so many times, `settings` overrides the usual ones."""

    name: str
    script: Script
    check: Check
    make: Callable[[], Session] = usual
    providers: tuple[str, ...] = BOTH
    rounds: int = 1
    settings: dict[str, Any] = field(default_factory=dict)


def case(name: str, script: Script | Reply, check: Check, **more: Any) -> LlmCase:  # noqa: ANN401 (of any type)
    """A case whose server answers with one reply or by a script."""
    return LlmCase(
        name=name, script=in_turn([script]) if isinstance(script, Reply) else script, check=check, **more
    )


def faults_of(one: LlmCase, provider: str) -> list[str]:
    """Run a case; what does not hold, in words."""
    with tempfile.TemporaryDirectory() as folder, FakeModel(one.script) as fake:
        seen = asyncio.run(_run(one, provider, fake, Path(folder) / "llm"))
        return [said for check in (_always, one.check) for said, holds in check(seen) if not holds]


async def _run(one: LlmCase, provider: str, fake: FakeModel, folder: Path) -> Seen:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    settings = msgspec.structs.replace(
        LlmSettings(
            provider="openai" if provider == "openai" else "anthropic",
            model="gpt-4o",
            base_url=fake.address,
            api_key="key-of-the-test",
        ),
        **one.settings,
    )
    read = one.make()
    by_rules = analyse(read)
    async with Analyser(settings, folder, sleep=sleep, now=lambda: NOW) as analyser:
        analysis = by_rules
        for _ in range(one.rounds):
            analysis = await analyser.read(read, by_rules)
        return Seen(
            session=read,
            by_rules=by_rules,
            analysis=analysis,
            requests=fake.requests,
            waits=waits,
            folder=folder,
            tokens_spent=analyser.spent.tokens,
            usd_spent=analyser.spent.usd_micros,
            stopped=analyser.stopped,
        )


def _always(seen: Seen) -> Iterator[tuple[str, bool]]:
    """What holds whatever a model does."""
    analysis, known = seen.analysis, seen.by_rules
    yield "every finding of the rules stands", set(known.issues) <= set(analysis.issues)
    yield "every action item of the rules stands", set(known.action_items) <= set(analysis.action_items)
    yield "the timeline covers what it did", _places(known) == _places(analysis)
    yield "at most eight issues", len(analysis.issues) <= MOST_ISSUES
    yield "labels are of the closed list", all(one.label in {*LABELS, "Other"} for one in analysis.issues)
    yield "impacts are of the closed list", all(one.impact in IMPACTS for one in analysis.issues)
    yield (
        "action types are of the closed list",
        all(one.type in ACTION_TYPES for one in analysis.action_items),
    )
    yield "ids are unique", len({one.id for one in analysis.issues}) == len(analysis.issues)
    yield "everything verifies", verified(analysis, seen.session) == analysis
    yield (
        "the source is marked",
        all((one.source == "llm") == (one not in known.issues) for one in analysis.issues),
    )
    yield "the run is marked", analysis.llm is not None and bool(analysis.llm.model and analysis.llm.base)
    yield "a fault is said", not seen.fault or f"llm: {seen.fault}" in analysis.faults
    packed = msgspec.msgpack.encode(analysis)
    yield "it is stored as it is", msgspec.msgpack.decode(packed, type=Analysis) == analysis
    yield (
        "nothing half written lies about",
        not [
            path
            for path in seen.folder.rglob("*")
            if path.is_file() and path.suffix not in {".json", ".jsonl"}
        ],
    )
    yield (
        "the key is in no file",
        not any(b"key-of-the-test" in path.read_bytes() for path in seen.folder.rglob("*") if path.is_file()),
    )
    yield "requests are not streamed", not any(one.body.get("stream") for one in seen.requests)
    yield "cost is counted", not seen.requests or seen.tokens_spent > 0 or bool(seen.fault)


def _places(analysis: Analysis) -> list[tuple[int, int]]:
    return [(entry.first, entry.last) for entry in analysis.timeline]


def kept_one(seen: Seen) -> Iterator[tuple[str, bool]]:
    """The good answer was taken, and nothing is said to be wrong."""
    yield "the issue is added", [one.evidence for one in seen.added] == [(3,)]
    yield "its action too", len(seen.analysis.action_items) == len(seen.by_rules.action_items) + 1
    yield f"no fault, not {seen.fault!r}", not seen.fault
    run = seen.analysis.llm
    yield "tokens are counted", run is not None and run.tokens_in > 0 and run.tokens_out > 0
    yield "and what they cost", run is not None and bool(run.cost_usd_micros)


def dropped(reason: str, count: int = 1) -> Check:
    """Nothing was taken, and so many statements were dropped for this reason."""

    def check(seen: Seen) -> Iterator[tuple[str, bool]]:
        yield "nothing is added", not seen.added
        yield f"dropped is {reason}, not {seen.dropped}", seen.dropped.get(reason) == count

    return check


def stands(said: str, requests: int = 1, *, stops: bool = False) -> Check:
    """Nothing was taken; the fault says why, after so many requests."""

    def check(seen: Seen) -> Iterator[tuple[str, bool]]:
        yield "nothing is added", not seen.added
        yield f"the fault says {said!r}, not {seen.fault!r}", said in seen.fault
        yield f"{requests} requests, not {len(seen.requests)}", len(seen.requests) == requests
        yield "whether others are asked", bool(seen.stopped) == stops

    return check


def claim(**changes: Any) -> Reply:  # noqa: ANN401 (of any type)
    """A reply with the good issue, changed."""
    return Reply(answer={"issues": [{**WRONG_TURN, **changes}]})
