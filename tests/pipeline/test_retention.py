"""Who deletes what, and when: from the agent's own settings, by the files' age."""

import json
import os
from pathlib import Path

import pytest

from debrief.pipeline.discover import on_this_machine
from debrief.pipeline.retention import DAY_S, expiring

NOW_S = 1_790_000_000.0


def transcript(home: Path, name: str, days_old: float) -> None:
    path = home / ".claude" / "projects" / "p" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}\n")
    os.utime(path, (NOW_S - days_old * DAY_S, NOW_S - days_old * DAY_S))


def told(home: Path) -> list[tuple[int, int, int]]:
    environment = {"HOME": str(home)}
    found = expiring(on_this_machine(environment), environment, NOW_S)
    return [(one.days, one.soon, one.total) for one in found]


def test_those_that_go_within_a_week_are_counted(tmp_path: Path) -> None:
    for number, days in enumerate((0, 10, 22.9, 23.1, 29, 40)):
        transcript(tmp_path, str(number), days)
    assert told(tmp_path) == [(30, 3, 6)]


@pytest.mark.parametrize(("setting", "expected"), [(365, []), (12, [(12, 1, 1)]), ("x", []), (None, [])])
def test_the_agents_own_setting_decides(tmp_path: Path, setting: object, expected: list[object]) -> None:
    transcript(tmp_path, "a", 10)
    (tmp_path / ".claude" / "settings.json").write_text(json.dumps({"cleanupPeriodDays": setting}))
    assert told(tmp_path) == expected


def test_settings_that_cannot_be_read_leave_the_default(tmp_path: Path) -> None:
    transcript(tmp_path, "a", 29)
    (tmp_path / ".claude" / "settings.json").write_text("{not JSON")
    assert told(tmp_path) == [(30, 1, 1)]
