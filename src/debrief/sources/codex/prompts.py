"""What a person typed, apart from what Codex and its editors put around it and beside it."""

import re

_WRAPPERS = (
    "# AGENTS.md instructions",
    "<INSTRUCTIONS>",
    "<user_instructions>",
    "<environment_context>",
    "<turn_aborted>",
    "<skill>",
    "<subagent_notification>",
    "<user_shell_command>",
    "<user_action>",
    "<permissions",
    "<collaboration_mode>",
    "<model_switch>",
    "<personality",
    "<hook_prompt",
    "<goal_context",
    "<codex_",
)

_TAGGED = re.compile(r"<([a-z]+(?:_[a-z]+)+)(?:\s[^>]*)?>.*</\1>\s*", re.DOTALL)
"""Any text that one tag with an underscore in its name holds altogether: people do not write so."""

_EDITOR = "# Context from my IDE setup:"
_REQUEST = re.compile(r"^## My request for Codex:[ \t]*\n?", re.MULTILINE)


def is_wrapper(text: str) -> bool:
    """Whether `text` is one of the wrappers that Codex is known to put in a user's place."""
    return text.lstrip().startswith(_WRAPPERS)


def is_injected(text: str) -> bool:
    """Whether `text`, which stands in a user's place, looks put there; for records that hold both."""
    start = text.lstrip()
    return is_wrapper(start) or (start.startswith("<") and _TAGGED.fullmatch(start) is not None)


def split_request(text: str) -> tuple[str, str]:
    """The editor's context (open tabs, selection; may be empty) and the request that a person typed."""
    if not text.lstrip().startswith(_EDITOR):
        return "", text
    marks = list(_REQUEST.finditer(text))
    if not marks or not text[marks[-1].end() :].strip():
        return "", text
    # The editor's context may quote the mark, and the request may not be there; the last one counts.
    return text[: marks[-1].start()].rstrip(), text[marks[-1].end() :].strip()
