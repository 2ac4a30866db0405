"""Messages of a Claude Code conversation in, events, model calls and pull requests of a Session out.

What the transcript files and the headless stream share: one response stands in several rows (one for each
content block, the usage repeated or growing), results name their call by id, prompts hide among wrappers.
"""

from typing import Any

from debrief.model import Actor, EventKind, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, write_call, write_event, write_result
from debrief.sources.claude.ending import Ending
from debrief.sources.claude.messages import (
    Spent,
    call_target,
    duration_ms_of,
    exit_code_of,
    flat_text,
    outcome_of,
    spent_of,
    tool_kind,
)
from debrief.sources.claude.outputs import kept_outputs, whole_output
from debrief.sources.claude.prompts import Piece, pieces
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, mapping, sequence, string

NO_MODEL = "<synthetic>"
"""The model's name on rows that Claude Code wrote itself."""


class _Call(Call, frozen=True, kw_only=True):
    call_id: str
    message_id: str | None


class Conversation:
    """Writes into `builder`, whose `agent` and `replaying` the format sets.

    `ending` knows how things stand, `spoken` whether anything was said on the main chain yet, `pulls` notes
    pull requests, `outputs` are the results that lie in files of their own.
    """

    def __init__(self, builder: SessionBuilder) -> None:
        self._builder = builder
        self._calls: dict[str, _Call] = {}
        self._uses: dict[str, int] = {}
        self._nameless: list[_Call] = []
        self._stopped: set[str] = set()
        self.pulls = PullRequests(builder)
        self._model: str | None = None
        self._last: tuple[object, Spent] | None = None
        self._summary: int | None = None
        self.outputs = kept_outputs(())
        self.ending = Ending()
        self.spoken = False

    @property
    def _main(self) -> bool:
        return self._builder.agent is None

    def assistant(self, message: dict[str, Any], place: Place, cost_usd_micros: int | None = None) -> None:
        """A row of the assistant: its blocks as events, its usage as (part of) a model call.

        `cost_usd_micros` is what the row says that the call cost.
        """
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else sequence(content)
        model, message_id = string(message.get("model")), string(message.get("id"))
        stop_reason = string(message.get("stop_reason"))
        own_words = model == NO_MODEL
        if self._main:
            self.spoken, self._summary = True, None
            if not own_words:
                self.model_named(model, place)
        first = self._builder.event_count
        for block in blocks:
            self._assistant_block(mapping(block), place, message_id, stop_reason, own_words=own_words)
        if not own_words:
            event = first if self._builder.event_count > first else None
            self._count(message, message_id, model, event, place, cost_usd_micros)

    def _assistant_block(
        self,
        block: dict[str, Any],
        place: Place,
        message_id: str | None,
        stop_reason: str | None,
        *,
        own_words: bool,
    ) -> None:
        kind = string(block.get("type"))
        if kind == "text":
            self._said(string(block.get("text")) or "", place, stop_reason, own_words=own_words)
        elif kind == "thinking":
            if text := string(block.get("thinking")):
                self._event("reasoning", "assistant", place, text=text)
            if self._main:
                self.ending.stands("running", "The last record is a thought that no answer follows.")
        elif kind in ("tool_use", "server_tool_use", "mcp_tool_use"):
            self._call(block, place, message_id)
        elif kind == "fallback":
            self.model_named(string(mapping(block.get("to")).get("model")), place)
        elif kind is not None and kind.endswith("tool_result"):
            self._result(block, place, None, None)
        elif kind not in ("redacted_thinking", "image", "document"):
            self._builder.opaque(f"content block of type {kind!r}", line=place.line, ts_us=place.ts_us)

    def _said(self, text: str, place: Place, stop_reason: str | None, *, own_words: bool) -> None:
        if not text.strip():
            return
        ordinal = self._event("message", "assistant", place, text=text, injected=own_words)
        self.pulls.in_text(text, ordinal)
        if self._main and not own_words:
            self.ending.spoke(stop_reason)

    def model_named(self, model: str | None, place: Place) -> None:
        """Note the main chain's model; its first mention is no change."""
        if model is None or model == self._model:
            return
        if self._model is not None:
            self._event("model_change", "system", place, text=f"{self._model} -> {model}")
        self._model = model

    def _count(
        self,
        message: dict[str, Any],
        message_id: str | None,
        model: str | None,
        event: int | None,
        place: Place,
        cost_usd_micros: int | None,
    ) -> None:
        key = message_id or place.native_id or f"line {place.line}"
        if string(message.get("stop_reason")):
            self._stopped.add(key)
        spent = self._spent(message.get("usage"))
        tokens = spent.tokens
        # Without a stop reason on any of its rows a response's output is the placeholder it began with.
        placeholder = key not in self._stopped and tokens.output is not None
        bound = (("output",) if placeholder else ()) + (("cost",) if spent.costs_more else ())
        self.count_call(key, model, tokens, bound, event, place, spent.hour_long_writes, cost_usd_micros)
        for number, (advisor, its) in enumerate(spent.advisors, start=1):
            self.count_call(f"{key} advisor {number}", advisor, its, (), None, place, None, None)

    def _spent(self, usage: object) -> Spent:
        """What `usage` states; the rows of one answer, which follow each other, state the same."""
        if self._last is None or self._last[0] != usage:
            self._last = usage, spent_of(usage)
        return self._last[1]

    def count_call(
        self,
        key: str,
        model: str | None,
        tokens: Tokens,
        lower_bound: tuple[str, ...],
        event: int | None,
        place: Place,
        cache_write_1h: int | None,
        cost_usd_micros: int | None,
    ) -> None:
        """Hand a model call to the builder; the headless stream first waits for the run's own totals.

        A replayed call is counted where it was made: in the session that this one was forked from.
        """
        if self._builder.replaying:
            self._builder.usage_row(tokens, repeated=False)
            return
        self._builder.model_call(
            key,
            model=model,
            tokens=tokens,
            ts_us=place.ts_us,
            lower_bound=lower_bound,
            cache_write_1h=cache_write_1h,
            cost_usd_micros=cost_usd_micros,
            event=event,
        )

    def _call(self, block: dict[str, Any], place: Place, message_id: str | None) -> None:
        given_id = string(block.get("id"))
        known = self._calls.get(given_id) if given_id else None
        if known is not None and known.message_id == message_id:
            return
        tool = string(block.get("name")) or "unnamed tool"
        kind = tool_kind(tool)
        arguments = mapping(block.get("input"))
        target = call_target(kind, arguments)
        call_id = self._unique(given_id or f"{place.native_id or place.line}:{tool}", known)
        call = _Call(
            call_id=call_id,
            message_id=message_id,
            tool=tool,
            kind=kind,
            command=target.command,
            path=target.path,
            args=compact_json(arguments) if arguments else "",
            edits=target.edits,
        )
        if given_id:
            self._calls[given_id] = call
        else:
            self._nameless.append(call)
        write_call(self._builder, call, call_id, place)
        if self._main:
            self.ending.called(call_id, tool)

    def _unique(self, call_id: str, superseded: _Call | None) -> str:
        """Gateways count their call ids anew; a later use of one gets a number, and the earlier is over."""
        if superseded is not None and self._main:
            self.ending.answered(superseded.call_id)
        uses = self._uses[call_id] = self._uses.get(call_id, 0) + 1
        return call_id if uses == 1 else f"{call_id}#{uses}"

    def _result(self, block: dict[str, Any], place: Place, structured: object, denial: object) -> None:
        given_id = string(block.get("tool_use_id"))
        call = self._calls.get(given_id) if given_id else (self._nameless.pop() if self._nameless else None)
        text = whole_output(flat_text(block.get("content")), self.outputs)
        outcome = outcome_of(text, flagged=block.get("is_error"), structured=structured, denial=denial)
        call_id = call.call_id if call else given_id
        write_result(
            self._builder,
            self.pulls,
            call,
            call_id,
            text,
            outcome,
            place,
            exit_code=exit_code_of(text) if outcome == "error" else None,
            duration_ms=duration_ms_of(structured),
        )
        if self._main:
            self.ending.answered(call_id)

    def user(
        self,
        message: dict[str, Any],
        place: Place,
        *,
        injected: bool,
        structured: object = None,
        denial: object = None,
    ) -> list[str]:
        """A user row: results as events, text taken apart; gives back what of it was typed.

        The typed text becomes one prompt however many blocks it stands in; `injected` says that the row as a
        whole comes from the tool. The prompt is left to the caller, who knows which were shown already.
        """
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else sequence(content)
        typed: list[str] = []
        others: list[str] = []
        for value in blocks:
            block = {"type": "text", "text": value} if isinstance(value, str) else mapping(value)
            kind = string(block.get("type"))
            if kind == "tool_result":
                self._result(block, place, structured, denial)
            elif kind == "text":
                for piece in pieces(string(block.get("text")) or ""):
                    if piece.kind == "prompt" and not injected:
                        typed.append(piece.text)
                    else:
                        self._piece(piece, place)
            elif kind in ("image", "document"):
                others.append(f"[{kind}]")
            else:
                self._builder.opaque(f"content block of type {kind!r}", line=place.line, ts_us=place.ts_us)
        if others and not typed:
            if injected or not self._main:
                self._event("message", "user", place, text=" ".join(others), injected=True)
            else:
                typed = others
        return typed

    def _piece(self, piece: Piece, place: Place) -> None:
        if piece.kind == "interrupt":
            self.interrupt(piece.text, place)
        elif piece.kind == "summary":
            self.summary(piece.text, place)
        else:
            self.note(piece.text, place)

    def prompt(self, text: str, place: Place) -> None:
        """A person typed `text`; in a sub-agent's chain it is the order of the agent above."""
        if not self._main:
            self._event("message", "user", place, text=text, injected=True)
            return
        ordinal = self._event("prompt", "user", place, text=text)
        self.pulls.in_text(text, ordinal)
        self.spoken, self._summary = True, None
        self.ending.prompted()

    def note(self, text: str, place: Place) -> None:
        """Text that the tool put into the conversation."""
        if not text.strip():
            return
        self._event("message", "user", place, text=text, injected=True)
        if self._main and text in ("/exit", "/quit"):
            self.ending.left()

    def interrupt(self, text: str, place: Place) -> None:
        """A person stopped the agent."""
        self._event("interrupt", "user", place, text=text)
        if self._main:
            self.spoken = True
            self.ending.interrupted()

    def api_error(self, text: str, place: Place) -> None:
        """The model's service failed or refused; `text` is its word."""
        self._event("api_error", "system", place, text=text)
        if self._main:
            first_line = self._builder.brief(text.strip().partition("\n")[0])
            self.ending.failed(f"The model's service failed, and nothing follows: {first_line}")

    def compaction(self, text: str, place: Place, *, by_hand: bool) -> None:
        """The boundary at which the conversation was summarised; the summary itself follows."""
        self._summary = self._event("compaction", "system", place, text=text)
        if self._main and by_hand:
            self.ending.stands("finished", "A person had the conversation summarised; nothing follows.")

    def summary(self, text: str, place: Place) -> None:
        """The summary's text: part of the boundary before it, or, without one, a compaction itself."""
        if self._summary is not None:
            kept, cut = self._builder.text(text)
            self._builder.amend(self._summary, text=kept, cut=cut)
            self._summary = None
        else:
            self._event("compaction", "system", place, text=text)

    def turn_end(self, duration_ms: int | None, place: Place) -> None:
        """The agent handed back to the person."""
        self._builder.event(
            "turn_end",
            "system",
            ts_us=place.ts_us,
            line=place.line,
            native_id=place.native_id,
            duration_ms=duration_ms,
        )
        if self._main:
            self.ending.turned()

    def subagent(self, what: str, place: Place) -> None:
        """The events of the builder's agent begin."""
        self._event("subagent", "system", place, text=what)

    def _event(
        self, kind: EventKind, actor: Actor, place: Place, *, text: str, injected: bool = False
    ) -> int:
        return write_event(self._builder, kind, actor, place, text, injected=injected)
