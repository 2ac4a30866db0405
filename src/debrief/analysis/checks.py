"""The output of a test run, a build or a linter goes in; whether it was red, and what failed, comes out.

The exit code decides where it is that of the check. Where a filter or a later command hides it, only a
summary that the output shows does; without one the state is unknown, since half a log says nothing.
"""

from dataclasses import dataclass

from debrief.analysis.check_signs import EXIT_ECHO, NAMES, NOT_RUN, PYTEST, PYTEST_PART, SIGNS
from debrief.model import Outcome

HEAD = 6_000
TAIL = 18_000
"""Characters of a longer output that are read: runners sum up at the end, some begin with the reason."""

NAMES_KEPT = 50
NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """Whether it was red (True), green (False) or cannot be told; failing tests, and the summary's count."""

    red: bool | None = None
    failing: tuple[str, ...] = ()
    failed_count: int | None = None


def read_check(
    text: str, *, outcome: Outcome, exit_code: int | None = None, exit_hidden: bool = False
) -> CheckOutcome:
    """Judge the output of a check. `exit_hidden`: the exit code is that of something else."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + "\n" + text[-TAIL:]
    said, count = _summary(text)
    if exit_hidden or outcome == "unknown":
        red = _echoed_exit(text) if exit_hidden and said is None else said
    elif outcome == "error":
        red = None if said is None and NOT_RUN.search(text) else True
    elif exit_code is None and said:
        red = True
    else:
        red = None if said is None and "no tests ran" in text else False
    if not red:
        return CheckOutcome(red=red, failed_count=0 if red is False and count == 0 else None)
    return CheckOutcome(red=True, failing=_failing(text), failed_count=count or None)


def _summary(text: str) -> tuple[bool | None, int | None]:
    """What the output says by itself: any failure beats any success. The count is that of failed tests."""
    red: bool | None = None
    count: int | None = None
    for failed in _pytest_counts(text):
        count = (count or 0) + failed
        red = bool(red) or failed > 0
    for sign in SIGNS:
        if sign.needle not in text:
            continue
        if not sign.pattern.groups:
            if sign.pattern.search(text):
                red = sign.red or bool(red)
            continue
        numbers = [sum(int(n) for n in match.groups() if n) for match in sign.pattern.finditer(text)]
        if not numbers:
            continue
        failed = max(numbers) if sign.total else sum(numbers)
        red = failed > 0 or bool(red)
        if sign.counts:
            count = (count or 0) + failed
    return red, count


def _pytest_counts(text: str) -> list[int]:
    if " in " not in text:
        return []
    found = [PYTEST_PART.findall(match.group(1)) for match in PYTEST.finditer(text)]
    return [
        sum(int(number) for number, what in parts if what.startswith(("failed", "error")))
        for parts in found
        if parts
    ]


def _echoed_exit(text: str) -> bool | None:
    """Whether the exit code that the line itself printed at its end tells of a failure."""
    codes = [code or other for code, other in EXIT_ECHO.findall(text[-400:])]
    return int(codes[-1]) != 0 if codes else None


def _failing(text: str) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for needle, pattern in NAMES:
        if needle not in text:
            continue
        for match in pattern.finditer(text):
            names.setdefault(match.group(1).strip()[:NAME_LIMIT])
            if len(names) >= NAMES_KEPT:
                return tuple(names)
    return tuple(names)
