"""Codex writes the same thing two or three times: as the model's item, and as events for the screen.

Any of them may come first, and any may be missing, so each is matched with earlier ones from other channels.
"""

KEY = 400
"""Characters that decide whether two texts are the same: citations at the end appear in one of them only."""


def twin_key(text: str) -> str:
    """What two records of the same text have in common."""
    return text.strip()[:KEY]


class Twins:
    """Tells whether a text was already taken from another channel."""

    def __init__(self) -> None:
        self._told: dict[str, list[set[str]]] = {}

    def repeats(self, channel: str, text: str) -> bool:
        """Whether `text` from `channel` repeats one that came by other channels only."""
        groups = self._told.setdefault(twin_key(text), [])
        for channels in groups:
            if channel not in channels:
                channels.add(channel)
                return True
        groups.append({channel})
        return False

    def forget(self) -> None:
        """Match nothing that came so far: twins stand close together."""
        self._told.clear()
