"""Prompts that a person typed while the agent was at work; in, the queue's records; out, each prompt once.

A queued prompt later comes as a user row, as an attachment, or, in versions that feed it into the running
turn, never again: its being taken out of the queue is then all that shows that it reached the agent.
"""

from typing import Any

import msgspec

from debrief.sources.calls import Place
from debrief.sources.claude.conversation import Conversation
from debrief.sources.claude.messages import flat_text
from debrief.sources.claude.prompts import pieces
from debrief.sources.records import string

QUEUE_KEPT = 1000
"""Queued prompts that are remembered at once."""

ECHO_US = 300_000_000
"""A row that repeats a prompt this long after it left the queue was typed anew."""


class _Queued(msgspec.Struct):
    text: str
    place: Place
    waiting: bool = True
    shown: bool = False
    settled: bool = False
    left_us: int | None = None


class PromptQueue:
    """Told of queue records, attachments and user rows, in file order."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._queued: list[_Queued] = []

    def operation(self, record: dict[str, Any], place: Place) -> None:
        """A `queue-operation`: what is taken out without becoming a row was given to the running turn."""
        name = record.get("operation")
        content = record.get("content")
        text = (content if isinstance(content, str) else flat_text(content)).strip()
        if name == "enqueue":
            if text:
                self._queued.append(_Queued(text, place))
                del self._queued[:-QUEUE_KEPT]
        elif name in ("dequeue", "remove"):
            self._taken(text, place, into_turn=name == "remove")
        else:
            # The rest ("popAll") puts prompts back into the editor: they come again when they are sent.
            self._queued = [queued for queued in self._queued if not queued.waiting]

    def _taken(self, text: str, place: Place, *, into_turn: bool) -> None:
        waiting = [queued for queued in self._queued if queued.waiting]
        first = waiting[0] if waiting else None
        taken = next((queued for queued in waiting if queued.text == text), first)
        if taken is None and text and into_turn:
            # Its coming is not on record; its going says what it was.
            taken = _Queued(text, place)
            self._queued.append(taken)
        if taken is None:
            return
        taken.waiting = False
        taken.left_us = place.ts_us
        if taken.settled:
            self._queued.remove(taken)
        elif into_turn:
            self._show(taken, place)

    def row(self, text: str, place: Place) -> None:
        """A user row was typed: shown unless its prompt was shown when it left the queue."""
        if not self._already_shown(text, place):
            self._conversation.prompt(text, place)

    def attachment(self, fields: dict[str, Any], place: Place, *, injected: bool) -> None:
        """A `queued_command`: the form in which newer versions record what entered the running turn."""
        prompt = fields.get("prompt")
        text = prompt if isinstance(prompt, str) else flat_text(prompt)
        if string(fields.get("commandMode")) not in (None, "prompt"):
            injected = True
        if not self._already_shown(text, place):
            self._put(text, place, injected=injected)

    def left_over(self) -> None:
        """The file ends: what still waits was typed all the same."""
        for queued in self._queued:
            if queued.waiting and not queued.settled:
                self._show(queued, queued.place)

    def _already_shown(self, text: str, place: Place) -> bool:
        """Whether this is the echo of a prompt that left the queue; its place in the queue is settled."""
        text = text.strip()
        found = next((queued for queued in self._queued if queued.text == text and not queued.settled), None)
        if found is None:
            return False
        if found.waiting:
            found.settled = True
            return False
        self._queued.remove(found)
        late = found.left_us is not None and place.ts_us is not None and place.ts_us - found.left_us > ECHO_US
        return found.shown and not late

    def _show(self, queued: _Queued, place: Place) -> None:
        queued.shown = True
        self._put(queued.text, Place(place.line, queued.place.ts_us or place.ts_us), injected=False)

    def _put(self, text: str, place: Place, *, injected: bool) -> None:
        for piece in pieces(text):
            if piece.kind == "prompt" and not injected:
                self._conversation.prompt(piece.text, place)
            else:
                self._conversation.note(piece.text, place)
