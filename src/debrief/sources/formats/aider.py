"""Aider's chat history (`.aider.chat.history.md`) in; a Session for each run of aider that it holds out.

One markdown file for each repository, to which every run appends. It is written for people: rounded numbers,
no ids, no times but each run's start, and that without its zone.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.aider.blocks import blocks, is_marked
from debrief.sources.aider.run import Run, native_id
from debrief.sources.builder import SessionBuilder
from debrief.sources.records import LINE_LIMIT, timestamp_us
from debrief.sources.source import Clean, Companions, Document, Transcript

_START = re.compile(r"# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s*$")
_LINES_TRIED = 20


class Aider(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "aider"
    title: str = "Aider"
    version: int = 2
    # It lies in repositories, wherever these are: those are not searched.
    roots: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".aider.chat.history.md",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether the first line that is not blank begins a run."""
        for line in head.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:_LINES_TRIED]:
            if line.strip(b" \t\r\x00"):
                return _START.match(_decoded(line)) is not None
        return False

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield a session for each run in which anybody said anything."""
        found = _runs(transcript.main)
        seen: dict[str, int] = {}
        yielded = False
        for number, part in enumerate(found):
            run = Run(
                SessionBuilder(
                    format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
                )
            )
            taken_apart = list(blocks(part.lines, marked=part.marked))
            prompt = next(("\n".join(one.lines) for one in taken_apart if one.speaker == "user"), None)
            own = native_id(found[0].stamp, part.stamp, prompt)
            seen[own] = seen.get(own, 0) + 1
            run.builder.native_id = own if seen[own] == 1 else f"{own}-{seen[own]}"
            run.begins(part.stamp, part.line, timestamp_us(part.stamp))
            for fault in part.faults:
                run.builder.fault(fault)
            for block in taken_apart:
                run.read(block)
            if run.first_prompt is None and not run.spoke:
                continue
            yielded = True
            yield run.finish(last=number == len(found) - 1)
        if not yielded:
            raise NotATranscript("an aider history in which nobody has asked anything yet")


class _Part(NamedTuple):
    """One run's lines, with their numbers."""

    stamp: str
    line: int
    lines: list[tuple[int, str]]
    faults: list[str]
    marked: bool


def _runs(document: Document) -> list[_Part]:
    part: _Part | None = None
    marked = False
    blank = True
    parts: list[_Part] = []
    for number, line, fault in _lines(document):
        # A run's first line stands after a blank one: the model's text may quote one.
        start = _START.match(line) if blank else None
        blank = not line.strip()
        if start:
            part = _Part(start.group(1), number, [], [], marked=False)
            parts.append(part)
        elif part is not None:
            part.lines.append((number, line))
            marked = marked or is_marked(line)
        if fault and part is not None:
            part.faults.append(fault)
    return [one._replace(marked=marked) for one in parts]


def _lines(document: Document) -> Iterator[tuple[int, str, str | None]]:
    with document.open() as stream:
        number = 0
        while raw := stream.readline(LINE_LIMIT):
            number += 1
            content = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            text = _decoded(content)
            fault = None
            if "\ufffd" in text and b"\xef\xbf\xbd" not in content:
                fault = f"line {number}: not UTF-8"
            yield number, text, fault


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace").replace("\x00", "").rstrip("\r\n")


AIDER = Aider()
