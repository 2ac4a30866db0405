"""`make fuzz`: transcripts broken in many ways; nothing may raise, nothing may be lost silently.

Takes real transcripts (DATA, or the bundled samples), changes each case at random (seeded) and checks what
comes out: refused with a reason, or sessions that hold together; a broken or unknown line put into JSON Lines
has to show as a fault or as an opaque event. Prints a row a format; exit code 1 where a case failed.
"""

import argparse
import io
import json
import random
import sys
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from debrief.analysis import analyse
from debrief.errors import NotATranscript
from debrief.metering import cost
from debrief.model import Session, total_tokens
from debrief.model.session import BUCKETS
from debrief.pipeline.discover import Found, discover
from debrief.redaction import Redactor
from debrief.samples import folder
from debrief.sources import Document, Transcript, sniff
from debrief.sources.source import HEAD_BYTES

MOST_BYTES: Final = 2_000_000
"""Of a larger file only the beginning is taken: many small cases find more than few large ones."""

ODD: Final = (
    *(None, True, -1, 2**70, 1.5e308, "", "\x00\ud800\x1b[31m", [], [[]], {}, {"type": []}),
    *("<script>", "2026-13-45T99:99"),
)
BROKEN_LINE: Final = b'{"type": "broken, {[\n'
UNKNOWN_LINE: Final = b'{"type":"kind-from-the-future","value":{"a":[1,2,3]}}\n'


class Case(msgspec.Struct, frozen=True):
    """One broken transcript, and what must show in what is read of it."""

    name: str
    content: bytes
    expects: str = ""


def _flip(content: bytes, dice: random.Random) -> Case:
    changed = bytearray(content)
    for _ in range(dice.randint(1, 20)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return Case("bytes changed", bytes(changed))


def _cut(content: bytes, dice: random.Random) -> Case:
    return Case("cut off", content[: dice.randrange(len(content))])


def _hole(content: bytes, dice: random.Random) -> Case:
    start = dice.randrange(len(content))
    return Case("a hole", content[:start] + content[start + dice.randint(1, 5000) :])


def _shuffled(content: bytes, dice: random.Random) -> Case:
    lines = content.splitlines(keepends=True)
    dice.shuffle(lines)
    return Case("lines in another order", b"".join(lines))


def _repeated(content: bytes, dice: random.Random) -> Case:
    lines = content.splitlines(keepends=True)
    for _ in range(dice.randint(1, 5)):
        lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))
    return Case("lines twice", b"".join(lines))


def _odd_values(content: bytes, dice: random.Random) -> Case:
    """Values of the wrong type anywhere, in each JSON value of the document."""
    try:
        values = [json.loads(content)]
        glue = b""
    except ValueError:
        values, glue = [], b"\n"
        for line in content.splitlines():
            try:
                values.append(json.loads(line))
            except ValueError:
                return Case("as it is", content)
    for _ in range(dice.randint(1, 8)):
        number = dice.randrange(len(values))
        values[number] = _odd(values[number], dice)
    return Case("odd values", glue.join(json.dumps(value).encode() for value in values) + glue)


def _odd(value: Any, dice: random.Random) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, dict) and value and dice.random() < 0.9:  # noqa: PLR2004 (most of the time deeper)
        key = dice.choice(list(value))
        return value | {key: _odd(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.9:  # noqa: PLR2004 (most of the time deeper)
        number = dice.randrange(len(value))
        return [*value[:number], _odd(value[number], dice), *value[number + 1 :]]
    return dice.choice(ODD)


def _broken_line(content: bytes, dice: random.Random) -> Case:
    return _with_line(content, dice, BROKEN_LINE, "fault")


def _unknown_line(content: bytes, dice: random.Random) -> Case:
    return _with_line(content, dice, UNKNOWN_LINE, "opaque")


def _with_line(content: bytes, dice: random.Random, line: bytes, expects: str) -> Case:
    lines = content.splitlines(keepends=True)
    # A document of one value is no JSON Lines, however it is broken over lines.
    is_lines = len(lines) > len("ab") and all(
        one.lstrip().startswith(b"{") and one.rstrip().endswith(b"}") for one in lines
    )
    if is_lines:
        lines.insert(dice.randrange(2, len(lines)), line)
    return Case(f"a line that is {expects}", b"".join(lines), expects if is_lines else "")


WAYS: Final[tuple[Callable[[bytes, random.Random], Case], ...]] = (
    _flip,
    _cut,
    _hole,
    _shuffled,
    _repeated,
    _odd_values,
    _odd_values,
    _broken_line,
    _unknown_line,
)


def _read(main: Document, companions: tuple[Document, ...]) -> tuple[str, list[Session]]:
    with main.open() as stream:
        source = sniff(stream.read(HEAD_BYTES))
    return source.name, list(source.parse(Transcript(main, companions), Redactor(b"k" * 32)))


class _WrongError(Exception):
    """A session that does not hold together."""


def _check(session: Session) -> None:
    """What holds of every session, whatever it was made of."""
    tokens, _ = total_tokens(session)
    analysis = analyse(session)
    cost(session)
    msgspec.msgpack.encode(session)
    json.dumps(msgspec.to_builtins(session)).encode("utf-8")
    usage = session.usage
    for holds, what in (
        ([event.ordinal for event in session.events] == list(range(len(session.events))), "ordinals"),
        (all((getattr(tokens, bucket) or 0) >= 0 for bucket in BUCKETS), "a sum below zero"),
        (usage.rows >= usage.repeated + usage.replayed, "rows of usage"),
        # What the verifier drops is a statement held back, which is its work.
        (all(one.startswith("verify:") for one in analysis.faults), f"a detector failed: {analysis.faults}"),
    ):
        if not holds:
            raise _WrongError(what)


def run(files: list[Found], cases: int, seed: int) -> tuple[dict[str, Counter[str]], list[str]]:
    """Run `cases` cases; returns counts by format and outcome, and what went wrong."""
    dice = random.Random(seed)  # noqa: S311 (seeded, not secret)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    problems = []
    known: dict[str, str | None] = {}
    before: dict[str, tuple[int, int]] = {}
    for number in range(cases):
        found = dice.choice(files)
        content = Path(found.path).read_bytes()[:MOST_BYTES]
        if not content:
            continue
        companions = tuple(_document(path, Path(path).read_bytes()) for path in found.companions)
        if found.path not in known:
            known[found.path], before[found.path] = _as_it_is(found.path, content, companions)
        name = known[found.path] or "refused"
        case = dice.choice(WAYS)(content, dice)
        try:
            now, sessions = _read(_document(found.path, case.content), companions)
            for session in sessions:
                _check(session)
            counts[name]["read" if now == name else f"read as {now}"] += 1
            told = sum(one.fault_count for one in sessions), sum(one.opaque_count for one in sessions)
            if case.expects and now == name and not _shows(case, told, before[found.path]):
                problems.append(f"case {number}, {found.path}, {case.name}: it does not show")
        except NotATranscript:
            counts[name]["refused"] += 1
        except Exception:  # noqa: BLE001 (whatever a parser raises is what is looked for)
            counts[name]["raised"] += 1
            problems.append(f"case {number}, {found.path}, {case.name}:\n{traceback.format_exc(limit=-3)}")
    return dict(counts), problems


def _shows(case: Case, told: tuple[int, int], before: tuple[int, int]) -> bool:
    """Whether the line that was put in shows: as a fault, as an opaque event, or both."""
    return told[0] > before[0] or (case.expects == "opaque" and told[1] > before[1])


def _as_it_is(
    path: str, content: bytes, companions: tuple[Document, ...]
) -> tuple[str | None, tuple[int, int]]:
    try:
        name, sessions = _read(_document(path, content), companions)
    except NotATranscript:
        return None, (0, 0)
    return name, (sum(one.fault_count for one in sessions), sum(one.opaque_count for one in sessions))


def _document(path: str, content: bytes) -> Document:
    return Document(name=Path(path).name, open=partial(io.BytesIO, content), mtime_us=1_790_000_000_000_000)


def main() -> int:
    """Run and print; 1 where a case failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=folder())
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    counts, problems = run(list(discover([given.data])), given.cases, given.seed)
    for name in sorted(counts):
        print(f"{name:24}", ", ".join(f"{number} {what}" for what, number in counts[name].most_common()))
    for problem in problems[:20]:
        print(problem)
    print(f"{given.cases} cases, seed {given.seed}: {len(problems)} problems")
    if given.out:
        given.out.write_text(json.dumps({"counts": counts, "problems": problems}))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
