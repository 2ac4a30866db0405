"""What tests, commits and git say when they go wrong, told as in `pattern_cases`.

For the detectors of testing, code quality and version control.
"""

Case = tuple[str, str, int]

PATTERNS_FIRE: dict[str, tuple[Case, ...]] = {
    "TST-03": (
        ("pytest tests/unit", "collected 0 items\n\n====== no tests ran in 0.01s ======", 5),
        ("pytest -k login -q", "\n12 deselected in 0.08s", 5),
        (
            "npm test",
            'npm error Missing script: "test"\nnpm error\nnpm error To see a list of scripts, run:',
            1,
        ),
        ("npx jest src/a", "No tests found, exiting with code 1\nRun with `--passWithNoTests`", 1),
        ("npx vitest run", "\nNo test files found, exiting with code 1\n\nfilter: src/none", 1),
        ("npx mocha", 'Error: No test files found: "test"', 1),
        ("yarn test", 'yarn run v1.22.22\nerror Command "test" not found.', 1),
        ("bun run test", 'error: Script not found "test"', 1),
        ("make test", "make: *** No rule to make target 'test'.  Stop.", 2),
        ("python -m unittest discover -s t", "\n---\nRan 0 tests in 0.000s\n\nNO TESTS RAN", 5),
        ("go test ./session", "# ./session\nstat /src/app/app/session: directory not found\nFAIL", 1),
        (
            "./gradlew test --tests '*Login*'",
            "> No tests found for given includes: [*Login*](--tests filter)",
            1,
        ),
        ("mvn test -Dtest=LoginTest", "[ERROR] No tests were executed!  (Set -DfailIfNoTests=false)", 1),
    ),
    "CQ-03": (
        (
            'git commit -m "Add login"',
            "ruff.........................Failed\n- hook id: ruff\n- exit code: 1\n\napp.py:1:1: F401",
            1,
        ),
        ('git commit -m "x"', "husky - pre-commit script failed (code 1)", 1),
        ('git commit -m "x"', "husky > commit-msg hook exited with code 1 (error)", 1),
        (
            'git commit -m "Fixed"',
            (
                "\u29d7   input: Fixed\n\u2716   type may not be empty [type-empty]\n\n"
                "\u2716   found 1 problems, 0 warnings"
            ),
            1,
        ),
        (
            "git push origin topic",
            (
                "remote: no ticket\n ! [remote rejected] topic -> topic (pre-receive hook declined)\n"
                "error: failed to push some refs to 'forge.example:acme/app.git'"
            ),
            1,
        ),
        ("git push", "running the tests\n2 failed\npre-push hook failed, see above", 1),
        (
            "git commit -am x",
            (
                "\u2502 \U0001f94a lefthook v1.7.1  hook: pre-commit \u2502\nsummary: (done in 0.5 seconds)\n"
                "\U0001f94a  lint\n"
            ),
            1,
        ),
    ),
    "VC-02": (
        (
            "git push origin main",
            (
                "To forge.example:acme/app.git\n ! [rejected]        main -> main (fetch first)\n"
                "error: failed to push some refs to 'forge.example:acme/app.git'"
            ),
            1,
        ),
        (
            "git push",
            (
                "To https://forge.example/acme/app\n ! [rejected]        topic -> topic (non-fast-forward)\n"
                "error: failed to push some refs"
            ),
            1,
        ),
        (
            "git pull --ff-only",
            "From forge.example:acme/app\nfatal: Not possible to fast-forward, aborting.",
            128,
        ),
        (
            "git pull",
            (
                "hint: You have divergent branches and need to specify how to reconcile them.\n"
                "fatal: Need to specify how to reconcile divergent branches."
            ),
            128,
        ),
        (
            "gh pr create --fill",
            "pull request create failed: GraphQL: No commits between main and topic (createPullRequest)",
            1,
        ),
        ("git push --force-with-lease", " ! [rejected]        topic -> topic (stale info)", 1),
    ),
    "VC-03": (
        ("git checkout main", "fatal: 'main' is already used by worktree at '/work/app'", 128),
        ("git switch main && git pull", "fatal: 'main' is already checked out at '/work/other'", 128),
        ("git checkout release-7", "error: pathspec 'release-7' did not match any file(s) known to git", 1),
        (
            'git commit -m "x"',
            "fatal: Unable to create '/work/app/.git/index.lock': File exists.\n\nAnother git process seems",
            128,
        ),
        ("git push origin master", "error: src refspec master does not match any\nerror: failed to push", 1),
        ("git rebase origin/trunk", "fatal: invalid upstream 'origin/trunk'", 128),
        ("git merge feature/login", "merge: feature/login - not something we can merge", 1),
        ("git switch topic", "fatal: invalid reference: topic", 128),
    ),
}

PATTERNS_QUIET: dict[str, tuple[Case, ...]] = {
    "TST-03": (
        ("pytest", "collected 0 items / 1 error\n\nE   SyntaxError: invalid syntax\n1 error in 0.2s", 2),
        ("pytest", "FAILED tests/test_a.py::test_empty - AssertionError: no tests ran\n1 failed in 0.1s", 1),
        ("pytest --collect-only -q", "no tests ran in 0.01s", 5),
        ("npm run lint", 'npm error Missing script: "lint"', 1),
        ("npm run build", 'npm error Missing script: "build"', 1),
        ("python -m pytest", "/usr/bin/python: No module named pytest", 1),
        ("go test ./...", "?   \texample.org/app\t[no test files]\nok  \texample.org/app/web\t0.2s", 0),
        ("make deploy", "make: *** No rule to make target 'deploy'.  Stop.", 2),
        ("pytest", "INTERNALERROR> KeyError: 'x'\n\nno tests ran in 0.01s", 3),
    ),
    "CQ-03": (
        ('git commit -m "x"', "nothing to commit, working tree clean", 1),
        (
            "git push",
            (
                "remote: error: GH006: Protected branch update failed.\n"
                " ! [remote rejected] main -> main (protected branch hook declined)"
            ),
            1,
        ),
        ("pre-commit run --all-files", "ruff....Failed\n- hook id: ruff\n- exit code: 1", 1),
        ("npm install", "husky - pre-commit script failed to install", 1),
        ("pytest tests/test_hooks.py", "E  assert 'pre-commit hook failed' in out\n1 failed in 0.1s", 1),
        ('git commit -m "x"', "Author identity unknown\n\n*** Please tell me who you are.", 128),
        (
            "git commit -m x",
            "entire.......Passed\nhusky - installed\nerror: gpg failed to sign the data",
            128,
        ),
    ),
    "VC-02": (
        ("git push", "git@forge.example: Permission denied (publickey).\nfatal: Could not read from", 128),
        ("git push", "! [remote rejected] main -> main (pre-receive hook declined)", 1),
        ("git push origin master", "error: src refspec master does not match any", 1),
        ("git status", "Your branch and 'origin/main' have diverged,\nand have 1 and 2 different commits", 0),
        ("pytest", "E  assert '[rejected] main -> main (fetch first)' in err\n1 failed in 0.1s", 1),
        ("./publish.sh", "registry said: [rejected] (fetch first)", 1),
    ),
    "VC-03": (
        ("git status", "fatal: not a git repository (or any of the parent directories): .git", 128),
        ("git checkout -- app.py", "error: pathspec 'app.py' did not match any file(s) known to git", 1),
        (
            "git checkout config.toml",
            "error: pathspec 'config.toml' did not match any file(s) known to git",
            1,
        ),
        ("git add dist", "fatal: pathspec 'dist' did not match any files", 128),
        ("git checkout 4701c3c", "You are in 'detached HEAD' state. You can look around", 0),
        ("git init && git push origin master", "error: src refspec master does not match any", 1),
        ("pytest", "E  fatal: 'main' is already checked out at '/tmp/x'\n1 failed in 0.1s", 1),
    ),
}
