"""The rules of ATIF v1.7 as its strict readers hold them: no key that the specification does not name.

Written by hand after the specification (RFC 0001 of the Harbor framework), so that no test needs its program.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

_KEYS = {
    "trajectory": "schema_version session_id trajectory_id agent steps notes final_metrics"
    " continued_trajectory_ref extra subagent_trajectories",
    "agent": "name version model_name tool_definitions extra",
    "step": "step_id timestamp source model_name reasoning_effort message reasoning_content tool_calls"
    " observation metrics is_copied_context llm_call_count extra",
    "call": "tool_call_id function_name arguments extra",
    "result": "source_call_id content subagent_trajectory_ref extra",
    "ref": "trajectory_id session_id trajectory_path extra",
    "metrics": "prompt_tokens completion_tokens cached_tokens cost_usd prompt_token_ids"
    " completion_token_ids logprobs extra",
    "final_metrics": "total_prompt_tokens total_completion_tokens total_cached_tokens total_cost_usd"
    " total_steps extra",
}
_OF_AGENTS = ("model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics")


def broken(trajectory: dict[str, Any]) -> list[str]:
    """The rules that `trajectory` breaks; none for a valid one."""
    return list(_trajectory(trajectory))


def _keys(kind: str, value: dict[str, Any]) -> Iterator[str]:
    for key in value.keys() - set(_KEYS[kind].split()):
        yield f"{kind}: {key!r} is no key of the specification"
    if any(found is None for found in value.values()):
        yield f"{kind}: a null instead of nothing"
    if not isinstance(value.get("extra", {}), dict):
        yield f"{kind}: extra is no object"


def _trajectory(value: dict[str, Any]) -> Iterator[str]:
    yield from _keys("trajectory", value)
    if value.get("schema_version") != "ATIF-v1.7":
        yield "schema_version"
    agent = value["agent"]
    yield from _keys("agent", agent)
    if not (isinstance(agent.get("name"), str) and isinstance(agent.get("version"), str)):
        yield "agent: name and version are needed"
    if not value["steps"]:
        yield "no steps"
    for number, step in enumerate(value["steps"], start=1):
        if step.get("step_id") != number:
            yield f"step {number} is numbered {step.get('step_id')}"
        yield from _step(step)
    final = value.get("final_metrics", {})
    yield from _keys("final_metrics", final)
    yield from _numbers(final)
    children = value.get("subagent_trajectories", [])
    names = [child.get("trajectory_id") for child in children]
    if len(set(names)) < len(names) or None in names:
        yield "sub-agents without a name of their own"
    for child in children:
        yield from _trajectory(child)


def _numbers(value: dict[str, Any]) -> Iterator[str]:
    for key, number in value.items():
        if key.endswith(("_tokens", "_steps")) and not (isinstance(number, int) and number >= 0):
            yield f"{key} is {number!r}"


def _step(step: dict[str, Any]) -> Iterator[str]:
    yield from _keys("step", step)
    if step.get("source") not in ("system", "user", "agent"):
        yield "step: source"
    if not isinstance(step.get("message"), str):
        yield "step: message"
    if "timestamp" in step:
        datetime.fromisoformat(step["timestamp"])
    if step["source"] != "agent" and any(key in step for key in _OF_AGENTS):
        yield "step: a field of agents in a step of another source"
    if step.get("llm_call_count") == 0 and ("metrics" in step or "reasoning_content" in step):
        yield "step: numbers of a model that was not called"
    if "metrics" in step:
        yield from _keys("metrics", step["metrics"])
        yield from _numbers(step["metrics"])
    yield from _acting(step)


def _acting(step: dict[str, Any]) -> Iterator[str]:
    ids = set()
    for call in step.get("tool_calls", []):
        yield from _keys("call", call)
        ids.add(call["tool_call_id"])
        if not (isinstance(call["function_name"], str) and isinstance(call["arguments"], dict)):
            yield "call: name and arguments"
    for result in step.get("observation", {"results": []})["results"]:
        yield from _keys("result", result)
        if "source_call_id" in result and result["source_call_id"] not in ids:
            yield "result: of a call that is not of its step"
        for ref in result.get("subagent_trajectory_ref", []):
            yield from _keys("ref", ref)
            if not ("trajectory_id" in ref or "trajectory_path" in ref):
                yield "ref: leads nowhere"
