"""A detector's findings in, Troubles out: the same failure from its first hit to the success that ends it.

Findings with one signature are one trouble and become one issue, however often they occur; root before
symptom, a trouble is dropped where the steps that show it already show a more basic one.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from debrief.analysis.detector import Detector, Finding
from debrief.analysis.view import Step

SIGNATURES_KEPT = 20
"""Different problems of one detector that are looked into; the ninth would not be shown anyway."""

ROOTS_FIRST = (
    "Safety",
    "Access",
    "Configuration",
    "Environment",
    "Dependencies",
    "External Services",
    "Version Control",
    "Tool Use",
    "Testing",
    "Code Quality",
    "Approach",
)
"""Labels from cause to symptom; those not named here are judgements, neither causes nor symptoms."""

_RANK = {label: rank for rank, label in enumerate(ROOTS_FIRST)}


class Episode(Struct, frozen=True):
    """Hits of one problem, and the step that shows it solved; None where none does."""

    hits: tuple[Step, ...]
    resolution: Step | None = None


class Trouble(Struct, frozen=True, kw_only=True):
    """One problem of a session: what becomes an issue. `episodes` is empty where no tool call shows it."""

    detector: Detector
    signature: str
    findings: tuple[Finding, ...]
    episodes: tuple[Episode, ...] = ()

    @property
    def finding(self) -> Finding:
        """The finding whose words are used: the first, or for a state at the end the last."""
        return self.findings[-1 if self.findings[-1].state == "open" else 0]

    @property
    def hits(self) -> tuple[Step, ...]:
        """All tool calls that show the problem, in order."""
        return tuple(hit for episode in self.episodes for hit in episode.hits)

    @property
    def resolved(self) -> bool:
        """Whether the last episode came to a good end."""
        return bool(self.episodes) and self.episodes[-1].resolution is not None

    @property
    def evidence(self) -> tuple[int, ...]:
        """First, last and resolving events, and what the findings cite beside them, in order."""
        cited = {ordinal for finding in self.findings for ordinal in finding.evidence}
        for episode in self.episodes:
            cited |= {episode.hits[0].last_ordinal, episode.hits[-1].last_ordinal}
            if episode.resolution is not None:
                cited.add(episode.resolution.last_ordinal)
        return tuple(sorted(cited))


def troubles(detector: Detector, findings: Iterable[Finding], steps: Sequence[Step]) -> list[Trouble]:
    """Group `findings` by signature and follow each group through `steps`."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.signature in groups or len(groups) < SIGNATURES_KEPT:
            groups.setdefault(finding.signature, []).append(finding)
    found = []
    for signature, group in groups.items():
        trouble = _trouble(detector, signature, group, steps)
        if trouble is not None:
            found.append(trouble)
    return found


def without_symptoms(found: Iterable[Trouble]) -> list[Trouble]:
    """Drop each trouble all of whose tool calls show a trouble that lies deeper."""
    kept: list[Trouble] = []
    explained: dict[int, int] = {}
    for trouble in sorted(found, key=rank):
        own = rank(trouble)
        shown_by = {hit.call.ordinal for hit in trouble.hits}
        if shown_by and own < len(ROOTS_FIRST) and all(explained.get(o, own) < own for o in shown_by):
            continue
        kept.append(trouble)
        for ordinal in shown_by:
            explained.setdefault(ordinal, own)
    return kept


def rank(trouble: Trouble) -> int:
    """How near the root the trouble's label stands; 0 is the root."""
    return _RANK.get(trouble.detector.label, len(ROOTS_FIRST))


def _trouble(
    detector: Detector, signature: str, group: list[Finding], steps: Sequence[Step]
) -> Trouble | None:
    first_of = {step.index: finding for finding in reversed(group) for step in finding.steps}
    shown = tuple(steps[index] for index in sorted(first_of))
    episodes: tuple[Episode, ...] = ()
    if shown and group[-1].state == "watch":
        whole = _followed(detector, shown, first_of, steps)
        episodes = tuple(episode for episode in whole if len(episode.hits) >= detector.least)
        if not episodes or sum(len(episode.hits) for episode in episodes) < detector.in_all:
            return None
        # The words are to be those of a finding that the evidence shows.
        kept = {hit.index for episode in episodes for hit in episode.hits}
        group = [one for one in group if not one.steps or any(step.index in kept for step in one.steps)]
    elif shown:
        episodes = (Episode(shown),)
    return Trouble(detector=detector, signature=signature, findings=tuple(group), episodes=episodes)


def _followed(
    detector: Detector, hits: tuple[Step, ...], first_of: Mapping[int, Finding], steps: Sequence[Step]
) -> list[Episode]:
    """Cut `hits` into episodes; each ends with the first later step that resolves its first hit."""
    episodes = []
    position = 0
    while position < len(hits):
        first = hits[position]
        finding = first_of[first.index]
        end = next((later for later in steps[first.index + 1 :] if detector.resolves(finding, later)), None)
        start = position
        while position < len(hits) and (end is None or hits[position].index < end.index):
            position += 1
        episodes.append(Episode(hits[start:position], end))
    return episodes
