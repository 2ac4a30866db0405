"""Environment: programs that the machine lacks, or has in a version that will not do."""

import re

import msgspec

from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound, succeeded
from debrief.analysis.expectations import only_quoted
from debrief.analysis.speech import Speech
from debrief.analysis.view import Step
from debrief.analysis.wording import line_at

SUBSTITUTE_STEPS = 2
"""How soon the same kind of work has to succeed by other means to count as a substitute."""

_KINDS = frozenset({"run", "test", "build", "lint", "net", "install"})
_ASKS = frozenset({("--version",), ("-V",), ("-v",), ("version",), ("--help",), ("-h",)})
_NAME = r"([A-Za-z][\w.+-]{0,60})"
_MARK = "[\u2018\u2019'`]?"
_TASK = r"(?:[@\w./-]{1,60}(?: [\w:-]{1,40})?: )?"
_SCRIPT_RUNNERS = frozenset({"npm", "pnpm", "yarn", "bun"})


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
    needles = ("not found", "enoent", "no such file", "not recognized", "failed to spawn", "unknown command")
    patterns = (
        bound(
            rf"^{_TASK}(?:\S{{0,40}}/)?(?:ba|z|da|k|a)?sh: (?:line )?\d{{0,5}}:? ?{_NAME}: "
            r"(?:command )?not found$"
        ),
        bound(rf"^sudo: {_NAME}: command not found$|^fish: Unknown command: {_NAME}$"),
        bound(
            rf"^(?:\S{{0,40}}/)?(?:xargs|(?:timeout|nohup|nice|setsid): failed to run command): "
            rf"{_MARK}{_NAME}{_MARK}: No such file or directory$"
        ),
        bound(rf"(?:^|[:\d] )command not found: {_NAME}$"),
        bound(rf"^\S{{0,80}}: line \d{{1,6}}: {_NAME}: command not found$"),
        bound(rf"^(?:\S{{0,40}}/)?env: {_MARK}{_NAME}{_MARK}: No such file or directory"),
        bound(rf"\bspawn {_NAME} ENOENT\b"),
        bound(rf'\bexec: "{_NAME}": executable file not found in \$PATH'),
        bound(rf"^'{_NAME}' is not recognized as an internal or external command"),
        bound(rf"^make(?:\[\d\])?: {_NAME}: (?:Command not found|No such file)"),
        bound(rf"^error: Failed to spawn: {_MARK}{_NAME}{_MARK}$"),
        bound(rf"\bThe term '{_NAME}' is not recognized as (?:the|a) name of a cmdlet"),
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

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """A program that a package's script calls comes with the package's dependencies."""
        found = super().finding(speech, match)
        runners = {part.words[0] for part in speech.step.parts if part.words} & _SCRIPT_RUNNERS
        if not runners or found.subject in _programs(speech.step):
            return found
        text = f"Install the project's dependencies at set-up: they bring `{found.subject}`."
        return msgspec.structs.replace(found, advice=(Advice("machine_setup", text),))

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


_PACKAGING = frozenset({"pip", "pip3", "venv", "ensurepip", "virtualenv"})
_WARNS = re.compile(r"(?i:^\s{0,8}(?:\S{1,20} )?warn(?:ing)?\b)")


class RuntimeVersion(PatternDetector):
    """The machine's language runtime or compiler is too old, or too new, for the project or a package.

    Why it matters: nothing of the project can be built or run, and every detour (an older package, a loosened
    requirement) changes the project instead of the machine.

    When it is wrong: the agent may have asked for a package that the project does not need. Warnings, after
    which the work went on, are left out.

    What it suggests: to pin the right version on the machine.
    """

    id = "ENV-02"
    name = "wrong runtime version"
    label = "Environment"
    needles = (
        "engine",
        "requires ",
        "require ",
        "required",
        "requirement",
        "requires-python",
        "not supported",
        "not allowed by the project",
        "not compatible",
        "not satisfy",
        "java runtime",
        "target release",
        "release version",
        "toolchain",
        "invalid go version",
        "gemfile specified",
        "does not support targeting",
        "older than the",
        "this build uses",
    )
    patterns = (
        bound(r"^npm (?:error|ERR!) code (EBADENGINE)$|\b(ERR_PNPM_UNSUPPORTED_ENGINE)\b"),
        bound(r"\bThe engine \"([\w-]{1,20})\" is incompatible with this module"),
        bound(r"\bYou are using (Node\.js) [\d.]{1,12}\b[^\n]{0,40} (?:requires|required)\b"),
        bound(r"\b(Node\.js) version \"?[<>=^~v \d.]{1,20}\"? is required\b"),
        bound(r"\brequires (?:a minimum )?(Node\.js) version (?:of )?v?\d"),
        bound(r"\brequires a different (Python): \d"),
        bound(r"\bIgnored the following versions that require a different (python) version: "),
        bound(r"\b(Python) version \(?[\d.]{1,12}\)? is not (?:supported|allowed) by the project\b"),
        bound(r"\brequested interpreter resolved to (Python) [\d.]{1,12}, which is incompatible\b"),
        bound(r"\bthe requested (Python) version \([^)\n]{1,40}\) does not satisfy\b"),
        bound(r"\bthe current (Python) version \([\d.]{1,12}\) does not satisfy\b"),
        bound(r"^go: [^\n]{0,160}\brequires (go) >= \d[^\n]{0,20}\(running go"),
        bound(r"^go: [^\n]{0,160}\b(?:(toolchain) not available$|invalid (go version) ')"),
        bound(r"\bgo\.mod:\d{1,5}: invalid (go version) '"),
        bound(
            r"\brequires (rustc) \d[\d.]{0,10} or newer, while\b|\b(rustc) [\d.]{1,12} is not supported by\b"
        ),
        bound(r"\bthis version of (Cargo) is older than the `\d{4}` edition\b"),
        bound(r"\bcompiled by a more recent version of the (Java) Runtime\b"),
        bound(r"\b(?:error: (release) version \d{1,2} not supported|invalid (target release): \d)"),
        bound(r"\brequires(?: at least)? (JVM)(?: runtime version)? \d{1,2}\b|\bThis build uses a (Java) \d"),
        bound(r"\bYour (Ruby) version is [\d.]{1,12}, but your Gemfile specified\b"),
        bound(r"\brequires (Ruby) version [<>=~ \d.]{1,20}\. The current ruby version\b"),
        bound(r"\byour (php) version \([^)\n]{1,40}\) does not satisfy\b"),
        bound(r"\bcurrent (\.NET SDK) does not support targeting\b"),
        bound(r"\b(CMake) \d[\d.]{0,10} or higher is required\. {1,2}You are running version\b"),
    )
    summary = 'The machine has another version of `{what}` than is needed: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Pin the version of `{what}` on the machine that {part} asks for."),)

    def listens(self, step: Step) -> bool:
        """Whether something was run or installed."""
        return step.call.tool_kind == "shell" and step.family not in ("read", "search", "edit", "vcs")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it stopped the work, and was not only warned of."""
        del scene
        line = line_at(match.string, match.start(match.lastindex or 0))
        if _WARNS.search(line) or only_quoted(line):
            return False
        if "Ignored the following versions" not in match.group(0):
            return True
        return any(version in line for version in re.findall(r"[=~]=\s?(\d[\w.]{0,20})", step.command))

    def signature(self, step: Step, what: str, line: str) -> str:
        """The runtime alone."""
        del step, line
        return what.lower()


class ManagedPython(PatternDetector):
    """The machine's Python takes no packages: the system manages it, or it has neither pip nor venv.

    Why it matters: each session finds its own way around, often one that the system warns of.

    When it is wrong: the agent may have overlooked a virtual environment that is there. Who only asks for a
    version is left out, and so is an environment made without pip on purpose.

    What it suggests: a virtual environment on the machine image.
    """

    id = "ENV-07"
    name = "managed Python, no venv"
    label = "Environment"
    needles = ("externally", "no module named", "ensurepip")
    patterns = (
        bound(r"^(?:error: |\S{1,20} )?externally-managed-environment$"),
        bound(r"\bThe interpreter at \S{1,200} is externally managed\b"),
        bound(
            r"^(?!\S{0,200}venv)\S{0,200}python[\d.]{0,8}(?:\.exe)?: "
            r"No module named '?(?:pip|venv|ensurepip|virtualenv)'?$"
        ),
        bound(r"\bensurepip is not(?: available|$)|\bensurepip is disabled in \w"),
    )
    summary = 'The machine\'s Python does not take packages: {part} ended with "{line}"'
    advice = (
        Advice("machine_setup", "Create a virtual environment with the project's packages on the image."),
    )

    def listens(self, step: Step) -> bool:
        """Whether something was to be installed or run, not only looked at."""
        return step.call.tool_kind == "shell" and step.family not in ("read", "search", "edit")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it was no question for a version."""
        del match, scene
        asked = [part.words[-1:] for part in step.parts if _PACKAGING & set(part.words)]
        return not asked or any(words not in _ASKS for words in asked)

    def part(self, step: Step, what: str) -> str:
        """The command that was to install something."""
        return next(
            (part.text for part in step.parts if _PACKAGING & set(part.words)), super().part(step, what)
        )

    def signature(self, step: Step, what: str, line: str) -> str:
        """It is one Python, however it says no."""
        del step, what, line
        return "managed python"

    def resolves(self, finding: Finding, later: Step) -> bool:
        """Packages were installed, whatever the way."""
        if later.family == "install" and succeeded(later):
            return True
        return super().resolves(finding, later)


DETECTORS: tuple[Detector, ...] = (CommandMissing(), RuntimeVersion(), ManagedPython())
