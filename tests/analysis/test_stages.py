"""What a step was for: looking, searching, preparing, trying out, changing, checking."""

from building import Happening, edit, prompt, read, say, search, session, shell, write

from debrief.analysis.stages import Stage, scratch_files, stages
from debrief.analysis.steps import build_view
from debrief.analysis.timeline import build_timeline

SCRIPT = "import a\nprint(a.total())"


def told(*happenings: Happening) -> list[Stage]:
    return stages(build_view(session(prompt("go"), *happenings)).steps)


def test_a_listing_looks_and_a_pattern_searches() -> None:
    assert told(shell("ls -R src"), shell("cd src && ls -la"), read("a.py")) == ["look"] * 3
    assert told(shell("grep -rn total src"), shell("ls src | grep total"), search("total")) == ["search"] * 3


def test_folders_empty_files_and_packages_prepare() -> None:
    happenings = (
        shell("mkdir -p app/tests"),
        write("app/__init__.py", ""),
        write("app/tests/__init__.py", "# tests"),
        shell("rm -rf build"),
        shell("pip install numpy"),
    )
    assert told(*happenings) == ["prepare"] * len(happenings)


def test_a_script_for_trying_out_is_known_by_name_by_place_or_since_removed() -> None:
    assert told(write("repro_2.py", SCRIPT), edit("repro_2.py")) == ["probe", "probe"]
    assert told(write("var/tmp/a.py", SCRIPT)) == ["probe"]
    assert told(write("look.py", SCRIPT), shell("python look.py"), shell("rm look.py")) == [
        "probe",
        "check",
        "prepare",
    ]
    assert told(write("tests/test_total.py", SCRIPT)) == ["probe"]


def test_what_the_session_did_not_write_whole_is_changed() -> None:
    assert told(edit("src/debug.py"), edit("lib/scratch.py"), write("src/total.py", SCRIPT)) == ["change"] * 3
    assert told(write("src/attest.py", SCRIPT), write("src/latest.py", SCRIPT)) == ["change"] * 2


def test_checks_and_the_rest() -> None:
    assert (
        told(shell("pytest"), shell("npm run build"), shell("ruff check ."), shell("python a.py"))
        == ["check"] * 4
    )
    assert told(shell("git push")) == ["other"]


def test_scratch_files_are_those_of_the_session_alone() -> None:
    steps = build_view(session(prompt("go"), edit("repro.py"), write("repro_b.py", SCRIPT))).steps
    assert scratch_files(steps) == {"repro_b.py"}


def test_the_timeline_tells_trials_from_changes() -> None:
    given = session(
        prompt("The total is off by one"),
        write("repro.py", SCRIPT),
        shell("python repro.py", output="3"),
        say("It is."),
    )
    titles = " / ".join(entry.title for entry in build_timeline(build_view(given)))
    assert "ried things out in repro.py" in titles
    assert "rote repro.py" not in titles
