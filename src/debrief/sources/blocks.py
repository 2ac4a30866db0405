"""The `content` of a message in, its text out: a string, or a list of blocks of which some are no text."""

import re

from debrief.sources.records import compact_json, mapping, sequence, string

_WRAPPER = re.compile(
    r"\s*<(?P<tag>system-reminder|system_reminder|user_info|git_status|git-context|agent_skills|mcp_servers"
    r"|environment_context|environment_details|project_layout|rules|open_and_recently_viewed_files"
    r"|current_datetime|system-notification)\b[^>]*>.*?</(?P=tag)>\s*",
    re.DOTALL,
)
_ASKED = ("<user_query>", "</user_query>")
_WRAPPERS_KEPT = 50


def text_of(content: object) -> str:
    """The words of `content`; pictures and other blocks without text are named in brackets."""
    if isinstance(content, str):
        return content
    parts = []
    for block in sequence(content):
        fields = mapping(block)
        text = block if isinstance(block, str) else fields.get("text")
        if isinstance(text, str):
            parts.append(text)
        elif kind := string(fields.get("type")):
            parts.append(f"[{kind}]")
    if not isinstance(content, list) and content not in (None, {}, False):
        fields = mapping(content)
        return string(fields.get("text")) or compact_json(content)
    return "\n".join(parts)


def unwrapped(text: str) -> tuple[list[str], str]:
    """Text that the tool put before or around what a person typed, and that itself (perhaps nothing)."""
    injected: list[str] = []
    while len(injected) < _WRAPPERS_KEPT and (found := _WRAPPER.match(text)):
        injected.append(found.group().strip())
        text = text[found.end() :]
    text = text.strip()
    if text.startswith(_ASKED[0]) and text.endswith(_ASKED[1]):
        text = text[len(_ASKED[0]) : -len(_ASKED[1])].strip()
    return injected, text
