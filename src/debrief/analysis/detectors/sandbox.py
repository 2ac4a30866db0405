"""The sandbox: what the agent's own permission system and its cage keep it from."""

import re
from collections.abc import Iterator
from itertools import islice

from debrief.analysis.detector import HITS_KEPT, Advice, Detector, Finding, PatternDetector, Scene, bound
from debrief.analysis.view import Step
from debrief.analysis.wording import code, line_at, short

OPENING = 1_200
"""Characters at either end of a result in which the permission system says what it has to say."""

_BEGINS = re.compile(
    r"(?:<tool_use_error>|Error: |Error executing tool \S{1,60}: ){0,2}(?:"
    r"\w{1,20}(?: \w{1,20}){0,2} requested permissions? to (?![^\n]{0,600}contains a suspicious)"
    r"|Permission to use \S{1,80} (?:with command [^\0]{0,900} )?has been (?:auto-)?denied"
    r"|Permission for this (?:action|command) (?:has been|was) denied"
    r"|This command requires approval"
    r"|This \w{2,12} command contains multiple operations"
    r"|[^\n]{1,400} was blocked\. For security, "
    r"|Output redirection to [^\n]{1,300} (?:was blocked|needs approval)"
    r"|File is in a directory that is denied by your permission settings"
    r"|Permission denied and could not request permission from user"
    r"|Tool execution (?:denied|blocked) by policy"
    r"|The user has specified a rule which prevents you from using"
    r"|PreToolUse:\S{1,60} hook error: "
    r"|approval policy is \w{1,30}; reject command"
    r"|(?:exec_command failed for [^\0]{1,600}: )?"
    r"(?:failed in sandbox \w{1,40} with execution error: |sandbox error: )?sandbox denied exec error"
    r")"
)
_ENDS = re.compile(
    r"(?:` rejected: blocked by policy|writing is blocked by read-only sandbox[^\n]{0,60}"
    r"|writing outside of the project[^\n]{0,60})\s{0,4}\Z"
)


class Forbidden(PatternDetector):
    """The agent's own permission system or sandbox did not let a call through; no person was asked.

    Why it matters: the agent tries again by other ways, or leaves the work undone, although somebody may well
    have allowed it.

    When it is wrong: the rule may be there on purpose, and then the agent has to be told beforehand. A file
    system that is mounted read-only for other reasons looks the same. What a person turned down is not meant.

    What it suggests: to allow the call in the agent's settings, or to say in its instructions that it is off
    limits.
    """

    id = "ENV-08"
    name = "sandbox/permission of the agent"
    label = "Environment"
    needles = ("read-only file system", "erofs", "operation not permitted", "bwrap: ", "sandbox", "seccomp")
    patterns = (
        bound(r"\b[Rr]ead-only file system\b|\bEROFS: "),
        bound(r"^bwrap: (?:Can't|No permissions|setting up|Creating new namespace|loopback)"),
        bound(r"^sandbox-exec: |\bsandbox_apply: Operation not permitted\b|\bSandbox: \S{1,60} deny\("),
        bound(r"\b[Bb]ad system call\b[^\n]{0,40}\bseccomp|\bseccomp[^\n]{0,60}(?:denied|not permitted)"),
        bound(
            r"\blisten EPERM: operation not permitted\b|\bEPERM: operation not permitted, (?:mkdir|scandir) '"
        ),
        bound(r"^(?:touch|mkdir|/bin/ps|/usr/bin/ps)\b[^\n]{0,200}: Operation not permitted$"),
        bound(r"^fatal: [^\n]{0,200}\.git/[^\n]{0,80}: Operation not permitted$"),
    )
    summary = 'The sandbox did not allow it: {part} ended with "{line}"'
    advice = (
        Advice(
            "repo_config",
            "Allow {part} in the agent's settings, or say in its instructions that it is off limits.",
        ),
    )

    def find(self, scene: Scene) -> Iterator[Finding]:
        """What the permission system turned down, and what failed in the sandbox."""
        refused = {step.index for step in islice((s for s in scene.steps if refusal(s)), HITS_KEPT)}
        for index in sorted(refused):
            yield self._refused(scene.steps[index])
        for finding in super().find(scene):
            if finding.steps[0].index not in refused:
                yield finding

    def listens(self, step: Step) -> bool:
        """Whether the step tries to change something, or to run it."""
        return step.call.tool_kind != "agent" and step.family not in ("lint", "search", "test")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the session has not made the file system read-only itself."""
        del scene, match
        return re.search(r"\b(?:mount|chattr|umount|sudo|docker|podman)\b", step.command) is None

    def signature(self, step: Step, what: str, line: str) -> str:
        """What was tried."""
        del what, line
        return _tried(step)

    def _refused(self, step: Step) -> Finding:
        line = line_at(step.text, 0) or line_at(step.text.lstrip(), 0)
        part = code(self.part(step, ""), 60) if step.parts else code(_tried(step), 60)
        said = short(line.removeprefix("<tool_use_error>"), 160).replace('"', "'")
        return Finding(
            signature=_tried(step),
            summary=f'The permission system did not allow {part}: "{said}"',
            subject=_tried(step),
            steps=(step,),
            advice=tuple(Advice(advice.type, advice.text.format(part=part)) for advice in self.advice),
        )


def refusal(step: Step) -> bool:
    """Whether the whole result of `step` is that the permission system turned it down."""
    result = step.result
    if result is None or result.exit_code is not None or step.outcome not in ("error", "unknown"):
        return False
    if step.call.tool_kind == "agent":
        return False
    text = step.text.strip()
    if step.outcome == "error" and _BEGINS.match(text[: 2 * OPENING]):
        return True
    return len(text) <= 2 * OPENING and _ENDS.search(text[-OPENING:]) is not None


def _tried(step: Step) -> str:
    """What the call was: the program and what it does, or else the tool."""
    return step.target if step.parts else step.call.tool or step.target


DETECTORS: tuple[Detector, ...] = (Forbidden(),)
