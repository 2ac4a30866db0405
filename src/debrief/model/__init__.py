"""The nouns that every station speaks: a Session with its Events, and the Analysis of one.

Frozen data, no I/O. Times are microseconds since the epoch, UTC (`*_us`); `None` means unknown, never zero.
"""

from debrief.model.analysis import (
    ACTION_TYPES,
    IMPACTS,
    LABELS,
    ActionItem,
    Analysis,
    FeedbackItem,
    Issue,
    SuggestedPrompt,
    TimelineEntry,
)
from debrief.model.event import Actor, Event, EventKind, FileEdit, Outcome, ToolKind
from debrief.model.session import (
    EndState,
    ModelCall,
    PullRequest,
    PullRequestEvidence,
    Quality,
    Relation,
    Session,
    Tokens,
    total_tokens,
)
from debrief.model.stored import Cost, Status, StoredSession

__all__ = [
    "ACTION_TYPES",
    "IMPACTS",
    "LABELS",
    "ActionItem",
    "Actor",
    "Analysis",
    "Cost",
    "EndState",
    "Event",
    "EventKind",
    "FeedbackItem",
    "FileEdit",
    "Issue",
    "ModelCall",
    "Outcome",
    "PullRequest",
    "PullRequestEvidence",
    "Quality",
    "Relation",
    "Session",
    "Status",
    "StoredSession",
    "SuggestedPrompt",
    "TimelineEntry",
    "Tokens",
    "ToolKind",
    "total_tokens",
]
