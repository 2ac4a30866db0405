"""The detectors' own cases go in, sessions with a known truth come out: the injection suite.

What a program prints when it fails is put into a clean session in four ways: mended at once, mended after
five steps, never mended, and expected by the command itself. The same text is put into clean sessions as
somebody else's words, where nothing must be said. Cases of whole sessions are taken as they are, and with
steps before them that change nothing.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec
from bases import Base, bases

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "analysis"))

from all_cases import PATTERNS_FIRE, STRUCTURES_FIRE, Case
from building import Happening, edit, prompt, read, say, search, session, shell, think

from debrief.analysis.catalogue import DETECTORS
from debrief.analysis.detector import Baseline, scene
from debrief.analysis.episodes import Trouble, troubles
from debrief.analysis.impact import NEVER_DROPPED
from debrief.analysis.steps import build_view
from debrief.model import Event, Session

Variant = Literal["mended at once", "mended after five", "never mended", "expected", "whole", "whole, later"]

STEP_US: Final = 1_000_000
USUAL: Final = Baseline(sessions=40, steps_p95=500)
"""What is usual where the made-up sessions come from."""

_OF_A_FOLDER: Final = ("Cargo.toml", "go.mod", "package.json", "pyproject.toml", "Gemfile", "POM", "makefile")
"""Files that make a folder a project: where the tool works later, nothing was missing from the repository."""

_NOT_OF_CHECKS: Final = frozenset(
    {"Configuration", "Environment", "Dependencies", "Access", "External Services", "Tool Use"}
)
"""What a green test run may have printed on its way: tests provoke such errors on purpose."""


_BY_ID: Final = {detector.id: detector for detector in DETECTORS}


class Injected(NamedTuple):
    """A session with the truth: which detector must speak, and which events may show it.

    `due`: the issue must be reported. It is not where the trouble was met once and solved by the next step:
    that is everyday work, and silence right, so that the case says nothing about recall.
    """

    detector: str
    variant: Variant
    due: bool
    session: Session
    shown_by: frozenset[int]


class Control(NamedTuple):
    """A session in which the text of a case means nothing. `beside` names the session around it."""

    detector: str
    kind: str
    session: Session
    beside: str


def without_cases() -> list[str]:
    """The detectors that no table shows."""
    return sorted(one for one in _BY_ID if not PATTERNS_FIRE.get(one) and not STRUCTURES_FIRE.get(one))


def injected(clean: Sequence[Session]) -> Iterator[Injected]:
    """Every case of every detector in each variant; `clean` are further sessions to put them into."""
    found = bases()
    number = 0
    for identity in _BY_ID:
        for case in PATTERNS_FIRE.get(identity, ()):
            number += 1
            yield from _variants(identity, case, found[number % len(found)])
            if clean:
                yield _late(identity, case, clean[number % len(clean)])
        for given in STRUCTURES_FIRE.get(identity, ()):
            yield from _whole(identity, given)


def controls() -> Iterator[Control]:
    """Every case's text where it is somebody else's word."""
    found = bases()
    number = 0
    for base in found:
        given = _put(base, base.middle, _red_before_the_fix(base))[0]
        yield Control("", "a red test before the fix", given, base.name)
    for identity in _BY_ID:
        for case in PATTERNS_FIRE.get(identity, ()):
            number += 1
            base = found[number % len(found)]
            for kind, happenings in _elsewhere(identity, case, base):
                yield Control(identity, kind, _put(base, base.middle, happenings)[0], base.name)


def _red_before_the_fix(base: Base) -> list[Happening]:
    """A new test that fails, a change, the same test that passes: work as it should be."""
    language = base.language
    red = shell(language.test, output=language.red.format(word="weekly", n=7), exit_code=1, seconds=3)
    change = edit(
        language.files[0], "return 1", "return 2", output=f"The file {language.files[0]} was changed."
    )
    added = edit(language.test_file, "# end", "# one more\n# end")
    return [added, red, change, shell(language.test, output=language.green, seconds=3)]


def _variants(identity: str, case: Case, base: Base) -> Iterator[Injected]:
    command, output, code = case
    detector = _BY_ID[identity]
    hit = shell(command, output=output, exit_code=code, seconds=2)
    works = shell(command, output="done", seconds=2)
    change = edit("assets/page.css", ".a { top: 1px }", ".a { top: 2px }")
    lead = [happening for _ in range(detector.least - 1) for happening in (hit, change)]
    slow = detector.least > 1 or detector.label in NEVER_DROPPED
    elsewhere = _stood_elsewhere(identity, output)
    at_once = [*lead, hit, works]
    yield _made(identity, "mended at once", base, base.middle, at_once, hit, due=slow and not elsewhere)
    after = [
        *lead,
        hit,
        think("That is not what I expected; I will look at what is there."),
        shell("ls -a", output=".\n..\nREADME.md\nsrc"),
        read("docs/setup.md", "How this is set up: see the scripts."),
        change,
        hit,
        search("setup", "docs/setup.md:1: How this is set up"),
        works,
    ]
    yield _made(identity, "mended after five", base, base.middle, after, hit, due=not elsewhere)
    end = len(base.happenings) - 1
    never = [
        *lead,
        hit,
        shell("ls -a", output=".\n..\nREADME.md\nsrc"),
        change,
        hit,
        say("This does not work here and I could not find out why; I leave it as it is."),
    ]
    yield _made(identity, "never mended", base, end, never, hit, due=True)
    masked = [happening for _ in range(detector.least) for happening in (change, _masked(case))]
    yield _made(identity, "expected", base, base.middle, masked, _masked(case), due=False)


def _stood_elsewhere(identity: str, output: str) -> bool:
    """Whether the same command's later success shows that it was run in the wrong folder, and no more."""
    return identity == "CFG-02" and any(name in output for name in _OF_A_FOLDER)


def _masked(case: Case) -> Happening:
    command, output, _ = case
    return shell(f"{command} || true", output=output)


def _made(
    identity: str,
    variant: Variant,
    base: Base,
    place: int,
    happenings: Sequence[Happening],
    hit: Happening,
    *,
    due: bool,
) -> Injected:
    given, first, last = _put(base, place, happenings)
    shown = frozenset(event.ordinal for event in given.events[first:last] if _like(event, hit))
    return Injected(identity, variant, due, given, shown)


def _like(event: Event, hit: Happening) -> bool:
    return any(event.text == one.text and event.command == one.command for one in hit)


def _put(base: Base, place: int, happenings: Sequence[Happening]) -> tuple[Session, int, int]:
    """The base with `happenings` before its happening number `place`; where their events begin and end."""
    before, after = base.happenings[:place], base.happenings[place:]
    first = sum(len(happening) for happening in before)
    last = first + sum(len(happening) for happening in happenings)
    return session(*before, *happenings, *after), first, last


def _elsewhere(identity: str, case: Case, base: Base) -> Iterator[tuple[str, list[Happening]]]:
    """The text of a case where it is not the voice of what ran."""
    command, output, _ = case
    path, test = base.language.files[1], base.language.test_file
    quoted = "\n".join(f"// {line}" for line in output.split("\n"))
    yield "a file being read", [read("docs/troubles.md", f"# Troubles\n\n    {output}\n\nSee above.")]
    yield "a README", [shell("cat README.md", output=f"# Set up\n\n```\n$ {command}\n{output}\n```\n")]
    yield "a search hit", [search("rror", "\n".join(f"docs/x.md:{n}: {o}" for n, o in _numbered(output)))]
    yield (
        "grep",
        [shell("grep -rn rror docs", output="\n".join(f"docs/x.md:{n}:{o}" for n, o in _numbered(output)))],
    )
    yield (
        "a test fixture",
        [
            edit(test, "EXPECTED = None", f"EXPECTED = '''{output}'''"),
            shell(base.language.test, output=base.language.green),
        ],
    )
    yield (
        "the user's paste",
        [prompt(f"For {path}: a colleague's log from another project had this in it:\n\n{output}")],
    )
    if _BY_ID[identity].label in _NOT_OF_CHECKS:
        yield (
            "told by a green run behind a filter",
            [
                shell(
                    f"{base.language.test} 2>&1 | tail -60",
                    output=f"{output}\n\n{base.language.green}",
                    seconds=4,
                )
            ],
        )
    yield "source that mentions it", [read(path, f"{quoted}\n{base.language.line.format(word='a', n=1)}")]


def _numbered(output: str) -> Iterator[tuple[int, str]]:
    return enumerate(output.split("\n"), 1)


def _whole(identity: str, given: Session) -> Iterator[Injected]:
    due = not _solved_at_once(identity, given)
    yield Injected(identity, "whole", due, given, frozenset())
    first = next((at + 1 for at, event in enumerate(given.events) if event.kind == "prompt"), 0)
    filler = [read("docs/overview.md", "What the parts are."), read("docs/style.md", "How we write.")]
    yield Injected(identity, "whole, later", due, inserted(given, first, filler), frozenset())


def _solved_at_once(identity: str, given: Session) -> bool:
    """Whether the session shows the trouble once only, and the next step solves it."""
    detector = _BY_ID[identity]
    if detector.label in NEVER_DROPPED:
        return False
    seen = scene(build_view(given), USUAL)
    found = troubles(detector, detector.find(seen), seen.steps)
    return bool(found) and all(_is_slight(trouble) for trouble in found)


def _is_slight(trouble: Trouble) -> bool:
    episodes = trouble.episodes
    if len(episodes) != 1 or len(episodes[0].hits) != 1 or trouble.finding.impact is not None:
        return False
    end = episodes[0].resolution
    return end is not None and end.index - episodes[0].hits[0].index <= 1


def _late(identity: str, case: Case, clean: Session) -> Injected:
    """The case at the end of a real session's clean stretch, never mended."""
    command, output, code = case
    hit = shell(command, output=output, exit_code=code, seconds=2)
    change = edit("assets/page.css", ".a { top: 1px }", ".a { top: 2px }")
    rounds = [happening for _ in range(max(2, _BY_ID[identity].least)) for happening in (change, hit)]
    place = len(clean.events) - 1
    given = inserted(clean, place, rounds)
    count = sum(len(happening) for happening in rounds)
    shown = frozenset(e.ordinal for e in given.events[place : place + count] if _like(e, hit))
    return Injected(identity, "never mended", due=True, session=given, shown_by=shown)


def inserted(given: Session, place: int, happenings: Sequence[Happening]) -> Session:
    """`given` with `happenings` before its event number `place`; what follows is later by as much."""
    new = session(*happenings, timed=given.started_us is not None).events
    before, after = given.events[:place], given.events[place:]
    start = next((event.ts_us for event in reversed(before) if event.ts_us is not None), None)
    if start is None:
        start = next((event.ts_us - STEP_US for event in after if event.ts_us is not None), None)
    added = [
        msgspec.structs.replace(
            event,
            call_id=event.call_id and f"inserted-{place}-{event.call_id}",
            ts_us=None if start is None else start + STEP_US * (number + 1),
        )
        for number, event in enumerate(new)
    ]
    later = STEP_US * len(new)
    moved = [
        msgspec.structs.replace(event, ts_us=None if event.ts_us is None else event.ts_us + later)
        for event in after
    ]
    events = [
        msgspec.structs.replace(event, ordinal=number)
        for number, event in enumerate((*before, *added, *moved))
    ]
    calls = [
        msgspec.structs.replace(one, event=one.event + len(new))
        if one.event is not None and one.event >= place
        else one
        for one in given.model_calls
    ]
    pulls = [
        msgspec.structs.replace(one, event=one.event + len(new)) if one.event >= place else one
        for one in given.pull_requests
    ]
    return msgspec.structs.replace(
        given, events=tuple(events), model_calls=tuple(calls), pull_requests=tuple(pulls)
    )
