"""The place behind a session in a list, as clients get it and hand it back: a cursor, opaque to them."""

import base64
import binascii
import re

# Numbers that any database takes, and no NUL.
_PLAIN = re.compile(r"([0-9]{1,15})\.([0-9]{1,18})\.([^\x00]{1,400})", re.DOTALL)


def cursor_of(position: int, created_us: int, session_id: str) -> str:
    """The place behind a session, as clients hand it back."""
    return base64.urlsafe_b64encode(f"{position}.{created_us}.{session_id}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[int, tuple[int, str]]:
    """The position and place that `cursor_of` made `text` of. Raises ValueError."""
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(text) from error
    found = _PLAIN.fullmatch(plain)
    if found is None:
        raise ValueError(text)
    return int(found[1]), (int(found[2]), found[3])
