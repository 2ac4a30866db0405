"""`ui_messages.json`: the rows of the panel in, events out: all of them, or what no history tells.

A row is something that was said or asked; it is written again as it grows, and what was not finished is
marked. Calls are rows with JSON in their text, most without a result. Tokens and cost are JSON in a request's
text.
"""

from collections.abc import Callable
from typing import Any

from debrief.model import EndState, Outcome
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, fields_of, write_call, write_result
from debrief.sources.cline.texts import environment
from debrief.sources.cline.tools import tool_call
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, mapping, sequence, string, timestamp_us

PASSED_OVER = frozenset(
    {
        "api_req_finished",  # an older version's end of a request; its numbers are in its beginning
        "api_req_retried",  # the request that follows tells
        "api_req_deleted",
        "api_req_rate_limit_wait",
        "checkpoint_created",  # the program's own commits
        "checkpoint_saved",
        "checkpoint_restore",
        "browser_session_status",
        "browser_action_launch",  # the actions follow
        "hook_status",  # a person's own program that watches
        "hook_output_stream",
        "conditional_rules_applied",
        "subagent",  # how far the agents are; what they spent comes as a row of its own
        "condense_context_error",
        "too_many_tools_warning",
        "report_bug",
        "payment_required_prompt",
        "auto_approval_max_req_reached",
        "resume_completed_task",
        "image",
        "load_mcp_documentation",
        "generate_explanation",
        "codebase_search_result",
        "user_edit_todos",
    }
)
_NOTICES = frozenset(
    {
        "info",
        "shell_integration_warning",
        "shell_integration_warning_with_suggestion",
        "clineignore_error",
        "rooignore_error",
        "mcp_notification",
        "command_permission_denied",
        "user_feedback_diff",
        "invalid_model",
    }
)
_FAILURES = frozenset({"api_req_failed", "error_retry", "api_req_retry_delayed", "mistake_limit_reached"})
_COMPACTIONS = frozenset({"condense_context", "sliding_window_truncation", "condense", "summarize_task"})
_OUTPUTS = frozenset({"command_output", "browser_action_result", "mcp_server_response", "subtask_result"})

ALWAYS = frozenset({"task", "user_feedback", "resume_task"}) | _FAILURES | _COMPACTIONS
"""Rows that are written beside a history too: it does not tell of them, or not of all."""


class Panel:
    """Writes rows: all, or with `beside` only what the history of the conversation cannot tell.

    `told` says whether the history holds a person's words.
    """

    def __init__(self, builder: SessionBuilder, *, beside: bool, told: Callable[[str], bool]) -> None:
        self.builder = builder
        self.pulls = PullRequests(builder)
        self.end: tuple[EndState, str] = ("unknown", "no row tells how it ended")
        self._beside = beside
        self._told = told
        self._typed_any = False
        self._output: list[str] = []
        self._call: tuple[str, Call] | None = None
        self._deleted: object = None
        self._ts_us: int | None = None

    def read(self, row: dict[str, Any], number: int) -> int:
        """Write what a row tells; return the ordinal of the next event before it."""
        what = string(row.get("say")) or string(row.get("ask")) or ""
        text = string(row.get("text")) or ""
        first_text = not self._typed_any and what == "text" and row.get("type") == "say"
        if what not in _OUTPUTS:
            self._flush()
        self._ts_us = timestamp_us(row.get("ts"))
        self.builder.saw(self._ts_us)
        first = self.builder.event_count
        self._compacted(row)
        self._ends(what, row, text)
        if what in ("task", "user_feedback") or first_text:
            self._typed_any = True
            if text and not (self._beside and self._told(text)):
                self._say("prompt", "user", text)
        elif what in _FAILURES:
            self._say("api_error", "system", _failure(text))
        elif what == "api_req_started":
            self._request(fields_of(text))
        elif what == "resume_task":
            self._say("interrupt", "user", "")
        elif what in _COMPACTIONS:
            condensed = mapping(row.get("contextCondense"))
            self._say("compaction", "system", string(condensed.get("summary")) or text)
        elif not self._beside:
            self._conversation(what, row, text, number)
        return first

    def finish(self) -> None:
        """The rows are over."""
        self._flush()

    def _say(self, kind: Any, actor: Any, text: str, *, injected: bool = False) -> int:  # noqa: ANN401 (handed on)
        ordinal = self.builder.event(kind, actor, text=text, ts_us=self._ts_us, injected=injected)
        if text and not injected:
            self.pulls.in_text(text, ordinal)
        return ordinal

    def _compacted(self, row: dict[str, Any]) -> None:
        """Each row repeats which messages no longer go to the model: a change of that is a compaction."""
        deleted = row.get("conversationHistoryDeletedRange")
        if isinstance(deleted, list) and deleted and deleted != self._deleted:
            self._deleted = deleted
            self._say(
                "compaction", "system", f"messages left out of the conversation: {compact_json(deleted)}"
            )

    def _request(self, info: dict[str, Any]) -> None:
        reason = string(info.get("cancelReason"))
        if reason == "user_cancelled":
            self._say("interrupt", "user", "")
        elif reason:
            self._say("api_error", "system", string(info.get("streamingFailedMessage")) or reason)
        if not self._beside:
            report = environment(string(info.get("request")) or "")
            if report:
                self._say("message", "system", report, injected=True)

    def _conversation(self, what: str, row: dict[str, Any], text: str, number: int) -> None:
        reader = _READERS.get(what)
        if reader is not None:
            reader(self, text)
        elif (call := _called(what, text)) is not None:
            self._called(call, f"row-{number}", row)
        elif what not in PASSED_OVER and what not in _SPENDING:
            self.builder.opaque(f"row '{what[:100]}'", line=0, ts_us=self._ts_us, text=compact_json(row))

    def spoken(self, text: str) -> None:
        """The agent's text."""
        if text:
            self._say("message", "assistant", text)

    def thought(self, text: str) -> None:
        """The agent's reasoning."""
        if text:
            self._say("reasoning", "assistant", text)

    def output(self, text: str) -> None:
        """What a call printed: it may come in several rows."""
        if text:
            self._output.append(text)

    def notice(self, text: str) -> None:
        """What the program puts beside the work."""
        self._say("message", "system", text, injected=True)

    def to_the_person(self, text: str) -> None:
        """A question, a plan or a result: the agent hands back."""
        fields = fields_of(text)
        said = string(fields.get("question")) or string(fields.get("response")) or ("" if fields else text)
        said = said.removesuffix("HAS_CHANGES").rstrip()
        if said:
            self._say("message", "assistant", said)
            self._say("turn_end", "assistant", "")

    def _called(self, call: Call, call_id: str, row: dict[str, Any]) -> None:
        # A call that is asked about first and then said again is one call.
        if self._call is not None and self._call[1] == call and row.get("type") == "say":
            return
        self._call = (call_id, call)
        write_call(self.builder, call, call_id, Place(ts_us=self._ts_us))

    def failed(self, text: str) -> None:
        """A tool's failure belongs to the call before it, where there is one."""
        if self._call is None:
            self._say("message", "system", text, injected=True)
            return
        self._result(text, failed=True)

    def _flush(self) -> None:
        if self._output:
            text = "\n".join(self._output)
            self._output.clear()
            self._result(text, failed=False)

    def _result(self, text: str, *, failed: bool) -> None:
        call_id, call = self._call or (f"output-{self.builder.event_count}", None)
        how: Outcome = "error" if failed else "ok" if call is not None and call.kind != "shell" else "unknown"
        write_result(self.builder, self.pulls, call, call_id, text, how, Place(ts_us=self._ts_us))
        self._call = None

    def _ends(self, what: str, row: dict[str, Any], text: str) -> None:
        end = _ENDS.get(what)
        if what == "api_req_started":
            info = fields_of(text)
            reason = string(info.get("cancelReason"))
            if reason == "user_cancelled":
                end = ("interrupted", "a person cancelled the last request")
            elif reason:
                end = ("error", f"the last request ended with {reason[:100]}")
            else:
                end = ("running", "the last request has not led to an end")
        elif row.get("type") == "ask" and what in ("tool", "command", "use_mcp_server", "use_subagents"):
            end = ("running", "a call waits for a person's consent")
        elif end is None and what in (
            "text",
            "reasoning",
            "tool",
            "command",
            "command_output",
            "user_feedback",
        ):
            end = ("running", "the last row is a step of the work")
        self.end = end or self.end


_ENDS: dict[str, tuple[EndState, str]] = {
    "completion_result": ("finished", "the agent said that the task is completed"),
    "resume_completed_task": ("finished", "the task was completed, and opened again"),
    "resume_task": ("interrupted", "the task was interrupted, and can be resumed"),
    "followup": ("finished", "the agent waits for the person's answer"),
    "plan_mode_respond": ("finished", "the agent waits for the person's answer"),
    "api_req_failed": ("error", "the last request to the model failed"),
    "error_retry": ("error", "the last request to the model failed"),
    "mistake_limit_reached": ("error", "the agent made too many mistakes in a row"),
}
_SPENDING = frozenset({"deleted_api_reqs", "subagent_usage"})

_READERS: dict[str, Callable[[Panel, str], None]] = {
    "text": Panel.spoken,
    "reasoning": Panel.thought,
    "completion_result": Panel.to_the_person,
    "followup": Panel.to_the_person,
    "plan_mode_respond": Panel.to_the_person,
    "act_mode_respond": Panel.to_the_person,
    "error": Panel.failed,
    "diff_error": Panel.failed,
    **dict.fromkeys(_OUTPUTS, Panel.output),
    **dict.fromkeys(_NOTICES, Panel.notice),
}


def _called(what: str, text: str) -> Call | None:
    """The call that a row shows, if it shows one."""
    fields = fields_of(text)
    name, arguments = {
        "command": ("execute_command", {"command": text.removesuffix("REQ_APP")}),
        "tool": (
            string(fields.get("tool")) or "unknown",
            {key: value for key, value in fields.items() if key != "tool"},
        ),
        "use_mcp_server": (
            "use_mcp_tool",
            {
                "server_name": fields.get("serverName"),
                "tool_name": fields.get("toolName") or fields.get("uri"),
                "arguments": fields.get("arguments"),
            },
        ),
        "browser_action": ("browser_action", fields),
        "use_subagents": ("use_subagents", {"prompts": sequence(fields.get("prompts"))}),
        "new_task": ("new_task", fields or {"context": text}),
        "task_progress": ("task_progress", {"list": text}),
    }.get(what, ("", {}))
    return tool_call(name, arguments) if name else None


def _failure(text: str) -> str:
    fields = fields_of(text)
    return string(fields.get("errorMessage")) or string(fields.get("message")) or text
