"""The numbers of the outcome risk, and where they come from: written by `bench/quality/risk.py --write`.

Fitted to 170 runs of four models at 43 tasks of a terminal benchmark (the split dev of codetracer_cc), each
run judged by hidden tests: two in three failed. Sessions whose work is easier than that, or in which a person
steers, fail less often than the estimate says; it orders sessions better than it counts failures. How good it
is on runs that it has not seen stands in `docs/quality.md`.
"""

from typing import Final

from msgspec import Struct


class Coefficients(Struct, frozen=True, kw_only=True):
    """A logistic regression on plain figures, and what rules have earned.

    `limits`: a figure above its limit counts as the limit. `rules`: of the runs in which a rule fired, how
    many failed, and how many those are. `base`: the same of all runs.
    """

    intercept: float
    weights: dict[str, float]
    limits: dict[str, float]
    rules: dict[str, tuple[int, int]]
    base: tuple[int, int]


COEFFICIENTS: Final = Coefficients(
    intercept=1.8756,
    weights={
        "unresolved": 4.2032,
        "claims": -2.099,
        "reserves": 0.8751,
        "test_green": -1.6221,
    },
    limits={
        "unresolved": 0.455,
        "claims": 1.0,
        "reserves": 1.3863,
        "test_green": 1.0,
    },
    rules={
        "tail_errors": (8, 8),
        "error_rate": (5, 5),
        "nothing_done": (25, 25),
        "no_final_result": (9, 11),
    },
    base=(114, 170),
)
