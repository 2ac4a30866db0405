"""What Codex gives back to the model for a call: its text without the frame, and whether it went well.

The format has no error flag. A command's result is framed in lines for the model ("Process exited with code
1"), or in JSON in older versions; a tool that refuses says so in prose.
"""

import re

import msgspec
from msgspec import Struct

from debrief.model import Outcome
from debrief.sources.records import compact_json, count, mapping, sequence, string

_FRAME_LINE = re.compile(
    r"(?:Chunk ID: \S*|Wall time: (?P<wall>\d{1,9}(?:\.\d{1,9})?) seconds?"
    r"|Process exited with code (?P<exited>-?\d{1,11})"
    r"|Process running with session ID (?P<session>\S+)"
    r"|Exit code: (?P<code>-?\d{1,11})"
    r"|Original token count: \d+|Total output lines: \d+)\s*$"
)
_FRAME_LINES = 8
PICTURE = "[image]"
_FRAME_WIDTH = 200
_A_LIFETIME_S = 1e9

_FAILED = re.compile(
    r"(?:apply_patch (?:verification failed|handler received)|patch parse error|failed to |execution error"
    r"|(?:[\w.]+ ){1,3}failed[: ]|unsupported |unknown tool|tool call error|err:|error:|mcp error|invalid "
    r"|unable to |sandbox error|(?:exec )?command timed out|approval policy is |rejected: )",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    # What "user approval settings" refuse, no person has refused.
    r"(?:rejected|declined|denied|cancell?ed) by (?:the )?user(?! approval)"
    r"|user (?:rejected|declined|denied|cancell?ed)",
    re.IGNORECASE,
)
_INTERRUPTED = re.compile(
    r"(?:(?:tool call|turn|command) )?(?:was )?(?:aborted|interrupted)(?: by (?:the )?user\b|\.?\s*$)",
    re.IGNORECASE,
)

_PROSE = 400
"""A tool that refuses says so in its first words."""


class Result(Struct, frozen=True, kw_only=True):
    """A result; `session` names the command where it still runs."""

    text: str = ""
    outcome: Outcome = "unknown"
    exit_code: int | None = None
    duration_ms: int | None = None
    session: str | None = None


def result_of(output: object, *, shell: bool) -> Result:
    """Read the `output` field of a result record: text, a list of content parts, or an object.

    `shell`: the tool is one that says how it ended, so that nothing is known where it does not.
    """
    success: object = None
    if isinstance(output, dict):
        success = output.get("success")
        output = output.get("content", output.get("output", output))
    text = content_text(output)
    result = _old_json(text) or _framed(text)
    if result is None:
        return Result(text=text, outcome=_of_prose(text, shell=shell, success=success))
    if result.outcome == "unknown" and result.session is None:
        outcome = _of_prose(result.text, shell=shell, success=success)
        return msgspec.structs.replace(result, outcome=outcome)
    return result


def outcome_of_exit(exit_code: int | None, text: str) -> Outcome:
    """Judge by an exit code, where there is one."""
    if exit_code is None:
        return "unknown"
    if exit_code == 0:
        return "ok"
    return "interrupted" if _INTERRUPTED.match(text.lstrip()[:_PROSE]) else "error"


def refusal(text: str) -> Outcome | None:
    """`rejected` or `interrupted` where the first words of `text` say that a person did it, else None."""
    start = text.lstrip()[:_PROSE]
    if _INTERRUPTED.match(start):
        return "interrupted"
    # A failure quotes the command first, which may be long, and ends with the reason.
    ended_so = _FAILED.match(start) and _REJECTED.search(text[-_PROSE:])
    return "rejected" if ended_so or _REJECTED.search(start.partition("\n")[0]) else None


def content_text(content: object) -> str:
    """The text of a message or a result: a string, or a list of parts of which some may be pictures."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(text for part in content if (text := _part(part)))
    return _part(content) or (compact_json(content) if content else "")


def message_text(content: object) -> str:
    """The words of a message, without its pictures: what its other record, which has none, says too."""
    parts = [part for part in sequence(content) or [content] if part]
    return "\n".join(text for part in parts if (text := content_text(part)) and text != PICTURE)


def duration_ms(value: object) -> int | None:
    """A duration as Codex writes it: `{"secs", "nanos"}` or a number of seconds."""
    if isinstance(value, dict):
        seconds, nanos = count(value.get("secs")), count(value.get("nanos"))
        return None if seconds is None else seconds * 1000 + (nanos or 0) // 1_000_000
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _A_LIFETIME_S:
        return int(value * 1000)
    return None


def exit_code_of(value: object) -> int | None:
    """An exit code; negative ones are signals."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < 2**32 else None


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    fields = mapping(part)
    text = string(fields.get("text"))
    if text is None and "image" in (string(fields.get("type")) or ""):
        return PICTURE
    return text or ""


def _framed(text: str) -> Result | None:
    wall = exited = session = None
    position = 0
    for _ in range(_FRAME_LINES):
        end = text.find("\n", position)
        line = text[position:end] if end >= 0 else text[position:]
        if line.rstrip() == "Output:" and position:
            body = text[end + 1 :] if end >= 0 else ""
            return Result(
                text=body,
                outcome=outcome_of_exit(exited, body),
                exit_code=exited,
                duration_ms=wall,
                session=session,
            )
        if position and _INTERRUPTED.match(line):
            return Result(text=text[position:], outcome="interrupted", duration_ms=wall)
        match = _FRAME_LINE.match(line) if len(line) < _FRAME_WIDTH else None
        if match is None or end < 0:
            return None
        fields = match.groupdict()
        wall = duration_ms(float(fields["wall"])) if fields["wall"] else wall
        code = fields["exited"] or fields["code"]
        exited = exit_code_of(int(code)) if code else exited
        session = fields["session"] or session
        position = end + 1
    return None


def _old_json(text: str) -> Result | None:
    if not text.startswith("{") or '"metadata"' not in text:
        return None
    try:
        fields = mapping(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    metadata = fields.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(fields.get("output"), str):
        return None
    exit_code = exit_code_of(metadata.get("exit_code"))
    body = str(fields["output"])
    return Result(
        text=body,
        outcome=outcome_of_exit(exit_code, body),
        exit_code=exit_code,
        duration_ms=duration_ms(metadata.get("duration_seconds")),
    )


def _of_prose(text: str, *, shell: bool, success: object) -> Outcome:
    refused = refusal(text)
    if success is True:
        return "ok"
    if refused is not None:
        return refused
    if success is False or _FAILED.match(text.lstrip()[:_PROSE]):
        return "error"
    return "unknown" if shell else "ok"


def mcp_outcome(result: object) -> tuple[Outcome, str]:
    """The outcome and the text of an MCP call's end: `{"Ok": {content, isError}}` or `{"Err": reason}`."""
    fields = mapping(result)
    if "Err" in fields:
        reason = content_text(fields["Err"])
        return refusal(reason) or "error", reason
    inner = mapping(fields.get("Ok", fields))
    text = content_text(sequence(inner.get("content")))
    failed = inner.get("isError") is True or inner.get("is_error") is True
    return ("error" if failed else "ok"), text
