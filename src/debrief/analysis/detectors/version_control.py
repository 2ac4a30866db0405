"""Version control: what stands in the way of bringing work together."""

import re

from debrief.analysis.detector import Advice, PatternDetector, Scene, bound
from debrief.analysis.view import Step

_CONCLUDES = re.compile(
    r"\bgit\b[^|;&\n]{0,80}\b(?:commit|(?:merge|rebase|cherry-pick|revert|am) --(?:continue|skip|abort|quit)|"
    r"stash drop|reset --(?:hard|merge)|push)\b"
)


class MergeConflict(PatternDetector):
    """A merge, rebase, cherry-pick or stash ended in conflicts.

    Why it matters: conflicts are resolved by reading two histories, and resolved wrongly they lose work.

    When it is wrong: resolving the conflict may be the very task; then the cost is what it cost.

    What it suggests: to begin from the current state of the branch that the work goes to.
    """

    id = "VC-01"
    name = "merge or rebase conflict"
    label = "Version Control"
    patterns = (
        bound(r"^CONFLICT \([^)\n]{1,40}\): (?:Merge conflict in )?(\S{1,200})"),
        bound(r"^Automatic merge failed; fix conflicts"),
        bound(r"^error: could not apply [0-9a-f]{6,40}"),
        bound(r"^error: (?:patch failed|Merging is not possible because you have unmerged files)"),
    )
    summary = '{command} ended in conflicts: "{line}"'
    advice = (Advice("knowledge", "Update the branch before the work begins: {command} met conflicts."),)

    def signature(self, step: Step, what: str, line: str) -> str:
        """All conflicts of a session are one trouble."""
        del step, what, line
        return "conflict"

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether git says it."""
        del match, scene
        return "git" in step.command or step.family == "vcs"

    def resolves(self, hit: Step, later: Step) -> bool:
        """A commit, a continuation or an abort went through."""
        del hit
        return (
            later.family == "vcs" and later.outcome == "ok" and _CONCLUDES.search(later.command) is not None
        )
