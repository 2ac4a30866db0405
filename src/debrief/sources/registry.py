"""The formats, in the order in which they are tried on a document's first bytes."""

import os.path
from collections.abc import Iterable

from debrief.errors import NotATranscript
from debrief.sources.databases.cursor import CURSOR_STORE
from debrief.sources.databases.devin_cli import DEVIN_CLI_DATABASE
from debrief.sources.databases.goose import GOOSE_DATABASE
from debrief.sources.databases.opencode import OPENCODE_DATABASE, OPENCODE_SECOND_DATABASE
from debrief.sources.formats.aider import AIDER
from debrief.sources.formats.amp import AMP
from debrief.sources.formats.antigravity import ANTIGRAVITY
from debrief.sources.formats.atif import ATIF
from debrief.sources.formats.claude_code import CLAUDE_CODE
from debrief.sources.formats.claude_code_stream import CLAUDE_CODE_STREAM
from debrief.sources.formats.cline import CLINE
from debrief.sources.formats.cline_sessions import CLINE_SESSIONS
from debrief.sources.formats.codex import CODEX
from debrief.sources.formats.codex_exec import CODEX_EXEC
from debrief.sources.formats.copilot_cli import COPILOT_CLI
from debrief.sources.formats.cursor import CURSOR
from debrief.sources.formats.cursor_stream import CURSOR_STREAM
from debrief.sources.formats.devin import DEVIN
from debrief.sources.formats.devin_cli import DEVIN_CLI
from debrief.sources.formats.droid import DROID
from debrief.sources.formats.gemini_cli import GEMINI_CLI
from debrief.sources.formats.gemini_stream import GEMINI_STREAM
from debrief.sources.formats.goose import GOOSE
from debrief.sources.formats.grok import GROK
from debrief.sources.formats.kimi import KIMI
from debrief.sources.formats.mini_swe_agent import MINI_SWE_AGENT
from debrief.sources.formats.opencode import OPENCODE
from debrief.sources.formats.openhands import OPENHANDS
from debrief.sources.formats.openhands_v0 import OPENHANDS_V0
from debrief.sources.formats.pi import PI
from debrief.sources.formats.qwen_code import QWEN_CODE
from debrief.sources.formats.swe_agent import SWE_AGENT
from debrief.sources.refusals import refusal
from debrief.sources.source import SessionDatabase, SourceFormat

FORMATS: tuple[SourceFormat, ...] = (
    ATIF,
    MINI_SWE_AGENT,
    SWE_AGENT,
    OPENCODE,
    AMP,
    GOOSE,
    CODEX,
    CODEX_EXEC,
    GEMINI_CLI,
    GEMINI_STREAM,
    QWEN_CODE,
    ANTIGRAVITY,
    CURSOR_STREAM,
    CLAUDE_CODE_STREAM,
    COPILOT_CLI,
    CLAUDE_CODE,
    CURSOR,
    DEVIN,
    DEVIN_CLI,
    CLINE,
    CLINE_SESSIONS,
    OPENHANDS_V0,
    OPENHANDS,
    DROID,
    KIMI,
    GROK,
    PI,
    AIDER,
)

DATABASES: tuple[SessionDatabase, ...] = (
    OPENCODE_DATABASE,
    OPENCODE_SECOND_DATABASE,
    GOOSE_DATABASE,
    CURSOR_STORE,
    DEVIN_CLI_DATABASE,
)
"""The databases that agents keep sessions in, in the order in which their tables are looked for."""


RETELLINGS: tuple[str, ...] = ("claude_code_stream", "codex_exec", "gemini_stream", "cursor_stream", "atif")
"""Formats that tell a session once more which the agent's own transcript tells better; the best first."""


def retelling(format_name: str) -> int:
    """0 for an agent's own transcript; of retellings the higher, the less they tell."""
    return RETELLINGS.index(format_name) + 1 if format_name in RETELLINGS else 0


def sniff(head: bytes) -> SourceFormat:
    """The format of a document that begins with `head` (at most `HEAD_BYTES`).

    Raises `NotATranscript`, with the reason, where there is none.
    """
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise NotATranscript("the file is empty")
    for candidate in FORMATS:
        if candidate.recognises(head):
            return candidate
    raise NotATranscript(refusal(head))


def roots(environment: dict[str, str]) -> list[tuple[tuple[str, ...], str]]:
    """Where agents keep transcripts on this machine: suffixes of files, and a glob pattern of their folders.

    A pattern whose variable `environment` does not set is left out. Databases are found like formats.
    """
    found: dict[tuple[tuple[str, ...], str], None] = {}
    candidates: list[SourceFormat | SessionDatabase] = [*FORMATS, *DATABASES]
    for candidate in candidates:
        found |= {(candidate.suffixes, path): None for path in expanded(candidate.roots, environment)}
    return list(found)


def expanded(patterns: Iterable[str], environment: dict[str, str]) -> list[str]:
    """`patterns` with `~` and a leading `$VARIABLE` expanded, without those whose variable is not set."""
    home = environment.get("HOME") or environment.get("USERPROFILE") or "~"
    found = []
    for pattern in patterns:
        path = pattern
        if path.startswith("$"):
            variable, _, rest = path[1:].partition("/")
            value = environment.get(variable)
            if not value:
                continue
            path = os.path.join(value, rest)  # noqa: PTH118 (a pattern, not a path)
        if path.startswith("~"):
            path = home + path[1:]
        found.append(path)
    return found


def homes() -> list[str]:
    """The names, for people, of the agents whose folders are known."""
    return sorted({one.title for one in FORMATS if one.roots}, key=str.lower)
