"""A place in a text that holds a secret, and whether a value looks like one: what all rules share."""

import math
import re
from bisect import bisect_right
from collections import Counter
from typing import NamedTuple

SHORTEST = 8
"""A value with fewer characters is not taken for a secret because of its name alone."""

LEAST_ENTROPY = 2.5
"""Bits per character, below which a value is too regular for a secret."""

_LONG = 16
"""Letters from which a value may be random though it holds no digit: of shorter ones words are as likely."""

_LONGEST_MIXED = 80
"""A longer random value without a digit is not met."""

_MOST_IN_WORDS = 0.4
"""The share of letters in rows of three or more small ones: a quarter in what is random, more in words."""

PLACEHOLDER = re.compile(
    r"[$<{%*(\[].*|\W*|.*(?:x{4}|\*{3}|\.{3}|0{8}|[_-]here\b).*|.*\{.*\}.*|(?:1234567|abcdef|abc123).*"
    r"|(?:your|my|some|the|example|sample|dummy|fake|mock|test|placeholder|redacted|change|insert|replace|todo)"
    r"(?:[_-].*|me.*|ed|\d*)?"
    r"|(?:process\.|os\.|env\.|import\.|config\.|settings\.|self\.|this\.|secrets\.|vault:|op://|arn:).*"
    r"|none|null|nil|true|false|undefined|password|passwd|pass|pwd|secret|token|user|username|x+",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_WORDS = re.compile(r"(?:(?:[A-Za-z]{1,16}\d?|\d{1,8})(?:[\W_]+|$))+", re.ASCII)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|->|\?\.)[A-Za-z_]\w*)+", re.ASCII)
_LOCATION = re.compile(
    r".*://.*|(?:sha\d{1,3}|md5)[-:=].*"
    r"|.*[\w-]\.(?:pem|key|crt|json|ya?ml|txt|env|py|tsx?|jsx?|md|go|rs|java)(?::\d+)*",
    re.ASCII | re.DOTALL,
)
_PATH = re.compile(r"(?:[~.]{0,2}/|[A-Za-z]:[\\/])[\w.-]+(?:[\\/].*)?", re.ASCII | re.DOTALL)
_DIGIT = re.compile(r"\d", re.ASCII)
_DIGIT_OR_SIGN = re.compile(r"[\d!@#%^&*?+]|[a-z][A-Z]", re.ASCII)
_LETTER = re.compile(r"[A-Za-z]", re.ASCII)
_IN_WORDS = re.compile(r"[a-z]{3,}", re.ASCII)
_SMALL = re.compile(r"[a-z]", re.ASCII)
_CAPITAL = re.compile(r"[A-Z]", re.ASCII)


class Span(NamedTuple):
    """Where a secret stands, and what kind it is of."""

    start: int
    end: int
    kind: str


def merged(spans: list[Span], others: list[Span]) -> list[Span]:
    """Both in order, without those of `others` that touch one of `spans` or each other."""
    ends = [span.end for span in spans]
    taken = list(spans)
    last = 0
    for span in sorted(others):
        following = bisect_right(ends, span.start)
        if span.start >= last and (following == len(spans) or spans[following].start >= span.end):
            taken.append(span)
            last = span.end
    taken.sort()
    return taken


def looks_secret(value: str, *, wordy: bool) -> bool:
    """Whether `value` is no mere number, place or expression nor, unless `wordy`, made of words."""
    if len(value) < SHORTEST or not _LETTER.search(value):
        return False
    mark = _DIGIT_OR_SIGN if wordy else _DIGIT
    if not mark.search(value) and not _is_mixed(value):
        return False
    if PLACEHOLDER.fullmatch(value) or _LOCATION.fullmatch(value):
        return False
    if _PATH.fullmatch(value) and not _is_mixed(value):
        return False
    return wordy or not (_is_made_of_words(value) or entropy(value) < LEAST_ENTROPY)


def _is_made_of_words(value: str) -> bool:
    if _DOTTED.fullmatch(value):
        return True
    return _WORDS.fullmatch(value) is not None and not _is_mixed(value)


def entropy(value: str) -> float:
    """Bits per character."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())


def _is_mixed(value: str) -> bool:
    """Whether small letters and capitals alternate as in no words, however they are put together."""
    if len(value) > _LONGEST_MIXED:
        return False
    small, capital = len(_SMALL.findall(value)), len(_CAPITAL.findall(value))
    if small + capital < _LONG or min(small, capital) * 4 < small + capital:
        return False
    return sum(map(len, _IN_WORDS.findall(value))) < _MOST_IN_WORDS * (small + capital)
