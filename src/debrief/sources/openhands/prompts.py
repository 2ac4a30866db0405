"""What stands around a person's words in OpenHands' first message: a text in, its parts out.

Benchmarks wrap a task: they name the folder of the uploaded files first, and put the issue into a frame.
"""

import re

from msgspec import Struct

_UPLOADED = re.compile(r"\s*<uploaded_files>\s*(.{0,4096}?)\s*</uploaded_files>\s*", re.DOTALL)
_ISSUES = ("issue_description", "pr_description", "task_description")
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
    title = next((line for name in _ISSUES if (line := _first_line(text, name))), None)
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


def _first_line(text: str, tag: str) -> str | None:
    _, opening, inner = text.partition(f"<{tag}>")
    if not opening:
        return None
    lines = inner.partition(f"</{tag}>")[0][:4096].splitlines()
    return next((line.strip("# ") for line in lines if line.strip("# ")), None)


def asked_again(text: str) -> bool:
    """Whether a benchmark says this for a person who is not there."""
    return text.strip().startswith(_ASKED_AGAIN)
