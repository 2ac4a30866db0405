"""ATIF, the interchange format of agents' trajectories, 1.0 to 1.8, read leniently; one Session for each.

One document holds the whole run as steps, each a turn of the model with its calls and their results. About
thirty agents are converted to it, with losses of their own.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.atif.reading import PRODUCTS, Reading
from debrief.sources.builder import SessionBuilder
from debrief.sources.documents import head_value
from debrief.sources.records import mapping, sequence, string
from debrief.sources.source import Clean, Companions, Transcript
from debrief.sources.trajectories.values import trajectories


class Atif(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "atif"
    title: str = "ATIF trajectory"
    version: int = 2
    roots: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".json", ".jsonl")
    companions: tuple[Companions, ...] = (
        Companions(of="*trajectory.json", pattern="{stem}.summarization-*.json"),
        # The parts of a run that went on share the names of the first.
        Companions(of="trajectory.cont-*.json", pattern="trajectory.summarization-*.json"),
    )

    def recognises(self, head: bytes) -> bool:
        """Whether the document names the schema, or its first step has the schema's parts."""
        value = head_value(head)
        return is_trajectory(value[0] if isinstance(value, list) and value else value)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session of each trajectory."""
        found_any = False
        for found in trajectories(transcript.main):
            if not sequence(found.value.get("steps")):
                continue
            found_any = True
            name = string(mapping(found.value.get("agent")).get("name")) or "unknown agent"
            builder = SessionBuilder(
                format_name=self.name,
                parser_version=self.version,
                agent_name=PRODUCTS.get(name, name),
                clean=clean,
            )
            yield Reading(builder, transcript.companions).session(found)
        if not found_any:
            raise NotATranscript("a trajectory without steps")


def is_trajectory(value: object) -> bool:
    """Whether `value`, perhaps cut, is a trajectory of this format."""
    found: dict[str, Any] = mapping(value)
    schema = found.get("schema_version")
    if schema is not None:
        return isinstance(schema, str) and schema.upper().startswith("ATIF")
    steps = sequence(found.get("steps"))
    first = mapping(steps[0]) if steps else {}
    return "step_id" in first and "message" in first and first.get("source") in ("system", "user", "agent")


ATIF = Atif()
