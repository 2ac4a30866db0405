"""`make bench-formats DATA=folder`: what becomes of each file, format by format.

Reads every file by itself, and stores nothing. The last column counts the sessions whose tokens are exact, a
lower bound, or missing.
"""

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

from debrief.errors import DebriefError
from debrief.model import Session, total_tokens
from debrief.pipeline.discover import discover
from debrief.pipeline.prepare import parse_and_analyse

KEY: Final = b"bench formats"
HEAD: Final = ("format", "files", "sessions", "events", "opaque", "faults", "detector faults", "tokens")


def _quality(session: Session) -> str:
    _, qualities = total_tokens(session)
    stated = {quality for name, quality in qualities.items() if name != "reasoning"} - {"missing"}
    if not stated:
        return "missing"
    return "lower bound" if "lower_bound" in stated else "exact"


def main() -> int:
    """Read and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--reasons", action="store_true", help="list each refused file with its reason")
    given = parser.parse_args()
    rows: defaultdict[str, Counter[str]] = defaultdict(Counter)
    tokens: defaultdict[str, Counter[str]] = defaultdict(Counter)
    refused = []
    for found in discover([given.data]):
        try:
            parsed = parse_and_analyse(found, KEY)
        except DebriefError as error:
            refused.append((found.path, str(error)))
            continue
        row = rows[parsed.format]
        row["files"] += 1
        for session, analysis in parsed.sessions:
            row["sessions"] += 1
            row["events"] += len(session.events)
            row["opaque"] += session.opaque_count
            row["faults"] += session.fault_count
            row["detector faults"] += len(analysis.faults)
            tokens[parsed.format][_quality(session)] += 1
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for name in sorted(rows):
        told = ", ".join(f"{number} {quality}" for quality, number in tokens[name].most_common())
        print(f"| {name} | " + " | ".join(str(rows[name][column]) for column in HEAD[1:-1]) + f" | {told} |")
    print(f"\n{sum(row['files'] for row in rows.values())} files read, {len(refused)} refused:")
    for reason, number in Counter(reason for _, reason in refused).most_common():
        print(f"- {number}: {reason}")
    if given.reasons:
        for path, reason in refused:
            print(f"  {path}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
