"""A benchmark's prompt in, the task alone out: around it stand instructions that are the same each time."""

_AROUND = (
    ("<pr_description>", "</pr_description>"),
    ("\nISSUE:\n", "\nINSTRUCTIONS:\n"),
    ("\nTask Description:\n", "\nCurrent terminal state:\n"),
    ("Please solve this issue:", "\nYou can execute bash commands"),
)
_LEAD = "Consider the following PR description:"


def task_of(prompt: str) -> str | None:
    """The task in `prompt` where it is marked as such; None where all of it may be the task."""
    for before, after in _AROUND:
        start = prompt.find(before)
        end = prompt.find(after, start + len(before)) if start >= 0 else -1
        if end >= 0:
            return prompt[start + len(before) : end].strip().removeprefix(_LEAD).strip() or None
    return None
