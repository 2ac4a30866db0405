"""How tests, builds and linters say that they passed or failed: the table that `checks` reads outputs by.

Data only. Every pattern is anchored or bounded, so that reading costs no more than the output is long.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    """One way of saying it: where `needle` occurs, `pattern` is tried.

    The pattern's groups that are numbers are added up to the count of failures, which decides where there are
    such groups; without them `red` does. `total` marks runners that repeat themselves: the largest count is
    the whole. `counts` is False where the number is not one of tests (errors of a compiler, say).
    """

    needle: str
    pattern: re.Pattern[str]
    red: bool = True
    total: bool = False
    counts: bool = True


def _sign(needle: str, pattern: str, *, red: bool = True, total: bool = False, counts: bool = True) -> Sign:
    return Sign(needle, re.compile(pattern, re.MULTILINE), red, total, counts)


PYTEST = re.compile(
    r"^=*[ ]?((?:\d{1,7} [a-z]{4,12}(?: passed)?(?:, )?){1,9}) in \d{1,7}[.:\d]{0,12}s?", re.MULTILINE
)
"""Pytest's last line, with `-q` without its frame."""

PYTEST_PART = re.compile(r"(\d{1,9}) (failed|errors?|passed|skipped|xfailed|xpassed|deselected|warnings?)")

EXIT_ECHO = re.compile(
    r"^[\W_]{0,12}(?:\w{1,16}[ _-])?exit(?:ed)?(?:[ _-]?(?:code|status))?[\W_]{1,4}(\d{1,3})[\W_]{0,12}$"
    r"|^rc[=:] ?(\d{1,3})$",
    re.IGNORECASE | re.MULTILINE,
)
"""What `; echo "exit: $?"` leaves."""

NOT_RUN = re.compile(
    r"command not found|: not found$|No module named (?:pytest|unittest|nose|tox)\b|Missing script:"
    r"|is not recognized as|executable file not found|no tests? (?:ran|found|collected|to run|files)"
    r"|No test files? found|No tests found"
    r"|collected 0 items|0 passing|can't open file|Cannot find module '[^'\n]{1,200}(?:jest|vitest|mocha)"
    r"|ENOENT[^\n]{0,120}package\.json|No rule to make target|did not match any packages|Ran 0 tests"
    r"|unknown command|unrecognized arguments",
    re.IGNORECASE | re.MULTILINE,
)
"""The check did not start, or found nothing to check: neither red nor green."""

SIGNS: tuple[Sign, ...] = (
    # Tests.
    _sign("Tests:", r"^Tests:[ ]+(?:(\d{1,9}) failed)?[^\n]{0,60}\btotal"),
    _sign("Tests ", r"^[^\S\n]{0,10}Tests {1,4}(?:(\d{1,9}) failed)?[ |]{0,3}[^\n(]{0,60}\(\d{1,9}\)"),
    _sign("Test Files", r"^[^\S\n]{0,10}Test Files {1,4}\d{1,9} failed", counts=False),
    _sign("--- FAIL", r"^[^\S\n]{0,40}--- FAIL: "),
    _sign("FAIL\t", r"^FAIL\t\S"),
    _sign("FAIL", r"^FAIL$"),
    _sign("ok  \t", r"^ok  \t\S", red=False),
    _sign("PASS", r"^PASS$", red=False),
    _sign(
        "DONE ",
        r"^DONE \d{1,9} tests?(?:, \d{1,9} skipped)?(?:, (\d{1,9}) failures?)?(?:, (\d{1,9}) errors?)?",
    ),
    _sign("test result:", r"^test result: \w+\. \d{1,9} passed; (\d{1,9}) failed"),
    _sign(
        "tests run:",
        r"\b\d{1,9} tests? run: \d{1,9} passed(?:[^\n,]{0,30})?(?:, (\d{1,9}) (?:failed|timed out))?",
    ),
    _sign("Tests run:", r"Tests run: ?\d{1,9}, Failures: ?(\d{1,9}), Errors: ?(\d{1,9})", total=True),
    _sign("tests completed", r"^\d{1,9} tests? completed, (\d{1,9}) failed"),
    _sign(" failing", r"^[^\S\n]{0,10}(\d{1,9}) failing\b"),
    _sign(" passing", r"^[^\S\n]{0,10}\d{1,9} passing\b", red=False),
    _sign(" example", r"^\d{1,9} examples?, (\d{1,9}) failures?"),
    _sign(" runs, ", r"^\d{1,9} (?:runs|tests), \d{1,9} assertions, (\d{1,9}) failures, (\d{1,9}) errors"),
    _sign("OK (", r"^OK \(\d{1,9} tests?, \d{1,9} assertions?\)", red=False),
    _sign(
        "Assertions:",
        r"^Tests: \d{1,9}, Assertions: \d{1,9}(?:, Errors: (\d{1,9}))?(?:, Failures: (\d{1,9}))?",
    ),
    _sign("tests passed", r"^\d{1,9}% tests passed, (\d{1,9}) tests? failed out of"),
    _sign("Failed:", r"^(?:Failed|Passed)! {1,4}- Failed: {1,8}(\d{1,9})"),
    _sign("Test summary:", r"^Test summary: total: \d{1,9}, failed: (\d{1,9})"),
    _sign("FAILED (", r"^FAILED \((?:failures=(\d{1,9}))?(?:, )?(?:errors=(\d{1,9}))?"),
    _sign("OK", r"^OK(?: \((?:skipped|expected)[^\n]{0,60})?$", red=False),
    _sign("fail ", r"^(?:#|\u2139) fail (\d{1,9})$"),
    _sign("not ok ", r"^not ok \d{1,9}\b(?![^\n]{0,200}# (?:TODO|SKIP))"),
    _sign(" failed", r"^ {2}(\d{1,9}) failed$"),
    _sign(" passed (", r"^ {2}\d{1,9} passed \(\d", red=False),
    _sign(" | ", r"^(?:ok|FAILED) \| \d{1,9} passed[^\n|]{0,60}\| (\d{1,9}) failed"),
    _sign(" fail", r"^ {0,2}(\d{1,9}) fail$"),
    _sign(" pass", r"^ {0,2}\d{1,9} pass$", red=False),
    _sign("Executed ", r"Executed \d{1,9} tests?, with (\d{1,9}) failures?", total=True),
    _sign(" tests, ", r"^(?:\d{1,9} doctests?, )?\d{1,9} tests?, (\d{1,9}) failures?"),
    _sign("All tests passed", r"All tests passed\b", red=False),
    _sign("Some tests failed", r"Some tests failed\b"),
    _sign("All tests successful", r"^All tests successful", red=False),
    _sign("Result: FAIL", r"^Result: FAIL"),
    # Linters and type checkers.
    _sign(" problem", r"^✖ \d{1,9} problems? \((\d{1,9}) errors?", counts=False),
    _sign(
        "Found ", r"\bFound (\d{1,9}) (?:\w{1,12} )?(?:errors?|issues?|diagnostics?)\b(?! \(0 )", counts=False
    ),
    _sign("All checks passed", r"^All checks passed!", red=False),
    _sign("Success: no issues", r"Success: no issues found", red=False),
    _sign("would be reformatted", r"^(\d{1,9}) files? would be reformatted", counts=False),
    _sign("ould reformat", r"^Would reformat: |^would reformat "),
    _sign("left unchanged", r"^\d{1,9} files? left unchanged", red=False),
    _sign("already formatted", r"^\d{1,9} files? already formatted", red=False),
    _sign("Code style issues", r"Code style issues found"),
    _sign("All matched files", r"All matched files use", red=False),
    _sign(" issues", r"^(\d{1,9}) issues?[:.]", counts=False),
    _sign(" warnings", r"^(\d{1,9}) errors?, \d{1,9} warnings?", counts=False),
    _sign("offenses", r"^\d{1,9} files? inspected, (?:no|(\d{1,9})) offenses? detected", counts=False),
    _sign("rated at 10.00", r"rated at 10\.00/10", red=False),
    _sign("level=error", r"^level=error "),
    # Compilers and builds.
    _sign("error TS", r"\berror TS\d{2,6}:"),
    _sign("could not compile", r"^error: could not compile"),
    _sign("error[E", r"^error\[E\d{4}\]"),
    _sign("Finished ", r"^ {0,8}Finished [`\w]", red=False),
    _sign(".go:", r"^(?:vet: )?(?:\./)?[\w./-]{1,200}\.go:\d{1,9}:\d{1,9}: "),
    _sign(" error: ", r"^[^\s:][^:\n]{0,200}:\d{1,9}:(?:\d{1,9}:)? (?:fatal )?error: "),
    _sign("***", r"^g?make(?:\[\d{1,9}\])?: \*\*\* "),
    _sign("ninja: build stopped", r"^ninja: build stopped"),
    _sign("BUILD FAIL", r"\bBUILD FAIL(?:ED|URE)\b"),
    _sign("BUILD SUCCE", r"\bBUILD SUCCE(?:SS|SSFUL|EDED)\b", red=False),
    _sign("Build FAILED", r"^Build FAILED\."),
    _sign("Build succeeded", r"^ {0,4}Build succeeded", red=False),
    _sign("built in", r"\bbuilt in \d", red=False),
    _sign("ompiled successfully", r"[Cc]ompiled successfully", red=False),
    _sign("Failed to compile", r"^Failed to compile"),
    _sign("failed to solve", r"^ERROR: failed to (?:solve|build)"),
    _sign(
        "ELIFECYCLE",
        r"^(?:npm (?:ERR!|error)|\s?ELIFECYCLE)[^\n]{0,200}(?:ELIFECYCLE|Command failed|exit code \d)",
    ),
    _sign("task failed", r"^\[[\w:.-]{1,60}\] ERROR task failed"),
)

NAMES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (needle, re.compile(pattern, re.MULTILINE))
    for needle, pattern in (
        ("FAILED ", r"^(?:\S{1,40} )?FAILED (\S{1,300}\.py\S{0,300})"),
        ("ERROR ", r"^ERROR (\S{1,300}\.py\S{0,300})"),
        ("--- FAIL: ", r"^[^\S\n]{0,40}--- FAIL: (\S{1,200})"),
        ("... FAILED", r"^test (\S{1,200}) \.\.\. FAILED$"),
        ("● ", r"^ {2}● ([^\n]{1,200} \u203a [^\n]{1,200})$"),
        (" FAIL  ", r"^ FAIL  ([^\n]{1,300})$"),
        ("FAIL: ", r"^(?:FAIL|ERROR): (\S{1,200} \(\S{1,200}\))"),
        ("FAIL [", r"^ {0,20}FAIL \[[^\]\n]{1,30}\] (?:\([^)\n]{1,30}\) )?([^\n]{1,200})$"),
        ("rspec ", r"^rspec (\S{1,200})"),
        ("not ok ", r"^[ ]{0,16}not ok \d{1,9} (?:- )?([^\n#]{1,200})"),
        (" FAILED", r"^(\S[^\n>]{0,150} > [^\n]{1,150}) FAILED$"),
        ("(Failed)", r"^\s{0,8}\d{1,9} - (\S{1,200}) \(Failed\)"),
        ("[FAIL]", r"^ {0,20}([\w.()+<>, \"]{1,200}) \[FAIL\]$"),
        ("(fail) ", r"^(?:\S{1,60} \S{1,20}: )?\(fail\) ([^\n\[]{1,200}?)(?: \[[\d.]{1,12}m?s\])?$"),
        ("✗ ", r"^ {0,20}✗ ([^\n]{1,200})$"),
    )
)
"""How runners name the tests that failed: the needle, and the pattern whose group is the name."""
