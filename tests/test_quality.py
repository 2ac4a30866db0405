"""The quality measurement runs, counts as it should, and writes rows of the promised shape."""

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

QUALITY = Path(__file__).parents[1] / "bench" / "quality"
SHARED = Path(__file__).parents[2] / "shared" / "quality"

ROW = {
    "track": str,
    "dataset": str,
    "split": str,
    "metric": str,
    "n": int,
    "value": float | None,
    "low": float | None,
    "high": float | None,
    "baseline": float | None,
    "bar": float | int | None,
}

STEPS = (
    ("Explore", "ls -R /work"),
    ("Search", "grep -rn total /work/src"),
    (
        "Reproduce",
        {"command": "create", "path": "/work/reproduce.py", "file_text": "import a\nprint(a.total())"},
    ),
    ("Run tests", "python /work/reproduce.py"),
    ("Generate Fix", {"command": "str_replace", "path": "/work/src/a.py", "old_str": "1", "new_str": "2"}),
    ("Run tests", "python /work/reproduce.py"),
)


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    known = set(sys.modules)
    monkeypatch.syspath_prepend(str(QUALITY))
    yield
    for name in set(sys.modules) - known:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).parent == QUALITY:
            del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of the true layout with one session of each kind."""
    data = tmp_path / "data"
    study = data / "llm_agents_study"
    parsed = study / "trajectories" / "openhands" / "parsed"
    actions, results = [], []
    for number, (_, asked) in enumerate(STEPS):
        arguments = asked if isinstance(asked, dict) else {"command": asked}
        actions.append(f"Action at iteration {number}: { {'arguments': json.dumps(arguments), 'name': 't'} }")
        results.append(f"Result at iteration {number}: as expected")
    packed(parsed / "actions_actions" / "one.txt.gz", "\n".join(actions))
    packed(parsed / "results_actions" / "one.txt.gz", "\n".join(results))
    table(
        study / "openhands_csv" / "actions_categories" / "one.csv",
        [("iteration", "category"), *((str(n), category) for n, (category, _) in enumerate(STEPS))],
    )
    relations = ["Follow-up"] * (len(STEPS) - 1)
    table(study / "openhands_csv" / "action_action" / "one.csv", [("label",), *((one,) for one in relations)])
    real = data / "entire_cli_sessions"
    packed(real / "summarised" / "talk" / "full.jsonl.gz", "\n".join(json.dumps(one) for one in talk()))
    notes = [
        ("session_dir", "friction_index", "label", "friction_text"),
        ("talk", "0", "Requirements", "Stopped"),
    ]
    table(real / "friction_labels.tsv", notes, "\t")
    splits = [
        ("dataset", "item", "group_key", "split", "has_transcript"),
        ("llm_agents_study_openhands", "one", "one", "test", "1"),
        ("entire_cli", "talk", "talk", "test", "1"),
    ]
    table(data / "SPLITS.tsv", splits, "\t")
    return data


def packed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


def table(path: Path, lines: Sequence[tuple[str, ...]], delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter=delimiter).writerows(lines)


def talk() -> list[dict[str, Any]]:
    """A short real-looking transcript: asked, began, was stopped, was told otherwise."""
    shared = {
        "sessionId": "talk",
        "cwd": "/work",
        "version": "2.0.0",
        "isSidechain": False,
        "userType": "external",
    }
    said = [
        ("user", "Make the total exact, please"),
        ("assistant", [{"type": "text", "text": "I will round it."}]),
        ("user", [{"type": "text", "text": "[Request interrupted by user]"}]),
        ("user", "do not round, use whole cents everywhere"),
        ("assistant", [{"type": "text", "text": "Understood."}]),
    ]
    found: list[dict[str, Any]] = []
    for number, (role, content) in enumerate(said):
        message: dict[str, Any] = {"role": role, "content": content}
        if role == "assistant":
            message |= {"id": f"m{number}", "type": "message", "model": "m", "usage": {"output_tokens": 3}}
        found.append(
            {
                **shared,
                "type": role,
                "message": message,
                "uuid": f"u{number}",
                "parentUuid": f"u{number - 1}" if number else None,
                "timestamp": f"2026-01-01T00:00:0{number}.000Z",
            }
        )
    return found


def evaluated(out: Path, *arguments: str) -> tuple[str, list[dict[str, Any]]]:
    command = [sys.executable, str(QUALITY / "run.py"), "--out", str(out), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads(out.read_text())


def test_a_small_eval_writes_rows(folder: Path, tmp_path: Path) -> None:
    printed, rows = evaluated(
        tmp_path / "rows.json", "--data", str(folder), "--split", "test", "--tracks", "DEF", "--told"
    )
    for row in rows:
        assert list(row) == list(ROW)
        assert all(isinstance(row[name], kind) for name, kind in ROW.items()), row
    by_metric = {(row["track"], row["metric"]): row for row in rows}
    assert {row["track"] for row in rows} == {"D", "E", "F"}
    assert by_metric["D", "category accuracy"]["value"] == 1
    assert by_metric["D", "WindowDiff of stages"]["value"] == 0
    assert by_metric["F", "label recall"]["value"] == 1
    assert by_metric["F", "structural signals counted alike"]["value"] == 1
    assert "bars hold" in printed
    whole = json.loads((tmp_path / "rows.run.json").read_text())
    assert whole["rows"] == rows
    assert {"date", "commit", "data", "split"} <= set(whole)


def test_a_bar_that_is_missed_is_said_and_is_no_error(folder: Path, tmp_path: Path) -> None:
    notes = folder / "entire_cli_sessions" / "friction_labels.tsv"
    notes.write_text(notes.read_text().replace("Requirements", "Dependencies"))
    printed, rows = evaluated(
        tmp_path / "rows.json", "--data", str(folder), "--split", "test", "--tracks", "F", "--told"
    )
    assert next(row for row in rows if row["metric"] == "label recall")["value"] == 0
    assert "MISSED" in printed
    assert "F missed: talk: Dependencies: Stopped" in printed


def test_another_split_of_the_folder_is_empty(folder: Path, tmp_path: Path) -> None:
    _, rows = evaluated(tmp_path / "rows.json", "--data", str(folder), "--split", "val", "--tracks", "DEF")
    assert rows == []


@pytest.mark.slow
def test_the_injection_suite_stands_without_data() -> None:
    inject = import_module("inject")
    suite = inject.suite(None, "val")
    rows = {row["metric"]: row for row in inject.rows_of(suite, "val")}
    told = "\n".join(inject.told(suite))
    assert rows["recall"]["value"] >= inject.RECALL_BAR, told
    assert rows["false issues per clean session"]["value"] <= inject.FALSE_BAR, told
    assert rows["silent where it was expected"]["value"] == 1, told


def test_clean_sessions_are_always_the_same_and_show_no_issue() -> None:
    made = import_module("bases")
    injections = import_module("injections")
    analysis = import_module("debrief.analysis")
    sessions = [base.session() for base in made.bases()]
    assert sessions == [base.session() for base in made.bases()]
    assert len({base.name for base in made.bases()}) == made.BASES
    for session in sessions:
        assert analysis.analyse(session, baseline=injections.USUAL).issues == ()


def test_what_is_put_into_a_session_keeps_it_whole() -> None:
    made = import_module("bases")
    injections = import_module("injections")
    session = made.bases(1)[0].session()
    happening = made.bases(2)[1].happenings[1]
    for place in range(len(session.events) + 1):
        put = injections.inserted(session, place, [happening])
        assert [event.ordinal for event in put.events] == list(range(len(put.events)))
        assert len(put.events) == len(session.events) + len(happening)
        times = [event.ts_us for event in put.events]
        assert times == sorted(times)
        calls = [event.call_id for event in put.events if event.kind == "tool_call"]
        assert len(calls) == len(set(calls))


def test_agreement_is_counted_as_in_the_books() -> None:
    metrics = import_module("metrics")
    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    assert metrics.accuracy(pairs) == pytest.approx(0.7)
    assert metrics.kappa(pairs) == pytest.approx(0.4)
    assert metrics.macro_f1(pairs) == pytest.approx((40 / 55 + 30 / 45) / 2)
    assert metrics.kappa([]) is None


def test_windows_differ_where_boundaries_do() -> None:
    metrics = import_module("metrics")
    truth = metrics.boundaries("aaaabbbb")
    assert sum(truth) == 1
    assert metrics.window_diff(truth, truth) == 0
    assert metrics.window_diff(truth, [False] * 7) == pytest.approx(2 / 6)
    assert metrics.window_diff(truth, [True] * 7) == 1


def test_an_interval_holds_its_figure_and_is_always_the_same() -> None:
    metrics = import_module("metrics")
    groups = {number: [float(number % 3 == 0)] * 4 for number in range(30)}
    low, high = metrics.bootstrap(groups, metrics.mean)
    assert (low, high) == metrics.bootstrap(groups, metrics.mean)
    assert low < 1 / 3 < high
    assert metrics.bootstrap({}, metrics.mean) is None


def test_a_page_keeps_what_is_written_by_hand() -> None:
    scoreboard = import_module("scoreboard")
    page = scoreboard.written("# Quality\n\nBy hand.\n", "one")
    assert page.startswith("# Quality\n\nBy hand.\n")
    again = scoreboard.written(f"{page}\nBelow, by hand.\n", "two")
    assert "one" not in again
    assert "two" in again
    assert again.endswith("Below, by hand.\n")


def test_a_bar_is_held_from_its_side() -> None:
    metrics, scoreboard = import_module("metrics"), import_module("scoreboard")
    place = ("D", "d", "val")
    assert scoreboard.holds(metrics.row(place, "category accuracy", 1, 0.9, bar=0.82))
    assert not scoreboard.holds(metrics.row(place, "category accuracy", 1, 0.8, bar=0.82))
    assert scoreboard.holds(metrics.row(place, "WindowDiff of stages", 1, 0.2, bar=0.25))
    assert not scoreboard.holds(metrics.row(place, "WindowDiff of stages", 1, 0.3, bar=0.25))
    assert scoreboard.holds(metrics.row(place, "category accuracy", 1, None, bar=0.82)) is None


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="no labelled sessions in ../shared beside the repository")
def test_no_detector_matches_most_errors_or_fires_in_most_sessions() -> None:
    catalogue = import_module("catalogue")
    rows = catalogue.rows(SHARED, "dev")
    assert len(rows) > 10
    assert not [row for row in rows if row["bar"] is not None and row["value"] > row["bar"]]
