"""Events written at their place, the same for all formats: a tool's call, its result, and what is neither.

How a call meets its result (by an id, by order, in one record) is each format's own; what is written of them
is not, and the pull requests that a result names are looked for here.
"""

from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from debrief.model import Actor, EventKind, FileEdit, Outcome, ToolKind
from debrief.sources.builder import SessionBuilder
from debrief.sources.pulls import PullRequests
from debrief.sources.records import mapping


class Place(NamedTuple):
    """Where a record stands: its line (0 in a document without lines), its time, its own id."""

    line: int = 0
    ts_us: int | None = None
    native_id: str | None = None


class Call(Struct, frozen=True, kw_only=True):
    """One tool call, as far as its record tells; see `Event` for the fields."""

    tool: str
    kind: ToolKind
    command: str | None = None
    path: str | None = None
    args: str = ""
    edits: tuple[FileEdit, ...] = ()


def fields_of(arguments: object) -> dict[str, Any]:
    """The fields of an object, or of the JSON text of one; none where it is neither."""
    if isinstance(arguments, str) and arguments.lstrip()[:1] == "{":
        try:
            return mapping(msgspec.json.decode(arguments))
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return {}
    return mapping(arguments)


def write_event(
    builder: SessionBuilder,
    kind: EventKind,
    actor: Actor,
    place: Place,
    text: str = "",
    *,
    injected: bool = False,
) -> int:
    """Write an event that is neither."""
    return builder.event(
        kind,
        actor,
        text=text,
        ts_us=place.ts_us,
        line=place.line,
        native_id=place.native_id,
        injected=injected,
    )


def write_call(
    builder: SessionBuilder,
    call: Call,
    call_id: str | None,
    place: Place,
    *,
    actor: Actor = "assistant",
    text: str = "",
) -> int:
    """Write a call; `text` is what the record says beside it."""
    return builder.event(
        "tool_call",
        actor,
        text=text,
        ts_us=place.ts_us,
        line=place.line,
        native_id=place.native_id,
        call_id=call_id,
        tool=call.tool,
        tool_kind=call.kind,
        command=call.command,
        path=call.path,
        args=call.args,
        edits=call.edits,
    )


def write_result(
    builder: SessionBuilder,
    pulls: PullRequests,
    call: Call | None,
    call_id: str | None,
    text: str,
    outcome: Outcome,
    place: Place,
    *,
    exit_code: int | None = None,
    duration_ms: int | None = None,
    tool: str | None = None,
) -> int:
    """Write the result of `call`; without one the result stands alone, named `tool` where it has a name."""
    tool = call.tool if call else tool
    command = call.command if call else None
    ordinal = builder.event(
        "tool_result",
        "tool",
        text=text,
        ts_us=place.ts_us,
        line=place.line,
        native_id=place.native_id,
        call_id=call_id,
        tool=tool,
        tool_kind=call.kind if call else None,
        command=command,
        path=call.path if call else None,
        outcome=outcome,
        exit_code=exit_code,
        duration_ms=duration_ms,
    )
    pulls.in_result(tool, command, text, outcome, ordinal)
    return ordinal
