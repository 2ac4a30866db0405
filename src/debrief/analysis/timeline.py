"""A View goes in, its timeline comes out: a handful to a dozen phases that read like a report.

Each entry covers a range of events; the ranges run in order and do not overlap. Every name and quote in it is
the transcript's own.
"""

from debrief.analysis.phase_words import description_of, title_of
from debrief.analysis.phases import phases
from debrief.analysis.view import View
from debrief.model import TimelineEntry


def build_timeline(view: View) -> tuple[TimelineEntry, ...]:
    """The timeline of `view`, empty for a session without events."""
    found = phases(view)
    return tuple(
        TimelineEntry(
            title=title_of(phase, view),
            description=description_of(phase, view, last=phase is found[-1]),
            first=view.events[phase.start].ordinal,
            last=view.events[phase.end - 1].ordinal,
        )
        for phase in found
    )
