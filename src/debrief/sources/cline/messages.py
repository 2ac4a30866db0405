"""Messages of a Cline session, one at a time and in their order, in; events and model calls out.

What a person typed stands in `<user_input>`; what stands around it was added. Tools that ran at the model's
service are noted in the metadata of the answer that they led to.
"""

import re
from typing import Any

from debrief.model import Tokens
from debrief.sources.blocks import text_of, unwrapped
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call
from debrief.sources.dialogue import Dialogue, Ended
from debrief.sources.money import usd_micros
from debrief.sources.records import compact_json, count, mapping, sequence, string
from debrief.sources.tool_names import tool_call

_TYPED = re.compile(r"<user_input\b[^>]{0,200}>(.*?)</user_input>", re.DOTALL)
_EXIT = re.compile(r"(?:exit code|exited with(?: code)?)[: ]+(-?\d{1,10})\b", re.IGNORECASE)
_SUMMARY = "compaction_summary"
_STOPPED = frozenset({"cancelled", "aborted", "interrupted"})


class Messages:
    """See the module. `is_child`: another agent wrote what stands in a person's place."""

    def __init__(self, builder: SessionBuilder, *, is_child: bool) -> None:
        self.builder = builder
        self.dialogue = Dialogue(builder)
        self._is_child = is_child
        self._model: str | None = None

    def read(self, message: dict[str, Any], number: int, ts_us: int | None) -> None:
        """Write what message `number` tells."""
        self.dialogue.at(number, ts_us)
        role, native_id = message.get("role"), string(message.get("id"))
        metadata = mapping(message.get("metadata"))
        if metadata.get("kind") == _SUMMARY or message.get("compactionSummary") is True:
            self.dialogue.compacted(text_of(message.get("content")), native_id=native_id)
            if role == "assistant":
                self._count(message, native_id, None)
        elif role == "assistant":
            self._assistant(message, metadata, native_id)
        elif role == "user":
            self._user(message, native_id)
        elif role == "error":
            self.dialogue.failed(text_of(message.get("content")))
        else:
            self._unknown("a message of no known role", message)

    def finish(self, status: str | None, *, cut_off: bool) -> None:
        """All messages are read; the file beside them says how the session stands."""
        if self.dialogue.state == "running" and status in _STOPPED:
            self.dialogue.interrupted()
        elif self.dialogue.state == "running" and status == "failed":
            self.dialogue.stands("error", "The session is marked as failed.")
        self.builder.end_state, self.builder.end_reason = self.dialogue.verdict(cut_off=cut_off)

    def _user(self, message: dict[str, Any], native_id: str | None) -> None:
        content = message.get("content")
        for block in [content] if isinstance(content, str) else sequence(content):
            fields = mapping(block)
            kind = "text" if isinstance(block, str) else fields.get("type")
            if kind == "text":
                self._text(block if isinstance(block, str) else string(fields.get("text")) or "", native_id)
            elif kind == "tool_result":
                self._result(fields)
            elif kind in ("file", "image", "media"):
                self.dialogue.injected(f"[attached: {string(fields.get('path')) or kind}]", by="user")
            else:
                self._unknown("a message's block of no known type", fields)

    def _text(self, text: str, native_id: str | None) -> None:
        typed = [piece.strip() for piece in _TYPED.findall(text)]
        injected, rest = unwrapped(_TYPED.sub("", text))
        for piece in (*injected, *([rest] if typed else [])):
            self.dialogue.injected(piece)
        words = "\n".join(piece for piece in (typed or [rest]) if piece)
        if not words:
            return
        if self._is_child:
            self.dialogue.injected(words, by="user")
            self.builder.initial_user_message = self.builder.initial_user_message or words
            self.dialogue.stands("running", "The task that the parent gave is not answered yet.")
        else:
            self.dialogue.prompt(words, native_id=native_id)

    def _assistant(self, message: dict[str, Any], metadata: dict[str, Any], native_id: str | None) -> None:
        first = self.builder.event_count
        for activity in map(mapping, sequence(metadata.get("modelToolActivities"))):
            self._activity(activity, native_id)
        content = message.get("content")
        asked: dict[str, Call] = {}
        for block in [content] if isinstance(content, str) else sequence(content):
            fields = mapping(block)
            kind = "text" if isinstance(block, str) else fields.get("type")
            if kind == "text":
                text = block if isinstance(block, str) else string(fields.get("text")) or ""
                self.dialogue.says(text, native_id=native_id)
            elif kind in ("thinking", "redacted_thinking"):
                self.dialogue.thinks(string(fields.get("thinking")) or "", native_id=native_id)
            elif kind == "tool_use":
                call = tool_call(fields.get("name"), _plain(fields.get("input")))
                call_id = string(fields.get("id"))
                self.dialogue.calls(call, call_id, native_id=native_id)
                asked[call_id or ""] = call
            elif kind in ("file", "image", "media"):
                self.dialogue.says(f"[{kind}]", native_id=native_id)
            else:
                self._unknown("an answer's block of no known type", fields)
        for link in map(mapping, sequence(message.get("childSessions"))):
            self._child(link, asked)
        self._count(message, native_id, first if self.builder.event_count > first else None)

    def _activity(self, activity: dict[str, Any], native_id: str | None) -> None:
        call_id = string(activity.get("toolCallId"))
        call = tool_call(activity.get("toolName"), activity.get("input"))
        self.dialogue.calls(call, call_id, native_id=native_id)
        if "output" in activity or "isError" in activity:
            failed = activity.get("isError") is True
            text = _told(activity.get("output"))
            self.dialogue.result(call_id, text, Ended("error" if failed else "ok"))

    def _child(self, link: dict[str, Any], asked: dict[str, Call]) -> None:
        child = string(link.get("sessionId"))
        if child is not None:
            call = asked.get(string(link.get("toolCallId")) or "")
            self.dialogue.subagent(child, call.args if call else "")

    def _result(self, block: dict[str, Any]) -> None:
        content = block.get("content")
        items = [mapping(item) for item in sequence(content)]
        text = _told(content)
        failed = block.get("is_error") is True or any(item.get("success") is False for item in items)
        call_id = string(block.get("tool_use_id"))
        call = self.dialogue.call_of(call_id)
        code = None
        if call is not None and call.kind == "shell" and (found := _EXIT.search(text[-400:])):
            code = int(found.group(1))
        ended = Ended("error" if failed or code else "ok", code)
        self.dialogue.result(call_id, text, ended, tool=string(block.get("name")))

    def _count(self, message: dict[str, Any], native_id: str | None, event: int | None) -> None:
        metrics = mapping(message.get("metrics"))
        model = string(mapping(message.get("modelInfo")).get("id"))
        if model and self._model and model != self._model:
            self.dialogue.model(model)
        self._model = model or self._model
        tokens = _tokens(metrics)
        if tokens is None:
            return
        if self.builder.replaying:
            self.builder.usage_row(tokens, repeated=False)
            return
        self.builder.model_call(
            # A fork keeps the ids of the messages that it copies.
            native_id or f"message-{self.dialogue.line}",
            model=model,
            tokens=tokens,
            ts_us=self.dialogue.ts_us,
            cost_usd_micros=usd_micros(metrics.get("cost")),
            event=event,
        )

    def _unknown(self, what: str, value: dict[str, Any]) -> None:
        self.builder.opaque(
            what, line=self.dialogue.line, ts_us=self.dialogue.ts_us, text=compact_json(value)
        )


def _tokens(metrics: dict[str, Any]) -> Tokens | None:
    """`inputTokens` holds what came from the cache and went into it, unless it is less than those are."""
    taken, said = count(metrics.get("inputTokens")), count(metrics.get("outputTokens"))
    read, write = count(metrics.get("cacheReadTokens")), count(metrics.get("cacheWriteTokens"))
    if not any((taken, said, read, write)):
        return None
    cached = (read or 0) + (write or 0)
    if taken is not None and cached <= taken:
        taken -= cached
    return Tokens(input=taken, cache_read=read, cache_write=write, output=said)


def _plain(given: object) -> object:
    """A call's input: its several commands as one script, the first of its files as its path."""
    fields = mapping(given)
    commands, files = fields.get("commands"), sequence(fields.get("files"))
    if files and "path" not in fields:
        return {**fields, "path": files[0] if isinstance(files[0], str) else mapping(files[0]).get("path")}
    if commands is None:
        return given
    several = [commands] if isinstance(commands, str | dict) else sequence(commands)
    return {**fields, "commands": "\n".join(_command(one) for one in several)}


def _command(value: object) -> str:
    fields = mapping(value)
    if isinstance(value, str):
        return value
    words = [fields.get("command"), *sequence(fields.get("args"))]
    return " ".join(word for word in words if isinstance(word, str))


def _told(content: object) -> str:
    """A result's text: that of its parts, each with what it answers where there are several."""
    items = sequence(content)
    several = [mapping(item) for item in items]
    if not any("result" in item or "error" in item for item in several):
        return text_of(content)
    parts = []
    for item in several:
        result, error = item.get("result"), string(item.get("error"))
        body = text_of(result) if result is not None else ""
        query = string(item.get("query")) if len(several) > 1 else None
        parts += [piece for piece in (query, body, error) if piece]
    return "\n".join(parts)
