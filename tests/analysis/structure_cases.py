"""Sessions in which each structural detector must fire, and sessions in which it must stay quiet."""

from building import (
    api_error,
    by_agent,
    call,
    compaction,
    edit,
    injected,
    interrupt,
    prompt,
    read,
    rejected,
    replayed,
    say,
    session,
    shell,
    think,
    turn_end,
    write,
)

from debrief.model import Event, Session

LONG = "\n".join(f"line {n}" for n in range(20))
SAID = "The user doesn't want to proceed with this tool use. To tell you how to proceed, the user said:\n"


def red(command: str = "pytest", test: str = "tests/test_a.py::test_b") -> tuple[Event, ...]:
    output = f"FAILED {test} - assert 1 == 2\n1 failed, 3 passed in 0.1s"
    return shell(command, output=output, exit_code=1)


def green(command: str = "pytest") -> tuple[Event, ...]:
    return shell(command, output="4 passed in 0.1s")


def again(times: int, happening: tuple[Event, ...]) -> tuple[Event, ...]:
    return happening * times


def failing(command: str) -> tuple[Event, ...]:
    return shell(command, output="Error: no such option --frob", exit_code=2)


STRUCTURES_FIRE: dict[str, tuple[Session, ...]] = {
    "REQ-01": (
        session(
            prompt("merge"), shell("git merge main"), interrupt(), prompt("the parent is feature/x, not main")
        ),
        session(prompt("go"), edit("a.py"), interrupt(), prompt("use the old name everywhere, please")),
        session(prompt("go"), say("I will."), interrupt(), prompt("use the old name everywhere, please")),
    ),
    "REQ-02": (
        session(prompt("fix it"), rejected(edit("a.py"), SAID + "fix the test, the code is right")),
        session(prompt("ship it"), rejected(shell("git push")), prompt("we never push from here")),
        session(prompt("plan it"), rejected(call("Plan", "plan"), SAID + "leave the database alone")),
    ),
    "CTX-01": (
        session(prompt("go"), edit("a.py"), compaction(), edit("b.py")),
        session(prompt("go"), compaction(), edit("b.py"), compaction(), say("done")),
    ),
    "TST-01": (
        session(prompt("fix"), edit("a.py"), red(), say("That is all.")),
        session(prompt("fix"), red(), edit("a.py"), red(), say("Two are left.")),
        session(
            shell("npm test", output="Tests:       2 failed, 5 passed, 7 total", exit_code=1), say("Hm.")
        ),
    ),
    "VER-01": (
        session(prompt("write it"), write("src/app.py", LONG), say("Written.")),
        session(
            prompt("write it"),
            green(),
            edit("src/app.go", "x", LONG),
            shell("git commit -am x"),
            say("Done."),
        ),
    ),
    "VER-02": (
        session(prompt("fix"), edit("a.py"), red(), say("All done! The bug is fixed.")),
        session(
            shell("make", output="a.c:1:1: error: x", exit_code=2), say("Successfully built the program.")
        ),
    ),
    "APP-01": (
        session(prompt("go"), again(3, failing("tool --frob"))),
        session(
            failing("tool --frob"), read("a.txt"), failing("tool --frob"), failing("tool --frob"), say("Hm.")
        ),
    ),
    "APP-05": (
        session(prompt("go"), edit("a.py"), api_error("API Error: 500 internal"), end_state="error"),
        session(prompt("go"), edit("a.py"), api_error("usage limit reached"), end_state="error"),
    ),
}

STRUCTURES_QUIET: dict[str, tuple[Session, ...]] = {
    "REQ-01": (
        session(prompt("go"), edit("a.py"), interrupt(), prompt("continue")),
        session(prompt("go"), edit("a.py"), interrupt()),
        session(
            prompt("go"), rejected(edit("a.py"), SAID + "not that file"), interrupt(), prompt("not that file")
        ),
        session(
            prompt("why does it say [Request interrupted by user]?"), say("[Request interrupted by user]")
        ),
        session(replayed(prompt("go"), interrupt(), prompt("use the other one")), prompt("go"), say("done")),
        session(prompt("wrong paste"), interrupt(), prompt("use the old name everywhere"), edit("a.py")),
        session(
            prompt("go"),
            edit("a.py"),
            say("Done."),
            prompt("wrong paste"),
            think("hm"),
            interrupt(),
            prompt("use the old name everywhere, please"),
        ),
        session(interrupt(), prompt("use the old name everywhere"), edit("a.py")),
    ),
    "REQ-02": (
        session(prompt("go"), edit("a.py", outcome="error", output="String to replace not found")),
        session(read("log.txt", SAID + "no")),
        session(prompt(SAID + "no"), say(SAID + "no")),
        session(rejected(call("Ask", "ask"), SAID + "neither")),
        session(shell("./tool", output="The user doesn't want to proceed with this tool use.", exit_code=1)),
    ),
    "CTX-01": (
        session(prompt("go"), edit("a.py"), say("done")),
        session(
            prompt("This session is continued from a previous conversation"), say("Conversation compacted")
        ),
        session(prompt("go"), by_agent("a1", compaction()), say("done")),
        session(replayed(compaction()), prompt("go"), say("done")),
    ),
    "TST-01": (
        session(prompt("fix"), red(), edit("a.py"), green(), say("Fixed.")),
        session(prompt("fix"), edit("a.py"), red(), end_state="running"),
        session(prompt("fix"), edit("a.py"), red(), interrupt(), end_state="interrupted"),
        session(prompt("fix"), red(), edit("a.py"), say("Changed.")),
        session(read("log.txt", "1 failed, 3 passed in 0.1s"), say("1 failed, 3 passed in 0.1s")),
        session(shell("pytest | tail -3", output="see the log"), say("Hm.")),
    ),
    "VER-01": (
        session(prompt("write it"), write("src/app.py", LONG), green(), say("Done.")),
        session(prompt("write it"), write("README.md", LONG), say("Done.")),
        session(prompt("write it"), write("src/app.py", LONG), end_state="running"),
        session(prompt("write it, don't run the tests"), write("src/app.py", LONG), say("Done.")),
        session(prompt("write it"), edit("src/app.py", "a = 1", "a = 2"), say("Done.")),
        session(prompt("write it"), rejected(write("src/app.py", LONG)), say("Then not.")),
        session(write("src/app.py", LONG), call("browser_open", "mcp", output="ok"), say("Done.")),
    ),
    "VER-02": (
        session(prompt("fix"), edit("a.py"), green(), say("All done! The bug is fixed.")),
        session(prompt("fix"), edit("a.py"), red(), say("Fixed the bug; one test still fails.")),
        session(prompt("fix"), edit("a.py"), red(), say("Let me look at it.")),
        session(prompt("fix"), red(), say("All fixed."), end_state="running"),
        session(shell("pytest | tail -3", output="see the log"), say("All done!")),
    ),
    "APP-01": (
        session(
            failing("tool --frob"), edit("a.py"), failing("tool --frob"), edit("a.py"), failing("tool --frob")
        ),
        session(again(4, shell("sleep 5; gh run status", output="in progress", exit_code=1))),
        session(again(4, shell("git log", output="abc fix"))),
        session(failing("tool a"), failing("tool b"), failing("tool c")),
        session(again(2, failing("tool --frob"))),
    ),
    "APP-05": (
        session(prompt("go"), shell("make", output=None, exit_code=None), end_state="running"),
        session(prompt("go"), interrupt(), end_state="interrupted"),
        session(prompt("go"), api_error("529 overloaded"), edit("a.py"), say("done"), turn_end()),
        session(prompt("API Error: 500"), injected("usage limit reached"), say("API Error: 500")),
        session(prompt("go"), edit("a.py"), end_state="truncated"),
    ),
}
