"""Sessions for tests in a few words: `session(prompt("fix it"), shell("pytest", exit_code=1))`.

Each function gives the events of one happening; `session` numbers them, dates them one second apart and gives
calls their ids. `at` (seconds since the start) moves the clock, and what follows goes on from there.
"""

from collections.abc import Sequence

import msgspec

from debrief.model import Actor, Event, EventKind, FileEdit, Outcome, PullRequest, Session, ToolKind
from debrief.model.session import EndState

START_US = 1_750_000_000_000_000
"""When every session built here starts."""

AUTOMATIC = -1

Happening = tuple[Event, ...]


def event(kind: EventKind, actor: Actor, text: str = "", *, at: float | None = None) -> Event:
    ts_us = AUTOMATIC if at is None else START_US + int(at * 1_000_000)
    return Event(ordinal=0, kind=kind, actor=actor, text=text, ts_us=ts_us)


def prompt(text: str, *, at: float | None = None) -> Happening:
    return (event("prompt", "user", text, at=at),)


def say(text: str, *, at: float | None = None) -> Happening:
    return (event("message", "assistant", text, at=at),)


def injected(text: str, *, at: float | None = None) -> Happening:
    """Text that the tool put into the conversation."""
    return (msgspec.structs.replace(event("message", "user", text, at=at), injected=True),)


def think(text: str, *, at: float | None = None) -> Happening:
    return (event("reasoning", "assistant", text, at=at),)


def interrupt(text: str = "[Request interrupted by user]", *, at: float | None = None) -> Happening:
    return (event("interrupt", "user", text, at=at),)


def compaction(text: str = "Conversation compacted", *, at: float | None = None) -> Happening:
    return (event("compaction", "system", text, at=at),)


def api_error(text: str = "API Error: 529 overloaded", *, at: float | None = None) -> Happening:
    return (event("api_error", "system", text, at=at),)


def turn_end(*, at: float | None = None) -> Happening:
    return (event("turn_end", "assistant", at=at),)


def call(
    tool: str,
    kind: ToolKind,
    *,
    output: str | None = "",
    outcome: Outcome = "ok",
    command: str | None = None,
    path: str | None = None,
    args: str = "",
    edits: Sequence[FileEdit] = (),
    exit_code: int | None = None,
    duration_ms: int | None = None,
    at: float | None = None,
    seconds: float = 1,
) -> Happening:
    """A tool call and, unless `output` is None, its result `seconds` later."""
    asked = msgspec.structs.replace(
        event("tool_call", "assistant", at=at),
        tool=tool,
        tool_kind=kind,
        command=command,
        path=path,
        args=args,
        edits=tuple(edits),
        call_id="",
    )
    if output is None:
        return (asked,)
    answered = msgspec.structs.replace(
        event("tool_result", "tool", output),
        tool=tool,
        tool_kind=kind,
        call_id="",
        outcome=outcome,
        exit_code=exit_code,
        duration_ms=duration_ms if duration_ms is not None else int(seconds * 1000),
    )
    return (asked, answered)


def shell(
    command: str,
    *,
    output: str | None = "",
    exit_code: int | None = 0,
    outcome: Outcome | None = None,
    at: float | None = None,
    seconds: float = 1,
) -> Happening:
    """A shell line; without `outcome` the exit code decides between ok and error."""
    judged: Outcome = outcome or ("unknown" if exit_code is None else "error" if exit_code else "ok")
    return call(
        "Shell",
        "shell",
        command=command,
        output=output,
        exit_code=exit_code,
        outcome=judged,
        at=at,
        seconds=seconds,
    )


call_shell = shell


def read(
    path: str, output: str = "contents", *, outcome: Outcome = "ok", at: float | None = None
) -> Happening:
    return call("Read", "read", path=path, output=output, outcome=outcome, at=at)


def search(pattern: str, output: str = "", *, path: str | None = None, at: float | None = None) -> Happening:
    return call("Grep", "search", args=f'{{"pattern":"{pattern}"}}', path=path, output=output, at=at)


def edit(
    path: str,
    old: str = "old",
    new: str = "new",
    *,
    output: str = "edited",
    outcome: Outcome = "ok",
    at: float | None = None,
) -> Happening:
    edits = (FileEdit(path=path, old=old, new=new),)
    return call("Edit", "edit", path=path, edits=edits, output=output, outcome=outcome, at=at)


def write(path: str, new: str = "new", *, output: str = "written", at: float | None = None) -> Happening:
    return call("Write", "write", path=path, edits=(FileEdit(path=path, new=new),), output=output, at=at)


def rejected(happening: Happening, text: str = "The user doesn't want to proceed") -> Happening:
    """The same call, declined by the person with `text`."""
    return tuple(
        msgspec.structs.replace(e, outcome="rejected", text=text, exit_code=None)
        if e.kind == "tool_result"
        else e
        for e in happening
    )


def parallel(*happenings: Happening) -> Happening:
    """All calls first, then all results, as agents do that call several tools at once."""
    marked = [
        [
            msgspec.structs.replace(e, call_id=e.call_id or f"parallel-{id(happenings):x}-{i}")
            for e in happening
        ]
        for i, happening in enumerate(happenings)
    ]
    calls = [e for happening in marked for e in happening if e.kind == "tool_call"]
    return (*calls, *(e for happening in marked for e in happening if e.kind != "tool_call"))


def by_agent(agent: str, *happenings: Happening) -> Happening:
    """The same events, done by the sub-agent `agent`."""
    return tuple(msgspec.structs.replace(e, agent=agent) for happening in happenings for e in happening)


def replayed(*happenings: Happening) -> Happening:
    """The same events, as history that another session's file holds already."""
    return tuple(msgspec.structs.replace(e, replayed=True) for happening in happenings for e in happening)


def session(
    *happenings: Happening,
    timed: bool = True,
    cwd: str | None = "/work/app",
    repository: str | None = "acme/app",
    branch: str | None = None,
    end_state: EndState = "finished",
    pull_requests: Sequence[PullRequest] = (),
) -> Session:
    """Number, date and bind the events of `happenings`; `timed=False` leaves every time unknown."""
    events: list[Event] = []
    clock = START_US - 1_000_000
    open_id = ""
    for happened in (e for happening in happenings for e in happening):
        pause_us = (happened.duration_ms or 1000) * 1000 if happened.kind == "tool_result" else 1_000_000
        clock = clock + pause_us if happened.ts_us == AUTOMATIC else happened.ts_us or clock
        call_id = happened.call_id
        if call_id == "":
            open_id = f"call-{len(events)}" if happened.kind == "tool_call" else open_id
            call_id = open_id
        events.append(
            msgspec.structs.replace(
                happened, ordinal=len(events), ts_us=clock if timed else None, call_id=call_id
            )
        )
    first_prompt = next((e.text for e in events if e.kind == "prompt" and not e.replayed), None)
    return Session(
        format="test",
        parser_version=1,
        native_id="session-1",
        agent="Agent",
        cwd=cwd,
        repository=repository,
        branch=branch,
        initial_user_message=first_prompt,
        started_us=START_US if timed and events else None,
        last_event_us=clock if timed and events else None,
        end_state=end_state,
        events=tuple(events),
        pull_requests=tuple(pull_requests),
    )
