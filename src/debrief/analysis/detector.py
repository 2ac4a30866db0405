"""What a detector is: it reads a Scene and gives Findings; the engine makes episodes and issues of them.

Most detectors are data: `PatternDetector` with its patterns and its texts. A detector's docstring is its page
in the catalogue: what it looks for, then the paragraphs "Why it matters:", "When it is wrong:" and
"What it suggests:".
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import ClassVar, Literal

from msgspec import Struct

from debrief.analysis.speech import Speech, speeches
from debrief.analysis.turns import Turn, turns
from debrief.analysis.view import Step, View
from debrief.analysis.wording import code, line_at, normalised, short
from debrief.model import Baseline, Event
from debrief.model.analysis import ActionType, Impact, Label

State = Literal[
    "watch",  # the engine looks for the success that ends it
    "open",  # still so at the end
    "fact",  # it happened; there is nothing to resolve
]


HITS_KEPT = 200
"""Hits of one detector in one session that are looked into."""

MATCHES_TRIED = 3
"""Matches of one pattern in one result that may be turned down before the next pattern is tried."""

_FOREIGN = frozenset({"site-packages", "node_modules", "dist-packages"})


class Scene(View, frozen=True, kw_only=True):
    """A View, with what more than one detector would have to look for.

    `speeches`: what results say in their own voice. `interrupts`: where people stopped the agent.
    `own_names`: folders and files, without ending, of the paths that calls name, installed packages left out.
    `baseline`: what is usual, None where nobody knows. `turns`: what people said, each with what it followed.
    """

    speeches: tuple[Speech, ...] = ()
    interrupts: tuple[Event, ...] = ()
    own_names: frozenset[str] = frozenset()
    baseline: Baseline | None = None
    turns: tuple[Turn, ...] = ()


def scene(view: View, baseline: Baseline | None = None) -> Scene:
    """The scene that `view` sets."""
    fields = {name: getattr(view, name) for name in View.__struct_fields__}
    interrupts = tuple(event for event in view.events if event.kind == "interrupt")
    paths = {event.path for event in view.events if event.path}
    return Scene(
        **fields,
        speeches=speeches(view),
        interrupts=interrupts,
        own_names=frozenset(_names_in(paths)),
        baseline=baseline,
        turns=turns(view),
    )


def _names_in(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        parts = path.replace("\\", "/").split("/")
        if _FOREIGN.isdisjoint(parts):
            yield from parts[:-1]
            yield parts[-1].rsplit(".", 1)[0]


class Advice(Struct, frozen=True):
    """An action item to be: its type, and its sentence or the template of it."""

    type: ActionType
    text: str


class Finding(Struct, frozen=True, kw_only=True):
    """One sight of a problem.

    `signature` says which findings are the same problem, in this session and in others. `summary` is the
    issue's sentence without its end; the cost is added to it. `subject` is what it is about in the
    transcript's own word, where there is one: a command, a package, a variable. `steps` are the tool calls
    that show the problem, `evidence` further events. `impact` is given where the cost in steps cannot tell,
    `at_most` where the cost tells but the most that it may come to is known.
    """

    signature: str
    summary: str
    subject: str = ""
    steps: tuple[Step, ...] = ()
    evidence: tuple[int, ...] = ()
    advice: tuple[Advice, ...] = ()
    state: State = "watch"
    impact: Impact | None = None
    at_most: Impact | None = None


class Detector(ABC):
    """See the module. `version` counts up whenever the same scene would give other findings.

    `least` is how many hits an episode needs to be worth a word, `in_all` how many all of them together.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    label: ClassVar[Label]
    version: ClassVar[int] = 1
    least: ClassVar[int] = 1
    in_all: ClassVar[int] = 1

    @abstractmethod
    def find(self, scene: Scene) -> Iterable[Finding]:
        """Every finding in `scene`, in order. Reads nothing else."""

    def resolves(self, finding: Finding, later: Step) -> bool:
        """Whether `later` shows that what failed in the finding's step works now."""
        hit = finding.steps[0]
        return later.family == hit.family and later.target == hit.target and succeeded(later)

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """Whether the session itself saw to it that the next one will not meet this again."""
        del hits, resolution, scene
        return False


class PatternDetector(Detector):
    """A detector that is data: patterns on what results say.

    The first group that matched is `{what}` in the templates and the finding's subject; `{line}` is the line
    of the match, `{part}` the command that the shell line is judged by. Patterns are case-sensitive unless
    they say otherwise themselves, and every repetition in them is bounded, so that a hostile line costs no
    more than its length. `needles` are strings in lower case, one of which every match holds: most results
    are passed over for want of one. `listens` passes over steps before anything is read.
    """

    patterns: ClassVar[tuple[re.Pattern[str], ...]]
    needles: ClassVar[tuple[str, ...]]
    summary: ClassVar[str]
    advice: ClassVar[tuple[Advice, ...]] = ()

    def find(self, scene: Scene) -> Iterator[Finding]:
        """One finding for each step that a pattern matches, up to `HITS_KEPT`."""
        found = 0
        for speech in scene.speeches:
            match = self.match(speech, scene)
            if match is not None:
                yield self.finding(speech, match)
                found += 1
                if found == HITS_KEPT:
                    return

    def match(self, speech: Speech, scene: Scene) -> re.Match[str] | None:
        """The first match in `speech` that `accepts` lets pass."""
        folded = speech.folded
        for needle in self.needles:
            if needle in folded:
                break
        else:
            return None
        if not self.listens(speech.step):
            return None
        for pattern in self.patterns:
            for match in islice(pattern.finditer(speech.text), MATCHES_TRIED):
                if self.accepts(speech.step, match, scene):
                    return match
        return None

    def listens(self, step: Step) -> bool:
        """Whether the result of `step` can show the problem at all."""
        del step
        return True

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether `match` in the result of `step` means what the pattern is for."""
        del step, match, scene
        return True

    def signature(self, step: Step, what: str, line: str) -> str:
        """What makes two matches the same problem: family and the line without what varies."""
        del what
        return f"{step.family} {normalised(line)}"

    def part(self, step: Step, what: str) -> str:
        """Of a compound shell line the command that is shown: the one that the line is judged by."""
        del what
        chosen = [part for part in step.parts if (part.family, part.target) == (step.family, step.target)]
        return chosen[-1].text if chosen else step.command or step.call.tool or step.target

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """What `match` says, put into the templates."""
        step = speech.step
        what = next((group for group in match.groups() if group), "")
        line = line_at(speech.text, match.start(match.lastindex or 0))
        filled = {
            "what": short(what, 80).replace("`", "'"),
            "line": short(line, 160).replace('"', "'"),
            "part": code(self.part(step, what), 60),
        }
        return Finding(
            signature=self.signature(step, what, line),
            summary=self.summary.format(**filled),
            subject=filled["what"],
            steps=(step,),
            advice=tuple(Advice(advice.type, advice.text.format(**filled)) for advice in self.advice),
        )


def succeeded(step: Step) -> bool:
    """Whether `step` is known to have worked; a hidden exit code says nothing, a check must be green."""
    if step.family in ("test", "build", "lint"):
        return step.red is False
    return step.outcome == "ok" and not step.exit_hidden


_BOUND_WORD = re.compile(r"\\b(\w[\w ]*)(?![?*+{])")


def bound(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Compile `pattern`; `^` and `$` mean lines.

    A text is searched for a literal beginning many times faster than for the edge of a word: one that begins
    with the edge of one word is compiled so that the word comes first, and its edge is looked for behind it.
    """
    if pattern.startswith(r"\b") and r"|\b" not in pattern:
        pattern = _BOUND_WORD.sub(r"\1(?<=\\b\1)", pattern, count=1)
    return re.compile(pattern, flags | re.MULTILINE)
