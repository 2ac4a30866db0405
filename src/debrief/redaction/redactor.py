"""The redactor: a string comes in, the same string with placeholders for its secrets goes out.

Most strings hold no secret and there are many of them, so that what finds none has to be quick. A placeholder
is keyed: the same secret is recognised, and not read.
"""

import hmac

from debrief.redaction.gates import SHORT, first, places
from debrief.redaction.spans import Span, merged
from debrief.redaction.tokens import token_at
from debrief.redaction.values import named_at, surely_at

PASSES = 8
"""A replacement may lay bare a neighbour; this many times at most the string is looked at again."""


class Redactor:
    """Replaces the secrets of a string by placeholders such as `[redacted:github-token:4f3a9c]`.

    The six digits are a keyed hash of the secret: equal secrets have equal placeholders under one `key`.
    Calling an instance is pure, deterministic and idempotent.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, text: str) -> str:
        """`text` without its secrets; the very same object where it holds none."""
        if len(text) < SHORT and first(text) is None:
            return text
        for _ in range(PASSES):
            spans = _find(text)
            if not spans:
                break
            text = self._replace(text, spans)
        return text

    def _replace(self, text: str, spans: list[Span]) -> str:
        parts: list[str] = []
        end = 0
        for span in spans:
            secret = text[span.start : span.end].encode("utf-8", "surrogatepass")
            digest = hmac.digest(self._key, secret, "sha256").hex()[:6]
            parts += (text[end : span.start], f"[redacted:{span.kind}:{digest}]")
            end = span.end
        parts.append(text[end:])
        return "".join(parts)


def _find(text: str) -> list[Span]:
    """The secrets of `text` in order, none overlapping; what is surer wins."""
    sure: list[Span] = []
    named: list[Span] = []
    end = 0
    for place in places(text):
        if place <= end:
            continue
        span = token_at(text, place, end) or surely_at(text, place)
        if span is not None:
            sure.append(span)
            end = span.end
        elif not named or place > named[-1].end:
            # What a name inside of a named value says is of no interest, and may stand there very often.
            span = named_at(text, place)
            if span is not None:
                named.append(span)
    return merged(sure, named) if named else sure
