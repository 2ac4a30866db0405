import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debrief.analysis.checks import read_check
from debrief.model import Outcome

RED = [
    ("=== 2 failed, 10 passed, 1 warning in 0.52s ===", 2),
    ("FAILED tests/test_a.py::test_x - assert 1\n1 failed, 3 passed in 0.10s", 1),
    ("=== 1 failed, 2 errors in 3.10s ===", 3),
    ("Test Suites: 1 failed, 2 total\nTests:       3 failed, 20 passed, 23 total", 3),
    (" Test Files  1 failed | 4 passed (5)\n      Tests  2 failed | 18 passed (20)", 2),
    ("--- FAIL: TestA (0.00s)\nFAIL\nFAIL\tacme/app/x\t0.1s\nFAIL", None),
    ("test result: FAILED. 9 passed; 2 failed; 0 ignored; 0 measured", 2),
    ("error: could not compile `app` (lib) due to 2 previous errors", None),
    ("Tests run: 3, Failures: 1, Errors: 0\nTests run: 9, Failures: 2, Errors: 1, Skipped: 0", 3),
    ("12 tests completed, 4 failed\nBUILD FAILED in 3s", 4),
    ("  10 passing (1s)\n  3 failing", 3),
    ("5 examples, 2 failures", 2),
    ("8 runs, 20 assertions, 1 failures, 1 errors, 0 skips", 2),
    ("FAILURES!\nTests: 5, Assertions: 9, Failures: 2.", 2),
    ("90% tests passed, 1 tests failed out of 10", 1),
    ("Failed!  - Failed:     2, Passed:     5, Skipped:     0, Total:     7", 2),
    ("Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=2)", 3),
    ("# tests 4\n# pass 3\n# fail 1", 1),
    ("ok 1 - a\nnot ok 2 - b", None),
    ("FAILED | 3 passed (2 steps) | 2 failed (10ms)", 2),
    (" 12 pass\n 3 fail\n", 3),
    ("  2 failed\n    a.spec.ts:3:1 \u203a login\n  7 passed (3.1s)", 2),
    ("Executed 9 tests, with 2 failures (0 unexpected) in 0.1 seconds", 2),
    ("\u2716 7 problems (3 errors, 4 warnings)", None),
    ("Found 3 errors in 2 files (checked 10 source files)", None),
    ("a.py:1:1: F401 unused\nFound 1 error.", None),
    ("src/a.ts(3,1): error TS2304: Cannot find name 'x'.", None),
    ("main.go:3:2: x declared and not used\n2 issues:\n* unused: 2", None),
    ("./main.go:3:2: undefined: x", None),
    ("main.c:3:1: error: expected ';'", None),
    ("make: *** [Makefile:3: all] Error 1", None),
    ("Code style issues found in 2 files. Run Prettier to fix.", None),
    ("2 files would be reformatted, 3 files already formatted", None),
]
GREEN = [
    "=== 10 passed, 1 skipped in 0.52s ===",
    "Tests:       20 passed, 20 total",
    "      Tests  20 passed (20)",
    "ok  \tacme/app/x\t0.1s",
    "test result: ok. 9 passed; 0 failed; 0 ignored; 0 measured",
    "Tests run: 9, Failures: 0, Errors: 0, Skipped: 0",
    "  10 passing (1s)",
    "5 examples, 0 failures",
    "OK (5 tests, 9 assertions)",
    "100% tests passed, 0 tests failed out of 10",
    "Ran 5 tests in 0.1s\n\nOK",
    "# pass 3\n# fail 0",
    "ok | 3 passed | 0 failed (10ms)",
    "All checks passed!",
    "Success: no issues found in 12 source files",
    "\u2716 4 problems (0 errors, 4 warnings)",
    "0 issues.",
    "All matched files use Prettier code style!",
    "    Finished `dev` profile [unoptimized] target(s) in 0.1s",
    "BUILD SUCCESSFUL in 3s",
    "\u2713 built in 1.2s",
]


@pytest.mark.parametrize(("text", "count"), RED)
def test_a_red_summary_counts_whatever_the_exit_code_hides(text: str, count: int | None) -> None:
    check = read_check(f"noise\n{text}\n", outcome="ok", exit_hidden=True)
    assert (check.red, check.failed_count) == (True, count)


@pytest.mark.parametrize("text", GREEN)
def test_a_green_summary_counts_where_the_exit_code_is_hidden(text: str) -> None:
    assert read_check(f"noise\n{text}\n", outcome="ok", exit_hidden=True).red is False
    assert read_check(f"noise\n{text}\n", outcome="unknown").red is False


@pytest.mark.parametrize(
    ("text", "outcome", "hidden", "red"),
    [
        ("nothing to see", "ok", True, None),
        ("nothing to see", "unknown", False, None),
        ("nothing to see", "ok", False, False),
        ("nothing to see", "error", False, True),
        ("some log\nexit: 1", "ok", True, True),
        ("some log\nEXIT CODE: 0", "ok", True, False),
        ("bash: pytest: command not found", "error", False, None),
        ("No module named pytest", "error", False, None),
        ("===== no tests ran in 0.01s =====", "error", False, None),
        ("", "ok", False, False),
    ],
)
def test_without_a_summary_only_an_exit_code_of_its_own_counts(
    text: str, outcome: Outcome, *, hidden: bool, red: bool | None
) -> None:
    assert read_check(text, outcome=outcome, exit_hidden=hidden).red is red


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("FAILED tests/test_a.py::test_x[1-2] - assert 1 == 2", ("tests/test_a.py::test_x[1-2]",)),
        ("--- FAIL: TestA (0.0s)\n    --- FAIL: TestA/sub (0.0s)", ("TestA", "TestA/sub")),
        ("(pass) app > a [1.00ms]\n(fail) app > b > c [7.5ms]\n\n 1 fail", ("app > b > c",)),
        ("test parse::empty ... FAILED\ntest parse::full ... ok", ("parse::empty",)),
        ("  \u25cf login \u203a rejects empty", ("login \u203a rejects empty",)),
        ("FAIL: test_x (tests.test_a.A)", ("test_x (tests.test_a.A)",)),
        ("rspec ./spec/a_spec.rb:3 # A does b", ("./spec/a_spec.rb:3",)),
        ("not ok 2 - parses dates", ("parses dates",)),
    ],
)
def test_failing_tests_are_named(text: str, names: tuple[str, ...]) -> None:
    assert read_check(text, outcome="error").failing == names


def test_a_green_run_names_nobody() -> None:
    assert read_check("retried\n--- FAIL: TestA\n", outcome="ok", exit_code=0).failing == ()


@pytest.mark.parametrize(
    "text",
    [
        "FAIL" * 100_000,
        "1 failed, " * 50_000,
        "Tests: " * 60_000,
        "\n" * 300_000,
        "  \u25cf x \u203a " * 40_000,
        " " * 300_000,
    ],
    ids=range(6),
)
def test_a_hostile_output_costs_no_more_than_its_length(text: str) -> None:
    start = time.process_time()
    read_check(text, outcome="ok", exit_hidden=True)
    assert time.process_time() - start < 1


@given(st.text(), st.sampled_from(["ok", "error", "unknown"]), st.booleans())
def test_any_text_can_be_read(text: str, outcome: Outcome, hidden: bool) -> None:  # noqa: FBT001 (hypothesis passes by position)
    check = read_check(text, outcome=outcome, exit_hidden=hidden)
    assert check.red or not check.failing
