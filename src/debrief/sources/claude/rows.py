"""What one row of a Claude Code transcript says about itself: its kind, who wrote it, what went wrong.

Each version adds kinds; one that is missing here turns up as an opaque event and costs nothing else.
"""

from typing import Any

from debrief.sources.builder import printable
from debrief.sources.records import count, mapping, string

RECORDS_PASSED_OVER = frozenset(
    [
        "file-history-snapshot",
        "last-prompt",
        "mode",
        "permission-mode",
        "agent-name",
        "agent-color",
        "agent-setting",
        "tag",
        "relocated",
        "started",
        "result",
        "atis-latch",
        "frame-link",
        "content-replacement",
        "speculation-accept",
        "attribution-snapshot",
        "task-summary",
        "marble-origami-commit",
        "marble-origami-snapshot",
    ]
)
"""Records that are known and say nothing about what happened; the sets below are the same for subtypes."""

SYSTEM_PASSED_OVER = frozenset(
    [
        "stop_hook_summary",
        "microcompact_boundary",
        "session_start",
        "away_summary",
        "informational",
        "bridge_status",
        "memory_saved",
        "agents_killed",
        "permission_retry",
        "scheduled_task_fire",
        "file_snapshot",
        "thinking",
        "api_metrics",
    ]
)

ATTACHMENTS_PASSED_OVER = frozenset(
    [
        "agent_listing_delta",
        "agent_mention",
        "already_read_file",
        "async_hook_response",
        "auto_mode",
        "auto_mode_exit",
        "batching_reminder_sent",
        "budget_usd",
        "command_permissions",
        "compact_file_reference",
        "compaction_reminder",
        "context_efficiency",
        "critical_system_reminder",
        "date_change",
        "deferred_tools_delta",
        "diagnostics",
        "directory",
        "dynamic_skill",
        "edited_image_file",
        "edited_text_file",
        "file",
        "invoked_skills",
        "max_turns_reached",
        "mcp_instructions_delta",
        "mcp_resource",
        "nested_memory",
        "opened_file_in_ide",
        "output_style",
        "output_token_usage",
        "pdf_reference",
        "plan_file_reference",
        "plan_mode",
        "plan_mode_exit",
        "plan_mode_reentry",
        "read_truncation_notice",
        "relevant_memories",
        "selected_lines_in_ide",
        "silent_turn_reminder",
        "skill_discovery",
        "skill_listing",
        "structured_output",
        "task_reminder",
        "task_status",
        "team_context",
        "teammate_mailbox",
        "todo_reminder",
        "token_usage",
        "total_tokens_reminder",
        "ultra_effort_enter",
        "ultra_effort_exit",
        "verify_plan_reminder",
    ]
)

PROGRESS_PASSED_OVER = frozenset(
    [
        "bash_progress",
        "powershell_progress",
        "hook_progress",
        "mcp_progress",
        "query_update",
        "search_results_received",
        "waiting_for_task",
        "skill_progress",
        "task_progress",
    ]
)

_INJECTED_SOURCES = frozenset(("system", "hook", "auto"))
_TYPED_SOURCES = frozenset(("typed", "queued", "sdk"))
_INJECTED_ORIGINS = frozenset(
    ("task-notification", "hook", "system", "coordinator", "peer", "agent", "teammate", "cron")
)


def session_id(value: object) -> str | None:
    """A session's id, if `value` is one that is still there when it is made printable."""
    text = string(value)
    return text if text is not None and printable(text).strip() else None


def is_human(row: dict[str, Any]) -> bool:
    """Whether the row itself says that a person wrote it."""
    return mapping(row.get("origin")).get("kind") == "human" or row.get("promptSource") == "typed"


def is_injected(row: dict[str, Any]) -> bool:
    """Whether a user row as a whole comes from the tool; newer versions say so outright."""
    if row.get("isMeta") is True or row.get("isVisibleInTranscriptOnly") is True:
        return True
    source, origin = string(row.get("promptSource")), string(mapping(row.get("origin")).get("kind"))
    if source in _TYPED_SOURCES or origin == "human":
        return False
    return source in _INJECTED_SOURCES or origin in _INJECTED_ORIGINS


def text_of(message: dict[str, Any]) -> str:
    """The text of a message, whatever else it holds left out."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(
        text
        for block in (content if isinstance(content, list) else [])
        if (text := string(mapping(block).get("text")))
    )


def error_text(row: dict[str, Any]) -> str:
    """What a system row about trouble with the model's service says, in one line where it can."""
    error = row.get("error")
    fields = mapping(error)
    words = (
        string(row.get("apiRefusalExplanation"))
        or string(fields.get("formatted"))
        or string(fields.get("message"))
        or string(mapping(mapping(fields.get("error")).get("error")).get("message"))
        or string(error)
        or string(row.get("content"))
        or "no words given"
    )
    status = count(fields.get("status"))
    attempt, limit = count(row.get("retryAttempt")), count(row.get("maxRetries"))
    return (
        (f"HTTP {status}: " if status else "")
        + words
        + (f" (retry {attempt} of {limit})" if attempt and limit else "")
    )
