"""Sessions for the detectors that judge how the work went: direction, verification, requirements, cost."""

from building import (
    Happening,
    by_agent,
    call,
    edit,
    interrupt,
    prompt,
    read,
    rejected,
    replayed,
    say,
    search,
    session,
    shell,
    write,
)

from debrief.model import Session

RED = "FAILED tests/test_a.py::test_b - assert 1 == 2\n1 failed, 3 passed in 0.1s"
ONE_WAY, OTHER_WAY = "retries = 3  # few", "retries = 30  # many"
THERE = edit("src/net.py", ONE_WAY, OTHER_WAY)
BACK = edit("src/net.py", OTHER_WAY, ONE_WAY)
STRONG = "assert total == 3\nassert names == ['a']\nassert not errors"
WEAK = "assert total"
SKIPPED = "@pytest.mark.skip\ndef test_b():"
ASKED = say("I see two branches. Which branch is the base of this work?")
TOLD = prompt("the base is team/two-level-index")


def red(command: str = "pytest") -> Happening:
    return shell(command, output=RED, exit_code=1)


def green(command: str = "pytest") -> Happening:
    return shell(command, output="4 passed in 0.1s")


def looks(count: int) -> Happening:
    return tuple(event for n in range(count) for event in search(f"login{n}"))


def trials(count: int) -> Happening:
    return tuple(
        event
        for n in range(count)
        for event in (*edit("src/a.py", f"value = {n}", f"value = {n + 1}"), *red())
    )


def timed(seconds: float, command: str = "make test", output: str = "4 passed in 0.1s") -> Happening:
    return shell(command, output=output, seconds=seconds)


def waited(seconds: float, at: float, command: str = "make test") -> Happening:
    """A run of which only the events' times are known."""
    asked, answered = shell(command, output="4 passed in 0.1s", at=at)
    after = read("x.md", at=at + seconds + 2)
    unmeasured = type(answered)(
        ordinal=0,
        kind="tool_result",
        actor="tool",
        text=answered.text,
        ts_us=asked.ts_us and asked.ts_us + int(seconds * 1_000_000),
        tool="Shell",
        tool_kind="shell",
        call_id="",
        outcome="ok",
        exit_code=0,
    )
    return (asked, unmeasured, *after)


def missing(command: str, said: str) -> Happening:
    return shell(command, output=said, exit_code=1)


DONE = say("All done, everything works as expected.")
FAILS = shell("deploy --now", output="Error: no such option --now", exit_code=2)
WORKED = shell("pnpm -C web test", output="Tests  4 passed (4)")
NO_SCRIPT = missing("npm test", 'npm error Missing script: "test"')

STRUCTURES_FIRE: dict[str, tuple[Session, ...]] = {
    "APP-02": (
        session(prompt("tune it"), THERE, green(), BACK, green(), THERE, say("Now it is 30.")),
        session(prompt("tune it"), trials(6), say("Hm.")),
    ),
    "APP-03": (
        session(prompt("Fix the bug in the login"), looks(26), edit("src/auth/login.ts"), green()),
        session(
            prompt("hi"),
            say("Hello."),
            prompt("please add a limit to the upload of files"),
            looks(30),
            edit("app/upload.py"),
            edit("app/limits.py"),
        ),
    ),
    "APP-04": (
        session(prompt("Fix the login page"), read("a.py"), say("Which of the two login pages is meant?")),
        session(
            prompt("please add a field to the export"),
            search("export"),
            say("There are three. What is the export called in the menu? Tell me and I begin."),
        ),
    ),
    "VER-02": (
        session(prompt("deploy"), read("a"), read("b"), FAILS, shell("ls /srv"), FAILS, DONE),
        session(prompt("deploy"), shell("date"), FAILS, FAILS, FAILS, read("b"), DONE),
    ),
    "VER-03": (
        session(prompt("fix the total"), red(), edit("tests/test_a.py", STRONG, WEAK), green(), DONE),
        session(
            prompt("fix the total"),
            edit("src/a.py"),
            red(),
            edit("tests/test_a.py", "def test_b():", SKIPPED),
            green(),
        ),
        session(
            prompt("make the build work"),
            red("npm test"),
            edit("web/a.test.ts", "it('adds', () => {", "it.skip('adds', () => {"),
            shell("npm test", output="Tests:       1 skipped, 4 passed, 5 total"),
        ),
    ),
    "REQ-03": (
        session(prompt("tidy up"), edit("a.py"), say("Tidied."), prompt("you forgot the second file")),
        session(
            prompt("tidy up"), edit("a.py"), say("Done."), prompt("that's not what I meant, only the names")
        ),
        session(prompt("tidy up"), edit("a.py"), say("Done."), prompt("hmm, please undo that")),
        session(
            prompt("tidy up"),
            edit("src/user_model.py", "legacy_id = 1", "identifier = 1"),
            say("Renamed."),
            prompt("no, keep `legacy_id` as it was"),
        ),
        session(
            prompt("ship it"),
            edit("a.py"),
            shell("git commit --amend --no-edit"),
            say("Done."),
            prompt("oh, please don't amend commits here"),
        ),
        session(prompt("show it once"), edit("a.py"), say("Done."), prompt("it is still showing it twice")),
    ),
    "REQ-04": (
        session(prompt("fix the conflicts"), shell("git status"), ASKED, TOLD, edit("a.py")),
        session(prompt("fix it"), looks(12), edit("src/a.py"), say("Fixed.")),
        session(
            prompt("clean up the model"), edit("a.py"), interrupt(), prompt("only the names of the fields")
        ),
        session(prompt("update the docs"), edit("a.md"), say("Done."), prompt("you missed the second page")),
    ),
    "REQ-05": (
        session(
            prompt("bring our branch up to date with its parent, there are conflicts"),
            ASKED,
            TOLD,
            edit("a.py"),
        ),
        session(
            prompt("add the missing index to the table of orders in src/db/schema.sql"),
            call(
                "Ask",
                "ask",
                output='The answers: "Which column is searched most?"="customer_id". Go on.',
            ),
            edit("src/db/schema.sql"),
        ),
    ),
    "KNW-01": (
        session(prompt("add it"), NO_SCRIPT, read("package.json"), *[(*edit("a.ts"), *WORKED)] * 3),
        session(
            missing("python build.py", "bash: line 1: python: command not found"),
            *[shell(f"python3 {name}.py", output="ok") for name in ("build", "check", "pack")],
        ),
        session(
            missing("pytest -q", "bash: line 1: pytest: command not found"),
            *[shell(f"uv run pytest tests/{n}.py", output="4 passed in 0.1s") for n in range(3)],
        ),
    ),
    "PERF-01": (
        session(prompt("go"), timed(150)),
        session(prompt("go"), timed(200, "npm run build", "built in 199s")),
        session(prompt("go"), *[(*timed(110), *edit("a.py"))] * 4),
        session(prompt("go"), waited(200, 10), waited(220, 400)),
    ),
    "PERF-02": (
        session(prompt("go"), read("a") * 501),
        session(prompt("go"), read("a"), by_agent("one", read("b") * 501)),
    ),
}

STRUCTURES_QUIET: dict[str, tuple[Session, ...]] = {
    "APP-02": (
        session(prompt("tune it"), THERE, red(), BACK, green()),
        session(prompt("go"), *[edit("a.py", "(", ")"), edit("a.py", ")", "(")] * 3),
        session(prompt("go"), trials(5), edit("src/a.py"), green()),
        session(prompt("go"), trials(3), green(), trials(3)),
        session(prompt("tune it"), THERE, rejected(BACK), THERE),
        session(
            prompt("tune it"),
            edit("src/a.py", ONE_WAY, OTHER_WAY),
            BACK,
            edit("src/b.py", ONE_WAY, OTHER_WAY),
        ),
    ),
    "APP-03": (
        session(prompt("Fix the bug"), looks(20), edit("src/a.py")),
        session(prompt("why is the login slow?"), looks(40), edit("src/a.py")),
        session(prompt("Fix the bug"), looks(30), write("src/new.py")),
        session(prompt("Fix the bug"), looks(30), edit("docs/bug.md")),
        session(prompt("Fix the bug"), looks(30), *[edit(f"src/{n}.py") for n in range(6)]),
        session(prompt("Fix the bug"), looks(26), edit("src/a.py"), green() * 60),
        session(prompt("Fix the bug"), read("src/a.py") * 30, edit("src/a.py")),
    ),
    "APP-04": (
        session(prompt("Fix the login page"), edit("a.py"), say("Which page is meant?")),
        session(prompt("Fix the login page"), shell("sed -i s/a/b/ a.py"), say("Which page is meant?")),
        session(prompt("Fix the login page"), by_agent("one", edit("a.py")), say("Which page is meant?")),
        session(prompt("why does it fail?"), read("a.py"), say("Which run is meant?")),
        session(prompt("Fix it, but propose a plan first"), read("a.py"), say("Which run is meant?")),
        session(
            prompt("Fix the login page"), read("a.py"), say("It works here. Shall I look at the other page?")
        ),
        session(prompt("Fix the login page"), read("a.py"), say("Nothing is wrong with it.")),
        session(prompt("Fix the login page"), read("a.py"), say("Which page?"), end_state="running"),
        session(prompt("Write a summary of the module"), read("a.py"), say("Which module is meant?")),
    ),
    "VER-02": (
        session(prompt("deploy"), read("a"), read("b"), FAILS, shell("ls"), shell("deploy --all"), DONE),
        session(prompt("deploy"), shell("date"), FAILS, FAILS, shell("deploy --all"), green(), DONE),
        session(prompt("deploy"), shell("date"), FAILS, FAILS, read("a"), read("b"), say("It failed twice.")),
        session(prompt("deploy"), shell("date"), FAILS, read("a"), green(), green(), DONE),
        session(prompt("look"), *[read("gone.md", outcome="error")] * 5, DONE),
    ),
    "VER-03": (
        session(prompt("fix the total"), red(), edit("src/a.py"), green()),
        session(prompt("fix the tests"), red(), edit("tests/test_a.py", STRONG, WEAK), green()),
        session(
            prompt("fix it"), write("tests/test_a.py"), red(), edit("tests/test_a.py", STRONG, WEAK), green()
        ),
        session(prompt("fix it"), edit("src/a.py"), red(), edit("tests/test_a.py", STRONG, WEAK), green()),
        session(prompt("fix it"), red(), edit("tests/test_a.py", STRONG, WEAK), edit("src/a.py"), green()),
        session(prompt("fix it"), red(), edit("tests/test_a.py", WEAK, STRONG), green()),
        session(prompt("fix it"), green(), edit("tests/test_a.py", STRONG, WEAK), green()),
        session(
            prompt("skip the slow test for now"), red(), edit("tests/test_a.py", "def", SKIPPED), green()
        ),
        session(prompt("x"), shell("git merge main"), red(), edit("tests/test_a.py", STRONG, WEAK), green()),
    ),
    "REQ-03": (
        session(prompt("tidy up"), edit("a.py"), say("Done."), prompt("no problem, thanks")),
        session(prompt("tidy up"), edit("a.py"), say("Done."), prompt("don't worry about the rest")),
        session(
            prompt("tidy up"), edit("a.py"), say("Shall I also set the cache?"), prompt("no, don't set cache")
        ),
        session(prompt("tidy up"), edit("a.py"), say("Done."), prompt("actually, what does the parser do?")),
        session(prompt("tidy up"), edit("a.py"), say("Done."), prompt("hmm, why is the build so slow")),
        session(prompt("tidy up"), read("a.py"), say("Looked."), prompt("no, that's wrong")),
        session(prompt("tidy up"), edit("a.py"), interrupt(), prompt("you forgot the second file")),
        session(prompt("tidy up"), rejected(edit("a.py")), prompt("undo that")),
        session(prompt("no, you forgot the second file"), edit("a.py"), say("Done.")),
        session(replayed(prompt("x"), edit("a.py")), prompt("x"), say("Done."), prompt("you forgot b.py")),
        session(prompt("go"), edit("a.py"), say("Done."), prompt("now add a limit"), edit("b.py")),
        session(
            *(prompt("go"), edit("a.py"), say("a"), prompt("why?"), say("b"), prompt("where?"), say("c")),
            *(prompt("who?"), say("d"), prompt("no, a.py should not hold that")),
        ),
    ),
    "REQ-04": (
        session(prompt("lint and tests are red :("), shell("make lint"), edit("a.go"), green()),
        session(prompt("fix the conflicts"), shell("git merge main"), edit("a.py"), green()),
        session(prompt("fix src/auth/login.ts"), looks(20), edit("src/auth/login.ts")),
        session(prompt("continue"), looks(20), edit("src/a.py")),
        session(prompt("why are the tests slow?"), looks(20), edit("src/a.py")),
        session(prompt("fix #1234"), ASKED, TOLD, edit("a.py")),
        session(prompt('fix "list index out of range"'), looks(20), edit("src/a.py")),
        session(prompt("fix the conflicts"), ASKED, prompt("yes"), edit("a.py")),
        session(prompt("review the changes of this branch"), looks(20), edit("src/a.py")),
        session(prompt("fix the bug " + "that was reported by the people of the shop " * 2), ASKED, TOLD),
    ),
    "REQ-05": (
        session(prompt("brainstorm: a cache for the export"), ASKED, TOLD, edit("a.py")),
        session(
            prompt("add a cache to the export of orders in src/export.py"),
            say("Two ways: A, in memory; B, on disk. Which approach do you prefer?"),
            prompt("on disk, with a limit of 1 GB"),
        ),
        session(
            prompt("add a cache to the export of orders in src/export.py"),
            say("Shall I begin with the reader?"),
            prompt("begin with the writer, then the reader"),
        ),
        session(
            prompt("rename the flag in src/cli.py to what we agreed on"), edit("src/cli.py"), ASKED, TOLD
        ),
        session(prompt("rename the flag in src/cli.py to what we agreed on"), ASKED, prompt("yes")),
        session(
            prompt("rename the flag in src/cli.py to what we agreed on"),
            ASKED,
            prompt("which ones are there?"),
        ),
        session(
            prompt("rename the flag in src/cli.py to what we agreed on"), say("It is called so already.")
        ),
        session(
            prompt("add the missing index to the table of orders in src/db/schema.sql"),
            call("Ask", "ask", output='"Shall I push the branch?"="Yes, push it now". Go on.'),
        ),
    ),
    "KNW-01": (
        session(NO_SCRIPT, WORKED, WORKED),
        session(NO_SCRIPT, shell("npm install"), WORKED * 3),
        session(NO_SCRIPT, edit("package.json"), WORKED * 3),
        session(red("npm test"), WORKED * 3),
        session(NO_SCRIPT, WORKED * 3, shell("npm test", output="Tests  4 passed (4)")),
        session(NO_SCRIPT, shell("go test ./...", output="ok  \tacme/app\t0.2s") * 3),
        session(
            missing("cd web && npm test", "bash: line 1: cd: web: No such file or directory"),
            shell("npm test", output="Tests  4 passed (4)") * 3,
        ),
        session(shell("npm test || true", output='npm error Missing script: "test"'), WORKED * 3),
    ),
    "PERF-01": (
        session(prompt("go"), timed(60) * 3),
        session(prompt("go"), waited(300, 10)),
        session(prompt("go"), waited(130, 10), waited(900, 400)),
        session(prompt("go"), shell("sleep 200; make test", output="4 passed in 0.1s", seconds=201)),
        session(prompt("go"), shell("./train.py", output="done", seconds=900)),
        session(prompt("go"), call("Agent", "agent", output="done", seconds=900)),
        session(prompt("go"), shell("npm run build:watch", output="built in 1s", seconds=400)),
        session(
            prompt("go"), shell("make test", output="Command timed out after 600 s", exit_code=1, seconds=600)
        ),
    ),
    "PERF-02": (
        session(prompt("go"), read("a") * 500),
        session(prompt("go"), read("a") * 300, by_agent("one", read("b") * 200)),
        session(prompt("go"), replayed(read("a") * 600), read("b")),
    ),
}
