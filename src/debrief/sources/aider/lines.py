"""What aider says of itself in one line in, what it means out: models, tokens, edits, commits, failures.

Numbers are rounded for people: "2.4k" may be anything from 2,350 on. So each is read as the smallest number
that is printed so, and known for too small.
"""

import re
from decimal import Decimal

from msgspec import Struct

from debrief.model import Tokens

VERSION = re.compile(r"Aider v(\S+)$")
MODEL = re.compile(r"(?:Main model|Model|Models): (\S+?),?(?: with .*)?$")
COMMIT = re.compile(r"Commit ([0-9a-f]{6,40}) (.*)$")
APPLIED = re.compile(r"Applied edit to (.+)$")
CREATED = re.compile(r"Creating empty file (.+)$")
NOT_APPLIED = re.compile(r"Did not apply edit to (.+?) \(--dry-run\)$")
SKIPPED = re.compile(r"Skipping edits to (.+?)( that matches .*)?$")
MALFORMED = re.compile(
    r"The LLM did not conform to the edit format\.|# ?\d+ SEARCH/REPLACE blocks? failed to match!"
    r"|Malformed response|InvalidEditBlock"
)
API_ERROR = re.compile(
    r"(?:litellm|openai|anthropic|openrouter)\.\w*(?:Error|Timeout|Exception)\b"
    r"|The API provider|Model \S+ has hit a token limit!"
)
GIVEN_UP = re.compile(r"Only \d+ reflections allowed, stopping\.")
SHELL_ASKED = re.compile(r"Run shell commands?\? .*\]: *([a-z])\w*$", re.IGNORECASE)
RUNNING = re.compile(r"Running (\S.*)$")
INTERRUPT = re.compile(r"\^C")
TOKENS = re.compile(
    r"Tokens: (?P<sent>[\d.,]+[kKmM]?) sent"
    r"(?:, (?P<write>[\d.,]+[kKmM]?) cache write)?"
    r"(?:, (?P<hit>[\d.,]+[kKmM]?) cache hit)?"
    r"(?:, (?P<received>[\d.,]+[kKmM]?) received)?\.?"
    r"(?:\s+Cost: \$(?P<message>[\d.,]+)(?:e-?\d+)? message, \$(?P<session>[\d.,]+) session\.?)?"
)

LOCAL_COMMANDS = re.compile(r"[/!](?!ask\b|code\b|architect\b|context\b|ok\b)\S*")
"""What a person tells aider itself, and the model never sees."""

COMMAND_WITH_WORDS = re.compile(r"/(?:ask|code|architect|context)\s+(?=\S)")

_NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)([kKmM]?)$")
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}


class Rounded(Struct, frozen=True):
    """A number as aider prints it: the smallest and the largest that look so."""

    least: int
    most: int

    @property
    def exact(self) -> bool:
        """Whether nothing was rounded away."""
        return self.least == self.most


class Usage(Struct, frozen=True):
    """One line of usage; costs are in millionths of a dollar."""

    tokens: Tokens
    lower_bound: tuple[str, ...]
    cost_micros: int | None = None
    session_micros: int | None = None


def rounded(text: str) -> Rounded | None:
    """Read a number such as "104", "2,345", "2.4k" or "1.2M"."""
    found = _NUMBER.match(text.strip().rstrip("."))
    if found is None:
        return None
    digits, unit = found.group(1).replace(",", ""), found.group(2).lower()
    value, factor = Decimal(digits), _FACTORS[unit]
    if len(digits) > 15:  # noqa: PLR2004 (no count of tokens has so many digits)
        return None
    if not unit:
        return Rounded(int(value), int(value))
    half = Decimal(factor) / (2 * Decimal(10) ** len(digits.partition(".")[2]))
    return Rounded(max(0, int(value * factor - half)), int(value * factor + half))


def usage_of(line: str) -> Usage | None:
    """The usage that `line` states, if it is such a line."""
    found = TOKENS.match(line)
    sent = rounded(found.group("sent")) if found else None
    if found is None or sent is None:
        return None
    write, hit = (rounded(found.group(name) or "") for name in ("write", "hit"))
    received = rounded(found.group("received") or "")
    # What was sent holds the cache's part or not, by version and service: take all of it off, the written one
    # twice, as some versions add it twice. What is left was sent in any case.
    least = sent.least - 2 * (write.most if write else 0) - (hit.most if hit else 0)
    numbers = {"cache_write": write, "cache_read": hit, "output": received}
    inexact = [name for name, number in numbers.items() if number is not None and not number.exact]
    if not sent.exact or write is not None or hit is not None:
        inexact.append("input")
    return Usage(
        tokens=Tokens(
            input=max(0, least),
            cache_write=write.least if write else None,
            cache_read=hit.least if hit else None,
            output=received.least if received else None,
        ),
        lower_bound=tuple(inexact),
        cost_micros=_micros(found.group("message")),
        session_micros=_micros(found.group("session")),
    )


def _micros(dollars: str | None) -> int | None:
    number = (dollars or "").replace(",", "").rstrip(".")
    if not re.fullmatch(r"\d{1,9}(?:\.\d{1,20})?", number):
        return None
    return int(Decimal(number) * 1_000_000)
