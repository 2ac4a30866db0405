"""What this program writes into `extra` when it exports a session, read back: what ATIF has no place for.

It stands under one key, so that other producers' extras stay theirs. Any field may have any type here too.
"""

from typing import Any, get_args

from debrief.model import Actor, EventKind, FileEdit, Outcome, ToolKind
from debrief.model.session import BUCKETS
from debrief.sources.calls import Call
from debrief.sources.patches import EDITS_KEPT
from debrief.sources.records import count, mapping, sequence, string
from debrief.sources.trajectories.outcomes import Ended

KEY = "debrief"

_ACTORS: tuple[Actor, ...] = get_args(Actor)
_KINDS: tuple[EventKind, ...] = get_args(EventKind)
_TOOL_KINDS: tuple[ToolKind, ...] = get_args(ToolKind)
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def marks(value: dict[str, Any]) -> dict[str, Any]:
    """What this program wrote into the `extra` of `value`; empty where it did not."""
    return mapping(mapping(value.get("extra")).get(KEY))


def kind(found: dict[str, Any]) -> EventKind | None:
    """The kind of event that a step stands for."""
    return next((one for one in _KINDS if one == found.get("kind")), None)


def actor(found: dict[str, Any], default: Actor) -> Actor:
    """Whose event it is."""
    return next((one for one in _ACTORS if one == found.get("actor")), default)


def time(found: dict[str, Any], default: int | None) -> int | None:
    """When it happened, where that is not the step's own time."""
    return count(found.get("us")) if found else default


def names(value: object) -> tuple[str, ...]:
    """Names of token buckets."""
    return tuple(name for name in BUCKETS if name in sequence(value))


def call(value: dict[str, Any]) -> Call | None:
    """The tool call that `value` tells of; None where this program did not write it."""
    found = marks(value)
    tool_kind = next((one for one in _TOOL_KINDS if one == found.get("kind")), None)
    if tool_kind is None:
        return None
    edits = [mapping(one) for one in sequence(found.get("edits"))[:EDITS_KEPT]]
    return Call(
        tool=string(value.get("function_name")) or "unknown",
        kind=tool_kind,
        command=found.get("command") if isinstance(found.get("command"), str) else None,
        path=string(found.get("path")),
        args=string(found.get("args")) or "",
        edits=tuple(
            FileEdit(
                string(one.get("path")) or "", string(one.get("old")) or "", string(one.get("new")) or ""
            )
            for one in edits
        ),
    )


def ended(found: dict[str, Any]) -> Ended | None:
    """How a call ended; None where this program did not write it."""
    outcome = next((one for one in _OUTCOMES if one == found.get("outcome")), None)
    code = found.get("exit_code")
    is_code = isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31
    return None if outcome is None else Ended(outcome, code if is_code else None)
