"""Dollars in, millionths of a dollar out."""

from debrief.sources.records import count


def micros(dollars: object) -> int | None:
    """Millionths of a dollar; None for what is no amount."""
    if not isinstance(dollars, int | float) or isinstance(dollars, bool):
        return None
    return None if count(dollars * 1_000_000.0) is None else round(dollars * 1_000_000)
