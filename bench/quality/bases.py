"""A seed goes in, clean sessions come out: kinds of work in several languages in which nothing went wrong.

Prompts, code and outputs are made up here. Each session says what is wanted and how to check it, reads,
changes, checks green and reports; some ask a question only, some see a test red before they mend it.
"""

import random
import sys
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "analysis"))

from building import Happening, call, edit, prompt, read, say, search, session, shell, write

from debrief.model import Session

BASES: Final = 40


class Language(NamedTuple):
    """How work in a language looks: files, a line of code, checks and what they print."""

    name: str
    files: tuple[str, ...]
    test_file: str
    line: str
    test: str
    green: str
    red: str
    lint: str
    linted: str


class Base(NamedTuple):
    """A clean session as its happenings. `middle` is a place after the first change was made and checked."""

    name: str
    language: Language
    happenings: tuple[Happening, ...]
    middle: int

    def session(self) -> Session:
        """The session as it is."""
        return session(*self.happenings)


LANGUAGES: Final = (
    Language(
        "python",
        ("src/ledger/report.py", "src/ledger/rates.py", "src/ledger/store.py", "src/ledger/cli.py"),
        "tests/test_report.py",
        "def {word}_total(rows: list[int]) -> int:\n    return sum(row for row in rows if row > {n})",
        "pytest -q",
        "........................                                                 [100%]\n24 passed in 1.32s",
        "FAILED tests/test_report.py::test_{word} - assert {n} == 0\n1 failed, 23 passed in 1.41s",
        "ruff check .",
        "All checks passed!",
    ),
    Language(
        "typescript",
        ("src/cart/total.ts", "src/cart/lines.ts", "src/cart/view.tsx", "src/http/client.ts"),
        "src/cart/total.test.ts",
        "export function {word}(lines: Line[]): number {{\n  return lines.length + {n};\n}}",
        "npx vitest run",
        " Test Files  6 passed (6)\n      Tests  41 passed (41)\n   Duration  2.10s",
        " FAIL  src/cart/total.test.ts > {word} adds up\n      Tests  1 failed | 40 passed (41)",
        "npx eslint src",
        "",
    ),
    Language(
        "go",
        ("internal/queue/queue.go", "internal/queue/worker.go", "cmd/served/main.go", "internal/log/log.go"),
        "internal/queue/queue_test.go",
        "func {word}(items []int) int {{\n\treturn len(items) + {n}\n}}",
        "go test ./...",
        "ok  \texample.org/served/internal/queue\t0.412s\nok  \texample.org/served/internal/log\t0.101s",
        "--- FAIL: Test_{word} (0.00s)\n  queue_test.go:{n}: want 0\nFAIL\texample.org/served/internal/queue",
        "go vet ./...",
        "",
    ),
    Language(
        "rust",
        ("src/parse.rs", "src/lexer.rs", "src/main.rs", "src/tables.rs"),
        "tests/parse.rs",
        "pub fn {word}(input: &[u8]) -> usize {{\n    input.len() + {n}\n}}",
        "cargo test",
        "running 18 tests\n\ntest result: ok. 18 passed; 0 failed; 0 ignored; finished in 0.02s",
        "test {word} ... FAILED\n\ntest result: FAILED. 17 passed; 1 failed; 0 ignored; finished in 0.02s",
        "cargo clippy",
        "    Finished `dev` profile [unoptimized + debuginfo] target(s) in 0.31s",
    ),
    Language(
        "java",
        (
            "src/main/java/org/example/Tariff.java",
            "src/main/java/org/example/Invoice.java",
            "src/main/java/org/example/App.java",
            "src/main/java/org/example/Clock.java",
        ),
        "src/test/java/org/example/TariffTest.java",
        "int {word}(List<Integer> rows) {{\n    return rows.size() + {n};\n}}",
        "./gradlew test",
        "> Task :test\n\nBUILD SUCCESSFUL in 4s\n4 actionable tasks: 2 executed, 2 up-to-date",
        "TariffTest > {word}() FAILED\n    AssertionFailedError at TariffTest.java:{n}\n\n"
        "31 tests completed, 1 failed\n\nBUILD FAILED in 5s",
        "./gradlew spotlessCheck",
        "BUILD SUCCESSFUL in 1s",
    ),
    Language(
        "ruby",
        ("app/models/booking.rb", "app/models/room.rb", "lib/calendar.rb", "app/mailers/notice.rb"),
        "spec/models/booking_spec.rb",
        "def {word}(rows)\n  rows.size + {n}\nend",
        "bundle exec rspec",
        "..............................\n\nFinished in 0.9 seconds\n30 examples, 0 failures",
        "Failures:\n\n  1) Booking {word} counts nights\n\n30 examples, 1 failure",
        "bundle exec rubocop",
        "14 files inspected, no offenses detected",
    ),
)

_WORDS: Final = ("weekly", "rounded", "merged", "sorted", "cached", "visible", "expired", "monthly", "billed")
_ASKS: Final = (
    "In {file}, `{word}` counts rows on the border twice. It should count each once; `{test}` must pass.",
    "Add `{word}` to {file}: given no rows it should return {n}, else one more than there are. Run `{test}`.",
    "Please move `{word}` out of {file} into a function of its own; `{test}` has to stay green.",
    "{file}: `{word}` should take an empty list as well and return {n} for it. Add a test to {tests}.",
)


class _Author:
    """Writes one session in one language."""

    def __init__(self, number: int) -> None:
        self._chance = random.Random(number)  # noqa: S311 (a seeded draw, not a secret)
        self.language = LANGUAGES[number % len(LANGUAGES)]
        self.word = self._chance.choice(_WORDS)
        self.file, *self.others = self._chance.sample(self.language.files, len(self.language.files))
        self.number = self._chance.randrange(3, 40)

    def filled(self, template: str) -> str:
        return template.format(
            word=self.word,
            n=self.number,
            file=self.file,
            test=self.language.test,
            tests=self.language.test_file,
        )

    def ask(self) -> Happening:
        return prompt(self.filled(self._chance.choice(_ASKS)))

    def code(self, words: int = 3) -> str:
        chosen = self._chance.sample(_WORDS, words)
        return "\n\n".join(self.language.line.format(word=word, n=self.number) for word in chosen)

    def looks(self, count: int) -> list[Happening]:
        found = f"{self.file}:{self.number}: {self.word}\n{self.others[0]}:8: {self.word}"
        reads = [read(path, self.code()) for path in (self.file, *self.others)[:count]]
        return [search(self.word, found), *reads]

    def change(self, path: str | None = None) -> Happening:
        self.number += 1
        old = self.language.line.format(word=self.word, n=self.number - 1)
        new = self.language.line.format(word=self.word, n=self.number)
        return edit(path or self.file, old, new, output=f"The file {path or self.file} was changed.")

    def test(self) -> Happening:
        return shell(self.language.test, output=self.language.green, seconds=self._chance.randrange(2, 9))

    def lint(self) -> Happening:
        return shell(self.language.lint, output=self.language.linted, seconds=2)

    def red(self) -> Happening:
        return shell(self.language.test, output=self.filled(self.language.red), exit_code=1, seconds=3)

    def add_test(self) -> Happening:
        return write(self.language.test_file, self.code(2))

    def report(self) -> Happening:
        return say(
            f"`{self.word}` in {self.file} now does what you asked for; `{self.language.test}` passes."
        )


def _small(by: _Author) -> tuple[list[Happening], list[Happening]]:
    return [by.ask(), *by.looks(2), by.change(), by.test()], [by.report()]


def _careful(by: _Author) -> tuple[list[Happening], list[Happening]]:
    plan = call("Plan", "plan", args='{"steps":["read","change","test"]}', output="noted")
    looked = shell("git status --short", output=f" M {by.file}")
    first = [by.ask(), plan, *by.looks(4), by.change(), by.test(), by.add_test(), by.test()]
    kept = shell(
        f'git commit -am "Count {by.word} rows once"', output="[main 3f2a91c] Count rows\n 2 files changed"
    )
    return first, [by.lint(), looked, kept, by.report()]


def _question(by: _Author) -> tuple[list[Happening], list[Happening]]:
    ask = prompt(f"Where does {by.file} decide whether a row is {by.word}, and who calls it?")
    answer = f"In {by.file}, line {by.number}; {by.others[0]} calls it once for each row."
    listed = shell("ls", output="README.md\nsrc\ntests")
    return [ask, listed, *by.looks(3)], [read(by.others[0], by.code()), say(answer)]


def _spread(by: _Author) -> tuple[list[Happening], list[Happening]]:
    first = [by.ask(), *by.looks(4), by.change(), by.change(by.others[0]), by.test()]
    more = [by.change(by.others[1]), by.test(), by.lint(), by.report()]
    return first, more


def _red_first(by: _Author) -> tuple[list[Happening], list[Happening]]:
    ask = prompt(by.filled("`{test}` fails for `{word}` in {tests} since this morning. Please mend {file}."))
    return [ask, by.red(), *by.looks(2), by.change(), by.test()], [by.lint(), by.report()]


def _talk(by: _Author) -> tuple[list[Happening], list[Happening]]:
    first = [by.ask(), *by.looks(3), by.change(), by.test(), by.report()]
    also = prompt(f"Thank you. Now add a test for `{by.word}` with an empty list to {by.language.test_file}.")
    done = say(f"The test is in {by.language.test_file} and passes.")
    return first, [also, read(by.language.test_file, by.code()), by.add_test(), by.test(), done]


_SHAPES: Final = (_small, _careful, _question, _spread, _red_first, _talk, _careful)


def bases(count: int = BASES) -> list[Base]:
    """The first `count` clean sessions: always the same."""
    found = []
    for number in range(count):
        by = _Author(number)
        shape = _SHAPES[number // len(LANGUAGES) % len(_SHAPES)]
        before, after = shape(by)
        name = f"{number}: {by.language.name}, {shape.__name__.strip('_').replace('_', ' ')}"
        found.append(Base(name, by.language, (*before, *after), len(before)))
    return found
