"""What the command line prints of an import: text for people, JSON for programs."""

from collections.abc import Iterator
from typing import Any

from debrief.pipeline.outcome import Summary


def import_text(summary: Summary) -> Iterator[str]:
    """What became of an import, line by line."""
    counts = summary.counts()
    told = ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "nothing to import"
    ways = ", ".join(f"{number} {name}" for name, number in summary.ways().items())
    yield f"Transcripts: {told}" + (f" ({ways})." if ways else ".")
    for name, number in summary.formats().items():
        yield f"  {name}: {number}"
    for one in summary.outcomes:
        if one.is_known:
            continue
        if one.outcome == "skipped":
            yield f"  skipped {one.path}: {one.detail}"
        elif "opaque" in one.detail or "fault" in one.detail:
            yield f"  {one.outcome} {one.path}: {one.detail}"
    told_before = sum(one.is_known and one.outcome == "skipped" for one in summary.outcomes)
    if told_before:
        yield f"  skipped as before: {told_before}; with --json the reasons are told again"


def changes_text(summary: Summary) -> Iterator[str]:
    """What one look of a watch has brought, line by line; nothing where it brought nothing."""
    for one in summary.outcomes:
        if not one.is_known and one.outcome in {"new", "updated"}:
            way = f" ({one.how})" if one.how else ""
            yield f"{one.outcome}{way} {' '.join(one.sessions)}: {one.detail}"


def import_json(summary: Summary) -> dict[str, Any]:
    """The document that `debrief import --json` prints."""
    return {
        "outcomes": summary.counts(),
        "ways": summary.ways(),
        "formats": summary.formats(),
        "files": [
            {
                "path": one.path,
                "outcome": one.outcome,
                "how": one.how,
                "format": one.format,
                "detail": one.detail,
                "sessions": list(one.sessions),
            }
            for one in summary.outcomes
        ],
    }
