"""What the command line prints of an import: text for people, JSON for programs."""

from typing import Any

from rich.console import Console

from debrief.pipeline.outcome import Summary


def show_import(console: Console, summary: Summary) -> None:
    """Print what became of an import, for a person."""
    counts = summary.counts()
    told = ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "nothing to import"
    ways = ", ".join(f"{number} {name}" for name, number in summary.ways().items())
    console.print(f"Transcripts: {told}" + (f" ({ways})." if ways else "."))
    for name, number in summary.formats().items():
        console.print(f"  {name}: {number}")
    for one in summary.outcomes:
        if one.is_known:
            continue
        if one.outcome == "skipped":
            console.print(f"  skipped {one.path}: {one.detail}", markup=False)
        elif "opaque" in one.detail or "fault" in one.detail:
            console.print(f"  {one.outcome} {one.path}: {one.detail}", markup=False)


def show_changes(console: Console, summary: Summary) -> None:
    """Print what one look of a watch has brought, a line each; nothing where it brought nothing."""
    for one in summary.outcomes:
        if not one.is_known and one.outcome in {"new", "updated"}:
            way = f" ({one.how})" if one.how else ""
            console.print(f"{one.outcome}{way} {' '.join(one.sessions)}: {one.detail}", markup=False)


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
