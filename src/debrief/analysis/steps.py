"""A Session goes in, the View that detectors, timeline and prompt read comes out.

Calls are paired with results by call id within a chain. A result without a call stands for itself, a call
without a result stays open, and an id that is used again begins a new pair.
"""

from debrief.analysis.checks import CheckOutcome, read_check
from debrief.analysis.shell import NOTHING, Line, failure_expected, read_line
from debrief.analysis.view import Family, Step, View
from debrief.model import Event, Outcome, Session, ToolKind

_CASCADE = "Sibling tool call errored"

_FAMILIES: dict[ToolKind, Family] = {
    "read": "read",
    "search": "search",
    "edit": "edit",
    "write": "edit",
    "fetch": "net",
    "plan": "plan",
    "agent": "agent",
    "ask": "ask",
    "mcp": "other",
    "other": "other",
    "shell": "run",
}

_CHECKS = frozenset({"test", "build", "lint"})


def build_view(session: Session) -> View:
    """The view of `session`: replayed history left out, sub-agents' steps apart."""
    own = [event for event in session.events if not event.replayed]
    main = [event for event in own if event.agent is None]
    chains: dict[str, list[Event]] = {}
    for event in own:
        if event.agent is not None:
            chains.setdefault(event.agent, []).append(event)
    return View(
        session=session,
        events=tuple(main),
        steps=_steps(main),
        agent_steps=tuple(step for chain in chains.values() for step in _steps(chain)),
        prompts=tuple(event for event in main if event.kind == "prompt"),
        messages=tuple(
            event
            for event in main
            if event.kind == "message" and event.actor == "assistant" and not event.injected
        ),
    )


def _steps(events: list[Event]) -> tuple[Step, ...]:
    pairs: list[tuple[Event, Event | None]] = []
    open_calls: dict[str, int] = {}
    last_open = -1
    for event in events:
        if event.kind == "tool_call":
            if event.call_id:
                open_calls[event.call_id] = len(pairs)
            else:
                last_open = len(pairs)
            pairs.append((event, None))
        elif event.kind == "tool_result":
            if event.call_id:
                place = open_calls.pop(event.call_id, -1)
            else:
                place, last_open = last_open, -1
            if place < 0:
                pairs.append((event, event))
            else:
                pairs[place] = (pairs[place][0], event)
    return tuple(_step(i, call, result) for i, (call, result) in enumerate(pairs))


def _step(index: int, call: Event, result: Event | None) -> Step:
    line = read_line(call.command) if call.command else NOTHING
    family, target = _family(call, line)
    outcome: Outcome = (result.outcome or "unknown") if result else "unknown"
    text = result.text if result else ""
    masked = (
        outcome == "cascade"
        or (line.chosen >= 0 and failure_expected(line, exit_code=_exit_code(result), output=text))
        or (outcome == "error" and _CASCADE in text[:200])
    )
    check = CheckOutcome()
    if family in _CHECKS and result is not None and outcome not in {"rejected", "cascade", "interrupted"}:
        check = read_check(
            text,
            outcome=outcome,
            exit_code=result.exit_code,
            exit_hidden=line.exit_hidden or line.excused,
        )
    return Step(
        index=index,
        call=call,
        result=result,
        family=family,
        target=target,
        parts=line.parts,
        outcome=outcome,
        masked=masked,
        exit_hidden=line.exit_hidden,
        red=check.red,
        failing=check.failing,
        failed_count=check.failed_count,
        started_us=call.ts_us,
        ended_us=result.ts_us if result else None,
    )


def _exit_code(result: Event | None) -> int | None:
    return result.exit_code if result else None


def _family(call: Event, line: Line) -> tuple[Family, str]:
    if line.chosen >= 0:
        return line.family, line.target
    kind = call.tool_kind or "other"
    if kind == "shell" and not call.edits:
        return "other", call.tool or ""
    if call.edits and kind in {"other", "mcp", "shell"}:
        return "edit", call.path or call.edits[0].path
    family = _FAMILIES[kind]
    target = call.path or (call.edits[0].path if call.edits else "") or call.tool or ""
    return family, target
