"""Cases of packages that cannot be had, and of what the machine lacks to build them."""

Case = tuple[str, str, int]


def said(*lines: str) -> str:
    return "\n".join(lines)


PATTERNS_FIRE: dict[str, tuple[Case, ...]] = {
    "DEP-02": (
        (
            "npm install left-padd",
            said(
                "npm error code E404",
                "npm error 404 Not Found - GET https://registry.npm.example/left-padd - Not found",
                "npm error 404",
                "npm error 404  'left-padd@*' is not in this registry.",
            ),
            1,
        ),
        (
            "cd web && npm install 2>&1 | tail -20",
            said(
                "npm ERR! code ERESOLVE",
                "npm ERR! ERESOLVE unable to resolve dependency tree",
                "npm ERR!",
                "npm ERR! While resolving: web@0.1.0",
                "npm ERR! Found: react@18.2.0",
                "npm ERR! Could not resolve dependency:",
                'npm ERR! peer react@"^17.0.0" from old-grid@2.1.0',
            ),
            0,
        ),
        (
            "npm ci",
            said(
                "npm error code EUSAGE",
                "npm error",
                (
                    "npm error `npm ci` can only install packages when your package.json and "
                    "package-lock.json are in sync. Please update your lock file with `npm install`."
                ),
            ),
            1,
        ),
        (
            "pnpm install --frozen-lockfile",
            said(
                ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because '
                "pnpm-lock.yaml is not up to date with package.json"
            ),
            1,
        ),
        (
            "yarn install --immutable",
            said(
                "\u27a4 YN0000: \u250c Resolution step",
                (
                    "\u27a4 YN0028: \u2502 The lockfile would have been modified by this install, "
                    "which is explicitly forbidden."
                ),
            ),
            1,
        ),
        (
            "bun add left-padd",
            said(
                "error: GET https://registry.npm.example/left-padd - 404",
                "error: left-padd@latest failed to resolve",
            ),
            1,
        ),
    ),
    "DEP-03": (
        (
            "pip install numpy==9.9.9",
            said(
                (
                    "ERROR: Could not find a version that satisfies the requirement numpy==9.9.9 (from "
                    "versions: 1.3.0)"
                ),
                "ERROR: No matching distribution found for numpy==9.9.9",
            ),
            1,
        ),
        (
            "python -m pip install -r requirements.txt",
            said(
                "  error: subprocess-exited-with-error",
                "",
                "  \u00d7 Building wheel for numpy (pyproject.toml) did not run successfully.",
                "  \u2502 exit code: 1",
                "  ERROR: Failed building wheel for numpy",
                "",
            ),
            1,
        ),
        (
            "uv add fastapii",
            said(
                "  \u00d7 No solution found when resolving dependencies:",
                (
                    "  \u2570\u2500\u25b6 Because fastapii was not found in the package registry and "
                    "your project depends on fastapii, we can conclude that your project's "
                    "requirements are unsatisfiable."
                ),
            ),
            1,
        ),
        (
            "poetry add pendulum@^9",
            said(
                "Because app depends on pendulum (^9) which doesn't match any versions, version "
                "solving failed."
            ),
            1,
        ),
        (
            "conda env create -f environment.yml",
            said(
                "Channels:",
                " - defaults",
                "LibMambaUnsatisfiableError: Encountered problems while solving:",
                "  - package a-1.0 requires python >=3.12",
            ),
            1,
        ),
        (
            "pip install -r requirements.txt",
            said(
                (
                    "ERROR: Cannot install flask==1.0 and jinja2==3.1 because these package versions "
                    "have conflicting dependencies."
                ),
                "ERROR: ResolutionImpossible: for help visit the documentation",
            ),
            1,
        ),
    ),
    "DEP-04": (
        (
            "cargo build",
            said(
                "    Updating crates.example index",
                "error: no matching package named `serdee` found",
                "location searched: crates.example index",
            ),
            101,
        ),
        (
            "cargo test",
            said(
                'error: failed to select a version for the requirement `rand = "^99"`',
                "candidate versions found which didn't match: 0.8.5",
            ),
            101,
        ),
        (
            "go build ./...",
            said(
                (
                    "main.go:5:2: missing go.sum entry for module providing package "
                    "github.com/pkg/errors (imported by example.com/app); to add:"
                ),
                "\tgo get example.com/app",
            ),
            1,
        ),
        (
            "go get github.com/pkg/errors@v9.9.9",
            "go: github.com/pkg/errors@v9.9.9: invalid version: unknown revision v9.9.9",
            1,
        ),
        (
            "mvn -q package",
            said(
                "[ERROR] Failed to execute goal on project app: Could not resolve dependencies for "
                "project com.acme:app:jar:1.0: Could not find artifact com.acme:base:jar:2.0 in "
                "central"
            ),
            1,
        ),
        (
            "./gradlew build",
            said(
                "* What went wrong:",
                "Execution failed for task ':app:compileJava'.",
                "> Could not resolve all files for configuration ':app:compileClasspath'.",
                "   > Could not find com.acme:base:2.0.",
            ),
            1,
        ),
    ),
    "DEP-05": (
        (
            "pip install psycopg2",
            said(
                "      Error: pg_config executable not found.",
                "      pg_config is required to build psycopg2 from source.",
            ),
            1,
        ),
        (
            "make",
            said(
                "src/tls.c:3:10: fatal error: openssl/ssl.h: No such file or directory",
                "    3 | #include <openssl/ssl.h>",
            ),
            2,
        ),
        (
            "npm install",
            said("npm error gyp ERR! find Python Python is not set from command line or npm configuration"),
            1,
        ),
        (
            "cargo build",
            said("error: linker `cc` not found", "  |", "  = note: No such file or directory (os error 2)"),
            101,
        ),
        (
            "pip install tokenizers==0.10",
            said("  error: can't find Rust compiler", "", "  ERROR: Failed building wheel for tokenizers"),
            1,
        ),
        (
            "cmake -B build",
            said(
                (
                    "CMake Error at /usr/share/cmake/Modules/FindPackageHandleStandardArgs.cmake:230 "
                    "(message):"
                ),
                "  Could NOT find ZLIB (missing: ZLIB_LIBRARY ZLIB_INCLUDE_DIR)",
            ),
            1,
        ),
        (
            "make",
            said(
                "/usr/bin/ld: cannot find -lpq: No such file or directory",
                "collect2: error: ld returned 1 exit status",
            ),
            2,
        ),
    ),
}

PATTERNS_QUIET: dict[str, tuple[Case, ...]] = {
    "DEP-01": (
        (
            "pip install odd --no-build-isolation",
            said("  error: metadata-generation-failed", "ModuleNotFoundError: No module named 'mesonpy'"),
            1,
        ),
    ),
    "DEP-02": (
        (
            "npm view left-padd version",
            said("npm error code E404", "npm error 404  'left-padd@*' is not in this registry."),
            1,
        ),
        (
            "npm test",
            said("npm ERR! code ELIFECYCLE", "npm ERR! errno 1", "npm ERR! app@1.0.0 test: `jest`"),
            1,
        ),
        ("npm run build", 'npm error Missing script: "build"', 1),
        ("pnpm -r test", " ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL  web@1.0.0 test: `vitest run`", 1),
        (
            "npm install",
            said(
                "npm error code ENOTFOUND",
                "npm error network request to https://registry.npm.example/x failed",
            ),
            1,
        ),
        (
            "npm install canvas",
            said(
                "npm error path /app/node_modules/canvas",
                "npm error command failed",
                "npm error gyp ERR! find Python x",
            ),
            1,
        ),
        (
            "npm publish",
            said("npm error code E404", "npm error 404 Not Found - PUT https://registry.npm.example/app"),
            1,
        ),
    ),
    "DEP-03": (
        (
            "pip install numpy",
            said(
                "WARNING: Retrying after NewConnectionError: Temporary failure in name resolution",
                "ERROR: No matching distribution found for numpy",
            ),
            1,
        ),
        ("pip index versions nosuch", "ERROR: No matching distribution found for nosuch", 1),
        (
            "pip install lxml",
            said(
                "  error: subprocess-exited-with-error",
                "",
                "  \u00d7 Building wheel for numpy (pyproject.toml) did not run successfully.",
                "  \u2502 exit code: 1",
                "  ERROR: Failed building wheel for numpy",
                "src/a.c:1:10: fatal error: libxml/tree.h: No such file or directory",
            ),
            1,
        ),
        (
            "conda search scipy=99",
            said("PackagesNotFoundError: The following packages are not available:", "", "  - scipy=99"),
            1,
        ),
        (
            "pytest tests/test_errors.py",
            said(
                "E  assert 'No matching distribution found for x' in out",
                "FAILED tests/test_errors.py::test_a",
                "1 failed in 0.1s",
            ),
            1,
        ),
        (
            "pip install .",
            said("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/usr'"),
            1,
        ),
    ),
    "DEP-04": (
        ("git rev-parse origin/x", "fatal: ambiguous argument 'origin/x': unknown revision or path", 128),
        ("go test ./...", said("--- FAIL: TestGet (0.0s)", "  a_test.go:9: failed to get `x`", "FAIL"), 1),
        (
            "mvn package",
            said(
                "[ERROR] Could not resolve dependencies for project com.acme:app:jar:1.0: Could "
                "not transfer artifact com.acme:base:pom:1 from central: status code: 503"
            ),
            1,
        ),
        ("cmake -B build", 'Could not find a package configuration file provided by "Qt5"', 1),
        (
            "cargo build",
            said("error: failed to get `x` as a dependency of package `app`", "  spurious network error"),
            101,
        ),
        ("cargo search nosuch", "error: no matching package named `nosuch` found", 101),
    ),
    "DEP-05": (
        (
            "make",
            said("src/a.c:1:10: fatal error: own.h: No such file or directory", '    1 | #include "own.h"'),
            2,
        ),
        ("gcc -c a.c", "a.c:2:10: fatal error: app/main.h: No such file or directory", 1),
        (
            "cmake -B build",
            said("-- Could NOT find Doxygen (missing: DOXYGEN_EXECUTABLE)", "CMake Error: no such target"),
            1,
        ),
        ("pkg-config --exists libfoo", "", 1),
        ("make", said("error: 'x' undeclared", "library of things not found"), 2),
        ("npm install sharp", "npm error gyp ERR! stack Error: `make` failed with exit code: 2", 1),
    ),
}
