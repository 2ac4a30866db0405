"""What programs print of the machine and its sandbox; see `all_cases`.

The sessions of the same detectors stand in `machine_structure_cases`.
"""

Case = tuple[str, str, int]

DENIED = "Permission to use Bash with command npm publish has been denied."
READ_ONLY = "touch: cannot touch '/usr/lib/x': Read-only file system"

PATTERNS_FIRE: dict[str, tuple[Case, ...]] = {
    "ENV-01": (
        ("sudo frob --now", "sudo: frob: command not found", 1),
        ("ls | xargs frob", "xargs: frob: No such file or directory", 127),
        ("pnpm -r typecheck", "@acme/web typecheck: /usr/bin/bash: line 1: tsc: command not found", 1),
        ("frob TODO", "The term 'frob' is not recognized as the name of a cmdlet, function, script file", 1),
    ),
    "ENV-02": (
        (
            "yarn install",
            'error a@1.0.0: The engine "node" is incompatible with this module. Expected version ">=18". Got',
            1,
        ),
        (
            "npm ci",
            (
                "npm error code EBADENGINE\nnpm error engine Unsupported engine\n"
                'npm error notsup Required: {"node":">=20"}'
            ),
            1,
        ),
        ("pip install .", "ERROR: Package 'shop' requires a different Python: 3.8.10 not in '>=3.11'", 1),
        ("go build ./...", "go: go.mod requires go >= 1.23 (running go 1.21.5; GOTOOLCHAIN=local)", 1),
        (
            "cargo build",
            "error: rustc 1.66.0 is not supported by the following package:\n  shop@0.1 requires rustc 1.70",
            101,
        ),
        (
            "java -jar app.jar",
            (
                "java.lang.UnsupportedClassVersionError: Main has been compiled by a more "
                "recent version of the Java Runtime (class file version 61.0)"
            ),
            1,
        ),
        ("npm run build", 'For the build, Node.js version ">=18.17.0" is required.', 1),
        ("bundle install", "Your Ruby version is 2.7.0, but your Gemfile specified 3.2.0", 18),
    ),
    "ENV-03": (
        ("cargo build", "error: couldn't create a temp dir: No space left on device (os error 28)", 101),
        (
            "pip install torch",
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            1,
        ),
        ("npm ci", "npm error code ENOSPC\nnpm error ENOSPC: no space left on device, write", 228),
        (
            "git checkout main",
            "error: unable to write file a.bin\nfatal: cannot write: Disk quota exceeded",
            128,
        ),
        ("apt-get install -y clang", "E: You don't have enough free space in /var/cache/apt/archives/.", 100),
    ),
    "ENV-04": (
        ("python train.py", "/bin/bash: line 1:  2091 Killed                  python train.py", 137),
        (
            "npm run build",
            (
                "<--- Last few GCs --->\n"
                "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"
            ),
            134,
        ),
        (
            "make -j16",
            "c++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.",
            2,
        ),
        ("./gradlew build", "> java.lang.OutOfMemoryError: Java heap space", 1),
        ("go build ./...", "go build github.com/acme/shop: compile: signal: killed", 1),
        ("python load.py", 'Traceback (most recent call last):\n  File "load.py", line 2\nMemoryError', 1),
        ("python train.py", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", 1),
    ),
    "ENV-05": (
        (
            "curl -fsS https://get.acme-tools.org/i.sh",
            "curl: (6) Could not resolve host: get.acme-tools.org",
            6,
        ),
        (
            "git fetch origin",
            "fatal: unable to access 'https://git.acme.org/shop.git/': Could not resolve host: git.acme.org",
            128,
        ),
        (
            "npm ci",
            (
                "npm error code EAI_AGAIN\nnpm error request to https://registry.acme.org/left-pad failed, "
                "reason: getaddrinfo EAI_AGAIN registry.acme.org"
            ),
            1,
        ),
        (
            "pip install flask",
            (
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError("
                "'Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')'\n"
                "ERROR: No matching distribution found for flask"
            ),
            1,
        ),
        (
            "curl -v https://get.acme.org/i.sh",
            "* Could not resolve host: get.acme.org\n* Closing connection",
            6,
        ),
        ("go mod download", "dial tcp: lookup proxy.acme.org on 127.0.0.11:53: server misbehaving", 1),
        (
            "apt-get install -y jq",
            "E: Failed to fetch http://deb.acme.org/jq.deb  Temporary failure resolving 'deb.acme.org'",
            100,
        ),
        ("curl -f https://api.acme.org/v1", "curl: (56) CONNECT tunnel failed, response 403", 56),
        ("ssh build.acme.org true", "connect to host build.acme.org port 22: Network is unreachable", 255),
    ),
    "ENV-06": (
        (
            "curl -fO https://repo.acme.org/x.tgz",
            "curl: (60) SSL certificate problem: unable to get local issuer certificate",
            60,
        ),
        ("npm ci", "npm error code SELF_SIGNED_CERT_IN_CHAIN\nnpm error errno SELF_SIGNED_CERT_IN_CHAIN", 1),
        (
            "pip install flask",
            (
                "ERROR: Could not fetch URL https://index.acme.org/flask/: SSLCertVerificationError(1, "
                "'[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')"
            ),
            1,
        ),
        (
            "docker pull acme/shop",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            1,
        ),
        ("mvn package", "PKIX path building failed: unable to find valid certification path to target", 1),
        ("curl -f https://acme.org", "curl: (56) Received HTTP code 407 from proxy after CONNECT", 56),
    ),
    "ENV-07": (
        (
            "pip install flask",
            "error: externally-managed-environment\n\nThis environment is externally managed",
            1,
        ),
        ("python3 -m pip install flask", "/usr/bin/python3: No module named pip", 1),
        (
            "python3 -m venv .venv",
            "The virtual environment was not created successfully because ensurepip is not\navailable.",
            1,
        ),
        (
            "uv pip install --system flask",
            "error: The interpreter at /usr is externally managed, and indicates the following:",
            2,
        ),
    ),
    "ENV-08": (
        ("touch /usr/lib/x", READ_ONLY, 1),
        ("npm run dev", "Error: listen EPERM: operation not permitted 127.0.0.1:3000", 1),
        (
            "git commit -am x",
            "fatal: Unable to create '/srv/a/.git/index.lock': Operation not permitted",
            128,
        ),
        ("make build", "bwrap: No permissions to create a new namespace", 1),
    ),
}

PATTERNS_QUIET: dict[str, tuple[Case, ...]] = {
    "ENV-01": (
        ("./run.sh", "sudo: a password is required", 1),
        ("npm test", "TypeError: rg: not found in registry", 1),
        ("python a.py", "FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'", 1),
    ),
    "ENV-02": (
        ("npm test", "npm warn EBADENGINE Unsupported engine {\n1 failing", 1),
        (
            "pip install pandaz==9.9",
            (
                "ERROR: Ignored the following versions that require a different python version: 2.1 "
                "Requires-Python >=3.9\nERROR: No matching distribution found for pandaz==9.9"
            ),
            1,
        ),
        ("frob run", "error: this command requires a project name", 2),
        ("pytest", "E   assert 'requires rustc 1.70 or newer, while' in text\n1 failed in 0.1s", 1),
        ("npx tsc", "engine.ts(3,1): error TS2322: Type 'Engine' is not compatible with 'Motor'.", 2),
    ),
    "ENV-03": (
        ("npm run watch", "Error: ENOSPC: System limit for number of file watchers reached, watch '/srv'", 1),
        ("dmesg", "VFS: Disk quotas dquot_6.6.0", 1),
        ("pytest", "E   AssertionError: assert 'No space left on device' in ''\n1 failed in 0.1s", 1),
        ("./qemu.sh", "Disk image is too small for the guest", 1),
    ),
    "ENV-04": (
        ("pkill -9 node; npm start", "/bin/bash: line 1:  2091 Killed                  npm start", 137),
        ("timeout -s KILL 5 ./serve", "Killed", 137),
        ("bun test", "killed 1 dangling process\n1 fail", 1),
        ("pytest", "E   assert 'JavaScript heap out of memory' == ''\n1 failed in 0.1s", 1),
        ("g++ a.cpp", "undefined reference to `std::__throw_bad_alloc()'", 1),
    ),
    "ENV-05": (
        ("curl -f http://api.internal/x", "curl: (6) Could not resolve host: api.internal", 6),
        ("curl -f https://shop.invalid", "curl: (6) Could not resolve host: shop.invalid", 6),
        ("pytest", "E   AssertionError: expected getaddrinfo ENOTFOUND api.acme.org\n1 failed in 0.1s", 1),
        (
            "conda env create",
            (
                "Retrying (Retry(total=2)) after connection broken by 'NameResolutionError(\"Failed to "
                "resolve 'repo.acme.org'\")'\nLibMambaUnsatisfiableError: nothing provides x"
            ),
            1,
        ),
        ("npm install", "npm error Could not resolve dependency: react@18", 1),
    ),
    "ENV-06": (
        ("curl -f https://localhost:8443", "curl: (60) SSL certificate problem: self-signed certificate", 60),
        ("openssl verify server.crt", "error server.crt: certificate verify failed", 2),
        ("go test ./...", "--- FAIL: TestTLS\n    x509: certificate signed by unknown authority\nFAIL", 1),
        (
            "git clone https://git.internal/a.git",
            "fatal: SSL certificate problem: self-signed certificate",
            128,
        ),
    ),
    "ENV-07": (
        ("python3 -m pip --version", "/usr/bin/python3: No module named pip", 1),
        (".venv/bin/python -m pip list", "/srv/app/.venv/bin/python: No module named pip", 1),
        ("python app.py", "ModuleNotFoundError: No module named 'flask'", 1),
        ("pip install flask", "WARNING: It is recommended to use a virtual environment instead", 1),
    ),
    "ENV-08": (
        ("tar -xf a.tar", "tar: a/b: Cannot change mode to rwxrwxr-x: Operation not permitted", 2),
        ("sudo mount -o remount,ro /x && touch /x/a", "touch: cannot touch '/x/a': Read-only file system", 1),
        ("npm run dev", "Error: EACCES: permission denied, open '/srv/a'", 1),
        ("pytest", "OSError: [Errno 30] Read-only file system: '/x'\n1 failed in 0.1s", 1),
        ("npm publish", DENIED, 1),
        ("kill -9 1", "kill: (1) - Operation not permitted", 1),
    ),
}
