"""Code quality: builds and linters that had to say it more than once."""

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


DETECTORS: tuple[Detector, ...] = (BuildLoop(), LintLoop())
