"""The formats, in the order in which they are tried on a document's first bytes."""

import os.path

from debrief.errors import NotATranscript
from debrief.sources.documents import head_value
from debrief.sources.formats.atif import ATIF
from debrief.sources.formats.claude_code import CLAUDE_CODE
from debrief.sources.formats.claude_code_stream import CLAUDE_CODE_STREAM
from debrief.sources.formats.codex import CODEX
from debrief.sources.formats.codex_exec import CODEX_EXEC
from debrief.sources.formats.mini_swe_agent import MINI_SWE_AGENT
from debrief.sources.formats.swe_agent import SWE_AGENT
from debrief.sources.source import SessionDatabase, SourceFormat

FORMATS: tuple[SourceFormat, ...] = (
    ATIF,
    MINI_SWE_AGENT,
    SWE_AGENT,
    CODEX,
    CODEX_EXEC,
    CLAUDE_CODE_STREAM,
    CLAUDE_CODE,
)

DATABASES: tuple[SessionDatabase, ...] = ()
"""The databases that agents keep sessions in, in the order in which their tables are looked for."""


def sniff(head: bytes) -> SourceFormat:
    """The format of a document that begins with `head` (at most `HEAD_BYTES`).

    Raises `NotATranscript`, with the reason, where there is none.
    """
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise NotATranscript("the file is empty")
    for candidate in FORMATS:
        if candidate.recognises(head):
            return candidate
    if b"\x00" in head[:1024]:
        raise NotATranscript("binary content, not a transcript")
    schema = _schema(head)
    if schema:
        raise NotATranscript(f"a document of the schema {schema!r}, which Debrief does not know")
    raise NotATranscript("no transcript format that Debrief knows")


def _schema(head: bytes) -> str | None:
    """The schema that a document names for itself."""
    value = head_value(head)
    name = value.get("schema_version") if isinstance(value, dict) else None
    if not isinstance(name, str) or not name.strip():
        return None
    return "".join(character for character in name[:80] if character.isprintable())


def roots(environment: dict[str, str]) -> list[tuple[tuple[str, ...], str]]:
    """Where agents keep transcripts on this machine: suffixes of files, and a glob pattern of their folders.

    A pattern whose variable `environment` does not set is left out. Databases are found like formats.
    """
    home = environment.get("HOME") or environment.get("USERPROFILE") or "~"
    found: dict[tuple[tuple[str, ...], str], None] = {}
    candidates: list[SourceFormat | SessionDatabase] = [*FORMATS, *DATABASES]
    for candidate in candidates:
        for pattern in candidate.roots:
            path = pattern
            if path.startswith("$"):
                variable, _, rest = path[1:].partition("/")
                value = environment.get(variable)
                if not value:
                    continue
                path = os.path.join(value, rest)  # noqa: PTH118 (a pattern, not a path)
            if path.startswith("~"):
                path = home + path[1:]
            found[candidate.suffixes, path] = None
    return list(found)
