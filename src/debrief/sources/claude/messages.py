"""Values in the shape of Anthropic's Messages API in, the model's words out: tools, usage, results.

Several agents write these shapes; what a tool is called and how its failure reads is Claude Code's own.
Every value may have any type; what makes no sense counts as absent.
"""

import re
from typing import Any, NamedTuple

from msgspec import Struct

from debrief.model import FileEdit, Outcome, Tokens, ToolKind
from debrief.sources.records import count, mapping, sequence, string

_KINDS: dict[str, ToolKind] = {
    "bash": "shell",
    "bashoutput": "shell",
    "killshell": "shell",
    "killbash": "shell",
    "powershell": "shell",
    "read": "read",
    "notebookread": "read",
    "grep": "search",
    "glob": "search",
    "ls": "search",
    "toolsearch": "search",
    "edit": "edit",
    "multiedit": "edit",
    "notebookedit": "edit",
    "write": "write",
    "webfetch": "fetch",
    "websearch": "fetch",
    "web_fetch": "fetch",
    "web_search": "fetch",
    "todowrite": "plan",
    "todoread": "plan",
    "exitplanmode": "plan",
    "exit_plan_mode": "plan",
    "enterplanmode": "plan",
    "taskcreate": "plan",
    "taskupdate": "plan",
    "tasklist": "plan",
    "taskget": "plan",
    "task": "agent",
    "agent": "agent",
    "askuserquestion": "ask",
}

_EXIT_CODE = re.compile(r"\s*(?:Error:\s*)?Exit code (\d{1,10})\b")

_REJECTED = (
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action right now",
    "User rejected tool use",
)

_CASCADE = ("Sibling tool call errored", "Cancelled: parallel tool call")

_INTERRUPTED = (
    "[Request interrupted by user",
    "Command was aborted before completion",
    "Interrupted by user",
)


def tool_kind(name: str) -> ToolKind:
    """What the tool called `name` does; a connected server's tool is `mcp`, an unknown one `other`."""
    if name.startswith("mcp__"):
        return "mcp"
    return _KINDS.get(name.lower(), "other")


class CallTarget(Struct, frozen=True):
    """What a call acts on, as far as its kind has a field for it."""

    command: str | None = None
    path: str | None = None
    edits: tuple[FileEdit, ...] = ()


def call_target(kind: ToolKind, arguments: dict[str, Any]) -> CallTarget:
    """Read command, path and edits out of the arguments of a call."""
    if kind == "shell":
        return CallTarget(command=string(arguments.get("command")))
    path = (
        string(arguments.get("file_path"))
        or string(arguments.get("notebook_path"))
        or string(arguments.get("path"))
    )
    if kind == "write":
        content = string(arguments.get("content")) or ""
        return CallTarget(path=path, edits=(FileEdit(path=path or "", new=content),))
    if kind == "edit":
        parts = [mapping(part) for part in sequence(arguments.get("edits"))] or [arguments]
        return CallTarget(path=path, edits=tuple(_edit(path or "", part) for part in parts))
    return CallTarget(path=path)


def _edit(path: str, part: dict[str, Any]) -> FileEdit:
    return FileEdit(
        path=path,
        old=string(part.get("old_string")) or "",
        new=string(part.get("new_string")) or string(part.get("new_source")) or "",
    )


def flat_text(content: object) -> str:
    """The text of a `content` field: a string, or blocks, those without text named in brackets."""
    if isinstance(content, str):
        return content
    parts = []
    for block in sequence(content):
        if isinstance(block, str):
            parts.append(block)
            continue
        fields = mapping(block)
        text = fields.get("text")
        if isinstance(text, str):
            parts.append(text)
        elif kind := string(fields.get("type")):
            name = string(fields.get("tool_name"))
            parts.append(f"[{kind}: {name}]" if name else f"[{kind}]")
    return "\n".join(parts)


def tokens_of(usage: object) -> Tokens:
    """The disjoint buckets of a `usage` object.

    `input_tokens` excludes both caches and `output_tokens` includes thinking. A usage of zeros only is what
    gateways write who do not know: no request is without input, so it counts as not stated.
    """
    fields = mapping(usage)
    cache_write = count(fields.get("cache_creation_input_tokens"))
    if cache_write is None:
        by_age = [
            count(mapping(fields.get("cache_creation")).get(f"ephemeral_{age}_input_tokens"))
            for age in ("5m", "1h")
        ]
        known = [value for value in by_age if value is not None]
        cache_write = sum(known) if known else None
    output = count(fields.get("output_tokens"))
    reasoning = count(mapping(fields.get("output_tokens_details")).get("thinking_tokens"))
    if output is not None and reasoning is not None:
        output = max(0, output - reasoning)
    tokens = Tokens(
        input=count(fields.get("input_tokens")),
        cache_read=count(fields.get("cache_read_input_tokens")),
        cache_write=cache_write,
        output=output,
        reasoning=reasoning,
    )
    if not any((tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning)):
        return Tokens()
    return tokens


_SUMMED = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")


def _billed_usage(usage: object) -> dict[str, Any]:
    """`usage` with what the service spent on summarising within the request, which its totals leave out."""
    fields = mapping(usage)
    compactions = [
        one
        for entry in sequence(fields.get("iterations"))
        if (one := mapping(entry)).get("type") == "compaction"
    ]
    if not compactions:
        return fields
    sums = {name: [count(one.get(name)) for one in (fields, *compactions)] for name in _SUMMED}
    known = {name: [number for number in numbers if number is not None] for name, numbers in sums.items()}
    return fields | {name: sum(numbers) for name, numbers in known.items() if numbers}


def _advisors(usage: object) -> list[tuple[str | None, Tokens]]:
    """Calls of a second model within the request: its name, and tokens that the request's own leave out."""
    entries = [mapping(entry) for entry in sequence(mapping(usage).get("iterations"))]
    return [
        (string(entry.get("model")), tokens_of(entry))
        for entry in entries
        if entry.get("type") == "advisor_message"
    ]


def _costs_more(usage: object) -> bool:
    """Whether the call costs more than its tokens at their usual price: searches are paid by the request."""
    fields = mapping(usage)
    searches = count(mapping(fields.get("server_tool_use")).get("web_search_requests"))
    return bool(searches) or fields.get("speed") == "fast"


def _hour_long_writes(usage: object) -> int | None:
    """How many of the cache's written tokens are kept for an hour: they cost more than the others."""
    return count(mapping(mapping(usage).get("cache_creation")).get("ephemeral_1h_input_tokens"))


class Spent(NamedTuple):
    """What a `usage` states, taken apart; see the functions of the same names."""

    tokens: Tokens
    costs_more: bool
    hour_long_writes: int | None
    advisors: list[tuple[str | None, Tokens]]


def spent_of(usage: object) -> Spent:
    """All that is read of `usage`."""
    return Spent(
        tokens_of(_billed_usage(usage)), _costs_more(usage), _hour_long_writes(usage), _advisors(usage)
    )


def exit_code_of(text: str) -> int | None:
    """The command's exit code, where the result begins by naming it."""
    found = _EXIT_CODE.match(text[:200])
    return int(found.group(1)) if found else None


def outcome_of(text: str, *, flagged: object, structured: object, denial: object = None) -> Outcome:
    """How a call came out.

    `flagged` is the block's `is_error`, `structured` the row's own account of the result (an object where it
    worked, a string where not), `denial` the kind of refusal where the row names one. A person's refusal
    and a call skipped because its neighbour failed are flagged as errors too: the text tells them apart.
    """
    start = text[:400]
    if mapping(structured).get("interrupted") is True:
        return "interrupted"
    failed = flagged is True or (isinstance(structured, str) and structured.startswith("Error:"))
    if not failed:
        return "ok"
    if (
        denial == "user-rejected"
        or start.lstrip().startswith(_REJECTED)
        or structured == "User rejected tool use"
    ):
        return "rejected"
    if any(sign in start for sign in _CASCADE):
        return "cascade"
    if any(sign in start for sign in _INTERRUPTED):
        return "interrupted"
    return "error"


def duration_ms_of(structured: object) -> int | None:
    """How long the call took, where the row's own account of the result says so."""
    fields = mapping(structured)
    known = count(fields.get("durationMs"))
    if known is None:
        known = count(fields.get("totalDurationMs"))
    if known is None:
        seconds = fields.get("durationSeconds")
        if isinstance(seconds, int | float) and not isinstance(seconds, bool):
            known = count(seconds * 1000)
    return known
