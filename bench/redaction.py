"""How fast strings are cleaned of secrets: of ordinary text megabytes a second, of hostile text the slowest.

Speed is a fact of a machine, so that it is measured here and not tested. Ordinary text is this repository's
own and that of the standard library; with files or folders as arguments it is theirs.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import machine
from debrief.redaction import Redactor
from debrief.redaction.gates import SHORT

ROOT = Path(__file__).parent.parent
SUFFIXES = {".py", ".md", ".txt", ".json", ".jsonl", ".html", ".toml", ".lock"}
MOST_CHARACTERS = 40_000_000
HOSTILE_CHARACTERS = 262_144
ROUNDS = 3
HOSTILE = (
    *(
        "sk-",
        "ghp_",
        "glagent-",
        "-eyJaaaaaaaa",
        "eyJaaaaaaaa.",
        "xoxb-1-",
        "token=",
        "token=a1",
        "a=b:",
        "//a:",
    ),
    *(
        "-----BEGIN ",
        "cookie:a=",
        "mysql -pa",
        "--password ",
        "AccountKey=a",
        "Bearer ",
        "-",
        "a",
        ".",
        '\\"',
    ),
)


def texts(place: Path) -> Iterator[str]:
    """Strings as a session has them: those of JSON records one by one, of other files paragraphs."""
    files = (
        sorted(path for path in place.rglob("*") if path.suffix in SUFFIXES) if place.is_dir() else [place]
    )
    for path in files:
        content = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix != ".jsonl":
            yield from content.split("\n\n")
            continue
        for line in content.splitlines():
            try:
                yield from strings(json.loads(line))
            except ValueError:
                yield line


def strings(value: object) -> Iterator[str]:
    """All strings in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def taken(places: list[Path]) -> list[str]:
    """As many strings of `places` as fit."""
    found: list[str] = []
    size = 0
    for place in places:
        for text in texts(place):
            size += len(text)
            if size > MOST_CHARACTERS:
                return found
            found.append(text)
    return found


def seconds(redact: Redactor, several: list[str]) -> float:
    """The quickest of a few rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for text in several:
            redact(text)
        best = min(best, time.process_time() - started)
    return best


def main() -> None:
    """Print the table."""
    for name, value in machine.told().items():
        print(f"{name}: {value}")
    redact = Redactor(b"a key for the benchmark")
    given = [Path(name) for name in sys.argv[1:]] or [
        ROOT / "src",
        ROOT / "docs",
        Path(json.__file__).parent.parent,
    ]
    found = taken(given)
    for name, several in (
        ("short", [text for text in found if len(text) < SHORT]),
        ("long", [text for text in found if len(text) >= SHORT]),
    ):
        size = sum(map(len, several))
        speed = size / 1e6 / seconds(redact, several)
        print(f"{name} strings: {len(several)}, {size / 1e6:.1f} MB, {speed:.1f} MB/s")
    worst = max(
        (seconds(redact, [part * (HOSTILE_CHARACTERS // len(part))]) / HOSTILE_CHARACTERS * 1e6, part)
        for part in HOSTILE
    )
    print(f"hostile: at worst {worst[0]:.1f} s/MB, for {worst[1]!r} repeated")


if __name__ == "__main__":
    main()
