"""What a detector is: it reads a Scene and gives Findings; the engine makes episodes and issues of them.

Most detectors are data: `PatternDetector` with its patterns and its texts. A detector's docstring is its page
in the catalogue: what it looks for, then the paragraphs "Why it matters:", "When it is wrong:" and
"What it suggests:".
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal

from msgspec import Struct

from debrief.analysis.speech import Speech, speeches
from debrief.analysis.view import Step, View
from debrief.analysis.wording import code, line_at, normalised, short
from debrief.model import Event
from debrief.model.analysis import ActionType, Impact, Label

State = Literal[
    "watch",  # the engine looks for the success that ends it
    "open",  # still so at the end
    "fact",  # it happened; there is nothing to resolve
]


class Scene(View, frozen=True, kw_only=True):
    """A View, with what all detectors would look for again: what results say, where people stopped the agent."""

    speeches: tuple[Speech, ...] = ()
    interrupts: tuple[Event, ...] = ()


def scene(view: View) -> Scene:
    """The scene that `view` sets."""
    fields = {name: getattr(view, name) for name in View.__struct_fields__}
    interrupts = tuple(event for event in view.events if event.kind == "interrupt")
    return Scene(**fields, speeches=speeches(view), interrupts=interrupts)


class Advice(Struct, frozen=True):
    """An action item to be: its type, and its sentence or the template of it."""

    type: ActionType
    text: str


class Finding(Struct, frozen=True, kw_only=True):
    """One sight of a problem.

    `signature` says which findings are the same problem, in this session and in others. `summary` is the
    issue's sentence without its end; the cost is added to it. `steps` are the tool calls that show the
    problem, `evidence` further events. `impact` is given where the cost in steps cannot tell it.
    """

    signature: str
    summary: str
    steps: tuple[Step, ...] = ()
    evidence: tuple[int, ...] = ()
    advice: tuple[Advice, ...] = ()
    state: State = "watch"
    impact: Impact | None = None


class Detector(ABC):
    """See the module. `version` counts up whenever the same scene would give other findings.

    `least` is how many hits an episode needs to be worth a word.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    label: ClassVar[Label]
    version: ClassVar[int] = 1
    least: ClassVar[int] = 1

    @abstractmethod
    def find(self, scene: Scene) -> Iterable[Finding]:
        """Every finding in `scene`, in order. Reads nothing else."""

    def resolves(self, hit: Step, later: Step) -> bool:
        """Whether `later` shows that what failed in `hit` works now."""
        return later.family == hit.family and later.target == hit.target and succeeded(later)

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """Whether the session itself saw to it that the next one will not meet this again."""
        del hits, resolution, scene
        return False


class PatternDetector(Detector):
    """A detector that is data: patterns on what results say.

    The first group that matched is `{what}` in the templates; `{line}` is the line of the match, `{command}`
    the shell line. Patterns are case-sensitive unless they say otherwise themselves, and every repetition in
    them is bounded, so that a hostile line costs no more than its length.
    """

    patterns: ClassVar[tuple[re.Pattern[str], ...]]
    summary: ClassVar[str]
    advice: ClassVar[tuple[Advice, ...]] = ()

    def find(self, scene: Scene) -> Iterator[Finding]:
        """One finding for each step that a pattern matches."""
        for speech in scene.speeches:
            match = self.match(speech, scene)
            if match is not None:
                yield self.finding(speech, match)

    def match(self, speech: Speech, scene: Scene) -> re.Match[str] | None:
        """The first match in `speech` that `accepts` lets pass."""
        for pattern in self.patterns:
            for match in pattern.finditer(speech.text):
                if self.accepts(speech.step, match, scene):
                    return match
        return None

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether `match` in the result of `step` means what the pattern is for."""
        del step, match, scene
        return True

    def signature(self, step: Step, what: str, line: str) -> str:
        """What makes two matches the same problem: family and the line without what varies."""
        del what
        return f"{step.family} {normalised(line)}"

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """What `match` says, put into the templates."""
        step = speech.step
        what = next((group for group in match.groups() if group), "")
        line = line_at(speech.text, match.start(match.lastindex or 0))
        filled = {
            "what": short(what, 80).replace("`", "'"),
            "line": short(line, 160),
            "command": code(step.command or step.call.tool or step.target),
            "target": short(step.target, 60),
        }
        return Finding(
            signature=self.signature(step, what, line),
            summary=self.summary.format(**filled),
            steps=(step,),
            advice=tuple(Advice(advice.type, advice.text.format(**filled)) for advice in self.advice),
        )


def succeeded(step: Step) -> bool:
    """Whether `step` is known to have worked; a hidden exit code says nothing, a check must be green."""
    if step.family in ("test", "build", "lint"):
        return step.red is False
    return step.outcome == "ok" and not step.exit_hidden


def bound(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Compile `pattern`; `^` and `$` mean lines."""
    return re.compile(pattern, flags | re.MULTILINE)
