"""The words of one simple command go in, what it does comes out: its family and what that acts on.

Looks at words only (wrappers taken off before), never at what the command printed.
"""

import re

from debrief.analysis.programs import (
    BUILD,
    EDIT,
    FORGE_READS,
    GIT_READS,
    INSTALL,
    INTERPRETERS,
    LINT,
    NET,
    PACKAGE_VERBS,
    QUIET,
    READ,
    RUNNERS,
    SEARCH,
    TEST,
    TOOLCHAINS,
    VCS,
    named,
)
from debrief.analysis.view import Family
from debrief.analysis.wrappers import after_flags, program_of

TARGET_LIMIT = 120

Verdict = tuple[Family, str]

_TABLES: tuple[tuple[frozenset[str], Family], ...] = (
    (TEST, "test"),
    (LINT, "lint"),
    (BUILD, "build"),
    (INSTALL, "install"),
    (QUIET, "other"),
    (SEARCH, "search"),
    (READ, "read"),
    (EDIT, "edit"),
    (NET, "net"),
)
_TASK_WORDS: tuple[tuple[frozenset[str], Family], ...] = (
    (named("test tests spec specs e2e unit integration coverage cov jest vitest pytest cypress"), "test"),
    (
        named(
            "lint fmt format typecheck types tsc prettier eslint check checks style clippy vet mypy ruff"
            " precommit verify validate quality"
        ),
        "lint",
    ),
    (named("build compile dist bundle package assemble all release image generate codegen docs"), "build"),
    (named("install setup deps bootstrap sync dependencies"), "install"),
)
_SEPARATORS = re.compile(r"[:_./\-]+")
_TEST_FILE = re.compile(r"(?:^|[_\-.])(?:run)?tests?(?:[_\-.]|$)|(?:^|[_\-.])specs?[_\-.]", re.IGNORECASE)

_MAKERS = named("make gmake gradle gradlew")
_BARE_BUILDERS = _MAKERS | named("ant scons bazel bazelisk")
_LISTING_FLAGS = (
    "-l",
    "--list",
    "--contains",
    "--merged",
    "--no-merged",
    "--points-at",
    "--sort",
    "--show",
    "-v",
    "-a",
    "-r",
)
_INLINE = frozenset({"-e", "-c", "-p", "--eval", "-pe", "-ne"})
_STARTS = ("run", "serve", "clean", "up", "dev", "start")
_SYNTAX_ONLY = {"node": "--check", "bash": "-n", "sh": "-n", "ruby": "-c", "php": "-l"}
"""The options by which an interpreter looks at a file without running it."""


def classify_words(words: tuple[str, ...], writes: tuple[str, ...] = ()) -> Verdict:
    """The family of one simple command (wrappers taken off) and its target.

    `writes` are the files that its output is redirected into: `cat > notes.md` edits.
    """
    program = program_of(words[0]) if words else ":"
    if writes and program in {"cat", "echo", "printf", "tee", ":"}:
        return "edit", _short(writes[0])
    if words[1:] in (("--version",), ("-version",), ("-V",), ("--help",), ("-h",), ("version",)):
        return "read", program
    special = _SPECIAL.get(program)
    found = special(program, words) if special else None
    if found is None and (program in TOOLCHAINS or program in RUNNERS):
        found = _toolchain(program, words)
    if found is None:
        found = _by_table(program, words)
    return found or _ran(program, words)


def changes_repository(words: tuple[str, ...]) -> bool:
    """Whether a version control command (wrappers taken off) does more than look."""
    program = program_of(words[0]) if words else ""
    rest = after_flags(words, 1, program)
    if not rest:
        return False
    if program != "git":
        return not any(verb in FORGE_READS for verb in rest[:2])
    if rest[0] in {"branch", "tag"}:
        listing = any(word.startswith(_LISTING_FLAGS) for word in rest[1:])
        return not listing and any(not word.startswith("-") for word in rest[1:])
    if rest == ("stash",):
        return True
    if rest[0] in {"remote", "stash", "worktree", "submodule", "notes"}:
        return rest[1:2] not in ((), ("-v",), ("show",), ("list",), ("get-url",), ("-l",), ("status",))
    return rest[0] not in GIT_READS


def _by_table(program: str, words: tuple[str, ...]) -> Verdict | None:
    family = next((family for names, family in _TABLES if program in names), None)
    if family is None:
        return None
    if family in {"read", "edit"}:
        paths = [word for word in words[1:] if not word.startswith("-")]
        return family, _short(paths[-1] if paths else program)
    return family, program


def _vcs(program: str, words: tuple[str, ...]) -> Verdict:
    rest = after_flags(words, 1, program)
    if program == "git" and rest[:1] == ("grep",):
        return "search", "git grep"
    verbs = [word for word in rest[: 1 if program == "git" else 2] if not word.startswith("-")]
    return "vcs", _short(" ".join([program, *verbs]))


def _python(_program: str, words: tuple[str, ...]) -> Verdict:
    at = 1
    while at < len(words) and words[at].startswith("-") and words[at] not in {"-m", "-c", "-"}:
        at += 2 if words[at] in {"-W", "-X"} else 1
    rest = words[at:]
    if rest[:1] == ("-m",) and rest[1:]:
        return _python_module(rest[1:])
    if not rest or rest[0].startswith("-"):
        return "run", "python"
    script = rest[0].replace("\\", "/").rsplit("/", 1)[-1]
    if script in {"manage.py", "setup.py"}:
        family: Family = "test" if rest[1:2] == ("test",) else "build" if script == "setup.py" else "run"
        return family, _short(" ".join([script, *rest[1:2]]))
    return _script("python", rest[0])


def _python_module(rest: tuple[str, ...]) -> Verdict:
    module = rest[0]
    if module == "json.tool":
        return "read", module
    family, target = classify_words((module.split(".", 1)[0], *rest[1:]))
    if family in {"test", "lint", "build", "install"}:
        return family, target
    return "run", _short(f"python -m {module}")


def _stream_editor(program: str, words: tuple[str, ...]) -> Verdict:
    last = words[-1] if len(words) > 1 else program
    options = [word for word in words[1:6] if word.startswith("-")]
    if any(word.startswith(("-i", "--in-place")) or re.match(r"-[a-z0]{0,3}i", word) for word in options):
        return "edit", _short(last)
    if program == "perl" and not options:
        return _ran(program, words)
    return "read", _short(program if last.startswith("-") or words[1:] == (last,) else last)


def _find(_program: str, words: tuple[str, ...]) -> Verdict | None:
    """`find -exec grep` is a grep, `find -delete` an edit."""
    if "-delete" in words:
        return "edit", "find"
    at = next((i for i, word in enumerate(words) if word in {"-exec", "-execdir"}), len(words))
    return classify_words(words[at + 1 :]) if words[at + 1 :] else None


def _toolchain(program: str, words: tuple[str, ...]) -> Verdict | None:
    if program in INTERPRETERS and any(word in _INLINE for word in words[1:3]):
        return "run", program
    rest = after_flags(words, 1, program)
    if rest[:1] == ("compose",):
        return ("build", "docker compose build") if "build" in rest[1:4] else ("run", "docker compose")
    verb = rest[0] if rest else ""
    family = TOOLCHAINS.get(program, {}).get(verb)
    if family:
        return family, _short(f"{program} {verb}".strip())
    if program in {"npm", "pnpm", "yarn", "bun"}:
        return _package_manager(program, rest)
    return _task(program, rest) if program in RUNNERS else None


def _package_manager(program: str, rest: tuple[str, ...]) -> Verdict:
    verb = rest[0] if rest else ""
    if verb in PACKAGE_VERBS or (not verb and program == "yarn"):
        return "install", program
    if verb in {"run", "run-script", "workspace", "workspaces"}:
        after = after_flags(rest, 2 if verb == "workspace" else 1, program)
        after = after[1:] if after[:1] == ("run",) else after
        return (_task_family(after[0]), _short(f"{program} run {after[0]}")) if after else ("run", program)
    if program == "bun" and "." in verb:
        return _script("bun", verb)
    family: Family = "test" if verb in {"t", "tst"} else _task_family(verb)
    if family == "run" and program in {"pnpm", "yarn"} and rest:
        inner = classify_words(rest)
        if inner[0] in {"test", "lint", "build"}:
            return inner
    return family, _short(f"{program} {verb}".strip())


def _task(program: str, rest: tuple[str, ...]) -> Verdict:
    """A task runner: a test among the tasks decides, or else the first; a bare `make` builds."""
    names = [word for word in rest if not word.startswith("-") and "=" not in word]
    names = names[1:] if names[:1] in (["run"], ["task"]) and len(names) > 1 else names
    if not names:
        return ("build" if program in _BARE_BUILDERS else "run"), program
    if program in _MAKERS and "check" in names[:4]:
        return "test", f"{program} check"
    if program in {"mvn", "mvnw"}:
        tested = any(name in {"test", "verify", "integration-test"} for name in names)
        return ("test", "mvn test") if tested else ("build", _short(f"mvn {names[-1]}"))
    families: list[Family] = [_task_family(name) for name in names[:4]]
    chosen = families.index("test") if "test" in families else 0
    family = families[chosen]
    if program in _MAKERS and family == "run" and not names[chosen].startswith(_STARTS):
        family = "build"
    return family, _short(f"{program} {names[chosen]}")


def _task_family(name: str) -> Family:
    lower = name.lower()
    words = set(_SEPARATORS.split(lower))
    known: Family | None = next((family for names, family in _TASK_WORDS if words & names), None)
    return known or ("test" if re.search(r"tests?$|[a-z]Test[A-Z]", name) or "test" in lower else "run")


def _ran(program: str, words: tuple[str, ...]) -> Verdict:
    if program not in INTERPRETERS:
        tests = _TEST_FILE.search(program) and ("." in program or program.startswith(("test", "run")))
        return ("test" if tests else "run"), _short(program)
    if program in {"node", "nodejs"} and "--test" in words:
        return "test", "node --test"
    if words[1:2] == (_SYNTAX_ONLY.get(program, ""),):
        return "lint", f"{program} {words[1]}"
    rest = after_flags(words, 1, program)
    inline = any(word in _INLINE for word in words[1:3])
    return ("run", program) if inline or not rest else _script(program, rest[0])


def _script(interpreter: str, path: str) -> Verdict:
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return ("test" if _TEST_FILE.search(name) else "run"), _short(f"{interpreter} {name}")


def _short(value: str) -> str:
    return value.split("\n", 1)[0][:TARGET_LIMIT]


_SPECIAL = {
    **dict.fromkeys(VCS, _vcs),
    "find": _find,
    "python": _python,
    "py": _python,
    **dict.fromkeys(("sed", "perl", "awk", "gawk"), _stream_editor),
}
