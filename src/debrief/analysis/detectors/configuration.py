"""Configuration: settings that the program needs and did not get."""

import re

from debrief.analysis.changes import base_name
from debrief.analysis.detector import Advice, Detector, PatternDetector, Scene, bound, succeeded
from debrief.analysis.expectations import only_quoted
from debrief.analysis.view import Step
from debrief.analysis.wording import line_at

_LONG = r"([A-Z][A-Z0-9]{0,30}_[A-Z0-9_]{1,60})"
_ANY = r"([A-Z][A-Z0-9]{0,30}_[A-Z0-9_]{1,60}|[A-Z][A-Z0-9]{2,40})"
_ABSENT = r"(?i:not set|missing|required|undefined|not found|not defined|empty)"
_TEMPLATES = frozenset({".env.example", ".env.sample", ".env.template"})

_LISTERS = frozenset({"ls", "find", "fd", "tree", "eza", "dir"})
_MANIFESTS = frozenset(
    {
        "build.gradle",
        "cargo.toml",
        "composer.json",
        "configuration file",
        "gemfile",
        "go.mod",
        "main module",
        "makefile",
        "package.json",
        "pom",
        "pom.xml",
        "pyproject.toml",
        "requirements-dev.txt",
        "requirements.txt",
        "setup.py",
    }
)
"""What a tool looks for in the folder that it is called in; absent there, it was mostly the wrong folder."""

_SETTINGS = re.compile(
    r"(?i)(?:\.env(?:\.[\w-]{1,30}){0,2}"
    r"|(?:app)?settings[\w.-]{0,30}\.(?:json|ya?ml|toml|ini|py)"
    r"|[\w.-]{0,40}conf(?:ig(?:uration)?)?[\w.-]{0,30}\.(?:json|ya?ml|toml|ini|[cm]?[jt]s|cfg|xml)"
    r"|application[\w-]{0,30}\.(?:properties|ya?ml)|local\.properties"
    r"|(?:docker-)?compose[\w.-]{0,30}\.ya?ml|dockerfile[\w.-]{0,30}|kubeconfig|secrets?\.(?:ya?ml|json|toml)"
    r"|\.[a-z]{2,20}rc(?:\.(?:json|ya?ml|[cm]?js))?|[\w.-]{1,60}\.(?:ini|conf|cfg)|config(?:uration)?|eslint\.config)\Z"
)


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


class MissingFile(PatternDetector):
    """A program did not find the file with its settings, or the file that makes a folder a project.

    Why it matters: what the program needs to start is on somebody's machine and not in the repository, so
    each session guesses its contents anew.

    When it is wrong: the agent may have stood in the wrong folder, or named a file that never was. A file
    that the command line names or that the session had seen before is left out, and so is a project's own
    file that the session wrote, or without which the same tool worked at another time.

    What it suggests: to add the file to the repository, or to write down where it comes from.
    """

    id = "CFG-02"
    name = "missing config file"
    label = "Configuration"
    needles = (
        "no such file",
        "not found",
        "could not ",
        "couldn't ",
        "does not ",
        "cannot find ",
        "there is no pom",
        "no package.json",
        "no makefile",
        "no config file",
    )
    patterns = (
        bound(r"\bno such file or directory, (?:open|stat|lstat|access) '([^'\n]{1,300})'"),
        bound(
            r"\b(?:FileNotFoundError|ERROR)[^\n]{0,60}\[Errno 2\] "
            r"No such file or directory: '([^'\n]{1,300})'"
        ),
        bound(r"\b(?:open|stat) (/?[\w./@~+-]{1,300}): no such file or directory"),
        bound(r"\b[Ee]nv(?:ironment)? file:? \"?(/?[\w./@~+-]{1,300})\"? (?:was )?not found"),
        bound(
            r"\b(?i:config(?:uration)? file|settings file|kubeconfig)(?: at| named)?:? [\"'`]?"
            r"([\w./@~+-]{1,300}?)[\"'`]? (?:was |is )?"
            r"(?:not found|does not exist|could not be (?:found|opened))"
        ),
        bound(
            r"^\S{0,80}: (?:line \d{1,5}: )?((?:[\w.@~+-]{0,60}/){0,8}\.env[\w.]{0,20})"
            r": No such file or directory"
        ),
        bound(r"\bcould not find `(Cargo\.toml)` in `"),
        bound(r"^go: (?:cannot find (main module)|(go\.mod) file not found in current directory)"),
        bound(
            r"\b[Cc]ould not (?:read|find) (?:a )?(package\.json|pyproject\.toml|composer\.json)\b(?! data)"
        ),
        bound(r"\b(?:Couldn't find a|No) (package\.json)(?: file in| \(or| was found| found)"),
        bound(r"\bneither 'setup\.py' nor '(pyproject\.toml)' found"),
        bound(r"\bNo targets specified and no (makefile) found"),
        bound(r"\bthere is no (POM) in this directory|\bCould not locate (Gemfile)\b"),
        bound(r"\berror TS505[78]: [^\n]{0,80}?\b(tsconfig[\w.-]{0,40}\.json)"),
        bound(r"\bESLint couldn't find an? (eslint\.config|\.eslintrc|configuration)\S{0,20} file"),
        bound(r"\b(?:No|no) config file '([\w./-]{1,120})' found"),
    )
    summary = 'The file `{what}` was missing: {part} ended with "{line}"'
    advice = (Advice("repo_config", "Add `{what}` to the repository, or document how to get it for {part}."),)

    def listens(self, step: Step) -> bool:
        """Whoever reads or lists only looks whether a file is there."""
        return step.call.tool_kind == "shell" and step.family not in ("read", "search", "edit", "vcs")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it holds settings and was not seen before; a project's own file must never have been."""
        path = next(group for group in match.groups() if group)
        name = base_name(path)
        if name in step.command or only_quoted(line_at(match.string, match.start())):
            return False
        if name.lower() in _MANIFESTS:
            return not _seen(name, scene.steps) and not any(
                _same_work(step, other) and succeeded(other) for other in scene.steps
            )
        return _SETTINGS.match(name) is not None and not _seen(name, scene.steps[: step.index])

    def signature(self, step: Step, what: str, line: str) -> str:
        """The file's name alone."""
        del step, line
        return base_name(what)

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """A template of it was written."""
        between = scene.steps[hits[0].index : resolution.index]
        return any(base_name(edit.path) in _TEMPLATES for step in between for edit in step.call.edits)


_FILE = r"((?:[\w.@~+-]{0,80}/){0,12}[\w.@+-]{1,80})"
_CONFIGURING = r"((?:[\w.@~+-]{0,80}/){0,12}[\w.@+-]{0,80}\.(?:ya?ml|json|toml|ini|conf|cfg))"


class InvalidFile(PatternDetector):
    """A program could not read its settings: the file is there, and does not parse or says what it may not.

    Why it matters: until it is put right, nothing that uses the file can run, for no session and no person.

    When it is wrong: the agent may have broken the file itself a moment before. A file that the session
    changed is left out where the same work succeeds later.

    What it suggests: to repair the file.
    """

    id = "CFG-03"
    name = "invalid config"
    label = "Configuration"
    needles = (
        "pars",
        "invalid",
        "decod",
        "error ts",
        "yaml",
        "[emerg]",
        "syntax error on line",
        "bad config",
        "cannot read config",
        "load config",
        "read config",
        "additional property",
        "unexpected line",
    )
    patterns = (
        bound(rf"\bfailed to parse manifest at `{_FILE}`"),
        bound(rf"^(?:error: |  Cause: |ruff failed\n  Cause: )[Ff]ailed to parse:? `?{_CONFIGURING}`?"),
        bound(r"\bJSON\.parse (?:Invalid |Failed to parse (?:root )?)(package\.json)\b"),
        bound(
            r"^((?:[\w.@-]{1,60}/){0,8}tsconfig[\w.-]{0,40}\.json)\(\d{1,6},\d{1,6}\)"
            r": error TS(?:5\d{3}|6\d{3}):"
        ),
        bound(rf"\bCannot read config file: {_FILE}|\bESLint configuration in {_FILE} is invalid:"),
        bound(rf"\bvalidating {_CONFIGURING}: \S|\bparsing {_CONFIGURING}: (?:error converting YAML|yaml: )"),
        bound(
            r"^(?:error: |Error: )?(yaml): (?:line \d{1,6}: )?"
            r"(?:mapping values|did not find expected|unmarshal err)"
        ),
        bound(
            r"^yaml\.(?:scanner|parser|composer)\.\w{5,20}Error: [^\n]{0,200}\n(?:[^\n]{0,200}\n){0,3}? {0,4}"
            r"in \"([^\"\n]{1,200})\", line \d"
        ),
        bound(rf"\bnginx: \[emerg\] [^\n]{{1,200}} in {_FILE}:\d{{1,6}}"),
        bound(rf"\bSyntax error on line \d{{1,6}} of {_FILE}:"),
        bound(rf"^{_FILE}: line \d{{1,6}}: Bad configuration option: "),
        bound(rf"^fatal: bad config (?:line \d{{1,6}}|variable '[^'\n]{{1,80}}') in file {_FILE}"),
        bound(
            r"^ERROR: ((?:/\S{0,200}/)?(?:pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml)):(?:\d{1,5}: )?"
        ),
        bound(rf"\bfailed to load config from {_FILE}$"),
        bound(rf"(?i:\bfailed to load configuration from file) '{_FILE}'"),
        bound(r"\bInvalid configuration object\. (Webpack) has been initialized"),
        bound(rf"(?i:\binvalid config(?:uration)? (?:file |in |for |of )\"?){_CONFIGURING}"),
        bound(r"\b([Dd]ockerfile) parse error (?:on )?line \d{1,5}: "),
        bound(rf"\bInvalid(?:Config|Manifest)Error: ?\n==> File {_FILE}"),
        bound(
            r"(?i:\berror (?:parsing|loading|decoding) (?:the )?config(?:uration)? (?:file )?[\"'`]?)"
            rf"{_CONFIGURING}"
        ),
    )
    summary = 'The settings in `{what}` are not valid: {part} ended with "{line}"'
    advice = (Advice("repo_config", "Repair `{what}`, on which {part} depends."),)

    def listens(self, step: Step) -> bool:
        """Whether something was run on the settings, not looked at."""
        return step.call.tool_kind == "shell" and step.family not in ("read", "search", "edit")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the file is there and not the session's own slip."""
        line = line_at(match.string, match.start(match.lastindex or 0))
        if re.search(
            r"(?i:no such file|not found|does not exist|permission denied)|ENOENT|TS6059|TS6053", line
        ):
            return False
        name = base_name(next(group for group in match.groups() if group))
        if step.family == "test" and not _SETTINGS.match(name) and name.lower() not in _MANIFESTS:
            return False
        if not _written(name, scene.steps[: step.index]):
            return True
        return not any(
            _same_work(step, later) and succeeded(later) for later in scene.steps[step.index + 1 :]
        )

    def signature(self, step: Step, what: str, line: str) -> str:
        """The file's name alone."""
        del step, line
        return base_name(what)

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """The session wrote the file that it was about."""
        return any(
            base_name(edit.path) in hit.text
            for hit in hits
            for step in scene.steps[hit.index : resolution.index]
            for edit in step.call.edits
        )


def _same_work(one: Step, other: Step) -> bool:
    return (one.family, one.target) == (other.family, other.target)


def _seen(name: str, steps: tuple[Step, ...]) -> bool:
    """Whether a call of `steps` read, wrote or listed a file called `name`."""
    token = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
    for step in steps:
        if step.outcome not in ("ok", "unknown"):
            continue
        if base_name(step.call.path or "") == name or (_lists(step) and token.search(step.text)):
            return True
    return _written(name, steps)


def _lists(step: Step) -> bool:
    if not step.parts:
        return step.call.tool_kind == "search"
    return any(part.words and part.words[0] in _LISTERS for part in step.parts)


def _written(name: str, steps: tuple[Step, ...]) -> bool:
    """Whether `steps` changed a file called `name`, with a tool for it or in the shell."""
    return any(
        any(base_name(edit.path) == name for edit in step.call.edits)
        or any(part.family == "edit" and base_name(part.target) == name for part in step.parts)
        for step in steps
    )


DETECTORS: tuple[Detector, ...] = (MissingVariable(), MissingFile(), InvalidFile())
