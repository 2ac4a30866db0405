"""Code quality: builds and linters that had to say it more than once, and hooks that refused the work."""

import re
from collections.abc import Iterator

import msgspec

from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound
from debrief.analysis.speech import Speech
from debrief.analysis.view import Step

_INLINE = re.compile(r"\s-[ce]\s*[\"'$]|<<-?\s*['\"]?\w")
_GO_WORDS = (
    r"undefined|declared and not used|cannot use|imported and not used|missing|not enough|too many|"
    r"syntax error|unknown field|redeclared|expected"
)
_GO_LINTERS = (
    r"errcheck|unused|govet|staticcheck|gosec|dupl|goconst|revive|gocritic|unparam|testifylint|wrapcheck|"
    r"ireturn|nilerr|ineffassign|gofmt|goimports|gci|maintidx|cyclop|funlen"
)

_HOOKED = ("git commit", "git push", "git merge", "git rebase", "git cherry-pick")
"""Commands that git's hooks watch."""


class Loop(PatternDetector):
    """A pattern detector for checks that fail again after a change; one episode for each check."""

    least = 2

    def signature(self, step: Step, what: str, line: str) -> str:
        """The check that fails: its errors differ from run to run."""
        del what, line
        return f"{step.family} {step.target}"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """Only runs that follow a change: looking at the same output twice is no loop."""
        changes_at: dict[str, int] = {}
        changes = position = 0
        for finding in super().find(scene):
            (step,) = finding.steps
            changes += sum(bool(earlier.call.edits) for earlier in scene.steps[position : step.index])
            position = step.index
            if changes_at.get(finding.signature) != changes:
                changes_at[finding.signature] = changes
                yield finding

    def listens(self, step: Step) -> bool:
        """Only the run of a check or of a program, and not of one typed into the command line."""
        return step.family in ("build", "lint", "test", "run", "vcs") and not _INLINE.search(step.command)


class BuildLoop(Loop):
    """The compiler, or the interpreter, refused the code twice or more, with changes in between.

    Why it matters: each round is a guess that the compiler refused; a hook would have said it at once.

    When it is wrong: large changes are often made with the compiler as a guide.

    What it suggests: to run the build after each change by a hook.
    """

    id = "CQ-01"
    name = "build or compile loop"
    label = "Code Quality"
    needles = ("error", ".go:")
    patterns = (
        bound(r"\berror TS\d{4,5}: "),
        bound(r"^error\[E\d{4}\]: "),
        bound(rf"^(?:vet: )?[\w./-]{{1,200}}\.go:\d{{1,6}}:\d{{1,5}}: (?=[^\n]{{0,200}}(?:{_GO_WORDS}))"),
        bound(r"^\S{1,200}\.(?:java|kt|scala|swift):\d{1,6}:(?:\d{1,5}:)? error:"),
        bound(r"^\S{1,200}\.(?:c|cc|cpp|cxx|h|hpp|m|mm):\d{1,6}:(?:\d{1,5}:)? (?:fatal )?error: "),
        bound(r"^\s{0,20}(?:\w{1,20}\.)?SyntaxError: "),
    )
    summary = 'The code was refused more than once, first by {part}: "{line}"'
    advice = (Advice("repo_config", "Run {part} by a hook after each change."),)

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """A hook can run a build or a test, but not whatever program was being written."""
        found = super().finding(speech, match)
        return msgspec.structs.replace(found, advice=()) if speech.step.family == "run" else found


class LintLoop(Loop):
    """The linter or the formatter complained twice or more, with changes in between.

    Why it matters: rules that the agent does not know cost a round each time.

    When it is wrong: a linter that found something new each time did its work.

    What it suggests: to fix by a hook what can be fixed.
    """

    id = "CQ-02"
    name = "lint or format loop"
    label = "Code Quality"
    needles = (")", "problem", ":", "would reformat", "code style", "error", "warning")
    patterns = (
        bound(rf"\(({_GO_LINTERS})\)$"),
        bound(r"^✖ \d{1,6} problems?"),
        bound(r"^\S{1,200}:\d{1,6}:\d{1,5}: ([A-Z]{1,4}\d{3,4}) "),
        bound(r"^(?:would reformat|\[warn\] Code style issues found|Code style issues found)"),
        bound(r"\bclippy::(\w{1,60})"),
        bound(r"^\s{0,8}\d{1,6}:\d{1,5}\s{1,8}(?:error|warning)\s{1,8}\S[^\n]{0,300}\s([@\w/-]{1,60})$"),
    )
    summary = 'The linter complained more than once, first {part}: "{line}"'
    advice = (Advice("repo_config", "Run the formatter and the linter's own fixes by a hook after changes."),)


class HookRejects(PatternDetector):
    """A hook refused a commit or a push: its checks found what had not been checked before.

    Why it matters: the checks run only when the work is thought to be finished, and the commit has to be made
    again.

    When it is wrong: a hook that mends the files itself and passes at the second try does what it is for;
    that is left out as everyday work. A branch that may not be pushed to is ACC-02, a push that comes too
    late VC-02.

    What it suggests: to run the hook's checks after changes, not only at the commit.
    """

    id = "CQ-03"
    name = "pre-commit or CI hook rejects"
    label = "Code Quality"
    needles = (
        "hook",
        "husky",
        "lefthook",
        "problems,",
        "lint-staged",
        "pre-commit",
        "pre-push",
        "commit-msg",
    )
    patterns = (
        bound(r"^- hook id: ([\w.-]{1,80})$"),
        bound(r"^husky [->] ([\w-]{3,20}) (?:hook|script)\b[^\n]{0,40}\b(?:exited with|failed)"),
        bound(r"^\s{0,4}\u2716 lint-staged (failed|could not)"),
        bound(r"\[remote rejected\] [^\n]{1,200}\(((?:pre-receive|update|commit-msg) hook declined)\)"),
        bound(r"^remote: (?:error: )?(hook declined to update \S{1,200})"),
        bound(r"^\s{0,4}\U0001f94a\s{1,4}([\w.:-]{1,60})"),
        bound(r"^\s{0,4}\u2716\s{1,4}(found [1-9]\d{0,4} problems?, \d{1,5} warnings?)"),
        bound(
            r"\b((?:pre-commit|pre-push|commit-msg|prepare-commit-msg)(?: hook| checks?)?)[^\n\w]{0,3}"
            r"(?: (?:has|was|script|is))? ?(?:failed|rejected|refused|blocked|aborted|exited with)"
        ),
        bound(r"(?i:commit|push) (?:aborted|rejected|blocked|refused) by (?:the )?([\w-]{3,20}) hook"),
    )
    summary = '{part} was refused by a hook: "{line}"'
    advice = (Advice("repo_config", "Run the hook's checks after changes, before the commit: {what}."),)

    def listens(self, step: Step) -> bool:
        """Only a commit or what moves commits."""
        return any(part.target in _HOOKED for part in step.parts)

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Not where a rule of the server's protects the branch."""
        del scene
        return "protected branch" not in step.text[max(0, match.start() - 200) : match.end() + 200].lower()

    def signature(self, step: Step, what: str, line: str) -> str:
        """The hook that refuses."""
        del step, line
        return f"hook {what}"

    def part(self, step: Step, what: str) -> str:
        """The command without its message."""
        del what
        return next(part.target for part in step.parts if part.target in _HOOKED)

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same command went through, and not past the hook."""
        (hit,) = finding.steps
        return (
            later.outcome == "ok"
            and "--no-verify" not in later.command
            and any(part.target == self.part(hit, "") for part in later.parts)
        )


DETECTORS: tuple[Detector, ...] = (BuildLoop(), LintLoop(), HookRejects())
