"""The names of languages, tools and frameworks: tables, data only.

What is not in a table is not named. Shells' everyday programs and version control are left out: they stand in
every session and tell none from another.
"""

from typing import Final


def _table(lines: str) -> dict[str, str]:
    """`Name: key key` a line gives each key its name."""
    table = {}
    for line in lines.strip().splitlines():
        name, keys = line.strip().split(": ", 1)
        table.update(dict.fromkeys(keys.split(), name))
    return table


LANGUAGES: Final = _table("""
    Python: py pyi pyx ipynb
    JavaScript: js jsx mjs cjs
    TypeScript: ts tsx mts cts
    Go: go
    Rust: rs
    Java: java
    Kotlin: kt kts
    Scala: scala sbt
    C: c h
    C++: cc cpp cxx hpp hh hxx
    C#: cs
    F#: fs fsx
    Ruby: rb rake erb
    PHP: php
    Swift: swift
    Objective-C: m mm
    Dart: dart
    Elixir: ex exs
    Erlang: erl hrl
    Clojure: clj cljs edn
    Haskell: hs
    OCaml: ml mli
    Lua: lua
    Perl: pl pm
    R: r rmd
    Julia: jl
    Shell: sh bash zsh fish ksh
    PowerShell: ps1 psm1
    SQL: sql
    HTML: html htm
    CSS: css scss sass less
    Vue: vue
    Svelte: svelte
    HCL: tf hcl tfvars
    Zig: zig
    Nim: nim
    Fortran: f f90 f95 for
    COBOL: cob cbl
    Assembly: asm s
    Solidity: sol
    Groovy: groovy gradle
    Nix: nix
    Protocol Buffers: proto
    GraphQL: graphql gql
    Verilog: v sv
    VHDL: vhd vhdl
    Scheme: scm rkt
    Common Lisp: lisp cl
    Prolog: pro
    CUDA: cu cuh
    WebAssembly: wat wast
    Astro: astro
""")
"""By a file's ending. Markup for prose and plain settings are no programming languages."""

PROGRAMS: Final = _table("""
    pytest: pytest py.test pytest-3
    unittest: unittest
    tox: tox
    nox: nox
    Ruff: ruff
    mypy: mypy
    Pyright: pyright basedpyright
    Black: black
    Flake8: flake8
    Pylint: pylint
    pip: pip pip3 pipx
    uv: uv uvx
    Poetry: poetry
    Conda: conda mamba micromamba
    Jupyter: jupyter
    Django: django-admin manage.py
    Flask: flask
    Uvicorn: uvicorn
    Gunicorn: gunicorn
    Celery: celery
    Alembic: alembic
    npm: npm npx
    pnpm: pnpm pnpx
    Yarn: yarn
    Bun: bun bunx
    Deno: deno
    Node.js: node nodejs
    TypeScript compiler: tsc
    Jest: jest
    Vitest: vitest
    Mocha: mocha
    Cypress: cypress
    Playwright: playwright
    ESLint: eslint
    Prettier: prettier
    Biome: biome
    Vite: vite
    webpack: webpack
    esbuild: esbuild
    Rollup: rollup
    Next.js: next
    Astro: astro
    Angular: ng
    Expo: expo
    Prisma: prisma
    Turborepo: turbo
    Nx: nx
    Cargo: cargo
    Clippy: cargo-clippy
    golangci-lint: golangci-lint
    GoReleaser: goreleaser
    Maven: mvn mvnw
    Gradle: gradle gradlew
    sbt: sbt
    Bundler: bundle bundler
    RSpec: rspec
    Rails: rails
    RuboCop: rubocop
    Composer: composer
    PHPUnit: phpunit
    Laravel: artisan
    .NET: dotnet
    CMake: cmake ctest
    Make: make gmake
    Ninja: ninja
    Meson: meson
    GCC: gcc g++
    Clang: clang clang++
    Bazel: bazel bazelisk
    Docker: docker docker-compose
    Podman: podman
    Kubernetes: kubectl k9s minikube kind
    Helm: helm
    Terraform: terraform
    OpenTofu: tofu
    Pulumi: pulumi
    Ansible: ansible ansible-playbook
    Vagrant: vagrant
    QEMU: qemu-system-x86_64 qemu-system-i386 qemu-img qemu
    AWS CLI: aws
    Google Cloud CLI: gcloud gsutil
    Azure CLI: az
    Fly.io: fly flyctl
    Vercel: vercel
    Netlify: netlify
    Wrangler: wrangler
    Supabase: supabase
    GitHub CLI: gh
    GitLab CLI: glab
    actionlint: actionlint
    pre-commit: pre-commit prek
    Lefthook: lefthook
    PostgreSQL: psql pg_dump createdb pg_ctl
    MySQL: mysql mysqldump
    SQLite: sqlite3
    MongoDB: mongosh mongo
    Redis: redis-cli redis-server
    nginx: nginx
    systemd: systemctl journalctl
    tmux: tmux
    FFmpeg: ffmpeg ffprobe
    ImageMagick: convert magick identify
    OpenSSL: openssl
    ShellCheck: shellcheck
    Semgrep: semgrep
    Trivy: trivy
    mise: mise
    Just: just
    Task: task
    dbt: dbt
    Flutter: flutter
    Xcode: xcodebuild xcrun
    Foundry: forge anvil cast
    Hardhat: hardhat
    LaTeX: latexmk pdflatex xelatex lualatex
    Hugo: hugo
    MkDocs: mkdocs
    Sphinx: sphinx-build
""")
"""By the program that was run."""

SUBCOMMANDS: Final = {
    ("go", "test"): "go test",
    ("go", "build"): "Go toolchain",
    ("go", "mod"): "Go toolchain",
    ("go", "vet"): "Go toolchain",
    ("docker", "compose"): "Docker Compose",
    ("cargo", "clippy"): "Clippy",
    ("node", "--test"): "Node.js test runner",
}
"""By the program and its first word."""

PACKAGES: Final = _table("""
    React: react react-dom
    React Native: react-native
    Next.js: next
    Vue.js: vue
    Nuxt: nuxt
    Svelte: svelte @sveltejs/kit
    Angular: @angular/core
    Astro: astro
    Express: express
    NestJS: @nestjs/core @nestjs/common
    Fastify: fastify
    Hono: hono
    Vite: vite
    Vitest: vitest
    Jest: jest
    Playwright: @playwright/test playwright
    Cypress: cypress
    ESLint: eslint
    Prettier: prettier
    Tailwind CSS: tailwindcss
    Prisma: prisma @prisma/client
    Drizzle: drizzle-orm
    Zod: zod
    Electron: electron
    three.js: three
    Redux: redux @reduxjs/toolkit
    Django: django djangorestframework
    Flask: flask
    FastAPI: fastapi
    Starlette: starlette
    SQLAlchemy: sqlalchemy
    Alembic: alembic
    Pydantic: pydantic
    pytest: pytest
    Hypothesis: hypothesis
    NumPy: numpy
    pandas: pandas
    Polars: polars
    SciPy: scipy
    scikit-learn: scikit-learn sklearn
    Matplotlib: matplotlib
    PyTorch: torch pytorch torchvision
    TensorFlow: tensorflow
    Keras: keras
    JAX: jax
    Transformers: transformers
    LangChain: langchain langchain-core
    OpenCV: opencv-python cv2
    Requests: requests
    HTTPX: httpx
    aiohttp: aiohttp
    Typer: typer
    Click: click
    Celery: celery
    Streamlit: streamlit
    Beautiful Soup: beautifulsoup4 bs4
    Scrapy: scrapy
    Selenium: selenium
    Boto3: boto3
    gRPC: grpcio google.golang.org/grpc
    Tokio: tokio
    Serde: serde
    Axum: axum
    Actix: actix-web
    clap: clap
    Cobra: github.com/spf13/cobra
    Gin: github.com/gin-gonic/gin
    Testify: github.com/stretchr/testify
    Bubble Tea: github.com/charmbracelet
    Rails: rails
    RSpec: rspec rspec-rails
    Sinatra: sinatra
    Laravel: laravel/framework
    Symfony: symfony/framework-bundle
    Spring: spring-boot-starter org.springframework org.springframework.boot
    JUnit: junit junit-jupiter org.junit
    PostgreSQL: psycopg psycopg2 psycopg2-binary asyncpg pg postgresql
    MySQL: mysql mysql2 pymysql mysql-server
    Redis: redis ioredis redis-server
    MongoDB: pymongo mongoose mongodb
    SQLite: sqlite3 better-sqlite3 aiosqlite
    Elasticsearch: elasticsearch
    Kafka: kafkajs confluent-kafka kafka-python
    GraphQL: graphql
    nginx: nginx
    Pillow: pillow
    Ray: ray
    Apache Spark: pyspark
    Airflow: apache-airflow
    MLflow: mlflow
    fastText: fasttext
    Gymnasium: gymnasium gym
    Stripe: stripe
    Sentry: sentry-sdk @sentry/node
    OpenTelemetry: opentelemetry-api @opentelemetry/api
    pre-commit: pre-commit
""")
"""By the package that is installed, imported or stands in a manifest, in lower case."""

FILES: Final = {
    "dockerfile": "Docker",
    "dockerfile.": "Docker",
    "docker-compose.": "Docker Compose",
    "compose.yaml": "Docker Compose",
    "compose.yml": "Docker Compose",
    "makefile": "Make",
    "justfile": "Just",
    "cmakelists.txt": "CMake",
    "build.gradle": "Gradle",
    "build.gradle.kts": "Gradle",
    "pom.xml": "Maven",
    "cargo.toml": "Cargo",
    "chart.yaml": "Helm",
    "jenkinsfile": "Jenkins",
    ".gitlab-ci.yml": "GitLab CI",
    ".pre-commit-config.yaml": "pre-commit",
    "lefthook.yml": "Lefthook",
    ".golangci.yml": "golangci-lint",
    ".golangci.yaml": "golangci-lint",
    ".goreleaser.yaml": "GoReleaser",
    ".goreleaser.yml": "GoReleaser",
    "mkdocs.yml": "MkDocs",
    "alembic.ini": "Alembic",
    "manage.py": "Django",
    "angular.json": "Angular",
    "turbo.json": "Turborepo",
    "nx.json": "Nx",
    "vercel.json": "Vercel",
    "netlify.toml": "Netlify",
    "wrangler.toml": "Wrangler",
    "nginx.conf": "nginx",
    "mise.toml": "mise",
    ".mise.toml": "mise",
    ".tf": "Terraform",
    ".ipynb": "Jupyter",
    ".prisma": "Prisma",
}
"""By a file's name; `name.` is any ending behind it, `.ending` any name before it."""

FOLDERS: Final = {
    "/.github/workflows/": "GitHub Actions",
    "/.circleci/": "CircleCI",
}
"""By a folder on the way to a file."""

MANIFESTS: Final = frozenset(
    {
        "package.json",
        "pyproject.toml",
        "requirements.txt",
        "requirements-dev.txt",
        "setup.py",
        "setup.cfg",
        "pipfile",
        "go.mod",
        "cargo.toml",
        "gemfile",
        "composer.json",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "deno.json",
        "pubspec.yaml",
        "environment.yml",
        "mix.exs",
    }
)
"""Files that list packages."""
