"""The cases of all detectors, gathered from the modules beside this one whose names end in `_cases`.

A module has any of four tables, each by detector id. PATTERNS_FIRE and PATTERNS_QUIET hold what a program
prints: (command, output, exit code). STRUCTURES_FIRE and STRUCTURES_QUIET hold whole sessions.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from debrief.model import Session

Case = tuple[str, str, int]

_MODULES = [import_module(path.stem) for path in sorted(Path(__file__).parent.glob("*[!l]_cases.py"))]


def _gathered(table: str) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for module in _MODULES:
        for identity, cases in getattr(module, table, {}).items():
            found[identity] = (*found.get(identity, ()), *cases)
    return found


PATTERNS_FIRE: dict[str, tuple[Case, ...]] = _gathered("PATTERNS_FIRE")
PATTERNS_QUIET: dict[str, tuple[Case, ...]] = _gathered("PATTERNS_QUIET")
STRUCTURES_FIRE: dict[str, tuple[Session, ...]] = _gathered("STRUCTURES_FIRE")
STRUCTURES_QUIET: dict[str, tuple[Session, ...]] = _gathered("STRUCTURES_QUIET")
