"""Approach: how the agent went about it."""

import re
from collections.abc import Iterator

from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.view import Step
from debrief.analysis.wording import code, normalised, short

_POLL = re.compile(
    r"\b(?:sleep|status|wait|watch|tail|ps|pgrep|top|checks|logs?|health\w*|ping|jobs|kubectl get|docker ps|"
    r"gh run|is-active|nc -z|curl)\b",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"limit|quota|max[ _-]?turns|budget|credit|too many|429|overloaded|529", re.IGNORECASE)
SAME_RESULT_CHARACTERS = 4_000


class IdenticalCommandLoop(Detector):
    """The same call failed in the same way three times or more, and nothing was changed in between.

    Why it matters: the same call gives the same answer; each repetition is time and tokens for nothing.

    When it is wrong: a service may come up meanwhile. Commands that wait or poll are left out, and whatever
    succeeds between two calls, or changes a file, begins the count anew.

    What it suggests: to tell the agent what the failure means.
    """

    id = "APP-01"
    name = "identical command loop"
    label = "Approach"
    least = 3

    def find(self, scene: Scene) -> Iterator[Finding]:
        """One finding for each run of identical failing calls."""
        runs: dict[tuple[str, ...], list[Step]] = {}
        for step in scene.steps:
            if step.family in ("read", "search", "plan", "ask") and not step.failed:
                continue
            if step.outcome in ("rejected", "interrupted", "cascade"):
                continue
            if not (step.failed or step.red):
                yield from _long(runs)
                runs.clear()
                continue
            if not _POLL.search(step.command):
                runs.setdefault(_call(step), []).append(step)
        yield from _long(runs)


class StoppedMidWork(Detector):
    """An error of the model's service, or a limit, ended the session before the agent had answered.

    Why it matters: the work lies half done, and nobody said so.

    When it is wrong: the work may have been taken up in another session. A transcript that ends in the middle
    of a call is no finding: it may be a copy of a session that goes on, and a person's stop is none either.

    What it suggests: what the error asks for: another limit, or a new start.
    """

    id = "APP-05"
    name = "stopped mid-work"
    label = "Approach"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The error that ended the session."""
        session = scene.session
        if session.end_state != "error" or not scene.events:
            return
        errors = [event for event in scene.events if event.kind == "api_error"]
        last = errors[-1] if errors else scene.events[-1]
        said = errors[-1].text.strip() if errors else ""
        reason = short(said or session.end_reason, 160)
        limited = bool(_LIMIT.search(reason))
        advice = (
            "Raise the limit that ended the session, or split the task"
            if limited
            else "Take the task up again"
        )
        yield Finding(
            signature=f"ended {normalised(reason)}",
            summary=f'{"A limit" if limited else "An error"}, not an answer, ended the session: "{reason}"',
            evidence=(last.ordinal,),
            advice=(Advice("other", f'{advice}; it was ended by "{reason}"'),),
            state="fact",
            impact="High",
        )


def _long(runs: dict[tuple[str, ...], list[Step]]) -> Iterator[Finding]:
    for calls in runs.values():
        if len(calls) < IdenticalCommandLoop.least:
            continue
        alike: dict[str, list[Step]] = {}
        for step in calls:
            alike.setdefault(_said(step), []).append(step)
        yield from (_loop(steps) for steps in alike.values() if len(steps) >= IdenticalCommandLoop.least)


def _loop(steps: list[Step]) -> Finding:
    first = steps[0]
    what = code(first.command or " ".join(filter(None, (first.call.tool, first.call.path))))
    line = next((line for line in reversed(first.text.splitlines()) if line.strip()), "")
    advice = Advice("knowledge", f'{what} fails with "{short(line)}" until something is changed.')
    return Finding(
        signature=f"{first.family} {first.target} {normalised(line)}",
        summary=f'{what} was called repeatedly and failed alike each time: "{short(line)}"',
        steps=tuple(steps),
        advice=(advice,) if first.command else (),
        state="fact",
    )


def _call(step: Step) -> tuple[str, ...]:
    return step.call.tool or "", " ".join(step.command.split()), step.call.path or "", step.call.args


def _said(step: Step) -> str:
    return "\n".join(normalised(line) for line in step.text[:SAME_RESULT_CHARACTERS].splitlines())


DETECTORS: tuple[Detector, ...] = (IdenticalCommandLoop(), StoppedMidWork())
