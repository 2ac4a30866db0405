"""Track E: what people call a repetition, beside calls that are equal or nearly so. A fact, not a judgement.

Agents run the same test after each change, and that is their work: hence how seldom a repeated call is one
that people call repetition. No bar stands here; the figures say why no detector scolds for a second look.
"""

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final, NamedTuple

from data import items
from metrics import Row, bootstrap, f1, row
from study import DATASET, labelled

from debrief.analysis.steps import build_view
from debrief.analysis.view import Step

REPETITION: Final = "Repetition"
NEAR: Final = 0.9
READ: Final = 2_000
"""Characters of a call that are compared."""

_BLANKS: Final = re.compile(r"\s+")


class Pair(NamedTuple):
    """Two calls that follow each other: what people say of them, and whether a rule calls them the same."""

    repeated: bool
    said: bool


def rows(data: Path, split: str) -> list[Row]:
    """The figures of the track."""
    told = {item.name: labelled(data, item.name) for item in items(data, DATASET, split)}
    if not told:
        return []
    words = {name: [_words(step) for step in build_view(one.session).steps] for name, one in told.items()}
    place = ("E", DATASET, split)
    found: list[Row] = []
    for rule, holds in _RULES.items():
        groups = {
            name: [
                Pair(relation == REPETITION, holds(words[name], at + 1))
                for at, relation in enumerate(one.relations[: len(words[name]) - 1])
            ]
            for name, one in told.items()
        }
        pairs = [pair for group in groups.values() for pair in group]
        share = sum(pair.repeated for pair in pairs) / len(pairs)
        claims = sum(pair.said for pair in pairs)
        found += [
            row(
                place,
                f"precision of {rule}",
                claims,
                precision(pairs),
                interval=bootstrap(groups, precision),
                baseline=share,
            ),
            row(place, f"recall of {rule}", len(pairs), recall(pairs), interval=bootstrap(groups, recall)),
            row(place, f"F1 of {rule}", len(pairs), f1(precision(pairs), recall(pairs))),
        ]
    return found


def precision(pairs: Sequence[Pair]) -> float | None:
    """The part of what the rule says that people say too."""
    said = [pair.repeated for pair in pairs if pair.said]
    return sum(said) / len(said) if said else None


def recall(pairs: Sequence[Pair]) -> float | None:
    """The part of what people say that the rule says too."""
    real = [pair.said for pair in pairs if pair.repeated]
    return sum(real) / len(real) if real else None


def _words(step: Step) -> str:
    call = step.call
    edits = " ".join(f"{edit.path} {edit.old} {edit.new}" for edit in call.edits)
    told = f"{call.tool_kind} {call.command or call.path or ''} {call.args} {edits}"
    return _BLANKS.sub(" ", told)[:READ]


def _exact(words: Sequence[str], at: int) -> bool:
    return words[at] == words[at - 1]


def _again(words: Sequence[str], at: int) -> bool:
    return words[at] in words[:at]


def _near(words: Sequence[str], at: int) -> bool:
    one, other = words[at - 1], words[at]
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= NEAR and matcher.quick_ratio() >= NEAR and matcher.ratio() >= NEAR


_RULES: Final[dict[str, Callable[[Sequence[str], int], bool]]] = {
    "exact duplicates of the call before": _exact,
    "exact duplicates of any call before": _again,
    "near duplicates of the call before": _near,
}
