"""A View goes in, its phases come out: stretches of the session that belong together, in order.

First every step and every mark (a prompt, an interruption, a compaction, an error of the model's service)
becomes a phase of its own, then neighbours are merged, the cheapest first: likeness and small size make a
merge cheap, a person's word, a pull request or a commit between them makes it dear.
"""

import heapq
import math
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Literal

from debrief.analysis.families import changes_repository
from debrief.analysis.stages import scratch_files
from debrief.analysis.view import Step, View
from debrief.model import Event

MOST = 12
FEWEST = 2

Activity = Literal[
    "explore", "fetch", "edit", "check", "run", "install", "ship", "vcs", "plan", "delegate", "ask", "minor"
]

_ACTIVITIES: dict[str, Activity] = {
    "read": "explore",
    "search": "explore",
    "net": "fetch",
    "edit": "edit",
    "test": "check",
    "build": "check",
    "lint": "check",
    "run": "run",
    "install": "install",
    "plan": "plan",
    "agent": "delegate",
    "ask": "ask",
    "other": "minor",
}

SHIPPING = frozenset(
    {
        "git add",
        "git commit",
        "git push",
        "git tag",
        "gh pr create",
        "gh pr merge",
        "glab mr create",
        "glab mr merge",
    }
)
_ABSORBED: frozenset[Activity] = frozenset({"minor", "plan"})

_DENSITY = 0.8
"""Phases per root of the number of steps: 3 for 7 steps, 9 for 100."""

_LIKE = 0.5
_FOLLOWS = 0.6
_RELATED = 0.9
_UNLIKE = 1.3
_NATURAL: frozenset[tuple[Activity | None, Activity | None]] = frozenset(
    {("edit", "check"), ("explore", "fetch"), ("edit", "ship"), ("check", "ship"), ("install", "run")}
)
"""What the second of two is done for the sake of the first, or with it."""

_PROMPT_COST = 7.0
_INTERRUPT_COST = 6.0
_PULL_COST = 12.0
_MARK_COST = 4.0
_SHIP_COST = 2.0
_FIRST_EDIT_COST = 3.0


@dataclass(slots=True)
class Phase:
    """Consecutive events of the main chain: positions `start` up to `end` (not included) in `View.events`.

    `scratch` are the files that the session wrote to try something out.
    """

    start: int
    end: int = 0
    steps: list[Step] = field(default_factory=list)
    prompts: list[Event] = field(default_factory=list)
    marks: list[Event] = field(default_factory=list)
    messages: list[Event] = field(default_factory=list)
    activities: dict[Activity, int] = field(default_factory=dict)
    opening: Activity | None = None
    closing: Activity | None = None
    pulls: int = 0
    scratch: frozenset[str] = frozenset()
    first_edit: bool = False

    def add(self, step: Step) -> None:
        """Take a step in."""
        self.steps.append(step)
        activity = activity_of(step)
        self.activities[activity] = self.activities.get(activity, 0) + 1
        self.opening = self.opening or activity
        self.closing = activity

    def take(self, later: "Phase") -> None:
        """Take the neighbour behind in."""
        self.end = later.end
        self.steps += later.steps
        self.prompts += later.prompts
        self.marks += later.marks
        self.messages += later.messages
        self.opening = self.opening or later.opening
        self.closing = later.closing or self.closing
        self.pulls += later.pulls
        self.first_edit = self.first_edit or later.first_edit
        for activity, count in later.activities.items():
            self.activities[activity] = self.activities.get(activity, 0) + count

    @property
    def main(self) -> Activity | None:
        """What most of its steps do."""
        weighty = {a: n for a, n in self.activities.items() if a not in _ABSORBED} or self.activities
        return max(weighty.items(), key=itemgetter(1))[0] if weighty else None


def activity_of(step: Step) -> Activity:
    """What kind of work a step is, for a reader of the timeline."""
    if step.family != "vcs":
        return _ACTIVITIES.get(step.family, "minor")
    changing = [part for part in step.parts if part.family == "vcs" and changes_repository(part.words)]
    if any(part.target in SHIPPING for part in changing):
        return "ship"
    return "vcs" if changing else "explore"


def phases(view: View) -> list[Phase]:
    """The phases of `view`: none without events, at most `MOST`."""
    found = _joined(_single(view))
    turns = sum(bool(phase.prompts or phase.marks or phase.pulls) for phase in found)
    wanted = max(round(1 + _DENSITY * math.sqrt(len(view.steps))), turns)
    merged = _merged(found, max(FEWEST, min(MOST, wanted)))
    scratch = scratch_files(view.steps)
    for phase in merged:
        phase.scratch = scratch
    return merged


def _single(view: View) -> list[Phase]:
    """One phase for each step and each mark; what stands between belongs to the work that follows it.

    Only text before a person's word belongs to what went before.
    """
    steps = {step.call.ordinal: step for step in view.steps}
    pulls = {pull.event for pull in view.session.pull_requests if pull.created}
    found: list[Phase] = []
    loose = 0
    edited = False
    for position, event in enumerate(view.events):
        step = steps.get(event.ordinal)
        if step is not None:
            found.append(Phase(start=loose))
            found[-1].add(step)
            found[-1].first_edit = not edited and step.family == "edit"
            edited = edited or step.family == "edit"
        elif event.kind in ("prompt", "interrupt", "compaction", "api_error"):
            found.append(Phase(start=position))
            (found[-1].prompts if event.kind == "prompt" else found[-1].marks).append(event)
        elif event.kind == "message" and event.actor == "assistant" and event.text and not event.injected:
            if not found:
                found.append(Phase(start=0))
            found[-1].messages.append(event)
            continue
        elif event.kind != "tool_result":
            continue
        if found and event.ordinal in pulls:
            found[-1].pulls += 1
        loose = position + 1
    if not found:
        return [Phase(start=0, end=len(view.events))] if view.events else []
    found[0].start = 0
    for phase, following in pairwise(found):
        phase.end = following.start
    found[-1].end = len(view.events)
    return found


def _joined(single: list[Phase]) -> list[Phase]:
    """Merge what is surely one: a mark with what follows, a step with its like, small matters."""
    joined: list[Phase] = []
    for phase in single:
        last = joined[-1] if joined else None
        if last is None or phase.prompts or phase.marks:
            leads = last is not None and not last.steps and not last.messages
            if last is not None and leads and (phase.prompts or _same_mark(last, phase)):
                last.take(phase)
            else:
                joined.append(phase)
        elif not last.steps or phase.main == last.main or phase.main in _ABSORBED:
            last.take(phase)
        else:
            joined.append(phase)
    return joined


def _same_mark(last: Phase, phase: Phase) -> bool:
    return bool(last.marks and phase.marks) and last.marks[-1].kind == phase.marks[0].kind


def _merged(found: list[Phase], wanted: int) -> list[Phase]:
    """Merge neighbours, the cheapest pair first, until `wanted` are left."""
    left = len(found)
    following = [*range(1, left), -1]
    before = list(range(-1, left - 1))
    age = [0] * left
    queue = [(_cost(found[i], found[i + 1]), i, 0, 0) for i in range(left - 1)]
    heapq.heapify(queue)
    while left > wanted and queue:
        _, i, own_age, other_age = heapq.heappop(queue)
        j = following[i]
        if j < 0 or age[i] != own_age or age[j] != other_age:
            continue
        found[i].take(found[j])
        age[i] += 1
        age[j] = -1
        following[i] = following[j]
        if following[j] >= 0:
            before[following[j]] = i
            heapq.heappush(queue, (_cost(found[i], found[following[i]]), i, age[i], age[following[i]]))
        if before[i] >= 0:
            heapq.heappush(queue, (_cost(found[before[i]], found[i]), before[i], age[before[i]], age[i]))
        left -= 1
    return [phase for i, phase in enumerate(found) if age[i] >= 0]


def _cost(earlier: Phase, later: Phase) -> float:
    size = 1 + min(len(earlier.steps), len(later.steps))
    same = earlier.main == later.main
    if (earlier.closing, later.opening) in _NATURAL:
        likeness = _FOLLOWS
    elif same and earlier.closing == later.opening:
        likeness = _LIKE
    else:
        likeness = _RELATED if same else _UNLIKE
    cost = likeness * size
    if later.prompts and later.prompts[0] is _opening(later):
        cost += _PROMPT_COST if later.steps else _MARK_COST
    for mark in later.marks[:1]:
        cost += _INTERRUPT_COST if mark.kind == "interrupt" else _MARK_COST
    if earlier.pulls:
        cost += _PULL_COST
    elif earlier.activities.get("ship"):
        cost += _SHIP_COST
    if later.first_edit and earlier.main != "edit":
        cost += _FIRST_EDIT_COST
    return cost


def _opening(phase: Phase) -> Event | None:
    """The prompt that the phase begins with, if it begins with one."""
    if not phase.prompts:
        return None
    first = phase.prompts[0]
    return first if not phase.steps or first.ordinal < phase.steps[0].call.ordinal else None
