"""What a tool of Cursor gave back, in two dialects: an object with one key that says how it went, and prose.

In prose a command tells its exit code in a frame for the model; other tools do not say whether they worked.
"""

import re
from typing import Any

from msgspec import Struct

from debrief.model import Outcome
from debrief.sources.records import compact_json, count, mapping, sequence, string

_FRAME = re.compile(
    r"\s*Exit code: (?P<code>-?\d{1,11})\s*"
    r"(?:\n+Command output:\s*\n+```\n?(?P<output>.*?)\n?```(?P<rest>.*))?\Z",
    re.DOTALL,
)
_TOOK = re.compile(r"Command completed in (?P<ms>\d{1,12}) ?ms")

_OUTCOMES: dict[str, Outcome] = {
    "success": "ok",
    "rejected": "rejected",
    "error": "error",
    "failure": "error",
    "spawnError": "error",
    "permissionDenied": "error",
    "writePermissionDenied": "error",
    "readPermissionDenied": "error",
    "fileNotFound": "error",
    "notFound": "error",
    "toolNotFound": "error",
    "invalidFile": "error",
    "timeout": "error",
    "timedOut": "error",
    "aborted": "interrupted",
    "cancelled": "interrupted",
}
"""How a call went, by the one key of its result."""

_TEXTS = (
    *("stdout", "output", "interleavedOutput", "content", "contents", "diffString", "message", "error"),
    *("errorMessage", "modelVisibleError", "reason", "text", "markdown"),
)


class Result(Struct, frozen=True, kw_only=True):
    """A result, as far as its record tells."""

    text: str = ""
    outcome: Outcome = "unknown"
    exit_code: int | None = None
    duration_ms: int | None = None


def typed_result(result: object) -> Result:
    """Read a result that is an object: `{"success": {...}}`, `{"rejected": {...}}`, and so on."""
    fields = mapping(result)
    if not fields:
        return Result(text=string(result) or "")
    key = next((name for name in fields if name in _OUTCOMES), None)
    if key is None:
        return Result(text=_text(fields))
    inner = mapping(fields.get(key))
    outcome = _OUTCOMES[key]
    exit_code = _exit_code(inner)
    if outcome == "ok" and (exit_code or inner.get("isError") is True or string(inner.get("signal"))):
        outcome = "error"
    if outcome == "ok" and inner.get("aborted") is True:
        outcome = "interrupted"
    duration = count(inner.get("executionTime"))
    return Result(
        text=_text(inner) if inner else string(fields.get(key)) or "",
        outcome=outcome,
        exit_code=exit_code,
        duration_ms=duration if duration is not None else count(inner.get("localExecutionTimeMs")),
    )


def told_result(value: object, *, shell: bool) -> Result:
    """Read a result that is text for the model, or parts of it."""
    text = content_text(value)
    found = _FRAME.match(text) if shell and text.lstrip().startswith("Exit code: ") else None
    if found is None:
        return Result(text=text)
    code = int(found.group("code"))
    took = _TOOK.search(found.group("rest") or "")
    return Result(
        text=found.group("output") or "",
        outcome="error" if code else "ok",
        exit_code=code,
        duration_ms=int(took.group("ms")) if took else None,
    )


def content_text(value: object) -> str:
    """The text of a message or a result: a string, or a list of parts of which some may be pictures."""
    if isinstance(value, str):
        return value
    texts = []
    for part in sequence(value):
        text = string(part) or string(mapping(part).get("text"))
        # The service's own notation has the text of a part in a field of its own.
        text = text or string(mapping(mapping(part).get("text")).get("text"))
        if text:
            texts.append(text)
        elif "image" in (string(mapping(part).get("type")) or "") or "image" in mapping(part):
            texts.append("[image]")
    if texts or isinstance(value, list):
        return "\n".join(texts)
    return compact_json(value) if value else ""


def _text(fields: dict[str, Any]) -> str:
    texts = []
    for name in _TEXTS:
        value = fields.get(name)
        if text := string(value) or (content_text(value) if isinstance(value, list) else ""):
            texts.append(text)
            break
    if error := string(fields.get("stderr")):
        texts.append(error)
    if texts or not fields or "stdout" in fields:
        return "\n".join(texts)
    return compact_json(fields)


def _exit_code(fields: dict[str, Any]) -> int | None:
    value = fields.get("exitCode", fields.get("exit_code"))
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < 2**32 else None
