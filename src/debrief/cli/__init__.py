"""The commands: what a person types, and the words that come back. All work is done by the stations."""

from debrief.cli import importing, keys, looking, serving  # noqa: F401 (each adds its commands to the app)
from debrief.cli.app import main

__all__ = ["main"]
