"""Texts and steps in; whose server they speak of, out: one of this machine, or somebody else's."""

import re

from debrief.analysis.view import Step

_NAME = r"([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})"
_LOOP = (
    r"\blocalhost\b|\b127\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|\b0\.0\.0\.0\b|(?<![\w:])::1\b"
    r"|\bhost\.docker\.internal\b"
)
_HERE = re.compile(_LOOP)
_OWN = re.compile(
    rf"{_LOOP}"
    r"|\b(?:10\.\d{1,3}|192\.168)\.\d{1,3}\.\d{1,3}\b|\b172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3}\b"
    r"|\b[\w-]{1,60}\.(?:local|internal|test|localdomain)\b"
    r"|\bhttps?://(?:[^\s/@'\"]{1,80}@)?[A-Za-z0-9_-]{1,63}(?=[:/\s'\"]|$)"
)
_HOST = re.compile(
    rf"\b[a-z]{{2,8}}://(?:[^\s/@'\"]{{1,80}}@)?{_NAME}|\bhost='{_NAME}'|\bgit@{_NAME}:"
    rf"|\b(?:[Cc]onnect to|connect to host|resolve host) {_NAME}\b"
)
_GIT_REMOTE = frozenset({"git push", "git pull", "git fetch", "git clone", "git ls-remote", "git submodule"})
_FORGES = frozenset({"gh", "glab", "hub"})
ARGUMENTS_READ = 1_000


def here(text: str) -> bool:
    """Whether `text` names this very machine."""
    return _HERE.search(text) is not None


def own(text: str) -> bool:
    """Whether `text` names a host of this machine, of its private network or of its containers."""
    return _OWN.search(text) is not None


def host(text: str) -> str:
    """The first host of the open network that `text` names, in lower case; empty without one."""
    for found in _HOST.finditer(text):
        name = next(group for group in found.groups() if group)
        if not own(name):
            return name.lower()
    return ""


def asked(step: Step) -> str:
    """The words of the call in which a host may stand."""
    return step.command or step.call.args[:ARGUMENTS_READ]


def remote(step: Step) -> bool:
    """Whether the work of `step` is to talk to somebody else's server."""
    words = asked(step)
    if own(words):
        return False
    if step.family in ("net", "install"):
        return True
    if step.family == "vcs":
        return step.target in _GIT_REMOTE or step.target.split(" ", 1)[0] in _FORGES
    return bool(host(words))
