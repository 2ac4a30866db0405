"""How a call ended, from its status word and the text of its result: outcome and exit code out."""

import re

from debrief.model import Outcome

OPEN = frozenset({"executing", "validating", "scheduled", "awaiting_approval", "pending"})
"""Words of a call that has no end yet."""

_STATUS: dict[str, Outcome] = {"success": "ok", "error": "error", "cancelled": "interrupted"}

_DENIED = re.compile(r"\b(?:denied|declined|rejected|not allow)", re.IGNORECASE)

_EXIT = re.compile(
    r"^Exit Code: (-?\d{1,10})[ \t]*(?:\n(?:Signal|Background PIDs|Process Group PGID|Error): [^\n]*)*\s*\Z",
    re.MULTILINE,
)

_WINDOW = 2_000

_STOPPED = "Command was cancelled"


def exit_code_of(text: str) -> int | None:
    """The exit code that a shell tool writes under a command's output."""
    found = _EXIT.search(text[-_WINDOW:].replace("\r\n", "\n"))
    return int(found.group(1)) if found else None


def outcome_of(status: object, text: str, *, failed: bool, shell: bool) -> tuple[Outcome, int | None]:
    """The outcome and exit code of a call with this status; `failed`: its response says so itself.

    A shell tool succeeds when it could run the command: whether the command did shows its exit code.
    """
    known = _STATUS.get(status) if isinstance(status, str) else None
    exit_code = exit_code_of(text) if shell else None
    if known == "interrupted" or (known is None and text.startswith("[Operation Cancelled]")):
        return ("rejected" if _DENIED.search(text[:_WINDOW]) else "interrupted"), exit_code
    if shell and text.startswith(_STOPPED):
        return "interrupted", exit_code
    if known is None:
        known = "error" if failed else "unknown"
    if exit_code is not None and known != "error":
        known = "ok" if exit_code == 0 else "error"
    return known, exit_code
