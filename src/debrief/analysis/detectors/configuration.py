"""Configuration: settings that the program needs and did not get."""

import re

from debrief.analysis.changes import base_name
from debrief.analysis.detector import Advice, Detector, PatternDetector, Scene, bound
from debrief.analysis.view import Step

_LONG = r"([A-Z][A-Z0-9]{0,30}_[A-Z0-9_]{1,60})"
_ANY = r"([A-Z][A-Z0-9]{0,30}_[A-Z0-9_]{1,60}|[A-Z][A-Z0-9]{2,40})"
_ABSENT = r"(?i:not set|missing|required|undefined|not found|not defined|empty)"
_TEMPLATES = frozenset({".env.example", ".env.sample", ".env.template"})


class MissingVariable(PatternDetector):
    """A program that was run says that an environment variable is not set.

    Why it matters: nothing that needs the variable can be run, and an agent cannot know its value.

    When it is wrong: a script of the session's own may use a variable that it forgot to set itself; a name
    that the command line uses or that stands in an edit of the session is left out.

    What it suggests: to set the variable on the machine.
    """

    id = "CFG-01"
    name = "missing environment variable"
    label = "Configuration"
    needles = (
        "environment",
        "env var",
        "missing env",
        "keyerror",
        "unbound variable",
        "parameter n",
        "not set",
        " required",
        " undefined",
        "must be set",
    )
    patterns = (
        bound(rf"(?i:environment variables?|env vars?):? [\"'`]?\$?{_ANY}\b[^\n]{{0,40}}{_ABSENT}"),
        bound(rf"\b{_ANY}[\"'`]? (?i:environment variable|env var)\b[^\n]{{0,40}}{_ABSENT}"),
        bound(
            r"(?i:missing (?:required )?(?:environment|env)(?: variables?| vars?)?:?)"
            rf" [\"'`\[(]{{0,2}}{_ANY}\b"
        ),
        bound(rf"^KeyError: '{_ANY}'$"),
        bound(rf"\b{_LONG} (?:is|are|must be) (?:not set|required|undefined|set\b)"),
        bound(rf"\b{_ANY}: (?:unbound variable|parameter (?:not set|null or not set))"),
    )
    summary = 'The environment variable `{what}` is not set: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Set `{what}` on the machine for {part}."),)

    def signature(self, step: Step, what: str, line: str) -> str:
        """The variable alone."""
        del step, line
        return what

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the variable comes from outside: the session itself does not set it."""
        name = match.group(1)
        if re.search(rf"\b{name}=|\$\{{?{name}\b", step.command):
            return False
        if match.group(0).startswith("KeyError") and "environ" not in match.string:
            return False
        return not any(name in edit.new for event in scene.events for edit in event.edits)

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """The template of the settings names it now."""
        between = scene.steps[hits[0].index : resolution.index]
        return any(base_name(edit.path) in _TEMPLATES for step in between for edit in step.call.edits)


DETECTORS: tuple[Detector, ...] = (MissingVariable(),)
