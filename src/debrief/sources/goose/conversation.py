"""Messages of Goose, in; the events of a session out, in their order.

An answer was once saved piece by piece, as it streamed in: pieces of one text are put together again.
"""

import re
from collections.abc import Callable
from typing import Any

from debrief.model import EndState
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place, write_event
from debrief.sources.goose.tools import call_of, ended
from debrief.sources.goose.usage import Spending, Told, message_buckets
from debrief.sources.money import usd_micros
from debrief.sources.paired import PairedCalls
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, mapping, sequence, string, timestamp_us

# Asked and answered beside the conversation: what came of it stands in the call's result.
_CONFIRMATIONS = frozenset({"toolConfirmationRequest", "toolConfirmationResponse"})
# Reasoning that only its maker can read.
_UNREADABLE = frozenset({"redactedThinking"})

_FAILED = re.compile(
    r"Ran into this error: |.{0,4000}Please resend your message to try again\.\s*$", re.DOTALL
)
_ASKS_AFTER_STOP = re.compile(
    r"(?:We interrupted the|The) existing call to .{1,200}How would you like to proceed\?"
    r"|Yes . what would you like me to do\?"
)
_Reader = Callable[[dict[str, Any], Place, str], None]

# Ids that Goose made up, one a row, of the session's own; a provider's is the same for a whole answer.
_OF_SESSION = re.compile(r"msg_(\d{8}_\d+)_.+")


def joined(messages: list[tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    """`messages`, each with its line, with the pieces of an answer put together."""
    found: list[tuple[int, dict[str, Any]]] = []
    for line, message in messages:
        if found and _continues(found[-1][1], message):
            first, last = found[-1]
            content = [*sequence(last.get("content"))]
            for block in sequence(message.get("content")):
                _add(content, block)
            metadata = {**mapping(last.get("metadata")), **mapping(message.get("metadata"))}
            found[-1] = first, {**last, "content": content, "metadata": metadata}
        else:
            found.append((line, message))
    return found


def _continues(last: dict[str, Any], message: dict[str, Any]) -> bool:
    if last.get("role") != "assistant" or message.get("role") != "assistant":
        return False
    if _visible(last) != _visible(message):
        return False
    one, other = last.get("id"), message.get("id")
    if isinstance(one, str) and one == other:
        return True
    if any(isinstance(key, str) and not _OF_SESSION.fullmatch(key) for key in (one, other)):
        return False
    before, after = _only_kind(last), _only_kind(message)
    return before is not None and before == after


def _only_kind(message: dict[str, Any]) -> str | None:
    """`text` or `thinking` where a message holds nothing else."""
    kinds = {string(mapping(block).get("type")) for block in sequence(message.get("content"))}
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    return kind if kind in ("text", "thinking") else None


def _add(content: list[Any], block: object) -> None:
    last, piece = mapping(content[-1]) if content else {}, mapping(block)
    kind = piece.get("type")
    if kind in ("text", "thinking") and last.get("type") == kind:
        words = (string(last.get(kind)) or "") + (string(piece.get(kind)) or "")
        content[-1] = {**last, kind: words}
    else:
        content.append(block)


def _visible(message: dict[str, Any]) -> bool:
    return mapping(message.get("metadata")).get("userVisible") is not False


class Conversation:
    """See the module. `read` each message, then `finish`."""

    def __init__(self, builder: SessionBuilder, head: dict[str, Any], model: str | None) -> None:
        self.builder = builder
        self._pulls = PullRequests(builder)
        self._calls = PairedCalls(builder, self._pulls)
        self._kinds: dict[str, Any] = {}
        self._spending = Spending(builder, head)
        self._session_model = model
        self._told_model: str | None = None
        self._ended: Place | None = None
        self._is_child = head.get("session_type") == "sub_agent"
        self._archived = False
        self._copied = 0
        self._own = 0
        self._ends("unknown", "the session has no messages")
        self._blocks: dict[str, _Reader] = {
            "text": self._text,
            "thinking": self._thinking,
            "reasoning": self._thinking,
            "toolRequest": self._request,
            "frontendToolRequest": self._request,
            "toolResponse": self._response,
            "image": self._attached,
            "document": self._attached,
            "actionRequired": self._action,
            "systemNotification": self._notice,
            "error": self._error,
            "contextLengthExceeded": self._summarised,
            "summarizationRequested": self._summarised,
            "conversationCompacted": self._summarised,
        }

    def read(self, message: dict[str, Any], line: int) -> None:
        """Write what one message tells."""
        role = message.get("role")
        place = Place(line, timestamp_us(message.get("created")), string(message.get("id")))
        if role not in ("user", "assistant"):
            name = role if isinstance(role, str) else ""
            self.builder.opaque(
                f"message of role '{name[:100]}'", line=line, ts_us=place.ts_us, text=compact_json(message)
            )
            return
        self._enter(place.native_id)
        metadata = mapping(message.get("metadata"))
        self._turn_to(metadata, place)
        before = self.builder.event_count
        blocks = [mapping(block) for block in sequence(message.get("content"))]
        hidden = not _visible(message) or metadata.get("turnContext") is True
        if role == "user":
            self._user(blocks, place, hidden=hidden)
        else:
            self._assistant(
                blocks, place, hidden=hidden, limited=metadata.get("outputTokenLimitReached") is True
            )
        self._archived = self._archived or metadata.get("agentVisible") is False
        self._spent(metadata, place, before)
        self.builder.replaying = False

    def finish(self, *, cut_off: bool) -> None:
        """All messages are read."""
        self._turn_over()
        copied, only = self._copied > 0, self._copied > 0 and self._own == 0
        self._spending.settle(model=self._session_model, copied=copied, only_copied=only)
        if cut_off:
            self._ends("truncated", "the transcript breaks off")
        self.builder.end_state, self.builder.end_reason = self._state, self._reason

    def _ends(self, state: EndState, reason: str) -> None:
        self._state, self._reason = state, reason

    def _enter(self, identity: str | None) -> None:
        """A copy of a session keeps the messages' ids, which may name the session that they were made in."""
        found = _OF_SESSION.fullmatch(identity or "")
        origin = found[1] if found else None
        if origin is not None and origin != self.builder.native_id and self._own == 0:
            self.builder.replaying = True
            self._copied += 1
            if self.builder.relation is None:
                self.builder.relation, self.builder.parent_id = "fork", origin
        else:
            self._own += 1

    def _user(self, blocks: list[dict[str, Any]], place: Place, *, hidden: bool) -> None:
        texts = [string(block.get("text")) for block in blocks if block.get("type") == "text"]
        text = "\n".join(one for one in texts if one)
        if text and not hidden:
            self._turn_over()
        if text:
            self._wrote(text, place, hidden=hidden)
        for block in blocks:
            if block.get("type") != "text":
                self._block(block, place, "user")
        if text and not hidden:
            self._calls.forget_open()
            self._ends("running", "the last message waits for an answer")
        elif any(block.get("type") == "toolResponse" for block in blocks):
            self._ends("running", "results of tools wait for an answer")

    def _wrote(self, text: str, place: Place, *, hidden: bool) -> None:
        if hidden and self._archived:
            # What takes the place of messages that the model no longer sees is their summary.
            self._archived = False
            self._event("compaction", "system", place, text)
        elif hidden or self._is_child:
            self._event("message", "user", place, text, injected=True)
            if not hidden:
                self.builder.initial_user_message = self.builder.initial_user_message or text
        else:
            ordinal = self._event("prompt", "user", place, text)
            self._pulls.in_text(text, ordinal)

    def _turn_over(self) -> None:
        """Say that the last answer ended its turn: only what follows shows it."""
        if self._ended is not None:
            self._event("turn_end", "assistant", self._ended)
        self._ended = None

    def _assistant(self, blocks: list[dict[str, Any]], place: Place, *, hidden: bool, limited: bool) -> None:
        kinds = {string(block.get("type")) for block in blocks}
        speaks = bool(kinds & {"text", "toolRequest", "frontendToolRequest"}) and not hidden
        if speaks:
            self._ended = None
            self._ends("unknown", "the last message says nothing")
        for block in blocks:
            if hidden and block.get("type") == "text":
                self._event("message", "system", place, string(block.get("text")) or "", injected=True)
            else:
                self._block(block, place, "assistant")
        if self._calls.open_count:
            self._ends("running", "a call has no result yet")
        elif speaks and limited:
            self._ends("error", "the answer reached the limit of its length")
        elif speaks and self._state == "unknown":
            self._ends("finished", "the last answer called no tool")
            self._ended = place

    def _event(self, kind: Any, actor: Any, place: Place, text: str = "", *, injected: bool = False) -> int:  # noqa: ANN401 (handed on)
        return write_event(self.builder, kind, actor, place, text, injected=injected)

    def _block(self, block: dict[str, Any], place: Place, role: str) -> None:
        kind = string(block.get("type")) or ""
        reader = self._blocks.get(kind)
        if reader is not None:
            reader(block, place, role)
        elif kind not in _CONFIRMATIONS and kind not in _UNREADABLE:
            what = f"content of type '{kind[:100]}'"
            self.builder.opaque(what, line=place.line, ts_us=place.ts_us, text=compact_json(block))

    def _text(self, block: dict[str, Any], place: Place, _role: str) -> None:
        text = string(block.get("text"))
        if not text:
            return
        if _FAILED.match(text):
            self._event("api_error", "system", place, text)
            self._ends("error", f"the model's service failed: {text[:200]}")
        elif _ASKS_AFTER_STOP.match(text):
            self._event("interrupt", "user", place, text)
            self._ends("interrupted", "a person stopped the last call")
        else:
            ordinal = self._event("message", "assistant", place, text)
            self._pulls.in_text(text, ordinal)

    def _thinking(self, block: dict[str, Any], place: Place, _role: str) -> None:
        text = string(block.get("thinking")) or string(block.get("text"))
        if text:
            self._event("reasoning", "assistant", place, text)

    def _request(self, block: dict[str, Any], place: Place, _role: str) -> None:
        call, call_id = call_of(block), string(block.get("id"))
        self._kinds[call_id or ""] = call.kind
        self._calls.call(call, call_id, place)

    def _response(self, block: dict[str, Any], place: Place, _role: str) -> None:
        call_id = string(block.get("id"))
        self._calls.result(call_id, ended(block, self._kinds.get(call_id or "")), place)

    def _attached(self, block: dict[str, Any], place: Place, _role: str) -> None:
        name = string(block.get("name")) or string(block.get("type")) or "file"
        kind = string(block.get("mimeType"))
        self._event(
            "message", "user", place, f"[attached: {name}{f' ({kind})' if kind else ''}]", injected=True
        )

    def _action(self, block: dict[str, Any], place: Place, _role: str) -> None:
        """What the agent asks of the person besides leave to run a tool, and what they answer."""
        data = mapping(block.get("data"))
        kind = data.get("actionType")
        if kind == "elicitation":
            self._event("message", "assistant", place, string(data.get("message")) or "")
        elif kind == "elicitationResponse":
            self._event("message", "user", place, compact_json(data.get("userData", data.get("user_data"))))
        elif kind not in ("toolConfirmation", "toolConfirmationResponse"):
            self.builder.opaque("an action that is required", line=place.line, text=compact_json(block))

    def _notice(self, block: dict[str, Any], place: Place, _role: str) -> None:
        text = string(block.get("msg")) or ""
        if block.get("notificationType") == "creditsExhausted":
            self._event("api_error", "system", place, text)
            self._ends("error", "the credits are used up")
        else:
            self._event("message", "system", place, text, injected=True)

    def _error(self, block: dict[str, Any], place: Place, _role: str) -> None:
        text = string(block.get("message")) or string(block.get("kind")) or "unknown error"
        self._event("api_error", "system", place, text)
        self._ends("error", f"the model's service failed: {text[:200]}")

    def _summarised(self, block: dict[str, Any], place: Place, _role: str) -> None:
        self._event("compaction", "system", place, string(block.get("msg")) or "")

    def _turn_to(self, metadata: dict[str, Any], place: Place) -> None:
        inference = mapping(metadata.get("inference"))
        model = string(inference.get("resolvedModel")) or string(inference.get("requestedModel"))
        if model and self._told_model and model != self._told_model:
            self._event("model_change", "system", place, f"{self._told_model} -> {model}")
        self._told_model = model or self._told_model

    def _spent(self, metadata: dict[str, Any], place: Place, before: int) -> None:
        usage = mapping(metadata.get("usage"))
        tokens = message_buckets(usage)
        if tokens is None:
            return
        self._spending.answer(
            Told(
                key=place.native_id or f"{self.builder.native_id}:message-{before}",
                tokens=tokens,
                cost_usd_micros=usd_micros(usage.get("cost")),
                model=self._told_model or self._session_model,
                ts_us=place.ts_us,
                event=before if self.builder.event_count > before else None,
                replayed=self.builder.replaying,
            )
        )
