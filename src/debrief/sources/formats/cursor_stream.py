"""`cursor-agent -p --output-format stream-json`: the lines of a headless run in, a Session for each id out.

Calls begin and end in records of their own, with the time and how they went; reasoning comes in pieces, and
with `--stream-partial-output` answers too, followed by the whole once more. The `result` line tells the
tokens of its run, input without what came from the cache. Lines of other programs may stand between.
"""

from collections.abc import Callable, Iterator
from typing import Any

from debrief.model import EndState, Session, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place, fields_of
from debrief.sources.cursor.calls import tool_call
from debrief.sources.cursor.conversation import Conversation
from debrief.sources.cursor.results import content_text, typed_result
from debrief.sources.documents import head_lines
from debrief.sources.records import compact_json, count, mapping, string, timestamp_us
from debrief.sources.runs import sessions_of
from debrief.sources.source import Clean, Companions, Transcript

_LINES_TRIED = 50
"""A log may hold the other output of the command before the stream begins."""

_INIT_OF_OTHERS = frozenset({"tools", "mcp_servers", "uuid", "slash_commands", "agents"})
"""Fields of another program's first line, which is otherwise the same."""

_PASSED_OVER = frozenset({"connection", "retry", "interaction_query", "task_notification"})
"""Signs of life, and questions that a headless run answers itself: what becomes of them, the calls tell."""


class CursorStream:
    """See the module."""

    name = "cursor_stream"
    title = "Cursor (headless)"
    version = 1
    roots: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether the first lines that can be read are of the stream."""
        for value in head_lines(head, _LINES_TRIED):
            kind, subtype = value.get("type"), value.get("subtype")
            if kind == "system" and subtype == "init":
                if _INIT_OF_OTHERS.intersection(value):
                    return False
                if "apiKeySource" in value and isinstance(value.get("session_id"), str):
                    return True
            elif kind == "tool_call" and subtype in ("started", "completed"):
                return isinstance(value.get("tool_call"), dict)
            elif kind == "thinking" and subtype in ("delta", "completed") and "session_id" in value:
                return True
            elif "uuid" in value or "parent_tool_use_id" in value:
                return False
        return False

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield a session for each id; a log may hold several runs, of one session or of more."""
        yield from sessions_of(
            transcript.main, lambda: _Run(self._builder(clean)), "no record of this file can be read"
        )

    def _builder(self, clean: Clean) -> SessionBuilder:
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name="Cursor", clean=clean
        )
        builder.surface = "headless"
        return builder


class _Run:
    """One session while its part of the log is read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.read_any = False
        self._conversation = Conversation(builder)
        self._place = Place(0)
        self._model: str | None = None
        self._thoughts: list[str] = []
        self._pieces: list[tuple[str, Place]] = []
        self._in_pieces = False
        self._open: set[str] = set()
        self._first_of_run: int | None = None
        self._end: tuple[EndState, str] = ("unknown", "The stream holds no turn.")
        self._readers: dict[str, Callable[[dict[str, Any]], None]] = {
            "system": self._system,
            "user": self._user,
            "assistant": self._assistant,
            "thinking": self._thinking,
            "tool_call": self._tool_call,
            "result": self._result,
            "error": self._error,
        }

    def belongs_elsewhere(self, value: dict[str, Any]) -> bool:
        """Whether `value` is of another session than this one."""
        session, known = string(value.get("session_id")), self.builder.native_id
        return bool(session and known and session != known)

    def read(self, value: dict[str, Any], line: int) -> None:
        """Write what one record tells."""
        kind = string(value.get("type")) or ""
        self._place = Place(line, timestamp_us(value.get("timestamp_ms")))
        self.builder.saw(self._place.ts_us)
        self.builder.native_id = self.builder.native_id or string(value.get("session_id"))
        if kind != "assistant":
            self._flush_answer()
        if kind != "thinking":
            self._flush_thoughts()
        reader = self._readers.get(kind)
        if reader is not None:
            self.read_any = True
            reader(value)
        elif kind not in _PASSED_OVER:
            self.builder.opaque(f"record of type '{kind[:100]}'", line=line, text=compact_json(value))

    def finish(self, *, cut_off: bool) -> Session:
        """The session's part of the log is over."""
        self._flush_thoughts()
        self._flush_answer()
        if self.builder.native_id is None:
            self.builder.fault("line 1: the stream does not say its session's id")
        self.builder.end_state, self.builder.end_reason = self._end
        if cut_off:
            self.builder.end_state = "truncated"
            self.builder.end_reason = "The stream breaks off inside its last record."
        return self.builder.build()

    def _system(self, value: dict[str, Any]) -> None:
        if value.get("subtype") != "init":
            text = string(value.get("message")) or compact_json(value)
            self._conversation.event("message", "system", text, self._place, injected=True)
            return
        self.builder.cwd = self.builder.cwd or string(value.get("cwd"))
        model = string(value.get("model"))
        if model and self._model and model != self._model:
            self._conversation.event("model_change", "system", model, self._place)
        self._model = model or self._model
        self._end = ("running", "The stream ends before the agent did anything: at work, or cut off.")
        self._first_of_run = len(self.builder.events)

    def _user(self, value: dict[str, Any]) -> None:
        self._conversation.user(content_text(mapping(value.get("message")).get("content")), self._place)
        self._end = ("running", "The last thing in the stream is a person's request.")

    def _assistant(self, value: dict[str, Any]) -> None:
        text = content_text(mapping(value.get("message")).get("content"))
        if not text:
            return
        self._end = ("running", "The stream ends while the agent is at work: at work, or cut off.")
        if len(self._pieces) > 1 and text.strip() == "".join(piece for piece, _ in self._pieces).strip():
            # The whole, after its pieces.
            self._in_pieces = True
            self._flush_answer()
        elif self._in_pieces and len(self._pieces) == 1 and text == self._pieces[0][0]:
            self._flush_answer()
        elif self._place.ts_us is None and [text] == [piece for piece, _ in self._pieces]:
            # A single piece has its time, the whole has none.
            self._flush_answer()
        else:
            self._pieces.append((text, self._place))

    def _flush_answer(self) -> None:
        """Write the answers that wait: one in pieces, or several that are whole."""
        if self._in_pieces and self._pieces:
            whole = "".join(piece for piece, _ in self._pieces)
            self._conversation.answer(whole, self._pieces[0][1])
        else:
            for text, place in self._pieces:
                self._conversation.answer(text, place)
        self._pieces.clear()

    def _thinking(self, value: dict[str, Any]) -> None:
        if text := string(value.get("text")):
            self._thoughts.append(text)
        if value.get("subtype") == "completed":
            self._flush_thoughts()

    def _flush_thoughts(self) -> None:
        text = "".join(self._thoughts)
        self._thoughts.clear()
        if text.strip():
            self._conversation.event("reasoning", "assistant", text, self._place)

    def _tool_call(self, value: dict[str, Any]) -> None:
        body = mapping(value.get("tool_call"))
        call_id = string(value.get("call_id")) or string(body.get("toolCallId")) or f"line-{self._place.line}"
        name, fields = _named(body)
        # Numbers of calls begin anew with each run of some versions.
        if not self._conversation.knows(call_id) or (
            value.get("subtype") == "started" and call_id not in self._open
        ):
            self._begin(name, fields.get("args"), call_id)
        if value.get("subtype") == "completed":
            self._open.discard(call_id)
            self._conversation.result(call_id, typed_result(fields.get("result")), self._place)
        self._end = ("running", "The stream ends while the agent is at work: at work, or cut off.")

    def _begin(self, name: str, arguments: object, call_id: str) -> None:
        self._open.add(call_id)
        call = tool_call(name, arguments)
        self._conversation.call(call, call_id, self._place)
        if call.kind == "agent":
            fields = fields_of(arguments)
            self.builder.agent = string(fields.get("agentId")) or call_id
            self.builder.event(
                "subagent",
                "assistant",
                text=string(fields.get("prompt")) or string(fields.get("description")) or "",
                ts_us=self._place.ts_us,
                line=self._place.line,
                call_id=call_id,
            )
            self.builder.agent = None

    def _result(self, value: dict[str, Any]) -> None:
        if value.get("is_error") is True or value.get("subtype") not in ("success", None):
            text = string(value.get("result")) or string(value.get("error")) or "unknown error"
            self._conversation.event("api_error", "system", text, self._place)
            self._end = ("error", "The run ended with an error.")
        else:
            self._conversation.event("turn_end", "assistant", "", self._place)
            self._end = ("finished", "The run ended by itself.")
        tokens = _tokens(mapping(value.get("usage")))
        if tokens is not None:
            first = self._first_of_run
            self.builder.model_call(
                string(value.get("request_id")) or f"{self.builder.native_id}:line-{self._place.line}",
                model=self._model,
                tokens=tokens,
                ts_us=self._place.ts_us,
                event=first if first is not None and first < len(self.builder.events) else None,
            )

    def _error(self, value: dict[str, Any]) -> None:
        error = value.get("error")
        text = string(error) or string(mapping(error).get("message")) or string(value.get("message"))
        self._conversation.event("api_error", "system", text or "unknown error", self._place)
        self._end = ("error", "The run ended with an error.")


def _named(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The tool's name and what is told of the call: the one key of `tool_call` that ends so."""
    function = mapping(body.get("function"))
    if name := string(function.get("name")):
        return name, {"args": function.get("arguments"), "result": function.get("result", body.get("result"))}
    for name, value in body.items():
        if name.endswith("ToolCall") and isinstance(value, dict):
            plain = name.removesuffix("ToolCall")
            return plain, value
    return "unknown", {"args": body, "result": body.get("result")}


def _tokens(usage: dict[str, Any]) -> Tokens | None:
    """The tokens of a run; all zero means that the service did not say."""
    tokens = Tokens(
        input=count(usage.get("inputTokens")),
        cache_read=count(usage.get("cacheReadTokens")),
        cache_write=count(usage.get("cacheWriteTokens")),
        output=count(usage.get("outputTokens")),
    )
    return tokens if tokens.input or tokens.cache_read or tokens.output else None


CURSOR_STREAM = CursorStream()
