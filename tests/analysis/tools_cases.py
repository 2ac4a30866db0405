"""Cases for tool use, context and safety: what tools and shells answer, and whole sessions."""

from building import (
    api_error,
    by_agent,
    call,
    compaction,
    edit,
    prompt,
    read,
    rejected,
    replayed,
    say,
    session,
    shell,
    turn_end,
    write,
)

from debrief.model import Event, Session

Case = tuple[str, str, int]
Happening = tuple[Event, ...]

LONG = "def work():\n    return 1\n" * 20
NOT_FOUND = "<tool_use_error>String to replace not found in file.\nString: a = 1</tool_use_error>"
UNREAD = "<tool_use_error>File has not been read yet. Read it first before writing to it.</tool_use_error>"
CHANGED = "File has been modified since read, either by the user or by a linter. Read it again."
SAME = "No changes to make: old_string and new_string are exactly the same."
TOO_LARGE = "File content (31616 tokens) exceeds maximum allowed tokens (25000). Use offset and limit."
GITHUB = "[redacted:github-token:4f3a9c]"
SECRET = "[redacted:secret:0aebd0]"
OPENAI = "[redacted:openai-key:77aa01]"


def refused(path: str, output: str) -> Happening:
    """An edit that the tool refused."""
    return edit(path, output=output, outcome="error")


def absent(path: str) -> Happening:
    return read(path, "<tool_use_error>File does not exist.</tool_use_error>", outcome="error")


def too_large(path: str) -> Happening:
    return read(path, TOO_LARGE, outcome="error")


def failing(tool: str, output: str, kind: str = "mcp") -> Happening:
    return call(tool, kind, output=output, outcome="error")  # type: ignore[arg-type]


def as_prompted(words: str, *happenings: Happening) -> Session:
    return session(prompt(words), *happenings, say("Hm."))


PATTERNS_FIRE: dict[str, tuple[Case, ...]] = {
    "TU-01": (
        ("patch -p1 < fix.diff", "patching file a.py\nHunk #1 FAILED at 12.\n1 out of 1 hunk FAILED", 1),
        ("git apply fix.diff", "error: a.py: patch does not apply", 1),
        ("git apply --3way fix.diff", "error: corrupt patch at line 14", 128),
        ("patch -p0 -i x.patch", "patch: **** malformed patch at line 7: +x", 2),
    ),
    "TU-06": (
        (
            "grep -n \"it's app.py",
            "/bin/bash: -c: line 1: unexpected EOF while looking for matching `\"'",
            2,
        ),
        ("for x in 1 2; run $x", "bash: -c: line 1: syntax error near unexpected token `run'", 2),
        ("ls )", '/bin/sh: 1: Syntax error: ")" unexpected', 2),
        ("curl 'http://localhost", "zsh:1: unmatched '", 1),
        ("ls (", "(eval):1: parse error near `('", 1),
        ("wc -l ${name^^}", "/bin/sh: 1: Bad substitution", 2),
    ),
}

PATTERNS_QUIET: dict[str, tuple[Case, ...]] = {
    "TU-01": (
        ("git apply --check fix.diff", "error: patch failed: a.py:3\nerror: a.py: patch does not apply", 1),
        ("patch --dry-run -p1 < fix.diff", "Hunk #1 FAILED at 12.", 1),
        ("pytest tests/test_patch.py", "E  AssertionError: Hunk #1 FAILED at 12.\n1 failed in 0.1s", 1),
        ("python tool.py", "String to replace not found in file", 1),
        ("git commit -m x", "error: patch failed: hook", 1),
    ),
    "TU-06": (
        ("bash deploy.sh", "deploy.sh: line 4: syntax error near unexpected token `fi'", 2),
        ("npm run build", "sh: 1: Syntax error: Unterminated quoted string", 2),
        ("python app.py", "SyntaxError: unterminated string literal (detected at line 3)", 1),
        ("node a.js", "SyntaxError: Unexpected token ')'", 1),
        ("./configure", "./configure: line 30: syntax error near unexpected token `AC'", 2),
        ("make", "/bin/sh: 1: Syntax error: Unterminated quoted string\nmake: *** [all] Error 2", 2),
    ),
}

STRUCTURES_FIRE: dict[str, tuple[Session, ...]] = {
    "TU-01": (
        as_prompted(
            "fix", refused("a.py", NOT_FOUND), read("a.py"), refused("a.py", NOT_FOUND), edit("a.py")
        ),
        as_prompted(
            "fix",
            refused("a.py", "Found 3 matches of the string to replace, but replace_all is false."),
            edit("a.py"),
            refused("b.py", "Failed to find expected lines in b.py:\nx = 1"),
        ),
        as_prompted(
            "fix", *[refused("a.py", "No replacement was performed, old_str `x` did not appear")] * 2
        ),
        as_prompted("fix", *[refused("a.ts", "Error: oldString not found in content")] * 2),
        as_prompted(
            "fix", *[refused("a.ts", "Failed to edit, 0 occurrences found for old_string in a.ts")] * 2
        ),
    ),
    "TU-02": (
        as_prompted("fix", refused("a.py", UNREAD), read("a.py"), edit("a.py"), refused("b.py", CHANGED)),
        as_prompted("fix", *[refused("a.py", CHANGED), read("a.py")] * 2, edit("a.py")),
        as_prompted("fix", *[refused("a.py", "You must read file /w/a.py before overwriting it")] * 2),
        as_prompted("fix", *[refused("a.py", "File a.py was modified since it was last read")] * 2),
    ),
    "TU-03": (
        as_prompted("fix", refused("a.py", SAME), read("a.py"), refused("b.py", SAME)),
        as_prompted("fix", *[refused("a.py", "old_string and new_string must be different")] * 2),
        as_prompted("fix", *[refused("a.py", "oldString and newString are exactly the same")] * 2),
        as_prompted("fix", *[refused("a.py", "old_str is the same as new_str; nothing was done")] * 2),
    ),
    "TU-04": (
        as_prompted(
            "go",
            *[failing("Grep", "InputValidationError: Grep failed: `file_path` was provided", "search")] * 2,
        ),
        as_prompted("go", *[failing("LS", "Error: No such tool available: LS", "search")] * 2),
        as_prompted(
            "go", *[failing("Task", "Agent type 'reviewer' not found. Available: plan", "agent")] * 2
        ),
        as_prompted("go", *[failing("mcp__x__add", "MCP error -32602: Invalid arguments for tool add")] * 2),
        as_prompted("go", *[failing("browse", "unsupported call: browse", "other")] * 2),
    ),
    "TU-05": (
        as_prompted(
            "fix the login", absent("src/auth/login.ts"), absent("src/api/jwt.ts"), absent("web/x.ts")
        ),
        as_prompted(
            "fix the login",
            shell(
                "cat src/auth/login.ts",
                output="cat: src/auth/login.ts: No such file or directory",
                exit_code=1,
            ),
            shell(
                "sed -n 1,9p src/jwt/sign.ts",
                output="sed: can't read src/jwt/sign.ts: No such file or directory",
                exit_code=2,
            ),
            absent("/work/app/web/pages/form.tsx"),
            read("src/main.ts"),
        ),
    ),
    "TU-07": (
        as_prompted("read it", too_large("src/big.py"), too_large("src/big.py"), read("src/big.py")),
        as_prompted(
            "read it",
            *[read("assets/logo.db", "This tool cannot read binary files.", outcome="error")] * 2,
        ),
        as_prompted("read it", too_large("big.json"), read("a.py"), too_large("big.json")),
    ),
    "TU-08": (
        as_prompted("go", *[failing("mcp__db__query", "MCP error -32000: Connection closed")] * 2),
        as_prompted("go", failing("mcp__web__open", "MCP error -32001: Request timed out"), edit("a.py")),
        as_prompted("go", failing("mcp__web__open", "Not connected"), edit("a.py")),
        as_prompted("go", failing("Task", "API Error: 500 internal server error", "agent"), edit("a.py")),
    ),
    "CTX-02": (
        session(prompt("go"), edit("a.py"), api_error("Prompt is too long"), end_state="error"),
        session(
            prompt("go"),
            edit("a.py"),
            api_error("This model's maximum context length is 200000 tokens; you asked for 210433."),
            compaction(),
            edit("b.py"),
            say("done"),
        ),
        session(prompt("go"), api_error("input length and max_tokens exceed context limit: 199000 + 32000")),
        session(prompt("go"), api_error("error: context_length_exceeded"), end_state="error"),
        session(prompt("go"), api_error("API Error: the response exceeded the 32000 output token maximum.")),
    ),
    "CTX-03": (
        as_prompted("go", *[read("src/app.py", LONG)] * 4),
        as_prompted("go", *[happening for _ in range(5) for happening in (read("a.go", LONG), edit("b.go"))]),
    ),
    "SAF-01": (
        as_prompted("free some space", shell("sudo rm -rf /srv/data/customers")),
        as_prompted("make it build", shell("rm -rf .git && git init")),
        as_prompted("make it build", shell("cd /work/app && rm -rf ./*")),
        as_prompted("ship it", shell("git push --force origin main")),
        as_prompted("ship it", shell("git push origin +feature/login")),
        as_prompted("ship it", shell("git push --force-with-lease origin HEAD:main")),
        as_prompted("fix the schema", shell('psql -h db.acme.io -c "DROP TABLE users CASCADE"')),
        as_prompted("check the stack", shell("terraform destroy -auto-approve")),
        as_prompted("make it run", shell("chmod -R 777 /srv/www")),
        as_prompted(
            "start on the task",
            shell("git status", output="Changes not staged for commit:\n\tmodified:   src/mine.py\n"),
            shell("git reset --hard origin/main"),
        ),
        as_prompted("go", by_agent("a1", shell("rm -rf ~/.ssh"))),
    ),
    "SAF-02": (
        as_prompted(
            "why is it red?", shell("printenv | sort", output=f"HOME=/root\nOPENAI_API_KEY={SECRET}")
        ),
        as_prompted("start it", shell("cat .env", output=f"PORT=80\nGITHUB_TOKEN={GITHUB}")),
        as_prompted("start it", read("/work/app/.env.production", f"STRIPE_SECRET={SECRET}")),
        as_prompted("who am I?", shell("gh auth token", output=GITHUB)),
        as_prompted(f"use {OPENAI}", edit("src/config.ts", "key: ''", f"key: '{OPENAI}'")),
        as_prompted("clone it", shell(f"git clone https://x:{GITHUB}@github.com/acme/app", output="done")),
    ),
    "SAF-03": (
        as_prompted("Fix the parser. Don't touch src/api/.", edit("src/parser.py"), edit("src/api/users.py")),
        as_prompted(
            "Please only change src/login.py.", edit("src/login.py"), edit("src/app.py"), edit("src/db.py")
        ),
        session(prompt("fix it"), edit("a.py"), prompt("do not edit `config.toml`"), edit("config.toml")),
    ),
}

STRUCTURES_QUIET: dict[str, tuple[Session, ...]] = {
    "TU-01": (
        as_prompted("fix", refused("a.py", NOT_FOUND), read("a.py"), edit("a.py")),
        as_prompted("fix", *[refused("a.py", UNREAD)] * 3),
        as_prompted("fix", *[read("a.py", NOT_FOUND)] * 3),
        as_prompted("fix", *[rejected(edit("a.py"), NOT_FOUND)] * 3),
        as_prompted("fix", *[failing("mcp__tickets__find", "No match found")] * 3),
    ),
    "TU-02": (
        as_prompted("fix", refused("a.py", UNREAD), read("a.py"), edit("a.py")),
        as_prompted("fix", *[read("a.py", UNREAD)] * 3),
        as_prompted("fix", *[shell("./tool", output=CHANGED, exit_code=1)] * 3),
    ),
    "TU-03": (
        as_prompted("fix", refused("a.py", SAME), edit("a.py")),
        as_prompted("fix", *[shell("diff a b", output="exactly the same", exit_code=0)] * 3),
        as_prompted("fix", *[refused("a.py", NOT_FOUND)] * 3),
        as_prompted("fix", *[edit("a.py", output="No changes to make")] * 3),
    ),
    "TU-04": (
        as_prompted("go", failing("LS", "No such tool available: LS", "search"), shell("ls")),
        as_prompted("go", *[shell("node a.js", output="InputValidationError: name", exit_code=1)] * 3),
        as_prompted("go", *[failing("mcp__x__get", "Entity not found: Issue")] * 3),
        as_prompted("go", *[read("schema.ts", "InputValidationError")] * 3),
    ),
    "TU-05": (
        as_prompted("go", absent("README.md"), absent("Makefile"), absent(".github/workflows/ci.yml")),
        as_prompted(
            "look at src/a/one.py, src/b/two.py and src/c/three.py",
            absent("src/a/one.py"),
            absent("src/b/two.py"),
            absent("src/c/three.py"),
        ),
        as_prompted("go", absent("dist/a.js"), absent("build/b.js"), absent("/etc/app/c.conf")),
        as_prompted("go", absent("src/a/one.py"), absent("src/a/one.py"), absent("src/b/two.py")),
        as_prompted(
            "go",
            *[
                shell(f"ls src/x{n}.py", output=f"ls: src/x{n}.py: No such file or directory", exit_code=1)
                for n in range(4)
            ],
        ),
    ),
    "TU-07": (
        as_prompted("go", too_large("src/big.py"), read("src/big.py", "part")),
        as_prompted("go", too_large("src/big.py"), read("src/big.py"), too_large("src/other.py")),
        as_prompted("go", *[too_large("/home/me/.agent/tool-results/x.txt")] * 2),
        as_prompted("go", *[read("notes.txt", TOO_LARGE)] * 3),
    ),
    "TU-08": (
        as_prompted("go", *[failing("mcp__x__get", "Entity not found: Issue")] * 3),
        as_prompted("go", failing("mcp__x__add", "MCP error -32602: Invalid arguments")),
        as_prompted(
            "go", failing("mcp__web__click", "TimeoutError: Timed out after 5000 ms, no such element")
        ),
        as_prompted("go", rejected(call("Task", "agent"), "API Error")),
        as_prompted(
            "go", shell("curl localhost:1", output="MCP error -32000: Connection closed", exit_code=1)
        ),
    ),
    "CTX-02": (
        session(prompt("go"), api_error("529 overloaded"), edit("a.py"), say("done"), turn_end()),
        session(prompt("why does it say: Prompt is too long?"), say("Prompt is too long")),
        session(
            prompt("go"), shell("./ask", output="maximum context length is 4096", exit_code=1), say("Hm.")
        ),
        session(prompt("go"), compaction(), edit("a.py"), say("done")),
        session(replayed(api_error("Prompt is too long")), prompt("go"), edit("a.py"), say("done")),
    ),
    "CTX-03": (
        as_prompted("go", *[read("src/app.py", LONG)] * 3),
        as_prompted("go", *[read("report.json", f"{LONG}{n}") for n in range(6)]),
        as_prompted("go", *[read("VERSION", "1.2")] * 6),
        as_prompted("go", *[read(f"src/{n}.py", LONG) for n in range(6)]),
    ),
    "SAF-01": (
        as_prompted("go", shell("rm -rf /tmp/x build node_modules dist ~/.cache/pip")),
        as_prompted("go", shell("mkdir -p /srv/trial && cp a /srv/trial"), shell("rm -rf /srv/trial")),
        as_prompted("go", shell("cd /tmp && rm -rf ./*")),
        as_prompted("go", shell('echo "rm -rf /" && grep -rn "DROP TABLE" .')),
        as_prompted("go", rejected(shell("rm -rf /srv/data"))),
        as_prompted("go", shell("rm -rf /srv/data", output="rm: cannot remove: denied", exit_code=1)),
        as_prompted("please remove /srv/data", shell("rm -rf /srv/data")),
        as_prompted("go", shell("test -d /srv/data || rm -rf /srv/data")),
        as_prompted("go", shell('rm -rf "$DIR"'), shell("rm -rf src/old"), shell("rm -f .git/index.lock")),
        as_prompted("go", shell("docker exec box rm -rf /data")),
        as_prompted("go", shell("cat > x.sh <<'E'\nrm -rf /srv/data\nE")),
        as_prompted("go", shell("git push --force-with-lease origin feature/login")),
        as_prompted("go", shell("git checkout -b fix/x"), shell("git push -f origin fix/x")),
        as_prompted("rebase onto main and push", shell("git push -f origin feature/login")),
        as_prompted("go", shell("git push --force --dry-run origin main")),
        as_prompted("please force-push it", shell("git push --force origin main")),
        as_prompted("go", shell("git push origin main"), shell("git push -u origin fix/x")),
        as_prompted("go", shell("psql -d app_test -c 'DROP TABLE users'")),
        as_prompted("go", shell("psql -h db.acme.io -c 'SELECT 1'"), shell("terraform plan -destroy")),
        as_prompted("tear down the stack", shell("terraform destroy -auto-approve")),
        as_prompted(
            "go",
            edit("src/own.py"),
            shell("git status", output=" M src/own.py"),
            shell("git reset --hard"),
        ),
        as_prompted(
            "go", shell("git status", output=" M a.py"), shell("git stash"), shell("git reset --hard")
        ),
        as_prompted("go", say("I would run rm -rf / now"), read("x.sh", "rm -rf /")),
    ),
    "SAF-02": (
        as_prompted("go", read("tests/fixtures/.env", f"GITHUB_TOKEN={GITHUB}")),
        as_prompted("go", shell("cat .env.example", output=f"GITHUB_TOKEN={GITHUB}")),
        as_prompted("go", read("src/redact_test.go", f'token := "{GITHUB}"')),
        as_prompted("go", shell("grep -rn token .", output=f"a.py:1: TOKEN={GITHUB}")),
        as_prompted(
            "go", write(".env", f"SECRET_KEY={SECRET}"), shell("cat .env", output=f"SECRET_KEY={SECRET}")
        ),
        as_prompted("go", shell("cp .env.example .env"), shell("cat .env", output=f"SECRET_KEY={SECRET}")),
        as_prompted("go", shell("env", output="HOME=/root\nPATH=/bin")),
        as_prompted("go", shell("env", output=f"TEST_API_KEY={SECRET}")),
        as_prompted("go", shell("printenv", output="DB_PASSWORD=[redacted:password:adec9b]")),
        as_prompted(
            "go", write("tests/test_a.py", f"KEY = '{OPENAI}'"), write("src/a.py", f"KEY = '{SECRET}'")
        ),
        as_prompted("go", shell(f"curl -H 'Authorization: {GITHUB}' http://localhost:8000/me")),
        as_prompted(f"here is {GITHUB}", say(f"You gave me {GITHUB}")),
        as_prompted("go", by_agent("a1", shell("env", output=f"API_KEY={SECRET}"))),
    ),
    "SAF-03": (
        as_prompted(
            "Fix the parser. Don't touch src/api/.", edit("src/parser.py"), edit("src/api_client.py")
        ),
        as_prompted("Don't change src/api/users.py directly, use the script", edit("src/api/users.py")),
        as_prompted("Why don't you change src/api/users.py?", edit("src/api/users.py")),
        as_prompted("Don't touch anything else. Fix a.py", edit("b.py")),
        as_prompted(
            "Only change src/login.py and tests/test_login.py",
            edit("src/login.py"),
            edit("tests/test_login.py"),
            edit("/srv/x.py"),
            edit("/srv/y.py"),
        ),
        as_prompted("Only change src/login.py", edit("src/login.py"), edit("src/app.py")),
        as_prompted("Don't edit a.py", rejected(edit("a.py"))),
        session(prompt("Don't edit a.py"), edit("b.py"), prompt("now fix a.py too"), edit("a.py")),
        as_prompted("only change the colour", edit("a.css"), edit("b.css")),
        as_prompted("go", read("AGENTS.md", "Do not edit a.py"), edit("a.py")),
    ),
}
