"""Troubles that became issues in, action items out: what to change so that the next session goes better.

The words are the detectors'; what the session itself already fixed for good is left out, and the same advice
is given once however many issues ask for it.
"""

from collections.abc import Iterable

from debrief.analysis.detector import Scene
from debrief.analysis.episodes import Trouble
from debrief.model import ActionItem

PER_ISSUE = 2
"""More advice than this on one issue is not read."""


def action_items(issued: Iterable[tuple[str, Trouble]], scene: Scene) -> tuple[ActionItem, ...]:
    """The action items of the issues, each given as its id and its trouble, in the issues' order."""
    items: dict[tuple[str, str], ActionItem] = {}
    for issue_id, trouble in issued:
        if _settled(trouble, scene):
            continue
        for advice in trouble.finding.advice[:PER_ISSUE]:
            items.setdefault(
                (advice.type, advice.text),
                ActionItem(
                    type=advice.type,
                    action_item=advice.text,
                    issue_id=issue_id,
                    evidence=trouble.evidence[:1],
                ),
            )
    return tuple(items.values())


def _settled(trouble: Trouble, scene: Scene) -> bool:
    """Whether every episode ended with a repair that lasts beyond the session."""
    return bool(trouble.episodes) and all(
        episode.resolution is not None
        and trouble.detector.fixed_for_good(episode.hits, episode.resolution, scene)
        for episode in trouble.episodes
    )
