"""Turns go in, those in which a person corrects what the agent has just done come out.

A negation alone is no correction: "no, that's fine", "don't worry" and an answer to a question begin alike.
So it must be said of the agent's deed itself ("you forgot", "undo that", "I meant"), or it must name
something that the agent has just changed or run.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec import Struct

from debrief.analysis.changes import base_name
from debrief.analysis.turns import Turn, named_things
from debrief.analysis.view import Step

NEAR = 3
"""Turns after a change in which a word may still be about it."""

OPENING = 240
"""Characters at the beginning of a prompt in which a correction says that it is one."""

HUNKS_READ = 40
HUNK_LIMIT = 8_000
SHORTEST_NAME = 4

_LEAD = (
    r"\W{0,8}(?:(?:hm{1,9}|oh|ah{1,9}|ok(?:ay)?|wait|sorry|hey|u[mh]{1,9}|who{1,9}ps|oops|ugh|well|yeah|yep"
    r"|hang ?on|but|and|so|also|please|pls|actually|technically|eh{1,9}|argh|crap|ah crap|let'?s|just|now"
    r"|then|no|nope|nah)\b\W{1,6}){0,4}"
)
_OF_THE_DEED = re.compile(
    _LEAD + r"(?:"
    r"you(?:'ve| have)?(?: just| also| still| now| accidentally)? (?:forgot|missed|broke|deleted|removed"
    r"|dropped|ignored|misunderstood|overwrote|undid|reverted|duplicated|lost|(?:changed|edited) the wrong"
    r"|shouldn'?t have|should not have|should have|were (?:not )?supposed|weren'?t supposed)\b"
    r"|i (?:meant|told you|asked (?:you )?(?:for|to|not)|(?:didn'?t|did not) (?:ask|want|mean)"
    r"|never (?:asked|wanted|said)|said (?:to|not|no|don'?t|only|that))\b"
    r"|(?:that|this|it)(?:'?s| is| was) (?:not (?:what|how|the way|right|correct|it\b)|wrong|incorrect)"
    r"|(?:that|this) isn'?t (?:what|how|right|correct)"
    r"|(?:revert|undo|roll ?back|restore)"
    r"(?=\W{1,3}(?:that|this|it|these|those|the|your|all|last|to)\b|\W{0,4}\Z)"
    r"|put [^\n.]{1,60} back\b"
    r"|(?:(?:it|that|this|they)(?:'s| is| are| '?re)? )?still (?:fail|broken|not\b|show|display|happen"
    r"|doesn'?t|does not|isn'?t|don'?t|the same|wrong|crash|red\b|hangs?|gets?|throws?)"
    r")",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    _LEAD + r"(?:"
    r"(?:no|nope|nah)\b"
    r"(?!\W{1,3}(?:problem|worries|need to worry|rush|it'?s (?:fine|ok)|that'?s (?:fine|ok)|thanks))"
    r"|(?:don'?t|do not|never|stop)(?! (?:worry|bother|mind|think|know|see|we\b|you\b|i\b|they\b))\s"
    r"|not\s(?!sure|bad|yet\b|a problem)"
    r"|wrong\b|instead\b|rather than\b"
    r"|why (?:did|have|are|would) you\b"
    r"|(?:i|we) thought (?:we|you|i|that|this|it)\b"
    r"|(?:it|that|this|we|you) (?:should(?:n'?t| not)|must(?:n'?t| not))\b|(?:it|that|this) should\b"
    r"|[^\n.?!]{1,120}\b(?:instead(?: of)?|rather than)\b"
    r"|the \w{1,20} (?:argument|parameter|field|value|name|type|order|one|version)\b"
    r"[^\n]{0,60}\b(?:is|should)\b"
    r")",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[A-Za-z]{4,40}")
_NAME_PARTS = re.compile(r"[A-Z]?[a-z]{3,40}|[A-Z]{3,40}")
_DO_NOT = re.compile(
    r"\b(?:don'?t|do not|never|stop|shouldn'?t|should not)\s+(?:be\s)?([a-z]{3,20})\b", re.IGNORECASE
)


class Correction(Struct, frozen=True):
    """A turn in which the person corrects the agent, and the step that it is about."""

    turn: Turn
    about: Step


def corrections(found: Sequence[Turn]) -> Iterator[Correction]:
    """The corrections among the turns of a session, in order."""
    for position, turn in enumerate(found):
        if position == 0 or turn.stopped:
            continue
        near = found[max(0, position - NEAR + 1) : position + 1]
        changed = [step for step in chain.from_iterable(one.steps for one in near) if _changes(step)]
        about = _about(turn, changed)
        if about is not None:
            yield Correction(turn, about)


def _about(turn: Turn, changed: list[Step]) -> Step | None:
    opening = turn.text[:OPENING]
    if not changed:
        return None
    named = _overlapping(opening, changed)
    if _OF_THE_DEED.match(opening) and (named is not None or _changes_in(turn)):
        return named or changed[-1]
    if turn.expected or _NEGATION.match(opening) is None:
        return None
    return named


def _changes_in(turn: Turn) -> bool:
    return any(_changes(step) for step in turn.steps)


def _changes(step: Step) -> bool:
    """Whether `step` changed something: a file, the repository, the machine."""
    done = step.outcome in ("ok", "unknown")
    return done and (bool(step.call.edits) or step.family in ("edit", "vcs", "install"))


def _overlapping(text: str, changed: list[Step]) -> Step | None:
    """The last of the steps that touched something that `text` names."""
    things = {thing for thing in named_things(text) if len(thing) >= SHORTEST_NAME}
    words = {word.lower() for word in _PLAIN.findall(text)}
    forbidden = {verb.lower() for verb in _DO_NOT.findall(text)}
    for step in list(reversed(changed))[:HUNKS_READ]:
        if _touches(step, things) or words & _parts_of_names(step) or forbidden & _verbs(step):
            return step
    return None


def _touches(step: Step, things: set[str]) -> bool:
    if not things:
        return False
    texts = [step.command[:HUNK_LIMIT]]
    for edit in step.call.edits:
        texts += [edit.path, edit.old[:HUNK_LIMIT], edit.new[:HUNK_LIMIT]]
    return any(thing in text for thing in things for text in texts)


def _parts_of_names(step: Step) -> set[str]:
    """The words of which the names of the changed files are made, without those that any file may have."""
    names = {base_name(edit.path).rsplit(".", 1)[0] for edit in step.call.edits}
    parts = {part.lower() for name in names for part in _NAME_PARTS.findall(name)}
    return {part for part in parts if len(part) >= SHORTEST_NAME} - _COMMON


def _verbs(step: Step) -> set[str]:
    """What was done, in words: "git commit --amend" commits and amends."""
    found = {word.lstrip("-").lower() for part in step.parts for word in part.words[1:4]}
    return {word for word in found if word.isalpha() and len(word) >= SHORTEST_NAME}


_COMMON = frozenset(
    {
        "main",
        "index",
        "test",
        "tests",
        "file",
        "code",
        "with",
        "this",
        "that",
        "from",
        "readme",
        "init",
        "base",
    }
)
