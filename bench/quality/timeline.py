"""Track D: what each step was for, and where one phase ends and the next begins, beside people's judgement.

Our stages are told in the words of the study; steps that it calls "Locate" or "Refactor" look like others
("Explore", "Reproduce") and are never claimed.
"""

from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

from data import items
from metrics import Row, accuracy, bootstrap, boundaries, kappa, macro_f1, mean, row, window_diff
from study import DATASET, labelled

from debrief.analysis.stages import Stage, stages
from debrief.analysis.steps import build_view
from debrief.analysis.timeline import build_timeline
from debrief.analysis.view import Step

ACCURACY_BAR: Final = 0.82
KAPPA_BAR: Final = 0.75
WINDOW_BAR: Final = 0.25

CATEGORIES: Final[dict[Stage, str]] = {
    "look": "Explore",
    "search": "Search",
    "prepare": "Explore",
    "probe": "Reproduce",
    "change": "Generate Fix",
    "check": "Run tests",
    "other": "Explore",
}


class Told(NamedTuple):
    """One trajectory: people's categories, ours, and those of the rules beside; where our timeline cuts."""

    truth: tuple[str, ...]
    ours: tuple[str, ...]
    simple: tuple[str, ...]
    cuts: tuple[bool, ...]


def rows(data: Path, split: str) -> list[Row]:
    """The figures of the track; none where the folder has no such trajectories."""
    told = {item.name: _told(data, item.name) for item in items(data, DATASET, split)}
    if not told:
        return []
    place = ("D", DATASET, split)
    ours = {name: list(zip(one.truth, one.ours, strict=True)) for name, one in told.items()}
    pairs = [pair for one in ours.values() for pair in one]
    simple = [pair for one in told.values() for pair in zip(one.truth, one.simple, strict=True)]
    often = Counter(truth for truth, _ in pairs).most_common(1)[0][0]
    constant = [(truth, often) for truth, _ in pairs]
    found = [
        row(
            place,
            "category accuracy",
            len(pairs),
            accuracy(pairs),
            interval=bootstrap(ours, accuracy),
            baseline=accuracy(simple),
            bar=ACCURACY_BAR,
        ),
        row(
            place,
            "category kappa",
            len(pairs),
            kappa(pairs),
            interval=bootstrap(ours, kappa),
            baseline=kappa(simple),
            bar=KAPPA_BAR,
        ),
        row(
            place,
            "category macro F1",
            len(pairs),
            macro_f1(pairs),
            interval=bootstrap(ours, macro_f1),
            baseline=macro_f1(simple),
        ),
        row(place, "accuracy of the most frequent category", len(pairs), accuracy(constant)),
    ]
    return [*found, *_cut_rows(place, told)]


def _cut_rows(place: tuple[str, str, str], told: dict[str, Told]) -> list[Row]:
    stage = {name: [_differs(one.truth, one.ours)] for name, one in told.items()}
    simple = mean([_differs(one.truth, one.simple) for one in told.values()])
    entries = {name: [window_diff(boundaries(one.truth), one.cuts) or 0.0] for name, one in told.items()}
    never = mean(
        [window_diff(boundaries(one.truth), [False] * len(one.cuts)) or 0.0 for one in told.values()]
    )
    count = len(told)
    return [
        row(
            place,
            "WindowDiff of stages",
            count,
            mean([one[0] for one in stage.values()]),
            interval=bootstrap(stage, mean),
            baseline=simple,
            bar=WINDOW_BAR,
        ),
        row(
            place,
            "WindowDiff of timeline entries (coarser by design)",
            count,
            mean([one[0] for one in entries.values()]),
            interval=bootstrap(entries, mean),
            baseline=never,
        ),
    ]


def _differs(truth: tuple[str, ...], said: tuple[str, ...]) -> float:
    return window_diff(boundaries(truth), boundaries(said)) or 0.0


def _told(data: Path, name: str) -> Told:
    one = labelled(data, name)
    view = build_view(one.session)
    starts = {entry.first for entry in build_timeline(view)}
    return Told(
        truth=one.categories,
        ours=tuple(CATEGORIES[stage] for stage in stages(view.steps)),
        simple=tuple(_simple(step) for step in view.steps),
        cuts=tuple(step.call.ordinal in starts for step in view.steps[1:]),
    )


def _simple(step: Step) -> str:
    """The rules that anybody would write first."""
    call = step.call
    command = call.command or ""
    if call.tool_kind == "read":
        return "Explore"
    if call.tool_kind in ("edit", "write"):
        scratch = any(word in (call.path or "") for word in ("repro", "test_"))
        return "Reproduce" if scratch else "Generate Fix"
    if any(word in command for word in ("grep", "find ", "rg ")):
        return "Search"
    if any(word in command for word in ("python", "pytest", "test", "make")):
        return "Run tests"
    return "Explore"
