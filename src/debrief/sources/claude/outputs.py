"""Results that were too large for the transcript: the files that hold them whole, in; the text, out.

The row keeps the first two kilobytes and says where the rest is ("Full output saved to: .../tool-results/x");
without the file, the row's own text stands.
"""

import re

from debrief.sources.source import Document

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes of a saved output that are read: what is kept of a text is far less."""

_SAVED = re.compile(
    r"\s*<persisted-output>\s*[^\n]{0,200}saved to: [^\n]{0,1024}?"
    r"tool-results[/\\\\](?P<name>[\w.-]{1,200})\s*\n"
)
_FOLDER = "tool-results/"


def kept_outputs(companions: tuple[Document, ...]) -> dict[str, Document]:
    """The saved outputs among a session's companions, by file name."""
    return {
        document.name.rpartition(_FOLDER)[2]: document for document in companions if _FOLDER in document.name
    }


def whole_output(text: str, outputs: dict[str, Document]) -> str:
    """`text`, or what it is the beginning of."""
    if not outputs or "tool-results" not in text[:2048]:
        return text
    saved = _SAVED.match(text)
    document = outputs.get(saved["name"]) if saved else None
    if document is None:
        return text
    with document.open() as stream:
        return stream.read(OUTPUT_LIMIT).decode("utf-8", "replace") or text
