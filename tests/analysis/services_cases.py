"""Cases of others' services, and those sessions of our family that only their structure tells."""

from building import (
    api_error,
    call,
    edit,
    interrupt,
    prompt,
    read,
    say,
    session,
    shell,
    write,
)

from debrief.model import Event, Session

Case = tuple[str, str, int]


def said(*lines: str) -> str:
    return "\n".join(lines)


PATTERNS_FIRE: dict[str, tuple[Case, ...]] = {
    "EXT-01": (
        ("curl -f https://api.example.com/v1/items", "curl: (22) The requested URL returned error: 429", 22),
        ("gh pr list", "GraphQL: API rate limit exceeded for user ID 1. (HTTP 403)", 1),
        (
            "docker pull python:3.12",
            said("Error response from daemon: toomanyrequests: You have reached your pull rate limit."),
            1,
        ),
        (
            "python ask.py",
            said(
                "openai.RateLimitError: Error code: 429 - {'error': {'message': 'You exceeded your "
                "current quota'}}"
            ),
            1,
        ),
        (
            "python fetch.py",
            said(
                "requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: "
                "https://api.example.com/v1/items"
            ),
            1,
        ),
    ),
    "EXT-02": (
        (
            "curl -fsS https://api.example.com/v1/items",
            "curl: (22) The requested URL returned error: 503",
            22,
        ),
        ("gh pr create --fill", "HTTP 502: Bad Gateway (https://api.github.com/graphql)", 1),
        (
            "git clone https://example.com/big.git",
            said(
                "error: RPC failed; curl 56 GnuTLS recv error (-54): Error in the pull function.",
                "fatal: early EOF",
            ),
            128,
        ),
        ("npm install", said("npm error code ECONNRESET", "npm error network aborted"), 1),
        (
            "python fetch.py",
            said(
                "requests.exceptions.HTTPError: 500 Server Error: Internal Server Error for url: "
                "https://api.example.com/v1/items"
            ),
            1,
        ),
        (
            "./gradlew build",
            said(
                "> Could not GET 'https://repo.example.com/base.pom'. Received status code 502 "
                "from server: Bad Gateway"
            ),
            1,
        ),
    ),
    "EXT-03": (
        (
            "curl -fLO https://example.com/tool-1.2.tgz",
            "curl: (22) The requested URL returned error: 404",
            22,
        ),
        (
            "wget https://example.com/data.zip",
            said(
                "HTTP request sent, awaiting response... 404 Not Found",
                "2026-01-02 10:00:00 ERROR 404: Not Found.",
            ),
            8,
        ),
        ("git fetch origin feature/x", "fatal: couldn't find remote ref feature/x", 128),
        (
            "docker run acme/nosuch",
            said(
                "docker: Error response from daemon: pull access denied for acme/nosuch, "
                "repository does not exist or may require 'docker login': denied: requested access "
                "to the resource is denied."
            ),
            125,
        ),
        (
            "gh repo clone acme/nosuch",
            said("GraphQL: Could not resolve to a Repository with the name 'acme/nosuch'. (repository)"),
            1,
        ),
        (
            "python fetch.py",
            said("urllib.error.HTTPError: HTTP Error 404: Not Found", "for https://api.example.com/v1/items"),
            1,
        ),
    ),
    "EXT-04": (
        ("npm install", said("Command timed out after 2m 0.0s", "added 3 packages"), 143),
        ("git push origin main", "command timed out after 10000 milliseconds", 124),
        (
            "curl -m 30 https://api.example.com/v1/items",
            "curl: (28) Operation timed out after 30001 milliseconds with 0 bytes received",
            28,
        ),
        (
            "pip install torch",
            said(
                "WARNING: Retrying after connection broken by "
                "ReadTimeoutError(\"HTTPSConnectionPool(host='pypi.example', port=443): Read timed "
                'out. (read timeout=15)")'
            ),
            1,
        ),
        (
            "docker pull registry.example.com/base:1",
            said(
                'Error response from daemon: Get "https://registry.example.com/v2/": net/http: TLS '
                "handshake timeout"
            ),
            1,
        ),
        (
            "ssh build@build.example.com make",
            "ssh: connect to host build.example.com port 22: Connection timed out",
            255,
        ),
    ),
}

PATTERNS_QUIET: dict[str, tuple[Case, ...]] = {
    "EXT-01": (
        ("curl -f http://localhost:3000/items", "curl: (22) The requested URL returned error: 429", 22),
        (
            "pytest tests/test_limit.py",
            said("E  assert 200 == 429", "HTTP 429 Too Many Requests", "1 failed in 0.1s"),
            1,
        ),
        ("python limiter.py", "rate limit exceeded", 1),
        ("dd if=/dev/zero of=big", "dd: error writing 'big': Disk quota exceeded", 1),
        ("docker logs web 2>&1 | tail -50", "GET https://api.example.com/ HTTP/1.1 429 Too Many Requests", 0),
        ("make", "src/page.go:429:3: undefined: limit", 2),
    ),
    "EXT-02": (
        ("curl -f http://127.0.0.1:8000/", "curl: (22) The requested URL returned error: 500", 22),
        ("curl -f http://web:8000/", "curl: (22) The requested URL returned error: 502", 22),
        ("python train.py", "Episode 201/2000, status: 500", 1),
        ("npm test", said("Error: socket hang up", "Tests: 1 failed, 3 passed"), 1),
        ("git clone git@localhost:/srv/app", said("Connection reset by peer", "fatal: early EOF"), 128),
        (
            "GIT_SSH_COMMAND='ssh -v' git push up main",
            said("read: Connection reset by peer", "Connection reset by ::1 port 22"),
            128,
        ),
        ("cargo build", said("error[E0502]: cannot borrow", "  --> src/main.rs:503:9"), 101),
    ),
    "EXT-03": (
        ("curl -fI https://example.com/x", "curl: (22) The requested URL returned error: 404", 22),
        ("curl -f http://localhost:8000/x", "curl: (22) The requested URL returned error: 404", 22),
        ("gh api repos/a/b/branches/main/protection", "gh: Branch not protected (HTTP 404)", 1),
        ("bun test", said("(fail) serve > returns 404 for an unknown run", "1 fail"), 1),
        ("docker manifest inspect acme/app:9", "no such manifest: manifest unknown", 1),
        ("python serve.py", 'File "/app/build_meta.py", line 404, in build', 1),
    ),
    "EXT-04": (
        ("npm run build", "Command timed out after 2m 0.0s", 143),
        (
            "go test ./...",
            said("panic: test timed out after 10m0s", "Error: context deadline exceeded", "FAIL"),
            1,
        ),
        ("git status", "Command timed out after 2m 0.0s", 143),
        ("curl -m 5 http://localhost:3000", "curl: (28) Operation timed out after 5001 milliseconds", 28),
        ("timeout 30 qemu-system-x86_64", "qemu: terminating on signal 15 from pid 9 (timeout)", 124),
        (
            "curl -f https://api.example.com/v1/items",
            said("curl: (22) The requested URL returned error: 504", "Gateway timed out after 60 sec"),
            22,
        ),
    ),
}


def again(times: int, happening: tuple[Event, ...]) -> tuple[Event, ...]:
    return tuple(event for _ in range(times) for event in happening)


OVERLOADED = 'API Error: 529 {"type":"error","error":{"type":"overloaded_error"}}'
FAILED = "HTTP 503: server_error (retry 1 of 10)"

STRUCTURES_FIRE: dict[str, tuple[Session, ...]] = {
    "EXT-01": (
        session(prompt("go"), again(4, api_error(OVERLOADED)), edit("a.py"), say("Done.")),
        session(prompt("go"), edit("a.py"), api_error("Rate limit exceeded", at=10), say("Done.", at=400)),
    ),
    "EXT-02": (
        session(prompt("go"), again(5, api_error(FAILED)), edit("a.py"), say("Done.")),
        session(prompt("go"), edit("a.py"), again(3, api_error("API Error: 500 Internal server error"))),
    ),
    "ACC-04": (
        session(
            prompt("go"),
            call("Glob", "search", output="spawn /usr/lib/agent/bin/rg EACCES", outcome="error"),
            say("Hm."),
        ),
        session(
            prompt("go"),
            read("/srv/app/key.pem", "EACCES: permission denied, open '/srv/app/key.pem'", outcome="error"),
            say("Hm."),
        ),
    ),
    "DEP-03": (
        session(
            prompt("go"),
            shell("pip install oddd", output="ERROR: No matching distribution found for oddd", exit_code=1),
            edit("a.py"),
            shell("pip install odd | tail -1", output="Successfully installed odd-1.0"),
            say("Done."),
        ),
    ),
}

STRUCTURES_QUIET: dict[str, tuple[Session, ...]] = {
    "EXT-01": (
        session(prompt("go"), api_error(OVERLOADED), edit("a.py"), say("Done.")),
        session(prompt("go"), again(9, api_error(OVERLOADED)), end_state="error"),
        session(prompt("go"), again(4, api_error("Refused for policy reasons.")), say("Done.")),
        session(prompt(OVERLOADED), say(OVERLOADED), read("log.txt", OVERLOADED)),
        session(prompt("go"), api_error(OVERLOADED, at=5), prompt("and now?", at=9000), say("Done.")),
    ),
    "EXT-02": (
        session(
            prompt("go"),
            call(
                "WebFetch",
                "fetch",
                args='{"url":"https://docs.example.com/a"}',
                output="Request failed with status code 503",
                outcome="error",
            ),
            say("Hm."),
        ),
        session(prompt("go"), again(2, api_error(FAILED)), edit("a.py"), say("Done.")),
        session(prompt("go"), again(9, api_error(FAILED)), end_state="error"),
        session(prompt("go"), interrupt(), say("500 Internal Server Error")),
    ),
    "ACC-04": (
        session(
            prompt("go"),
            write("deploy.sh"),
            shell("./deploy.sh", output="bash: ./deploy.sh: Permission denied", exit_code=126),
            say("Hm."),
        ),
        session(
            prompt("go"),
            edit(
                "a.py",
                output="String to replace not found:\n" + "x" * 300 + "\n'/a/b': Permission denied",
                outcome="error",
            ),
            say("Hm."),
        ),
        session(
            prompt("go"),
            call(
                "Glob",
                "search",
                output="EACCES: permission denied, scandir '/var/cache/private'",
                outcome="error",
            ),
            say("Hm."),
        ),
    ),
}
