"""Tool use: files that are not where the agent looked, or that its tools cannot read whole."""

import posixpath
import re
from collections.abc import Iterator

import msgspec

from debrief.analysis.changes import base_name
from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound
from debrief.analysis.speech import Speech
from debrief.analysis.view import Step
from debrief.analysis.wording import code, names

LEAST_PATHS = 3
"""One wrong path is a guess, two are bad luck."""

PATHS_KEPT = 30
"""Wrong paths that are looked up in what came before."""

NAME_LIMIT = 60
"""Longer paths are not shown."""

_ABSENT = bound(r"\b(?:[Ff]ile does not exist|[Pp]ath does not exist|[Ff]ile not found|[Nn]o such file)\b")
_MARKUP = re.compile(r"</?\w{1,30}>")
_ABSENT_NEEDLES = ("does not exist", "file not found", "no such file")
_SAID = bound(
    r"^(?:\S{0,40}/)?(?:awk|bat|cat|grep|head|less|nl|rg|sed|tail|wc|(?:ba|z)?sh: line \d{1,5}: cd|cd): "
    r"(?:can't read |cannot open ['\u2018])?([\w@+./-]{3,200})['\u2019]?(?: for reading)?: "
    r"(?:open: )?[Nn]o such file or directory"
)
_COMES_AND_GOES = frozenset(
    {
        "__pycache__",
        "build",
        "coverage",
        "dist",
        "log",
        "logs",
        "node_modules",
        "out",
        "output",
        "results",
        "site-packages",
        "target",
        "temp",
        "tmp",
        "vendor",
        "venv",
    }
)
"""Folders that are made on the way: a file that is not there may well have been expected."""


class GuessedPath(Detector):
    """Files were read or changed at paths that do not exist and that nothing had named before.

    Why it matters: the agent guesses at the layout of the repository, and each guess costs a call.

    When it is wrong: an agent may know a path from elsewhere, and the file is gone. Three different paths
    are the least. Only paths inside the session's folder count, and no file whose name had been seen before;
    files of the top folder, hidden ones and those that a build makes are left out, and so are `ls` and
    `find`, which are there to look.

    What it suggests: to write down where things are.
    """

    id = "TU-05"
    name = "hallucinated path"
    label = "Tool Use"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """One finding for each guess, if there are enough of them."""
        guesses: dict[str, Step] = {}
        tried = 0
        for speech in scene.speeches:
            path = _inside(_missing(speech), scene)
            if path and path not in guesses and tried < PATHS_KEPT:
                tried += 1
                if not _seen(path, speech.step, scene):
                    guesses[path] = speech.step
        steps = {step.index: step for step in guesses.values()}
        if len(steps) < LEAST_PATHS:
            return
        folder = posixpath.commonpath([posixpath.dirname(path) for path in guesses])
        place = code(folder) if folder else "the repository"
        said = f"Write down how {place} is laid out; the agent guessed at paths."
        shown = [path for path in guesses if len(path) <= NAME_LIMIT][:3]
        cited = tuple(guesses[path].last_ordinal for path in shown)
        for step in steps.values():
            yield Finding(
                signature="guessed paths",
                summary=f"{len(guesses)} paths that nothing had named before do not exist: {names(shown)}",
                steps=(step,),
                evidence=cited,
                advice=(Advice("knowledge", said),),
                at_most="Medium",
            )

    def resolves(self, finding: Finding, later: Step) -> bool:
        """Something was found."""
        del finding
        return later.outcome == "ok" and later.family in ("read", "search")


class TooLargeToRead(PatternDetector):
    """A file was too large, or of the wrong kind, to be read by the agent's tool.

    Why it matters: the agent tried again what could not work, and the next session will.

    When it is wrong: the refusal tells how to read the file in parts, and usually the next call does. Two
    refusals for the same file are the least, and the impact is never more than low.

    What it suggests: to remember of a file of the project that it must be read in parts.
    """

    id = "TU-07"
    name = "output too big or binary"
    label = "Tool Use"
    in_all = 2
    needles = ("exceeds max", "binary", "too large")
    patterns = (
        bound(r"\b[Ff]ile content \([^)\n]{1,40}\) exceeds maximum allowed (?:tokens|size)"),
        bound(
            r"\b[Ff]ile (?:is )?too large\b|\bexceeds the maximum (?:allowed )?(?:file )?(?:size|tokens)\b"
        ),
        bound(
            r"\b(?:[Cc]annot|can't) read (?:a )?binary files?\b|\b[Cc]annot display content of binary file"
        ),
    )
    summary = 'The file {part} could not be read by the agent\'s tool: "{line}"'

    def listens(self, step: Step) -> bool:
        """Tools that read."""
        return step.call.tool_kind in ("read", "search", "mcp", "other")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it is a file of the project, and none that the agent's tools put aside."""
        del match
        path = step.call.path or ""
        return bool(_inside(path, scene)) or path in (
            base_name(path),
            f"{scene.session.cwd}/{base_name(path)}",
        )

    def signature(self, step: Step, what: str, line: str) -> str:
        """The file."""
        del what, line
        return f"too large {base_name(step.call.path or '')}"

    def part(self, step: Step, what: str) -> str:
        """The file."""
        del what
        return base_name(step.call.path or step.target)

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """Advice for what can be read in parts."""
        found = super().finding(speech, match)
        advice: tuple[Advice, ...] = ()
        if "binary" not in match.group(0):
            file = code(self.part(speech.step, ""))
            said = f"{file} is too large to be read whole: read it by range, or search it."
            advice = (Advice("knowledge", said),)
        summary = _MARKUP.sub("", found.summary)
        return msgspec.structs.replace(found, summary=summary, advice=advice, at_most="Low")

    def resolves(self, finding: Finding, later: Step) -> bool:
        """A call that names the file went through."""
        name = base_name(finding.steps[0].call.path or "")
        named = (later.call.path or "").endswith(name) or name in later.command
        return bool(name) and later.outcome == "ok" and named


def _missing(speech: Speech) -> str:
    """The path that was to be read or changed and is not there; empty where that is not the trouble."""
    step = speech.step
    if not any(needle in speech.folded for needle in _ABSENT_NEEDLES):
        return ""
    if step.call.tool_kind == "shell":
        said = _SAID.search(speech.text)
        return said.group(1) if said else ""
    if step.call.tool_kind in ("read", "search", "edit") and _ABSENT.search(speech.text[:400]):
        return step.call.path or ""
    return ""


def _inside(path: str, scene: Scene) -> str:
    """`path` as seen from the session's folder; empty outside of it, at its top and in a made folder."""
    root = (scene.session.cwd or "").replace("\\", "/").rstrip("/")
    flat = posixpath.normpath(path.replace("\\", "/")) if path else ""
    if root and flat.startswith(root + "/"):
        flat = flat[len(root) + 1 :]
    if "/" not in flat or flat.startswith("/") or ":" in flat:
        return ""
    odd = any(part.startswith(".") or part in _COMES_AND_GOES for part in flat.split("/"))
    return "" if odd else flat


def _seen(path: str, step: Step, scene: Scene) -> bool:
    """Whether something else than the agent named the file before `step`."""
    name = base_name(path)
    for event in scene.session.events:
        if event.ordinal >= step.call.ordinal:
            return False
        if event.kind == "tool_call":
            if any(name in edit.path for edit in event.edits):
                return True
        elif event.kind != "reasoning" and (event.kind != "message" or event.injected) and name in event.text:
            return True
    return False


DETECTORS: tuple[Detector, ...] = (GuessedPath(), TooLargeToRead())
