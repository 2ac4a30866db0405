"""What programs are for: the tables by which a shell command is classified.

Data only. A program that no table names is something that was run.
"""

from debrief.analysis.view import Family


def named(words: str) -> frozenset[str]:
    """The words of a string, as a set."""
    return frozenset(words.split())


READ = named(
    "cat bat head tail less more sed awk gawk nl wc file stat jq yq xxd od hexdump strings cut sort uniq "
    "column diff cmp comm md5sum sha1sum sha256sum readlink realpath basename dirname tr rev fold paste "
    "join tac du df env printenv uname whoami id hostname date nproc free lscpu ps pgrep lsof ss netstat "
    "uptime top htop objdump nm readelf ldd otool size pdftotext exiftool identify ffprobe zcat zless "
    "gunzip-c Get-Content get-content sqlformat xmllint man help tldr history sysctl dmesg journalctl "
    "nvidia-smi"
)
SEARCH = named(
    "grep egrep fgrep rg ag ack find fd fdfind ls ll dir tree which whereis locate type command exa eza "
    "zgrep ast-grep sg ctags Get-ChildItem Select-String findstr where pwd"
)
EDIT = named(
    "rm mv cp mkdir rmdir touch chmod chown ln tee patch dd truncate install-file unlink shred sponge ex "
    "ed unzip zip tar gzip gunzip bzip2 xz 7z apply_patch applypatch rsync rename codemod comby convert "
    "ffmpeg"
)
NET = named(
    "curl wget ping nc ncat netcat dig nslookup host http https xh ssh scp sftp telnet traceroute openssl "
    "lynx w3m websocat grpcurl ab wrk hey"
)
QUIET = named(
    "cd pushd popd echo printf export unset set true false : sleep wait exit return source . alias ulimit "
    "umask shopt trap kill pkill killall read local declare eval test [ [[ clear reset break continue "
    "shift getopts jobs fg bg disown tput stty yes seq mktemp"
)
TEST = named(
    "pytest py.test tox nox nose2 nosetests unittest jest vitest mocha ava tap jasmine karma cypress "
    "playwright rspec minitest phpunit pest ctest bats busted prove ginkgo gotestsum behave robot "
    "cucumber trial stestr testem nightwatch wdio detox newman k6 hurl testthat codecept behat green "
    "pytest-3 ward"
)
LINT = named(
    "eslint eslint_d prettier ruff flake8 pylint black isort mypy pyright basedpyright pyre ty "
    "pycodestyle pydocstyle bandit vulture golangci-lint gofmt gofumpt goimports staticcheck govulncheck "
    "rubocop standardrb shellcheck shfmt hadolint biome oxlint stylelint pre-commit lefthook lint-staged "
    "rustfmt clang-format clang-tidy cppcheck yamllint markdownlint markdownlint-cli2 ktlint detekt "
    "swiftlint swiftformat phpstan psalm php-cs-fixer pint phpcs tflint actionlint commitlint cspell "
    "codespell typos semgrep vale buf sqlfluff djlint autopep8 yapf knip depcheck autoflake pyupgrade "
    "standard xo dprint svelte-check vue-tsc-lint credo dialyzer import-linter lint-imports checkstyle "
    "spotbugs errcheck revive gosec cargo-clippy"
)
BUILD = named(
    "make gmake ninja meson cmake gcc g++ cc c++ clang clang++ rustc javac kotlinc scalac tsc vue-tsc "
    "tsup esbuild webpack rollup parcel swc babel ghc ocamlc ocamlopt dune nasm as ld ar nvcc emcc "
    "latexmk pdflatex xelatex lualatex msbuild xcodebuild wasm-pack protoc mdbook hugo jekyll mkdocs "
    "sphinx-build typedoc tsgo gfortran fpc swiftc zig configure autoconf automake autoreconf py_compile "
    "compileall build ncc electron-builder cobc iverilog"
)
INSTALL = named(
    "pip pip3 apt apt-get brew dnf yum apk pacman zypper conda mamba micromamba gem bundle bundler "
    "composer cabal stack opam luarocks cpan cpanm rustup nvm fnm asdf corepack volta pyenv rbenv sdk "
    "choco winget scoop snap dpkg venv virtualenv pipx ensurepip conan vcpkg helm-dep"
)
VCS = named("git gh glab hg svn jj gt git-lfs hub sl")

INTERPRETERS = named(
    "python python2 python3 py pypy pypy3 node nodejs ruby perl php lua Rscript julia deno bun ts-node "
    "tsx bash sh zsh dash ksh fish pwsh powershell java osascript sqlite3 elixir groovy racket guile sbcl "
    "octave"
)
SHELLS = named("bash sh zsh dash ksh /bin/bash /bin/sh")

RUNNERS = named(
    "npm pnpm yarn bun make gmake just task mise rake turbo nx lerna moon composer deno hatch pdm poe inv "
    "invoke gradle gradlew mvn mvnw rush wireit ant sbt lein mix grunt gulp cargo-make xtask earthly "
    "dagger bazel bazelisk pants buck2 waf scons doit ./x.py npm-run-all run-s run-p concurrently vp"
)
"""Programs whose argument is the name of a task; the name says what it does."""

TOOLCHAINS: dict[str, dict[str, Family]] = {
    "go": {
        "test": "test",
        "build": "build",
        "install": "build",
        "generate": "build",
        "vet": "lint",
        "fmt": "lint",
        "get": "install",
        "mod": "install",
        "list": "read",
        "doc": "read",
        "env": "read",
        "version": "read",
    },
    "cargo": {
        "test": "test",
        "t": "test",
        "nextest": "test",
        "bench": "test",
        "build": "build",
        "b": "build",
        "check": "build",
        "doc": "build",
        "clippy": "lint",
        "fmt": "lint",
        "deny": "lint",
        "add": "install",
        "install": "install",
        "fetch": "install",
        "update": "install",
        "tree": "read",
        "metadata": "read",
        "search": "net",
    },
    "dotnet": {
        "test": "test",
        "build": "build",
        "publish": "build",
        "pack": "build",
        "format": "lint",
        "restore": "install",
        "add": "install",
        "tool": "install",
    },
    "swift": {"test": "test", "build": "build", "package": "install"},
    "flutter": {"test": "test", "build": "build", "analyze": "lint", "pub": "install"},
    "dart": {"test": "test", "compile": "build", "analyze": "lint", "format": "lint", "pub": "install"},
    "zig": {"test": "test", "build": "build", "build-exe": "build", "fmt": "lint"},
    "forge": {"test": "test", "build": "build", "fmt": "lint", "install": "install"},
    "hardhat": {"test": "test", "compile": "build"},
    "anchor": {"test": "test", "build": "build"},
    "terraform": {"validate": "lint", "fmt": "lint", "init": "install", "plan": "build", "test": "test"},
    "docker": {
        "build": "build",
        "buildx": "build",
        "pull": "install",
        "ps": "read",
        "logs": "read",
        "inspect": "read",
    },
    "podman": {"build": "build", "pull": "install", "ps": "read", "logs": "read"},
    "kubectl": {"get": "read", "describe": "read", "logs": "read"},
    "uv": {
        "sync": "install",
        "pip": "install",
        "add": "install",
        "remove": "install",
        "lock": "install",
        "venv": "install",
        "tool": "install",
        "python": "install",
        "build": "build",
        "publish": "build",
    },
    "poetry": {
        "install": "install",
        "add": "install",
        "lock": "install",
        "update": "install",
        "build": "build",
    },
    "pipenv": {"install": "install", "sync": "install", "lock": "install"},
    "pdm": {"install": "install", "add": "install", "sync": "install", "lock": "install", "build": "build"},
    "rye": {
        "sync": "install",
        "add": "install",
        "test": "test",
        "lint": "lint",
        "fmt": "lint",
        "build": "build",
    },
    "next": {"build": "build", "lint": "lint"},
    "vite": {"build": "build"},
    "astro": {"build": "build", "check": "lint"},
    "ng": {"test": "test", "build": "build", "lint": "lint", "e2e": "test"},
    "expo": {"install": "install", "export": "build"},
    "stack": {"test": "test", "build": "build"},
    "cabal": {"test": "test", "build": "build"},
    "dune": {"test": "test", "runtest": "test", "build": "build"},
    "rails": {"test": "test", "spec": "test"},
    "xcodebuild": {"test": "test", "build": "build"},
    "meson": {"test": "test", "compile": "build"},
    "react-scripts": {"test": "test", "build": "build"},
    "web-test-runner": {"": "test"},
    "supabase": {"test": "test"},
    "npm": {"pack": "build", "view": "net", "ls": "read", "list": "read", "outdated": "net", "audit": "lint"},
    "bun": {"test": "test", "build": "build"},
    "deno": {
        "test": "test",
        "lint": "lint",
        "fmt": "lint",
        "check": "lint",
        "compile": "build",
        "cache": "install",
    },
}

PACKAGE_VERBS = named(
    "install i ci add remove uninstall rm update upgrade up link dedupe prune rebuild fetch import "
    "approve-builds"
)

GIT_READS = named(
    "status diff log show blame branch remote ls-files ls-tree ls-remote rev-parse rev-list describe "
    "shortlog reflog config cat-file check-ignore merge-base name-rev for-each-ref show-ref count-objects "
    "fsck var help version whatchanged diff-tree diff-index symbolic-ref fetch"
)
FORGE_READS = named("view list diff checks status watch api auth search browse")

VALUE_FLAGS: dict[str, frozenset[str]] = {
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-T", "-U"}),
    "timeout": frozenset({"-k", "-s", "--kill-after", "--signal"}),
    "nice": frozenset({"-n"}),
    "env": frozenset({"-u", "-C", "-S"}),
    "xargs": frozenset({"-n", "-I", "-P", "-L", "-d", "-a", "-s"}),
    "npx": frozenset({"-p", "--package", "-c", "--call"}),
    "uv": frozenset(
        {
            "--with",
            "--python",
            "-p",
            "--extra",
            "--group",
            "--package",
            "--directory",
            "--project",
            "--with-requirements",
        }
    ),
    "docker": frozenset(
        {"-e", "-u", "-w", "--env", "--user", "--workdir", "--env-file", "-f", "--file", "-p"}
    ),
    "git": frozenset({"-C", "-c", "--git-dir", "--work-tree"}),
    "npm": frozenset({"-C", "--prefix", "-w", "--workspace"}),
    "pnpm": frozenset({"-C", "--dir", "-F", "--filter"}),
    "yarn": frozenset({"--cwd"}),
    "bun": frozenset({"--cwd", "--filter"}),
    "make": frozenset({"-C", "-f", "-I", "--directory", "--file"}),
    "cargo": frozenset({"--manifest-path", "-p", "--package", "-Z", "--color", "--config"}),
    "go": frozenset({"-C"}),
    "turbo": frozenset({"--filter", "-F"}),
    "nx": frozenset({"-t", "--target"}),
    "mvn": frozenset({"-pl", "-f", "-P", "-s"}),
    "gradle": frozenset({"-p", "-b", "-c"}),
    "conda": frozenset({"-n", "-p", "--name", "--prefix"}),
    "dotnet": frozenset({"-c", "--configuration"}),
    "bundle": frozenset({"--gemfile"}),
    "gh": frozenset({"-R", "--repo"}),
    "node": frozenset({"-r", "--require", "--import", "--loader"}),
    "java": frozenset({"-cp", "-classpath", "-jar"}),
}
"""Options of a program that take the next word as their value, where that word could be taken for a verb."""
