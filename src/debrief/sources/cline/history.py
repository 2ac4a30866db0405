"""`api_conversation_history.json`: the messages that went to the model and came from it in, events out.

It holds each call whole, with its result, which the panel's rows do not; but neither failed requests nor what
a person did beside the conversation, and in older versions no times.
"""

from typing import Any

from debrief.model import EndState
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, fields_of, write_call, write_result
from debrief.sources.cline.texts import Piece, outcome, pieces, typed_in
from debrief.sources.cline.tools import COMPLETION, TALKING, tagged_calls, tool_call
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, mapping, sequence, string

_CUT_SHORT = {
    "[Response interrupted by user]": "interrupt",
    "[Response interrupted by API Error]": "api_error",
    "[Response interrupted by a tool use result.": "",
}
_THOUGHT_TAGS = ("<thinking>", "</thinking>")


class History:
    """Writes the messages of one history, one at a time, in their order."""

    def __init__(self, builder: SessionBuilder, *, alone: bool) -> None:
        self.builder = builder
        self.pulls = PullRequests(builder)
        self.end: tuple[EndState, str] = ("unknown", "the history holds no message")
        self._waiting: list[tuple[str, Call]] = []
        self._calls: dict[str, Call] = {}
        self._alone = alone
        self._typed_any = False
        self._ts_us: int | None = None
        self._number = 0

    def read(self, message: dict[str, Any], number: int, ts_us: int | None) -> None:
        """Write what message `number` tells."""
        self._ts_us, self._number = ts_us, number
        role = message.get("role")
        if message.get("isSummary") is True or message.get("isTruncationMarker") is True:
            self._say("compaction", "system", _text(message.get("content")))
        elif role == "assistant" and message.get("type") == "reasoning" and not message.get("content"):
            if thought := _text(message.get("summary")):
                self._say("reasoning", "assistant", thought)
        elif role == "assistant":
            self._assistant(message)
        elif role == "user":
            self._user(message)
        elif role == "system":
            self._say("message", "system", _text(message.get("content")), injected=True)
        else:
            self.builder.opaque("a message of no known role", line=0, text=compact_json(message))

    def _say(self, kind: Any, actor: Any, text: str, *, injected: bool = False) -> int:  # noqa: ANN401 (handed on)
        ordinal = self.builder.event(kind, actor, text=text, ts_us=self._ts_us, injected=injected)
        if text and not injected:
            self.pulls.in_text(text, ordinal)
        return ordinal

    def _assistant(self, message: dict[str, Any]) -> None:
        self._waiting.clear()
        self.end = ("finished", "the agent answered without calling a tool")
        content = message.get("content")
        blocks = [content] if isinstance(content, str) else sequence(content)
        reasoning = string(message.get("reasoning_content"))
        if reasoning:
            self._say("reasoning", "assistant", reasoning)
        for block in blocks:
            value = mapping(block)
            kind = "text" if isinstance(block, str) else value.get("type")
            if kind == "text":
                self._spoken(block if isinstance(block, str) else string(value.get("text")) or "")
            elif kind in ("thinking", "reasoning"):
                thought = (
                    string(value.get("thinking")) or _text(value.get("text")) or _text(value.get("summary"))
                )
                if thought:
                    self._say("reasoning", "assistant", thought)
            elif kind == "tool_use":
                call_id = string(value.get("id")) or self._unnamed()
                self._call(call_id, string(value.get("name")) or "unknown", fields_of(value.get("input")))
            elif kind not in ("redacted_thinking", "thoughtSignature", "image"):
                self.builder.opaque("an answer's block of no known type", line=0, text=compact_json(block))

    def _spoken(self, text: str) -> None:
        """Text of the model, in which older versions' calls stand as tags."""
        position = 0
        for call in tagged_calls(text):
            self._plain(text[position : call.start])
            self._call(self._unnamed(), call.name, call.arguments)
            position = call.end
        self._plain(text[position:])

    def _plain(self, text: str) -> None:
        cut_short = ""
        for mark, kind in _CUT_SHORT.items():
            at = text.find(mark)
            if at >= 0:
                text, cut_short = text[:at], kind
        opening, closing = (text.find(tag) for tag in _THOUGHT_TAGS)
        if 0 <= opening < closing:
            thought = text[opening + len(_THOUGHT_TAGS[0]) : closing].strip()
            text = text[:opening] + text[closing + len(_THOUGHT_TAGS[1]) :]
            if thought:
                self._say("reasoning", "assistant", thought)
        if text.strip():
            self._say("message", "assistant", text.strip())
        if cut_short == "interrupt":
            self._say("interrupt", "user", "")
            self.end = ("interrupted", "a person stopped the agent's last answer")
        elif cut_short == "api_error":
            self._say("api_error", "system", "Response interrupted by API Error")
            self.end = ("error", "the agent's last answer broke off with an error of the service")

    def _call(self, call_id: str, name: str, arguments: dict[str, Any]) -> None:
        if name in TALKING:
            said = string(arguments.get("result")) or string(arguments.get("response")) or ""
            if said:
                self._say("message", "assistant", said)
        call = tool_call(name, arguments)
        self._calls[call_id] = call
        self._waiting.append((call_id, call))
        write_call(self.builder, call, call_id, Place(ts_us=self._ts_us))
        if name == COMPLETION:
            self._say("turn_end", "assistant", "")
            self.end = ("finished", "the agent said that the task is completed")
        elif name in TALKING or call.kind == "ask":
            self.end = ("finished", "the agent waits for the person's answer")
        else:
            self.end = ("running", "a call has no result yet")

    def _user(self, message: dict[str, Any]) -> None:
        content = message.get("content")
        blocks: list[Any] = [content] if isinstance(content, str) else sequence(content)
        before = self.end
        self.end = ("running", "the last message is not answered yet")
        loose: Piece | None = None
        for block in blocks:
            value = mapping(block)
            kind = "text" if isinstance(block, str) else value.get("type")
            if kind == "tool_result":
                self._result(value)
            elif kind == "text":
                text = block if isinstance(block, str) else string(value.get("text")) or ""
                for piece in pieces(text):
                    loose = self._piece(piece, loose, before)
            elif kind not in ("image", "document"):
                self.builder.opaque("a message's block of no known type", line=0, text=compact_json(block))
        if loose is not None:
            self._tagged_result(loose)

    def _piece(self, piece: Piece, loose: Piece | None, before: tuple[EndState, str]) -> Piece | None:
        """Write one piece; a result's header whose text has not come yet is handed on."""
        if loose is not None:
            if piece.kind == "plain":
                self._tagged_result(Piece("result", piece.text, loose.tool))
                return None
            self._tagged_result(loose)
        if self._alone and piece.text.startswith("[TASK RESUMPTION] This task was interrupted"):
            self._say("interrupt", "user", "")
        if piece.kind == "result":
            if not piece.text:
                return piece
            self._tagged_result(piece)
        elif piece.kind == "typed":
            self._prompt(piece.text)
        elif piece.kind == "plain" and (
            not self._typed_any or (not self._waiting and before[0] == "finished")
        ):
            if piece.text.startswith(("[ERROR]", "# task_progress", "[Note", "# ")):
                self._say("message", "system", piece.text, injected=True)
            else:
                self._prompt(piece.text)
        else:
            self._say("message", "system", piece.text, injected=True)
        return None

    def _prompt(self, text: str) -> None:
        self._typed_any = True
        self._say("prompt", "user", text)

    def _tagged_result(self, piece: Piece) -> None:
        """A result that names its tool: the first waiting call of that name is its own."""
        for place, (call_id, call) in enumerate(self._waiting):
            if call.tool == piece.tool or (call.kind == "mcp" and piece.tool == "use_mcp_tool"):
                del self._waiting[place]
                self._ended(call_id, call, piece.text, failed=False)
                return
        call = tool_call(piece.tool or "unknown", {})
        self._ended(self._unnamed(), call, piece.text, failed=False)

    def _result(self, value: dict[str, Any]) -> None:
        call_id = string(value.get("tool_use_id")) or self._unnamed()
        call = self._calls.get(call_id) or tool_call("unknown", {})
        self._waiting = [one for one in self._waiting if one[0] != call_id]
        text = _text(value.get("content"))
        told = [piece for piece in pieces(text) if piece.kind == "told"]
        for piece in told:
            text = text.replace(piece.text, "")
        self._ended(call_id, call, text.strip("\n"), failed=value.get("is_error") is True)
        for typed in typed_in(text):
            self._prompt(typed)
        for piece in told:
            self._say("message", "system", piece.text, injected=True)

    def _ended(self, call_id: str, call: Call, text: str, *, failed: bool) -> None:
        if call.tool in TALKING and not failed:
            # What comes back from the person is their next message.
            return
        how, exit_code = outcome(text, call.kind, failed=failed)
        write_result(
            self.builder, self.pulls, call, call_id, text, how, Place(ts_us=self._ts_us), exit_code=exit_code
        )

    def _unnamed(self) -> str:
        return f"message-{self._number}-{self.builder.event_count}"


def _text(content: object) -> str:
    """The text of a message or a result: a string, a part, or parts of which some may be pictures."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return string(content.get("text")) or ""
    return "\n".join(text for part in sequence(content) if (text := _text(part)))


def prompts_of(messages: list[dict[str, Any]]) -> str:
    """All that the user's messages hold, for looking up whether a person's words stand there."""
    texts = []
    for message in messages:
        if message.get("role") == "user":
            for block in sequence(message.get("content")) or [message.get("content")]:
                value = mapping(block)
                whole = block if isinstance(block, str) else _text(value.get("text") or value.get("content"))
                texts.append(whole)
    return "\n".join(texts)
