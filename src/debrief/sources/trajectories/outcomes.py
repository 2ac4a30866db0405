"""How a call ended, read from the little that trajectories say: marks beside the output, and words in it.

The formats have no flag for an error and no exit code. Agents and converters write both into the text, each
in its own words, at the text's beginning or end; only these words count, never what a program printed.
"""

import re
from typing import Any

from msgspec import Struct

from debrief.model import Outcome
from debrief.sources.records import mapping, string

_HEAD, _TAIL = 400, 800
"""Characters at either end of an output in which the agents' own words stand."""

_AT_START = re.compile(
    r"\s*(?:(?:<exception>(?:(?!</exception>).){0,300}</exception>\s*)?<returncode>\s*(?P<a>-?\d{1,10})\s*</returncode>"
    r"|\{\s*\"returncode\"\s*:\s*(?P<b>-?\d{1,10})\b"
    r"|Exit code:? (?P<c>-?\d{1,10})\b"
    r"|(?:Chunk ID: \S+\n)?(?:Wall time: [^\n]+\n)?Process exited with code (?P<d>-?\d{1,10})\b)",
    re.DOTALL,
)
_AT_END = re.compile(
    r"(?:^|\n)\[(?:The command completed with exit code (?P<a>-?\d{1,10})\."
    r"|Command finished with exit code (?P<b>-?\d{1,10})\]"
    r"|exit_code\] (?P<c>-?\d{1,10})\b)"
    r"|\"(?:exit_code|exitCode)\":\s*(?P<d>-?\d{1,10})\b"
)
_REJECTED = ("The user doesn't want to proceed with this tool use", "User rejected tool use")
_CASCADE = ("Sibling tool call errored", "Cancelled: parallel tool call")
_FAILED = ("<tool_use_error>", "[error] tool reported failure")
_TOOL_FAILED = "ERROR:\n"
"""How an editor's own report of a failure begins; a command may print that too."""

_FLAGS = ("tool_result_is_error", "is_error", "isError", "error", "failed")
_FAILURES = frozenset({"error", "failed", "failure"})
_SUCCESSES = frozenset({"ok", "success", "completed", "succeeded"})


class Ended(Struct, frozen=True):
    """How a call ended."""

    outcome: Outcome
    exit_code: int | None = None


def ended(text: str, marks: dict[str, Any], *, is_shell: bool) -> Ended:
    """How the call ended whose output is `text`; `marks` are what stands beside it."""
    head, tail = text[:_HEAD], text[-_TAIL:]
    if any(word in head for word in _REJECTED):
        return Ended("rejected")
    if any(word in head for word in _CASCADE):
        return Ended("cascade")
    if head.lstrip().startswith("[Request interrupted by user"):
        return Ended("interrupted")
    flag = flag_of(marks)
    code = exit_code(head, tail) if is_shell else None
    if flag is None and not is_shell and head.startswith(_TOOL_FAILED):
        flag = True
    if flag is None and (head.lstrip().startswith(_FAILED[0]) or tail.rstrip().endswith(_FAILED[1])):
        flag = True
    if flag is True or (code is not None and code != 0):
        return Ended("error", code)
    if flag is False or code == 0:
        return Ended("ok", code)
    return Ended("unknown", code)


def exit_code(head: str, tail: str) -> int | None:
    """The exit code that the agent wrote around a command's output, given the two ends of it."""
    found = _AT_START.match(head)
    if found is None:
        ends = list(_AT_END.finditer(tail))
        found = ends[-1] if ends else None
    if found is None:
        return None
    return int(next(group for group in found.groups() if group is not None))


def flag_of(marks: dict[str, Any]) -> bool | None:
    """Whether `marks` say that the call failed (True) or not (False); None where they do not say."""
    for key in _FLAGS:
        value = marks.get(key)
        if isinstance(value, bool):
            return value
        if key == "error" and (string(value) or mapping(value)):
            return True
    success = marks.get("success")
    if isinstance(success, bool):
        return not success
    status = (string(marks.get("status")) or "").lower()
    if status in _FAILURES:
        return True
    return False if status in _SUCCESSES else None
