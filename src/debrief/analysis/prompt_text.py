"""What a person typed, without what tools wrap around it; sentences and quotes of it.

Everything returned is a substring of what came in (white space at its ends aside), so that whoever shows it
quotes and does not paraphrase.
"""

import re

from debrief.analysis.programs import named

_WRAPPER = re.compile(r"<([a-z][a-z0-9]*(?:[-_][a-z0-9]+)+)>")
"""Tags with a hyphen or underscore in their name: programs write those around what they insert."""

_INTERRUPTED = re.compile(r"\[Request interrupted[^\]\n]{0,60}\]")
_SKILL = re.compile(r"^Base directory for this skill", re.MULTILINE)
EXCERPT_LIMIT = 140

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


def spoken(text: str) -> str:
    """`text` without inserted blocks, interruption notices and skill bodies; often all of it."""
    if _SKILL.match(text.lstrip()):
        return ""
    pieces: list[str] = []
    at = 0
    unclosed: set[str] = set()
    for match in _WRAPPER.finditer(text):
        close = f"</{match.group(1)}>"
        if match.start() < at or close in unclosed:
            continue
        end = text.find(close, match.end())
        if end < 0:
            unclosed.add(close)
            continue
        pieces.append(text[at : match.start()])
        at = end + len(close)
    pieces.append(text[at:])
    return _INTERRUPTED.sub("", "".join(pieces)).strip()


def one_line(text: str, limit: int) -> str:
    """`text` with its white space collapsed, cut at a word before `limit` characters."""
    flat = " ".join(text[: limit * 8].split())
    if len(flat) <= limit:
        return flat
    cut = flat[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:.") + "\u2026"


def sentences(text: str, most: int = 40) -> list[str]:
    """The sentences and lines of `text`, each a substring of it."""
    return [piece.strip() for piece in _SENTENCE_END.split(text, maxsplit=most)[:most] if piece.strip()]


_OPENERS = named(
    "yes yep yeah yup ok okay sure no nope continue proceed go resume retry again thanks thank thx great"
    " good nice perfect cool done commit push merge ship lgtm next stop hi hello hey y n k please"
)
_OPENER_WORDS = 8
_SLASH_WORDS = 2
_LETTERS = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"[\w./\-]{3,}")


def is_continuation(text: str) -> bool:
    """Whether a prompt only carries on: `yes`, `commit this`, a bare slash command."""
    words = text.split()
    if not words:
        return True
    if text.startswith("/") and len(words) <= _SLASH_WORDS and "/" not in words[0][1:]:
        return True
    if len(words) > _OPENER_WORDS:
        return False
    letters = _LETTERS.findall(text.lower())
    return not letters or letters[0] in _OPENERS


def tokens_of(text: str) -> frozenset[str]:
    """The words of `text` that carry meaning, lower case."""
    return frozenset(match.group().strip("./-").lower() for match in _TOKEN.finditer(text))


def excerpt_for(original: str, value: str, cues: tuple[str, ...] = ()) -> str:
    """The sentence of `original` nearest to `value`: an exact substring, its beginning at worst."""
    pieces = sentences(original) or [original.strip()]
    wanted = tokens_of(value) | frozenset(cues)
    best = max(pieces, key=lambda piece: len(tokens_of(piece) & wanted))
    return cut_at_word(best, EXCERPT_LIMIT)


def cut_at_word(text: str, limit: int) -> str:
    """The beginning of `text`, at most `limit` characters, without a mark of the cut: a substring."""
    if len(text) <= limit:
        return text
    cut = text[:limit]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip()
