"""Performance: what took long or cost much."""

import re
from collections.abc import Iterator, Sequence

from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.view import Step
from debrief.analysis.wording import code
from debrief.model.session import BUCKETS, total_tokens

SLOW_MS = 120_000

RUNS_WITHOUT_CLOCK = 2
"""Runs that must be slow where only the events' times are known: one may have waited for a person's leave."""

ALIKE = 2
"""How many times as long as the shortest the longest of such runs may be: a person is not that punctual."""

SHARE = 0.4
SHARE_LEAST_MS = 5 * 60_000
SHARE_RUNS = 3
PAUSE_US = 5 * 60_000_000
"""A longer silence is somebody's pause and no part of the session's time."""

ENOUGH_SESSIONS = 20
"""With fewer, nobody knows what is usual."""

_CHECKS = frozenset({"test", "build", "lint", "install"})
_WAITS = re.compile(
    r"\b(?:sleep|wait|watch|tail -[fF]|timeout|serve[r]?|dev|start|up|logs?|attach|ssh|nohup)\b|&\s*\Z"
)
_REDIRECTED = re.compile(r"\s+[12&]?>")
_CUT_OFF = re.compile(r"timed out|timeout|still running|running in (?:the )?background", re.IGNORECASE)


class SlowCommand(Detector):
    """A test, build, lint or install that took two minutes or more, or such runs that took most of the time.

    Why it matters: the agent waits, and so does whoever waits for it; each further run waits again.

    When it is wrong: a large build takes its time, and the machine may have been busy. Where only the times
    of the events are known, a single run may have waited for a person's leave: two that took about as long
    are needed then. Commands that wait or serve are left out.

    What it suggests: a narrower check for small changes.
    """

    id = "PERF-01"
    name = "slow command"
    label = "Performance"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """One finding for each check that was slow."""
        runs: dict[str, list[tuple[Step, int]]] = {}
        unmeasured: dict[str, list[tuple[Step, int]]] = {}
        for step in scene.steps:
            if step.family not in _CHECKS or step.call.tool_kind != "shell" or not _plain(step):
                continue
            measured, took = _took(step)
            if took is not None:
                (runs if measured else unmeasured).setdefault(step.target, []).append((step, took))
        total = _active_ms(scene)
        for target, timed in runs.items():
            slow = [(step, took) for step, took in timed if took >= SLOW_MS]
            if slow or _most_of(timed, total):
                yield _slow(target, slow or timed)
        for target, timed in unmeasured.items():
            slow = [(step, took) for step, took in timed if took >= SLOW_MS]
            times = [took for _, took in slow]
            if target not in runs and len(slow) >= RUNS_WITHOUT_CLOCK and max(times) <= ALIKE * min(times):
                yield _slow(target, slow)


class CostOutlier(Detector):
    """The session took more tool calls or tokens than 95 of 100 sessions of the organisation.

    Why it matters: a few sessions make most of the bill; what they have in common is worth knowing.

    When it is wrong: some tasks are that large. Nothing is said before twenty sessions are known.

    What it suggests: to look at what took so much, and to split such a task.
    """

    id = "PERF-02"
    name = "cost outlier"
    label = "Performance"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """What the session took, beside what is usual."""
        usual = scene.baseline
        if usual is None or usual.sessions < ENOUGH_SESSIONS or not scene.events:
            return
        steps = len(scene.steps) + len(scene.agent_steps)
        tokens = _tokens(scene)
        over = []
        if steps > usual.steps_p95:
            over.append(f"{steps:,} tool calls (95 of 100 sessions take at most {usual.steps_p95:,})")
        if tokens is not None and usual.tokens_p95 is not None and tokens > usual.tokens_p95:
            over.append(f"{tokens:,} tokens (95 of 100 sessions take at most {usual.tokens_p95:,})")
        if not over:
            return
        yield Finding(
            signature="outlier",
            summary=f"The session took {' and '.join(over)}",
            evidence=(scene.events[0].ordinal, scene.events[-1].ordinal),
            advice=(
                Advice("other", "Look at what took most of the session, and split a task of this size."),
            ),
            state="fact",
            impact="Low",
        )


def _plain(step: Step) -> bool:
    """Whether the time of `step` is that of a check that ran to its end."""
    done = step.result is not None and step.outcome in ("ok", "error")
    return done and not _WAITS.search(step.command) and not _CUT_OFF.search(step.text[-400:])


def _took(step: Step) -> tuple[bool, int | None]:
    """Whether the time was measured by the tool, and the milliseconds."""
    if step.result is not None and step.result.duration_ms is not None:
        return True, step.result.duration_ms
    if step.started_us is None or step.ended_us is None:
        return False, None
    return False, (step.ended_us - step.started_us) // 1000


def _most_of(timed: Sequence[tuple[Step, int]], total_ms: int) -> bool:
    took = sum(took for _, took in timed)
    return len(timed) >= SHARE_RUNS and took >= SHARE_LEAST_MS and took >= SHARE * total_ms


def _active_ms(scene: Scene) -> int:
    """The session's time without pauses."""
    total_us = 0
    before: int | None = None
    for event in scene.events:
        if event.ts_us is not None:
            gap = event.ts_us - before if before is not None else 0
            total_us += gap if 0 < gap <= PAUSE_US else 0
            before = event.ts_us
    return total_us // 1000


def _slow(target: str, timed: Sequence[tuple[Step, int]]) -> Finding:
    longest = max(timed, key=lambda one: one[1])
    steps = tuple(step for step, _ in timed)
    command = code(_part(longest[0]), 80)
    most = "" if len(timed) == 1 else "up to "
    return Finding(
        signature=f"slow {target}",
        summary=f"{command} took {most}{longest[1] / 1000:.0f} s",
        subject=target,
        steps=steps,
        evidence=(longest[0].last_ordinal,),
        advice=(Advice("repo_config", f"Write down a narrower check than {command} for small changes."),),
        state="fact",
    )


def _part(step: Step) -> str:
    """Of a compound shell line the command that the line is judged by."""
    chosen = [part.text for part in step.parts if (part.family, part.target) == (step.family, step.target)]
    return _REDIRECTED.split(chosen[-1], maxsplit=1)[0] if chosen else step.command


def _tokens(scene: Scene) -> int | None:
    """All tokens that are known; a lower bound is one too."""
    sums, _ = total_tokens(scene.session)
    known = [value for bucket in BUCKETS if (value := getattr(sums, bucket)) is not None]
    return sum(known) if known else None


DETECTORS: tuple[Detector, ...] = (SlowCommand(), CostOutlier())
