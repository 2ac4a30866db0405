"""How a session's numbers came about: rows read and not counted, calls, prices, and the naive sum beside it.

The same facts as JSON for programs and as text for people; nothing is computed here that is not kept with
the session.
"""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from debrief.model import Cost, ModelCall, Session, StoredSession, total_tokens
from debrief.model.session import BUCKETS

_WORDS = {
    "input": "input, not cached",
    "cache_read": "read from the cache",
    "cache_write": "written to the cache",
    "output": "output",
    "reasoning": "reasoning",
}


_OLD = (
    "An earlier version of Debrief stored it, which did not keep how its numbers came about; "
    "`debrief reparse` reads it again."
)
_UNKNOWN = "an earlier version did not keep by which rule"


def explain_json(stored: StoredSession) -> dict[str, Any]:
    """The document that `debrief explain --json` prints."""
    session = stored.session
    tokens, qualities = total_tokens(session)
    usage = session.usage
    return {
        "session_id": stored.session_id,
        "format": session.format,
        "parser_version": session.parser_version,
        "rows": {
            "read": usage.rows,
            "repeated": usage.repeated,
            "replayed": usage.replayed,
            "calls": len(session.model_calls),
            "calls_of_subagents": sum(call.agent is not None for call in session.model_calls),
        },
        "tokens": {
            bucket: {
                "counted": getattr(tokens, bucket),
                "quality": qualities[bucket],
                "naive": getattr(usage.naive, bucket),
                "lower_bound_calls": sum(bucket in call.lower_bound for call in session.model_calls),
                "unknown_calls": sum(getattr(call.tokens, bucket) is None for call in session.model_calls),
            }
            for bucket in BUCKETS
        },
        "models": [_model(name, calls, stored.cost) for name, calls in _by_model(session).items()],
        "cost": {
            "usd_micros": stored.cost.cost_usd_micros,
            "quality": stored.cost.quality,
            "rule": _cost_rule(session, stored.cost),
            "priced_calls": stored.cost.priced_calls,
            "unpriced_models": list(stored.cost.unpriced_models),
            "prices": stored.cost.prices,
        },
        "acus": {
            "consumed": stored.cost.acus,
            "rule": stored.cost.acu_rule,
            "usd_per_acu": stored.cost.usd_per_acu,
            "active_minutes": stored.cost.active_minutes,
            "minutes_per_acu": stored.cost.minutes_per_acu,
        },
        "pull_requests": [
            {"url": pull.url, "created": pull.created, "evidence": pull.evidence, "event": pull.event}
            for pull in session.pull_requests
        ],
        "relation": session.relation,
        "parent_id": session.parent_id,
        "opaque_records": session.opaque_count,
        "faults": session.fault_count,
        "fault_sentences": list(session.faults),
    }


def explain(console: Console, stored: StoredSession) -> None:
    """Print it for a person."""
    told = explain_json(stored)
    rows, cost, acus = told["rows"], told["cost"], told["acus"]
    console.print(
        f"{told['session_id']}: {stored.session.agent}, {told['format']} parser {told['parser_version']}",
        markup=False,
    )
    if not stored.cost.prices:
        console.print(f"\n{_OLD}", markup=False)
    console.print(
        f"\n{rows['read']} rows state tokens: {rows['repeated']} repeat a call, {rows['replayed']} are "
        f"another session's history; {rows['calls']} calls count"
        + (f", {rows['calls_of_subagents']} of them sub-agents'." if rows["calls_of_subagents"] else "."),
        markup=False,
    )
    table = Table("tokens", "counted", "how sure", "naive sum", "naive / counted", box=None)
    for bucket, one in told["tokens"].items():
        counted, naive = one["counted"], one["naive"]
        table.add_row(
            _WORDS[bucket],
            "unknown" if counted is None else f"{counted:,}",
            _sure(one),
            "-" if naive is None else f"{naive:,}",
            f"{naive / counted:.2f}" if counted and naive is not None else "-",
        )
    console.print(table)
    for model in told["models"]:
        console.print(f"  {model['model']}: {model['calls']} calls, {model['price']}", markup=False)
    money = "unknown" if cost["usd_micros"] is None else f"${cost['usd_micros'] / 1e6:,.4f}"
    console.print(f"\nCost: {money} ({cost['quality'].replace('_', ' ')}): {cost['rule']}.", markup=False)
    console.print(f"ACUs: {acus['consumed']}, {_acu_rule(stored.cost)}.", markup=False)
    for pull in told["pull_requests"]:
        did = "created" if pull["created"] else "mentioned"
        console.print(
            f"Pull request {did} ({pull['evidence']}, event {pull['event']}): {pull['url']}", markup=False
        )
    if told["relation"]:
        console.print(
            f"It is a {told['relation']} of {told['parent_id'] or 'a session that is not known'}.",
            markup=False,
        )
    if told["opaque_records"] or told["faults"]:
        console.print(f"{told['opaque_records']} opaque records, {told['faults']} faults", end="")
        console.print("".join(f"\n  {sentence}" for sentence in told["fault_sentences"]), markup=False)


def _by_model(session: Session) -> dict[str | None, list[ModelCall]]:
    found: dict[str | None, list[ModelCall]] = {}
    for call in session.model_calls:
        found.setdefault(call.model, []).append(call)
    return found


def _model(name: str | None, calls: list[ModelCall], cost: Cost) -> dict[str, Any]:
    stated = sum(call.cost_usd_micros is not None for call in calls)
    if stated == len(calls):
        price = "the transcript states their cost"
    elif name is None:
        price = "no model is named, so no price is known"
    elif name in cost.unpriced_models:
        price = "the price table does not know the model: not in the sum"
    elif not cost.prices:
        price = _UNKNOWN
    else:
        price = f"priced by genai-prices {cost.prices}"
    return {"model": name or "unnamed", "calls": len(calls), "price": price}


def _cost_rule(session: Session, cost: Cost) -> str:
    if not cost.prices:
        return _UNKNOWN
    if session.native_cost_usd_micros is not None:
        return "the transcript states it for the whole session"
    if cost.acu_rule == "stated":
        return f"the ACUs that the transcript states, at ${cost.usd_per_acu} each"
    if cost.cost_usd_micros is None:
        return "no call could be priced" if session.model_calls else "the transcript states no call"
    bounds = Counter(bucket for call in session.model_calls for bucket in call.lower_bound)
    parts = [f"the sum of {cost.priced_calls} of {len(session.model_calls)} calls"]
    if cost.unpriced_models:
        parts.append(f"without price: {', '.join(cost.unpriced_models)}")
    if bounds:
        told = ", ".join(f"{_WORDS.get(name, name)} of {number} calls" for name, number in bounds.items())
        parts.append(f"too small for certain: {told}")
    return "; ".join(parts)


def _acu_rule(cost: Cost) -> str:
    if cost.acu_rule == "stated":
        return f"as the transcript states them (${cost.usd_per_acu} an ACU)"
    if cost.acu_rule == "cost":
        return f"the cost at ${cost.usd_per_acu} an ACU"
    if cost.acu_rule == "active_minutes":
        return f"as no cost is known: {cost.active_minutes} active minutes at {cost.minutes_per_acu} an ACU"
    if not cost.prices:
        return _UNKNOWN
    return "as neither cost nor time is known"


def _sure(one: dict[str, Any]) -> str:
    if one["quality"] != "lower_bound":
        return str(one["quality"])
    unsure = max(one["lower_bound_calls"], one["unknown_calls"])
    return f"at least ({unsure} calls say too little)"
