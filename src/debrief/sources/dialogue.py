"""Steps of a conversation in, events out: what formats with prompts, calls and results by id share.

A call and its result are paired by their id, pull requests are looked for where text can name one, and how
the conversation stands after its last step is judged. Ids that a transcript uses again are told apart.
"""

from typing import Literal, NamedTuple

from debrief.model import EndState, EventKind, Outcome
from debrief.sources.builder import SessionBuilder, printable
from debrief.sources.calls import Call, Place, write_call, write_result
from debrief.sources.pulls import PullRequests
from debrief.sources.records import string


def named(value: object) -> str | None:
    """`value` if it can be a session's id: text of which anything is left when it is made printable."""
    found = string(value)
    return found if found and printable(found[:1200]).strip() else None


class Ended(NamedTuple):
    """How a call came out; None where the record does not say."""

    outcome: Outcome = "unknown"
    exit_code: int | None = None
    duration_ms: int | None = None


class _Open(NamedTuple):
    call: Call
    agent: str | None


class Dialogue:
    """Writes the steps of one session, main chain and sub-agents, to its builder.

    `at` says where the record stands whose steps follow. Only steps of the main chain (no `builder.agent`)
    decide how the session ended.
    """

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.line = 0
        self.ts_us: int | None = None
        self._pulls = PullRequests(builder)
        self._open: dict[str, _Open] = {}
        self._known: dict[str, _Open] = {}
        self._names: dict[str, str] = {}
        self._uses: dict[str, int] = {}
        self._state: EndState = "unknown"
        self._reason = "The transcript holds no prompt and no answer."

    def at(self, line: int, ts_us: int | None) -> None:
        """The steps that follow stand in this line, at this time."""
        self.line, self.ts_us = line, ts_us
        if not self.builder.replaying:
            self.builder.saw(ts_us)

    def stands(self, state: EndState, reason: str) -> None:
        """The last thing seen means `state`, because of `reason`."""
        if self.builder.agent is None and not self.builder.replaying:
            self._state, self._reason = state, reason

    @property
    def state(self) -> EndState:
        """How things stand after the last step, open calls aside."""
        return self._state

    def prompt(self, text: str, *, native_id: str | None = None) -> None:
        """A person wrote; what was open before is given up."""
        ordinal = self._event("prompt", text, native_id, by="user")
        self._pulls.in_text(text, ordinal)
        self._give_up()
        self.stands("running", "The last record is a prompt that nothing answers yet.")

    def injected(self, text: str, *, by: Literal["user", "system"] = "system") -> None:
        """The tool put text into the conversation; empty text is nothing."""
        if text.strip():
            ordinal = self.builder.event(
                "message", by, text=text, line=self.line, ts_us=self.ts_us, injected=True
            )
            self._pulls.in_text(text, ordinal)

    def says(self, text: str, *, native_id: str | None = None, ended: bool | None = None) -> None:
        """The assistant wrote; `ended` where the record says whether its turn is over with that."""
        if text.strip():
            self._pulls.in_text(text, self._event("message", text, native_id))
        if ended:
            self.stands("finished", "The agent ended its turn, and nothing follows.")
        elif ended is None and text.strip():
            self.stands("finished", "The last record is a message of the agent, with no call after it.")

    def thinks(self, text: str, *, native_id: str | None = None) -> None:
        """The assistant thought; hidden thoughts are nothing."""
        if text.strip():
            self._event("reasoning", text, native_id)
            self.stands("running", "The last record is a thought that the agent has not gone on from.")

    def calls(self, call: Call, call_id: str | None, *, native_id: str | None = None) -> str:
        """The assistant called a tool; the id under which the call is kept."""
        name = call_id or f"line-{self.line}"
        self._uses[name] = self._uses.get(name, 0) + 1
        own = name if self._uses[name] == 1 else f"{name}#{self._uses[name]}"
        self._names[name] = own
        self._known[own] = self._open[own] = _Open(call, self.builder.agent)
        write_call(self.builder, call, own, Place(self.line, self.ts_us, native_id))
        return own

    def call_of(self, call_id: str | None) -> Call | None:
        """The call that was last made under this id."""
        known = self._known.get(self._names.get(call_id or "", ""))
        return known.call if known else None

    def result(self, call_id: str | None, text: str, ended: Ended, *, tool: str | None = None) -> int:
        """A tool gave its result."""
        own = self._names.get(call_id or "", call_id)
        known = self._known.get(own or "")
        call = known.call if known else None
        ordinal = write_result(
            self.builder,
            self._pulls,
            call,
            own,
            text,
            ended.outcome,
            Place(self.line, self.ts_us),
            exit_code=ended.exit_code,
            duration_ms=ended.duration_ms,
            tool=tool,
        )
        self._open.pop(own or "", None)
        self.stands("running", "The last record is a tool's result that the agent has not gone on from.")
        return ordinal

    def compacted(self, text: str, *, native_id: str | None = None) -> None:
        """The conversation was summarised."""
        self._event("compaction", text, native_id, by="system")

    def interrupted(self, text: str = "") -> None:
        """A person stopped the agent."""
        self._event("interrupt", text, None, by="user")
        self._give_up()
        self.stands("interrupted", "A person stopped the agent, and nothing follows.")

    def failed(self, text: str, *, reason: str = "") -> None:
        """The model's service failed or refused, or the agent's own limit was reached."""
        self._event("api_error", text, None, by="system")
        self._give_up()
        self.stands("error", reason or "The last record is an error of the model's service.")

    def turned(self) -> None:
        """The agent handed back; a prompt, an interrupt or an error still has its word."""
        self._event("turn_end", "", None)
        self._give_up()
        if self._state not in ("interrupted", "error"):
            self.stands("finished", "The agent ended its turn, and nothing follows.")

    def model(self, name: str) -> None:
        """Another model answers from here on."""
        self._event("model_change", name, None, by="system")

    def subagent(self, agent: str, task: str) -> None:
        """Another agent, called `agent` in the events that are its own, was started."""
        before, self.builder.agent = self.builder.agent, agent
        self._event("subagent", task, agent)
        self.builder.agent = before

    def verdict(self, *, cut_off: bool) -> tuple[EndState, str]:
        """End state and reason; `cut_off` where the document ends inside a record."""
        if cut_off:
            return "truncated", "The transcript breaks off inside its last record."
        of_main = [known.call.tool for known in self._open.values() if known.agent is None]
        if of_main and self._state not in ("interrupted", "error"):
            return "running", f"The last call of {of_main[-1][:80]} has no result: still at work, or cut off."
        return self._state, self._reason

    def _event(
        self,
        kind: EventKind,
        text: str,
        native_id: str | None,
        *,
        by: Literal["user", "assistant", "system"] = "assistant",
    ) -> int:
        return self.builder.event(kind, by, text=text, line=self.line, ts_us=self.ts_us, native_id=native_id)

    def _give_up(self) -> None:
        """What was open on this chain gets no result any more."""
        agent = self.builder.agent
        self._open = {own: known for own, known in self._open.items() if known.agent != agent}
