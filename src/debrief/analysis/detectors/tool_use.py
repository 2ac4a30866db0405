"""Tool use: calls of the agent's own tools that could not work."""

import re
from collections.abc import Iterator
from typing import ClassVar

import msgspec

from debrief.analysis.changes import base_name
from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound
from debrief.analysis.speech import Speech
from debrief.analysis.view import Step
from debrief.analysis.wording import code
from debrief.model.analysis import Impact

A_FEW = 3
"""Failed edits in a session that are a nuisance and no more."""

_TAG = r"^(?:<\w{1,20}>)?(?:Error: )?"
"""What tools put before their own word."""

_MARKUP = re.compile(r"</?\w{1,30}>")
_PATCHERS = frozenset({"patch", "apply_patch", "git"})
_TRIES = frozenset({"--check", "--dry-run"})
_SHELL = r"^(?:\S{0,40}/)?(?:ba|z|da|k)?sh:"
_PLACE = r" ?(?:-c: |eval: )?(?:line )?\d{0,6}:? ?"
_HAVE_SCRIPTS = frozenset(
    {"bash", "sh", "zsh", "dash", "make", "npm", "npx", "pnpm", "yarn", "bun", "just", "task", "mise", "tox"}
)
"""Programs that hand lines of files to a shell: a fault in them is none of the command line."""


class ToolCallFailed(PatternDetector):
    """A pattern detector for refusals of the agent's own tools: all of a session are one trouble."""

    label = "Tool Use"
    kinds: ClassVar[frozenset[str]]
    topic: ClassVar[str]
    most: ClassVar[Impact] = "Low"

    def listens(self, step: Step) -> bool:
        """Whether the call was one of the tools in question."""
        return step.call.tool_kind in self.kinds

    def signature(self, step: Step, what: str, line: str) -> str:
        """The kind of mistake: which file it was made with says nothing about the next session."""
        del step, what, line
        return self.topic

    def part(self, step: Step, what: str) -> str:
        """The file that the call was about."""
        if step.call.tool_kind == "shell":
            return super().part(step, what)
        return base_name(step.call.path or step.target) or step.call.tool or ""

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """Never worth more than `most`: the agent sees the refusal and tries again."""
        return msgspec.structs.replace(super().finding(speech, match), at_most=self.most)


class EditNotMatched(ToolCallFailed):
    """The text that an edit or a patch was to replace did not stand in the file, or stood there twice.

    Why it matters: the agent works from a wrong memory of the file; each such edit costs a look and a second
    try.

    When it is wrong: one failed edit that is repeated with more context is everyday work, so two in a session
    are the least. Patches that are only tried on (`--check`, `--dry-run`) say nothing.

    What it suggests: to have files read again before they are changed.
    """

    id = "TU-01"
    name = "edit did not match"
    in_all = 2
    kinds = frozenset({"edit", "write", "other", "mcp"})
    topic = "edit did not match"
    most = "Medium"
    needles = ("replace", "old_str", "oldstring", "find ", "occurrence", "search ", "hunk ", "patch")
    patterns = (
        bound(_TAG + r"String to replace not found in file"),
        bound(_TAG + r"Found \d{1,6} matches of the string to replace, but replace_all is false"),
        bound(r"\bNo replacement was performed[.,]"),
        bound(r"\bold_str(?:ing)?\b[^\n]{0,80}\b(?:not found|did not appear|was not found|no match)"),
        bound(r"\b(?:oldString not found|Found multiple matches for oldString)\b"),
        bound(
            r"\bFailed to edit, (?:could not find the string|0 occurrences|[Ee]xpected \d{1,6} occurrence)"
        ),
        bound(r"\bFailed to find (?:expected lines|context)\b"),
        bound(r"\bSEARCH block\b[^\n]{0,80}\b(?:failed to match|does not match|not found)"),
        bound(r"^Hunk #\d{1,5} FAILED at \d"),
        bound(r"^error: (?:patch failed: \S|\S{1,200}: patch does not apply$|corrupt patch at )"),
        bound(r"^patch: \*{4} (?:malformed patch|Only garbage was found)"),
    )
    summary = "Edits did not find the text that they were to replace, the first in {part}"
    advice = (Advice("other", "Tell the agent to read a file again before it edits it a second time."),)

    def find(self, scene: Scene) -> Iterator[Finding]:
        """Every such edit; a few in a session come to no more than low impact."""
        found = list(super().find(scene))
        for finding in found:
            yield finding if len(found) > A_FEW else msgspec.structs.replace(finding, at_most="Low")

    def listens(self, step: Step) -> bool:
        """Edits, and the programs that apply patches."""
        if step.call.tool_kind != "shell":
            return step.family == "edit" or super().listens(step)
        return any(_patches(part.words) for part in step.parts)

    def part(self, step: Step, what: str) -> str:
        """The file or, for a patch, the command that applies it."""
        own = next((part.text for part in step.parts if _patches(part.words)), "")
        return own or super().part(step, what)

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same file was edited, or a patch went in."""
        hit = finding.steps[0]
        if later.outcome != "ok":
            return False
        if hit.call.tool_kind == "shell":
            return any(_patches(part.words) for part in later.parts) or later.call.tool_kind == "edit"
        return later.family == "edit" and base_name(later.target) == base_name(hit.target)


class StaleFile(ToolCallFailed):
    """An edit was refused because the file had not been read, or had changed since.

    Why it matters: each refusal costs two calls: one to read, one to edit again.

    When it is wrong: the check is there to protect people's own changes, and once it did, all was well. So
    two in a session are the least, and the impact is never more than low.

    What it suggests: where files changed after they were read, to look for a formatter or watcher that
    rewrites them while the agent works.
    """

    id = "TU-02"
    name = "stale file"
    in_all = 2
    kinds = frozenset({"edit", "write"})
    needles = ("read it first", "modified since", "changed on disk", "must read", "since it was last read")
    topic = "stale file"
    patterns = (
        bound(_TAG + r"File has not been read yet"),
        bound(_TAG + r"File has been (?:unexpectedly )?modified since (?:it was )?(?:last )?read"),
        bound(
            r"\b[Ff]ile [^\n]{0,200}\b(?:has been modified|was modified|has changed|changed) since it was "
        ),
        bound(r"\b[Ff]ile (?:has )?changed on disk\b"),
        bound(r"\b[Yy]ou must read (?:the )?file \S{0,200} ?before (?:overwriting|editing|writing)"),
    )
    summary = (
        "Edits were refused because the file had not been read or had changed since, the first of {part}"
    )

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """Advice only where something else changed the file."""
        found = super().finding(speech, match)
        if "read yet" in match.group(0) or "must read" in match.group(0):
            return found
        said = (
            f"Find out what rewrites {code(base_name(speech.step.target))} while the agent works"
            " (a formatter on save, a watcher) and let it run after the edits."
        )
        return msgspec.structs.replace(found, advice=(Advice("repo_config", said),))

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same file was edited."""
        return later.outcome == "ok" and later.family == "edit" and later.target == finding.steps[0].target


class NoOpEdit(ToolCallFailed):
    """An edit was to replace a text by the very same text.

    Why it matters: the agent had lost track of what the file holds already.

    When it is wrong: once is a slip. Two in a session are the least, and the impact is never more than low.

    What it suggests: nothing; it is the agent's own mistake, and it sees it.
    """

    id = "TU-03"
    name = "no-op edit"
    in_all = 2
    kinds = frozenset({"edit", "write"})
    needles = ("same", "identical", "different", "no changes")
    topic = "no-op edit"
    patterns = (
        bound(
            r"\bold_?[Ss]tr(?:ing)?`? and `?new_?[Ss]tr(?:ing)?`? (?:are exactly the same|must be different)"
        ),
        bound(_TAG + r"No changes to (?:make|apply)\b"),
        bound(
            r"\bold_?[Ss]tr(?:ing)?`? (?:and|is the same as) `?new_?[Ss]tr(?:ing)?`?[^\n]{0,20}\bidentical\b"
        ),
        bound(r"\bold_?[Ss]tr(?:ing)?`? is the same as `?new_?[Ss]tr"),
    )
    summary = "Edits were to replace a text by itself, the first in {part}"


class BadToolCall(ToolCallFailed):
    """A tool, agent or skill was called that does not exist, or with arguments that it does not take.

    Why it matters: nothing was done; where it repeats, what the agent was told about the tool is wrong.

    When it is wrong: a single slip is seen and set right, so two calls of the same tool are the least.

    What it suggests: for tools of a connected server, to look at their schema; for agents and skills, to
    name only those that there are. Nothing for the agent's built-in tools.
    """

    id = "TU-04"
    name = "bad tool call"
    in_all = 2
    most = "Medium"
    kinds = frozenset({"read", "search", "edit", "write", "fetch", "plan", "agent", "ask", "mcp", "other"})
    needles = (
        "validation",
        "no such tool",
        "invalid ",
        "not found",
        "unknown ",
        "parse",
        "required p",
        "unsupported call",
        "required property",
    )
    patterns = (
        bound(_TAG + r"InputValidationError\b"),
        bound(_TAG + r"No such tool available\b"),
        bound(_TAG + r"(?:MCP error -3260[012]\b|Argument Validation Error\b)"),
        bound(_TAG + r"(?:Agent type '[^'\n]{1,100}' not found|Unknown (?:skill|tool|agent)\b)"),
        bound(_TAG + r"Tool \"[^\"\n]{1,100}\" not found"),
        bound(_TAG + r"[^\n]{0,60}\bcalled with invalid arguments\b"),
        bound(
            r"^(?:unsupported call: |[Ff]ailed to parse (?:function )?arguments|params must have required )"
        ),
        bound(
            r"\b(?:[Mm]issing (?:value for )?required|[Rr]equired) parameter\b[^\n]{0,60}(?: missing|[`':])"
        ),
    )
    summary = 'The tool {part} was called in a way that it does not take: "{line}"'
    topic = "bad call"

    def signature(self, step: Step, what: str, line: str) -> str:
        """The tool."""
        return f"{super().signature(step, what, line)} {step.call.tool}"

    def part(self, step: Step, what: str) -> str:
        """The tool that was called."""
        del what
        return step.call.tool or step.target

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """Without the mark-up around the tool's words, and with the advice that fits the tool."""
        found = super().finding(speech, match)
        kind, tool = speech.step.call.tool_kind, speech.step.call.tool or ""
        advice: tuple[Advice, ...] = ()
        if kind == "mcp":
            advice = (Advice("repo_config", f"Set the schema of `{tool}` right, or say how it is called."),)
        elif kind == "agent":
            said = "Name in the agents' instructions only agents that exist; one that does not was called."
            advice = (Advice("repo_config", said),)
        return msgspec.structs.replace(found, summary=_MARKUP.sub("", found.summary), advice=advice)

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The tool did its work, or another of its kind did."""
        hit = finding.steps[0]
        return later.outcome == "ok" and (later.call.tool == hit.call.tool or later.family == hit.family)


class ShellQuoting(ToolCallFailed):
    """The shell could not read a command line: a quotation or bracket that is not closed, a stray sign.

    Why it matters: nothing of the line ran, or only a part of it did.

    When it is wrong: a script that is being written may have the same fault; only what the shell says of the
    command line itself counts. Two in a session are the least, and the impact is never more than low.

    What it suggests: nothing; it is the agent's own mistake, and it sees it.
    """

    id = "TU-06"
    name = "shell quoting"
    in_all = 2
    kinds = frozenset({"shell"})
    topic = "shell quoting"
    needles = (
        "unexpected eof",
        "syntax error",
        "unterminated",
        "bad substitution",
        "parse error",
        "unmatched",
    )
    patterns = (
        bound(
            rf"{_SHELL}{_PLACE}(?:unexpected EOF while looking for|syntax error(?: near|:)|Syntax error: )"
        ),
        bound(rf"{_SHELL}{_PLACE}[^\n]{{0,80}}\b[Bb]ad substitution$"),
        bound(rf"{_SHELL}{_PLACE}(?:parse error(?: near|$)|unmatched ['\"`])"),
        bound(r"^\(eval\):\d{1,6}: (?:parse error(?: near|$)|unmatched ['\"`]|bad substitution)"),
    )
    summary = 'The shell could not read a command line: "{line}"'

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the line itself is at fault, and no shell that it handed a script of its own."""
        del match, scene
        return not any(part.words and base_name(part.words[0]) in _HAVE_SCRIPTS for part in step.parts)

    def resolves(self, finding: Finding, later: Step) -> bool:
        """A command line ran."""
        del finding
        return later.call.tool_kind == "shell" and later.outcome == "ok"


class ServerOrAgentFailed(ToolCallFailed):
    """The server of a connected tool (MCP) broke down or did not answer, or a sub-agent ended in an error.

    Why it matters: what was asked of it is missing, and the agent goes on without it.

    When it is wrong: a server that answers "not found" or refuses the arguments works; such answers are no
    findings here. A sub-agent that a person stopped is none either.

    What it suggests: to see to the server on the machine.
    """

    id = "TU-08"
    name = "MCP or sub-agent failure"
    kinds = frozenset({"mcp", "agent"})
    topic = "no answer"
    most = "High"
    needles = ("mcp", "not connected", "connection closed", "timed out", "api error", "agent", "too long")
    patterns = (
        bound(r"\bMCP error -320\d\d\b"),
        bound(r"\bMCP (?:server|client)\b[^\n]{0,120}\b(?:failed|(?:dis|not )connected|timed out|crashed)\b"),
        bound(_TAG + r"(?:\w{1,20}Error: )?(?:Not connected|Connection closed)\b"),
        bound(r"\b(?:timed out awaiting tools/call|[Rr]equest timed out)\b"),
        bound(_TAG + r"[Aa]gent\b[^\n]{0,80}\b(?:terminated|crashed|timed out)\b"),
        bound(_TAG + r"(?:API Error\b|Prompt is too long\b)"),
    )
    summary = '{part} ended with "{line}"'

    def signature(self, step: Step, what: str, line: str) -> str:
        """The tool: another server is another problem."""
        return f"{super().signature(step, what, line)} {step.call.tool}"

    def part(self, step: Step, what: str) -> str:
        """The tool that was called."""
        del what
        return step.call.tool or step.target

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """A server is somebody's to repair, a sub-agent is not."""
        found = super().finding(speech, match)
        summary = _MARKUP.sub("", found.summary)
        if speech.step.call.tool_kind == "agent":
            return msgspec.structs.replace(found, summary=f"A sub-agent did not come to its end: {summary}")
        said = (
            f"See to the server of {code(speech.step.call.tool or '', 60)}: it broke down or did not answer."
        )
        return msgspec.structs.replace(
            found,
            summary=f"The server of a connected tool failed: {summary}",
            advice=(Advice("machine_setup", said),),
        )

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The tool answered."""
        return later.outcome == "ok" and later.call.tool == finding.steps[0].call.tool


def _patches(words: tuple[str, ...]) -> bool:
    """Whether `words` apply a patch, and do not only try whether it would go in."""
    if not words or base_name(words[0]) not in _PATCHERS or _TRIES & set(words):
        return False
    return base_name(words[0]) != "git" or bool({"apply", "am"} & set(words[1:4]))


DETECTORS: tuple[Detector, ...] = (
    EditNotMatched(),
    StaleFile(),
    NoOpEdit(),
    BadToolCall(),
    ShellQuoting(),
    ServerOrAgentFailed(),
)
