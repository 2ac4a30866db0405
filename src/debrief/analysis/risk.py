"""A View goes in, out comes how likely it is that the work failed, and which signs say so.

Two things are told apart. A sure sign is a rule that was right nearly every time it was tried; the estimate
is a logistic regression over four figures, right more often than not and no more. Both were measured on runs
whose results hidden tests have judged (`risk_coefficients.py` says which). What an agent says of its own work
is a claim, and is called one.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from debrief.analysis.category import carries_on
from debrief.analysis.prompt_text import spoken
from debrief.analysis.risk_coefficients import COEFFICIENTS, Coefficients
from debrief.analysis.view import Step, View
from debrief.analysis.wording import plural
from debrief.model import OutcomeRisk, RiskSign

TAIL: Final = 5
"""Results at the end that are looked at by themselves."""

SURE_RATE: Final = 0.4
"""From this share of failed results on, the work has failed nearly always."""

SMOOTHING: Final = 2
"""Imagined cases, half of them failed, beside those that a rule was tried on: 9 of 9 makes no certainty."""

UNFINISHED: Final = frozenset({"running", "interrupted"})
"""Ends after which the work may go on: what stands there in the way can still be cleared."""

CITED: Final = 8
"""Events that one sign cites."""

MESSAGE_READ: Final = 16_000
OPENING_READ: Final = 1_200
QUESTION_READ: Final = 2_000
PROMPTS_READ: Final = 50

_CLAIM: Final = re.compile(
    r"\b(?:success(?:ful(?:ly)?)?|completed?"
    r"|all (?:\w{1,20} ){0,2}(?:tests?|checks) (?:are |now |have )?pass(?:ing|ed)?"
    r"|now works|working as expected|fixed|done|implemented)\b|✅",
    re.IGNORECASE,
)
_RESERVE: Final = re.compile(
    r"\b(?:fail\w{0,6}|however|unfortunately|unable|can'?t|cannot|could(?: ?n'?t| not)|remain\w{0,4}|still"
    r"|todo|broken|partial\w{0,4}|blocked|skipp\w{1,4}|missing|limitations?"
    r"|not (?:yet )?(?:able|available|installed|possible|run|tested|verified|checked|pass\w{0,4}"
    r"|work\w{0,4}))\b"
    r"|[\u274c\u26a0]",
    re.IGNORECASE,
)
_ANNOUNCES: Final = re.compile(
    r"\b(?:I'?ll|I will|I am going to|I'm going to|we'll|we will|let'?s|let me)"
    r" (?!know|explain|clarify|answer|summari[sz]e)"
    r"|\b(?:here'?s|here is) (?:the|a|my|our) [\w-]{0,16} ?(?:plan|approach)\b|\bfollow these steps\b",
    re.IGNORECASE,
)
_DECLINES: Final = re.compile(
    r"\b(?:I|we) (?:can(?:'|no)t|am unable to|am not able to|won'?t|need)\b"
    r"|\b(?:please (?:provide|ensure|share|confirm)|before (?:proceeding|I (?:start|begin|proceed)))\b",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"^\W{0,4}(?:q:|what|why|how|where|when|who|which|is|are|was|do|does|did|should|explain|describe|tell me|"
    r"summari[sz]e|compare)\b|\?\W{0,4}$",
    re.IGNORECASE,
)
_APOSTROPHE: Final = str.maketrans({"\u2019": "'"})


class Figures(Struct, frozen=True, kw_only=True):
    """What the estimate is made of.

    `unresolved`: of the different commands the share whose last run failed. `claims`: whether the last
    message says that the work is done. `reserves`: the logarithm of how often it speaks of something that
    failed or is left. `test_green`: whether the last test run is known to have passed.
    """

    unresolved: float
    claims: float
    reserves: float
    test_green: float


class Reading(Struct, frozen=True, kw_only=True):
    """What is read of a session; `figures` is None where no tool has answered and no sure sign shows."""

    figures: Figures | None
    signs: tuple[RiskSign, ...]


def outcome_risk(view: View, coefficients: Coefficients = COEFFICIENTS) -> OutcomeRisk:
    """How likely it is that the work of `view` failed; nothing is said of a session that gives no ground."""
    seen = read_signs(view)
    chance = None if _only_asked(view) else probability(seen, coefficients)
    last = view.last_message
    claimed = last is not None and _claims(last.text)
    sure = chance is not None and any(sign.weight == "sure" for sign in seen.signs)
    return OutcomeRisk(
        probability=None if chance is None else round(chance, 2),
        sure=sure,
        claimed=claimed,
        summary=_summary(chance, sure=sure, claimed=claimed),
        signs=seen.signs if chance is not None else (),
    )


def probability(seen: Reading, coefficients: Coefficients) -> float | None:
    """The estimate, raised to what each rule that fired has earned; None where neither says anything."""
    chances = [earned(*coefficients.rules[sign.id]) for sign in seen.signs if sign.weight == "sure"]
    if seen.figures is not None:
        logit = coefficients.intercept
        for name, weight in coefficients.weights.items():
            logit += weight * min(getattr(seen.figures, name), coefficients.limits[name])
        chances.append(1 / (1 + math.exp(-logit)))
    return max(chances, default=None)


def earned(failed: int, of: int) -> float:
    """What is to be expected after `failed` of `of` cases failed."""
    return (failed + SMOOTHING / 2) / (of + SMOOTHING)


def read_signs(view: View) -> Reading:
    """The figures of `view` and the signs that show in it."""
    answered = [step for step in view.steps if step.result is not None]
    signs = tuple(sign for rule in _RULES for sign in rule(view, answered))
    judged = bool(answered) or any(sign.weight == "sure" for sign in signs)
    return Reading(figures=_figures(view, answered) if judged else None, signs=signs)


def _figures(view: View, answered: list[Step]) -> Figures:
    last = view.last_message
    text = last.text[-MESSAGE_READ:] if last is not None else ""
    latest = _latest_runs(answered)
    tests = [step for step in answered if step.family == "test"]
    return Figures(
        unresolved=sum(step.failed for step in latest) / max(1, len(latest)),
        claims=float(_claims(text)),
        reserves=math.log1p(sum(1 for _ in _RESERVE.finditer(text))),
        test_green=float(bool(tests) and tests[-1].red is False),
    )


def _latest_runs(answered: list[Step]) -> list[Step]:
    """The last run of each command."""
    runs = {(step.family, step.target): step for step in answered if step.call.tool_kind == "shell"}
    return list(runs.values())


def _claims(text: str) -> bool:
    return bool(_CLAIM.search(text[-MESSAGE_READ:]))


def _errors_at_the_end(view: View, answered: list[Step]) -> Iterator[RiskSign]:
    tail = answered[-TAIL:]
    failed = [step for step in tail if step.failed]
    over = view.session.end_state not in UNFINISHED
    if over and len(tail) == TAIL and len(failed) >= SURE_RATE * TAIL:
        text = f"{len(failed)} of the last {TAIL} tool results are errors."
        yield RiskSign(id="tail_errors", weight="sure", text=text, evidence=_cited(failed))


def _many_errors(view: View, answered: list[Step]) -> Iterator[RiskSign]:
    failed = [step for step in answered if step.failed]
    over = view.session.end_state not in UNFINISHED
    if over and len(answered) >= TAIL and len(failed) >= SURE_RATE * len(answered):
        text = f"{len(failed)} of {plural(len(answered), 'tool result')} are errors."
        yield RiskSign(id="error_rate", weight="sure", text=text, evidence=_cited(failed))


def _nothing_done(view: View, _answered: list[Step]) -> Iterator[RiskSign]:
    """Work was asked for, and all that came was an announcement, a refusal or a question."""
    last = view.last_message
    if view.steps or view.agent_steps or last is None or view.session.end_state != "finished":
        return
    if len(view.prompts) > 1 or (view.prompts and _wants_words(spoken(view.prompts[0].text))):
        return
    opening = last.text[:OPENING_READ].translate(_APOSTROPHE)
    if _ANNOUNCES.search(opening) or _DECLINES.search(opening):
        text = "No tool was used: the only answer announces the work, declines it or asks back."
        yield RiskSign(id="nothing_done", weight="sure", text=text, evidence=(last.ordinal,))


def _only_asked(view: View) -> bool:
    """Whether all that a person wanted was an answer: words are not tested, so none is right or wrong."""
    if not view.prompts or any(step.family in ("edit", "vcs") for step in (*view.steps, *view.agent_steps)):
        return False
    return all(_wants_words(spoken(prompt.text)) for prompt in view.prompts[:PROMPTS_READ])


def _wants_words(text: str) -> bool:
    """Whether a prompt can be answered without doing anything."""
    return carries_on(text) or bool(_ASKS.search(text[:QUESTION_READ].strip()))


def _no_final_result(view: View, _answered: list[Step]) -> Iterator[RiskSign]:
    state = view.session.end_state
    if state not in ("running", "error", "truncated") or not view.events:
        return
    text = (
        "The transcript ends without a final answer: the agent is still at work, or was cut off."
        if state == "running"
        else "The session was ended by an error or a limit, or breaks off: there is no final answer."
    )
    yield RiskSign(id="no_final_result", weight="raises", text=text, evidence=(view.events[-1].ordinal,))


def _unresolved(_view: View, answered: list[Step]) -> Iterator[RiskSign]:
    latest = _latest_runs(answered)
    failed = [step for step in latest if step.failed]
    if failed:
        text = f"{len(failed)} of {plural(len(latest), 'different command')} failed when last run."
        yield RiskSign(id="unresolved_commands", weight="raises", text=text, evidence=_cited(failed))


def _last_words(view: View, answered: list[Step]) -> Iterator[RiskSign]:
    last = view.last_message
    if last is None or not answered:
        return
    text = last.text[-MESSAGE_READ:]
    if _claims(text):
        says = "The last message says that the work is done: claimed, not verified."
        yield RiskSign(id="claimed", weight="lowers", text=says, evidence=(last.ordinal,))
    else:
        says = "The last message does not say that the work is done."
        yield RiskSign(id="no_claim", weight="raises", text=says, evidence=(last.ordinal,))
    if _RESERVE.search(text):
        says = "The last message speaks of something that failed, is missing or is left."
        yield RiskSign(id="reserve", weight="raises", text=says, evidence=(last.ordinal,))


def _last_test(_view: View, answered: list[Step]) -> Iterator[RiskSign]:
    tests = [step for step in answered if step.family == "test"]
    if tests and tests[-1].red is False:
        says = "The last test run passed; which tests those were is not known."
        yield RiskSign(id="test_green", weight="lowers", text=says, evidence=_cited(tests[-1:]))


def _cited(steps: list[Step]) -> tuple[int, ...]:
    return tuple(step.last_ordinal for step in steps[-CITED:])


def _summary(chance: float | None, *, sure: bool, claimed: bool) -> str:
    claim = "The agent says that the work is done: claimed, not verified." if claimed else ""
    if chance is None:
        return claim or "Nothing in the transcript says whether the work succeeded."
    share = f"about {min(99, max(1, round(100 * chance)))} of 100 failed"
    estimate = (
        f"A sign shows that came with failure nearly every time: of benchmark runs with it {share}."
        if sure
        else f"Of benchmark runs that looked like this {share}: an estimate, no finding."
    )
    return f"{claim} {estimate}".strip()


_Rule = Callable[[View, list[Step]], Iterator[RiskSign]]
_RULES: Final[tuple[_Rule, ...]] = (
    _errors_at_the_end,
    _many_errors,
    _nothing_done,
    _no_final_result,
    _unresolved,
    _last_words,
    _last_test,
)
