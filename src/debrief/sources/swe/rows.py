"""Rows of data sets that hold SWE-agent's runs, re-shaped to chat messages; one Session out.

The steps are gone: an assistant's message is its thought with the action in it (tags, a tool call or a fenced
block), the message after it what came of that.
"""

import re
from typing import Any

from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.documents import Whole, read_value
from debrief.sources.records import compact_json, mapping, sequence, string
from debrief.sources.swe.ending import judged
from debrief.sources.tool_names import tool_call
from debrief.sources.trajectories.actions import SUBMITS, fenced, function, interface
from debrief.sources.trajectories.chat import Chat
from debrief.sources.trajectories.outcomes import Ended, ended
from debrief.sources.trajectories.text import text_of

_OBSERVED = re.compile(r"\A\s*(?:OBSERVATION|Observation):\s?\n?")
_FOLDER = re.compile(r"\(Current directory: (?P<folder>[^)\n]{1,500})\)")
_OPEN = re.compile(r"\[File: (?P<file>[^\n]{1,500}?) \(\d+ lines total\)\]")


def messages_of(value: dict[str, Any]) -> list[Any]:
    """The messages of a row: an array, or one written as JSON text."""
    messages = value.get("messages")
    if isinstance(messages, str):
        messages = read_value(messages.encode("utf-8", "replace")).value
    return sequence(messages)


class Row:
    """One row while it is read."""

    def __init__(self, builder: SessionBuilder, found: Whole, messages: list[Any]) -> None:
        self._builder = builder
        self._chat = Chat(builder)
        self._found = found
        self._messages = messages
        self._is_prompted = False
        self._has_submitted = False
        self._open_file: str | None = None

    def session(self) -> Session:
        """Read the row."""
        builder, value = self._builder, self._found.value
        for position, message in enumerate(self._messages, start=1):
            self._message(mapping(message), position)
        status = string(value.get("exit_status")) or ("submitted" if self._has_submitted else None)
        builder.end_state, builder.end_reason = judged(
            status, cut_off=self._found.cut_off, has_steps=bool(self._messages)
        )
        return builder.build()

    def _message(self, message: dict[str, Any], position: int) -> None:
        role = string(message.get("role"))
        text = text_of(message.get("content")) or text_of(message.get("text"))
        if role in ("system", "developer"):
            self._chat.injected(text or text_of(message.get("system_prompt")))
        elif role in ("assistant", "ai"):
            self._turn(text, sequence(message.get("tool_calls")))
        elif role == "tool":
            self._result(text, message)
        elif role == "user" and not self._is_prompted and message.get("is_demo") is not True:
            self._is_prompted = True
            self._chat.prompt(text)
        elif role == "user":
            self._result(text, message)
        else:
            what = f"message {position} of role '{str(role)[:100]}'"
            self._builder.opaque(what, line=0, text=compact_json(message))

    def _turn(self, text: str, calls: list[Any]) -> None:
        tags, block = function(text), fenced(text)
        if calls:
            self._chat.said(text)
            for one in map(mapping, calls):
                given = mapping(one.get("function"))
                arguments = given.get("arguments")
                if isinstance(arguments, str):
                    arguments = read_value(arguments.encode("utf-8", "replace")).value or arguments
                name = string(given.get("name")) or "unknown"
                self._has_submitted = self._has_submitted or name in SUBMITS
                self._chat.call(tool_call(name, arguments), string(one.get("id")))
        elif tags is not None:
            self._chat.said(tags[0])
            self._has_submitted = self._has_submitted or tags[1].tool in SUBMITS
            self._chat.call(tags[1])
        elif block is not None:
            self._chat.said(block[0])
            call = interface(block[1], self._open_file)
            self._has_submitted = self._has_submitted or call.tool in SUBMITS
            self._chat.call(call)
        else:
            self._chat.said(text)

    def _result(self, text: str, message: dict[str, Any]) -> None:
        if not self._chat.has_open:
            self._chat.injected(text, by_user=True)
            return
        text = _OBSERVED.sub("", text, count=1)
        given = message.get("tool_call_id") or next(iter(sequence(message.get("tool_call_ids"))), None)
        call_id = string(given)
        _, call = self._chat.waiting(call_id)
        end = ended(text, {}, is_shell=call is not None and call.kind == "shell")
        if text.lstrip().startswith("Your proposed edit has introduced new syntax error(s)"):
            end = Ended("error")
        self._chat.result(text, end, call_id)
        shown, folder = _OPEN.search(text[:2000]), _FOLDER.search(text[-1000:])
        self._open_file = shown.group("file") if shown else self._open_file
        if folder and self._builder.cwd is None:
            self._builder.cwd = folder.group("folder")
