"""What programs print when they fail, for each pattern detector: (command, output, exit code).

Of each, `test_detectors` makes a session in which the detector must fire and a dozen in which it must not.
"""

Case = tuple[str, str, int]

PATTERNS_FIRE: dict[str, tuple[Case, ...]] = {
    "CFG-01": (
        ("npm start", "Error: Environment variable DATABASE_URL is not set\n    at main.js:3", 1),
        ("python manage.py migrate", "  File \"os.py\", in environ\nKeyError: 'SECRET_KEY'", 1),
        ("bash deploy.sh", "deploy.sh: line 4: API_TOKEN: unbound variable", 1),
        ("cargo run", "thread 'main' panicked: STRIPE_API_KEY must be set", 101),
        ("node app.js", "Missing required environment variable: REDIS_URL", 1),
    ),
    "ENV-01": (
        ("rg TODO src", "/bin/bash: line 1: rg: command not found", 127),
        ("docker ps", "zsh:1: command not found: docker", 127),
        ("make test", "/bin/sh: 1: pytest: not found\nmake: *** [Makefile:4: test] Error 127", 2),
        ("npm run build", "> app@1.0.0 build\n> tsc\n\nsh: 1: tsc: not found", 127),
        ("./run.py", "/usr/bin/env: \u2018python\u2019: No such file or directory", 127),
        ("go test ./...", 'x_test.go:9: exec: "gcc": executable file not found in $PATH', 1),
        ("strace ls 2>&1 | head -20", "/bin/bash: line 1: strace: command not found", 0),
    ),
    "DEP-01": (
        ("python app.py", "File \"/app/app.py\", line 1\nModuleNotFoundError: No module named 'flask'", 1),
        ("python -m pytest -q", "/usr/bin/python: No module named pytest", 1),
        ("node server.js", "Error: Cannot find module 'express'\nRequire stack:", 1),
        (
            "go build ./...",
            "main.go:4:2: no required module provides package github.com/pkg/errors; to add it:",
            1,
        ),
        ("bundle exec rake", "in `require': cannot load such file -- nokogiri (LoadError)", 1),
    ),
    "ACC-01": (
        ("curl -f https://api.example.com/v1/me", "curl: (22) The requested URL returned error: 401", 22),
        ("aws s3 ls s3://data", "An error occurred (AccessDenied) when calling ListObjectsV2", 254),
        (
            "python fetch.py",
            "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://x.org/a",
            1,
        ),
    ),
    "ACC-02": (
        (
            "git push origin main",
            "git@example.com: Permission denied (publickey).\nfatal: Could not read",
            128,
        ),
        (
            "git clone https://example.com/a.git",
            "fatal: could not read Username for 'https://example.com'",
            128,
        ),
        ("gh pr create --fill", "To get started with the forge, please run:  gh auth login", 4),
        ("git push", "remote: error: GH006: Protected branch update failed for refs/heads/main.", 1),
    ),
    "VC-01": (
        (
            "git merge origin/main",
            "Auto-merging a.py\nCONFLICT (content): Merge conflict in a.py\nAutomatic",
            1,
        ),
        ("git rebase main", "error: could not apply 3f2a1bc... Add login", 1),
        ("git cherry-pick abc1234", "CONFLICT (modify/delete): b.py deleted in HEAD", 1),
    ),
    "CQ-01": (
        (
            "npx tsc --noEmit",
            "src/a.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'.",
            2,
        ),
        ("cargo build", "error[E0382]: borrow of moved value: `x`\n --> src/main.rs:4:5", 101),
        ("go build ./...", "# app/web\nweb/page.go:12:2: undefined: render", 1),
        ("make", "src/main.c:10:5: error: 'x' undeclared (first use in this function)", 2),
        ("python app.py", '  File "app.py", line 3\n    def x(:\nSyntaxError: invalid syntax', 1),
    ),
    "CQ-02": (
        ("golangci-lint run", "a.go:3:1: Error return value is not checked (errcheck)", 1),
        ("ruff check .", "src/a.py:1:8: F401 `os` imported but unused\nFound 1 error.", 1),
        (
            "npx eslint .",
            "  3:7  error  'x' is never used  no-unused-vars\n\n✖ 1 problem (1 error, 0 warnings)",
            1,
        ),
        ("black --check .", "would reformat src/a.py\nOh no!", 1),
    ),
}

PATTERNS_QUIET: dict[str, tuple[Case, ...]] = {
    "CFG-01": (
        ('echo "${API_TOKEN:?}"', "bash: API_TOKEN: parameter null or not set", 1),
        ("pytest", "E   ValidationError: NAME is required", 1),
        ("python a.py", "KeyError: 'TOTAL'", 1),
    ),
    "ENV-01": (
        ('git commit -m "use `frobnicate` now"', "bash: line 1: frobnicate: command not found", 1),
        ("which docker", "docker not found", 1),
        ("ruby -v || true", "bash: line 1: ruby: command not found", 0),
        ("npm test", "Error: user not found", 1),
        ("git --version", "bash: line 1: git: command not found", 127),
        ("curl https://example.com/x", "404 page: not found", 22),
    ),
    "DEP-01": (
        (
            'python -c "import torch; print(torch.__version__)"',
            "ModuleNotFoundError: No module named 'torch'",
            1,
        ),
        ("python run.py", "ModuleNotFoundError: No module named 'notebook.auth'", 1),
        ("node a.js", "Error: Cannot find module './lib/own'", 1),
        ("python -m pip --version", "/usr/bin/python3: No module named pip", 1),
        ("pytest tests/test_app.py", "ModuleNotFoundError: No module named 'app'", 1),
    ),
    "ACC-01": (
        ("curl -f http://localhost:8000/me", "curl: (22) The requested URL returned error: 401", 22),
        ("pytest tests/test_auth.py", "E  assert 200 == 403\nHTTP 403 Forbidden\n1 failed in 0.1s", 1),
        ("pip install https://example.com/a.whl", "ERROR: HTTP error 403 while getting it: 403 Forbidden", 1),
        ("make serve", "listening on port 401, 403 clients unauthorizedly long name", 1),
    ),
    "ACC-02": (
        ("chmod +x /usr/bin/x", "chmod: changing permissions: Permission denied", 1),
        ("git push", "! [rejected] main -> main (fetch first)", 1),
        ("cat id_rsa", "cat: id_rsa: Permission denied", 1),
    ),
    "VC-01": (
        ("npm install", "npm error CONFLICT (peer): could not resolve", 1),
        ("git merge feature", "Already up to date.", 0),
        ("pytest", "E  assert 'CONFLICT (content): a' in out\n1 failed in 0.2s", 1),
    ),
    "CQ-01": (
        ('python -c "def x(:"', '  File "<string>", line 1\nSyntaxError: invalid syntax', 1),
        ("go test ./...", "--- FAIL: TestLogin (0.00s)\n    login_test.go:12: got 1, want 2\nFAIL", 1),
        ("npm run build", "built in 3.1s", 0),
    ),
    "CQ-02": (
        ("pytest", "FAILED tests/test_a.py::test_b - assert 1 == 2\n1 failed in 0.1s", 1),
        ("ruff check .", "All checks passed!", 0),
        ("npm start", "listening (unused)", 0),
    ),
}
