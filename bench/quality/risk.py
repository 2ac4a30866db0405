"""Track A: runs that hidden tests have judged go in; how well the risk of failure is told comes out.

`rows(data, split)` gives the figures. As a command it prints them, and with `--write` it fits the product's
coefficients to the split dev and writes them to `src/debrief/analysis/risk_coefficients.py`:

    .venv/bin/python bench/quality/risk.py FOLDER --split dev
    .venv/bin/python bench/quality/risk.py FOLDER --write
"""

import argparse
import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from data import items, sessions_of
from logistic import auc, calibration_error, error_by_chance, fit
from metrics import Row, bootstrap, mean, quantile, row

from debrief.analysis.risk import Figures, Reading, earned, probability, read_signs
from debrief.analysis.risk_coefficients import COEFFICIENTS, Coefficients
from debrief.analysis.steps import build_view

DATASET: Final = "codetracer_cc"
TARGET: Final = Path(__file__).parents[2] / "src" / "debrief" / "analysis" / "risk_coefficients.py"

RIDGE: Final = 5.0
FOLDS: Final = 10
SURE: Final = ("tail_errors", "error_rate", "nothing_done")
RULES: Final = (*SURE, "no_final_result")
NAMES: Final = Figures.__struct_fields__
KEPT: Final = 0.95
"""Figures above this quantile of what was seen are taken for the quantile: no session is judged by a figure
that no session had."""

NORMAL_95: Final = 1.96

BASELINE_AUC: Final = 0.696
"""25 figures of the transcript in a logistic regression, as the design measured it."""


class Case(NamedTuple):
    """One run: who did which task, whether it failed, and what is read of its transcript."""

    model: str
    task: str
    failed: bool
    seen: Reading


Scored = list[tuple[Case, float]]


def cases(data: Path, split: str) -> list[Case]:
    """The judged runs of `split`; those without a transcript are left out."""
    found = []
    for item in items(data, DATASET, split):
        folder = data / DATASET / item.name
        transcript = folder / "stream.jsonl.gz"
        sessions = sessions_of(transcript) if transcript.is_file() else []
        if sessions:
            failed = not json.loads((folder / "results.json").read_bytes())["is_resolved"]
            seen = read_signs(build_view(sessions[0]))
            found.append(Case(item.name.split("/", 1)[0], item.group, failed, seen))
    return found


def trained(found: Sequence[Case]) -> Coefficients:
    """The coefficients that `found` gives; the shipped ones where it holds no failure or nothing else."""
    if len({case.failed for case in found if case.seen.figures is not None}) < 2:  # noqa: PLR2004 (both)
        return COEFFICIENTS
    told = [(case.seen.figures, case.failed) for case in found if case.seen.figures is not None]
    limits = {name: quantile([getattr(f, name) for f, _ in told], KEPT) for name in NAMES}
    table = [[min(getattr(f, name), limits[name]) for name in NAMES] for f, _ in told]
    fitted = fit(table, [failed for _, failed in told], RIDGE)
    return Coefficients(
        intercept=round(fitted.intercept, 4),
        weights={name: round(w, 4) for name, w in zip(NAMES, fitted.weights, strict=True)},
        limits={name: round(limit, 4) for name, limit in limits.items()},
        rules={rule: _fired(found, rule) for rule in RULES},
        base=(sum(case.failed for case in found), len(found)),
    )


def _fired(found: Iterable[Case], rule: str) -> tuple[int, int]:
    """Of the runs in which `rule` fired, how many failed; and how many those are."""
    hit = [case.failed for case in found if _hit(case, (rule,))]
    return sum(hit), len(hit)


def _hit(case: Case, rules: Sequence[str]) -> bool:
    return any(sign.id in rules for sign in case.seen.signs)


def scored(found: Iterable[Case], coefficients: Coefficients) -> Scored:
    """Each case with its chance of failure; where nothing can be said, with that of any case."""
    usual = earned(*coefficients.base)
    chances = ((case, probability(case.seen, coefficients)) for case in found)
    return [(case, usual if chance is None else chance) for case, chance in chances]


def across(found: Sequence[Case], pool: Sequence[Case], part: Callable[[Case], Hashable]) -> Scored:
    """`found`, each scored by coefficients that saw no case of `pool` in its own part."""
    out: Scored = []
    for name in sorted({part(case) for case in found}, key=str):
        seen = [case for case in pool if part(case) != name]
        out += scored([case for case in found if part(case) == name], trained(seen))
    return out


def across_both(found: Sequence[Case], pool: Sequence[Case], fold: Mapping[str, int]) -> Scored:
    """`found`, each scored by coefficients that saw neither its model nor its fold of tasks."""
    out: Scored = []
    for model, number in sorted({(case.model, fold[case.task]) for case in found}):
        seen = [case for case in pool if case.model != model and fold[case.task] != number]
        tried = [case for case in found if case.model == model and fold[case.task] == number]
        out += scored(tried, trained(seen))
    return out


def rows(data: Path, split: str) -> list[Row]:
    """The figures of tracks A and A' on `split`: what is fitted is fitted to dev, to `split` without one."""
    found = cases(data, split)
    if not found:
        return []
    pool = (cases(data, "dev") or found) if split != "dev" else found
    tasks = sorted({case.task for case in [*found, *pool]})
    fold = {task: number % FOLDS for number, task in enumerate(tasks)}
    by_model = across(found, pool, lambda case: case.model)
    place = ("A", DATASET, split)
    told = [
        *_told(place, "leave one model out", by_model, bar=True),
        *_told(place, "leave tasks out", across(found, pool, lambda case: fold[case.task])),
        *_told(place, "leave model and tasks out", across_both(found, pool, fold)),
        *_told(place, "shipped coefficients", scored(found, COEFFICIENTS)),
    ]
    with_tools = [pair for pair in by_model if not _hit(pair[0], ("nothing_done",))]
    told += _told(place, "leave one model out, runs that used a tool", with_tools)
    told += [_constant(place, found)]
    if split == "dev" or pool is not found:
        told += [_drift(place, found, pool)]
    return [*told, *_rule_rows(("A'", DATASET, split), found)]


def _constant(place: tuple[str, str, str], found: Sequence[Case]) -> Row:
    return row(place, "share of failures (the constant answer)", len(found), mean([c.failed for c in found]))


def _drift(place: tuple[str, str, str], found: Sequence[Case], pool: Sequence[Case]) -> Row:
    """How far the shipped coefficients lie from a fit of today: not 0 means that `--write` is due."""
    shipped, fitted = scored(found, COEFFICIENTS), scored(found, trained(pool))
    apart = max(abs(one - other) for (_, one), (_, other) in zip(shipped, fitted, strict=True))
    return row(place, "largest shift of a chance if fitted again", len(found), apart, baseline=0.0)


def _pairs(part: Iterable[tuple[Case, float]]) -> list[tuple[bool, float]]:
    return [(case.failed, chance) for case, chance in part]


def _told(place: tuple[str, str, str], way: str, part: Scored, *, bar: bool = False) -> list[Row]:
    """AUC, that of the model for which it is worst, and calibration beside what luck alone would show."""
    groups = _by_task(part)
    models = sorted({case.model for case, _ in part})
    figures: list[tuple[str, Callable[[Scored], float | None], float | None, float | None]] = [
        ("AUC", lambda some: auc(_pairs(some)), BASELINE_AUC, 0.70),
        ("mean AUC of the models", lambda some: mean(_of_models(some, models)), 0.5, None),
        ("AUC of the worst model", lambda some: min(_of_models(some, models), default=None), 0.5, 0.60),
        ("ECE", lambda some: calibration_error(_pairs(some)), error_by_chance([c for _, c in part]), 0.10),
    ]
    return [
        row(
            place,
            f"{name}, {way}",
            len(part),
            figure(part),
            interval=bootstrap(groups, figure),
            baseline=baseline,
            bar=limit if bar else None,
        )
        for name, figure, baseline, limit in figures
    ]


def _by_task(part: Scored) -> dict[Hashable, Scored]:
    groups: dict[Hashable, Scored] = {}
    for case, chance in part:
        groups.setdefault(case.task, []).append((case, chance))
    return groups


def _of_models(part: Scored, models: Sequence[str]) -> list[float]:
    """The AUC within each model that has both failures and successes."""
    each = (auc(_pairs(pair for pair in part if pair[0].model == model)) for model in models)
    return [value for value in each if value is not None]


def _rule_rows(place: tuple[str, str, str], found: Sequence[Case]) -> list[Row]:
    """Precision and coverage of the sure rules together, then of each rule, and by model."""
    told = _rule(place, "sure rules", found, SURE, bar=True)
    for rule in RULES:
        told += _rule(place, rule, found, (rule,))[:1]
    for model in sorted({case.model for case in found}):
        others = [case for case in found if case.model != model]
        told += _rule(place, f"sure rules, without {model}", others, SURE)
    return told


def _rule(
    place: tuple[str, str, str], name: str, found: Sequence[Case], rules: Sequence[str], *, bar: bool = False
) -> list[Row]:
    def precision(some: list[Case]) -> float | None:
        return mean([case.failed for case in some if _hit(case, rules)])

    def coverage(some: list[Case]) -> float | None:
        return mean([_hit(case, rules) for case in some if case.failed])

    groups: dict[Hashable, list[Case]] = {}
    for case in found:
        groups.setdefault(case.task, []).append(case)
    fired = [case for case in found if _hit(case, rules)]
    drawn = bootstrap(groups, precision)
    base = mean([case.failed for case in found])
    return [
        row(
            place,
            f"precision, {name}",
            len(fired),
            precision(fired),
            interval=_wider(drawn, sum(case.failed for case in fired), len(fired)),
            baseline=base,
            bar=0.95 if bar else None,
        ),
        row(
            place,
            f"share of failures found, {name}",
            sum(case.failed for case in found),
            coverage(list(found)),
            interval=bootstrap(groups, coverage),
            bar=0.15 if bar else None,
        ),
    ]


def _wider(drawn: tuple[float, float] | None, hits: int, of: int) -> tuple[float, float] | None:
    """The bootstrap's interval or Wilson's: drawing from cases that all failed shows no doubt at all."""
    if drawn is None or not of:
        return drawn
    share, square = hits / of, NORMAL_95**2 / of
    middle = (share + square / 2) / (1 + square)
    reach = NORMAL_95 * math.sqrt(share * (1 - share) / of + square / (4 * of)) / (1 + square)
    return min(drawn[0], middle - reach), max(drawn[1], min(1.0, middle + reach))


def main() -> None:
    """Print the figures; with `--write` fit the product's coefficients first."""
    words = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    words.add_argument("data", type=Path)
    words.add_argument("--split", default="dev")
    words.add_argument("--write", action="store_true", help="fit to dev and write the coefficients")
    given = words.parse_args()
    if given.write:
        write(trained(cases(given.data, "dev")), TARGET)
        return
    for one in rows(given.data, given.split):
        print(json.dumps(one))


def write(found: Coefficients, target: Path) -> None:
    """Put `found` into the module `target`, in place of what stands behind its mark."""
    before, mark, _ = target.read_text().partition("COEFFICIENTS: Final = ")
    values = msgspec.to_builtins(found)
    rules = {rule: tuple(counted) for rule, counted in values["rules"].items()}
    lines = [
        f"    intercept={values['intercept']},",
        *_block("weights", values["weights"]),
        *_block("limits", values["limits"]),
        *_block("rules", rules),
        f"    base={tuple(values['base'])},",
    ]
    target.write_text(f"{before}{mark}Coefficients(\n" + "\n".join(lines) + "\n)\n")


def _block(name: str, values: Mapping[str, object]) -> list[str]:
    inside = [f'        "{key}": {value},' for key, value in values.items()]
    return [f"    {name}={{", *inside, "    },"]


if __name__ == "__main__":
    main()
