"""A message's or an output's content in, its text out; content is a string, or an array of parts."""

from debrief.sources.records import compact_json, mapping, string


def text_of(content: object) -> str:
    """The text of `content`; a picture or a sound leaves its place."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(found for part in content if (found := _part(part)))
    return "" if content is None else compact_json(content)


def _part(value: object) -> str:
    part = mapping(value)
    text = value if isinstance(value, str) else part.get("text")
    if isinstance(text, str):
        return text
    kind = string(part.get("type")) or "part"
    path = string(mapping(part.get("source")).get("path"))
    return f"[{kind}: {path}]" if path else f"[{kind}]"
