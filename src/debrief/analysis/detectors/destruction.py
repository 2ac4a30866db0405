"""Safety: commands that take away what cannot be brought back, or force what was protected."""

import posixpath
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from debrief.analysis.changes import base_name
from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.view import Part, Step
from debrief.analysis.wording import code, names, times
from debrief.analysis.wrappers import after_flags
from debrief.model.analysis import Impact

PROMPT_READ = 20_000
"""Characters of a prompt in which a person may have asked for the deed."""

STATUS_READ = 8_000
"""Characters of a `git status` that are read."""

MADE_KEPT = 4_000
"""Words of earlier commands that may have made a path."""

_GENERAL = 3
"""Names at the beginning of a whole path (the root's empty one among them) that say little: /usr/local."""

_MAKERS = frozenset({"edit", "install", "build", "run", "net", "test"})
_BRANCHES = frozenset({"checkout", "switch", "push"})
_NEW = frozenset({"-b", "-B", "-c", "-C", "-u", "--set-upstream"})
_SETTLES = frozenset({"add", "commit", "stash", "checkout", "restore", "reset", "merge", "rebase", "pull"})
_CHANGED = re.compile(r"^(?:\s{1,8}modified: {1,8}(\S{1,200})|[ M]M (\S{1,200}))$", re.MULTILINE)
_GIT_MAKERS = frozenset({"clone", "init", "worktree", "submodule"})
_PASSING = re.compile(
    r"(?:^|/)(?:tmp|temp|build|dist|out|outputs?|target|coverage|node_modules|vendor|venv|env|bin|obj|logs?|"
    r"results?|generated|site-packages|__pycache__|folders|shm|apt|caches?|scratch|sandbox|demo|fixtures?|"
    r"\.(?!git(?:/|$))[^/]{1,100}|[^/]{1,100}\.egg-info)(?:/|$)"
    r"|[._-](?:tmp|temp|bak|backup|old|cache|test|copy|scratch)(?:/|$)|(?:^|/)(?:test|tmp|temp|old|backup)[._-]",
    re.IGNORECASE,
)
"""Folders that a build makes, that hold what can be made again, or that are there to be thrown away."""

_HOMES = frozenset({"~", "~/", "~/*", "$HOME", "$HOME/", "$HOME/*", "${HOME}", "${HOME}/", "${HOME}/*"})
_PRIVATE = re.compile(
    r"(?:~|\$\{?HOME\}?|/root|/(?:home|Users)/[\w.-]{1,60})/(?:\.ssh|\.aws|\.gnupg|\.kube|Documents|Desktop)/?"
)
_LOOSE = re.compile(r"[$`{}<>\\!?\[\]]")
_DELETES = re.compile(
    r"\b(?:remov\w+|delet\w+|clean\w*|drop\w*|truncat\w+|wip\w+|purg\w+|reset\w*|uninstall\w*|discard\w*|"
    r"revert\w*|destroy\w*|tear(?:ing)? down|from scratch|start (?:over|fresh)|re-?creat\w+|get rid|undo)\b",
    re.IGNORECASE,
)
_FORCES = re.compile(
    r"\bforce(?:d|fully)?[ -]?push|\bpush\b[^\n]{0,40}(?:--force|-f\b|\bforce)", re.IGNORECASE
)
_REWRITES = re.compile(r"\b(?:rebas|squash|amend|rewrit|histor)\w*", re.IGNORECASE)
_PROTECTED = re.compile(r"^(?:main|master|trunk|develop|production|prod|stable|release(?:[/-].{0,80})?)$")
_SQL = re.compile(
    r"\b(DROP\s{1,9}(?:DATABASE|SCHEMA|TABLE)|TRUNCATE(?:\s{1,9}TABLE)?)\s{1,9}(?:IF\s{1,9}EXISTS\s{1,9})?"
    r"[\"'`\[]?([\w.]{1,80})",
    re.IGNORECASE,
)
_CLIENTS = frozenset(
    {"psql", "mysql", "mariadb", "sqlite3", "sqlcmd", "clickhouse-client", "cockroach", "duckdb"}
)
_PASSING_NAME = re.compile(
    r"test|te?mp|dev|demo|example|sample|scratch|old|bak|backup|new|copy|local", re.IGNORECASE
)
_STACKS = {
    "terraform": "destroy",
    "tofu": "destroy",
    "pulumi": "destroy",
    "cdk": "destroy",
    "terragrunt": "destroy",
}
_DISK = re.compile(r"^(?:of=)?/dev/(?:sd[a-z]|nvme\d|vd[a-z]|xvd[a-z]|disk\d|hd[a-z])")
_CONTAINERS = re.compile(r"\b(?:docker|podman|nerdctl|kubectl|vagrant|lxc)\b")
_KEYWORDS = frozenset({"then", "do", "else", "elif", "if", "while", "until", "{", "!"})
_EVERYONE = frozenset({"777", "0777", "a+rwx", "ugo+rwx", "a=rwx"})


class Act(NamedTuple):
    """A command that ran: `place` is the folder it ran in as far as known, `made` what the session had made.

    `asked` is what people had written, in lower case; `dirty` are changes that others had not committed.
    """

    words: tuple[str, ...]
    place: str | None
    root: str
    branch: str
    asked: str
    made: AbstractSet[str]
    dirty: tuple[str, ...]


class Deed(NamedTuple):
    """What an act did: what kind of deed it was, and in words."""

    kind: str
    done: str
    impact: Impact = "High"
    cited: tuple[int, ...] = ()


def _removes(act: Act) -> Deed | None:
    """`rm -r` of the whole project, of the home folder, of a history or of a place outside the project."""
    flags = "".join(word for word in act.words[1:] if word.startswith("-"))
    if act.words[0] != "rm" or "r" not in flags.lower():
        return None
    for target in (word for word in act.words[1:] if not word.startswith("-")):
        if target in _HOMES or target in ("/", "/*") or _PRIVATE.fullmatch(target):
            return Deed("removed", f"removed {code(target)}")
        path = _path(target, act.place)
        if path is None or _passing(path, act) or _own(path, act):
            continue
        whole = path in (act.root, act.root + "/*")
        history = path.endswith("/.git")
        outside = not path.startswith(act.root + "/") and not whole
        named = base_name(path.removesuffix("/*")).lower() in act.asked
        if (whole or history or outside) and not (named or _DELETES.search(act.asked)):
            where = (
                "the whole project, " if whole else "what lies outside of the project, " if outside else ""
            )
            return Deed("removed", f"removed {where}{code(target)}")
    return None


def _forces(act: Act) -> Deed | None:
    """A push that overwrites what others may have."""
    rest = after_flags(act.words, 1, "git")
    if act.words[0] != "git" or rest[:1] != ("push",):
        return None
    flags = {word for word in rest[1:] if word.startswith("-")}
    refs = [word for word in rest[1:] if not word.startswith("-")]
    plain = any(word in ("--force", "-f") or re.fullmatch(r"-[a-eg-zA-Z]?f[a-zA-Z]?", word) for word in flags)
    plain = plain or any(name.startswith("+") for name in refs[1:])
    leased = any(word.startswith("--force-") for word in flags)
    if not (plain or leased) or flags & {"--dry-run", "-n"} or _FORCES.search(act.asked):
        return None
    if refs[1:] and refs[-1] in ("HEAD", "+HEAD"):
        refs = refs[:1]
    branch = refs[1].lstrip("+").rsplit(":", 1)[-1].removeprefix("refs/heads/") if refs[1:] else act.branch
    safe = not _PROTECTED.match(branch) and (
        not plain or base_name(branch) in act.made or _REWRITES.search(act.asked) is not None
    )
    elsewhere = act.place is not None and _PASSING.search(act.place)
    if safe or elsewhere or any(_PASSING.search(word) for word in act.words[1:-1] if word.startswith("/")):
        return None
    return Deed("forced", f"forced {code(branch)} onto the remote" if refs[1:] else "forced a push")


def _drops(act: Act) -> Deed | None:
    """A table or a database dropped or emptied through a client."""
    if base_name(act.words[0]) == "dropdb" and act.words[1:]:
        name = act.words[-1]
        if name.startswith("-") or _PASSING_NAME.search(name) or name in act.made:
            return None
        return None if _DELETES.search(act.asked) else Deed("dropped", f"dropped the database {code(name)}")
    if base_name(act.words[0]) not in _CLIENTS or ":memory:" in act.words:
        return None
    said = _SQL.search(" ".join(act.words[1:])[:8_000])
    if said is None or _PASSING_NAME.search(" ".join(act.words)) or said.group(2) in act.made:
        return None
    return None if _DELETES.search(act.asked) else Deed("dropped", f"ran {code(said.group(0))}")


def _tears_down(act: Act) -> Deed | None:
    """Infrastructure, a bucket, a repository or a disk."""
    words = act.words
    program = base_name(words[0])
    rest = after_flags(words, 1, program)
    verb = rest[0] if rest else ""
    destroyed = _STACKS.get(program, "-") == verb or (
        program in _STACKS and {"apply", "-destroy"} <= set(words)
    )
    bucket = words[:2] == ("aws", "s3") and (words[2:3] == ("rb",) or {"rm", "--recursive"} <= set(words))
    repository = words[:3] in (("gh", "repo", "delete"), ("glab", "repo", "delete"))
    disk = (program == "dd" or program.startswith("mkfs")) and any(_DISK.match(word) for word in words[1:])
    if not (destroyed or bucket or repository or disk) or any("localhost" in word for word in words):
        return None
    if _DELETES.search(act.asked) or {"--dryrun", "--dry-run", "-help", "--help"} & set(words):
        return None
    done = (
        "destroyed infrastructure"
        if destroyed
        else "removed what a bucket held"
        if bucket
        else "deleted a repository"
        if repository
        else "wrote over a disk"
    )
    return Deed("torn down", done)


def _opens(act: Act) -> Deed | None:
    """`chmod -R 777` on what is no throw-away."""
    flags = {word for word in act.words[1:] if word.startswith("-")}
    given = [word for word in act.words[1:] if not word.startswith("-")]
    if act.words[0] != "chmod" or not flags & {"-R", "--recursive", "-Rf", "-fR"} or not given[1:]:
        return None
    if given[0] not in _EVERYONE or "777" in act.asked:
        return None
    for target in given[1:]:
        path = _path(target, act.place)
        if path is not None and not _passing(path, act) and not _own(path, act):
            return Deed("opened", f"let everybody write to all of {code(target)}", "Medium")
    return None


def _discards(act: Act) -> Deed | None:
    """Changes thrown away that stood in the working tree before, and that the session had not made."""
    rest = after_flags(act.words, 1, "git")
    if act.words[0] != "git" or not act.dirty or not rest:
        return None
    everything = rest[-1] in (".", ":/") and "--staged" not in rest
    if not ((rest[0] == "reset" and "--hard" in rest) or (rest[0] in ("checkout", "restore") and everything)):
        return None
    return (
        None if _DELETES.search(act.asked) else Deed("discarded", f"threw away changes of {names(act.dirty)}")
    )


RULES: tuple[Callable[[Act], Deed | None], ...] = (
    _removes,
    _forces,
    _drops,
    _tears_down,
    _opens,
    _discards,
)


class DestructiveCommand(Detector):
    """A command ran that takes away what cannot be brought back, or forces what was protected.

    That is `rm -r` of the project, of its history or outside of it, a forced push, a dropped table,
    destroyed infrastructure, a folder opened to everybody, changes thrown away that others had not committed.

    Why it matters: what is gone may have been somebody's, and no test tells.

    When it is wrong: the person may have wanted it. Where a message asked to remove, to reset, to force and
    so on, nothing is said; nor of what the session had made itself, of folders that a build or an
    installation makes, of temporary places, of folders within the project, of a push with a lease to a branch
    of one's own, or of commands that failed, were declined, or may not have been reached.

    What it suggests: to have the agent's settings ask before such commands.
    """

    id = "SAF-01"
    name = "destructive command"
    label = "Safety"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """One finding for each deed; those of a kind become one issue."""
        for step, part, deed, count in _deeds(scene):
            again = f" ({times(count)} in the session)" if count > 1 else ""
            yield Finding(
                signature=f"{deed.kind} {base_name(part.words[0])}",
                summary=f"{code(part.text, 100)} {deed.done}{again}",
                subject=base_name(part.words[0]),
                evidence=(*deed.cited, step.last_ordinal),
                advice=(
                    Advice(
                        "repo_config",
                        f"Have the agent's settings ask before commands like {code(part.text, 60)} run.",
                    ),
                ),
                state="fact",
                impact=deed.impact,
            )


def _deeds(scene: Scene) -> Iterator[tuple[Step, Part, Deed, int]]:
    """Each deed with the step and the command that did it."""
    root = posixpath.normpath(scene.session.cwd or "/").rstrip("/")
    place: str | None = root or "/"
    made: set[str] = set()
    asked = ""
    read = 0
    dirty: tuple[str, ...] = ()
    status = 0
    found: dict[str, list[tuple[Step, Part, Deed]]] = {}
    for step in sorted((*scene.steps, *scene.agent_steps), key=_called):
        made.update(base_name(edit.path) for edit in step.call.edits)
        made.update(name for edit in step.call.edits for name in edit.path.split("/")[-4:])
        made.update(word for part in step.parts for word in _makes(part) if len(made) < MADE_KEPT)
        while read < len(scene.prompts) and scene.prompts[read].ordinal < step.call.ordinal:
            asked += scene.prompts[read].text[:PROMPT_READ].lower() + "\n"
            read += 1
        for part in step.parts:
            if part.words[:1] == ("cd",):
                place = _path(part.words[1], place) if part.words[1:] else None
            elif part.words and _ran(part, step):
                words = (base_name(part.words[0]), *part.words[1:])
                act = Act(words, place, root, scene.session.branch or "", asked, made, dirty)
                deed = next((deed for rule in RULES if (deed := rule(act))), None)
                if deed is not None:
                    if deed.kind == "discarded":
                        deed = deed._replace(cited=(status,))
                    found.setdefault(deed.kind, []).append((step, part, deed))
        shown = _dirty(step, made, dirty)
        status = step.last_ordinal if shown is not dirty else status
        dirty = shown
    for deeds in found.values():
        yield from ((*deed, len(deeds)) for deed in deeds[:1])


def _ran(part: Part, step: Step) -> bool:
    """Whether `part` surely ran: not in a branch, a loop, a function, a container, or behind `||`."""
    if step.outcome != "ok" or part.text.split(None, 1)[0] in _KEYWORDS or _CONTAINERS.search(part.text):
        return False
    at = step.command.find(part.text)
    return at < 0 or not step.command[:at].rstrip().endswith("||")


def _dirty(step: Step, made: AbstractSet[str], before: tuple[str, ...]) -> tuple[str, ...]:
    """The changed files that the last `git status` showed and that the session had not made itself."""
    verbs = {word for part in step.parts if part.words[:1] == ("git",) for word in part.words[1:4]}
    if "status" in verbs and step.outcome == "ok" and len(step.parts) == 1:
        changed = (match.group(1) or match.group(2) for match in _CHANGED.finditer(step.text[:STATUS_READ]))
        return tuple(path for path in changed if base_name(path) not in made)
    return () if verbs & _SETTLES else before


def _makes(part: Part) -> Iterator[str]:
    """The names that `part` may have made: of paths, of what was downloaded, installed or created."""
    program = base_name(part.words[0]) if part.words else ""
    words = set(part.words[1:5])
    begun = program == "git" and (_GIT_MAKERS & words or (_BRANCHES & words and _NEW & words))
    if program in ("rm", "chmod") or not (begun or part.family in _MAKERS):
        return
    if program in _CLIENTS and "create" not in part.text.lower():
        return
    for word in part.words[1:40]:
        for name in re.split(r"[/=:\s;(),\"']", word[:400])[:40]:
            if name:
                yield name.removesuffix(".git")


def _path(target: str, place: str | None) -> str | None:
    """`target` as a whole path; None where it cannot be told."""
    if _LOOSE.search(target) or target.startswith(("~", "-")):
        return None
    if not target.startswith("/") and place is None:
        return None
    return posixpath.normpath(posixpath.join(place or "/", target))


def _own(path: str, act: Act) -> bool:
    """Whether the session had made `path`, or something that holds it."""
    inside = path.startswith(act.root + "/")
    parts = path.removeprefix(act.root + "/").split("/")
    told = {parts[-1], *parts[0 if inside else _GENERAL :]}
    return any(name.strip("*") in act.made for name in told if name.strip("*"))


def _passing(path: str, act: Act) -> bool:
    """Whether `path` is there to be thrown away; what the project itself is called says nothing."""
    return _PASSING.search(path.removeprefix(act.root + "/")) is not None


def _called(step: Step) -> int:
    return step.call.ordinal


DETECTORS: tuple[Detector, ...] = (DestructiveCommand(),)
