"""First prompt: what it left out, and what looking or asking for it cost."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from msgspec import Struct

from debrief.analysis.corrections import corrections
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.prompt_text import is_continuation
from debrief.analysis.turns import Turn, is_fact, names_something, question_of
from debrief.analysis.view import Step
from debrief.analysis.wording import quote

THIN_WORDS = 8
SEARCHES = 10

FOLLOW_UPS = 2
"""Prompts after the first that may still be about it."""

_TAKEN_UP = frozenset({"fork", "resume", "continuation", "subagent"})
"""Sessions whose first prompt here is not the first that was said."""

_CHANGE = re.compile(
    r"\b(?:fix|repair|add|implement|change|update|remove|delete|rename|refactor|improve|make|build|create|write"
    r"|migrate|replace|support|handle|resolve|convert|port|clean|simplify|optimi[sz]e|speed|merge|rebase)\b",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"\W{0,8}(?:why|what|how|when|where|who|which|is|are|does|do|did|can we discuss|brainstorm|discuss"
    r"|explain|review|research|investigate|explore|analy[sz]e|look|think|plan|tell|show|compare"
    r"|help me understand)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"\u201c`][^\"\u201d`\n]{3,200}[\"\u201d`]|\[[A-Z]\w{1,20} ?#?\d{0,3}\]|\b\d{2,}\b")
_PAIR = re.compile(r"\"([^\"\n]{4,400})\"\s?=\s?\"([^\"\n]{2,200})\"")
_ASSENT = re.compile(r"\W{0,4}(?:yes|no|ok(?:ay)?|none|skip|cancel|continue|proceed)\b", re.IGNORECASE)


class Cost(Struct, frozen=True):
    """What a thin prompt cost: in words, the events that show it, and whether it cost a person's turn."""

    words: str
    evidence: tuple[int, ...]
    turn: bool


class ThinFirstPrompt(Detector):
    """A first prompt of a few words that names nothing; the agent had to ask, to search or to be put right.

    Why it matters: a name, an error or an expected result would have saved the detour.

    When it is wrong: few words are enough where the working tree says the rest; a thin prompt that cost
    nothing is no finding, nor is a question, nor one that only carries on.

    What it suggests: to name the file, the error or the expected result.
    """

    id = "REQ-04"
    name = "thin first prompt"
    label = "Requirements"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The first prompt with what its thinness cost, if it is thin and cost something."""
        found = _from_the_first(scene)
        if not found or not _thin(found[0].text):
            return
        first = found[0]
        cost = _asked_back(found) or _put_right(found) or _searched(first, scene)
        if cost is None:
            return
        yield Finding(
            signature="thin prompt",
            summary=f"The first prompt, {quote(first.text, 80)}, names no file, error or expected result; "
            f"{cost.words}",
            evidence=tuple(sorted({first.prompt.ordinal, *cost.evidence})),
            advice=(
                Advice(
                    "prompt_improvement",
                    f"Name the file, the error or the expected result beside {quote(first.text, 80)}.",
                ),
            ),
            state="fact",
            impact="Medium" if cost.turn else "Low",
        )


class AgentHadToAsk(Detector):
    """Before it changed anything the agent had to ask for something that the person then told it.

    Why it matters: the agent waits until somebody is there to answer.

    When it is wrong: a question may be the better way where a decision is to be made together. Offers,
    choices between ways to do it, and answers that only agree or choose are no findings, nor are sessions
    that begin with a question or a talk.

    What it suggests: to put the answer into the first message.
    """

    id = "REQ-05"
    name = "agent had to ask"
    label = "Requirements"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The first such question of the first task."""
        found = _from_the_first(scene)
        if not found or _TALK.match(found[0].text) or found[0].text.rstrip().endswith("?"):
            return
        if _thin(found[0].text) and _asked_back(found):
            return
        told = _told_in_a_prompt(found) or _told_to_the_tool(scene, found)
        if told is None:
            return
        asked, answer, evidence = told
        yield Finding(
            signature="had to ask",
            summary=f"The agent had to ask before it could begin, {quote(asked)}, "
            f"and was told {quote(answer)}",
            evidence=evidence,
            advice=(Advice("prompt_improvement", f"Say in the first message: {quote(answer, 160)}"),),
            state="fact",
            impact="Low",
        )


def _from_the_first(scene: Scene) -> tuple[Turn, ...]:
    """The turns, if the first is the session's beginning; the same prompt given again counts once."""
    found = scene.turns
    if not found or found[0].steps or scene.session.relation in _TAKEN_UP:
        return ()
    if any(event.replayed for event in scene.session.events):
        return ()
    again = sum(1 for _ in takewhile(lambda turn: turn.text == found[0].text and not turn.steps, found[1:]))
    return found[again:]


def _thin(text: str) -> bool:
    if len(text.split()) > THIN_WORDS or is_continuation(text) or text.rstrip().endswith("?"):
        return False
    named = names_something(text) or _QUOTED.search(text)
    return not named and _TALK.match(text) is None and _CHANGE.search(text) is not None


def _asked_back(found: Sequence[Turn]) -> Cost | None:
    """The agent asked before it changed anything, and was told."""
    told = _told_in_a_prompt(found)
    if told is None:
        return None
    asked, answer, evidence = told
    return Cost(
        f"the agent had to ask, {quote(asked)}, and was told {quote(answer, 80)}", evidence, turn=True
    )


def _put_right(found: Sequence[Turn]) -> Cost | None:
    """The person stopped, refused or corrected the agent in one of the next turns."""
    late = found[: FOLLOW_UPS + 1]
    corrected = {one.turn.prompt.ordinal for one in corrections(late)}
    for turn in late[1:]:
        stopped = turn.stopped and turn.steps and len(turn.text.split()) > FOLLOW_UPS
        if (stopped or turn.prompt.ordinal in corrected) and not is_continuation(turn.text):
            words = f"the agent was put right with {quote(turn.text)}"
            return Cost(words, (turn.prompt.ordinal,), turn=True)
    return None


def _searched(first: Turn, scene: Scene) -> Cost | None:
    """The agent searched long before its first change."""
    changed = next((step for step in scene.steps if _changes(step)), None)
    if changed is None:
        return None
    later = [prompt.ordinal for prompt in scene.prompts if prompt.ordinal > first.prompt.ordinal]
    if later and later[0] < changed.call.ordinal:
        return None
    searches = [step for step in scene.steps[: changed.index] if step.family == "search"]
    if len(searches) < SEARCHES:
        return None
    words = f"the agent made {len(searches)} searches before its first change"
    return Cost(words, (searches[0].call.ordinal, changed.call.ordinal), turn=False)


def _told_in_a_prompt(found: Sequence[Turn]) -> tuple[str, str, tuple[int, ...]] | None:
    for turn in found[1 : FOLLOW_UPS + 1]:
        if any(_changes(step) for step in turn.steps):
            return None
        if turn.asked is not None and not turn.stopped and is_fact(turn.text):
            return question_of(turn.asked.text), turn.text, (turn.asked.ordinal, turn.prompt.ordinal)
    return None


def _told_to_the_tool(scene: Scene, found: Sequence[Turn]) -> tuple[str, str, tuple[int, ...]] | None:
    """What was answered to a tool that asks, before any change and any other prompt."""
    end = found[1].prompt.ordinal if len(found) > 1 else None
    for step in scene.steps:
        if _changes(step) or (end is not None and step.call.ordinal > end):
            return None
        if step.family != "ask" or step.outcome != "ok":
            continue
        pairs = _PAIR.findall(step.text)
        told = next(
            ((q, a) for q, a in pairs if is_fact(a) and not _ASSENT.match(a) and question_of(q)), None
        )
        if told is not None:
            return *told, (step.call.ordinal, step.last_ordinal)
    return None


def _changes(step: Step) -> bool:
    return step.outcome in ("ok", "unknown") and (bool(step.call.edits) or step.family == "edit")


DETECTORS: tuple[Detector, ...] = (ThinFirstPrompt(), AgentHadToAsk())
