"""`make bench-counting`: tokens as Debrief counts them, beside the truth, the naive sum and other programs.

First over made-up transcripts whose right sum is known (`traps`), then over a folder of real sessions of
Claude Code where there is one. A program that is not installed is passed over; `--install` puts it into
`bench/out`.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import machine
import rivals
import traps
from counters import COUNTERS, Count, counted, sessions_of
from debrief.model import Session, Tokens
from report import table
from traps import Trap

CORPUS: Final = Path(__file__).parents[2] / "shared" / "corpus" / "claude_code"
UNPRICED: Final = "a model without a known price"

INTRODUCTION: Final = f"""# Counting

`make bench-counting` measures this page and writes it. Tokens are all of a call's: input, read from and
written to a cache, output. *Naive* adds up every row that states tokens. The others are {rivals.CCUSAGE}, for
Codex {rivals.CCUSAGE_CODEX}, and {rivals.AGENTSVIEW}, each with an empty home and these files alone.
**Bold** is not the truth.
"""


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="install the others into bench/out first")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="a folder of real Claude Code sessions")
    parser.add_argument("--out", type=Path, help="the page to write")
    options = parser.parse_args()
    if options.install:
        rivals.install(rivals.CCUSAGE, rivals.CCUSAGE_CODEX, rivals.AGENTSVIEW)
    page = text(options.corpus)
    print(page)
    if options.out:
        options.out.write_text(page)


def text(corpus: Path) -> str:
    """The whole page."""
    told = machine.told()
    parts = [INTRODUCTION, f"Counted {told['date']}, commit {told['commit']}.", "## Traps"]
    parts.append(trap_table(traps.traps()))
    parts.append(NOTES)
    parts.append("## Real sessions of Claude Code")
    parts.append(
        corpus_text(corpus) if corpus.is_dir() else "Not counted: there are none beside the project."
    )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def trap_table(several: Sequence[Trap]) -> str:
    """A row for each trap, and one for the price of a model that has none."""
    rows = []
    for trap in several:
        truth = Count(tokens=trap.tokens, least=trap.least)
        counts = [counted(trap, counter) for counter in COUNTERS.values()]
        rows.append((trap.name, str(truth), *(_cell(truth, one) for one in counts)))
        if trap.name == UNPRICED:
            dollars = (
                "unknown" if one is None or one.dollars is None else f"${one.dollars:.2f}" for one in counts
            )
            told = [text if text == "unknown" else f"**{text}**" for text in dollars]
            rows.append(("its cost", "unknown", told[0], "", *told[2:]))
    return table(("trap", "truth", *COUNTERS), rows)


def _cell(truth: Count, told: Count | None) -> str:
    if told is None:
        return "not installed"
    return str(told) if str(told) == str(truth) else f"**{told}**"


NOTES: Final = """
- *One row per content block*: Claude Code writes an answer in several rows of one id, whose output grows.
  ccusage keeps the first row; the right one is the largest.
- *Placeholder output*: some versions wrote 1 in place of the output. Nobody can know it: the sum is right
  only if it says that it is a lower bound.
- *A gateway* may state no request id, and then ccusage sees no repeats; or zeros, which are no knowledge.
- *A sub-agent* is told by its own file, by progress rows, and by the result of the call (its last call, and
  the size of its context). Its own file is counted, the others are not.
- *A fork* or *resume* tells its parent's rows again under an id of its own. The parent counts them.
- *Codex* states running totals; their input holds what came from the cache, their output the reasoning.
"""


def corpus_text(corpus: Path) -> str:
    """Each session as we and ccusage count it, and why where they differ."""
    paths = {path.stem.rpartition("__")[2]: path for path in sorted(corpus.glob("*.jsonl"))}
    with tempfile.TemporaryDirectory(prefix="counting-") as name:
        home = Path(name) / "agent"
        for session, path in paths.items():
            place = home / "projects" / session / f"{session}.jsonl"
            place.parent.mkdir(parents=True)
            place.symlink_to(path.absolute())
        told = rivals.ccusage(home, "claude_code", Path(name) / "home")
        if told is None:
            return f"Not compared: {rivals.CCUSAGE} is not installed (`--install`)."
        found = {session.native_id: session for session in sessions_of(home)}
    theirs = {one["sessionId"]: one for one in told["sessions"]}
    return compared(paths, found, theirs)


def compared(paths: Mapping[str, Path], found: Mapping[str, Session], theirs: Mapping[str, Any]) -> str:
    """The table of differences, and a sentence of what they come from."""
    rows, unlike = [], 0
    for name, path in paths.items():
        session, told = found.get(path_id(name, found)), theirs.get(name, {})
        calls = () if session is None else session.model_calls
        own = _sums(call.tokens for call in calls if call.agent is None)
        agents = sum(_sums(call.tokens for call in calls if call.agent is not None))
        other = [int(told.get(key) or 0) for key in CCUSAGE_NAMES]
        why = _why(own, agents, other, first_rows(path))
        unlike += why == UNEXPLAINED
        rows.append(
            (
                name.rpartition("-")[2],
                f"{sum(own[:3]):,}",
                f"{sum(other[:3]):,}",
                f"at least {own[3]:,}"
                if any("output" in call.lower_bound for call in calls)
                else f"{own[3]:,}",
                f"{other[3]:,}",
                f"{agents:,}",
                why,
            )
        )
    names = ("session", "read by us", "by ccusage", "output by us", "by ccusage", "sub-agents, by us", "why")
    same = sum(row[1] == row[2] for row in rows)
    told = (
        f"{len(rows)} sessions. What the main chains read (input, to and from caches) is the same in {same}; "
        f"{unlike} differences are unexplained."
    )
    return f"{told}\n\n{WHY}\n\n{table(names, rows)}"


WHY: Final = """*First rows*: ccusage keeps the first row of an answer, whose output is not whole yet; what
the first rows state, added up apart, is its figure exactly. *Sub-agents*: what they spent is told by progress
rows alone, which ccusage does not read. *At least*: some versions of Claude Code wrote placeholders."""

CCUSAGE_NAMES: Final = ("inputTokens", "cacheCreationTokens", "cacheReadTokens", "outputTokens")
UNEXPLAINED: Final = "**not explained**"


def path_id(name: str, found: Mapping[str, Session]) -> str:
    """The session that a file of this name holds; some carry the day before their id."""
    return next((known for known in found if name.endswith(known)), name)


def first_rows(path: Path) -> list[int]:
    """What the first row of each answer states, added up: the rule that ccusage follows."""
    seen: set[tuple[str, str]] = set()
    sums = [0, 0, 0, 0]
    for line in path.read_bytes().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        message = row.get("message") if isinstance(row, dict) else None
        usage = message.get("usage") if isinstance(message, dict) else None
        if not isinstance(usage, dict):
            continue
        key = (message.get("id"), row.get("requestId"))
        if all(key):
            if key in seen:
                continue
            seen.add(key)
        for place, one in enumerate(("input", "cache_creation_input", "cache_read_input", "output")):
            sums[place] += usage.get(f"{one}_tokens") or 0
    return sums


def _why(own: list[int], agents: int, other: list[int], first: list[int]) -> str:
    reasons = []
    if own != other:
        if own[:3] != other[:3] or first != other:
            return UNEXPLAINED
        reasons.append("first rows: we are right")
    if agents:
        reasons.append("sub-agents: we are right")
    return "; ".join(reasons) or "the same"


def _sums(several: Iterable[Tokens]) -> list[int]:
    sums = [0, 0, 0, 0]
    for tokens in several:
        for place, value in enumerate((tokens.input, tokens.cache_write, tokens.cache_read, tokens.output)):
            sums[place] += value or 0
    return sums


if __name__ == "__main__":
    main()
