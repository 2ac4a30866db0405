"""Transcripts in Claude Code's own form: a seed and a number in, rows of JSON out, the same in every run.

A session asks, reads, changes, tests and goes on: 36 rows with a message, of which those of one answer repeat
its id and its usage, as Claude Code writes them, and a few without. The files lie in folders as they do at
home, so that any program which reads Claude Code's files can read these.
"""

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

SEED: Final = 20_261_124
SESSIONS: Final = 2_000
MESSAGES: Final = 36
BYTES: Final = 93_800_000
PROJECTS: Final = 40
FUNCTIONS: Final = 3_000
ROW_BYTES: Final = 900
FILLED: Final = 1.59
"""What a result is made longer by, so that two thousand sessions have the bytes of above."""
START: Final = datetime(2026, 9, 1, 8, tzinfo=UTC)

_MODELS: Final = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
_WORDS: Final = """
account address adapter amount archive basket batch branch broker budget buffer builder cache carrier cart
channel charge check client clock column command config context counter country coupon currency customer
deadline delivery digest discount document draft entry event export factory feature field filter folder form
gateway group handler header history image import index invoice item job journal key label ledger limit line
list loader locale lock log manager mapper margin market member memory message method migration model module
network notice number offer option order owner package page parcel parser partner payment period plan point
policy price process product profile project queue quota rate reader record refund region register report
request result review role route rule schema search section sender series service session shelf shipment
signal snapshot source stage state status stock store stream style supplier table target task tax team tenant
ticket timer token total transfer tree unit update upload user value vendor version view voucher wallet
""".split()  # noqa: SIM905 (a list of two hundred would fill the page)
_ASKS: Final = (
    "Please make the {a} {b} handle an empty {c}, and add a test for it.",
    "The {a} page shows the wrong {b} when the {c} is missing. Find out why and fix it.",
    "Can you refactor {a}_{b}.py so that the {c} is passed in? Do not change the public functions.",
    "Add a --{a}-{b} option to the command, update the README, run the tests.",
    "CI fails in test_{a}_{b}, see the log. I think it is the {c} fixture.",
)
_CORRECTIONS: Final = (
    "No, that is not what I meant: keep the {a} as it was and change only the {b}.",
    "Good. Now do the same for the {a} {b}.",
    "You broke the {a}. Please run the tests before you say that it is done.",
    "Commit this on a branch and open a pull request.",
)


class Writer:
    """Makes the rows of one session; `roll` is its luck, `size` about how many bytes it is to have."""

    def __init__(self, number: int) -> None:
        self.roll = random.Random(SEED + number)  # noqa: S311 (a data set, not a secret)
        self.session = str(uuid.UUID(int=self.roll.getrandbits(128), version=4))
        self.project = f"/home/dev/work/{_WORDS[number % PROJECTS]}-service"
        self.branch = f"feature/{self._word()}-{self._word()}"
        self.model = self.roll.choices(_MODELS, (5, 4, 1))[0]
        self._now = START + timedelta(minutes=7 * number)
        self._parent: str | None = None
        self._cached = 14_000

    @property
    def folder(self) -> str:
        """The folder that Claude Code keeps this project's sessions in."""
        return self.project.replace("/", "-")

    def rows(self, messages: int, size: int) -> Iterator[dict[str, Any]]:
        """So many rows with a message, and those between them; `size` bytes in all, about."""
        spare = max(20, int(FILLED * (size / messages - ROW_BYTES)))
        yield {
            "type": "file-history-snapshot",
            "messageId": self._id(),
            "snapshot": {"messageId": self._id(), "trackedFileBackups": {}, "timestamp": self._time()},
            "isSnapshotUpdate": False,
        }
        made = 0
        while made < messages:
            left = messages - made
            turn = list(self._turn(spare, first=made == 0))
            kept = turn[:left]
            made += len(kept)
            yield from kept
            yield self._row("system", subtype="turn_duration", durationMs=self.roll.randint(4_000, 240_000))
        yield {"type": "ai-title", "aiTitle": f"Change the {self._words(3)}", "sessionId": self.session}

    def _turn(self, spare: int, *, first: bool) -> Iterator[dict[str, Any]]:
        """A prompt, calls with their results, and an answer."""
        asks = _ASKS if first or self._is(0.5) else _CORRECTIONS
        text = self.roll.choice(asks).format(a=self._word(), b=self._word(), c=self._word())
        yield self._row("user", message={"role": "user", "content": text}, promptSource="typed")
        for _ in range(self.roll.randint(3, 7)):
            yield from self._step(spare)
        message = self._message()
        yield self._said(message, {"type": "text", "text": self._prose(60)}, 240, "end_turn")

    def _step(self, spare: int) -> Iterator[dict[str, Any]]:
        """An answer of two or three rows that calls a tool, and the result."""
        message, call = self._message(), f"toolu_{self._letters(24)}"
        name, arguments, told, is_error, twin = self._tool(int(spare * self.roll.lognormvariate(-0.32, 0.8)))
        seal = self._letters(220)
        if self._is(0.35):
            yield self._said(message, {"type": "thinking", "thinking": self._prose(40), "signature": seal}, 3)
        if self._is(0.5):
            yield self._said(message, {"type": "text", "text": self._prose(14)}, 5)
        tool = {"type": "tool_use", "id": call, "name": name, "input": arguments}
        yield self._said(message, tool, self.roll.randint(60, 900), "tool_use")
        block: dict[str, Any] = {"tool_use_id": call, "type": "tool_result", "content": told}
        if name == "Bash":
            block["is_error"] = is_error
        yield self._row("user", message={"role": "user", "content": [block]}, toolUseResult=twin)

    def _tool(self, spare: int) -> tuple[str, dict[str, Any], str, bool, object]:
        path = f"{self.project}/src/{self._word()}/{self._word()}_{self._word()}.py"
        kind = self.roll.random()
        if kind < 0.3:  # noqa: PLR2004 (what agents do most is to read)
            text = self._source(spare)
            told = "\n".join(f"{number:>6}\t{line}" for number, line in enumerate(text.split("\n"), 1))
            return "Read", {"file_path": path}, told, False, {"type": "text", "file": {"filePath": path}}
        if kind < 0.5:  # noqa: PLR2004 (see above)
            old, new = self._source(min(spare, 400)), self._source(min(spare, 500))
            told = f"The file {path} has been updated successfully."
            twin = {"filePath": path, "oldString": old, "newString": new, "structuredPatch": []}
            return "Edit", {"file_path": path, "old_string": old, "new_string": new}, told, False, twin
        if kind < 0.62:  # noqa: PLR2004 (see above)
            told = "\n".join(
                f"src/shop/{self._word()}.py:{number}:{line}"
                for number, line in enumerate(self._source(spare).split("\n"))
            )
            return "Grep", {"pattern": self._word(), "output_mode": "content"}, told, False, {"numFiles": 4}
        return self._shell(spare)

    def _shell(self, spare: int) -> tuple[str, dict[str, Any], str, bool, object]:
        where = f"tests/test_{self._word()}_{self._word()}.py"
        kind = self.roll.random()
        if kind < 0.25:  # noqa: PLR2004 (a quarter of the runs of tests fail)
            command, is_error = f"python -m pytest -q {where}", True
            frames = "".join(
                f'  File "src/{self._word()}/{self._word()}.py", line {line}, in run\n    return run(1)\n'
                for line in range(10, 10 + max(1, spare // 90))
            )
            told = f"Exit code 1\nTraceback (most recent call last):\n{frames}KeyError: '{self._word()}'\n"
            told += f"FAILED {where}::test_{self._word()} - KeyError\n1 failed, 41 passed in 2.17s"
            return "Bash", {"command": command, "description": "Run the tests"}, told, True, f"Error: {told}"
        if kind < 0.55:  # noqa: PLR2004 (others pass)
            command = "python -m pytest tests"
            files = "\n".join(
                f"tests/test_{self._word()}.py {'.' * 12} [{part:>3}%]" for part in range(max(1, spare // 45))
            )
            told, is_error = f"{files}\n120 passed in 8.31s", False
        elif kind < 0.8:  # noqa: PLR2004 (the rest looks around, or keeps books)
            command = (
                f"cd {self.project} && git status --short && git diff --stat && ls -la src/{self._word()}"
            )
            told, is_error = self._source(spare), False
        else:
            command = f'git add -A && git commit -m "Handle an empty {self._word()} in {self._word()}"'
            told = f"[{self.branch} {self._letters(7)}] Handle it\n 2 files changed, 14 insertions(+)"
            is_error = False
        twin = {"stdout": told, "stderr": "", "interrupted": False, "isImage": False}
        return "Bash", {"command": command, "description": "Look"}, told, is_error, twin

    def _said(
        self, message: dict[str, Any], block: dict[str, Any], output: int, stop: str | None = None
    ) -> dict[str, Any]:
        usage = {**message["usage"], "output_tokens": output}
        body = {**message, "content": [block], "stop_reason": stop, "stop_sequence": None, "usage": usage}
        return self._row("assistant", message=body, requestId=f"req_{message['id'][4:]}")

    def _message(self) -> dict[str, Any]:
        """An answer without its content: its id, and what was read for it."""
        fresh = self.roll.randint(200, 4_000)
        self._cached += fresh
        usage = {
            "input_tokens": self.roll.randint(2, 12),
            "cache_creation_input_tokens": fresh,
            "cache_read_input_tokens": self._cached - fresh,
            "cache_creation": {"ephemeral_5m_input_tokens": fresh, "ephemeral_1h_input_tokens": 0},
            "service_tier": "standard",
        }
        return {
            "model": self.model,
            "id": f"msg_{self._letters(24)}",
            "type": "message",
            "role": "assistant",
            "usage": usage,
        }

    def _row(self, kind: str, **fields: object) -> dict[str, Any]:
        self._now += timedelta(milliseconds=self.roll.randint(200, 9_000))
        own = self._id()
        row = {
            "parentUuid": self._parent,
            "isSidechain": False,
            "userType": "external",
            "cwd": self.project,
            "sessionId": self.session,
            "version": "2.1.40",
            "gitBranch": self.branch,
            "type": kind,
            **fields,
            "uuid": own,
            "timestamp": self._time(),
        }
        self._parent = own
        return row

    def _is(self, chance: float) -> bool:
        return self.roll.random() < chance

    def _time(self) -> str:
        return self._now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self._now.microsecond // 1000:03}Z"

    def _id(self) -> str:
        return str(uuid.UUID(int=self.roll.getrandbits(128), version=4))

    def _letters(self, count: int) -> str:
        return "".join(self.roll.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=count))

    def _word(self) -> str:
        return self.roll.choice(_WORDS)

    def _words(self, count: int) -> str:
        return " ".join(self.roll.choices(_WORDS, k=count))

    def _prose(self, count: int) -> str:
        return f"I will look at the {self._words(count)} and then change the {self._word()}."

    def function(self) -> str:
        """A small function that does nothing."""
        name = f"{self._word()}_{self._word()}"
        body = "".join(f"    {self._line()}\n" for _ in range(self.roll.randint(1, 6)))
        return (
            f"def {name}(self, {self._word()}: int) -> int:\n"
            f'    """Find the {self._words(5)}."""\n{body}    return {self._word()}_{self._word()}\n'
        )

    def _line(self) -> str:
        return f"{self._word()}_{self._word()} = self.{self._word()}.find({self._word()}={self._word()})"

    def _source(self, size: int) -> str:
        """Lines of a program, about `size` bytes."""
        parts = []
        while size > 0:
            part = self.roll.choice(_library())
            size -= len(part)
            parts.append(part)
        return "\n".join(parts)


@cache
def _library() -> tuple[str, ...]:
    """The functions that all programs are made of: agents read the same ones again and again."""
    writer = Writer(-1)
    return tuple(writer.function() for _ in range(FUNCTIONS))


def session(number: int, messages: int = MESSAGES, size: int = BYTES // SESSIONS) -> tuple[str, bytes]:
    """A session's path below `projects/`, and the content of its file."""
    writer = Writer(number)
    luck = writer.roll.lognormvariate(-0.08, 0.4)
    rows = writer.rows(messages, int(size * luck))
    content = b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows)
    return f"{writer.folder}/{writer.session}.jsonl", content


def write(folder: Path, sessions: int = SESSIONS) -> int:
    """Write so many sessions below `folder`, as Claude Code keeps them; returns their bytes."""
    total = 0
    for number in range(sessions):
        name, content = session(number)
        path = folder / "projects" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        total += len(content)
    return total


def write_large(path: Path, size: int) -> int:
    """Write one session of at least `size` bytes; returns its bytes."""
    writer = Writer(SESSIONS)
    rows = writer.rows(1 << 40, (1 << 40) * (BYTES // SESSIONS // MESSAGES))
    total = 0
    with path.open("wb") as out:
        for row in rows:
            total += out.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
            if total >= size:
                break
    return total
