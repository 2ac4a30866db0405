"""What a model says, held against the session: what stays is what the cited events show.

Each check has a name, under which what it drops is counted: `event` (a number that was not shown),
`excerpt` (not in the event, letter by letter), `citation` (none at all), `label`, `impact`, `type` (not in
the closed list), `number`, `quotation` (in the words, not in the events), `address` (a link in advice),
`length`, `duplicate`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from debrief.analysis.verify import quotations
from debrief.llm.answers import Cited
from debrief.llm.shown import Part, said_by
from debrief.model import Event

SHORTEST_EXCERPT = 4
"""Characters, below which an excerpt shows nothing: every event has an `e`."""

LONGEST_EXCERPT = 2_000

_NUMBER: Final = re.compile(r"\d[\d.,]{0,30}\d|\d")
_ADDRESS: Final = re.compile(
    r"(?i:[a-z][a-z0-9+.-]{1,20}://|\bwww\.|\bjavascript:|\]\(|\|\s{0,4}(?:ba|z|da)?sh\b)"
)
"""Links, and what is piped into a shell: whoever writes into a transcript is not to advise our readers."""


class NotHeldError(Exception):
    """A statement does not hold; its text is the name of the check. It never leaves this station."""


class Shown:
    """The events of one part, to be asked for what is cited."""

    def __init__(self, events: Sequence[Event], part: Part) -> None:
        self._events = events
        self._part = part

    def check(self, cited: Iterable[Cited]) -> None:
        """Raise `NotHeldError` where the citations do not hold, or there are none."""
        several = list(cited)
        if not several:
            raise NotHeldError("citation")
        for one in several:
            self.check_events([one.event])
            excerpt = one.excerpt
            if len(excerpt.strip()) < SHORTEST_EXCERPT or len(excerpt) > LONGEST_EXCERPT:
                raise NotHeldError("excerpt")
            if not any(excerpt in text for text in said_by(self._events[one.event])):
                raise NotHeldError("excerpt")

    def check_events(self, ordinals: Iterable[int]) -> None:
        """Raise `NotHeldError` where one of these events was not shown, or there are none."""
        several = list(ordinals)
        if not several:
            raise NotHeldError("citation")
        if not all(self.holds(ordinal) for ordinal in several):
            raise NotHeldError("event")

    def holds(self, ordinal: int) -> bool:
        """Whether this event was shown."""
        return self._part.first <= ordinal <= self._part.last

    def event(self, ordinal: int) -> Event:
        """An event that was shown."""
        return self._events[ordinal]

    def said(self, ordinals: Iterable[int]) -> str:
        """All that these events say."""
        return "\n".join(text for ordinal in ordinals for text in said_by(self._events[ordinal]))


def check_words(words: str, said: str, known: str = "") -> None:
    """Raise `NotHeldError` where a quotation or number in `words` stands neither in `said` nor in `known`.

    Nor may they hold a link.
    """
    if _ADDRESS.search(words):
        raise NotHeldError("address")
    quoted, counted = list(quotations(words)), numbers(words)
    grounds = _flat(f"{said}\n{known}") if quoted or counted else ""
    if any(_flat(one) not in grounds for one in quoted):
        raise NotHeldError("quotation")
    if any(one not in grounds for one in counted):
        raise NotHeldError("number")


def numbers(words: str) -> list[str]:
    """The numbers in `words`, without those of one digit, which are counted off the fingers."""
    return [found for found in _NUMBER.findall(words) if len(found) > 1]


def sentence(text: str, longest: int) -> str:
    """`text` on one line and printable. Raises `NotHeldError` where it is empty or longer than `longest`."""
    plain = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in text)
    plain = " ".join(plain.split())
    if not 0 < len(plain) <= longest:
        raise NotHeldError("length")
    return plain


def _flat(text: str) -> str:
    return " ".join(text.replace("`", "'").replace('"', "'").split())
