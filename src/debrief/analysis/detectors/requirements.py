"""Requirements: what the person wanted came out only when the agent was stopped, refused or corrected."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from debrief.analysis.corrections import corrections
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.view import Step, stops_at_work
from debrief.analysis.wording import code, quote, times
from debrief.model import Event

_CARRY_ON = re.compile(
    r"\W*(?:(?:please|ok(?:ay)?|yes|yep|sorry|and|now|then|just)\W+)*"
    r"(?:continue|go on|go ahead|carry on|keep going|proceed|resume|retry|try again|ok(?:ay)?|yes|y"
    r"|/\w[\w:-]*)\b"
    r"(?![^\n]{0,200}\b(?:but|instead|not|don'?t|only|except)\b)[^\n]{0,80}\Z",
    re.IGNORECASE,
)
MANY_REFUSALS = 2
"""More refusals with a statement than this are a conversation that should have been had before."""

MANY_CORRECTIONS = 2
"""More corrections than this are work that was done again and again."""

WORDS_OF_A_STATEMENT = 3
"""Fewer words ("commit", "go on") say what comes next and nothing about what was wrong."""

_WISH = re.compile(
    r"\b(?:not|no|don'?t|never|only|always|instead|rather|use|must|should|keep|leave|without|avoid|want|need"
    r"|prefer|base|parent|right|wrong|rename|remove|everywhere)\b",
    re.IGNORECASE,
)
_SAID = re.compile(r"(?:the user said|user feedback|reason)\s{0,4}:\s*", re.IGNORECASE)


class UserInterrupts(Detector):
    """A person stopped the agent while it worked, and then told it something.

    Why it matters: what was said after the interruption was missing before it, and the work in between was
    for nothing.

    When it is wrong: the person may have changed their mind, or thought of something else. A stop after which
    nothing was said, or only "continue", is no finding; nor is one before the agent did or said anything, as
    when a wrong text was pasted.

    What it suggests: to put what was said then into the first message, where it states a wish.
    """

    id = "REQ-01"
    name = "user interrupts"
    label = "Requirements"
    version = 3

    def find(self, scene: Scene) -> Iterator[Finding]:
        """All interruptions together, if a person went on with words of their own."""
        at_work = stops_at_work(scene.events)
        told = [stop for stop in scene.interrupts if stop.ordinal in at_work]
        stops = [(stop, word) for stop in told if (word := _word_after(stop, scene))]
        if not stops:
            return
        words = [word.text for _, word in stops]
        stated = [word for word in words if _states(word)]
        wishes = [word for word in stated if _wishes(word)]
        shown = (wishes or stated or words)[0]
        yield Finding(
            signature="interrupted",
            summary=f"The user stopped the agent {times(len(stops))} and wrote: {quote(shown)}",
            evidence=tuple(event.ordinal for pair in stops for event in pair),
            advice=tuple(_say_first(word) for word in wishes[:1]),
            state="fact",
            impact="High" if len(stated) > 1 else "Medium" if stated else "Low",
        )


class ToolUseRejected(Detector):
    """A person said no to a tool call that the agent asked leave for.

    Why it matters: each refusal costs a person's attention, and says what the agent did not know: a wish, or
    a limit.

    When it is wrong: refusing a plan in order to refine it is a way of working. Questions that the person did
    not answer are no findings.

    What it suggests: to put the reason into the first message or, where no reason was given for a command, to
    write the limit into the agent's settings.
    """

    id = "REQ-02"
    name = "tool use rejected"
    label = "Requirements"
    version = 2

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The refused calls together, and the refused plans together."""
        refused = [s for s in scene.steps if s.outcome == "rejected" and s.call.tool_kind != "ask"]
        plans = [step for step in refused if step.call.tool_kind == "plan"]
        calls = [step for step in refused if step.call.tool_kind != "plan"]
        if plans:
            yield _refusal("plan", "sent the agent's plan back", plans, scene)
        if calls:
            what = "a call" if len(calls) == 1 else "calls"
            yield _refusal("call", f"rejected {what} of the agent ({_what(calls[0], scene)})", calls, scene)


class CorrectedByUser(Detector):
    """A person's next message says that what the agent has just done is not what was wanted.

    Why it matters: the work was done, looked at, and had to be done again; what was said then was missing, or
    not heeded, before.

    When it is wrong: the person may have changed their mind, or may correct themselves. Words after a
    question of the agent are an answer; those after a stop or a refusal belong to that. A negation counts
    only where it names something that was changed or run within the last three turns.

    What it suggests: to put the wish into the first message, where the correction states one.
    """

    id = "REQ-03"
    name = "correction by user"
    label = "Requirements"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """All corrections together."""
        found = list(corrections(scene.turns))
        if not found:
            return
        words = [one.turn.text for one in found]
        wishes = [word for word in words if _wishes(word)]
        shown = (wishes or words)[0]
        often = "" if len(found) == 1 else f" {times(len(found))}"
        cited = {ordinal for one in found for ordinal in (one.about.last_ordinal, one.turn.prompt.ordinal)}
        yield Finding(
            signature="corrected",
            summary=f"The user corrected what the agent had done{often}: {quote(shown)}",
            evidence=tuple(sorted(cited)),
            advice=tuple(_say_first(word) for word in wishes[:1]),
            state="fact",
            impact="High" if len(found) > MANY_CORRECTIONS else "Medium",
        )


def _refusal(signature: str, done: str, steps: Sequence[Step], scene: Scene) -> Finding:
    told = [reason for step in steps if (reason := _reason(step, scene))[0]]
    words = [word for word, _ in told]
    summary = f"The user {done} {times(len(steps))}"
    if len(steps) == 1:
        summary = f"The user {done}"
    advice: tuple[Advice, ...] = ()
    stated = [word for word in words if _states(word)]
    if words:
        wishes = [word for word in stated if _wishes(word)]
        summary += f", saying: {quote((wishes or stated or words)[0])}"
        advice = tuple(_say_first(word) for word in wishes[:1])
    elif steps[0].command:
        said = f"Say in the agent's settings whether {code(steps[0].command, 60)} is allowed."
        advice = (Advice("repo_config", said),)
    return Finding(
        signature=signature,
        summary=summary,
        evidence=tuple(sorted({*(step.last_ordinal for step in steps), *(where for _, where in told)})),
        advice=advice,
        state="fact",
        impact="High" if len(stated) > MANY_REFUSALS else "Medium" if stated else "Low",
    )


def _what(step: Step, scene: Scene) -> str:
    path = (step.call.path or "").removeprefix(scene.session.cwd or "").lstrip("/")
    return code(step.command or " ".join(filter(None, (step.call.tool, path))), 60)


def _reason(step: Step, scene: Scene) -> tuple[str, int]:
    """Why the person said no, and the event that holds it: with the refusal, or typed right after it."""
    said = _SAID.search(step.text)
    if said:
        return step.text[said.end() :].strip(), step.last_ordinal
    word = _typed_next(step.last_ordinal, scene)
    return (word.text, word.ordinal) if word is not None else ("", step.last_ordinal)


def _word_after(stop: Event, scene: Scene) -> Event | None:
    """What the person typed after `stop`, unless it only lets the agent go on or `stop` was a refusal."""
    place = bisect_left(scene.events, stop.ordinal, key=_ordinal)
    before = next((scene.events[i] for i in range(place - 1, -1, -1) if scene.events[i].text), None)
    if before is not None and before.outcome == "rejected":
        return None
    return _typed_next(stop.ordinal, scene)


def _typed_next(ordinal: int, scene: Scene) -> Event | None:
    """The prompt after `ordinal`, if it came before the agent's next call and says more than "go on"."""
    place = bisect_left(scene.prompts, ordinal, key=_ordinal)
    word = scene.prompts[place] if place < len(scene.prompts) else None
    if word is None or len(word.text.split()) < WORDS_OF_A_STATEMENT or _CARRY_ON.match(word.text):
        return None
    following = bisect_left(scene.steps, ordinal, key=_called)
    if following < len(scene.steps) and scene.steps[following].call.ordinal < word.ordinal:
        return None
    return word


def _ordinal(event: Event) -> int:
    return event.ordinal


def _called(step: Step) -> int:
    return step.call.ordinal


def _states(words: str) -> bool:
    """Whether `words` tell something: a question or a mere word cannot be put into a first message."""
    return len(words.split()) >= WORDS_OF_A_STATEMENT and not words.rstrip(' \t\n.!)"').endswith("?")


def _wishes(words: str) -> bool:
    """Whether `words` say plainly what is wanted or not."""
    return "?" not in words and _WISH.search(words) is not None


def _say_first(words: str) -> Advice:
    return Advice("prompt_improvement", f"Say in the first message what was said late: {quote(words, 160)}")


DETECTORS: tuple[Detector, ...] = (UserInterrupts(), ToolUseRejected(), CorrectedByUser())
