"""Codex rollouts: the JSON Lines that Codex keeps of each session, in; one Session out.

Two shapes: records in an envelope (`{timestamp, type, payload}`), and the model's bare items of the versions
before it, after a first line that names the session. Both are recognised by what stands in them.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.codex.events import opens_turn, read_event
from debrief.sources.codex.items import is_item_type, read_item
from debrief.sources.codex.rollout import Rollout, place_of
from debrief.sources.records import Record, mapping, records, sequence, string
from debrief.sources.runs import note_fault
from debrief.sources.source import Clean, Companions, Transcript

_ENVELOPES = frozenset({"session_meta", "turn_context", "response_item", "event_msg", "compacted"})
_PASSED_OVER = frozenset({"world_state", "inter_agent_communication_metadata", "inter_agent_communication"})
_ITEMS = frozenset({"response_item", "history_mutation"})
_LINES_TRIED = 20

# A first line that is longer than what there is to look at: the session's record with the vendor's prompt.
_LONG_META = re.compile(
    rb'\s*\{(?:"timestamp"\s*:\s*"[^"]{0,64}"\s*,\s*)?(?:"ordinal"\s*:\s*\d+\s*,\s*)?'
    rb'(?:"type"\s*:\s*"session_meta"|"payload"\s*:\s*\{(?=.*"(?:base_instructions|cli_version|originator)"))',
    re.DOTALL,
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Codex(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "codex"
    title: str = "Codex"
    version: int = 5
    roots: tuple[str, ...] = (
        "~/.codex/sessions",
        "$CODEX_HOME/sessions",
        "~/.codex/archived_sessions",
        "$CODEX_HOME/archived_sessions",
    )
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether the first record that can be read is one of a rollout."""
        lines = head.lstrip(b"\xef\xbb\xbf \t\r\n\x00").split(b"\n")
        if len(lines) == 1 and _LONG_META.match(lines[0]):
            return True
        for position, line in enumerate(lines[:_LINES_TRIED]):
            try:
                value = msgspec.json.decode(line.strip(b" \t\r\x00"))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if not isinstance(value, dict):
                return False
            return _is_enveloped(value) or (_is_flat_start(value) and _flat_goes_on(lines[position + 1 :]))
        return False

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of a rollout."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        rollout = Rollout(builder)
        first: object = None
        cut_off = read = False
        with transcript.main.open() as stream:
            for record in records(stream):
                cut_off = record.cut_off
                if note_fault(builder, record):
                    continue
                first = first if read else record.value
                read = True
                _read(rollout, record)
        if not read:
            raise NotATranscript("no record of this file can be read")
        yield rollout.finish(cut_off=cut_off, first=first)


def _read(rollout: Rollout, record: Record) -> None:
    value = mapping(record.value)
    kind, payload = string(value.get("type")), mapping(value.get("payload"))
    inner = payload.get("type")
    content = kind in _ITEMS or (kind == "event_msg" and not opens_turn(inner))
    rollout.at(place_of(value, record.line), content=content)
    reader = _READERS.get(kind or "")
    if reader is not None:
        known = reader(rollout, payload)
    elif "payload" not in value and is_item_type(kind):
        known = read_item(rollout, value)
    elif kind is None and _is_flat_start(value):
        rollout.meta(value)
        known = True
    else:
        known = kind in _PASSED_OVER or "record_type" in value
    if not known:
        name = f"{kind}/{inner}" if isinstance(inner, str) else str(kind)
        rollout.builder.opaque(f"record of type '{name}'", line=record.line, ts_us=rollout.place.ts_us)


def _read_meta(rollout: Rollout, payload: dict[str, Any]) -> bool:
    rollout.meta(payload)
    return True


def _read_context(rollout: Rollout, payload: dict[str, Any]) -> bool:
    rollout.context(payload)
    return True


def _read_compaction(rollout: Rollout, payload: dict[str, Any]) -> bool:
    rollout.compacted(string(payload.get("message")) or "", "record")
    return True


def _read_mutation(rollout: Rollout, payload: dict[str, Any]) -> bool:
    """TraeX, which is built on Codex, writes several items at once; it may do more to a history than that."""
    if payload.get("operation") != "append":
        return False
    for item in sequence(payload.get("items")):
        fields = mapping(item)
        if not read_item(rollout, fields) and fields.get("type") != "trae_extra_info":
            name = f"item of type '{string(fields.get('type'))}'"
            rollout.builder.opaque(name, line=rollout.place.line, ts_us=rollout.place.ts_us)
    return True


def _read_spent(rollout: Rollout, payload: dict[str, Any]) -> bool:
    rollout.spent(string(payload.get("response_id")), mapping(payload.get("usage")))
    return True


_READERS: dict[str, Callable[[Rollout, dict[str, Any]], bool]] = {
    "response_item": read_item,
    "event_msg": read_event,
    "session_meta": _read_meta,
    "turn_context": _read_context,
    "compacted": _read_compaction,
    "history_mutation": _read_mutation,
    "token_usage_record": _read_spent,
}
"""Each reads a record's payload, and says whether it knows it."""


def _is_enveloped(value: dict[str, Any]) -> bool:
    return string(value.get("type")) in _ENVELOPES and isinstance(value.get("payload"), dict)


def _is_flat_start(value: dict[str, Any]) -> bool:
    """`{id, timestamp, instructions?, git?}`, and nothing that says what kind of record it is."""
    identifier, written = value.get("id"), value.get("timestamp")
    if not isinstance(identifier, str) or not isinstance(written, str) or "type" in value or "role" in value:
        return False
    return _UUID.fullmatch(identifier) is not None and value.keys() <= {
        "id",
        "timestamp",
        "instructions",
        "git",
    }


def _flat_goes_on(lines: list[bytes]) -> bool:
    """Whether the next record, where there is one to see, is a bare item."""
    for line in lines:
        try:
            value = mapping(msgspec.json.decode(line.strip(b" \t\r\x00")))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        return is_item_type(value.get("type")) or "record_type" in value
    return True


CODEX = Codex()
