"""A View goes in, its Turns come out: what a person typed, and what the agent had said and done before it.

A prompt means another thing after a question (it answers), after a stop or a refusal (it gives the reason)
and after work (it judges, or asks for more).
"""

import re
from bisect import bisect_left

from msgspec import Struct

from debrief.analysis.prompt_text import spoken
from debrief.analysis.view import Step, View
from debrief.model import Event

ENDING = 600
"""Characters at the end of a message in which a question is one that waits for an answer."""

WORDS_OF_A_FACT = 40
"""A longer answer is a new task."""

WORDS_TOLD = 3
"""Fewer words tell something only where one of them is a name of the code."""

_DECORATION = " \t\n*_`)\"'"
_OFFER = re.compile(
    r"\b(?:would you like|would you rather|do you want|want (?:me )?to|shall (?:i|we)|should (?:i|we)"
    r"|(?:can|may|could) i|ready (?:to|for)|any\b|anything|sound good|looks? (?:good|right|ok)"
    r"|(?:does|do) (?:this|that|these|it) \w{1,20}|ok(?:ay)? to|proceed|go ahead|continue|help (?:you )?with"
    r"|like me to|something else)\b",
    re.IGNORECASE,
)
_LETS_CHOOSE = re.compile(
    r"\b(?:would you like|what(?:'s| is) next|how can i help|prefer|preferred|preferences?"
    r"|thoughts|(?:do|would) you think|which (?:of these|one|approach|option|style|scope|direction|way)"
    r"|on your mind)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"(?:\w{1,12},? ){0,2}(?:which|what|where|who|whose|how|when)\b", re.IGNORECASE)
"""Questions that leave or a nod cannot answer."""

_INVITES = re.compile(r"\b(?:let me know|tell me|please|could you|can you|e\.g\.|for example)", re.IGNORECASE)
_CHOICE = re.compile(r"\W{0,4}(?:option |variant |number )?(?:[a-h]|\d{1,2})\W{0,3}\Z", re.IGNORECASE)
_AFFIRMS = re.compile(r"\W{0,4}(?:yes|yeah|yep|yup|ok(?:ay)?|sure|right|oh)\b[\s,.!:;-]{0,4}", re.IGNORECASE)
_CARRIES_ON = re.compile(
    r"\W{0,4}(?:please |just )?(?:commit|push|ship|continue|proceed|go|retry|do it|do that|thanks?|great|good"
    r"|nice|perfect|cool|lgtm|looks?|let'?s|hm+|i don'?t|not sure|no\b\W{0,3}\Z)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_CODE_SHAPED = re.compile(
    r"`[^`\n]{2,80}`"  # what they quote themselves
    r"|(?<![\w/.-])[\w.-]{0,60}/[\w./-]{1,120}"  # paths, branches
    r"|\b\w{1,60}\.(?:[a-z][a-z0-9]{0,5})\b"  # files, members
    r"|\b[A-Za-z]\w{0,40}_\w{1,60}|\b[a-z]{1,40}[A-Z]\w{1,60}|\b[A-Z][a-z]{1,40}[A-Z]\w{1,60}"  # identifiers
    r"|--[a-z][\w-]{1,40}|\b[A-Z]{2,10}-\d{1,6}\b|#\d{1,6}\b"  # options, issues
)


class Turn(Struct, frozen=True, kw_only=True):
    """A prompt, with what came between it and the prompt before.

    `text` is what was typed, without what tools wrapped around it. `asked` is the agent's message in front,
    where it ends with a question that the work waits for; `expected` tells that the agent ended with any
    question or offer. `stopped` marks a prompt right after an interruption or a refused call. `steps` are the
    tool calls since the prompt before.
    """

    prompt: Event
    text: str
    asked: Event | None = None
    expected: bool = False
    stopped: bool = False
    steps: tuple[Step, ...] = ()


def turns(view: View) -> tuple[Turn, ...]:
    """The turns of `view`, in order; prompts that hold no word of a person are left out."""
    found: list[Turn] = []
    said: Event | None = None
    stopped = False
    since = 0
    for event in view.events:
        if event.kind == "prompt":
            until = bisect_left(view.steps, event.ordinal, key=_called)
            text = spoken(event.text)
            if text:
                found.append(
                    Turn(
                        prompt=event,
                        text=text,
                        asked=said if said is not None and question_of(said.text) else None,
                        expected=said is not None and "?" in said.text[-ENDING:],
                        stopped=stopped,
                        steps=view.steps[since:until],
                    )
                )
                said, stopped, since = None, False, until
        elif event.kind == "message" and event.actor == "assistant" and not event.injected:
            said = event if event.text.strip() else said
        elif event.kind == "interrupt" or event.outcome in ("rejected", "interrupted"):
            stopped = True
        elif event.kind == "tool_call":
            said, stopped = None, False
    return tuple(found)


def question_of(message: str) -> str:
    """The question at the end of `message` that the work waits for; empty for none, and for an offer."""
    pieces = [piece.strip(_DECORATION + "-#>") for piece in _SENTENCE.split(message[-ENDING:])]
    questions = [i for i, piece in enumerate(pieces) if piece.endswith("?") and "|" not in piece]
    if not questions or any(_offers(pieces[i]) for i in questions):
        return ""
    asked = questions[-1]
    after = " ".join(pieces[asked + 1 :]).strip()
    return pieces[asked] if not after or _INVITES.search(after) else ""


def _offers(question: str) -> bool:
    """Whether `question` offers, asks for leave or lets choose: nothing that a first message must hold."""
    if _LETS_CHOOSE.search(question):
        return True
    return _OPEN.match(question) is None and _OFFER.search(question) is not None


def is_fact(answer: str) -> bool:
    """Whether `answer` tells what a first message could have held: no choice, no leave, no question."""
    if _CHOICE.match(answer) or "?" in answer or len(answer.split()) > WORDS_OF_A_FACT:
        return False
    told = answer[match.end() :] if (match := _AFFIRMS.match(answer)) else answer
    if _CARRIES_ON.match(told):
        return False
    return names_something(told) or len(told.split()) >= WORDS_TOLD


def names_something(text: str) -> bool:
    """Whether `text` names a thing of the code or the tracker: a path, an identifier, a link, an issue."""
    return _CODE_SHAPED.search(text) is not None


def named_things(text: str) -> frozenset[str]:
    """The things of the code that `text` names."""
    return frozenset(match.group().strip("`") for match in _CODE_SHAPED.finditer(text))


def _called(step: Step) -> int:
    return step.call.ordinal
