"""What OpenAPI shows of the v2 answers: the shapes under upstream's names, our additions, and examples.

Nothing is validated against these on the way out, for a page joins stored bytes; tests hold both together.
"""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from debrief.model import Status

T = TypeVar("T")


class SessionPullRequest(BaseModel):
    """A pull or merge request that the session created."""

    pr_url: str
    pr_state: str | None = Field(description="open, merged or closed; null while unknown")
    url: str = Field(description="The same as pr_url")
    state: str | None = Field(description="The same as pr_state")


class SessionAnalysisIssue(BaseModel):
    """Something that went wrong or cost time."""

    id: str = Field(description="Ours: what an issue_id beside it refers to; unique in its session")
    issue: str
    impact: str = Field(description="High, Medium or Low")
    label: str


class SessionAnalysisTimelineEvent(BaseModel):
    """A phase of the session."""

    title: str
    description: str


class SessionAnalysisActionItem(BaseModel):
    """Something to do so that the next session goes better."""

    issue_id: str | None
    type: Literal["machine_setup", "repo_config", "knowledge", "prompt_improvement", "other"]
    action_item: str


class SessionAnalysisFeedbackItem(BaseModel):
    """One remark on the first prompt."""

    issue_id: str | None
    summary: str | None
    excerpt: str | None = Field(description="Copied from the original prompt, letter for letter")
    details: str | None


class SessionAnalysisSuggestedPrompt(BaseModel):
    """The first prompt, and the same with what this session learned that belonged into it."""

    original_prompt: str
    suggested_prompt: str
    feedback_items: list[SessionAnalysisFeedbackItem]


class SessionAnalysisData(BaseModel):
    """What Debrief has to say about a session."""

    issues: list[SessionAnalysisIssue]
    timeline: list[SessionAnalysisTimelineEvent]
    action_items: list[SessionAnalysisActionItem]
    suggested_prompt: SessionAnalysisSuggestedPrompt | None


class SessionResponse(BaseModel):
    """A session's basics."""

    session_id: str
    url: str = Field(description="The session's page")
    status: Status
    title: str | None
    tags: list[str]
    user_id: str | None
    org_id: str
    created_at: datetime = Field(description="When the session began")
    updated_at: datetime = Field(description="When this answer last changed")
    last_event_at: datetime | None = Field(description="Ours: when the session's last event happened")
    acus_consumed: float
    pull_requests: list[SessionPullRequest]


class SessionDetailResponse(SessionResponse):
    """A session with its analysis and the message that it began with."""

    session_analysis: SessionAnalysisData | None = Field(description="null until the analysis is done")
    initial_user_message: str | None


class PaginatedResponse(BaseModel, Generic[T]):
    """A page of a list, newest first."""

    items: list[T]
    total: int = Field(description="How many there are in all, exactly, for this filter")
    skip: int
    limit: int
    has_more: bool
    next_cursor: int | None = Field(description="The skip of the next page; null on the last one")


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


BASICS_EXAMPLE: dict[str, Any] = {
    "session_id": "0197a3c2-5d1e-7c40-9a57-2f6f0c1b8e11",
    "url": "https://debrief.example.com/sessions/0197a3c2-5d1e-7c40-9a57-2f6f0c1b8e11",
    "status": "exit",
    "title": "Fix authentication bug",
    "tags": ["auth", "bug-fix"],
    "user_id": "user_456",
    "org_id": "org_789",
    "created_at": "2024-01-15T10:30:00Z",
    "updated_at": "2024-01-15T11:45:00Z",
    "last_event_at": "2024-01-15T11:44:58.250000Z",
    "acus_consumed": 25.5,
    "pull_requests": [
        {
            "pr_url": "https://github.com/example/repo/pull/123",
            "pr_state": "merged",
            "url": "https://github.com/example/repo/pull/123",
            "state": "merged",
        }
    ],
}

DETAIL_EXAMPLE: dict[str, Any] = {
    **BASICS_EXAMPLE,
    "session_analysis": {
        "issues": [
            {
                "id": "issue_1",
                "issue": "The tests failed three times because DATABASE_URL was not set",
                "impact": "High",
                "label": "Configuration",
            }
        ],
        "timeline": [
            {"title": "Set up the repository", "description": "Installed the dependencies and ran the tests"}
        ],
        "action_items": [
            {
                "issue_id": "issue_1",
                "type": "machine_setup",
                "action_item": "Set DATABASE_URL where the agent runs",
            }
        ],
        "suggested_prompt": {
            "original_prompt": "Fix the bug",
            "suggested_prompt": "Fix the login endpoint: an expired token must be refused with 401.",
            "feedback_items": [
                {
                    "issue_id": "issue_1",
                    "summary": "The prompt does not say which bug",
                    "excerpt": "Fix the bug",
                    "details": "Four minutes went into finding out what was meant",
                }
            ],
        },
    },
    "initial_user_message": "Fix the bug",
}


def page_example(item: dict[str, Any]) -> dict[str, Any]:
    """A page that holds `item` alone, of a longer list."""
    return {"items": [item], "total": 150, "skip": 0, "limit": 1, "has_more": True, "next_cursor": 1}
