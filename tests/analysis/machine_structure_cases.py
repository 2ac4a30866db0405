"""Sessions for settings, services, the machine and its sandbox; see `all_cases`."""

from building import by_agent, call, edit, prompt, read, rejected, say, search, session, shell, write

from debrief.model import Event, Session

Happening = tuple[Event, ...]

UNGRANTED = "The agent requested permissions to use WebSearch, but you haven't granted it yet."
DENIED = "Permission to use Bash with command npm publish has been denied."


def refused(command: str, output: str) -> Happening:
    """A shell line that the permission system did not let run: there is no exit code."""
    return shell(command, output=output, exit_code=None, outcome="error")


def searched(output: str = UNGRANTED) -> Happening:
    """A search of the web that failed."""
    return call("WebSearch", "fetch", args='{"query":"x"}', output=output, outcome="error")


STRUCTURES_FIRE: dict[str, tuple[Session, ...]] = {
    "ENV-08": (
        session(prompt("find out"), searched(), say("I cannot search.")),
        session(prompt("publish it"), refused("npm publish", DENIED), say("Not allowed.")),
        session(prompt("look"), refused("cat /etc/hosts", "This command requires approval"), say("Hm.")),
        session(
            prompt("look"),
            refused(
                "ls /srv", "ls in '/srv' was blocked. For security, only these folders may be listed: '/w'."
            ),
        ),
        session(
            prompt("write"),
            edit(
                "a.md",
                output="<tool_use_error>File is in a directory that is denied by your permission settings.",
                outcome="error",
            ),
        ),
        session(
            prompt("test it"),
            shell("npm test", output="`npm test` rejected: blocked by policy", exit_code=None),
            say("Hm."),
        ),
        session(
            prompt("build"),
            refused(
                "make",
                "failed in sandbox MacosSeatbelt with execution error: sandbox denied exec error, exit",
            ),
        ),
        session(prompt("go"), searched(), read("a.py"), searched(), say("Then not.")),
    ),
    "ENV-05": (
        session(
            prompt("fetch it"),
            call(
                "WebFetch",
                "fetch",
                args='{"url":"https://docs.acme.org"}',
                output="Unable to verify if domain docs.acme.org is safe to fetch. This may be due to",
                outcome="error",
            ),
        ),
    ),
    "CFG-02": (
        session(
            prompt("start it"),
            shell("docker compose up", output="env file /srv/.env not found: stat: no", exit_code=14),
            write(".env", "A=1"),
            shell("docker compose up"),
        ),
    ),
}

STRUCTURES_QUIET: dict[str, tuple[Session, ...]] = {
    "ENV-08": (
        session(prompt("go"), rejected(edit("a.py"))),
        session(prompt("go"), rejected(shell("npm publish"), DENIED)),
        session(prompt(UNGRANTED), say(UNGRANTED), read("log.txt", UNGRANTED)),
        session(search("granted", UNGRANTED), shell("cat log.txt", output=DENIED)),
        session(shell("./deploy.sh", output=f"{DENIED}\nnpm error", exit_code=1)),
        session(by_agent("a1", searched()), say("done")),
        session(call("Task", "agent", output=UNGRANTED, outcome="error")),
    ),
    "CFG-02": (
        session(
            read("web/package.json"),
            shell("npm run build", output="npm error Could not read package.json: Error", exit_code=254),
        ),
        session(
            shell("cargo build", output="error: could not find `Cargo.toml` in `/srv`", exit_code=101),
            shell("cd app && cargo build"),
        ),
        session(
            shell("ls conf", output="config.json\nREADME.md"),
            shell(
                "node a.js",
                output="Error: ENOENT: no such file or directory, open '/srv/config.json'",
                exit_code=1,
            ),
        ),
    ),
    "CFG-03": (
        session(
            edit("conf.d/shop.conf"),
            shell(
                "nginx -t",
                output='nginx: [emerg] unexpected "}" in /etc/nginx/conf.d/shop.conf:2',
                exit_code=1,
            ),
            edit("conf.d/shop.conf"),
            shell("nginx -t"),
        ),
    ),
    "CFG-04": (
        session(
            shell("npm start &", exit_code=None),
            edit("a.js"),
            shell(
                "npm start", output="Error: listen EADDRINUSE: address already in use :::3000", exit_code=1
            ),
        ),
        session(
            shell("python -m http.server 8000 &"),
            shell("uvicorn app:app --port 8000", output="[Errno 98] Address already in use", exit_code=1),
            shell("uvicorn b:app", output="Port 8000 is in use", exit_code=1),
        ),
    ),
    "ENV-05": (
        session(
            shell("curl -f https://api.acme.org/a", output="{}"),
            shell("node a.js", output="Error: getaddrinfo ENOTFOUND apii.acme.org\n    at x", exit_code=1),
        ),
    ),
}
