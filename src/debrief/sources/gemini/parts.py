"""Content as the Gemini family records it (a string, a part, or a list of parts) in, plain text out.

Also here: what of a user's turn a person typed, and what the tool put beside it.
"""

import re
from typing import Any

from debrief.sources.records import compact_json, mapping, sequence, string

_INJECTED = re.compile(
    r"\s*(?:<(?:session_context|hook_context|state_snapshot|system[-_]reminder|task-notification"
    r"|qwen:user-prompt-submit-context|user_information|ADDITIONAL_METADATA)\b"
    r"|This is the (?:Gemini CLI|Qwen Code)\. We are setting up the context"
    r"|Here is (?:the user's editor context|a summary of changes in the user's editor context)"
    r"|System: (?:Please continue\.|Potential loop detected)"
    r"|Please continue\.\s*\Z"
    r"|--- Content from referenced files ---)"
)

REFERENCED = "--- Content from referenced files ---"

_REFERENCED_END = "--- End of content ---"


def parts_of(content: object) -> list[dict[str, Any]]:
    """`content` as a list of parts."""
    if isinstance(content, str):
        return [{"text": content}] if content else []
    if isinstance(content, dict):
        return [content]
    return [{"text": part} if isinstance(part, str) else mapping(part) for part in sequence(content)]


def text_of(part: dict[str, Any]) -> str:
    """What of a part can be read: its text, or a word for what it carries instead."""
    text = string(part.get("text"))
    if text is not None:
        return text
    for field in ("inlineData", "fileData"):
        if field in part:
            data = mapping(part[field])
            name = string(data.get("displayName")) or string(data.get("fileUri")) or ""
            return f"[{string(data.get('mimeType')) or 'file'}{': ' if name else ''}{name}]"
    for field in ("executableCode", "codeExecutionResult"):
        if field in part:
            code = mapping(part[field])
            return string(code.get("code")) or string(code.get("output")) or ""
    return ""


def joined(parts: list[dict[str, Any]]) -> str:
    """The texts of `parts`, as they are spoken in one piece."""
    return "".join(text_of(part) for part in parts)


def is_injected(text: str) -> bool:
    """Whether the tool itself wrote `text` into the user's turn."""
    return _INJECTED.match(text) is not None


def typed_and_injected(parts: list[dict[str, Any]], display: str | None = None) -> tuple[str, list[str]]:
    """What a person typed, and what was put beside it. `display` is what the screen showed as typed."""
    if display is not None:
        typed, expanded = typed_and_injected([{"text": display}])
        media = [text_of(part) for part in parts if "text" not in part and text_of(part)]
        others = [
            text for part in parts if (text := string(part.get("text"))) and text.strip() != display.strip()
        ]
        return "\n".join([*([typed] if typed else []), *media]), [*expanded, *others]
    spoken: list[str] = []
    beside: list[str] = []
    in_files = False
    for part in parts:
        text = text_of(part)
        if not text.strip():
            continue
        before, mark, after = text.partition(REFERENCED)
        if in_files or is_injected(text):
            beside.append(text)
        else:
            spoken.append(before.strip("\n"))
            if mark:
                beside.append(mark + after)
        if mark or in_files:
            in_files = _REFERENCED_END not in after if mark else _REFERENCED_END not in text
    return "\n".join(text for text in spoken if text.strip()), beside


def response_text(response: object) -> tuple[str, bool]:
    """The text of a function's response, and whether the response calls itself an error."""
    fields = mapping(response)
    if not fields:
        return (response if isinstance(response, str) else compact_json(response) if response else ""), False
    error = fields.get("error")
    if error:
        return (error if isinstance(error, str) else _message(error)), True
    for name in ("output", "content", "result"):
        if name in fields:
            value = fields[name]
            return (value if isinstance(value, str) else compact_json(value) if value else ""), False
    return compact_json(fields), False


def _message(error: object) -> str:
    return string(mapping(error).get("message")) or compact_json(error)


def display_text(display: object) -> str:
    """What the screen showed of a result."""
    if isinstance(display, str):
        return display
    shown = mapping(display)
    for name in ("fileDiff", "result", "output", "summary"):
        if text := string(shown.get(name)):
            return text
    return compact_json(display) if display else ""
