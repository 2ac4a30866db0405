"""Requirements: what the person wanted came out only when the agent was stopped or refused."""

import re
from collections.abc import Iterator, Sequence

from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.view import Step
from debrief.analysis.wording import code, short, times
from debrief.model import Event

_CARRY_ON = re.compile(
    r"\W*(?:(?:please|ok(?:ay)?|yes|yep|sorry|and|now|then|just)\W+)*"
    r"(?:continue|go on|go ahead|carry on|keep going|proceed|resume|retry|try again|ok(?:ay)?|yes|y|/\w[\w:-]*)\b"
    r"[^\n]{0,24}\Z",
    re.IGNORECASE,
)
_SAID = re.compile(r"(?:the user said|user feedback|reason)\s{0,4}:\s*", re.IGNORECASE)


class UserInterrupts(Detector):
    """A person stopped the agent while it worked, and then told it something.

    Why it matters: what was said after the interruption was missing before it, and the work in between was
    for nothing.

    When it is wrong: the person may have changed their mind, or thought of something else. A stop after which
    nothing was said, or only "continue", is no finding.

    What it suggests: to put what was said then into the first message.
    """

    id = "REQ-01"
    name = "user interrupts"
    label = "Requirements"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """All interruptions together, if a person went on with words of their own."""
        stops = [(stop, word) for stop in scene.interrupts if (word := _word_after(stop, scene))]
        if not stops:
            return
        word = stops[0][1]
        yield Finding(
            signature="interrupted",
            summary=f'The user stopped the agent {times(len(stops))} and wrote: "{short(word.text)}"',
            evidence=tuple(event.ordinal for pair in stops for event in pair),
            advice=(_say_first(word.text),),
            state="fact",
            impact="High" if len(stops) > 1 else "Medium",
        )


class ToolUseRejected(Detector):
    """A person declined a tool call that the agent asked leave for.

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

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The refused calls together, and the refused plans together."""
        refused = [s for s in scene.steps if s.outcome == "rejected" and s.call.tool_kind != "ask"]
        plans = [step for step in refused if step.call.tool_kind == "plan"]
        calls = [step for step in refused if step.call.tool_kind != "plan"]
        if plans:
            yield _refusal("plan", "sent the agent's plan back", plans, scene)
        if calls:
            what = "a call" if len(calls) == 1 else "calls"
            yield _refusal("call", f"rejected {what} of the agent ({_what(calls[0])})", calls, scene)


def _refusal(signature: str, done: str, steps: Sequence[Step], scene: Scene) -> Finding:
    words = [word for step in steps if (word := _reason(step, scene))]
    summary = f"The user {done} {times(len(steps))}"
    if len(steps) == 1:
        summary = f"The user {done}"
    advice: tuple[Advice, ...] = ()
    if words:
        summary += f', saying: "{short(words[0])}"'
        advice = (_say_first(words[0]),)
    elif steps[0].command:
        said = f"Say in the agent's settings whether {code(steps[0].command, 60)} is allowed."
        advice = (Advice("repo_config", said),)
    return Finding(
        signature=signature,
        summary=summary,
        evidence=tuple(step.last_ordinal for step in steps),
        advice=advice,
        state="fact",
        impact="High" if len(words) > 1 else "Medium" if words else "Low",
    )


def _what(step: Step) -> str:
    return code(step.command or " ".join(filter(None, (step.call.tool, step.call.path))), 60)


def _reason(step: Step, scene: Scene) -> str:
    """Why the person declined: said with the refusal, or typed right after it."""
    said = _SAID.search(step.text)
    if said:
        return step.text[said.end() :].strip()
    following = next((s for s in scene.steps[step.index + 1 : step.index + 2]), None)
    word = next((p for p in scene.prompts if p.ordinal > step.last_ordinal), None)
    if word is None or (following is not None and following.call.ordinal < word.ordinal):
        return ""
    return "" if _CARRY_ON.match(word.text) else word.text


def _word_after(stop: Event, scene: Scene) -> Event | None:
    """What the person typed after `stop`, unless it only lets the agent go on or `stop` was a refusal."""
    before = next((event for event in reversed(scene.events[: _place(stop, scene)]) if event.text), None)
    if before is not None and before.outcome == "rejected":
        return None
    word = next((prompt for prompt in scene.prompts if prompt.ordinal > stop.ordinal), None)
    if word is None or not word.text.strip() or _CARRY_ON.match(word.text):
        return None
    begun = any(stop.ordinal < step.call.ordinal < word.ordinal for step in scene.steps)
    return None if begun else word


def _place(stop: Event, scene: Scene) -> int:
    low, high = 0, len(scene.events)
    while low < high:
        middle = (low + high) // 2
        if scene.events[middle].ordinal < stop.ordinal:
            low = middle + 1
        else:
            high = middle
    return low


def _say_first(words: str) -> Advice:
    return Advice("prompt_improvement", f'Say in the first message what was said late: "{short(words, 160)}"')
