"""A benchmark's prompt in, the task alone out: around it stand instructions that are the same each time."""

import re

_TASKS = (
    re.compile(
        r"<pr_description>\s*(?:Consider the following PR description:\s*)?(?P<task>.+?)\s*</pr_description>",
        re.DOTALL,
    ),
    re.compile(r"\nISSUE:\n(?P<task>.+?)\n\s*\n?INSTRUCTIONS:\n", re.DOTALL),
    re.compile(r"\nTask Description:\n(?P<task>.+?)\n+Current terminal state:\n", re.DOTALL),
    re.compile(
        r"\A\s*Please solve this issue:\s*(?P<task>.+?)\n\s*\nYou can execute bash commands", re.DOTALL
    ),
)


def task_of(prompt: str) -> str | None:
    """The task in `prompt` where it is marked as such; None where all of it may be the task."""
    for pattern in _TASKS:
        found = pattern.search(prompt)
        if found:
            return found.group("task").strip() or None
    return None
