"""Agents that delete their own transcripts: after how many days, and where a person says otherwise."""

from msgspec import Struct


class Retention(Struct, frozen=True):
    """`format` deletes a transcript `default_days` after it was last written.

    `key` in one of the JSON files `settings` (patterns as a format's roots) says otherwise.
    """

    format: str
    settings: tuple[str, ...]
    key: str
    default_days: int


RETENTIONS: tuple[Retention, ...] = (
    Retention(
        "claude_code",
        ("$CLAUDE_CONFIG_DIR/settings.json", "~/.claude/settings.json"),
        "cleanupPeriodDays",
        30,
    ),
)
