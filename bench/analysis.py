"""`make bench-analysis`: how many sessions a second a core analyses, and whether that is linear in events.

Prints sessions of 36 messages (12 prompts and answers, 12 calls with their results, some of them failures) a
second, the cost of one event in sessions of 1,000 to 200,000 events, and one session with 100 MB of output.
"""

import gc
import time
from typing import Final

import machine
from debrief.analysis import analyse
from debrief.model import Event, FileEdit, Session
from debrief.pipeline.workers import COLLECT_AFTER

MESSAGES: Final = 36
SIZES: Final = (1_000, 10_000, 100_000, 200_000)
START_US: Final = 1_790_000_000_000_000

FAILURE: Final = (
    "Traceback (most recent call last):\n"
    + "".join(f'  File "src/app/part_{n}.py", line {n}, in run\n    work({n})\n' for n in range(12))
    + "ModuleNotFoundError: No module named 'widgets'"
)
RED: Final = "FAILED tests/test_a.py::test_b - assert 1 == 2\n1 failed, 41 passed in 2.1s"
GREEN: Final = "\n".join(f"tests/test_{n}.py ......" for n in range(20)) + "\n120 passed in 2.1s"
SOURCE: Final = "\n".join(f"def part_{n}(value: int) -> int:\n    return value + {n}\n" for n in range(60))


def session(events: int, text: str = SOURCE) -> Session:
    """A session of so many events: asked, read, changed, tested, now red, now green."""
    made: list[Event] = []
    number = 0
    while len(made) < events:
        made += _round(len(made), number, text)
        number += 1
    return Session(
        format="bench",
        parser_version=1,
        native_id="bench",
        agent="An agent",
        cwd="/work/app",
        initial_user_message=made[0].text,
        started_us=START_US,
        last_event_us=made[-1].ts_us,
        end_state="finished",
        events=tuple(made[:events]),
    )


def _round(first: int, number: int, text: str) -> list[Event]:
    path = f"src/app/part_{number % 40}.py"
    told = (RED, FAILURE, GREEN, GREEN)[number % 4]
    happened: list[dict[str, object]] = [
        {"kind": "prompt", "actor": "user", "text": f"Please change part {number} so that it adds up."},
        {"kind": "message", "actor": "assistant", "text": "I will read it first, then change it."},
        {"kind": "tool_call", "actor": "assistant", "tool": "Read", "tool_kind": "read", "path": path},
        {"kind": "tool_result", "actor": "tool", "tool_kind": "read", "text": text, "outcome": "ok"},
        {
            "kind": "tool_call",
            "actor": "assistant",
            "tool": "Edit",
            "tool_kind": "edit",
            "path": path,
            "edits": (FileEdit(path=path, old=f"value + {number}", new=f"value + {number + 1}"),),
        },
        {"kind": "tool_result", "actor": "tool", "tool_kind": "edit", "text": "Done.", "outcome": "ok"},
        {
            "kind": "tool_call",
            "actor": "assistant",
            "tool": "Bash",
            "tool_kind": "shell",
            "command": "cd app && python -m pytest -q tests",
        },
        {
            "kind": "tool_result",
            "actor": "tool",
            "tool_kind": "shell",
            "text": told,
            "outcome": "ok" if told is GREEN else "error",
            "exit_code": 0 if told is GREEN else 1,
        },
        {"kind": "message", "actor": "assistant", "text": f"Part {number} is changed."},
    ]
    events = []
    for place, values in enumerate(happened):
        ordinal = first + place
        call = f"call-{number}-{place // 2}" if str(values["kind"]).startswith("tool") else None
        ts = START_US + ordinal * 4_000_000
        events.append(Event(ordinal=ordinal, ts_us=ts, call_id=call, **values))  # type: ignore[arg-type]
    return events


def _rate(one: Session) -> float:
    count = 100
    began = time.process_time()
    for _ in range(count):
        analyse(one)
    return count / (time.process_time() - began)


def main() -> None:
    """Run."""
    for name, value in machine.told().items():
        print(f"{name}: {value}")
    one = session(MESSAGES)
    analyse(one)
    gc.set_threshold(COLLECT_AFTER)  # as in the workers of an import
    rates = sorted(_rate(one) for _ in range(9))
    told = f"{rates[4]:,.0f} a second and core, the median of 9 rounds ({rates[0]:,.0f} to {rates[-1]:,.0f})"
    print(f"\nsessions of {MESSAGES} messages: {told}; bar: 400")
    for size in SIZES:
        large = session(size)
        began = time.process_time()
        analyse(large)
        took = time.process_time() - began
        print(f"{size:>9,} events: {took:6.2f} s, {took / size * 1e6:5.1f} us an event")
    output = "\n".join(
        f"{n:08d} a line of a log that a tool has printed, as long as lines are" for n in range(14_000)
    )
    heavy = session(900, output)
    size_mb = sum(len(event.text) for event in heavy.events) / 1e6
    began = time.process_time()
    analyse(heavy)
    print(f"{size_mb:,.0f} MB of output: {time.process_time() - began:.2f} s (bar, with parsing: 10)")


if __name__ == "__main__":
    main()
