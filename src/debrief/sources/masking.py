"""Secrets out of JSON as it is written: text in, the same text out, every byte but the secrets where it was.

Escapes hide secrets and split them, so each string is decoded before the rules see it. The text around the
strings is not touched, whatever it is: a document that breaks off, or is no JSON at all, goes through too.
"""

import json
import re
from functools import partial

from debrief.sources.source import Clean

_lenient = json.JSONDecoder(strict=False)

NESTED = 4
"""How many times JSON may stand in a string of JSON; what is deeper is cleaned as the text that it is."""

# A string that nothing ends reaches to the end of its line: so no character is looked at twice.
_STRING = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*(?:"|\\?(?=\n|\Z))')


def mask_json(text: str, clean: Clean, of_string: Clean | None = None, depth: int = 0) -> str:
    """`text` with the secrets of its strings replaced, and those that show only beside their keys.

    What a string holds is cleaned by `of_string` where it is to be cleaned otherwise than the text.
    """
    return clean(_STRING.sub(partial(_masked, clean=of_string or clean, depth=depth), text))


def is_json(text: str) -> bool:
    """Whether `text` begins like a JSON object or array."""
    return text.lstrip()[:1] in ("{", "[")


def _masked(found: re.Match[str], *, clean: Clean, depth: int) -> str:
    token = found[0]
    value = token[1:-1]
    if "\\" in token or len(token) == 1 or token[-1] != '"':
        try:
            value = _lenient.decode(token)
        except ValueError:
            return token  # what breaks off is cleaned with the text around it
    if depth < NESTED and '"' in value and is_json(value):
        masked = mask_json(value, clean, depth=depth + 1)
    else:
        masked = clean(value)
    return token if masked == value else json.dumps(masked, ensure_ascii=_has_surrogate(masked))


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)
