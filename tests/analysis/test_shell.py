import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debrief.analysis.shell import failure_expected, read_line
from debrief.analysis.shell_words import COMMANDS_KEPT, simple_commands


@pytest.mark.parametrize(
    ("line", "family", "target"),
    [
        ("cd web && npm test 2>&1 | tail -20", "test", "npm test"),
        ("uv run pytest -q tests/ -k foo", "test", "pytest"),
        ("FOO=1 env BAR=2 timeout -k 5 60 python3.11 -m pytest", "test", "pytest"),
        ("poetry run python -m unittest discover", "test", "unittest"),
        ("docker compose exec -T web pytest", "test", "pytest"),
        ('docker exec -it box bash -c "cd /app && go test ./..."', "test", "go test"),
        ("python manage.py test app", "test", "manage.py test"),
        ("./run_tests.sh", "test", "run_tests.sh"),
        ("./gradlew :app:testDebug", "test", "gradlew :app:testDebug"),
        ("mise run test:ci", "test", "mise test:ci"),
        ("pnpm --filter web run build", "build", "pnpm run build"),
        ("npx tsc --noEmit", "build", "tsc"),
        ("make", "build", "make"),
        ("npx -y @biomejs/biome check .", "lint", "biome"),
        ("yarn", "install", "yarn"),
        ("sudo apt-get update && sudo apt-get install -y curl", "install", "apt-get"),
        ("python -m venv .venv && . .venv/bin/activate && pip install -e .", "install", "pip"),
        ('git add -A && git commit -m "x" && git push', "vcs", "git push"),
        ("git commit -m \"$(cat <<'EOF'\nit's (done) && npm test\nEOF\n)\"", "vcs", "git commit"),
        ("git grep -n foo", "search", "git grep"),
        ("grep -rn foo . | head -5", "search", "grep"),
        ("find . -name '*.py' | xargs grep foo", "search", "grep"),
        ("find . -type f -exec grep -l foo {} +", "search", "grep"),
        ("find . -name '*.pyc' -delete", "edit", "find"),
        ("sed -i 's/a/b/' src/foo.py", "edit", "src/foo.py"),
        ("sed -n 1,20p src/foo.py", "read", "src/foo.py"),
        ("cat > a.py <<'EOF'\nprint('x'\npytest\nEOF", "edit", "a.py"),
        ("cat > a.py <<'EOF'\nprint('x')\nEOF\npython a.py", "run", "python a.py"),
        ("curl -s https://example.org | jq .", "net", "curl"),
        ("for f in *.py; do ruff check $f; done", "lint", "ruff"),
        ("if ! command -v jq; then apt-get install jq; fi", "install", "apt-get"),
        ("(cd sub && cargo clippy) 2>&1 | tail", "lint", "cargo clippy"),
        ("python -c 'import os; print(1)'", "run", "python"),
        ("gcc --version", "read", "gcc"),
        ("cd sub", "other", "cd"),
        ("", "other", ""),
        ("  # only a comment", "other", ""),
        ("X=1", "other", ""),
    ],
)
def test_a_line_is_judged_by_its_telling_part(line: str, family: str, target: str) -> None:
    read = read_line(line)
    assert (read.family, read.target) == (family, target)


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("pytest", False),
        ("pytest && echo fine", False),
        ("cd x && pytest", False),
        ("pytest | tail -3", True),
        ("set -o pipefail; pytest | tail -3", False),
        ("pytest; echo done", True),
        ("set -e; pytest; echo done", False),
        ("pytest || echo red", True),
        ("pytest || exit 1", False),
        ("pytest || { echo red; exit 1; }", False),
        ("pytest &", True),
        ("pytest > log 2>&1", False),
    ],
)
def test_an_exit_code_is_hidden_by_what_comes_after(line: str, *, hidden: bool) -> None:
    assert read_line(line).exit_hidden is hidden


@pytest.mark.parametrize(
    ("line", "code", "output", "expected"),
    [
        ("rm -r x || true", 1, "", True),
        ("which foo", 1, "", True),
        ("command -v foo", 1, "", True),
        ("[ -f x ] && echo yes", 1, "", True),
        ("ls nowhere 2>/dev/null", 2, "", True),
        ("make 2>/dev/null", 2, "", False),
        ("grep -q foo bar.txt", 1, "", True),
        ("grep -q foo bar.txt", 2, "grep: bar.txt: No such file or directory", False),
        ("cd nowhere && grep foo x", 1, "bash: cd: nowhere: No such file", False),
        ("rg foo", 1, "Exit code 1", True),
        ("diff a b", 1, "< x\n> y", True),
        ("diff a b", 2, "diff: b: No such file", False),
        ("timeout 5 ./server", 124, "listening", True),
        ("timeout 5 pytest", 124, "", False),
        ("pytest", 1, "1 failed", False),
    ],
)
def test_some_failures_are_expected(line: str, code: int, output: str, *, expected: bool) -> None:
    assert failure_expected(read_line(line), exit_code=code, output=output) is expected


def test_parts_keep_words_family_and_what_joins_them() -> None:
    read = read_line("cd web && FOO=1 npm ci 2>&1 | tee log; echo 'a && b'")
    assert [(part.words, part.family) for part in read.parts] == [
        (("cd", "web"), "other"),
        (("npm", "ci"), "install"),
        (("tee", "log"), "edit"),
        (("echo", "a && b"), "other"),
    ]
    assert [simple.joint for simple in simple_commands("a && b | c; d || e &")] == ["&&", "|", ";", "||", "&"]


HOSTILE = [
    "$(" * 50_000,
    '"$(' * 33_000,
    "<<A\n" * 25_000,
    "<<A " * 25_000 + "\n",
    "$(\n<<E\nE\n)" * 10_000,
    "a;" * 50_000,
    "'a" * 50_001,
    "`" * 100_001,
    "${" * 50_000,
    "$((" * 33_000,
    "(" * 100_000,
    "a " * 50_000,
    ">" * 100_000,
    "\\" * 100_000,
    "sudo " * 20_000,
    'bash -c "' * 10_000,
    "eval " * 20_000,
    "X=1 " * 25_000,
    "for " * 25_000,
    "a=" * 50_000 + ";" + "if " * 20_000,
]


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_line_costs_no_more_than_its_length(line: str) -> None:
    start = time.process_time()
    assert len(read_line(line).parts) <= COMMANDS_KEPT
    assert time.process_time() - start < 2


@given(st.text(alphabet="ab '\"\\`$(){}<>|&;#\n-=/EOF", max_size=200))
def test_no_line_is_too_broken(line: str) -> None:
    read = read_line(line)
    assert read.chosen < len(read.parts)
    assert all(part.text in line or not part.text for part in read.parts if "eval" not in line)
    failure_expected(read, exit_code=1, output="")


ODD_WORDS = [
    "git",
    "npm",
    "python",
    "-m",
    "run",
    "test",
    "sudo",
    "env",
    "-u",
    "x",
    "docker",
    "exec",
    "sh",
    "-c",
    "make",
]


@given(st.lists(st.sampled_from(ODD_WORDS)))
def test_no_words_are_too_odd(words: list[str]) -> None:
    read_line(" ".join(words))
