"""Figures and outcomes go in, a logistic regression and its quality come out; 200 rows need no library.

The fit is Newton's method on the likelihood with a ridge on standardised figures; the intercept is free, and
nothing is drawn by chance.
"""

import math
import random
from collections.abc import Sequence
from typing import Final, NamedTuple

STEPS: Final = 25
CLOSE_ENOUGH: Final = 1e-9
BINS: Final = 10
DRAWS: Final = 200
SEED: Final = 20_26

Rows = Sequence[Sequence[float]]


class Fit(NamedTuple):
    """A regression on plain (not standardised) figures."""

    intercept: float
    weights: tuple[float, ...]

    def chance(self, row: Sequence[float]) -> float:
        """The probability that `row` failed."""
        return sigmoid(self.intercept + sum(w * x for w, x in zip(self.weights, row, strict=True)))


def sigmoid(value: float) -> float:
    """The logistic function, safe for large values."""
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, value))))


def fit(rows: Rows, failed: Sequence[bool], ridge: float) -> Fit:
    """The regression of `failed` on `rows`."""
    columns = list(zip(*rows, strict=True))
    means = [sum(column) / len(column) for column in columns]
    scales = [
        math.sqrt(sum((x - mean) ** 2 for x in column) / len(column)) or 1.0
        for column, mean in zip(columns, means, strict=True)
    ]
    standard = [[1.0, *((x - m) / s for x, m, s in zip(row, means, scales, strict=True))] for row in rows]
    weights = [0.0] * (len(columns) + 1)
    for _ in range(STEPS):
        change = _step(standard, failed, weights, ridge)
        weights = [w - c for w, c in zip(weights, change, strict=True)]
        if max(map(abs, change)) < CLOSE_ENOUGH:
            break
    plain = [w / s for w, s in zip(weights[1:], scales, strict=True)]
    return Fit(weights[0] - sum(w * m for w, m in zip(plain, means, strict=True)), tuple(plain))


def _step(standard: Rows, failed: Sequence[bool], weights: Sequence[float], ridge: float) -> list[float]:
    """Newton's step: the gradient through the inverse of the curvature."""
    size = len(weights)
    gradient = [0.0] + [ridge * w for w in weights[1:]]
    curvature = [[ridge if i == j and i else 0.0 for j in range(size)] for i in range(size)]
    for row, truth in zip(standard, failed, strict=True):
        chance = sigmoid(sum(w * x for w, x in zip(weights, row, strict=True)))
        for i in range(size):
            gradient[i] += (chance - truth) * row[i]
            for j in range(size):
                curvature[i][j] += chance * (1 - chance) * row[i] * row[j]
    return _solved(curvature, gradient)


def _solved(matrix: list[list[float]], right: Sequence[float]) -> list[float]:
    """The solution of a small system of equations, by elimination."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(i + 1, size):
            factor = rows[r][i] / rows[i][i]
            rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    solution = [0.0] * size
    for i in reversed(range(size)):
        rest = sum(rows[i][j] * solution[j] for j in range(i + 1, size))
        solution[i] = (rows[i][size] - rest) / rows[i][i]
    return solution


def auc(pairs: Sequence[tuple[bool, float]]) -> float | None:
    """How often a failed case is given a higher chance than one that did not fail; None without both."""
    failed = [chance for truth, chance in pairs if truth]
    fine = [chance for truth, chance in pairs if not truth]
    if not failed or not fine:
        return None
    won = sum((a > b) + (a == b) / 2 for a in failed for b in fine)
    return won / (len(failed) * len(fine))


def calibration_error(pairs: Sequence[tuple[bool, float]]) -> float | None:
    """The expected calibration error over ten bins of equal width: how far said and seen lie apart."""
    if not pairs:
        return None
    bins: dict[int, list[tuple[bool, float]]] = {}
    for truth, chance in pairs:
        bins.setdefault(min(BINS - 1, int(chance * BINS)), []).append((truth, chance))
    apart = sum(abs(sum(truth - chance for truth, chance in inside)) for inside in bins.values())
    return apart / len(pairs)


def error_by_chance(chances: Sequence[float]) -> float:
    """The calibration error that faultless chances would show on so few cases, by luck alone."""
    luck = random.Random(SEED)  # noqa: S311 (a seeded draw, not a secret)
    drawn = (calibration_error([(luck.random() < c, c) for c in chances]) or 0.0 for _ in range(DRAWS))
    return sum(drawn) / DRAWS
