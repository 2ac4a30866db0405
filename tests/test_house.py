"""What a linter cannot hold: sizes, broad excepts, agents' names in their room, no broken promises."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "debrief"
OTHERS = ROOT / "bench" / "out"
"""Where benchmarks install other programs."""

FILES = sorted(
    path
    for folder in (SOURCE, ROOT / "tests", ROOT / "bench")
    for path in folder.rglob("*.py")
    if OTHERS not in path.parents
)

FILE_LINES = 400
FUNCTION_LINES = 70

# Where a guest's failure becomes data: a detector that breaks on a session, a language model's library. And
# where something is to be let go of whatever happened, before it goes on: a store that could not be opened,
# an import's workers. And where Ctrl-C may have come in the guise of another error.
BROAD_EXCEPTS = {
    "__main__.py",
    "analysis/analyse.py",
    "llm/analyser.py",
    "llm/client.py",
    "store/store.py",
    "pipeline/workers.py",
}

# A cursor is also the place in a list: only the agent has a capital.
AGENTS = re.compile(
    r"(?<![A-Za-z_])(?i:claude|codex|copilot|openhands|devin|gemini|opencode|aider|cline|goose)(?![A-Za-z])"
    r"|(?<![A-Za-z_-])Cursor(?![A-Za-z])"
)

# The wire keeps the prefix that clients send.
MAY_NAME_AGENTS = {"web/api/query.py": 1}

FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "services", "managers"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES, f"{relative(path)} is too long: split it by what it holds"
    if "versions" in path.parts:
        return  # a migration says in one piece what it does
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES, f"{relative(path)}:{node.lineno} {node.name} has {length} lines"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=relative)
def test_every_module_says_what_it_is(path: Path) -> None:
    if "versions" in path.parts:
        return
    assert ast.get_docstring(ast.parse(path.read_text())), f"{relative(path)} opens with no sentence"
    assert path.stem not in FORBIDDEN_NAMES
    assert path.parent.name not in FORBIDDEN_NAMES


def broad_excepts(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type
            names = {n.id for n in ast.walk(caught) if isinstance(n, ast.Name)} if caught else {"Exception"}
            if names & {"Exception", "BaseException"}:
                yield node.lineno


def test_broad_excepts_stand_only_where_guests_are_caught() -> None:
    found = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if any(broad_excepts(path))}
    assert found <= BROAD_EXCEPTS


def test_agents_are_named_only_in_sources() -> None:
    for path in SOURCE.rglob("*"):
        inside = path.relative_to(SOURCE)
        if inside.parts[0] in {"sources", "samples"} or path.suffix not in {".py", ".html", ".css"}:
            continue
        hits = len(AGENTS.findall(path.read_text()))
        allowed = MAY_NAME_AGENTS.get(inside.as_posix(), 0)
        assert hits <= allowed, f"{inside} names an agent {hits} times; what is special goes into sources/"


def test_every_format_is_registered_and_documented() -> None:
    registry = (SOURCE / "sources" / "registry.py").read_text()
    manual = (ROOT / "docs" / "formats.md").read_text()
    everywhere = (SOURCE / "sources" / "registry.py").read_text()
    for path in (SOURCE / "sources" / "databases").glob("*.py"):
        assert path.stem == "__init__" or f"sources.databases.{path.stem} import" in everywhere
    for path in (SOURCE / "sources" / "formats").glob("*.py"):
        if path.stem == "__init__":
            continue
        assert f"sources.formats.{path.stem} import" in registry
        assert f"(formats/{path.stem}.md)" in manual, f"docs/formats.md does not lead to {path.stem}"
        page = (ROOT / "docs" / "formats" / f"{path.stem}.md").read_text()
        for part in ("## Where its files lie", "## What is read", "## What cannot be known"):
            assert part in page, f"docs/formats/{path.stem}.md has no part {part!r}"
        tests = "".join(
            test.read_text() for test in (ROOT / "tests" / "sources").glob(f"test_{path.stem}*.py")
        )
        assert "fault" in tests, f"{path.stem} is not shown bad input"


def test_every_detector_is_registered() -> None:
    catalogue = (SOURCE / "analysis" / "catalogue.py").read_text()
    for path in (SOURCE / "analysis" / "detectors").glob("*.py"):
        if path.stem != "__init__":
            assert f"*{path.stem}.DETECTORS," in catalogue


def test_every_environment_variable_is_documented() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    settings = (SOURCE / "config.py").read_text()
    for name in set(re.findall(r"DEBRIEF_[A-Z_]+", settings)):
        assert name in manual, f"docs/operations.md does not speak of {name}"
