"""Version control: work of the session that the session threw away."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from debrief.analysis.changes import base_name, source_paths
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.view import Part, Step
from debrief.analysis.wording import code, names, plural, short
from debrief.analysis.wrappers import after_flags
from debrief.model import Event

LINES = 20
"""From so many lines on, in one file, thrown-away work is worth a word."""

FILES = 2
"""From so many files on it is, however few the lines."""

MANY_LINES = 100
"""From so many lines on the impact is High."""

EVIDENCE = 10
"""Lost changes that are cited."""

_EVERYTHING = frozenset({".", "./", ":/", "*"})
_BACK_ONE = re.compile(r"^(?:HEAD(?:~1?|\^)|@(?:~1?|\^))$")
_OWN_STATE = frozenset({"HEAD", "@"})
_MADE = re.compile(r"^\[[^\]\n]{1,120} ([0-9a-f]{7,40})\] ", re.MULTILINE)
_FAILED = re.compile(r"^(?:error|fatal): ", re.MULTILINE)
_SHA = re.compile(r"^[0-9a-f]{7,40}$")


class Undoing(Struct, frozen=True):
    """What a command throws away of what the session wrote.

    `paths`: only there, everywhere without any. `pending`: what is not committed. `commit`: what this commit
    holds, too.
    """

    paths: tuple[str, ...] = ()
    pending: bool = True
    commit: str = ""


class RevertedWork(Detector):
    """Changes that the session had made were thrown away: by git, or by an edit that put the old text back.

    Why it matters: the work was paid for twice, once to do it and once to undo it, and nothing is left of it.

    When it is wrong: an experiment is meant to be thrown away. Small changes are left alone, so are stashes
    that may come back, files that a program had changed, and work that was put back right after.

    What it suggests: where a person asked for it in between, to say it in the first message.
    """

    id = "VC-04"
    name = "reverted work"
    label = "Version Control"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """Each command, and each pair of edits, that undoes enough."""
        pending: list[Step] = []
        commits: list[tuple[str, list[Step]]] = []
        for step in scene.steps:
            if step.outcome not in ("ok", "unknown"):
                continue
            if source_paths(step):
                pending.append(step)
            for part in step.parts:
                if part.target == "git commit":
                    made = _MADE.search(step.text)
                    commits.append((made.group(1) if made else "", pending))
                    pending = []
                    continue
                undoing = _undoing(part)
                if undoing is None or not _surely_ran(step):
                    continue
                lost = _lost(undoing, pending, commits, scene)
                gone = {one.index for one in lost}
                pending = [one for one in pending if one.index not in gone]
                if _enough(lost) and not _put_back(lost, step, scene):
                    yield _finding(lost, step, code(part.text, 60), scene)
        for lost, step in _restored(scene):
            yield _finding(lost, step, "a later edit", scene)


def _surely_ran(step: Step) -> bool:
    return step.outcome == "ok" and "||" not in step.command and not _FAILED.search(step.text)


def _undoing(part: Part) -> Undoing | None:
    """What `part` throws away, if it is a command that does."""
    if not part.target.startswith("git "):
        return None
    verb, *rest = after_flags(part.words, 1, "git")
    paths = tuple(word for word in rest if not word.startswith("-"))
    if verb == "checkout":
        return _checkout(rest, paths)
    if verb == "restore":
        index_only = "--staged" in rest and "--worktree" not in rest
        elsewhere = any(word.startswith(("--source", "-s")) for word in rest)
        return Undoing(paths) if paths and not index_only and not elsewhere else None
    if verb == "reset" and "--hard" in rest:
        pending_only = not paths or paths[0] in _OWN_STATE
        back_one = not pending_only and _BACK_ONE.match(paths[0])
        return Undoing() if pending_only else Undoing(commit="HEAD") if back_one else None
    if verb == "revert" and len(paths) == 1 and set(rest) <= {paths[0], "--no-edit"}:
        return Undoing(pending=False, commit=paths[0])
    return None


def _checkout(rest: list[str], paths: tuple[str, ...]) -> Undoing | None:
    """A checkout of files, not of a branch, as they were at the last commit."""
    if "--" in rest:
        before = [word for word in rest[: rest.index("--")] if not word.startswith("-")]
        after = tuple(rest[rest.index("--") + 1 :])
        return Undoing(after) if after and (not before or before[0] in _OWN_STATE) else None
    files = paths[1:] if paths and paths[0] in _OWN_STATE else paths
    plain = len(paths) == len(rest) and bool(files) and all(_is_path(path) for path in files)
    return Undoing(files) if plain else None


def _is_path(word: str) -> bool:
    return word in _EVERYTHING or re.search(r"\.\w{1,6}$", word) is not None


def _lost(
    undoing: Undoing, pending: list[Step], commits: list[tuple[str, list[Step]]], scene: Scene
) -> list[Step]:
    """The steps whose changes are gone."""
    lost = list(pending) if undoing.pending else []
    if undoing.commit and commits:
        name = undoing.commit
        of_name = [done for sha, done in commits if _SHA.match(name) and sha and sha.startswith(name[:7])]
        lost += commits[-1][1] if name in _OWN_STATE else of_name[-1] if of_name else []
    if not undoing.paths or not _EVERYTHING.isdisjoint(undoing.paths):
        inside = (scene.session.cwd or "").rstrip("/")
        return [step for step in lost if all(_lies_in(path, inside) for path in source_paths(step))]
    return [step for step in lost if all(_named(path, undoing.paths) for path in source_paths(step))]


def _lies_in(path: str, folder: str) -> bool:
    return not path.startswith("/") or not folder or path.startswith(f"{folder}/")


def _named(path: str, named: tuple[str, ...]) -> bool:
    """Whether one of the words of a command means the file at `path`, or a folder above it."""
    whole = "/" + path.replace("\\", "/").strip("/") + "/"
    return any(f"/{word.removeprefix('./').strip('/')}/" in whole for word in named)


def _enough(lost: list[Step]) -> bool:
    files = {path for step in lost for path in source_paths(step)}
    return _lines(lost) >= LINES or len(files) >= FILES


def _lines(steps: list[Step]) -> int:
    """How many lines the edits of `steps` changed, without those that only say where."""
    total = 0
    for step in steps:
        for edit in step.call.edits:
            old, new = Counter(edit.old.splitlines()), Counter(edit.new.splitlines())
            total += max((new - old).total(), (old - new).total())
    return total


def _put_back(lost: list[Step], undone: Step, scene: Scene) -> bool:
    """Whether the same text is written again later, or a copy is brought back."""
    new = {(edit.path, edit.new) for step in lost for edit in step.call.edits}
    files = {base_name(path) for step in lost for path in source_paths(step)}
    for later in scene.steps[undone.index : undone.index + 12]:
        if later.index > undone.index and any((edit.path, edit.new) in new for edit in later.call.edits):
            return True
        for part in later.parts:
            back = part.target in ("git stash", "git apply", "git cherry-pick") and "push" not in part.words
            copied = part.words[:1] in (("cp",), ("mv",)) and base_name(part.words[-1]) in files
            if copied or (back and later.index > undone.index):
                return True
    return False


def _restored(scene: Scene) -> Iterator[tuple[list[Step], Step]]:
    """Edits of many lines whose exact opposite is the next edit of the same file that touches them."""
    edits = [
        (step, edit)
        for step in scene.steps
        if len(source_paths(step)) == 1 and len(step.call.edits) == 1
        for edit in step.call.edits
        if edit.old
    ]
    by_file: dict[str, list[tuple[Step, str, str]]] = {}
    for step, edit in edits:
        by_file.setdefault(edit.path, []).append((step, edit.old, edit.new))
    for done in by_file.values():
        for (first, old, new), (second, again, back) in pairwise(done):
            if old == back and new == again and _lines([first]) >= LINES:
                yield [first], second


def _finding(lost: list[Step], undone: Step, by: str, scene: Scene) -> Finding:
    files = tuple(dict.fromkeys(base_name(path) for step in lost for path in source_paths(step)))
    lines = _lines(lost)
    asked = _asked_between(lost[-1], undone, scene)
    said = short(asked.text, 100).replace('"', "'") if asked else ""
    advice = (
        (Advice("prompt_improvement", f'Say in the first message what came later: "{said}"'),) if said else ()
    )
    return Finding(
        signature="reverted work",
        summary=f"Changes of {plural(lines, 'line')} in {names(files)} were thrown away by {by}",
        steps=(undone,),
        evidence=(*(step.last_ordinal for step in lost[:EVIDENCE]), *((asked.ordinal,) if asked else ())),
        advice=advice,
        state="fact",
        impact="High" if lines >= MANY_LINES else "Medium" if lines >= LINES else "Low",
    )


def _asked_between(last: Step, undone: Step, scene: Scene) -> Event | None:
    """What a person said after the last lost change and before it was undone."""
    start, end = last.last_ordinal, undone.call.ordinal
    return next((said for said in reversed(scene.prompts) if start < said.ordinal < end), None)


DETECTORS: tuple[Detector, ...] = (RevertedWork(),)
