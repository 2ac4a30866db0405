"""How a session of the API ended: its status and the status's detail in, an end state with its reason out."""

from debrief.model import EndState

_LIMITS = frozenset(
    {
        "usage_limit_exceeded",
        "out_of_credits",
        "out_of_quota",
        "no_quota_allocation",
        "payment_declined",
        "org_usage_limit_exceeded",
        "total_session_limit_exceeded",
    }
)

_DETAILS: dict[str, tuple[EndState, str]] = {
    "finished": ("finished", "The agent says that it has finished."),
    "waiting_for_user": ("finished", "The agent handed back and waits for the person."),
    "waiting_for_approval": ("running", "The agent waits for an approval."),
    "working": ("running", "The agent is at work."),
    "inactivity": ("unknown", "The session was suspended for inactivity."),
    "user_request": ("interrupted", "A person suspended the session."),
    "error": ("error", "The session ended with an error."),
}

_FIRST_GENERATION: dict[str, tuple[EndState, str]] = {
    "working": ("running", "The agent is at work."),
    "blocked": ("finished", "The agent handed back and waits for the person."),
    "finished": ("finished", "The agent says that it has finished."),
    "expired": ("unknown", "The session expired; the API does not say in what state."),
    "suspend_requested": ("interrupted", "A person suspended the session."),
    "suspend_requested_frontend": ("interrupted", "A person suspended the session."),
    "resume_requested": ("running", "A person resumed the session."),
    "resume_requested_frontend": ("running", "A person resumed the session."),
    "resumed": ("running", "The session was resumed."),
}


_STATUSES: dict[str, tuple[EndState, str]] = {
    "exit": ("finished", "The session's status is exit."),
    "suspended": ("unknown", "The session is suspended; the API does not say why."),
    "new": ("running", "The session's status is new."),
    "claimed": ("running", "The session's status is claimed."),
    "running": ("running", "The session's status is running."),
    "resuming": ("running", "The session's status is resuming."),
}


def judge(status: str | None, detail: str | None, first_generation: str | None) -> tuple[EndState, str]:
    """The end state and why; `first_generation` is v1's own word, which says more than its status.

    The status goes first where it is final, else the detail, which is more precise.
    """
    if status == "error":
        return "error", f"The session's status is error{f' ({detail})' if detail else ''}."
    if detail in _LIMITS:
        return "error", f"A limit ended the session: {detail}."
    told = None
    if status == "exit" or (status == "suspended" and detail in {None, "working"}):
        told = _STATUSES[status]
    told = told or _DETAILS.get(detail or "") or _STATUSES.get(status or "")
    told = told or _FIRST_GENERATION.get(first_generation or "")
    return told or (
        "unknown",
        f"The session's status is {status[:40]!r}." if status else "No status is stated.",
    )
