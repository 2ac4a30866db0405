"""A session as a model is shown it: numbered events, in parts that fit a request, with no event left out.

A long text is cut in its middle, never at its end: what a program says last is what it has to say. Every
line of a transcript's text begins with a bar, so that no text can pass for an event of its own.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from debrief.model import Event

BYTES_PER_TOKEN = 3
"""On the safe side: English prose has more than four, code and logs above three, and no script below one
character a token."""

WIDTHS: tuple[int, ...] = (6_000, 2_500, 1_000, 400, 160)
"""Characters that the longest text may have; the widest that gives few enough parts is taken."""

FEW_PARTS = 8

EDITS_SHOWN = 20
"""Of one event; there are tools that make hundreds."""

_SPEECH = frozenset({"prompt", "message", "interrupt", "compaction", "api_error"})
"""Kinds whose text is worth twice the room."""


class Part(Struct, frozen=True):
    """Events `first` to `last`, both included, and how they are shown."""

    first: int
    last: int
    text: str


def tokens_of(text: str) -> int:
    """About how many tokens `text` has, rather more than less."""
    return len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN + 1


def parts_of(events: Sequence[Event], part_tokens: int) -> tuple[Part, ...]:
    """All of `events` in parts of at most about `part_tokens`; an event is in exactly one of them."""
    parts: tuple[Part, ...] = ()
    for width in WIDTHS:
        parts = tuple(_packed(events, width, part_tokens))
        if len(parts) <= FEW_PARTS:
            break
    return parts


def halves(part: Part, events: Sequence[Event]) -> tuple[Part, ...]:
    """`part` as two smaller ones, for a model that has less room than was thought; none of one event."""
    if part.first == part.last:
        return ()
    middle = (part.first + part.last) // 2
    width = WIDTHS[-2]
    return tuple(
        Part(first, last, "\n".join(shown(event, width) for event in events[first : last + 1]))
        for first, last in ((part.first, middle), (middle + 1, part.last))
    )


def shown(event: Event, width: int) -> str:
    """One event: a line that says what it is, then its text."""
    room = 2 * width if event.kind in _SPEECH else width
    head = [f"[{event.ordinal}] {event.kind}"]
    if event.agent:
        head.append("of a sub-agent")
    if event.injected:
        head.append("put in by the tool, not typed by a person")
    if event.tool:
        head.append(f"tool {_line(event.tool, 60)}")
    if event.outcome and event.outcome != "ok":
        head.append(f"outcome {event.outcome}")
    if event.exit_code is not None:
        head.append(f"exit code {event.exit_code}")
    lines = [", ".join(head)]
    for text in _texts(event, room):
        lines += [f"| {line}" for line in trimmed(text, room).splitlines()]
    return "\n".join(lines)


def said_by(event: Event) -> tuple[str, ...]:
    """Every text of an event that an excerpt may be taken from."""
    edits = tuple(text for edit in event.edits for text in (edit.path, edit.old, edit.new))
    several = (event.text, event.command or "", event.path or "", event.args, event.tool or "", *edits)
    return tuple(text for text in several if text)


def trimmed(text: str, room: int) -> str:
    """`text`, or its beginning and its end where it has more than `room` characters."""
    if len(text) <= room:
        return text
    head = room // 3
    tail = room - head
    return f"{text[:head]}\n[... {len(text) - room} characters left out ...]\n{text[-tail:]}"


def _texts(event: Event, room: int) -> Iterator[str]:
    if event.command:
        yield event.command
    elif event.path and not event.edits:
        yield event.path
    several = event.edits[:EDITS_SHOWN]
    each = room // (2 * len(several) or 1)
    for edit in several:
        yield f"{edit.path}\nbefore: {trimmed(edit.old, each)}\nafter: {trimmed(edit.new, each)}"
    if len(event.edits) > EDITS_SHOWN:
        yield f"and {len(event.edits) - EDITS_SHOWN} more edits"
    if event.args and not (event.command or event.edits):
        yield event.args
    if event.text:
        yield event.text


def _packed(events: Sequence[Event], width: int, part_tokens: int) -> Iterator[Part]:
    texts: list[str] = []
    size = 0
    first = 0
    for position, event in enumerate(events):
        text = shown(event, width)
        tokens = tokens_of(text)
        if texts and size + tokens > part_tokens:
            yield Part(first, position - 1, "\n".join(texts))
            texts, size, first = [], 0, position
        texts.append(text)
        size += tokens
    if texts:
        yield Part(first, len(events) - 1, "\n".join(texts))


def _line(text: str, longest: int) -> str:
    return " ".join(text.split())[:longest]
