"""What programs print of their settings and of the services they need; see `all_cases`.

The sessions of the same detectors stand in `machine_structure_cases`.
"""

Case = tuple[str, str, int]

PATTERNS_FIRE: dict[str, tuple[Case, ...]] = {
    "CFG-02": (
        (
            "docker compose up -d",
            "env file /srv/shop/.env not found: stat /srv/shop/.env: no such file or directory",
            14,
        ),
        ("alembic upgrade head", "FAILED: No config file 'alembic.ini' found, or file has no section", 255),
        (
            "node server.js",
            "Error: ENOENT: no such file or directory, open '/srv/shop/config.json'\n    at Object.openSync",
            1,
        ),
        (
            "python manage.py runserver",
            (
                "Traceback (most recent call last):\n"
                "FileNotFoundError: [Errno 2] No such file or directory: '/srv/shop/settings.local.toml'"
            ),
            1,
        ),
        (
            "npx eslint .",
            "Oops! Something went wrong! :(\n\nESLint couldn't find an eslint.config.(js|mjs|cjs) file.",
            2,
        ),
        ("cargo build", "error: could not find `Cargo.toml` in `/srv/shop` or any parent directory", 101),
        ("go test ./...", "go: go.mod file not found in current directory or any parent directory", 1),
    ),
    "CFG-03": (
        (
            "cargo check",
            "error: failed to parse manifest at `/srv/shop/Cargo.toml`\n\nCaused by:\n  no targets specified",
            101,
        ),
        (
            "npm ci",
            (
                "npm error code EJSONPARSE\nnpm error path /srv/shop/package.json\n"
                "npm error JSON.parse Invalid package.json: JSONParseError: Expected double-quoted"
            ),
            1,
        ),
        ("npx tsc -p .", "tsconfig.json(4,5): error TS5023: Unknown compiler option 'strictt'.", 2),
        (
            "docker compose config",
            "validating /srv/shop/compose.yaml: services.web additional properties 'port' not allowed",
            15,
        ),
        (
            "ansible-playbook site.yml",
            (
                "yaml.scanner.ScannerError: mapping values are not allowed here\n"
                '  in "group_vars/all.yml", line 3, column 8'
            ),
            1,
        ),
        ("nginx -t", 'nginx: [emerg] unknown directive "lisen" in /etc/nginx/conf.d/shop.conf:2', 1),
        (
            "ruff check src",
            "ruff failed\n  Cause: Failed to parse /srv/shop/pyproject.toml\n  Cause: TOML",
            2,
        ),
        ("git status", "fatal: bad config line 7 in file /root/.gitconfig", 128),
    ),
    "CFG-04": (
        (
            "npm start",
            "Error: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle",
            1,
        ),
        (
            "docker compose up -d db",
            (
                "Error response from daemon: driver failed programming external connectivity on endpoint db: "
                "Bind for 0.0.0.0:5432 failed: port is already allocated"
            ),
            1,
        ),
        (
            "uvicorn app:app",
            (
                "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): "
                "address already in use"
            ),
            1,
        ),
        (
            "go run ./cmd/web",
            "2025/03/01 10:00:00 listen tcp :8080: bind: address already in use\nexit status 1",
            1,
        ),
        (
            "flask run",
            "Address already in use\nPort 5000 is in use by another program. Either identify it",
            1,
        ),
        ("java -jar app.jar", "Web server failed to start. Port 8080 was already in use.", 1),
    ),
    "CFG-05": (
        (
            "npm run migrate",
            "Error: connect ECONNREFUSED 127.0.0.1:5432\n    at TCPConnectWrap.afterConnect (node:net:1555)",
            1,
        ),
        (
            "psql -h localhost -c 'select 1'",
            (
                'psql: error: connection to server at "localhost" (127.0.0.1), port 5432 failed: '
                "Connection refused\n"
                "\tIs the server running on that host and accepting TCP/IP connections?"
            ),
            2,
        ),
        (
            "docker build .",
            (
                "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
                "Is the docker daemon running?"
            ),
            1,
        ),
        (
            "pytest tests/test_cache.py",
            (
                "E   redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. "
                "Connection refused.\n"
                "1 error in 0.10s"
            ),
            1,
        ),
        (
            "mysql shop",
            (
                "ERROR 2002 (HY000): Can't connect to local MySQL server through socket "
                "'/var/run/mysqld/mysqld.sock' (2)"
            ),
            1,
        ),
        ("go run .", "panic: dial tcp 127.0.0.1:27017: connect: connection refused", 2),
        (
            "python seed.py",
            'OperationalError: could not translate host name "db" to address: Name or service not known',
            1,
        ),
    ),
}

PATTERNS_QUIET: dict[str, tuple[Case, ...]] = {
    "CFG-02": (
        (
            "python -c \"open('config.json')\"",
            "FileNotFoundError: [Errno 2] No such file or directory: 'config.json'",
            1,
        ),
        (
            "pip install -r requirements.txt",
            "ERROR: [Errno 2] No such file or directory: 'requirements.txt'",
            1,
        ),
        ("cat .env", "cat: .env: No such file or directory", 1),
        ("python plot.py", "FileNotFoundError: [Errno 2] No such file or directory: 'data/input.csv'", 1),
        ("pytest", "E   AssertionError: expected 'config file a.json not found'\n1 failed in 0.1s", 1),
        ("npm test", "Error: Cannot find module './config'", 1),
    ),
    "CFG-03": (
        ("python parse.py data.json", "json.decoder.JSONDecodeError: Expecting value: line 1 column 1", 1),
        ("frob --jsn", "error: unknown option '--jsn'", 1),
        ("pytest", "E   yaml.scanner.ScannerError: while scanning\n1 failed in 0.1s", 1),
        ("npx tsc --noEmit", "src/parse.ts(3,5): error TS2322: Type 'string' is not assignable.", 2),
        ("ruff check src", "warning: Failed to parse `pyproject.toml` during settings discovery:", 1),
    ),
    "CFG-04": (
        ("git worktree add ../b b", "fatal: 'b' is already in use by worktree at '/srv/a'", 128),
        (
            "npx vitest run",
            "FAIL  server.test.ts > says when EADDRINUSE: address already in use :::3000 expected",
            1,
        ),
        ("useradd app", "useradd: name app is already in use", 9),
        ("npx eslint .", "  3:7  error  port 3000 is already in use  acme/ports\n\n1 problem", 1),
        ("tsc", "const message = 'Port 3000 is already in use';", 2),
    ),
    "CFG-05": (
        (
            "curl -f http://localhost:3000/health",
            "curl: (7) Failed to connect to localhost port 3000: Connection refused",
            7,
        ),
        ("node fetch.js", "Error: connect ECONNREFUSED 203.0.113.7:443", 1),
        ("npx jest", "  ✕ reports connect ECONNREFUSED 127.0.0.1:5432\nTests: 1 failed, 1 total", 1),
        ("systemctl restart ssh", "Failed to connect to bus: Host is down", 1),
        ("ssh build.acme.org", "ssh: connect to host build.acme.org port 22: Connection refused", 255),
    ),
}
