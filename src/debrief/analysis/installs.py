"""Steps that install, in; what they asked for, whether it came, and why not, out.

A failed installation is the fault of the packages, of the machine that lacks a compiler or a header, or of
something that has nothing to do with either: the network, a refusal, a full disk.
"""

import re

from debrief.analysis.detector import bound, succeeded
from debrief.analysis.view import Step

TAIL = 2_000
"""Characters at the end of an output in which an installer says that it is done."""

NATIVE: tuple[re.Pattern[str], ...] = (
    bound(r"\bgyp ERR! find (Python|VS)\b|\bgyp ERR! stack Error: not found: (make|cc|g\+\+)"),
    bound(
        r"\bfatal error: '?([\w./+-]{1,120}\.h(?:pp|xx)?)'?(?:: No such file or directory| file not found)"
    ),
    bound(r"\bfatal error C1083: Cannot open include file: '([\w./+-]{1,120})'"),
    bound(r"\bPackage '?([\w.+-]{1,80})'?,? was not found in the pkg-config"),
    bound(r"\bPackage '([\w.+-]{1,80})', required by '[^'\n]{1,80}', not found"),
    bound(r"\bNo package '([\w.+-]{1,80})' found$"),
    bound(r"\bThe system library `([\w.+-]{1,80})` required by crate "),
    bound(r"\bCould not find (?:directory of )?(OpenSSL installation|openssl via pkg-config|libclang)\b"),
    bound(r"\b[Uu]nable to find (libclang)\b"),
    bound(r"\b(pg_config|mysql_config|pkg-config)(?: executable|: command)? not found\b"),
    bound(r"\blinker `([\w.+-]{1,40})` not found"),
    bound(r"\b(Microsoft Visual C\+\+ \d{1,2}\.\d{1,2})(?: or greater)? is required\b"),
    bound(r"\b(?:error: command|unable to execute) '([\w.+-]{1,60})'(?: failed)?: No such file or directory"),
    bound(r"\b(CMake) must be installed to build\b|\bNo (CMAKE_\w{1,8}_COMPILER) could be found\b"),
    bound(r"\bCould not find a package configuration file provided by \"(\w{1,60})\""),
    bound(r"FindPackageHandleStandardArgs\.cmake:\d{1,5} \(message\):\n\s{0,6}Could NOT find (\w{1,60})"),
    bound(r"^configure: error: [^\n]{0,60}?(C compiler)\b[^\n]{0,60}\$PATH"),
    bound(r"\bERROR: Unknown compiler\(s\): \[\['([\w+.-]{1,40})'"),
    bound(r"\bERROR: Dependency \"([\w.+-]{1,60})\" not found\b"),
    bound(r"\bcan't find (Rust compiler)\b|^ {0,8}(Cargo), the Rust package manager, is not installed\b"),
    bound(
        r"\bcannot find -l([\w.+-]{1,60})|\blibrary (?:not found for -l|')([\w.+-]{1,60})'?(?: not found|$)"
    ),
)
"""What a build says that lacks a compiler, a header or a system library; the group is its name."""

NATIVE_NEEDLES = (
    "gyp err!",
    "fatal error",
    "pkg-config",
    "not found",
    "no package '",
    "the system library",
    "openssl",
    "libclang",
    "_config executable",
    "microsoft visual c++",
    "no such file or directory",
    "must be installed to build",
    "could be found",
    "could not find",
    "c compiler",
    "unknown compiler",
    "rust",
    "cannot find -l",
)
"""One of these is in every match of `NATIVE`."""

_ELSEWHERE = re.compile(
    r"\bNewConnectionError\b|\bName or service not known\b|[Nn]ame resolution|\bCould not resolve host\b|"
    r"\bReadTimeoutError\b|\bConnection (?:refused|reset|timed out)\b|\bcertificate verify failed\b|"
    r"\bTunnel connection failed\b|\bUnknownHostException\b|\bNetwork is unreachable\b|\bPKIX\b|"
    r"\b(?:[Ss]tatus code:? |HTTP error |error: )(?:401|403|429|50[0-4])\b|\bcould not read Username\b|"
    r"\bPermission denied\b|\bNo space left on device\b|\bspurious network error\b"
)
_DONE = re.compile(
    r"^(?:Successfully installed |(?:added|changed) \d{1,6} packages?\b|Installed \d{1,6} packages?\b)",
    re.MULTILINE,
)
_PACKAGE = re.compile(r"@?[\w./-]{1,120}")
_NO_PACKAGES = frozenset(
    {"pip", "install", "i", "add", "ci", "get", "mod", "tidy", "sync", "update", "env", "create"}
)


def fails_elsewhere(text: str) -> bool:
    """Whether `text` says that the network, a refusal or the machine kept the packages away."""
    return _ELSEWHERE.search(text) is not None or any(pattern.search(text) for pattern in NATIVE)


def worked(step: Step) -> bool:
    """Whether `step` is known to have worked; where a filter hides that, an installer says so itself."""
    done = step.outcome == "ok" and step.family == "install" and _DONE.search(step.text[-TAIL:])
    return bool(done) or succeeded(step)


def packages(step: Step) -> set[str]:
    """The packages and files that the installers of a shell line name, without versions, in lower case."""
    words = (
        word for part in step.parts if part.family == "install" for word in part.words[1:] if word[:1] != "-"
    )
    found = {match.group(0).lower() for word in words if (match := _PACKAGE.match(word))}
    return found - _NO_PACKAGES
