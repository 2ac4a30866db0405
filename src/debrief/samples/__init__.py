"""Six invented sessions in the agents' own formats and folders, for a newcomer who has none of their own.

Package data: whoever wants to show Debrief at work imports the folder like any other. Each session tells one
story: a missing variable, a merge on the wrong base, a fix with its pull request, a loop that nobody ended, a
person who says no, and a clean success. Names, people and secrets in them are made up.
"""

from pathlib import Path


def folder() -> Path:
    """The folder that holds the sample transcripts, laid out as the agents lay out theirs."""
    return Path(__file__).parent / "transcripts"
