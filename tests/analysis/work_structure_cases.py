"""Sessions at work on tests, commits and branches: those that become an issue, and those that do not."""

from building import by_agent, call, edit, interrupt, prompt, read, rejected, say, session, shell, write

from debrief.model import Event, Session

LONG = "\n".join(f"line {n}" for n in range(24))
LONGER = "\n".join(f"row {n}" for n in range(24))
CONTEXT = "\n".join(f"entry {n}," for n in range(30))
CHECKS = "test\tfail\t5m36s\thttps://forge.example/runs/1\t\nlicenses\tpass\t1m8s\thttps://forge.example/runs/2\t\n"


def red(command: str = "pytest", *tests: str, at: float | None = None) -> tuple[Event, ...]:
    named = tests or ("tests/test_a.py::test_b",)
    said = "\n".join(f"FAILED {test} - assert 1 == 2" for test in named)
    return shell(command, output=f"{said}\n{len(named)} failed, 3 passed in 0.1s", exit_code=1, at=at)


def green(command: str = "pytest") -> tuple[Event, ...]:
    return shell(command, output="4 passed in 0.1s")


def go_red(command: str, *tests: str) -> tuple[Event, ...]:
    said = "\n".join(f"--- FAIL: {test} (0.02s)" for test in tests)
    return shell(command, output=f"{said}\nFAIL\nFAIL\texample.org/app\t0.1s\nFAIL", exit_code=1)


def go_green(command: str) -> tuple[Event, ...]:
    return shell(command, output="ok  \texample.org/app\t0.2s")


def rounds(times: int, *happenings: tuple[Event, ...]) -> tuple[Event, ...]:
    return tuple(event for happening in happenings for event in happening) * times


PUSH = shell("git push", output="   1a2b3c4..5d6e7f8  topic -> topic")

STRUCTURES_FIRE: dict[str, tuple[Session, ...]] = {
    "TST-01": (
        session(
            shell("python test_fix.py", output="Traceback (most recent call last):\nKeyError", exit_code=1)
        ),
        session(prompt("run them"), go_red("go test ./...", "TestA"), say("One fails.")),
    ),
    "TST-02": (
        session(prompt("go"), rounds(4, edit("a.py"), red()), edit("a.py"), green(), say("Green.")),
        session(
            prompt("go"),
            green(),
            rounds(2, edit("a.go"), go_red("go test ./a", "TestA", "TestB")),
            read("a.go"),
            edit("a.go"),
            go_red("go test ./...", "TestA"),
            say("Still red."),
        ),
    ),
    "TST-03": (
        session(
            prompt("test it"), shell("pytest -k x | tail -3", output="no tests ran in 0.01s"), say("Hm.")
        ),
        session(
            shell("npm test", output="npm ERR! Missing script: test", exit_code=1), green("npx vitest run")
        ),
    ),
    "TST-04": (
        session(
            prompt("go"), edit("a.py"), green(), PUSH, shell("gh pr checks 7", output=CHECKS, exit_code=1)
        ),
        session(prompt("go"), edit("a.py"), green(), PUSH, say("Pushed."), prompt("CI is failing")),
        session(
            prompt("go"),
            edit("a.go"),
            go_green("go test ./..."),
            shell("git push"),
            say("Done."),
            prompt("run the rest, too"),
            go_red("go test -tags=integration ./...", "TestLogin"),
        ),
        session(
            shell(
                "go test ./integration",
                output="package app/integration: build constraints exclude all Go files in /src/integration",
                exit_code=1,
            ),
            go_green("go test -tags=integration ./integration"),
        ),
    ),
    "TST-05": (
        session(prompt("go"), edit("a.py"), red(), green(), say("Odd.")),
        session(
            prompt("go"),
            go_green("go test ./..."),
            read("a.go"),
            shell("git status"),
            shell("sleep 5"),
            go_red("go test ./... 2>&1 | tail -20", "TestClock"),
        ),
    ),
    "TST-06": (
        session(prompt("add a page"), read("a.py"), red(), edit("a.py"), red(), say("Added.")),
        session(
            prompt("rename the column"),
            shell("ls"),
            go_red("go test ./...", "TestA", "TestB"),
            edit("a.go"),
            shell("go build ./..."),
            go_red("go test ./...", "TestB"),
            say("Renamed."),
        ),
    ),
    "CQ-03": (
        session(edit("a.py"), shell("git add -A && git commit -m x", output="- hook id: mypy", exit_code=1)),
        session(
            edit("a.py"), shell("git push 2>&1 | tail -9", output="husky - pre-push script failed (code 1)")
        ),
    ),
    "VC-03": (
        session(
            prompt("merge our parent branch"),
            shell("git merge origin/main", output="CONFLICT (content): Merge conflict in a.go", exit_code=1),
            read("a.go"),
            interrupt(),
            prompt("the parent is acme/types"),
            shell("git merge --abort"),
            shell("git merge origin/acme/types", output="Merge made by the 'ort' strategy."),
        ),
        session(
            shell("git rebase main", output="Successfully rebased and updated refs/heads/topic."),
            shell("git reset --hard ORIG_HEAD", output="HEAD is now at 1a2b3c4"),
            shell("git rebase release/7", output="Successfully rebased and updated refs/heads/topic."),
        ),
    ),
    "VC-04": (
        session(
            prompt("go"),
            edit("/work/app/src/a.py"),
            edit("/work/app/src/b.py"),
            prompt("nah, roll that back"),
            shell("git checkout -- src/a.py src/b.py"),
        ),
        session(
            prompt("go"), edit("/work/app/a.go", "x", LONG), shell("git reset --hard", output="HEAD is now")
        ),
        session(prompt("go"), edit("/work/app/a.go", "x", LONG), shell("git restore ."), say("Gone.")),
        session(
            prompt("go"),
            edit("a.ts", LONG, LONGER),
            prompt("why not the other way?"),
            edit("b.ts"),
            edit("a.ts", LONGER, LONG),
        ),
        session(
            edit("a.go", "x", LONG),
            shell("git commit -am one", output="[topic 1a2b3c4] one\n 1 file changed"),
            shell("git revert --no-edit HEAD", output="[topic 5d6e7f8] Revert one"),
        ),
    ),
}

STRUCTURES_QUIET: dict[str, tuple[Session, ...]] = {
    "TST-01": (
        session(prompt("fix"), red(), shell("sed -i s/1/2/ app.py"), say("Changed.")),
        session(prompt("fix"), edit("a.py"), red(), by_agent("a1", edit("a.py"), green()), say("Done.")),
        session(prompt("add a page"), read("a.py"), red(), edit("a.py"), red(), say("Added.")),
        session(
            prompt("go"),
            edit("a.py"),
            shell(
                "npm run lint && npm test",
                output="a.ts\n\u2716 3 problems (3 errors, 0 warnings)",
                exit_code=1,
            ),
            say("Hm."),
        ),
        session(
            prompt("go"),
            edit("a.py"),
            shell("cd web && npm test", output="bash: cd: web: No such file or directory", exit_code=1),
            say("Hm."),
        ),
    ),
    "TST-02": (
        session(prompt("go"), rounds(2, edit("a.py"), red()), edit("a.py"), green(), rounds(2, green())),
        session(prompt("go"), edit("a.py"), rounds(5, red(), read("a.py")), say("Hm.")),
        session(
            prompt("go"),
            *(
                happening
                for n in range(4)
                for happening in (edit("a.py"), red("pytest", f"tests/test_a.py::test_{n}"))
            ),
        ),
        session(prompt("go"), rounds(2, edit("a.py"), red(), red(), edit("a.py"), green()), say("Done.")),
        session(prompt("go"), rounds(3, edit("README.md"), red()), say("Hm.")),
        session(prompt("go"), rounds(3, edit("a.py"), red()), say("Three runs are no loop yet.")),
        session(prompt("go"), rounds(3, edit("a.py"), shell("pytest | head -5", output="collecting"))),
    ),
    "TST-03": (
        session(
            prompt("write tests"),
            shell("pytest", output="no tests ran in 0.01s", exit_code=5),
            write("tests/test_a.py"),
            green(),
        ),
        session(read("log.txt", "no tests ran in 0.01s"), say("no tests ran in 0.01s")),
        session(shell("pytest || true", output="no tests ran in 0.01s")),
    ),
    "TST-04": (
        session(
            prompt("go"), edit("a.py"), green(), edit("a.py"), PUSH, shell("gh pr checks", output=CHECKS)
        ),
        session(prompt("go"), edit("a.py"), green(), shell("gh pr checks 7", output=CHECKS, exit_code=1)),
        session(prompt("CI is failing"), edit("a.py"), green(), PUSH, say("Done.")),
        session(prompt("go"), edit("a.py"), green("pytest tests/test_a.py"), PUSH, prompt("CI failed")),
        session(prompt("go"), edit("a.py"), green(), PUSH, prompt("add a test for failed logins")),
        session(prompt("go"), edit("a.py"), green(), PUSH, prompt("tell me when CI is red")),
        session(prompt("go"), edit("a.go"), go_green("go test ./..."), go_red("mise run test:ci", "TestA")),
        session(
            prompt("go"),
            edit("a.py"),
            green(),
            PUSH,
            shell("gh pr checks 7", output="licenses\tfail\t3s\thttps://forge.example\t\n", exit_code=1),
        ),
        session(read("ci.log", "build constraints exclude all Go files"), say("CI failed")),
    ),
    "TST-05": (
        session(prompt("go"), red(), edit("a.py"), green()),
        session(prompt("go"), red(), shell("npm install left-pad"), green()),
        session(prompt("go"), red(), shell("git stash"), green()),
        session(prompt("go"), red(), prompt("I mended it, try again"), green()),
        session(prompt("go"), red(), shell("./reset-database"), green()),
        session(prompt("go"), red(), by_agent("a1", edit("a.py")), green()),
        session(prompt("go"), red("pytest -x"), green("pytest")),
        session(prompt("go"), red("pytest --lf"), green("pytest --lf")),
        session(prompt("go"), red("ruff format . && pytest"), green("ruff format . && pytest")),
        session(red("pytest | grep FAILED"), shell("pytest | grep FAILED", output="")),
        session(
            shell("pytest", output="E  ConnectionError: connection refused\n1 failed in 1s", exit_code=1),
            green(),
        ),
        session(shell("bun test", output="ok  \tapp\t1s", exit_code=None), red("bun test")),
        session(red(), call("browser_click", "mcp", output="ok"), green()),
        session(red(), rejected(green()), say("Then not.")),
    ),
    "TST-06": (
        session(prompt("fix the failing test"), red(), edit("a.py"), red(), say("Hm.")),
        session(prompt("add a page"), edit("a.py"), red(), edit("a.py"), red(), say("Hm.")),
        session(prompt("add a page"), shell("pip install x"), red(), edit("a.py"), red(), say("Hm.")),
        session(prompt("add a page"), red(), edit("a.py"), green(), say("Added.")),
        session(
            prompt("add a page"), red("pytest", "tests/test_a.py::test_x"), edit("a.py"), red(), say("Hm.")
        ),
        session(prompt("add a page"), red("pytest -x"), edit("a.py"), red("pytest"), say("Hm.")),
        session(prompt("list them"), red(), read("a.py"), red(), say("One.")),
        session(prompt("add a page"), red(), edit("a.py"), red(), end_state="running"),
    ),
    "CQ-03": (
        session(read("hooks.md", "husky - pre-commit script failed (code 1)"), say("- hook id: ruff")),
        session(shell("git commit -m x || true", output="- hook id: ruff\n- exit code: 1")),
        session(shell("cat log && git commit -m x", output="- hook id: ruff\n[main 1a2b3c4] x")),
    ),
    "VC-03": (
        session(shell("git merge origin/main"), shell("git merge --abort"), shell("git merge main")),
        session(shell("git merge one"), shell("git merge two"), shell("git commit -m x")),
        session(shell("git rebase -i HEAD~3"), shell("git rebase --abort"), shell("git rebase main")),
        session(shell("git merge one"), shell("git merge --abort"), say("It conflicts; shall I go on?")),
        session(
            shell("git merge one"),
            shell("git commit -m x"),
            shell("git reset --hard"),
            shell("git merge two"),
        ),
    ),
    "VC-04": (
        session(edit("/work/app/a.py"), shell("git checkout -- a.py")),
        session(edit("/work/app/a.py", "x", LONG), shell("git stash"), green(), shell("git stash pop")),
        session(shell("gofmt -w ."), shell("git checkout -- ."), say("Formatting taken back.")),
        session(edit("/work/app/a.py", "x", LONG), shell("git commit -am x"), shell("git checkout -- a.py")),
        session(edit("/work/app/a.py", "x", LONG), shell("git checkout -- other.py")),
        session(edit("/work/app/web/a.py", "x", LONG), shell("git checkout web"), say("On the branch web.")),
        session(edit("/work/app/a.py", "x", LONG), shell("git restore --staged a.py")),
        session(
            edit("/work/app/a.py", "x", LONG),
            shell("git checkout a.py || echo none", output="none"),
            say("It is new."),
        ),
        session(edit("a.py", "x", "print(x)\nx"), green(), edit("a.py", "print(x)\nx", "x")),
        session(
            edit("a.py", CONTEXT, f"{CONTEXT}\nmore,"),
            edit("b.py"),
            edit("a.py", f"{CONTEXT}\nmore,", CONTEXT),
        ),
        session(
            edit("/work/app/a.py", "x", LONG),
            shell("git checkout -- a.py"),
            edit("/work/app/a.py", "x", LONG),
        ),
        session(edit("/elsewhere/try.py", "x", LONG), shell("git reset --hard"), say("Back.")),
        session(edit("/work/app/a.py", "x", LONG), rejected(shell("git checkout -- a.py"))),
    ),
}
