"""The messages of Cursor's transcripts and chat stores: a record in, events and how the session ended out.

Transcripts hold neither results nor ids of calls, as a rule; where a result stands, it follows its call's
message. Stores hold both.
"""

from typing import Any

from debrief.model import EndState, Tokens
from debrief.sources.calls import Place, fields_of
from debrief.sources.cursor.calls import tool_call
from debrief.sources.cursor.conversation import Conversation
from debrief.sources.cursor.results import content_text, told_result, typed_result
from debrief.sources.records import compact_json, mapping, sequence, string

CALLS = frozenset({"tool_use", "tool-call", "tool_call"})
RESULTS = frozenset({"tool_result", "tool-result"})
REASONING = frozenset({"thinking", "reasoning"})

PASSED_OVER = frozenset({"redacted_thinking", "redacted-reasoning"})
"""Parts whose text the service keeps to itself."""

_STOPPED = frozenset({"aborted", "cancelled", "canceled", "interrupted"})

_WITHHELD = "[REDACTED]"
"""What stands in a transcript in the place of reasoning."""


class Messages:
    """Reads messages in file order."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._open: list[tuple[str, str]] = []
        self.end: tuple[EndState, str] = ("unknown", "The transcript holds no turn.")
        self.read_any = False

    def message(self, record: dict[str, Any], line: int) -> None:
        """Write a message of a user, the agent, a tool or the system."""
        role = string(record.get("role"))
        body = mapping(record.get("message"))
        content = body.get("content") if "content" in body else record.get("content")
        # Some stores hold the parts as text once more.
        if isinstance(content, str) and content.startswith("[{"):
            content = fields_of(f'{{"parts":{content}}}').get("parts", content)
        place = Place(line)
        self.read_any = True
        if role == "system":
            self._conversation.event("message", "system", content_text(content), place, injected=True)
        elif isinstance(content, str):
            self._text(content, place, by_user=role == "user")
        elif role == "user" and not any(_type(part) in RESULTS for part in sequence(content)):
            # What was put around a person's words may be a part of its own.
            self._text(content_text(content), place, by_user=True)
        else:
            self._parts(record, sequence(content), place, by_user=role == "user")

    def turn_ended(self, record: dict[str, Any], line: int) -> None:
        """The agent handed back, failed or was stopped."""
        status = string(record.get("status")) or "unknown"
        place = Place(line)
        if status == "error":
            self._conversation.event(
                "api_error", "system", string(record.get("error")) or "unknown error", place
            )
            self._ends("error", "The last turn ended with an error.")
        elif status in _STOPPED:
            self._conversation.event("interrupt", "user", status, place)
            self._ends("interrupted", "A person stopped the agent in the middle of its last turn.")
        else:
            self._conversation.event("turn_end", "assistant", "", place)
            self._ends("finished", "The agent ended its last turn by itself.")

    def _ends(self, state: EndState, reason: str) -> None:
        if self._conversation.builder.agent is None:
            self.end = (state, reason)

    def _text(self, text: str, place: Place, *, by_user: bool) -> None:
        if by_user:
            if self._conversation.user(text, place):
                self._ends("running", "The last thing in the transcript is a person's request.")
        elif text.strip() and text.strip() != _WITHHELD:
            self._conversation.answer(text, place)
            self._ends("finished", "The last thing in the transcript is the agent's answer.")

    def _parts(self, record: dict[str, Any], parts: list[Any], place: Place, *, by_user: bool) -> None:
        builder = self._conversation.builder
        first = len(builder.events)
        by_agent = string(record.get("role")) == "assistant"
        if by_agent:
            self._open = []
        for number, value in enumerate(parts):
            part = mapping(value)
            kind = _type(value)
            if isinstance(value, str) or kind == "text":
                self._text(string(part.get("text")) or string(value) or "", place, by_user=by_user)
            elif kind in REASONING:
                if text := string(part.get("thinking")) or string(part.get("text")):
                    self._conversation.event("reasoning", "assistant", text, place)
            elif kind in CALLS:
                self._open.append(self._call(part, f"{place.line}:{number}", place))
            elif kind in RESULTS:
                self._result(record, part, place)
            elif kind not in PASSED_OVER:
                builder.opaque(f"part of type '{kind[:100]}'", line=place.line, text=compact_json(value))
        if by_agent:
            self._model_call(record, parts, place, first)

    def _call(self, part: dict[str, Any], number: str, place: Place) -> tuple[str, str]:
        name = string(part.get("name")) or string(part.get("toolName")) or "unknown"
        given = string(part.get("id")) or string(part.get("toolCallId"))
        agent = self._conversation.builder.agent
        call_id = given or (f"{agent}:{number}" if agent else number)
        arguments = part.get("input") if "input" in part else part.get("args")
        call = tool_call(name, arguments)
        prompt = string(fields_of(arguments).get("prompt")) if call.kind == "agent" else None
        self._conversation.call(call, call_id, place, prompt)
        self._ends("running", "The transcript ends with a call of a tool: at work, or cut off.")
        return name, call_id

    def _result(self, record: dict[str, Any], part: dict[str, Any], place: Place) -> None:
        given = string(part.get("tool_use_id")) or string(part.get("toolCallId"))
        call_id = given if given and self._conversation.knows(given) else None
        if call_id is None:
            # Only the message before may hold the call of a result that names none.
            name = string(part.get("name")) or string(part.get("toolName"))
            pair = next((pair for pair in self._open if name in (None, pair[0])), None)
            if pair is not None:
                self._open.remove(pair)
                call_id = pair[1]
        value = part.get("result") if "result" in part else part.get("content", part.get("output"))
        result = told_result(value, shell=self._conversation.is_shell(call_id))
        if result.exit_code is None and result.outcome == "unknown":
            result = self._typed(record, part, result)
        self._conversation.result(call_id or given, result, place)
        self._ends("running", "The transcript ends with the result of a tool: at work, or cut off.")

    def _typed(self, record: dict[str, Any], part: dict[str, Any], told: Any) -> Any:  # noqa: ANN401 (handed on)
        """What the record says of the result besides the text that the model was shown."""
        if part.get("is_error") is True or part.get("isError") is True:
            return type(told)(text=told.text, outcome="error")
        options = mapping(mapping(record.get("providerOptions")).get("cursor"))
        high = mapping(options.get("highLevelToolCallResult"))
        typed = typed_result(high.get("output"))
        if typed.outcome == "unknown":
            return told
        return type(told)(
            text=told.text or typed.text,
            outcome=typed.outcome,
            exit_code=typed.exit_code,
            duration_ms=typed.duration_ms,
        )

    def _model_call(self, record: dict[str, Any], parts: list[Any], place: Place, first: int) -> None:
        """A message that names its model is a request to it, of which no tokens are known."""
        builder = self._conversation.builder
        model = string(record.get("model"))
        for part in parts:
            options = mapping(mapping(mapping(part).get("providerOptions")).get("cursor"))
            model = model or string(options.get("modelName"))
        if model is not None:
            builder.model_call(
                f"{builder.native_id}:{builder.agent or ''}:{place.line}",
                model=model,
                tokens=Tokens(),
                event=first if first < len(builder.events) else None,
                row=False,
            )


def _type(part: object) -> str:
    return string(mapping(part).get("type")) or ""
