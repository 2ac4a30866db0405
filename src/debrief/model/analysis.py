"""What Debrief has to say about a session; every statement cites the events that show it.

The words issue, impact, label, timeline, action item, suggested prompt and feedback item are the wire
contract's own.
"""

from typing import Literal, get_args

from msgspec import Struct

Impact = Literal["High", "Medium", "Low"]
IMPACTS: tuple[str, ...] = get_args(Impact)

Label = Literal[
    "Configuration",
    "Environment",
    "Dependencies",
    "Access",
    "External Services",
    "Testing",
    "Code Quality",
    "Version Control",
    "Tool Use",
    "Context",
    "Approach",
    "Verification",
    "Requirements",
    "Knowledge",
    "Safety",
    "Performance",
]
LABELS: tuple[str, ...] = get_args(Label)

ActionType = Literal["machine_setup", "repo_config", "knowledge", "prompt_improvement", "other"]
ACTION_TYPES: tuple[str, ...] = get_args(ActionType)


class Issue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that went wrong or cost time.

    `evidence` holds event ordinals, first to last. `fingerprint` (32 hex digits) is the same for the same
    issue in another session: detector, label, normalised signature, repository. `id` is unique here.
    """

    id: str
    label: Label
    impact: Impact
    issue: str
    detector: str
    detector_version: int
    evidence: tuple[int, ...]
    fingerprint: str


class TimelineEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A phase of the session: events `first` to `last`, both included."""

    title: str
    description: str
    first: int
    last: int


class ActionItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to do so that the next session goes better; `issue_id` is that of an Issue beside it."""

    type: ActionType
    action_item: str
    issue_id: str | None
    evidence: tuple[int, ...] = ()


class FeedbackItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One remark on the first prompt; `excerpt` is an exact substring of it."""

    summary: str
    excerpt: str
    details: str
    issue_id: str | None = None
    evidence: tuple[int, ...] = ()


class SuggestedPrompt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first prompt, kept verbatim, and what this session learned that belonged into it."""

    original_prompt: str
    suggested_prompt: str
    feedback_items: tuple[FeedbackItem, ...] = ()


class Analysis(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """See the module. `faults` names the detectors that failed on this session, with their error."""

    analyser_version: int
    issues: tuple[Issue, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
    suggested_prompt: SuggestedPrompt | None = None
    faults: tuple[str, ...] = ()
