"""Version control: what stands in the way of bringing work together."""

import re
from collections.abc import Iterator

import msgspec

from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound
from debrief.analysis.view import Step

_CONCLUDES = re.compile(
    r"\bgit\b[^|;&\n]{0,80}\b(?:commit|(?:merge|rebase|cherry-pick|revert|am) --(?:continue|skip|abort|quit)|"
    r"stash drop|reset --(?:hard|merge)|push)\b"
)
_ASKED_FOR = re.compile(
    r"(?<!not )(?<!n't )(?<!never )"
    r"\b(?:merge(?! (?:requests?|commits?)\b)|merging|rebas(?:e|ing)|conflicts?|cherry-?pick(?:ing)?)\b",
    re.IGNORECASE,
)


class MergeConflict(PatternDetector):
    """A merge, rebase, cherry-pick or stash ended in conflicts.

    Why it matters: conflicts are resolved by reading two histories, and resolved wrongly they lose work.

    When it is wrong: resolving the conflict may be the very task. Where the person had asked to merge, to
    rebase or to resolve conflicts, the impact is low at most, whatever the task cost.

    What it suggests: to begin from the current state of the branch that the work goes to. Nothing where the
    person had asked to merge.
    """

    id = "VC-01"
    name = "merge or rebase conflict"
    label = "Version Control"
    version = 2
    needles = ("conflict (", "automatic merge failed", "could not apply", "patch failed", "unmerged files")
    patterns = (
        bound(r"^CONFLICT \([^)\n]{1,40}\): (?:Merge conflict in )?(\S{1,200})"),
        bound(r"^Automatic merge failed; fix conflicts"),
        bound(r"^error: could not apply [0-9a-f]{6,40}"),
        bound(r"^error: (?:patch failed|Merging is not possible because you have unmerged files)"),
    )
    summary = '{part} ended in conflicts: "{line}"'
    advice = (Advice("knowledge", "Update the branch before the work begins: {part} met conflicts."),)

    def find(self, scene: Scene) -> Iterator[Finding]:
        """Every conflict; advice, and more than low impact, only for those that nobody asked for."""
        asked = next((word.ordinal for word in scene.prompts if _ASKED_FOR.search(word.text)), None)
        for finding in super().find(scene):
            expected = asked is not None and asked < finding.steps[0].call.ordinal
            yield msgspec.structs.replace(finding, advice=(), at_most="Low") if expected else finding

    def signature(self, step: Step, what: str, line: str) -> str:
        """All conflicts of a session are one trouble."""
        del step, what, line
        return "conflict"

    def listens(self, step: Step) -> bool:
        """Whether git speaks."""
        return "git" in step.command or step.family == "vcs"

    def resolves(self, finding: Finding, later: Step) -> bool:
        """A commit, a continuation or an abort went through."""
        del finding
        return (
            later.family == "vcs" and later.outcome == "ok" and _CONCLUDES.search(later.command) is not None
        )


DETECTORS: tuple[Detector, ...] = (MergeConflict(),)
