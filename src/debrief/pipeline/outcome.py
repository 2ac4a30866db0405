"""What became of each file of an import, and how many had which outcome."""

from collections import Counter

from msgspec import Struct

PRECEDENCE = ("new", "updated", "unchanged", "older", "skipped")
"""Of a file with several sessions the first of these that one of them had is told."""

OUTCOMES = (*PRECEDENCE, "opened")


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one file.

    `outcome` is `new`, `updated`, `unchanged`, `older`, `skipped` or, of a container, `opened`; `how` says
    more in a word (see `decide`), `detail` in a sentence. `is_known` is for a file that was not opened,
    because an earlier import saw it as it is.
    """

    path: str
    outcome: str
    format: str | None
    detail: str
    how: str = ""
    sessions: tuple[str, ...] = ()
    is_known: bool = False


class Summary(Struct, frozen=True, kw_only=True):
    """All outcomes of an import."""

    outcomes: tuple[Outcome, ...]

    def counts(self) -> dict[str, int]:
        """How many files had which outcome."""
        counted = Counter(one.outcome for one in self.outcomes)
        return {name: counted[name] for name in OUTCOMES if name in PRECEDENCE or counted[name]}

    @property
    def is_in_vain(self) -> bool:
        """Whether there were files, and all of them were skipped."""
        return bool(self.outcomes) and all(one.outcome == "skipped" for one in self.outcomes)

    def ways(self) -> dict[str, int]:
        """How many files came by their outcome in which way: grown, rewritten, forked and so on."""
        return dict(sorted(Counter(one.how for one in self.outcomes if one.how).items()))

    def formats(self) -> dict[str, int]:
        """How many files there are of which format."""
        return dict(sorted(Counter(one.format for one in self.outcomes if one.format).items()))


def passed_over(path: str, outcome: str, format_name: str | None, detail: str) -> Outcome:
    """What is told of a file that is as an earlier import saw it, with what was told then."""
    told = "skipped" if outcome == "skipped" else "unchanged"
    return Outcome(path=path, outcome=told, format=format_name, detail=detail, is_known=True)
