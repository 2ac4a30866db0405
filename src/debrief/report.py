"""What the command line prints of an analysis, a pull or a key: JSON for programs, text for people."""

import time
from typing import Any

from msgspec.structs import asdict
from rich.console import Console
from rich.markup import escape

from debrief.config import Settings
from debrief.metering import cost
from debrief.model import Analysis, Event, Session, StoredSession, total_tokens
from debrief.model.session import BUCKETS
from debrief.pipeline.doctor import Finding
from debrief.pipeline.prepare import session_id_of
from debrief.pipeline.pull import Pulled
from debrief.pipeline.reading import Readings
from debrief.pipeline.reparse import Reparsed
from debrief.store import Key
from debrief.wire import v2

PREVIEW_KEY = b"debrief analyse"
"""Keys the placeholders of secrets where nothing is stored, and so no installation's key is needed."""

FLAGGED = frozenset({"error", "rejected", "cascade", "interrupted"})
"""Outcomes whose result carries the transcript's own error flag, whoever is to blame."""

CHANGES_SHOWN = 20

_WORST = ("missing", "lower_bound", "exact")


def analysis_json(
    format_name: str, session: Session, analysis: Analysis, *, settings: Settings
) -> dict[str, Any]:
    """The document that `debrief analyse --json` prints for one session."""
    now_us = time.time_ns() // 1000
    stored = StoredSession(
        enterprise_id=settings.enterprise_id,
        session_id=session_id_of(session),
        org_id=settings.org_id,
        user_id=session.user,
        status=v2.status_at(session, now_us),
        created_us=session.started_us if session.started_us is not None else now_us,
        updated_us=now_us,
        session=session,
        analysis=analysis,
        cost=cost(
            session,
            usd_per_acu=settings.usd_per_acu,
            active_minutes=analysis.classification.active_minutes if analysis.classification else None,
        ),
    )
    tokens, qualities = total_tokens(session)
    stated = [quality for quality in qualities.values() if quality != "missing"]
    return {
        "format": format_name,
        "session": v2.item(stored, settings.address()),
        "events": [_event(event) for event in session.events],
        "issues": [
            {
                "id": issue.id,
                "label": issue.label,
                "impact": issue.impact,
                "issue": issue.issue,
                "detector": issue.detector,
                "source": issue.source,
                "evidence": list(issue.evidence),
            }
            for issue in analysis.issues
        ],
        "timeline": [asdict(entry) for entry in analysis.timeline],
        "usage": {
            **{bucket: getattr(tokens, bucket) for bucket in BUCKETS},
            "quality": min(stated, key=_WORST.index, default="missing"),
            "qualities": qualities,
        },
        "cost_usd_micros": stored.cost.cost_usd_micros,
        "pull_requests": [asdict(pull) for pull in session.pull_requests],
        "end_state": session.end_state,
        "end_reason": session.end_reason,
        "faults": [*session.faults, *analysis.faults],
        "llm": None if analysis.llm is None else asdict(analysis.llm),
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "ordinal": event.ordinal,
        "kind": event.kind,
        "actor": event.actor,
        "ts": None if event.ts_us is None else v2.wire_time(event.ts_us),
        "tool": event.tool,
        "is_error": event.outcome in FLAGGED,
        "outcome": event.outcome,
        "text": event.text or event.command or event.args,
    }


def show(console: Console, session: Session, analysis: Analysis) -> None:
    """Print one session's analysis for a person."""
    console.print(f"[bold]{escape(session.title or 'Untitled')}[/bold]")
    console.print(
        f"{session.agent}, {len(session.events)} events, {session.end_state}: {session.end_reason}",
        markup=False,
    )
    console.print("\n[bold]Issues[/bold]" if analysis.issues else "\nNo issues.")
    for issue in analysis.issues:
        cited = ", ".join(str(ordinal) for ordinal in issue.evidence)
        console.print(f"  {issue.impact}, {issue.label}: {issue.issue} (events {cited})", markup=False)
    console.print("\n[bold]Timeline[/bold]")
    for entry in analysis.timeline:
        console.print(f"  {entry.title}: {entry.description}", markup=False)
    if analysis.action_items:
        console.print("\n[bold]To do[/bold]")
        for action in analysis.action_items:
            console.print(f"  {action.type}: {action.action_item}", markup=False)
    prompt = analysis.suggested_prompt
    if prompt is not None and prompt.feedback_items:
        console.print("\n[bold]Suggested prompt[/bold]")
        console.print(prompt.suggested_prompt, markup=False)


def show_pulled(console: Console, told: Pulled) -> None:
    """Print what a pull has brought, for a person."""
    since = "everything" if told.since_us is None else f"changes since {v2.wire_time(told.since_us)}"
    console.print(f"Asked for {since}: {told.sessions} sessions, in {told.requests} requests.", markup=False)
    counts = ", ".join(f"{number} {name}" for name, number in told.counts.items() if number)
    console.print(f"Transcripts: {counts or 'nothing to import'}.", markup=False)
    for note in told.notes:
        console.print(f"  {note}", markup=False)


def reparsed_json(told: Reparsed) -> dict[str, Any]:
    """The document that `debrief reparse --json` prints."""
    return {
        "read": told.read,
        "current": told.current,
        "changed": [asdict(one) for one in told.changes],
        "sums": told.sums(),
        "failed": dict(told.failed),
    }


def show_reparsed(console: Console, told: Reparsed) -> None:
    """Print what reading stored sessions again has changed, for a person."""
    console.print(f"{told.read} sessions read again, {told.current} were read by these versions before.")
    console.print(f"{len(told.changes)} changed" + (":" if told.changes else "."))
    for fact, (before, after) in told.sums().items():
        number = sum(fact in one.facts for one in told.changes)
        console.print(f"  {fact} in {number}: {before:,} -> {after:,}", markup=False)
    for one in told.changes[:CHANGES_SHOWN]:
        facts = ", ".join(f"{name} {before} -> {after}" for name, (before, after) in one.facts.items())
        console.print(f"  {one.session_id}: {facts}", markup=False)
    if len(told.changes) > CHANGES_SHOWN:
        console.print(f"  and {len(told.changes) - CHANGES_SHOWN} more; --json has all")
    for reason, number in told.failed.items():
        console.print(f"{number} could not be read again: {reason}", markup=False)


def readings_text(told: Readings) -> str:
    """What became of the sessions that a language model was to read, for people."""
    cost = "at an unknown price" if told.cost_usd_micros is None else f"${told.cost_usd_micros / 1e6:.2f}"
    known = f", {told.known} were read before" if told.known else ""
    faulty = f", {told.faulty} not wholly" if told.faulty else ""
    told_of = (
        f"{told.read} sessions read{faulty}{known}: {told.added} statements added, {told.tokens:,} tokens"
    )
    return f"Language model: {told_of}, {cost}." + (f" Stopped: {told.stopped}." if told.stopped else "")


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding of `debrief doctor` for programs."""
    return {"kind": finding.kind, "what": finding.what, "mendable": finding.is_mendable}


def key_json(key: Key) -> dict[str, Any]:
    """A key for programs, without its secret."""
    return {
        "key_id": key.key_id,
        "name": key.name,
        "org_id": key.org_id,
        "hint": key.hint,
        "created_at": v2.wire_time(key.created_us),
        "revoked_at": None if key.revoked_us is None else v2.wire_time(key.revoked_us),
    }
