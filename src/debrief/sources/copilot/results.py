"""What a tool of Copilot gave back: its text without the frame that is meant for the model, and how it went.

`success` says whether the tool worked, not whether the command did: a command that exits with 1 is a success
whose last line tells the exit code.
"""

import re
from typing import Any

from msgspec import Struct

from debrief.model import Outcome
from debrief.sources.records import compact_json, count, mapping, sequence, string

_EXIT = re.compile(
    r"\s*<(?:shellId: ?(?P<shell>[^\s<>]{1,100}) "
    r"|command with (?:shell ?)?id: ?(?P<command>[^\s<>]{1,100}) )?"
    r"(?:completed|exited|finished) with exit code (?P<code>-?\d{1,11})>\s*\Z",
    re.IGNORECASE,
)
_RUNNING = re.compile(
    r"<(?:shellId|command with (?:shell ?)?id): ?(?P<shell>[^\s<>]{1,100})[^<>]{0,200}\brunning\b",
    re.IGNORECASE,
)
_FRAME_WIDTH = 400

_REJECTED_CODES = frozenset({"rejected", "user_rejected", "denied-interactively-by-user"})
_BY_A_PERSON = re.compile(
    r"\bthe user (?:rejected|declined|denied)\b|\b(?:rejected|declined|denied) by (?:the )?user\b",
    re.IGNORECASE,
)
_STOPPED = re.compile(
    r"\b(?:aborted|cancell?ed|interrupted) by (?:the )?user\b|\boperation (?:was )?(?:aborted|cancell?ed)\b"
    r"|\buser (?:aborted|cancell?ed|interrupted)\b",
    re.IGNORECASE,
)


class Result(Struct, frozen=True, kw_only=True):
    """A result; `shell` names the command that it is of, where it tells."""

    text: str
    outcome: Outcome
    exit_code: int | None = None
    duration_ms: int | None = None
    shell: str | None = None


def result_of(data: dict[str, Any], *, shell: bool, declined: bool) -> Result:
    """Read a record of a call's end; `shell`: of a command, `declined`: a person is known to have said no."""
    text = result_text(data.get("result"))
    error = mapping(data.get("error"))
    message = string(error.get("message")) or string(data.get("error")) or ""
    metrics = mapping(mapping(data.get("toolTelemetry")).get("metrics"))
    duration = count(metrics.get("durationMs"))
    if data.get("success") is not True:
        outcome = _failure(data, string(error.get("code")) or "", message or text, declined=declined)
        exit_code = _exit_code(data, metrics)
        if shell and (found := _EXIT.search(text[-_FRAME_WIDTH:])):
            exit_code = int(found.group("code"))
            text = _without_frame(text, found)
        told = "\n".join(part for part in (message, text) if part)
        return Result(text=told, outcome=outcome, exit_code=exit_code, duration_ms=duration)
    if not shell:
        return Result(text=text, outcome="ok", duration_ms=duration)
    return _of_command(text, _exit_code(data, metrics), duration)


def _of_command(text: str, exit_code: int | None, duration: int | None) -> Result:
    found = _EXIT.search(text[-_FRAME_WIDTH:])
    name = None
    if found is not None:
        exit_code = int(found.group("code"))
        name = found.group("shell") or found.group("command")
        text = _without_frame(text, found)
    elif exit_code is None and (running := _RUNNING.search(text[-_FRAME_WIDTH:])):
        return Result(text=text, outcome="unknown", duration_ms=duration, shell=running.group("shell"))
    return Result(
        text=text,
        outcome="error" if exit_code else "ok",
        exit_code=exit_code,
        duration_ms=duration,
        shell=name,
    )


def _without_frame(text: str, found: re.Match[str]) -> str:
    return text[: max(0, len(text) - _FRAME_WIDTH) + found.start()]


def _failure(data: dict[str, Any], code: str, message: str, *, declined: bool) -> Outcome:
    if declined or code in _REJECTED_CODES or _BY_A_PERSON.search(message[:_FRAME_WIDTH]):
        return "rejected"
    if code in ("aborted", "cancelled", "canceled", "interrupted") or _STOPPED.search(message[:_FRAME_WIDTH]):
        return "interrupted"
    return "error" if data.get("success") is False or message else "unknown"


def _exit_code(data: dict[str, Any], metrics: dict[str, Any]) -> int | None:
    candidates = [
        mapping(part).get("exitCode") for part in sequence(mapping(data.get("result")).get("contents"))
    ]
    candidates.append(mapping(data.get("shellExecution")).get("exitCode"))
    for value in (*candidates, metrics.get("exit_code"), metrics.get("exitCode"), data.get("exitCode")):
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**32:
            return value
    return None


def result_text(result: object) -> str:
    """The text of a result: a string, or an object that holds what the model was shown, and more."""
    if isinstance(result, str):
        return result
    fields = mapping(result)
    for name in ("content", "detailedContent", "textResultForLlm"):
        value = fields.get(name)
        if text := string(value) or _parts(value):
            return text
    return _parts(fields.get("contents")) or (compact_json(fields) if fields and not _empty(fields) else "")


def _empty(fields: dict[str, Any]) -> bool:
    return all(value in ("", None, [], {}) for value in fields.values())


def _parts(value: object) -> str:
    texts = (string(mapping(part).get("text")) or string(part) for part in sequence(value))
    return "\n".join(text for text in texts if text)
