"""Category, languages, tools and size of a session: what they say, when they are silent."""

import time
from pathlib import Path

import msgspec
import pytest
from building import (
    Happening,
    by_agent,
    call,
    injected,
    prompt,
    read,
    rejected,
    say,
    session,
    shell,
)

from debrief.analysis import analyse
from debrief.analysis.classification import active_minutes, classify, size
from debrief.analysis.steps import build_view
from debrief.analysis.technologies import languages, tools
from debrief.model import CATEGORIES, SESSION_SIZES, Classification, Event, FileEdit

CONTRACT = Path(__file__).parents[2].parent / "shared" / "contract" / "v3.sessions.json"


def classified(*happenings: Happening) -> Classification:
    return classify(build_view(session(*happenings)))


def written(path: str, text: str = "x = 1\n") -> Happening:
    return call("Write", "write", path=path, edits=[FileEdit(path=path, new=text)])


def change(path: str, new: str) -> Happening:
    return call("Edit", "edit", path=path, edits=[FileEdit(path=path, old="old", new=new)])


@pytest.mark.skipif(not CONTRACT.is_file(), reason="no contract in ../shared beside the repository")
def test_categories_and_sizes_are_those_of_the_contract() -> None:
    schemas = msgspec.json.decode(CONTRACT.read_bytes())["components"]["schemas"]
    properties = schemas["SessionInsightsResponse"]["properties"]
    assert list(CATEGORIES) == properties["category"]["anyOf"][0]["enum"]
    assert list(SESSION_SIZES) == properties["session_size"]["enum"]
    assert set(schemas["SessionInsightsClassification"]["properties"]) <= set(
        Classification.__struct_fields__
    )


@pytest.mark.parametrize(
    ("asked", "changed", "category"),
    [
        ("Fix the crash when the list is empty", "src/list.py", "bug_fixing"),
        ("The export is broken since yesterday. Please fix it.", "src/export.go", "bug_fixing"),
        ("fix the failing tests", "tests/test_a.py", "bug_fixing"),
        ("Add unit tests for the parser", "tests/test_parser.py", "unit_test_generation"),
        ("Increase test coverage of the billing module", "billing/bill_test.go", "unit_test_generation"),
        ("Update the README with install steps", "README.md", "documentation_and_content"),
        ("Upgrade Django from 4 to 5", "requirements.txt", "migrations_and_upgrades"),
        (
            "Add a GitHub Actions workflow that runs on each push",
            ".github/workflows/a.yml",
            "ci_cd_and_devops",
        ),
        ("Fix all lint warnings", "src/a.ts", "code_quality_and_security"),
        ("Refactor the session store, it has duplicated code", "store.py", "refactoring_and_optimization"),
        ("Add a dark mode to the settings page", "src/Settings.tsx", "feature_development"),
        ("Implement the following plan:\n\n# Hook chaining\n\n## Context", "hooks.go", "feature_development"),
        ("Load the csv files and plot the mean per month", "plot.py", "data_and_automation"),
    ],
)
def test_category_of_a_session_with_changes(asked: str, changed: str, category: str) -> None:
    assert classified(prompt(asked), written(changed), say("Done.")).category == category


@pytest.mark.parametrize(
    ("asked", "category"),
    [
        ("How does the cache decide what to drop?", "research_and_exploration"),
        ("Please review the changes in this branch", "code_review_and_analysis"),
        ("Q: why is the list empty on main?", "research_and_exploration"),
        ("hm", "other"),
        ("\u4fee\u6b63\u3057\u3066\u304f\u3060\u3055\u3044", "other"),
        ("/clear", "other"),
    ],
)
def test_category_of_a_session_without_changes(asked: str, category: str) -> None:
    assert classified(prompt(asked), read("a.py"), say("See above.")).category == category


def test_what_was_changed_speaks_where_the_prompt_does_not() -> None:
    quiet = prompt("as discussed with Kim")
    assert classified(quiet, change("docs/a.md", "b")).category == "documentation_and_content"
    assert classified(quiet, change("infra/main.tf", "b")).category == "ci_cd_and_devops"
    assert classified(quiet, change("a.py", "b"), change("a.md", "b")).category == "other"
    assert classified(quiet, rejected(change("docs/a.md", "b"))).category == "other"


def test_resolving_conflicts_is_no_kind_of_its_own() -> None:
    found = classified(prompt("we need to fix some merge conflicts"), change("a_test.go", "x"))
    assert found.category == "other"


def test_the_category_cites_the_prompt_and_the_changes_it_was_read_from() -> None:
    found = classified(prompt("yes"), prompt("Write the docs"), read("a"), change("a.md", "b"), say("Done."))
    assert found.category == "documentation_and_content"
    assert found.evidence == (1, 4)


def test_confidence_falls_where_the_words_point_to_several_things() -> None:
    clear = classified(prompt("Add unit tests for the parser"), change("tests/test_a.py", "x"))
    mixed = classified(prompt("Add unit tests, fix the docs and deploy it"), change("a.py", "x"))
    silent = classified(prompt("hm"))
    assert 0.5 < clear.confidence <= 1
    assert 0 < mixed.confidence < clear.confidence
    assert silent.confidence == 0


def test_a_continuation_is_not_what_was_asked_for() -> None:
    found = classified(prompt("continue"), prompt("Fix the login bug"), change("a.py", "b"))
    assert found.category == "bug_fixing"


def test_without_any_prompt_the_first_answer_says_what_it_is_about() -> None:
    found = classified(say("I'll write a Dockerfile and deploy it."), change("a.py", "b"), say("Done."))
    assert found.category == "ci_cd_and_devops"
    assert found.evidence == (0,)


def test_languages_come_from_files_changed_first() -> None:
    steps = build_view(
        session(
            *(read(f"docs/{n}.js") for n in range(2)),
            change("web/a.ts", "x"),
            change("web/a.ts", "y"),
            read("README.md"),
            read("node_modules/left/index.js"),
            read(".venv/lib/python3.11/site-packages/a.py"),
            shell("cat src/lib.rs && sed -i s/a/b/ src/main.rs"),
            read("src\\Old.JAVA"),
            rejected(read("a.php")),
            read("Makefile"),
        )
    ).steps
    assert languages(steps) == ("Rust", "TypeScript", "JavaScript", "Java")


def test_headers_belong_to_the_language_of_their_sources() -> None:
    assert languages(build_view(session(read("a.h"), read("b.cpp"))).steps) == ("C++",)
    assert set(languages(build_view(session(read("a.h"), read("a.c"), read("b.cc"))).steps)) == {"C", "C++"}


@pytest.mark.parametrize(
    ("happening", "names"),
    [
        (shell("cd web && npx vitest run | tail -3"), {"Vitest"}),
        (shell("uv run python -m pytest -x"), {"pytest"}),
        (shell("docker compose up -d && psql -c 'select 1'"), {"Docker", "Docker Compose", "PostgreSQL"}),
        (shell("pip install 'flask>=2' numpy==1.2 leftpad"), {"pip", "Flask", "NumPy"}),
        (shell("npm i react@18 @prisma/client"), {"npm", "React", "Prisma"}),
        (shell("terraform plan"), {"Terraform"}),
        (shell("cat .github/workflows/ci.yml"), {"GitHub Actions"}),
        (read("package.json", '{\n  "react": "^18",\n  "vite": "5"\n}'), {"React", "Vite"}),
        (read("pyproject.toml", '     3\tdependencies = [\n     4\t    "fastapi>=0.1",\n'), {"FastAPI"}),
        (read("go.mod", "require (\n\tgithub.com/spf13/cobra v1.8.0\n)"), {"Cobra"}),
        (change("a.py", "from sqlalchemy.orm import Session\nimport numpy as np"), {"SQLAlchemy", "NumPy"}),
        (change("a.ts", "import { useState } from 'react'"), {"React"}),
        (change("a.rs", "use tokio::net;"), {"Tokio"}),
        (change("a.go", 'import (\n\t"github.com/stretchr/testify/assert"\n)'), {"Testify"}),
        (change("App.java", "import org.springframework.boot.SpringApplication;"), {"Spring"}),
        (written("Dockerfile", "FROM x"), {"Docker"}),
        # The same words where they are only words.
        (change("notes.md", "import react\nuse tokio::net;"), set()),
        (change("a.py", "# use three steps, click on next, then\nx = 'react'"), set()),
        (read("package.json", '{\n  "tag": "next",\n  "reactor": "1"\n}'), set()),
        (shell("echo docker pytest && ls terraform"), set()),
        (rejected(shell("terraform apply")), set()),
        (read("node_modules/a/package.json", '{\n  "react": "1"\n}'), set()),
    ],
)
def test_tools_and_frameworks(happening: Happening, names: set[str]) -> None:
    assert set(tools(build_view(session(happening)).steps)) == names


def test_tools_used_most_come_first() -> None:
    found = classified(
        shell("make"), *[shell("pytest")] * 3, by_agent("a1", shell("ruff check ."), shell("make"))
    )
    assert found.tools_and_frameworks == ("pytest", "Make", "Ruff")
    assert found.tool_calls == 6


@pytest.mark.parametrize(
    ("calls", "minutes", "expected"),
    [
        (0, None, "xs"),
        (5, 2.0, "xs"),
        (6, None, "s"),
        (5, 2.1, "s"),
        (21, 1.0, "m"),
        (76, 0.0, "l"),
        (3, 60.0, "l"),
        (201, None, "xl"),
        (1, 61.0, "xl"),
    ],
)
def test_size_is_the_larger_of_calls_and_minutes(calls: int, minutes: float | None, expected: str) -> None:
    assert size(calls, minutes) == expected


def test_time_at_work_leaves_out_pauses_and_waits_and_clocks_that_run_backwards() -> None:
    view = build_view(
        session(
            prompt("go", at=0),
            shell("make", at=60, seconds=60),  # two minutes
            say("ok", at=3000),  # a pause
            prompt("more", at=3100),  # a person's wait
            say("back", at=100),  # the clock
            say("end", at=160),  # one minute
        )
    )
    assert active_minutes(view) == 3.0


ODD: tuple[tuple[Happening, ...], ...] = (
    (),
    (say("hm"),),
    (prompt(""),),
    (shell("ls", output=None),),
    (injected("x"),),
    ((Event(ordinal=0, kind="tool_result", actor="tool", text="x"),),),
    (prompt("\ud83e\udd37 \u0000 \u2028" * 99), shell("`{a}` 'x", output="\ud800"), say("\u202e" * 99)),
    (call("Edit", "edit", path="", edits=[FileEdit(path="")]), read("/"), read("..."), read("")),
)


@pytest.mark.parametrize("happenings", ODD)
@pytest.mark.parametrize("timed", [True, False])
def test_odd_sessions_are_classified(happenings: tuple[Happening, ...], timed: bool) -> None:  # noqa: FBT001
    given = session(*happenings, timed=timed, cwd=None, repository=None)
    analysis = analyse(given)
    assert analysis.faults == ()
    found = analysis.classification
    assert found is not None
    assert found.size == "xs"
    assert (found.active_minutes is not None) is (timed and len(given.events) > 1)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Classification) == found


def test_an_empty_session_is_other_and_nothing_is_said_of_its_outcome() -> None:
    found = classify(build_view(session()))
    assert found.category == "other"
    assert found.risk is not None
    assert found.risk.probability is None
    assert found.risk.signs == ()


def test_long_lines_and_texts_cost_no_more_than_their_length() -> None:
    hostile = [
        "a" * 32_000,
        "all " + "tests are " * 9_000,
        "import " * 9_000,
        "test_" * 9_000,
        "./" * 16_000,
        '"' * 32_000,
        "\t" * 32_000,
        "?" * 32_000,
        "update a to 1." * 3_000,
    ]
    begun = time.monotonic()
    for text in hostile:
        classified(
            prompt(text),
            change("a.py", text),
            read("package.json", text),
            shell(text[:4000]),
            change(text[:4000], "x"),
            say(text),
        )
    assert time.monotonic() - begun < 3


@pytest.mark.slow
def test_cost_grows_with_the_session_and_not_faster() -> None:
    def seconds(count: int) -> float:
        one = [
            shell("make", exit_code=1),
            change("a.py", "import numpy"),
            read("b.go"),
            say("Still missing."),
        ]
        happenings = [happening for n in range(count) for happening in (*one, shell(f"tool{n}"))]
        view = build_view(session(prompt("Fix it"), *happenings))
        begun = time.process_time()
        classify(view)
        return time.process_time() - begun

    small, large = seconds(2_200), seconds(22_000)  # 200,000 events
    assert large < 25 * max(small, 0.02)
    assert large < 6
