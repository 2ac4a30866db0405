"""Calls of an agent that OpenHands drives by the Agent Client Protocol: told as they go on, written once.

A call begins without its arguments; what it changed and what it printed stand in the content of a later
telling. It is written when it has ended, or when something else follows.
"""

from typing import Any

import msgspec
from msgspec import Struct, field

from debrief.model import FileEdit
from debrief.sources.calls import Call, Place
from debrief.sources.openhands.tools import tool_call
from debrief.sources.openhands.writing import Writer
from debrief.sources.records import compact_json, mapping, sequence, string

_KINDS = {"execute": "terminal", "read": "read_file", "search": "grep", "fetch": "browse", "edit": "edit"}
_ENDED = frozenset({"completed", "failed"})
_EDITS_KEPT = 200


class _Told(Struct):
    """What is known of one call that was not written yet."""

    place: Place
    fields: dict[str, Any] = field(default_factory=dict)


class ProtocolCalls:
    """Holds back what is not over; `told` each event, `settle` before anything else is written."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._held: dict[str, _Told] = {}
        self._ended: set[str] = set()

    def told(self, event: dict[str, Any], place: Place) -> None:
        """One more telling of a call."""
        call_id = string(event.get("tool_call_id")) or place.native_id or ""
        if call_id in self._ended:
            return
        held = self._held.setdefault(call_id, _Told(place))
        names = ("title", "tool_kind", "raw_input", "raw_output", "content", "is_error", "status")
        held.fields |= {name: event[name] for name in names if event.get(name)}
        if string(event.get("status")) in _ENDED:
            self._ended.add(call_id)
            self._write(call_id, held)
            fields = held.fields
            failed = fields.get("status") == "failed" or fields.get("is_error") is True
            self._writer.result(call_id, _text(fields), "error" if failed else "ok", place)
            del self._held[call_id]

    def settle(self) -> None:
        """Write the calls that did not end."""
        for call_id, held in self._held.items():
            self._write(call_id, held)

    def _write(self, call_id: str, held: _Told) -> None:
        if self._writer.knows(call_id):
            return
        fields = held.fields
        title = string(fields.get("title")) or "unknown"
        kind = string(fields.get("tool_kind")) or ""
        call = tool_call(_KINDS.get(kind, title), fields.get("raw_input"))
        edits = _edits(fields.get("content"))
        if call.kind == "shell" and not call.command:
            call = msgspec.structs.replace(
                call, command=title
            )  # which is the command, where it is said there
        if edits:
            call = Call(
                tool=call.tool,
                kind=call.kind,
                path=call.path or edits[0].path,
                args=call.args,
                edits=edits,
            )
        self._writer.call(call_id, call, held.place)


def _edits(content: object) -> tuple[FileEdit, ...]:
    found = []
    for block in map(mapping, sequence(content)[:_EDITS_KEPT]):
        path = string(block.get("path"))
        if block.get("type") == "diff" and path:
            old = string(block.get("old_text")) or string(block.get("oldText")) or ""
            found.append(
                FileEdit(path, old, string(block.get("new_text")) or string(block.get("newText")) or "")
            )
    return tuple(found)


def _text(fields: dict[str, Any]) -> str:
    blocks = map(mapping, sequence(fields.get("content")))
    texts = [string(mapping(block.get("content")).get("text")) for block in blocks]
    said = "\n".join(text for text in texts if text)
    output = fields.get("raw_output")
    return said or (output if isinstance(output, str) else compact_json(output) if output else "")
