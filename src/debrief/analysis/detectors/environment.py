"""Environment: what the machine lacks."""

import re

from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound, succeeded
from debrief.analysis.view import Step

SUBSTITUTE_STEPS = 2
"""How soon the same kind of work has to succeed by other means to count as a substitute."""

_KINDS = frozenset({"run", "test", "build", "lint", "net", "install"})
_ASKS = frozenset({("--version",), ("-V",), ("-v",), ("version",), ("--help",), ("-h",)})
_NAME = r"([A-Za-z][\w.+-]{0,60})"
_MARK = "[\u2018\u2019'`]?"


class CommandMissing(PatternDetector):
    """A command that the machine does not have: the shell could not find it.

    Why it matters: the agent works around it, each session anew, or cannot go on.

    When it is wrong: the name may be no command at all but text that a broken quotation let the shell run;
    a name that stands in the command line, but not where a command stands, is therefore left out. Probes such
    as `which x` or `x --version` say nothing.

    What it suggests: to install the command on the machine image.
    """

    id = "ENV-01"
    name = "command missing"
    label = "Environment"
    needles = ("not found", "enoent", "no such file", "not recognized", "failed to spawn")
    patterns = (
        bound(
            rf"^(?:\S{{0,40}}/)?(?:ba|z|da|k|a)?sh: (?:line )?\d{{0,5}}:? ?{_NAME}: (?:command )?not found$"
        ),
        bound(rf"(?:^|[:\d] )command not found: {_NAME}$"),
        bound(rf"^\S{{0,80}}: line \d{{1,6}}: {_NAME}: command not found$"),
        bound(rf"^(?:\S{{0,40}}/)?env: {_MARK}{_NAME}{_MARK}: No such file or directory"),
        bound(rf"\bspawn {_NAME} ENOENT\b"),
        bound(rf'\bexec: "{_NAME}": executable file not found in \$PATH'),
        bound(rf"^'{_NAME}' is not recognized as an internal or external command"),
        bound(rf"^make(?:\[\d\])?: {_NAME}: (?:Command not found|No such file)"),
        bound(rf"^error: Failed to spawn: {_MARK}{_NAME}{_MARK}$"),
    )
    summary = 'The command `{what}` was not found on the machine: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Install `{what}` on the machine image."),)

    def signature(self, step: Step, what: str, line: str) -> str:
        """The command alone: it is the same lack whoever calls it."""
        del step, line
        return what

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the name was meant as a command: it stands where one stands, or in a script."""
        del scene
        name = match.group(1)
        calls = [part.words for part in step.parts if part.words and part.words[0] == name]
        if calls:
            return any(words[1:] not in _ASKS for words in calls)
        return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", step.command) is None

    def part(self, step: Step, what: str) -> str:
        """The command that begins with the missing name, where there is one."""
        own = next((part.text for part in step.parts if part.words and part.words[0] == what), "")
        return own or super().part(step, what)

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same command works now, or another one did the same kind of work soon after."""
        if not succeeded(later):
            return False
        hit = finding.steps[0]
        if later.command == hit.command or finding.subject in _programs(later):
            return True
        return (
            later.family == hit.family
            and hit.family in _KINDS
            and later.index - hit.index <= SUBSTITUTE_STEPS
        )


def _programs(step: Step) -> set[str]:
    return {part.words[0] for part in step.parts if part.words}


DETECTORS: tuple[Detector, ...] = (CommandMissing(),)
