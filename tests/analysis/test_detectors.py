"""Every detector fires where it must and, more important, stays quiet where the same text means nothing."""

import re
import time
from collections.abc import Iterator

import pytest
from all_cases import PATTERNS_FIRE, PATTERNS_QUIET, STRUCTURES_FIRE, STRUCTURES_QUIET, Case
from building import edit, prompt, read, say, search, session, shell

from debrief.analysis.catalogue import DETECTORS, SECTIONS, paragraphs
from debrief.analysis.detector import Detector, PatternDetector, scene
from debrief.analysis.episodes import Trouble, troubles
from debrief.analysis.steps import build_view
from debrief.model import Baseline, Event, Session

BY_ID = {detector.id: detector for detector in DETECTORS}
PATTERNED = [detector for detector in DETECTORS if isinstance(detector, PatternDetector)]
SHOWN = [detector for detector in DETECTORS if detector.id in PATTERNS_FIRE]

BASELINE = Baseline(sessions=40, steps_p95=500, tokens_p95=1_000_000)


def found(detector: Detector, given: Session) -> list[Trouble]:
    seen = scene(build_view(given), BASELINE)
    return troubles(detector, detector.find(seen), seen.steps)


def repeated(detector: Detector, happening: tuple[Event, ...]) -> Session:
    """A session with as many hits as the detector wants, a change before each."""
    wanted = max(detector.least, detector.in_all)
    rounds = [happened for _ in range(wanted) for happened in (edit("lib/x.css"), happening)]
    return session(prompt("go on"), *rounds, say("Hm."))


def controls(case: Case) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """The same text where it is somebody else's word, or where its failure was expected."""
    command, output, _ = case
    yield "read", read("docs/log.txt", output)
    yield "search", search("x", output)
    yield "cat", shell("cat README.md", output=output)
    yield "grep", shell("grep -rn x .", output=output)
    yield "history", shell("git show HEAD", output=output)
    yield (
        "half of cat failed",
        shell(
            "cat README.md gone.md", output=f"{output}\ncat: gone.md: No such file or directory", exit_code=1
        ),
    )
    yield "paste", prompt(output)
    yield "prose", say(output)
    yield "expected", shell(f"{command} || true", output=output, exit_code=0)
    yield "exit 0", shell(command.split(" 2>&1 |")[0], output=output, exit_code=0)


@pytest.mark.parametrize("detector", SHOWN, ids=lambda detector: detector.id)
def test_a_pattern_detector_fires_on_each_of_its_cases(detector: Detector) -> None:
    for command, output, exit_code in PATTERNS_FIRE[detector.id]:
        given = repeated(detector, shell(command, output=output, exit_code=exit_code))
        (trouble,) = found(detector, given)
        assert trouble.evidence
        assert all(ordinal < len(given.events) for ordinal in trouble.evidence)


@pytest.mark.parametrize("detector", SHOWN, ids=lambda detector: detector.id)
def test_a_pattern_detector_is_quiet_about_the_same_text_elsewhere(detector: Detector) -> None:
    for case in PATTERNS_FIRE[detector.id]:
        for name, happening in controls(case):
            assert not found(detector, repeated(detector, happening)), (name, case)


@pytest.mark.parametrize("detector", SHOWN, ids=lambda detector: detector.id)
def test_a_pattern_detector_is_quiet_about_what_only_looks_alike(detector: Detector) -> None:
    for command, output, exit_code in PATTERNS_QUIET.get(detector.id, ()):
        happening = (*read("app/main.py"), *shell(command, output=output, exit_code=exit_code))
        assert not found(detector, repeated(detector, happening)), command


@pytest.mark.parametrize("identity", STRUCTURES_FIRE)
def test_a_structural_detector_fires(identity: str) -> None:
    for given in STRUCTURES_FIRE[identity]:
        (trouble,) = found(BY_ID[identity], given)
        assert trouble.evidence
        assert all(ordinal < len(given.events) for ordinal in trouble.evidence)


@pytest.mark.parametrize("identity", STRUCTURES_QUIET)
def test_a_structural_detector_stays_quiet(identity: str) -> None:
    for number, given in enumerate(STRUCTURES_QUIET[identity]):
        assert not found(BY_ID[identity], given), f"case {number}"


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_every_detector_is_shown_to_fire_and_to_stay_quiet(detector: Detector) -> None:
    fires = (*PATTERNS_FIRE.get(detector.id, ()), *STRUCTURES_FIRE.get(detector.id, ()))
    quiet = (*PATTERNS_QUIET.get(detector.id, ()), *STRUCTURES_QUIET.get(detector.id, ()))
    assert len(fires) >= 2, "show at least two sessions in which it fires"
    assert len(quiet) >= 3, "show at least three sessions in which it stays quiet"


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_every_detector_documents_itself(detector: Detector) -> None:
    said = paragraphs(detector)
    assert all(said.get(section) for section in ("", *SECTIONS)), "see catalogue.SECTIONS"


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(DETECTORS)


HOSTILE = [
    "a" * 32_768,
    "a." * 16_384,
    "/" * 32_768,
    "A_" * 16_384,
    "error " * 5_000,
    "1:" * 16_384,
    "../" * 10_000,
    " " * 32_768,
    "KeyError: '" + "A" * 32_000,
    "bash: " * 5_000,
    "No module named '" * 2_000,
    "environment variable " * 1_500,
    "HTTP 403 " * 3_600,
    "x.go:1:1: " * 3_200,
    "CONFLICT (" * 3_200,
    "'" * 32_768,
    '"`' * 16_384,
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_pattern_backtracks_on_a_hostile_line(number: int) -> None:
    line = HOSTILE[number]
    for detector in PATTERNED:
        for pattern in detector.patterns:
            begun = time.process_time()
            for _ in pattern.finditer(line):
                pass
            assert time.process_time() - begun < 0.5, (detector.id, pattern.pattern)


def test_patterns_are_case_sensitive_where_upper_case_is_the_signal() -> None:
    upper = [p for p in BY_ID["CFG-01"].patterns if "[A-Z]" in p.pattern]  # type: ignore[attr-defined]
    assert upper
    assert not any(pattern.flags & re.IGNORECASE for pattern in upper)
