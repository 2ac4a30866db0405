"""The events of Copilot's runtime, one reader a type: a record's data in, events of the session out."""

from collections.abc import Callable
from typing import Any

from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.copilot.calls import tool_call
from debrief.sources.copilot.ending import Ending
from debrief.sources.copilot.tools import Tools
from debrief.sources.copilot.usage import Ledger, Message, compacted, output_of
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, mapping, sequence, string

PASSED_OVER = frozenset(
    # Hooks: what they were given, which stands in other records too.
    {"hook.start", "hook.end", "hook.progress"}
    # Written to no disk by the versions known; streams, gauges and signs for a screen.
    | {"assistant.message_start", "assistant.message_delta", "assistant.reasoning_delta"}
    | {"assistant.streaming_delta", "assistant.tool_call_delta", "assistant.intent", "assistant.idle"}
    | {
        "assistant.usage",
        "assistant.server_tool_progress",
        "model.call_finished",
        "pending_messages.modified",
    }
    | {"session.idle", "session.usage_info", "session.todos_changed", "session.background_tasks_changed"}
    | {"tool.execution_partial_result", "tool.execution_progress", "tool.search_activated"}
    | {"user_input.requested", "user_input.completed", "elicitation.requested", "elicitation.completed"}
    | {"external_tool.requested", "external_tool.completed", "sampling.requested", "sampling.completed"}
    | {"exit_plan_mode.requested", "exit_plan_mode.completed", "command.queued", "command.execute"}
    | {"command.completed", "commands.changed", "capabilities.changed", "ui.ephemeral_query"}
    | {"auto_mode_switch.requested", "auto_mode_switch.completed"}
    | {"session_limits_exhausted.requested", "session_limits_exhausted.completed"}
    | {"mcp.oauth_required", "mcp.oauth_completed"}
    # Settings, lists of what there is, and the state of files that are the session's own.
    | {"session.tools_updated", "session.skills_loaded", "session.custom_agents_updated"}
    | {"session.mcp_servers_loaded", "session.mcp_server_status_changed", "session.extensions_loaded"}
    | {"session.mode_changed", "session.mode_notice_delivered", "session.permissions_changed"}
    | {"session.session_limits_changed", "session.remote_steerable_changed"}
    | {"session.plan_changed", "session.workspace_file_changed", "session.autopilot_objective_changed"}
    | {"session.schedule_created", "session.schedule_cancelled", "session.schedule_rearmed"}
    | {"session.managed_settings_resolved", "session.managed_settings_enforced", "session.binary_asset"}
    # The other half of records that are read.
    | {"session.compaction_start", "subagent.configured", "subagent.selected", "subagent.deselected"}
    | {"subagent.completed", "skill.context_delivered_ref"}
)

_NOT_TYPED = ("skill", "agent", "system", "command", "schedule", "autopilot", "hook", "jit", "background")
"""How the `source` of a user message begins that no person wrote."""

_Reader = Callable[[dict[str, Any]], None]


class Events:
    """Reads records in file order and keeps what later ones need."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self._pulls = PullRequests(builder)
        self._tools = Tools(builder, self._pulls)
        self._ledger = Ledger(builder)
        self._ending = Ending()
        self._model: str | None = None
        self._answered = False
        self._permissions: dict[str, str] = {}
        self._place = Place(0, None)
        self._readers: dict[str, _Reader] = {
            "session.start": self._start,
            "session.resume": self._resume,
            "session.model_change": self._model_change,
            "session.auto_mode_resolved": self._auto_mode,
            "session.info": self._notice,
            "session.warning": self._notice,
            "session.error": self._error,
            "model.call_failure": self._error,
            "session.truncation": self._truncation,
            "session.context_cleared": self._cleared,
            "session.snapshot_rewind": self._rewound,
            "session.compaction_complete": self._compaction,
            "session.context_changed": self._context_changed,
            "session.title_changed": self._title,
            "session.handoff": self._handoff,
            "session.task_complete": self._task_complete,
            "session.usage_checkpoint": self._checkpoint,
            "session.shutdown": self._shutdown,
            "user.message": self._user,
            "system.message": self._system,
            "system.notification": self._system,
            "skill.invoked": self._skill,
            "assistant.turn_start": self._turn_start,
            "assistant.turn_end": self._turn_end,
            "assistant.message": self._assistant,
            "assistant.reasoning": self._reasoning,
            "tool.user_requested": self._tool_of_person,
            "tool.execution_start": self._tool_start,
            "tool.execution_complete": self._tool_complete,
            "permission.requested": self._permission_requested,
            "permission.completed": self._permission_completed,
            "subagent.started": self._subagent,
            "subagent.failed": self._subagent_failed,
            "abort": self._abort,
        }

    def read(self, kind: str, data: dict[str, Any], place: Place) -> bool:
        """Write what a record of the type `kind` tells; false where there is no such type."""
        reader = self._readers.get(kind)
        if reader is None:
            return kind in PASSED_OVER
        self._place = place
        reader(data)
        return True

    def ended(self, *, failed: bool) -> None:
        """A headless run is over."""
        self._ending.shut_down(crashed=failed)

    def finish(self, *, cut_off: bool) -> None:
        """The transcript is over."""
        self._ledger.finish()
        self.builder.end_state, self.builder.end_reason = self._ending.judge(cut_off=cut_off)

    def _event(self, kind: Any, actor: Any, text: str, *, injected: bool = False) -> int:  # noqa: ANN401 (handed on)
        return self.builder.event(
            kind,
            actor,
            text=text,
            ts_us=self._place.ts_us,
            line=self._place.line,
            native_id=self._place.native_id,
            injected=injected,
        )

    def _start(self, data: dict[str, Any]) -> None:
        builder = self.builder
        builder.native_id = builder.native_id or string(data.get("sessionId"))
        builder.agent_version = string(data.get("copilotVersion")) or builder.agent_version
        builder.surface = string(data.get("producer")) or builder.surface
        self._model = string(data.get("selectedModel")) or self._model
        if parent := string(data.get("detachedFromSpawningParentSessionId")):
            builder.parent_id, builder.relation = parent, "continuation"
        self._context(mapping(data.get("context")))

    def _context(self, context: dict[str, Any]) -> None:
        """Where the session works; what is known already stays, since a session is where it began."""
        builder = self.builder
        builder.cwd = builder.cwd or string(context.get("cwd"))
        builder.repository = builder.repository or string(context.get("repository"))
        builder.branch = builder.branch or string(context.get("branch"))
        builder.commit = builder.commit or string(context.get("headCommit"))

    def _resume(self, data: dict[str, Any]) -> None:
        # One that joins a session at work begins no lifecycle of its own.
        if data.get("sessionWasActive") is not True and data.get("alreadyInUse") is not True:
            self._ledger.resumed()
        self._model = string(data.get("selectedModel")) or self._model
        self._context(mapping(data.get("context")))

    def _context_changed(self, data: dict[str, Any]) -> None:
        self._context(data)

    def _model_change(self, data: dict[str, Any]) -> None:
        model = string(data.get("newModel"))
        before = string(data.get("previousModel")) or self._model
        if model and before and model != before:
            self._event("model_change", "system", model)
        self._model = model or self._model

    def _auto_mode(self, data: dict[str, Any]) -> None:
        self._model = string(data.get("chosenModel")) or self._model

    def _notice(self, data: dict[str, Any]) -> None:
        if text := string(data.get("message")):
            self._event("message", "system", text, injected=True)

    def _error(self, data: dict[str, Any]) -> None:
        text = string(data.get("message")) or string(data.get("errorMessage"))
        if text is None:
            text = string(data.get("errorType")) or "unknown error"
        self._event("api_error", "system", text)
        if self.builder.agent is None:
            self._ending.failed()

    def _truncation(self, data: dict[str, Any]) -> None:
        """The oldest messages were left out of the context: it lost them, though nobody summarised."""
        self._event("compaction", "system", compact_json(data))

    def _cleared(self, data: dict[str, Any]) -> None:
        text = string(data.get("initialMessage")) or ""
        self._event("message", "system", f"The conversation was cleared. {text}".strip(), injected=True)

    def _rewound(self, data: dict[str, Any]) -> None:
        self._event("message", "system", f"Rewound: {compact_json(data)}", injected=True)

    def _compaction(self, data: dict[str, Any]) -> None:
        if data.get("success") is False:
            text = string(data.get("error")) or "unknown reason"
            self._event("message", "system", f"The compaction failed: {text}", injected=True)
            return
        ordinal = self._event("compaction", "system", string(data.get("summaryContent")) or "")
        key = string(data.get("requestId")) or self._place.native_id or f"line-{self._place.line}"
        if message := compacted(data, key, self._place.ts_us, ordinal, self._model):
            self._ledger.message(message)

    def _checkpoint(self, _data: dict[str, Any]) -> None:
        self._ledger.checkpoint()

    def _title(self, data: dict[str, Any]) -> None:
        if title := string(data.get("title")):
            self.builder.title, self.builder.title_source = title, "agent"

    def _handoff(self, data: dict[str, Any]) -> None:
        if parent := string(data.get("remoteSessionId")):
            self.builder.parent_id, self.builder.relation = parent, "continuation"
        if text := string(data.get("summary")) or string(data.get("context")):
            self._event("message", "system", text, injected=True)

    def _task_complete(self, data: dict[str, Any]) -> None:
        if summary := string(data.get("summary")):
            self._pulls.in_text(summary, self._event("message", "assistant", summary))
        if data.get("success") is not False and self.builder.agent is None:
            self._ending.completed()

    def _shutdown(self, data: dict[str, Any]) -> None:
        crashed = data.get("shutdownType") == "error"
        if crashed and (reason := string(data.get("errorReason"))):
            self._event("message", "system", reason, injected=True)
        key = self._place.native_id or f"{self.builder.native_id}:line-{self._place.line}"
        self._ledger.shutdown(data, key, self._place.ts_us)
        self._ending.shut_down(crashed=crashed)

    def _user(self, data: dict[str, Any]) -> None:
        self._attached(data)
        text = string(data.get("content"))
        if text is None:
            return
        source = string(data.get("source")) or ""
        if (
            self.builder.agent is not None
            or source.lower().startswith(_NOT_TYPED)
            or data.get("isAutopilotContinuation") is True
            or data.get("crossSession")
        ):
            self._event("message", "user", text, injected=True)
        else:
            self._pulls.in_text(text, self._event("prompt", "user", text))
            self._ending.asked()

    def _attached(self, data: dict[str, Any]) -> None:
        names = []
        for attachment in map(mapping, sequence(data.get("attachments"))):
            fields = ("path", "filePath", "url", "displayName", "title", "name")
            name = next((text for field in fields if (text := string(attachment.get(field)))), None)
            names.append(name or string(attachment.get("type")) or "something")
        if names:
            self._event("message", "system", "Attached: " + ", ".join(names), injected=True)

    def _system(self, data: dict[str, Any]) -> None:
        if text := string(data.get("content")):
            self._event("message", "system", text, injected=True)

    def _skill(self, data: dict[str, Any]) -> None:
        text = string(data.get("content")) or string(data.get("name")) or string(data.get("path")) or ""
        self._event("message", "system", text, injected=True)

    def _turn_start(self, data: dict[str, Any]) -> None:
        if self.builder.agent is None:
            self._answered = False
            self._model = string(data.get("model")) or self._model
            self._ending.worked()

    def _turn_end(self, _data: dict[str, Any]) -> None:
        """Each request to the model is a turn of its own here; the last is the one that calls no tool."""
        if self.builder.agent is not None:
            return
        if self._answered:
            self._event("turn_end", "assistant", "")
            self._ending.answered()
        self._answered = False

    def _assistant(self, data: dict[str, Any]) -> None:
        first = len(self.builder.events)
        if reasoning := string(data.get("reasoningText")):
            self._event("reasoning", "assistant", reasoning)
        if text := string(data.get("content")):
            self._pulls.in_text(text, self._event("message", "assistant", text))
        requests = [mapping(request) for request in sequence(data.get("toolRequests"))]
        for request in requests:
            self._called(request, "name")
        if self.builder.agent is None:
            self._answered = not requests
            self._ending.worked() if requests else self._ending.answered()
        model = string(data.get("model")) or self._model
        call_id = string(data.get("apiCallId")) or string(data.get("messageId")) or self._place.native_id
        self._ledger.message(
            Message(
                key=call_id or f"line-{self._place.line}",
                model=model,
                ts_us=self._place.ts_us,
                tokens=output_of(data.get("outputTokens")),
                event=first if first < len(self.builder.events) else None,
                agent=self.builder.agent,
            )
        )

    def _reasoning(self, data: dict[str, Any]) -> None:
        if text := string(data.get("content")):
            self._event("reasoning", "assistant", text)

    def _called(self, request: dict[str, Any], name_field: str) -> None:
        name = string(request.get(name_field)) or "unknown"
        call = tool_call(name, request.get("arguments"), of_server=bool(request.get("mcpServerName")))
        self._tools.call(call, string(request.get("toolCallId")), self._place)

    def _tool_of_person(self, data: dict[str, Any]) -> None:
        """A person ran a command by `!`; that it begins is not told again."""
        call = tool_call(string(data.get("toolName")) or "unknown", data.get("arguments"), of_server=False)
        call_id = string(data.get("toolCallId"))
        self._tools.call(call, call_id, self._place, "user")
        self._tools.began(call_id, self._place)

    def _tool_start(self, data: dict[str, Any]) -> None:
        self._called(data, "toolName")
        self._tools.began(string(data.get("toolCallId")), self._place)
        if self.builder.agent is None:
            self._ending.worked()

    def _tool_complete(self, data: dict[str, Any]) -> None:
        self._tools.result(string(data.get("toolCallId")), data, self._place)
        self._model = self._model or string(data.get("model"))

    def _permission_requested(self, data: dict[str, Any]) -> None:
        request_id = string(data.get("requestId"))
        request = mapping(data.get("permissionRequest"))
        call_id = string(request.get("toolCallId")) or string(data.get("toolCallId"))
        self._tools.asked_for(call_id)
        if request_id and call_id:
            self._permissions[request_id] = call_id

    def _permission_completed(self, data: dict[str, Any]) -> None:
        call_id = self._permissions.get(string(data.get("requestId")) or "") or string(data.get("toolCallId"))
        if string(mapping(data.get("result")).get("kind")) == "denied-interactively-by-user":
            self._tools.declined(call_id)

    def _subagent(self, data: dict[str, Any]) -> None:
        call_id = string(data.get("toolCallId"))
        self.builder.agent = self.builder.agent or call_id or f"agent-line-{self._place.line}"
        names = (data.get("agentDisplayName"), data.get("agentName"), data.get("agentDescription"))
        text = ": ".join(dict.fromkeys(name for name in map(string, names) if name))
        self.builder.event(
            "subagent",
            "assistant",
            text=text,
            ts_us=self._place.ts_us,
            line=self._place.line,
            native_id=self._place.native_id,
            call_id=call_id,
        )

    def _subagent_failed(self, data: dict[str, Any]) -> None:
        self.builder.agent = self.builder.agent or string(data.get("toolCallId"))
        text = string(data.get("error")) or "unknown reason"
        self._event("message", "system", f"The sub-agent failed: {text}", injected=True)

    def _abort(self, data: dict[str, Any]) -> None:
        reason = string(data.get("reason")) or ""
        by_person = "user" in reason or not reason
        self._event("interrupt", "user" if by_person else "system", reason)
        self._ending.aborted(by_person=by_person)
        self._answered = False
