"""A phase goes in, its title and description come out, in the words of a report.

Names, paths, counts and quotes are those of the transcript; nothing is judged that the steps do not show.
"""

import posixpath
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from debrief.analysis.phases import SHIPPING, Phase, activity_of
from debrief.analysis.phrases import (
    HOUR_US,
    NAMES,
    PAIR,
    SECOND_US,
    common_folder,
    counted,
    duration_words,
    listed,
    relative,
    short_path,
    times,
)
from debrief.analysis.prompt_text import one_line, spoken
from debrief.analysis.stages import HOUSEKEEPING
from debrief.analysis.view import Step, View
from debrief.model import Event

TITLE_LIMIT = 110
DESCRIPTION_LIMIT = 600
QUOTE_LIMIT = 160

_CLAUSES_IN_TITLE = 2
_CHECKS = frozenset({"test", "lint", "build"})
_PAIR_LIMIT = 56
_PAUSE_US = HOUR_US // 2
"""A longer silence is nobody at work: the machine slept, or a question waited for its answer."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a sentence about a phase: how telling it is, where it happened first, and its words."""

    weight: float
    first: int
    words: str


def title_of(phase: Phase, view: View) -> str:
    """What the phase was, in a line."""
    told = clauses(phase, view)
    told = sorted(told, key=lambda clause: -clause.weight)[:_CLAUSES_IN_TITLE]
    words = ", then ".join(clause.words for clause in sorted(told, key=lambda clause: clause.first))
    kinds: Counter[str] = Counter(mark.kind for mark in phase.marks)
    if not words:
        return one_line(_silent_title(phase, kinds), TITLE_LIMIT)
    if kinds["interrupt"] and _leads(phase, "interrupt"):
        words = f"after an interruption: {words}"
    elif kinds["compaction"]:
        words = f"continued after a compaction: {words}"
    if len(words) > TITLE_LIMIT and len(told) > 1:
        words = max(told, key=lambda clause: clause.weight).words
    return one_line(_capital(words), TITLE_LIMIT)


def description_of(phase: Phase, view: View, *, last: bool) -> str:
    """What happened in the phase, how it went and how long it took."""
    said = [_asked(phase), _marks(phase)]
    told = sorted(clauses(phase, view, long=True), key=lambda clause: clause.first)
    if told:
        said.append(_capital("; ".join(clause.words for clause in told[:8])) + ".")
    said += [_failing(phase.steps), _troubles(phase.steps)]
    if last or not phase.steps:
        said.append(_answer(phase.messages))
    said.append(_duration(view.events[phase.start : phase.end]))
    if last:
        said.append(_ending(view))
    return one_line(" ".join(sentence for sentence in said if sentence), DESCRIPTION_LIMIT)


def clauses(phase: Phase, view: View, *, long: bool = False) -> list[Clause]:
    """What was done in the phase, one clause for each kind of work; `long` names more of it."""
    kinds: dict[str, list[Step]] = {}
    for step in phase.steps:
        kinds.setdefault(_kind(step, phase), []).append(step)
    told = []
    for kind, steps in kinds.items():
        words = _shipped(steps, phase, view) if kind == "ship" else _words(kind, steps, view, long=long)
        if words:
            weight = _WEIGHTS.get(kind, _MINOR)
            weight = weight if weight <= _MINOR else weight * (2 + len(steps))
            told.append(Clause(weight, steps[0].call.ordinal, words))
    talk = len(phase.prompts)
    if talk >= _TALK and len(phase.steps) < _TALKATIVE * talk:
        words = f"discussed with the user ({talk} messages)"
        told.append(Clause(_TALKATIVE * talk, phase.prompts[0].ordinal, words))
    return [clause for clause in told if clause.weight > _MINOR] or told


def _kind(step: Step, phase: Phase) -> str:
    """What a step is told as: checks by their family, scripts for trying something out apart from edits."""
    activity = activity_of(step)
    if activity == "check":
        return step.family
    if activity == "edit" and phase.scratch and set(_paths(step)) & phase.scratch:
        return "trial"
    return activity


_MINOR = 0.5
"""Work of this weight is told only where there is no other."""

_TALK = 3
_TALKATIVE = 2

_WEIGHTS = {
    "ship": 6.0,
    "delegate": 5.0,
    "edit": 4.0,
    "test": 3.0,
    "install": 2.5,
    "trial": 2.2,
    "build": 2.0,
    "vcs": 2.0,
    "run": 1.6,
    "lint": 1.5,
    "fetch": 1.2,
    "explore": 1.0,
    "ask": 3.0,
    "plan": _MINOR,
    "minor": _MINOR,
}


def _words(kind: str, steps: list[Step], view: View, *, long: bool) -> str:
    if kind in _CHECKS:
        return _checked(steps, long=long)
    if kind == "edit":
        return _edited(steps, view.session.cwd, long=long)
    if kind == "trial":
        names = listed([posixpath.basename(path) for step in steps for path in _paths(step)], most=PAIR)
        return f"tried things out in {names}"
    if kind == "explore":
        return _explored(steps, view.session.cwd, long=long)
    return _other(kind, steps, long=long)


def _other(kind: str, steps: list[Step], *, long: bool) -> str:
    count = len(steps)
    names = [step.command if long and kind == "run" and step.command else step.target for step in steps]
    targets = listed([name for name in names if name], quoted=True)
    tools = listed([step.call.tool or "" for step in steps if not step.command])
    bad = " without success" if all(step.failed for step in steps) else ""
    wording = {
        "run": f"ran {targets}{times(count) if len(set(names)) == 1 else ''}{bad}" if targets else "",
        "fetch": "looked up a web page" if count == 1 else f"made {count} web requests",
        "install": f"installed dependencies with {targets}{bad}",
        "vcs": f"ran {targets}{bad}",
        "plan": "planned the work",
        "delegate": "delegated to a sub-agent" if count == 1 else f"delegated to sub-agents{times(count)}",
        "ask": "asked the user" + ("" if count == 1 else f" {count} questions"),
        "minor": f"used {tools}" if tools else "",
    }
    return wording.get(kind, "")


def _checked(steps: list[Step], *, long: bool) -> str:
    runners = listed([step.target for step in steps], quoted=True, most=PAIR)
    known = [step for step in steps if step.red is not None]
    words = f"ran {runners}{times(len(steps))}"
    if not known:
        return words
    red = sum(step.red is True for step in known)
    final = known[-1]
    if not final.red:
        return f"{words}: {'passed in the end' if red else 'passed'}" + (
            f" (red{times(red) or ' once'} before)" if red and long else ""
        )
    count = final.failed_count or len(final.failing)
    return f"{words}: {counted(count, 'failure') if count else 'still failing' if red > 1 else 'failed'}"


def _edited(steps: list[Step], cwd: str | None, *, long: bool) -> str:
    done = [step for step in steps if not step.failed and step.outcome not in {"rejected", "interrupted"}]
    every = [relative(path, cwd) for step in done or steps for path in _paths(step)]
    shown = [path for path in dict.fromkeys(every) if path]
    verb = "edited" if done else "tried to edit"
    if done and all(_creates(step) for step in done):
        verb = "wrote"
    if not shown:
        return "changed files from the shell"
    names = " and ".join(short_path(path) for path in shown[:PAIR])
    if len(shown) == 1 or (len(shown) == PAIR and len(names) <= _PAIR_LIMIT):
        return f"{verb} {names}{times(len(every)) if long and len(shown) == 1 else ''}"
    folder = common_folder(shown)
    words = f"{verb} {len(shown)} files" + (f" in {folder}" if folder else "")
    return f"{words} ({listed([posixpath.basename(path) for path in every])})" if long else words


def _paths(step: Step) -> list[str]:
    if step.call.edits:
        return [edit.path for edit in step.call.edits if edit.path]
    part = next((part for part in step.parts if part.target == step.target), None)
    if part is not None and part.words and part.words[0] in HOUSEKEEPING:
        return []
    return [step.target] if "." in step.target or "/" in step.target else []


def _creates(step: Step) -> bool:
    edits = step.call.edits
    return bool(edits) and step.call.tool_kind == "write" and all(not edit.old for edit in edits)


def _explored(steps: list[Step], cwd: str | None, *, long: bool) -> str:
    every = [relative(step.target, cwd) for step in steps if step.family == "read" and step.target]
    every = [path for path in every if "/" in path or "." in path]
    reads = list(dict.fromkeys(every))
    searches = sum(step.family == "search" for step in steps)
    if all(step.family == "vcs" for step in steps):
        return "looked at the repository\u2019s state and history"
    searched = f"searched{times(searches)}" if searches else ""
    if len(reads) == 1:
        return f"read {short_path(reads[0])}" + (f" and {searched}" if searched else "")
    where = common_folder(reads) or "the code"
    if not long:
        return f"explored {where}" + (f" ({len(reads)} files)" if reads else "")
    names = f"read {listed([posixpath.basename(path) for path in every])}" if reads else f"explored {where}"
    return f"{names} and {searched}" if searched else names


def _shipped(steps: list[Step], phase: Phase, view: View) -> str:
    bad = all(step.failed or step.outcome == "rejected" for step in steps)
    done = {part.target for step in steps for part in step.parts if part.target in SHIPPING}
    first, after = view.events[phase.start].ordinal, view.events[phase.end - 1].ordinal
    words = [
        word
        for target, word in (
            ("git add", "staged changes"),
            ("git commit", "committed"),
            ("git tag", "tagged"),
            ("git push", "pushed"),
        )
        if target in done
    ]
    words = words[1:] if len(words) > 1 and words[0] == "staged changes" else words
    pulls = [p for p in view.session.pull_requests if p.created and first <= p.event <= after]
    if pulls:
        number = f" #{pulls[-1].number}" if pulls[-1].number else ""
        words.append(f"opened pull request{number}")
    elif done & {"gh pr create", "glab mr create"}:
        words.append("asked for a pull request")
    if done & {"gh pr merge", "glab mr merge"}:
        words.append("merged the pull request")
    sentence = " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    return f"tried, without success: {sentence}" if bad and sentence else sentence


def _asked(phase: Phase) -> str:
    quotes = [quote for quote in (one_line(spoken(p.text), QUOTE_LIMIT) for p in phase.prompts) if quote]
    if not quotes:
        return ""
    if len(quotes) == 1:
        return f"Asked: \u201c{quotes[0]}\u201d."
    if len({quote.casefold() for quote in quotes}) == 1:
        return f"Asked{times(len(quotes))}: \u201c{quotes[0]}\u201d."
    more = f" ({len(quotes) - PAIR} more between)" if len(quotes) > PAIR else ""
    if quotes[0].casefold() == quotes[-1].casefold():
        return f"Asked first and at last: \u201c{quotes[0]}\u201d{more}."
    return f"Asked: \u201c{quotes[0]}\u201d, at last: \u201c{quotes[-1]}\u201d{more}."


def _marks(phase: Phase) -> str:
    kinds: Counter[str] = Counter(mark.kind for mark in phase.marks)
    said = []
    if kinds["interrupt"]:
        said.append(f"The user interrupted the agent{times(kinds['interrupt'])}.")
    if kinds["compaction"]:
        said.append(f"The conversation was compacted{times(kinds['compaction'])} to fit the context window.")
    if kinds["api_error"]:
        text = next((mark.text for mark in phase.marks if mark.kind == "api_error" and mark.text), "")
        quote = f": \u201c{one_line(text, 80)}\u201d" if text else ""
        said.append(f"The model\u2019s service failed{times(kinds['api_error'])}{quote}.")
    return " ".join(said)


def _failing(steps: list[Step]) -> str:
    """The tests that fail when the phase ends."""
    tests = [step for step in steps if step.family == "test" and step.red is not None]
    names = tests[-1].failing if tests else ()
    if not names:
        return ""
    shown = ", ".join(one_line(name, 80) for name in names[:NAMES])
    rest = len(names) - NAMES
    return f"Failing: {shown}" + (f" and {rest} more." if rest > 0 else ".")


def _troubles(steps: list[Step]) -> str:
    failed = sum(step.failed for step in steps)
    rejected = sum(step.outcome == "rejected" for step in steps)
    said = []
    if failed:
        said.append(f"{failed} of {counted(len(steps), 'tool call')} failed.")
    if rejected:
        said.append(f"The user declined {counted(rejected, 'tool call')}.")
    return " ".join(said)


def _answer(messages: list[Event]) -> str:
    text = messages[-1].text if messages else ""
    return f"The agent\u2019s last words: \u201c{one_line(text, QUOTE_LIMIT)}\u201d." if text.strip() else ""


def _duration(events: Sequence[Event]) -> str:
    """The time at work: waiting for a person's prompt does not count, nor does a long silence."""
    known = [event for event in events if event.ts_us is not None]
    worked = paused = 0
    for earlier, later in pairwise(known):
        gap = max(0, (later.ts_us or 0) - (earlier.ts_us or 0))
        if later.kind == "prompt":
            continue
        if gap > _PAUSE_US and later.duration_ms is None:
            paused += gap
        else:
            worked += gap
    if worked < SECOND_US:
        return ""
    pause = f", and paused for {duration_words(paused)}" if paused else ""
    return f"Took {duration_words(worked)}{pause}."


def _ending(view: View) -> str:
    endings = {
        "interrupted": "The session ended with the user stopping the agent.",
        "error": "The session ended with an error.",
        "truncated": "The transcript breaks off here.",
        "running": "The session was still open when the transcript ends.",
    }
    return endings.get(view.session.end_state, "")


def _silent_title(phase: Phase, kinds: Counter[str]) -> str:
    if kinds["interrupt"]:
        return "Interrupted by the user"
    if kinds["api_error"]:
        return f"The model\u2019s service failed{times(kinds['api_error'])}"
    if kinds["compaction"]:
        return f"The conversation was compacted{times(kinds['compaction'])}"
    if phase.prompts:
        quote = one_line(spoken(phase.prompts[-1].text), 60)
        verb = "Answered" if phase.messages else "Asked"
        return f"{verb}: \u201c{quote}\u201d" if quote else f"{verb} without words"
    return "Reported back" if phase.messages else "No visible work"


def _leads(phase: Phase, kind: str) -> bool:
    first = next((mark for mark in phase.marks if mark.kind == kind), None)
    return first is not None and (not phase.steps or first.ordinal < phase.steps[0].call.ordinal)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
