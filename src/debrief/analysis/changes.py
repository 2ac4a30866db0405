"""Steps in, the changes of source among them out: which files, how much, and what looked after them."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from debrief.analysis.view import Step

SOURCE_SUFFIXES = frozenset(
    {
        ".c",
        ".cc",
        ".clj",
        ".cpp",
        ".cs",
        ".cxx",
        ".dart",
        ".ex",
        ".exs",
        ".go",
        ".h",
        ".hpp",
        ".java",
        ".jl",
        ".js",
        ".jsx",
        ".kt",
        ".kts",
        ".lua",
        ".m",
        ".mjs",
        ".ml",
        ".mm",
        ".php",
        ".pl",
        ".py",
        ".rb",
        ".rs",
        ".scala",
        ".sh",
        ".sql",
        ".svelte",
        ".swift",
        ".ts",
        ".tsx",
        ".vue",
        ".zig",
    }
)
"""Files that can be built, run or tested; prose, styles and settings are not among them."""

MANIFESTS = frozenset(
    {
        "Cargo.toml",
        "Dockerfile",
        "Gemfile",
        "Pipfile",
        "build.gradle",
        "build.gradle.kts",
        "composer.json",
        "environment.yml",
        "go.mod",
        "package.json",
        "pom.xml",
        "pyproject.toml",
        "requirements-dev.txt",
        "requirements.txt",
        "setup.cfg",
        "setup.py",
    }
)
"""Files that say which packages a project needs."""

CHECKS = frozenset({"test", "build", "lint", "run", "net", "agent", "other"})
"""Families of steps after which a change may have been looked after; doubt speaks for the agent."""

_HOOK_WORDS = ("pre-commit", "husky", "lint-staged", "lefthook", "pre-push")


@lru_cache(maxsize=4096)
def is_source(path: str) -> bool:
    """Whether the file at `path` can be built, run or tested. Asked of the same few paths over and over."""
    return PurePosixPath(path.replace("\\", "/")).suffix.lower() in SOURCE_SUFFIXES


def source_paths(step: Step) -> tuple[str, ...]:
    """The source files that `step` changed; empty for other steps and for changes that did not take place."""
    if step.call.tool_kind not in ("edit", "write") or step.outcome not in ("ok", "unknown"):
        return ()
    paths = [edit.path for edit in step.call.edits] or [step.call.path or ""]
    return tuple(dict.fromkeys(path for path in paths if is_source(path)))


def changed_lines(steps: Sequence[Step]) -> int:
    """How many lines the edits of `steps` hold, the larger side of each."""
    return sum(
        max(edit.old.count("\n"), edit.new.count("\n")) + 1
        for step in steps
        for edit in step.call.edits
        if is_source(edit.path)
    )


def manifest_changed(steps: Sequence[Step]) -> bool:
    """Whether one of `steps` changed what says which packages the project needs."""
    changed = (edit for step in steps if step.outcome == "ok" for edit in step.call.edits)
    return any(base_name(edit.path) in MANIFESTS for edit in changed)


def is_check(step: Step) -> bool:
    """Whether `step` may have shown that a change works."""
    if step.outcome in ("rejected", "cascade"):
        return False
    if step.call.tool_kind == "mcp" or step.family in CHECKS:
        return True
    return step.family == "vcs" and any(word in step.text for word in _HOOK_WORDS)


def base_name(path: str) -> str:
    """The last part of `path`, for people."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
