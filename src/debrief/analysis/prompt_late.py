"""A View and the issues about the prompt go in; out comes what the person said late, sentence by sentence.

Late is: after stopping the agent, in declining a tool call, in a prompt or an answer that an issue cites (a
correction, what a question was answered with); and about the branch, where another one was taken first.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from debrief.analysis.phases import SHIPPING
from debrief.analysis.prompt_text import sentences, spoken
from debrief.analysis.view import Step, View, stops_at_work
from debrief.model import Event, Issue

SENTENCES = 4
"""Sentences of one message that are looked at."""

WORDS = 80
"""A longer message is a new task or a paste, not a correction."""

FOLLOW_UPS = 2
"""Prompts after the first that may still belong to its task; what is said later is about another."""

_DELIVERING = SHIPPING - {"git add"}

_SAID = re.compile(
    r"(?:the user said|the user provided the following reason|reason for (?:the )?rejection)[^:\n]{0,60}:\s*",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\n[ \t]{0,8}\n?(?:Note:|Please )")
_ANSWER = re.compile(r"=\s?\"([^\"\n]{2,200})\"")


_CITING = ("REQ-03", "REQ-05", "REQ-04")
"""Detectors whose issues cite the prompt that told the missing thing."""


@dataclass(slots=True)
class Said:
    """A sentence of the person that came late, the event it stands in, and the issue that shows its cost.

    `branch_only`: nothing shows that its absence cost something but that another branch was taken first.
    """

    text: str
    event: Event
    issue: Issue
    used: bool = False
    branch_only: bool = False


def late_sentences(view: View, supporting: Mapping[str, Issue], first: Event | None) -> list[Said]:
    """The late sentences of `view`, in order, each once; only where `supporting` has an issue."""
    found: dict[str, Said] = {}
    cited = _cited(supporting)
    last, done = _first_task(view, first)
    texts = [*_prompts(view, supporting), *_results(view, supporting)]
    for event, text, issue in sorted(texts, key=lambda entry: entry[0].ordinal):
        late = first is None or event.ordinal > first.ordinal
        about = event.ordinal <= (last if event.ordinal in cited else min(last, done))
        if late and about and len(text.split()) <= WORDS:
            for sentence in sentences(text, most=SENTENCES):
                found.setdefault(sentence, Said(sentence, event, issue))
    if "VC-03" in supporting:
        for event in view.prompts:
            if (first is None or event.ordinal > first.ordinal) and event.ordinal <= min(last, done):
                for sentence in sentences(spoken(event.text), most=SENTENCES):
                    said = Said(sentence, event, supporting["VC-03"], branch_only=True)
                    found.setdefault(sentence, said)
    return list(found.values())


def _first_task(view: View, first: Event | None) -> tuple[int, int]:
    """The ordinals up to which what an issue cites, and up to which anything else said is of the first task.

    A correction or an answer says itself what it is about, and may come after the work was done. The work is
    done with a commit or a pull request, and when a prompt follows an answer that asks nothing.
    """
    start = first.ordinal if first else -1
    later = [prompt for prompt in view.prompts if prompt.ordinal > start]
    end = view.events[-1].ordinal if view.events else 0
    last = later[FOLLOW_UPS - 1].ordinal if len(later) >= FOLLOW_UPS else end
    ends = [step.call.ordinal for step in view.steps if step.call.ordinal > start and _delivers(step)]
    ends += [pull.event for pull in view.session.pull_requests if pull.created and pull.event > start]
    answered = False
    for event in view.events:
        if event.kind == "prompt":
            if answered and event.ordinal > start:
                ends.append(event.ordinal - 1)
            answered = False
        elif event.kind == "message" and event.actor == "assistant" and event.text.strip():
            answered = not event.text.rstrip().endswith("?")
        elif event.kind in ("interrupt", "tool_call", "tool_result"):
            answered = False
    return last, min(ends, default=end)


def _delivers(step: Step) -> bool:
    done = step.outcome in ("ok", "unknown") and not step.failed
    return done and any(part.target in _DELIVERING for part in step.parts)


def _prompts(view: View, supporting: Mapping[str, Issue]) -> Iterator[tuple[Event, str, Issue]]:
    cited = _cited(supporting)
    stopped = False
    at_work = stops_at_work(view.events)
    for event in view.events:
        if event.kind == "interrupt":
            stopped = event.ordinal in at_work
        elif event.kind == "prompt":
            issue = cited.get(event.ordinal) or (supporting.get("REQ-01") if stopped else None)
            if issue is not None:
                yield event, spoken(event.text), issue
            stopped = False
        elif event.kind == "tool_call" or (event.kind == "message" and event.actor == "assistant"):
            stopped = False


def _cited(supporting: Mapping[str, Issue]) -> dict[int, Issue]:
    """The events that issues cite, each with the first that does."""
    found: dict[int, Issue] = {}
    for name in _CITING:
        if name in supporting:
            for ordinal in supporting[name].evidence:
                found.setdefault(ordinal, supporting[name])
    return found


def _results(view: View, supporting: Mapping[str, Issue]) -> Iterator[tuple[Event, str, Issue]]:
    declined, answered = supporting.get("REQ-02"), supporting.get("REQ-05")
    for event in view.events:
        if event.kind != "tool_result":
            continue
        if declined and event.outcome == "rejected":
            said = _SAID.search(event.text)
            if said:
                yield event, _NOTE.split(event.text[said.end() :], maxsplit=1)[0].strip(), declined
        elif answered and event.tool_kind == "ask" and event.ordinal in answered.evidence:
            for answer in _ANSWER.findall(event.text)[:SENTENCES]:
                yield event, answer, answered
