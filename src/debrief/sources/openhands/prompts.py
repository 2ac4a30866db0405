"""What stands around a person's words in OpenHands' first message: a text in, its parts out.

Benchmarks wrap a task: they name the folder of the uploaded files first, and put the issue into a frame.
"""

import re

from msgspec import Struct

_UPLOADED = re.compile(r"\s*<uploaded_files>\s*(.{0,4096}?)\s*</uploaded_files>\s*", re.DOTALL)
_ISSUE = re.compile(
    r"<(issue_description|pr_description|task_description)>\s*(.+?)\s*(?:</\1>|\Z)", re.DOTALL
)
_ASKED_AGAIN = (
    "Please continue working on the task on whatever approach you think is suitable.",
    "Please continue working on the task.",
)


class Instructions(Struct, frozen=True):
    """The words themselves, what was wrapped around them, its folder, the issue's first line."""

    text: str
    wrapping: str = ""
    folder: str | None = None
    title: str | None = None


def instructions(text: str) -> Instructions:
    """Take the wrapping off the first message of a task."""
    uploaded = _UPLOADED.match(text)
    issue = _ISSUE.search(text)
    title = None
    if issue is not None:
        title = next((line.strip("# ") for line in issue.group(2).splitlines() if line.strip("# ")), None)
    if uploaded is None:
        return Instructions(text, title=title)
    folder = uploaded.group(1).strip()
    rest = text[uploaded.end() :]
    if not rest.strip():
        return Instructions(text, title=title)
    return Instructions(
        rest,
        uploaded.group(0).strip(),
        folder if folder.startswith("/") and "\n" not in folder else None,
        title,
    )


def asked_again(text: str) -> bool:
    """Whether a benchmark says this for a person who is not there."""
    return text.strip().startswith(_ASKED_AGAIN)
