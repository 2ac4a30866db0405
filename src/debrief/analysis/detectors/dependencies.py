"""Dependencies: modules that the code imports and the machine does not have."""

import re

from debrief.analysis.changes import manifest_changed
from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound, succeeded
from debrief.analysis.view import Step

_ONE_LINER = re.compile(
    r"""\b(?:python[\d.]*\s+-c|node\s+-e)\s+(["'])([^\n]{0,300})\1\s*(?:2>\S{1,20})?\s*\Z"""
)
_LOOKS = ("import ", "from ", "print(", "require(", "console.log(")
_TOOLS = frozenset({"pip", "venv", "ensurepip"})
_SCRIPTS = (".py", ".js", ".ts", ".mjs", ".rb", ".pl", ".R")


class ModuleMissing(PatternDetector):
    """A package that the code imports is not installed.

    Why it matters: every session on such a machine meets the same failure before it can run anything.

    When it is wrong: the module may be the project's own, found only from another folder; a name that the
    session shows as a file or folder of the project is left out, and so is a part of a package that is there
    in another version. A one-line import that only asks whether a package is there says nothing.

    What it suggests: to install the project's dependencies when the machine is set up.
    """

    id = "DEP-01"
    name = "module missing"
    label = "Dependencies"
    version = 2
    needles = (
        "no module named",
        "cannot find ",
        "no required module",
        "can't find crate",
        "undeclared",
        "unresolved",
        "cannot load such file",
        "in @inc",
        "there is no package",
    )
    patterns = (
        bound(r"\bModuleNotFoundError: No module named '(\w{1,100})'"),
        bound(r"^\S{0,200}python[\d.]{0,8}: No module named (\w{1,60})$"),
        bound(
            r"\bCannot find (?:module|package) '((?:@[\w.-]{1,60}/)?[\w-][\w.-]{0,80})(?:/[^'\n]{0,100})?'"
        ),
        bound(r"\bno required module provides package ([\w.-]{1,80}\.[a-z]{2,10}/[\w./-]{1,120})"),
        bound(r"\bcan't find crate for `(\w{1,80})`"),
        bound(
            r"\buse of (?:undeclared|unresolved) (?:crate or module|module or unlinked crate) `(\w{1,80})`"
        ),
        bound(r"\bcannot load such file -- ([a-z][\w-]{0,60})(?:$| )"),
        bound(r"\bCan't locate (\S{1,100}\.pm) in @INC"),
        bound(r"\bError in library\(([\w.]{1,60})\) : there is no package called"),
    )
    summary = 'The module `{what}` is missing: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Install the project's dependencies at set-up, `{what}` among them."),)

    def signature(self, step: Step, what: str, line: str) -> str:
        """The package alone."""
        del step, line
        return _root(what)

    def listens(self, step: Step) -> bool:
        """An installation that fails says of itself why."""
        return step.family != "install"

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether a foreign package is absent: no probe, no module of the project, no broken package."""
        root = _root(match.group(1))
        if root in _TOOLS or _probes(step.command):
            return False
        scope = root.split("/", 1)[0].lstrip("@")
        if root.startswith("@") and scope in (scene.session.repository or scene.session.cwd or ""):
            return False
        return root not in scene.own_names

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same command line works now, or the same check, script or import does."""
        if not succeeded(later) or later.family == "install":
            return False
        hit = finding.steps[0]
        if later.command == hit.command:
            return True
        if (later.family, later.target) != (hit.family, hit.target):
            return False
        if hit.family != "run" or finding.subject in later.command:
            return True
        return bool(_scripts(hit) & _scripts(later))

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """A manifest was changed between the failure and the success."""
        return manifest_changed(scene.steps[hits[0].index : resolution.index])


def _probes(command: str) -> bool:
    """Whether `command` only asks, in one line, whether a package can be imported and which one it is."""
    line = _ONE_LINER.search(command)
    return line is not None and all(part.strip().startswith(_LOOKS) for part in line.group(2).split(";"))


def _root(module: str) -> str:
    return module.split(".", 1)[0] if "/" not in module else module


def _scripts(step: Step) -> set[str]:
    return {word for part in step.parts for word in part.words[1:3] if word.endswith(_SCRIPTS)}


DETECTORS: tuple[Detector, ...] = (ModuleMissing(),)
