"""What Debrief has to say about a session; every statement cites the events that show it.

The words issue, impact, label, timeline, action item, suggested prompt and feedback item are the wire
contract's own.
"""

from typing import Literal, get_args

from msgspec import Struct

ANALYSER_VERSION = 3
"""Counts up whenever the same session would get another analysis; see also each detector's version."""

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
    "Other",  # a model's only; no rule gives it
]
LABELS: tuple[str, ...] = tuple(label for label in get_args(Label) if label != "Other")
"""Those that a rule may give."""

ActionType = Literal["machine_setup", "repo_config", "knowledge", "prompt_improvement", "other"]
ACTION_TYPES: tuple[str, ...] = get_args(ActionType)

Source = Literal["rules", "llm"]
"""Where a statement comes from: the rules, or a language model, whose word was held against the session."""


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
    source: Source = "rules"


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


class LlmRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a language model was asked about the session, what it cost, and what was kept of its answer.

    `parts` requests were needed to show it every event, `parts_read` of them were answered. `tokens_in`,
    `tokens_out` and `cost_usd_micros` are those of all its answers, also of ones remembered from an earlier
    run; the cost is None where the model has no known price. `kept` counts statements, `dropped` says how
    many were not, and why. `fault` is one sentence where not all went well. `base` names the session and the
    analysis by rules that the answer belongs to.
    """

    model: str
    prompt_version: int
    parts: int = 0
    parts_read: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd_micros: int | None = None
    kept: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    fault: str = ""
    base: str = ""


Category = Literal[
    "bug_fixing",
    "ci_cd_and_devops",
    "code_quality_and_security",
    "code_review_and_analysis",
    "data_and_automation",
    "documentation_and_content",
    "feature_development",
    "migrations_and_upgrades",
    "other",
    "refactoring_and_optimization",
    "research_and_exploration",
    "unit_test_generation",
]
CATEGORIES: tuple[str, ...] = get_args(Category)

SessionSize = Literal["xs", "s", "m", "l", "xl"]
SESSION_SIZES: tuple[str, ...] = get_args(SessionSize)

RiskWeight = Literal["sure", "raises", "lowers"]


class RiskSign(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something in the transcript that speaks for or against a failure of the work.

    A `sure` sign came with failure nearly every time that it was measured.
    """

    id: str
    weight: RiskWeight
    text: str
    evidence: tuple[int, ...]


class OutcomeRisk(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How likely it is that the work failed: an estimate, never a finding.

    `probability` is None where the transcript gives no ground. `claimed`: the agent says that the work is
    done, which proves nothing. `summary` says both in words for people.
    """

    probability: float | None
    sure: bool
    claimed: bool
    summary: str
    signs: tuple[RiskSign, ...] = ()


class Classification(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What kind of session it was: for lists, filters and counts.

    `confidence` (0 to 1) says how clearly the category showed, `evidence` where. Languages and tools
    come most used first. `tool_calls` counts those of sub-agents too; `active_minutes` is None where the
    transcript has no times, `risk` where it could not be computed.
    """

    category: Category
    confidence: float
    size: SessionSize
    tool_calls: int
    evidence: tuple[int, ...] = ()
    programming_languages: tuple[str, ...] = ()
    tools_and_frameworks: tuple[str, ...] = ()
    active_minutes: float | None = None
    risk: OutcomeRisk | None = None


class Analysis(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """See the module. `faults` names the detectors that failed on this session, with their error.

    `llm` is None where no language model was asked, as is the default.
    """

    analyser_version: int
    issues: tuple[Issue, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
    suggested_prompt: SuggestedPrompt | None = None
    faults: tuple[str, ...] = ()
    llm: LlmRun | None = None
    classification: Classification | None = None
