"""Cases of refused logins and of missing rights."""

Case = tuple[str, str, int]


def said(*lines: str) -> str:
    return "\n".join(lines)


PATTERNS_FIRE: dict[str, tuple[Case, ...]] = {
    "ACC-03": (
        ("docker push registry.example.com/app:1", "unauthorized: authentication required", 1),
        (
            "npm publish",
            said("npm error code E403", "npm error 403 403 Forbidden - PUT https://registry.npm.example/app"),
            1,
        ),
        (
            "aws s3 ls",
            said('Unable to locate credentials. You can configure credentials by running "aws configure".'),
            253,
        ),
        (
            "gcloud run deploy app",
            said(
                "ERROR: (gcloud.run.deploy) You do not currently have an active account selected.",
                "Please run:",
                "",
                "  $ gcloud auth login",
            ),
            1,
        ),
        ("az group list", "ERROR: Please run 'az login' to setup account.", 1),
        ("kubectl apply -f app.yaml", "error: You must be logged in to the server (Unauthorized)", 1),
        (
            "vercel deploy",
            said('Error: No existing credentials found. Please run `vercel login` or pass "--token"'),
            1,
        ),
    ),
    "ACC-04": (
        (
            "mkdir -p /opt/app/data",
            "mkdir: cannot create directory \u2018/opt/app\u2019: Permission denied",
            1,
        ),
        (
            "npm install -g typescript",
            "npm error EACCES: permission denied, mkdir '/usr/lib/node_modules/typescript'",
            243,
        ),
        ("python export.py", "PermissionError: [Errno 13] Permission denied: '/data/out.csv'", 1),
        ("./deploy.sh", "/bin/bash: line 1: ./deploy.sh: Permission denied", 126),
        (
            "apt-get install -y jq",
            said(
                ("E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)"),
                "E: Unable to acquire the dpkg frontend lock, are you root?",
            ),
            100,
        ),
        (
            "docker compose up -d",
            said(
                "permission denied while trying to connect to the Docker daemon socket at "
                'unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/info"'
            ),
            1,
        ),
        ("go run .", "panic: open /var/lib/app/state.json: permission denied", 2),
    ),
}

PATTERNS_QUIET: dict[str, tuple[Case, ...]] = {
    "ACC-01": (
        ("curl -f https://api.github.com/x", "curl: HTTP 403: API rate limit exceeded for 1.2.3.4", 22),
        ("java -jar app.jar", "java.nio.file.AccessDeniedException: /opt/app/data", 1),
        ("gh run view 12 --log-failed 2>&1 | tail -20", "deploy\tHTTP 401 Unauthorized", 0),
        (
            "aws sts get-caller-identity",
            "An error occurred (AccessDenied) when calling GetCallerIdentity",
            254,
        ),
    ),
    "ACC-02": (
        ("gh auth status", "You are not logged into any hosts. To log in, run: gh auth login", 1),
        (
            "gh pr list",
            said("HTTP 403: You have exceeded a secondary rate limit (https://api.github.com/graphql)"),
            1,
        ),
        ("gh run view 1 --log | tail -50", "git@example.com: Permission denied (publickey).", 0),
    ),
    "ACC-03": (
        (
            "npm whoami",
            said("npm error code ENEEDAUTH", "npm error need auth This command requires you to be logged in"),
            1,
        ),
        (
            "docker run acme/nosuch",
            said(
                "docker: Error response from daemon: pull access denied for acme/nosuch, "
                "repository does not exist or may require 'docker login': denied: requested access "
                "to the resource is denied."
            ),
            125,
        ),
        ("hf auth login", "Warning: this way is deprecated. Use 'hf auth login' instead.", 1),
        ("docker push localhost:5000/app", "unauthorized: authentication required", 1),
        ("pytest tests/test_cli.py", said("E  assert 'run `vercel login`' in out", "1 failed in 0.1s"), 1),
        ("npm install", said("npm error code E404", "npm error 404 Not Found"), 1),
    ),
    "ACC-04": (
        ("git push", "git@example.com: Permission denied (publickey).", 128),
        ("find / -name '*.conf'", "find: \u2018/var/cache/private\u2019: Permission denied", 1),
        (
            "pytest",
            said("E  PermissionError: [Errno 13] Permission denied: '/data/x'", "1 failed in 0.1s"),
            1,
        ),
        ("tar xf a.tar", "tar: a/b: Cannot change mode to rwxr-xr-x: Operation not permitted", 2),
        ("psql -c 'select 1'", "ERROR:  permission denied for table users", 1),
        ("lib/x.css", "/bin/bash: line 1: lib/x.css: Permission denied", 126),
        ("cp a /dev/sda", "cp: cannot open '/dev/sda': Permission denied", 1),
    ),
}
