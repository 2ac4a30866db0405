"""Labels and judgements go in, figures with their intervals come out: what every track counts with."""

import math
import random
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypedDict, TypeVar

DRAWS: Final = 400
SEED: Final = 20_26

Item = TypeVar("Item")


class Row(TypedDict):
    """One figure. `baseline` is what a constant or a trivial rule reaches, `bar` what was promised."""

    track: str
    dataset: str
    split: str
    metric: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    baseline: float | None
    bar: float | None


def row(
    place: tuple[str, str, str],
    metric: str,
    n: int,
    value: float | None,
    *,
    interval: tuple[float, float] | None = None,
    baseline: float | None = None,
    bar: float | None = None,
) -> Row:
    """A row of the table; `place` is its track, dataset and split."""
    low, high = interval or (None, None)
    track, dataset, split = place
    return Row(
        track=track,
        dataset=dataset,
        split=split,
        metric=metric,
        n=n,
        value=_tidy(value),
        low=_tidy(low),
        high=_tidy(high),
        baseline=_tidy(baseline),
        bar=bar,
    )


def _tidy(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, 4)


def bootstrap(
    groups: Mapping[Hashable, Sequence[Item]], figure: Callable[[list[Item]], float | None]
) -> tuple[float, float] | None:
    """The 95 % interval of `figure` when whole groups (a session, a task) are drawn again and again."""
    if not groups:
        return None
    chance = random.Random(SEED)  # noqa: S311 (a seeded draw, not a secret)
    names = list(groups)
    found = []
    for _ in range(DRAWS):
        drawn = [item for name in chance.choices(names, k=len(names)) for item in groups[name]]
        value = figure(drawn)
        if value is not None and not math.isnan(value):
            found.append(value)
    return (quantile(found, 0.025), quantile(found, 0.975)) if found else None


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def mean(values: Sequence[float]) -> float | None:
    """The mean, None of nothing."""
    return sum(values) / len(values) if values else None


def accuracy(pairs: Sequence[tuple[str, str]]) -> float | None:
    """The part of (truth, said) pairs that agree."""
    return mean([truth == said for truth, said in pairs])


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa: agreement beyond what the two frequencies would give by chance."""
    if not pairs:
        return None
    total = len(pairs)
    truths, said = Counter(truth for truth, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(truths[name] * said[name] for name in truths) / total**2
    agreed = sum(truth == other for truth, other in pairs) / total
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float | None:
    """The mean F1 of the classes that the truth holds."""
    found = []
    for name in sorted({truth for truth, _ in pairs}):
        hit = sum(truth == said == name for truth, said in pairs)
        claimed = sum(said == name for _, said in pairs)
        real = sum(truth == name for truth, _ in pairs)
        found.append(2 * hit / (claimed + real))
    return mean(found)


def boundaries(labels: Sequence[str]) -> list[bool]:
    """Between each item and its follower: whether a new segment begins."""
    return [earlier != later for earlier, later in pairwise(labels)]


def window_diff(truth: Sequence[bool], said: Sequence[bool]) -> float | None:
    """Pevzner and Hearst's WindowDiff: windows whose number of boundaries differs. 0 is best.

    The window is half the mean length of the true segments, at least one boundary wide.
    """
    segments = 1 + sum(truth)
    window = max(1, round((len(truth) + 1) / segments / 2))
    places = range(len(truth) - window + 1)
    return mean([sum(truth[i : i + window]) != sum(said[i : i + window]) for i in places])


def precision_recall(
    truth: set[tuple[Hashable, ...]], said: set[tuple[Hashable, ...]]
) -> tuple[float | None, float | None]:
    """Precision and recall of a set of claims; None where there is nothing to divide by."""
    hit = len(truth & said)
    return (hit / len(said) if said else None), (hit / len(truth) if truth else None)


def f1(precision: float | None, recall: float | None) -> float | None:
    """The harmonic mean."""
    if precision is None or recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
