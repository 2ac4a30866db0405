"""Version control: what stands in the way of bringing work together."""

import re
from collections.abc import Iterator

import msgspec

from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound
from debrief.analysis.speech import Speech
from debrief.analysis.view import Part, Step
from debrief.analysis.wording import code
from debrief.analysis.wrappers import after_flags

_CONCLUDES = re.compile(
    r"\bgit\b[^|;&\n]{0,80}\b(?:commit|(?:merge|rebase|cherry-pick|revert|am) --(?:continue|skip|abort|quit)|"
    r"stash drop|reset --(?:hard|merge)|push)\b"
)
_ASKED_FOR = re.compile(
    r"(?<!not )(?<!n't )(?<!never )"
    r"\b(?:merge(?! (?:requests?|commits?)\b)|merging|rebas(?:e|ing)|conflicts?|cherry-?pick(?:ing)?)\b",
    re.IGNORECASE,
)
_UPSTREAM = frozenset({"git push", "git pull", "git merge", "gh pr create", "git fetch"})
"""Commands that fail where two histories went apart."""

_BRINGS_UP = frozenset({"git pull", "git merge", "git rebase", "git reset"})
"""Commands any of which brings a branch to the state of the other side."""

_REWRITES = re.compile(r"\bgit\b[^|;&\n]{0,60}\b(?:commit\b[^|;&\n]{0,80}--amend|rebase|reset)\b")
_REFUSED = re.compile(r"\[rejected\]|^fatal: |^error: failed to push", re.MULTILINE)

_JOINS = frozenset({"git merge", "git rebase"})
_CHANGES_BRANCH = frozenset({"git checkout", "git switch"})
_HEX = re.compile(r"^[0-9a-f]{7,40}$")
_FILE = re.compile(r"^(?:\.{1,2}/|\.$|/)|\.(?:\w{1,4}|lock|toml|yaml|json)$")
_ANEW = "begun anew on another branch than "
_UNDONE = re.compile(r"^(?:ORIG_HEAD|HEAD(?:@\{1\}|~1?|\^)?)$")


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


class RejectedPush(PatternDetector):
    """A push, a pull or a pull request was refused because of how the branch here and the one there stand.

    Why it matters: the branch moved while the session was at work; bringing the two together costs steps, and
    forcing the push loses the other side's commits.

    When it is wrong: a session that rewrites commits which it had pushed itself is refused for that reason.
    Such a refusal is kept, without advice.

    What it suggests: to fetch before the work and before the push.
    """

    id = "VC-02"
    name = "rejected push or diverged branches"
    label = "Version Control"
    needles = ("[rejected]", "fast-forward", "divergent branches", "no commits between", "have diverged")
    patterns = (
        bound(r"^ ?! \[rejected\] [^\n]{1,200}\((fetch first|non-fast-forward|stale info|already exists)\)"),
        bound(r"^fatal: (Not possible to fast-forward), aborting"),
        bound(r"^fatal: (Need to specify how to reconcile divergent branches)"),
        bound(r"^fatal: (refusing to merge unrelated histories)"),
        bound(r"\b(No commits between [\w./@-]{1,120} and [\w./@-]{1,120})"),
        bound(r"^(Your branch and '[^'\n]{1,120}' have diverged)"),
    )
    summary = '{part} was refused: "{line}"'
    advice = (Advice("knowledge", "Others push to this branch: fetch before the work and before the push."),)

    def listens(self, step: Step) -> bool:
        """Only commands that bring the two sides together."""
        return any(part.target in _UPSTREAM for part in step.parts)

    def signature(self, step: Step, what: str, line: str) -> str:
        """All refusals of one command are one trouble."""
        del what, line
        return f"refused {_among(step, _UPSTREAM)}"

    def part(self, step: Step, what: str) -> str:
        """The command that was refused."""
        del what
        return _among(step, _UPSTREAM)

    def find(self, scene: Scene) -> Iterator[Finding]:
        """Every refusal; no advice for those that the session brought about, or that a new branch meets."""
        for finding in super().find(scene):
            (step,) = finding.steps
            rewritten = any(_REWRITES.search(before.command) for before in scene.steps[: step.index])
            other = finding.subject not in _MOVED
            yield msgspec.structs.replace(finding, advice=()) if rewritten or other else finding

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same command went through, or the branches were joined and then it did."""
        wanted = {_among(finding.steps[0], _UPSTREAM)}
        if "git pull" in wanted or "git merge" in wanted:
            wanted |= _BRINGS_UP
        went = later.outcome == "ok" and not _REFUSED.search(later.text)
        return went and any(part.target in wanted for part in later.parts)


_MOVED = frozenset({"fetch first", "non-fast-forward"})
"""Refusals that tell of commits on the other side."""


class WrongBranch(PatternDetector):
    """Git was asked for a branch that is not there or is in use, or a merge was begun anew with another one.

    Why it matters: work begins in the wrong place; what was merged or built on it has to be taken back.

    When it is wrong: a name may be tried on purpose, and a folder without a repository is often only looked
    at. Words that mean a file, and commands that only look, are left out.

    What it suggests: to name the branch, or its base, in the first message; where another session holds the
    branch or the index, to give each session a worktree of its own.
    """

    id = "VC-03"
    name = "wrong branch, base or worktree"
    label = "Version Control"
    needles = (
        "already used by worktree",
        "already checked out",
        "did not match any file(s)",
        "index.lock",
        "src refspec",
        "invalid reference",
        "not currently on a branch",
        "invalid upstream",
        "not something we can merge",
    )
    patterns = (
        bound(r"^fatal: '([^'\n]{1,200})' is already (?:used by worktree|checked out) at"),
        bound(r"^error: pathspec '([^'\n]{1,200})' did not match any file\(s\) known to git"),
        bound(r"^fatal: Unable to create '[^'\n]{1,300}/(index\.lock)': File exists"),
        bound(r"^error: src refspec (\S{1,200}) does not match any"),
        bound(r"^fatal: invalid (?:reference: |upstream ')([^'\n]{1,200})"),
        bound(r"^merge: (\S{1,200}) - not something we can merge"),
        bound(r"^fatal: (You are not currently on a branch)"),
    )
    summary = '{part} met the wrong branch or worktree: "{line}"'
    advice = (Advice("prompt_improvement", "Name the branch and its base in the first message, not {what}."),)

    def listens(self, step: Step) -> bool:
        """Only where git runs."""
        return any(part.target.startswith("git ") for part in step.parts)

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Not a missing file, a new repository without a commit, or a branch that is created right after."""
        if "pathspec" not in match.group():
            return not (match.group().startswith("error: src") and _is_new(step, scene))
        parts = [part for part in step.parts if part.target in _CHANGES_BRANCH]
        return any("--" not in part.words and match.group(1) in part.words for part in parts) and not (
            _FILE.search(match.group(1))
        )

    def signature(self, step: Step, what: str, line: str) -> str:
        """What was asked for."""
        del step, line
        return f"wrong {what}"

    def part(self, step: Step, what: str) -> str:
        """The command that names it."""
        git = [part.text for part in step.parts if part.target.startswith("git ")]
        return next((text for text in git if what in text), git[0])

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """A branch or an index in somebody else's hands asks for another remedy than a wrong name."""
        found = super().finding(speech, match)
        if "already" in match.group() or "index.lock" in match.group():
            own = Advice("machine_setup", "Give each session a worktree and a branch of its own.")
            return msgspec.structs.replace(found, advice=(own,))
        if "not currently on a branch" in match.group():
            return msgspec.structs.replace(found, advice=())
        return found

    def find(self, scene: Scene) -> Iterator[Finding]:
        """What git says, and merges that were taken back and begun with another branch."""
        yield from super().find(scene)
        yield from _begun_anew(scene)

    def resolves(self, finding: Finding, later: Step) -> bool:
        """A command of the same kind went through; for work begun anew, the new beginning."""
        if finding.signature.startswith(_ANEW):
            return any(_joined(part) == finding.subject for part in later.parts)
        kinds = {part.target for part in finding.steps[0].parts if part.target.startswith("git ")}
        kinds -= {"git stash", "git add", "git commit", "git status"}
        kinds |= _CHANGES_BRANCH if kinds & _CHANGES_BRANCH else set()
        return later.outcome == "ok" and any(part.target in kinds for part in later.parts)


def _begun_anew(scene: Scene) -> Iterator[Finding]:
    """Each merge or rebase that was undone and followed by one with another branch."""
    begun: tuple[Step, str] | None = None
    undone: Step | None = None
    for step in scene.steps:
        if step.outcome in ("rejected", "cascade", "interrupted"):
            continue
        for part in step.parts:
            ref = _joined(part)
            if begun is None or (ref and undone is None):
                begun = (step, ref) if ref else begun
            elif _takes_back(part):
                undone = step
            elif ref and undone is not None:
                if _branch(ref) != _branch(begun[1]):
                    yield _other_base(begun, undone, (step, ref), scene)
                begun, undone = (step, ref), None
            elif part.target in ("git commit", "git push"):
                begun = undone = None


def _other_base(begun: tuple[Step, str], undone: Step, again: tuple[Step, str], scene: Scene) -> Finding:
    first, second = code(begun[1], 80), code(again[1], 80)
    start, end = begun[0].call.ordinal, again[0].call.ordinal
    told = [event.ordinal for event in (*scene.interrupts, *scene.prompts) if start < event.ordinal < end]
    return Finding(
        signature=f"{_ANEW}{_branch(begun[1])}",
        summary=f"Work on {first} was taken back and begun anew on {second}",
        subject=again[1],
        steps=(begun[0],),
        evidence=(*sorted(told)[:2], undone.last_ordinal, again[0].last_ordinal),
        advice=(Advice("prompt_improvement", f"Name the branch in the first message: {second}."),),
    )


def _joined(part: Part) -> str:
    """The branch that `part` merges or rebases onto, if it names one."""
    if part.target not in _JOINS or "--onto" in part.words:
        return ""
    words = after_flags(part.words, 1, "git")[1:]
    refs = [word for word in words if not word.startswith("-") and word != "2>&1"]
    named = len(refs) == 1 and not refs[0].startswith(("HEAD", "@")) and not _HEX.match(refs[0])
    return refs[0] if named else ""


def _takes_back(part: Part) -> bool:
    if part.target in _JOINS and "--abort" in part.words:
        return True
    back = [word for word in after_flags(part.words, 1, "git")[1:] if not word.startswith("-")]
    return (
        part.target == "git reset"
        and ("--hard" in part.words or "--merge" in part.words)
        and (not back or _UNDONE.match(back[0]) is not None)
    )


def _branch(ref: str) -> str:
    return ref.removeprefix("refs/heads/").removeprefix("origin/")


def _is_new(step: Step, scene: Scene) -> bool:
    """Whether the session began the repository itself."""
    return any("git init" in before.command for before in scene.steps[: step.index + 1])


def _among(step: Step, targets: frozenset[str]) -> str:
    """The last of the commands of `step` that is one of `targets`."""
    return next((part.target for part in reversed(step.parts) if part.target in targets), step.target)


DETECTORS: tuple[Detector, ...] = (WrongBranch(), MergeConflict(), RejectedPush())
"""A wrong base is the cause of its conflicts, so that it is asked first and pays for them."""
