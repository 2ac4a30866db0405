"""ATIF v1.7, the interchange format of agents' trajectories: a StoredSession with events in, bytes out.

A step is a turn: reasoning, text, calls, and the calls' results beside them. What the format has no place for
(outcomes, exit codes, kinds of events, who and where) stands in `extra` under one key, from which the session
can be read back; readers of the format refuse any other key that it does not name. Unknown is left out.
"""

from typing import Any

import msgspec

from debrief.model import Event, ModelCall, Session, StoredSession, Tokens, total_tokens
from debrief.model.session import BUCKETS
from debrief.wire.v2 import wire_time

SCHEMA = "ATIF-v1.7"
KEY = "debrief"
"""Our own part of each `extra`."""

_OF_SESSION = ("format", "user", "repository", "cwd", "branch", "commit", "surface", "title", "title_source")
_OF_SESSION_TOO = ("initial_user_message", "parent_id", "relation", "end_state", "end_reason")
_PARTS = {"reasoning": 0, "message": 1, "tool_call": 2, "tool_result": 3}
"""The order within a turn."""


def render(stored: StoredSession) -> bytes:
    """The trajectory of `stored`, whose session must hold its events."""
    session = stored.session
    agents = dict.fromkeys(
        name for name in (*(e.agent for e in session.events), *(c.agent for c in session.model_calls)) if name
    )
    trajectories = {name: _Steps(session, name) for name in agents}
    main = _Steps(session, None)
    unnamed = [name for name in agents if not main.refers_to(name, trajectories[name].call_id)]
    main.start(unnamed)
    root = _trajectory(session, main, trajectory_id=None)
    root["session_id"] = session.native_id or stored.session_id
    root["extra"] = {KEY: _of_session(stored)}
    cost = session.native_cost_usd_micros
    if cost is not None:
        root["final_metrics"]["total_cost_usd"] = cost / 1_000_000
    if trajectories:
        root["subagent_trajectories"] = [
            _trajectory(session, steps, trajectory_id=name) for name, steps in trajectories.items()
        ]
    return msgspec.json.encode(root)


def _trajectory(session: Session, steps: "_Steps", *, trajectory_id: str | None) -> dict[str, Any]:
    models = [call.model for call in steps.calls if call.model]
    agent: dict[str, Any] = {"name": session.agent, "version": session.agent_version or "unknown"}
    if models:
        agent["model_name"] = max(dict.fromkeys(models), key=models.count)
    found: dict[str, Any] = {"schema_version": SCHEMA}
    if trajectory_id is not None:
        found["trajectory_id"] = trajectory_id
    written = steps.written()
    final = _totals(steps.calls)
    final["total_steps"] = len(written)
    found |= {"agent": agent, "steps": written, "final_metrics": final}
    if trajectory_id is not None:
        found["extra"] = {KEY: {"agent": trajectory_id}}
    return found


def _of_session(stored: StoredSession) -> dict[str, Any]:
    session = stored.session
    found = {name: getattr(session, name) for name in (*_OF_SESSION, *_OF_SESSION_TOO)}
    found |= {
        "session_id": stored.session_id,
        "org_id": stored.org_id,
        "user_id": stored.user_id,
        "status": stored.status,
        "tags": list(stored.tags) or None,
        "started_us": session.started_us,
        "last_event_us": session.last_event_us,
        "native_cost_usd_micros": session.native_cost_usd_micros,
        "cost_usd_micros": stored.cost.cost_usd_micros,
        "cost_quality": stored.cost.quality,
        "token_quality": total_tokens(session)[1],
        "opaque_count": session.opaque_count or None,
        "faults": list(session.faults) or None,
        "pull_requests": [msgspec.to_builtins(pull) for pull in session.pull_requests] or None,
    }
    return _known(found)


class _Steps:
    """The steps of one agent's chain, built in the order of its events."""

    def __init__(self, session: Session, agent: str | None) -> None:
        self._steps: list[dict[str, Any]] = []
        self._part = 0
        self._replayed = False
        self._open: dict[str, dict[str, Any]] = {}
        self._by_event: dict[int, dict[str, Any]] = {}
        self._results: dict[str, dict[str, Any]] = {}
        self._beside: dict[int, list[dict[str, Any]]] = {}
        self.calls = [call for call in session.model_calls if call.agent == agent]
        self.call_id: str | None = None
        begins = {call.event for call in self.calls}
        for event in session.events:
            if event.agent == agent:
                if event.kind == "subagent":
                    self.call_id = self.call_id or event.call_id
                self._take(event, begins_call=event.ordinal in begins)
        for call in self.calls:
            self._count(call)

    def written(self) -> list[dict[str, Any]]:
        """The steps, numbered; the format wants one at least."""
        steps = [one for step in self._steps for one in (step, *self._beside.get(id(step), []))]
        steps += self._beside.get(0, [])
        steps = steps or [{"source": "system", "message": "", "extra": {KEY: {"kind": "nothing"}}}]
        return [{"step_id": number, **step} for number, step in enumerate(steps, start=1)]

    def refers_to(self, agent: str, call_id: str | None) -> bool:
        """Refer to the trajectory of `agent` from the result of the call that started it, if there is one."""
        owner = self._results.get(call_id) if call_id else None
        if owner is None and call_id and call_id in self._open:
            owner = {"source_call_id": call_id}
            self._observe(self._open[call_id], owner)
            self._results[call_id] = owner
        if owner is None:
            return False
        owner.setdefault("subagent_trajectory_ref", []).append({"trajectory_id": agent})
        return True

    def start(self, agents: list[str]) -> None:
        """Refer to trajectories that no call is known to have started."""
        if agents:
            refs = [{"trajectory_id": agent} for agent in agents]
            step = {"source": "system", "message": "", "extra": {KEY: {"kind": "nothing"}}}
            self._observe(step, {"subagent_trajectory_ref": refs})
            self._steps.append(step)

    def _take(self, event: Event, *, begins_call: bool) -> None:
        if event.kind == "tool_result":
            self._result(event)
        elif event.kind in ("reasoning", "tool_call") or (
            event.kind == "message" and event.actor == "assistant" and not event.injected
        ):
            self._turn(event, begins_call=begins_call)
        elif event.kind == "turn_end" and self._steps and self._can_end():
            marks = _known({"actor": event.actor, "us": event.ts_us, "duration_ms": event.duration_ms})
            _mark(self._steps[-1], {"turn_end": marks | _known({"text": event.text or None})})
        else:
            self._alone(event)

    def _can_end(self) -> bool:
        step = self._steps[-1]
        return step["source"] == "agent" and "turn_end" not in step.get("extra", {}).get(KEY, {})

    def _alone(self, event: Event) -> None:
        """A step for an event that is no part of a turn of the model."""
        is_prompt = event.kind == "prompt" and event.actor == "user" and not event.injected
        step = self._begin(event, "user" if is_prompt or event.kind == "interrupt" else "system")
        step["message"] = event.text
        if is_prompt:
            _mark(step, _known({"native_id": event.native_id}))
            return
        marks: dict[str, Any] = {"kind": event.kind, "actor": event.actor, "injected": event.injected or None}
        marks |= {"native_id": event.native_id, "call_id": event.call_id, "duration_ms": event.duration_ms}
        _mark(step, _known(marks))

    def _turn(self, event: Event, *, begins_call: bool) -> None:
        """A part of a turn: in the step before it, where it belongs to the same call of the model."""
        part = _PARTS[event.kind]
        step = self._steps[-1] if self._steps else {}
        is_later = part > self._part or part == self._part == _PARTS["tool_call"]
        goes_on = (
            step.get("source") == "agent"
            and is_later
            and not begins_call
            and event.replayed == self._replayed
            and "turn_end" not in step.get("extra", {}).get(KEY, {})
        )
        if not goes_on:
            step = self._begin(event, "agent")
            step["message"] = ""
        self._part = part
        self._by_event[event.ordinal] = step
        if event.kind == "reasoning":
            step["reasoning_content"] = event.text
        elif event.kind == "message":
            step["message"] = event.text
            if goes_on and event.ts_us is not None and step.get("timestamp") != wire_time(event.ts_us):
                _mark(step, {"message_us": event.ts_us})
        else:
            step.setdefault("tool_calls", []).append(_call(event))
            if event.call_id:
                self._open[event.call_id] = step

    def _result(self, event: Event) -> None:
        """A result stands with its call, however late it came; one without a call in a step of its own."""
        result: dict[str, Any] = {"content": event.text}
        marks: dict[str, Any] = {
            "outcome": event.outcome or "unknown",
            "exit_code": event.exit_code,
            "us": event.ts_us,
        }
        marks |= {"duration_ms": event.duration_ms, "native_id": event.native_id}
        _mark(result, _known(marks))
        step = self._open.pop(event.call_id, None) if event.call_id else None
        if step is None:
            step = self._begin(event, "agent")
            step["message"] = ""
            _mark(step, {"kind": "nothing"})
            _mark(result, _known({"call_id": event.call_id}))
        else:
            result["source_call_id"] = event.call_id
        if step is self._steps[-1]:
            self._part = _PARTS["tool_result"]
        self._by_event[event.ordinal] = step
        self._observe(step, result)
        if event.call_id:
            self._results[event.call_id] = result

    def _begin(self, event: Event, source: str) -> dict[str, Any]:
        step: dict[str, Any] = {"source": source}
        if event.ts_us is not None:
            step["timestamp"] = wire_time(event.ts_us)
        if event.replayed:
            step["is_copied_context"] = True
        self._steps.append(step)
        self._part, self._replayed = -1, event.replayed
        self._by_event[event.ordinal] = step
        return step

    def _count(self, call: ModelCall) -> None:
        """Put the numbers of `call` on its turn; on one of its own where there is none, or it has some."""
        step = self._by_event.get(call.event) if call.event is not None else None
        if step is None or step["source"] != "agent" or "metrics" in step or step.get("is_copied_context"):
            beside = self._beside.setdefault(0 if step is None else id(step), [])
            step = {"source": "agent", "message": "", "extra": {KEY: {"kind": "call"}}}
            if call.ts_us is not None:
                step["timestamp"] = wire_time(call.ts_us)
            beside.append(step)
        if call.model:
            step["model_name"] = call.model
        step["llm_call_count"] = 1
        step["metrics"] = _metrics(call)

    @staticmethod
    def _observe(step: dict[str, Any], result: dict[str, Any]) -> None:
        step.setdefault("observation", {"results": []})["results"].append(result)


def _call(event: Event) -> dict[str, Any]:
    try:
        arguments = msgspec.json.decode(event.args) if event.args else {}
        if "\\ud" in event.args.lower():
            # Half of a character, escaped, cannot be written again.
            msgspec.json.encode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        arguments = None
    marks: dict[str, Any] = {
        "kind": event.tool_kind or "other",
        "command": event.command,
        "path": event.path,
        "args": event.args or None,
        "edits": [msgspec.to_builtins(edit) for edit in event.edits] or None,
        "us": event.ts_us,
        "text": event.text or None,
        "native_id": event.native_id,
    }
    if not isinstance(arguments, dict):
        arguments = {"input": event.args}
    if not arguments:
        arguments = _known({"command": event.command, "path": event.path})
    return {
        "tool_call_id": event.call_id or f"event-{event.ordinal}",
        "function_name": event.tool or "unknown",
        "arguments": arguments,
        "extra": {KEY: _known(marks)},
    }


def _metrics(call: ModelCall) -> dict[str, Any]:
    marks = {"key": call.key, "us": call.ts_us, "lower_bound": list(call.lower_bound) or None}
    found = _algebra(call.tokens, "")
    if call.cost_usd_micros is not None:
        found["cost_usd"] = call.cost_usd_micros / 1_000_000
    extra = found.setdefault("extra", {})
    if call.cache_write_1h is not None:
        extra["cache_creation"] = {"ephemeral_1h_input_tokens": call.cache_write_1h}
    extra[KEY] = _known(marks)
    return found


def _totals(calls: list[ModelCall]) -> dict[str, Any]:
    sums: dict[str, int | None] = {}
    for bucket in BUCKETS:
        known = [value for call in calls if (value := getattr(call.tokens, bucket)) is not None]
        sums[bucket] = sum(known) if known else None
    found = _algebra(Tokens(**sums), "total_")
    costs = [call.cost_usd_micros for call in calls if call.cost_usd_micros is not None]
    if costs and len(costs) == len(calls):
        found["total_cost_usd"] = sum(costs) / 1_000_000
    return found


def _algebra(tokens: Tokens, prefix: str) -> dict[str, Any]:
    """The format's numbers: the prompt includes what came from a cache and what went into one."""
    found: dict[str, Any] = {}
    if tokens.input is not None:
        found[f"{prefix}prompt_tokens"] = tokens.input + (tokens.cache_read or 0) + (tokens.cache_write or 0)
    if tokens.cache_read is not None:
        found[f"{prefix}cached_tokens"] = tokens.cache_read
    if tokens.output is not None:
        found[f"{prefix}completion_tokens"] = tokens.output + (tokens.reasoning or 0)
    extra = _known(
        {
            f"{prefix}cache_creation_input_tokens": tokens.cache_write,
            f"{prefix}reasoning_tokens": tokens.reasoning,
        }
    )
    return found | ({"extra": extra} if extra else {})


def _mark(value: dict[str, Any], marks: dict[str, Any]) -> None:
    if marks:
        extra = value.setdefault("extra", {})
        extra[KEY] = extra.get(KEY, {}) | marks


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
