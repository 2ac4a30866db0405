"""What Droid gives back for a call in, how it came out and the exit code out.

Stored results have no flag in most versions: a command that fails says so in its first line or its last.
"""

import re
from typing import Any

from debrief.model import Tokens
from debrief.sources.blocks import text_of
from debrief.sources.dialogue import Ended
from debrief.sources.records import compact_json, count, mapping, string

_FAILED = re.compile(r"\s*Error: Command failed \(exit code: (\d{1,10})\)")
_EXITED = re.compile(r"\[Process exited with code (\d{1,10})\]\s*\Z")
_REJECTED = re.compile(
    r"\s*(?:Error: )?(?:Tool (?:execution|call) )?(?:was )?(?:cancelled|canceled|rejected|declined|denied) by"
    r" (?:the )?user|\s*(?:Error: )?(?:The )?User (?:cancelled|canceled|rejected|declined|denied)",
    re.IGNORECASE,
)
_TAIL = 200


def ended_of(text: str, flag: object, code: int | None = None) -> Ended:
    """How a call came out, by its text, its flag and its exit code where there are any."""
    if code is None and (found := _FAILED.match(text[:_TAIL]) or _EXITED.search(text[-_TAIL:])):
        code = int(found.group(1))
    if _REJECTED.match(text[:_TAIL]):
        return Ended("rejected", code)
    if flag is True or (code is not None and code != 0):
        return Ended("error", code)
    return Ended("ok", code)


def value_of(value: object) -> tuple[str, int | None]:
    """The text and the exit code of a result as the stream has it: text, or what a command gave."""
    if not isinstance(value, dict):
        return text_of(value), None
    fields: dict[str, Any] = value
    code = next((c for n in ("exitCode", "exit_code") if (c := count(fields.get(n))) is not None), None)
    parts = [part for name in ("stdout", "stderr", "output") if (part := string(fields.get(name)))]
    return "\n".join(parts) if parts or "stdout" in fields else compact_json(fields), code


def stored_total(usage: object) -> tuple[Tokens, tuple[str, ...]]:
    """The buckets of a session's total, and which of them may be too small.

    The input excludes both caches. Whether the output holds the thoughts is not said, so that it counts as
    at least that much where there are any.
    """
    fields = mapping(usage)
    tokens = Tokens(
        input=count(fields.get("inputTokens")),
        cache_read=count(fields.get("cacheReadTokens")),
        cache_write=count(fields.get("cacheCreationTokens")),
        output=count(fields.get("outputTokens")),
    )
    if not any((tokens.input, tokens.cache_read, tokens.cache_write, tokens.output)):
        return Tokens(), ()
    return tokens, ("output",) if count(fields.get("thinkingTokens")) else ()


def run_total(usage: object) -> Tokens:
    """The buckets of one headless run."""
    fields = mapping(usage)
    tokens = Tokens(
        input=count(fields.get("input_tokens")),
        cache_read=count(fields.get("cache_read_input_tokens")),
        cache_write=count(fields.get("cache_creation_input_tokens")),
        output=count(fields.get("output_tokens")),
    )
    if not any((tokens.input, tokens.cache_read, tokens.cache_write, tokens.output)):
        return Tokens()
    return tokens
