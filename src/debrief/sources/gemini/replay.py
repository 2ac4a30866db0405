"""The records of a Gemini CLI session in; out, its messages as they finally stood, in their first order.

A session file is a log: a message is written again whenever its calls, results or tokens change, patches
replace metadata or the model's whole context, and a rewind takes back a message and all that follow. What
was taken back, or fell out of the context, did happen: it stays, and is marked.
"""

from typing import Any

from msgspec import Struct

from debrief.sources.gemini.heads import is_message
from debrief.sources.gemini.parts import joined, parts_of, response_text
from debrief.sources.records import Record, mapping, sequence, string

_MASKED = "<tool_output_masked>"
"""Stands in the context for a result that was moved out of it to save room."""


class Slot(Struct):
    """A message, or a record that is none (`fault` or `unknown` then says what it is).

    `context`: it came only with a patch of the context. `earlier`: tokens that its former lines stated.
    """

    line: int
    record: dict[str, Any]
    context: bool = False
    rewound: bool = False
    earlier: list[dict[str, Any]] = []
    fault: str | None = None
    unknown: str | None = None


class Replay:
    """See the module. `slots` are in the order of their first writing, `header` is what metadata came to."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.header: dict[str, Any] = {}
        self.bad_rewinds: list[int] = []
        self.cut_off = False
        # The context in its order, and what fell out of it: both may be written again.
        self._live: dict[str, Slot] = {}
        self._former: dict[str, Slot] = {}

    def record(self, record: Record) -> None:
        """Apply one record of JSON Lines."""
        if record.fault is not None:
            self.cut_off = record.cut_off
            self.slots.append(Slot(record.line, {}, fault=record.fault, unknown=record.raw))
            return
        self.cut_off = False
        value = mapping(record.value)
        if "$rewindTo" in value:
            self._rewind(value["$rewindTo"], record.line)
        elif is_message(value) or ("id" in value and "type" in value):
            self._write(value, record.line)
        elif isinstance(value.get("$set"), dict):
            self._patch(value["$set"], record.line)
        elif "sessionId" in value or "projectHash" in value:
            self.document(value, record.line)
        else:
            what = next(iter(value), type(record.value).__name__)
            self.slots.append(Slot(record.line, value, unknown=f"record '{what[:100]}'"))

    def document(self, document: dict[str, Any], line: int = 0) -> None:
        """Apply a header, or a whole session in one document."""
        for message in sequence(document.get("messages")):
            if isinstance(message, dict):
                self._write(message, line)
            else:
                self.slots.append(Slot(line, {}, unknown="a message that is no object"))
        self._describe(document)

    def _describe(self, fields: dict[str, Any]) -> None:
        """Later metadata wins, except that a session keeps its name."""
        named = string(self.header.get("sessionId"))
        self.header |= {name: value for name, value in fields.items() if name != "messages"}
        if named is not None:
            self.header["sessionId"] = named

    def _write(self, message: dict[str, Any], line: int) -> None:
        message_id = string(message.get("id"))
        known = self._known(message_id)
        if known is None:
            known = Slot(line, message)
            self.slots.append(known)
        else:
            if isinstance(tokens := known.record.get("tokens"), dict):
                known.earlier.append(tokens)
            _rewrite(known, message)
            known.context = False
        if message_id is not None:
            self._live[message_id] = known
            self._former.pop(message_id, None)

    def _known(self, message_id: str | None) -> Slot | None:
        if message_id is None:
            return None
        return self._live.get(message_id) or self._former.get(message_id)

    def _rewind(self, target: object, line: int) -> None:
        if not isinstance(target, str) or target not in self._live:
            self.bad_rewinds.append(line)
            return
        names = list(self._live)
        for name in names[names.index(target) :]:
            self._live.pop(name).rewound = True

    def _patch(self, fields: dict[str, Any], line: int) -> None:
        self._describe(fields)
        if not isinstance(fields.get("messages"), list):
            return
        messages = [mapping(message) for message in fields["messages"]]
        listed = {string(message.get("id")) for message in messages}
        copied: dict[tuple[str, str], list[Slot]] = {}
        for name, slot in self._live.items():
            if name not in listed:
                copied.setdefault(_said(slot.record), []).append(slot)
        context: dict[str, Slot] = {}
        for message in messages:
            message_id = string(message.get("id"))
            if message_id is None:
                self.slots.append(Slot(line, message, unknown="a message without an id"))
                continue
            known = self._known(message_id)
            same = copied.get(_said(message))
            if known is not None:
                _rewrite(known, message)
            elif same and _said(message)[1].strip():
                # The context is sometimes written again under new names.
                known = same.pop(0)
            else:
                known = Slot(line, message, context=True)
                self.slots.append(known)
            context[message_id] = known
        self._former |= self._live
        self._live = context


def _said(message: dict[str, Any]) -> tuple[str, str]:
    """Who said what: the same again is a copy."""
    return str(message.get("type")), joined(parts_of(message.get("content")))


def _rewrite(slot: Slot, message: dict[str, Any]) -> None:
    """Let `message` take the place of what `slot` holds; results that were masked since are kept."""
    old = slot.record
    merged = old | {name: value for name, value in message.items() if value is not None}
    results = {string(call.get("id")): call for call in map(mapping, sequence(old.get("toolCalls")))}
    calls = [_kept(mapping(call), results) for call in sequence(merged.get("toolCalls"))]
    if calls:
        merged["toolCalls"] = calls
    if not parts_of(message.get("content")) and parts_of(old.get("content")):
        merged["content"] = old["content"]
    slot.record = merged


def _kept(call: dict[str, Any], results: dict[str | None, dict[str, Any]]) -> dict[str, Any]:
    old = results.get(string(call.get("id")), {})
    if old.get("result") and (not call.get("result") or _MASKED in result_text(call)):
        return call | {"result": old["result"]}
    return call


def result_text(call: dict[str, Any]) -> str:
    """The text of an embedded call's result."""
    result = call.get("result")
    if isinstance(result, str):
        return result
    return "\n".join(text for text, _ in responses(parts_of(result)) if text)


def responses(parts: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Text and error mark of every function response in `parts`; plain texts beside them count too."""
    found = []
    for part in parts:
        if "functionResponse" in part:
            found.append(response_text(mapping(part["functionResponse"]).get("response")))
        elif text := joined([part]):
            found.append((text, False))
    return found
