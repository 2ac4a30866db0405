"""Dependencies: packages that the work needs and the machine or the lock file does not have."""

import re

from debrief.analysis.changes import base_name
from debrief.analysis.detector import Advice, PatternDetector, Scene, bound, succeeded
from debrief.analysis.view import Step

_PROBE = re.compile(
    r"""python[\d.]*\s+-c\s+["']\s*(?:import|from)\s[^"'\n]{0,200}["']\s*(?:2>&1|2>/dev/null)?\s*\Z|"""
    r"""node\s+-e\s+["']require\([^)\n]{0,100}\)[^"'\n]{0,100}["']""",
    re.VERBOSE,
)
_MANIFESTS = frozenset(
    "requirements.txt requirements-dev.txt pyproject.toml setup.py setup.cfg Pipfile environment.yml package.json "
    "go.mod Cargo.toml pom.xml build.gradle build.gradle.kts Gemfile Dockerfile".split()
)


class ModuleMissing(PatternDetector):
    """A package that the code imports is not installed.

    Why it matters: every session on such a machine meets the same failure before it can run anything.

    When it is wrong: the module may be the project's own, found only from another folder; a name that the
    session shows as a file or folder of the project is left out. A one-line import that only asks whether a
    package is there is a probe and says nothing.

    What it suggests: to install the project's dependencies when the machine is set up.
    """

    id = "DEP-01"
    name = "module missing"
    label = "Dependencies"
    patterns = (
        bound(r"\bModuleNotFoundError: No module named '([\w.]{1,100})'"),
        bound(r"^\S{0,200}python\S{0,20}: No module named (\w{1,60})$"),
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
    summary = 'The package `{what}` is not installed: {command} ended with "{line}"'
    advice = (Advice("machine_setup", "Install the project's dependencies at set-up, `{what}` among them."),)

    def signature(self, step: Step, what: str, line: str) -> str:
        """The package alone."""
        del step, line
        return _root(what)

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether a foreign package was needed: no probe, and no module of the project itself."""
        if _PROBE.search(step.command):
            return False
        root = _root(match.group(1))
        return not any(_is_of_project(root, event.path) for event in scene.events if event.path)

    def resolves(self, hit: Step, later: Step) -> bool:
        """The same command line works now, or the same program did after an install."""
        if not succeeded(later) or later.family == "install":
            return False
        return later.command == hit.command or (later.family, later.target) == (hit.family, hit.target)

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """A manifest was changed between the failure and the success."""
        between = scene.steps[hits[0].index : resolution.index]
        return any(
            base_name(edit.path) in _MANIFESTS
            for step in between
            for edit in step.call.edits
            if step.outcome == "ok"
        )


def _root(module: str) -> str:
    return module.split(".", 1)[0] if "/" not in module else module


def _is_of_project(root: str, path: str) -> bool:
    if root not in path:
        return False
    parts = path.replace("\\", "/").split("/")
    if {"site-packages", "node_modules", "dist-packages"} & set(parts):
        return False
    return root in parts[:-1] or parts[-1].rsplit(".", 1)[0] == root
