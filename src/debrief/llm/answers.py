"""A model's words to an Answer: read leniently, piece by piece, so that one bad piece costs only itself.

Models answer with a tool call, with JSON in a fence, with prose around it, or break off in the middle.
Whatever piece is whole and of the right shape is taken; nothing is believed yet.
"""

import json
import re
from collections import Counter
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

MOST_OF_A_KIND = 50
"""Pieces of one kind that are looked at; a model that sends more has run away."""

T = TypeVar("T", bound=Struct)


class Cited(Struct, frozen=True):
    """An event, by its number, and words that are said to stand in it."""

    event: int
    excerpt: str


class Advice(Struct, frozen=True):
    """What is said to help."""

    type: str
    text: str


class Claim(Struct, frozen=True):
    """Something that is said to have gone wrong."""

    label: str
    impact: str
    summary: str
    evidence: tuple[Cited, ...] = ()
    action: Advice | None = None


class Words(Struct, frozen=True):
    """Better words for a phase of the timeline."""

    phase: int
    title: str
    description: str = ""


class Remark(Struct, frozen=True):
    """A remark on the first prompt."""

    excerpt: str
    summary: str
    details: str
    events: tuple[int, ...] = ()


class Answer(Struct, frozen=True, kw_only=True):
    """All that a model said of one part.

    `misshapen` counts pieces of no known shape, `is_cut` is for an answer that breaks off.
    """

    issues: tuple[Claim, ...] = ()
    timeline: tuple[Words, ...] = ()
    prompt_remarks: tuple[Remark, ...] = ()
    prompt_lines: tuple[Cited, ...] = ()
    misshapen: int = 0
    is_cut: bool = False


_KINDS: Final = frozenset({"issues", "timeline", "prompt_remarks", "prompt_lines"})
_DECODER: Final = json.JSONDecoder()
_LIST: Final = re.compile(r'"(issues|timeline|prompt_remarks|prompt_lines)"\s{0,20}:\s{0,20}\[')
_BETWEEN: Final = re.compile(r"[\s,]{0,200}")
_OPENINGS = 200
"""Braces that are tried as the beginning of the answer."""


def answer_of(text: str) -> Answer | None:
    """What `text` holds of an answer; None where it holds none."""
    found = _whole(text)
    if found is not None:
        return _shaped(found, is_cut=False)
    pieces = _pieces(text)
    return None if pieces is None else _shaped(pieces, is_cut=True)


def _whole(text: str) -> dict[str, Any] | None:
    """The first complete object of `text` that is an answer."""
    place = text.find("{")
    for _ in range(_OPENINGS):
        if place < 0:
            return None
        try:
            value, _end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and value.keys() & _KINDS:
            return value
        place = text.find("{", place + 1)
    return None


def _pieces(text: str) -> dict[str, list[Any]] | None:
    """The complete pieces of an answer that breaks off."""
    found: dict[str, list[Any]] = {}
    for match in _LIST.finditer(text):
        pieces = found.setdefault(match[1], [])
        place = match.end()
        while len(pieces) < MOST_OF_A_KIND:
            between = _BETWEEN.match(text, place)
            place = between.end() if between else place
            if not text.startswith("{", place):
                break
            try:
                piece, place = _DECODER.raw_decode(text, place)
            except (ValueError, RecursionError):
                break
            pieces.append(piece)
    return found or None


def _shaped(found: dict[str, Any], *, is_cut: bool) -> Answer:
    counted: Counter[str] = Counter()

    def several(kind: type[T], name: str) -> tuple[T, ...]:
        value = found.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            counted["misshapen"] += 1
            return ()
        taken = []
        for piece in value[:MOST_OF_A_KIND]:
            try:
                taken.append(msgspec.convert(piece, kind, strict=False))
            except (msgspec.ValidationError, RecursionError):
                counted["misshapen"] += 1
        counted["misshapen"] += max(0, len(value) - MOST_OF_A_KIND)
        return tuple(taken)

    return Answer(
        issues=several(Claim, "issues"),
        timeline=several(Words, "timeline"),
        prompt_remarks=several(Remark, "prompt_remarks"),
        prompt_lines=several(Cited, "prompt_lines"),
        misshapen=counted["misshapen"],
        is_cut=is_cut,
    )
