"""A session as detectors read it: steps (a call with its result) with their family, and what people typed.

Built once per session by `build_view`; detectors, timeline and prompt read it and nothing else.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from debrief.model import Event, Outcome, Session

Family = Literal[
    "read",
    "search",
    "edit",
    "run",
    "test",
    "build",
    "lint",
    "vcs",
    "net",
    "install",
    "plan",
    "agent",
    "ask",
    "other",
]


class Part(Struct, frozen=True):
    """One simple command of a shell line: `a && b | c` has three.

    `words` are without assignments and wrappers such as `sudo`, `time`, `env`; `family` and
    `target` are as in `Step`.
    """

    text: str
    words: tuple[str, ...]
    family: Family
    target: str


class Step(Struct, frozen=True, kw_only=True):
    """One tool call with its result.

    `index` counts the steps of its chain from 0. `family` and `target` classify it: a shell line by its last
    part that changes state or checks something. `target` is what the family acts on, normalised: a path
    (read, edit), the runner (test, build, lint: "pytest", "go test", "npm run build"), "git push" (vcs), the
    package manager (install), the program (run; with its script where an interpreter runs one).
    `parts` are the simple commands of a shell line, empty for other tools.
    `outcome` is the result's, or "unknown" without one. `masked` means that a failure is expected or
    discarded by the command itself (`|| true`, `which x`, `grep` that finds nothing). `exit_hidden` means
    that the exit code is that of a later filter (`| tail`), so success says nothing.
    `red` is for test, build and lint: True failed, False passed, None cannot be told. `failing` are the names
    of failing tests that the output shows, `failed_count` their number where the summary states it.
    `started_us` and `ended_us` are the events' times where known.
    """

    index: int
    call: Event
    result: Event | None
    family: Family
    target: str
    parts: tuple[Part, ...] = ()
    outcome: Outcome = "unknown"
    masked: bool = False
    exit_hidden: bool = False
    red: bool | None = None
    failing: tuple[str, ...] = ()
    failed_count: int | None = None
    started_us: int | None = None
    ended_us: int | None = None

    @property
    def text(self) -> str:
        """The result's text, empty without one."""
        return self.result.text if self.result else ""

    @property
    def command(self) -> str:
        """The shell line, empty for other tools."""
        return self.call.command or ""

    @property
    def failed(self) -> bool:
        """A failure that counts: the tool says error, and the command did not expect or discard it."""
        return self.outcome == "error" and not self.masked

    @property
    def last_ordinal(self) -> int:
        """The ordinal of the result, or of the call without one."""
        return self.result.ordinal if self.result else self.call.ordinal


class View(Struct, frozen=True, kw_only=True):
    """See the module.

    `steps`: of the main chain, in file order, without replayed history. `agent_steps`: those of sub-agents.
    `prompts`: what people typed, in order (kind "prompt", main chain, not replayed). `messages`: the
    assistant's texts. `events`: the main chain's events, without replayed history.
    """

    session: Session
    events: tuple[Event, ...]
    steps: tuple[Step, ...]
    agent_steps: tuple[Step, ...]
    prompts: tuple[Event, ...]
    messages: tuple[Event, ...]

    @property
    def last_message(self) -> Event | None:
        """The assistant's last text, if the session has one."""
        return self.messages[-1] if self.messages else None


def stops_at_work(events: Sequence[Event]) -> frozenset[int]:
    """The interruptions before which the agent had said or done something about the last prompt."""
    found: list[int] = []
    begun = False
    for event in events:
        if event.kind == "prompt":
            begun = False
        elif event.kind == "interrupt":
            found += [event.ordinal] if begun else []
        elif event.kind in ("tool_call", "tool_result"):
            begun = True
        else:
            said = event.kind == "message" and event.actor == "assistant" and not event.injected
            begun = begun or said
    return frozenset(found)
