"""Whose a session is: what its transcript says, what git says of its folder, and what the rules say of both.

Nothing is guessed. Git is asked for sessions of this machine alone, whose working folder is the one that
stands in the transcript; of another machine's it would be a stranger. Branch and commit are never taken from
git: they are those of now, not of then.
"""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from debrief.errors import SettingsError
from debrief.model import ANALYSER_VERSION, Session
from debrief.sources.remotes import remote_of, repository_of
from debrief.sources.source import Clean

GIT_SECONDS = 5.0

Text = Annotated[str, Meta(min_length=1, max_length=1000)]


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule: sessions whose folder lies in `path` and whose remote is `remote` get `org` and `tags`.

    Both are glob patterns; one that is not given fits everything, but one must be given. `path` may begin
    with `~`, `remote` is `host/owner/name`, or `owner/name` for any host.
    """

    path: Text | None = None
    remote: Text | None = None
    org: Text | None = None
    tags: tuple[Text, ...] = ()

    def fits(self, session: Session) -> bool:
        """Whether `session` is one of those."""
        return (self.path is None or _lies_in(session.cwd, self.path)) and (
            self.remote is None or _is_remote(session, self.remote)
        )


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """All rules, in their order."""

    rule: tuple[Rule, ...] = ()

    def org(self, session: Session, default: str) -> str:
        """The organization of `session`: that of the first rule that fits and names one."""
        return next((one.org for one in self.rule if one.org and one.fits(session)), default)

    def tags(self, session: Session, given: tuple[str, ...]) -> tuple[str, ...]:
        """The tags of `session`: `given`, and those of every rule that fits."""
        told = {tag for one in self.rule if one.tags and one.fits(session) for tag in one.tags}
        return tuple(sorted({*given, *told}))

    def cleaned(self, clean: Clean) -> "Rules":
        """The same rules, with tags that may be stored."""
        told = (msgspec.structs.replace(one, tags=tuple(map(clean, one.tags))) for one in self.rule)
        return Rules(tuple(told))

    @property
    def mark(self) -> str:
        """Changes when the rules do: sessions are then looked at again."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16] if self.rule else ""


class Identity(Struct, frozen=True, kw_only=True):
    """Whose sessions an import brings.

    A user that the transcript itself names goes before `user_id`; `rules` may give a session another
    organization than `org_id`, and further tags.
    """

    enterprise_id: str
    org_id: str
    user_id: str | None = None
    tags: tuple[str, ...] = ()
    rules: Rules = Rules()

    def mark_at(self, usd_per_acu: float) -> str:
        """Part of a file's stamp: changes when the same file would be stored otherwise."""
        owner = repr((self.org_id, self.user_id, self.tags))
        return f"{ANALYSER_VERSION}:{owner}:{self.rules.mark}:{usd_per_acu}"


def read_rules(path: Path) -> Rules:
    """The rules in the TOML file `path`; none where there is no such file. Raises `SettingsError`."""
    try:
        rules = msgspec.toml.decode(path.read_bytes(), type=Rules)
    except FileNotFoundError:
        return Rules()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the rules in {path} cannot be read: {error}") from error
    for number, rule in enumerate(rules.rule, 1):
        if rule.path is None and rule.remote is None:
            raise SettingsError(
                f"{path}: rule {number} has neither a path nor a remote, and would fit everything"
            )
        if rule.org is None and not rule.tags:
            raise SettingsError(f"{path}: rule {number} gives neither an org nor tags")
    return rules


def with_repository(session: Session, clean: Clean) -> Session:
    """`session` with the repository that git names for its folder, where its transcript names none.

    `clean` is for what a URL may hold.
    """
    if session.cwd is None or (session.repository is not None and session.remote is not None):
        return session
    url = _remote_url(session.cwd)
    remote, repository = remote_of(url), repository_of(url)
    if remote is None or repository is None:
        return session
    remote, repository = clean(remote), clean(repository)
    if session.repository not in {None, repository}:
        return session
    return msgspec.structs.replace(session, repository=repository, remote=remote)


def forget_remotes() -> None:
    """Ask git anew: a folder may have got a remote since."""
    _remote_url.cache_clear()


@lru_cache(maxsize=4096)
def _remote_url(folder: str) -> str | None:
    """The URL of `origin` of the work tree that `folder` lies in."""
    if not os.path.isabs(folder) or folder[:2].replace("\\", "/") == "//":  # noqa: PTH117 (a string of a transcript)
        return None  # another machine's folder, which looking at would ask for over the network
    try:
        configuration = _configuration(Path(folder))
        if configuration is None:
            return None
        # The file alone is read: nothing that a repository may have set up runs.
        done = subprocess.run(  # noqa: S603 (fixed words and a path)
            ["git", "config", "--file", str(configuration), "--no-includes", "--get", "remote.origin.url"],  # noqa: S607 (as installed)
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=False,
            cwd="/",
            env=_quiet(os.environ),
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _configuration(folder: Path) -> Path | None:
    for place in (folder, *folder.parents):
        dot_git = place / ".git"
        if dot_git.is_dir():
            return dot_git / "config"
        if dot_git.is_file():
            linked = dot_git.read_text(errors="replace").removeprefix("gitdir:").strip()
            own = place / linked
            common = own / "commondir"
            return (own / common.read_text().strip() if common.is_file() else own) / "config"
    return None


def _quiet(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("GIT_")}


def _lies_in(folder: str | None, pattern: str) -> bool:
    if folder is None:
        return False
    place = folder.replace("\\", "/")
    wanted = os.path.expanduser(pattern).replace("\\", "/").rstrip("/")  # noqa: PTH111 (a pattern, not a path)
    return fnmatchcase(place, wanted) or fnmatchcase(place, f"{wanted}/*")


def _is_remote(session: Session, pattern: str) -> bool:
    wanted = pattern.lower().removesuffix(".git").rstrip("/")
    names = {session.repository, session.remote}
    if session.remote is not None:
        names.add(str(PurePosixPath(*PurePosixPath(session.remote).parts[1:])))
    return any(name is not None and fnmatchcase(name.lower(), wanted) for name in names)
