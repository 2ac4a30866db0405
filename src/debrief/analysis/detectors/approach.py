"""Approach: how the agent went about it."""

import re
from collections.abc import Iterator

from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.view import Step
from debrief.analysis.wording import code, normalised, short, times

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
        runs: dict[str, list[Step]] = {}
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
                runs.setdefault(_key(step), []).append(step)
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
        reason = short(errors[-1].text if errors and errors[-1].text.strip() else session.end_reason, 160)
        limited = bool(_LIMIT.search(reason))
        again = f'Raise the limit that ended the session, or split the task: "{reason}"'
        yield Finding(
            signature=f"ended {normalised(reason)}",
            summary=f'The session was ended by {"a limit" if limited else "an error"}, not by an answer: "{reason}"',
            evidence=(last.ordinal,),
            advice=(
                Advice(
                    "other", again if limited else f'Take the task up again; this error ended it: "{reason}"'
                ),
            ),
            state="fact",
            impact="High",
        )


def _long(runs: dict[str, list[Step]]) -> Iterator[Finding]:
    for steps in runs.values():
        if len(steps) < IdenticalCommandLoop.least:
            continue
        first = steps[0]
        what = code(first.command or " ".join(filter(None, (first.call.tool, first.call.path))))
        line = next((line for line in reversed(first.text.splitlines()) if line.strip()), "")
        yield Finding(
            signature=f"{first.family} {first.target} {normalised(line)}",
            summary=f'{what} was called {times(len(steps))} with the same failure, nothing changed: "{short(line)}"',
            steps=tuple(steps),
            advice=(Advice("knowledge", f'{what} fails with "{short(line)}" until something is changed.'),),
            state="fact",
        )


def _key(step: Step) -> str:
    text = step.text[:SAME_RESULT_CHARACTERS]
    said = "\n".join(normalised(line) for line in text.splitlines())
    call = step.call
    return "\0".join((call.tool or "", " ".join(step.command.split()), call.path or "", call.args, said))
