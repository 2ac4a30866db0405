"""What the family wraps around words: a text of a user's message in, what a person typed and what not out.

Everything that goes to the model as the user's is put together by the program: the task, feedback and answers
stand in tags, results of calls begin with a header, and each message ends in a report on the environment.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from debrief.model import Outcome, ToolKind

_ENVIRONMENT = re.compile(r"<environment_details>.*?(?:</environment_details>|\Z)", re.DOTALL)
_TYPED = re.compile(r"<(task|feedback|user_message|answer)>\n?(.*?)\n?(?:</\1>|\Z)", re.DOTALL)
_HEADER = re.compile(
    r"\[([a-zA-Z_]{2,60}|mcp-{0,2}[\w.-]{0,200})(?: for '(.{0,4096}?)')?[^\]\n]{0,300}\] Result:\n?",
    re.DOTALL,
)
_NOT_RUN = re.compile(r"\s*Tool \[([\w.-]{1,200})\] was not executed because")
_SKIPPED = re.compile(
    r"was not executed because a tool has already been used"
    r"|Skipping tool\b.{0,200}?due to user rejecting"
)
_DENIED = re.compile(
    r"(?:The )?user denied this operation|\"status\": ?\"denied\"|user rejected (?:this|the) ", re.IGNORECASE
)
_ERROR = re.compile(
    r"The tool execution failed with the following error|<error|.{0,40}\"status\": ?\"error\""
    r"|Error(?: executing| reading|"
    r" writing| searching)?[: ]|This is a new file, so|The (?:SEARCH block|diff) .{0,200}(?:failed|not match)"
    r"|Command execution was not successful|Missing value for required parameter"
)
_EXIT_CODE = re.compile(r"[Ee]xit(?:ed with)? (?:code|status):? (-?\d{1,10})")
_HEAD = 2_000
_REPORT = 100_000
"""Characters of a report on the environment that are looked through: it lists 200 files at most."""

_CWD = re.compile(r"# Current (?:Working|Workspace) Directory \((.{1,1024}?)\) Files")
_REMOTE = re.compile(r"\"associatedRemoteUrls\"\s*:\s*\[\s*\"(?:[\w.-]+: )?([^\"\s]{1,500})\"")
_COMMIT = re.compile(r"\"latestGitCommitHash\"\s*:\s*\"([0-9a-f]{7,64})\"")
_BRANCH = re.compile(r"# Git Status\n+(?:## )?(?:On branch )?([\w./-]{1,200}?)(?:\.\.\.|\n|$)")
_MODEL = re.compile(r"<model>([^<\n]{1,200})</model>")


class Piece(Struct, frozen=True):
    """A part of a user's message: `typed` by a person, `told` by the program, or the `result` of a call.

    `tool` is the name that a result's header says.
    """

    kind: str
    text: str
    tool: str | None = None


class Surroundings(Struct, frozen=True):
    """What a report on the environment says of where the session works."""

    cwd: str | None = None
    repository: str | None = None
    commit: str | None = None
    branch: str | None = None
    model: str | None = None


def pieces(text: str) -> Iterator[Piece]:
    """Take a text of a user's message apart, in order."""
    position = 0
    for report in _ENVIRONMENT.finditer(text):
        yield from _without_reports(text[position : report.start()])
        yield Piece("told", report.group(0))
        position = report.end()
    yield from _without_reports(text[position:])


def _without_reports(text: str) -> Iterator[Piece]:
    skipped = _NOT_RUN.match(text)
    if skipped is not None:
        yield Piece("result", text.strip(), skipped.group(1))
        return
    header = _HEADER.match(text)
    if header is not None:
        yield Piece("result", text[header.end() :].strip("\n"), header.group(1))
        yield from _typed_in(text[header.end() :], only_typed=True)
        return
    if text.startswith("[TASK RESUMPTION]") or _TYPED.search(text):
        yield from _typed_in(text, only_typed=False)
        return
    if text.strip():
        yield Piece("plain", text.strip("\n"))


def _typed_in(text: str, *, only_typed: bool) -> Iterator[Piece]:
    position = 0
    for match in _TYPED.finditer(text):
        before = text[position : match.start()].strip()
        if before and not only_typed:
            yield Piece("told", before)
        if match.group(2).strip():
            yield Piece("typed", match.group(2).strip("\n"))
        position = match.end()
    rest = text[position:].strip()
    if rest and not only_typed:
        yield Piece("told", rest)


def typed_in(text: str) -> list[str]:
    """What a person typed within the result of a call: feedback to it, or the answer to a question."""
    return [match.group(2).strip("\n") for match in _TYPED.finditer(text) if match.group(2).strip()]


def outcome(text: str, kind: ToolKind, *, failed: bool) -> tuple[Outcome, int | None]:
    """How a call ended, by the words of the program, and its exit code where they tell it."""
    start = text.lstrip()[:_HEAD]
    if _SKIPPED.search(start):
        return "cascade", None
    if _DENIED.search(start[:300]):
        return "rejected", None
    if kind == "shell":
        told = _EXIT_CODE.search(start[:500])
        if told is not None:
            code = int(told.group(1))
            return ("ok" if code == 0 else "error"), code if abs(code) < 2**31 else None
    if failed or _ERROR.match(start):
        return "error", None
    return ("unknown" if kind == "shell" else "ok"), None


def surroundings(text: str) -> Surroundings:
    """Read a report on the environment."""

    def first(pattern: re.Pattern[str]) -> str | None:
        found = pattern.search(text, 0, _REPORT)
        return found.group(1) if found else None

    return Surroundings(first(_CWD), first(_REMOTE), first(_COMMIT), first(_BRANCH), first(_MODEL))


def environment(text: str) -> str:
    """The report on the environment that `text` holds; empty where there is none."""
    found = _ENVIRONMENT.search(text)
    return found.group(0) if found else ""
