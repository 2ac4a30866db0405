"""The steps of a conversation, told one by one, in; events, ending and pull requests of one session out."""

from msgspec import Struct

from debrief.model import EventKind, Outcome, ToolKind
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, write_call, write_result
from debrief.sources.gemini.ending import Ending
from debrief.sources.gemini.outcome import outcome_of
from debrief.sources.gemini.tools import call_of
from debrief.sources.pulls import PullRequests


class Result(Struct, frozen=True):
    """A result as it is recorded: its text, the status word; `failed`: the response calls itself an error."""

    text: str = ""
    status: object = None
    failed: bool = False
    exit_code: int | None = None
    ts_us: int | None = None
    duration_ms: int | None = None


class Conversation:
    """See the module. A call that is told again is one call; so is its result."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.ending = Ending()
        self.pulls = PullRequests(builder)
        self._calls: dict[str, Call] = {}
        self._answered: set[str] = set()
        self._model: str | None = None

    @property
    def _live(self) -> bool:
        return self.builder.agent is None and not self.builder.replaying

    def text(self, kind: EventKind, text: str, place: Place) -> int | None:
        """What the assistant said or thought (`kind`), or a person typed; nothing for blank text."""
        if not text.strip():
            return None
        ordinal = self._event(kind, "user" if kind == "prompt" else "assistant", text, place)
        if kind != "reasoning":
            self.pulls.in_text(text, ordinal)
        if self._live:
            told = {"prompt": self.ending.prompted, "message": self.ending.spoke}
            told.get(kind, self.ending.worked)()
        return ordinal

    def note(self, text: str, place: Place) -> None:
        """What the tool itself put into the conversation."""
        if text.strip():
            ordinal = self._event("message", "system", text, place)
            self.builder.amend(ordinal, injected=True)

    def compacted(self, text: str, place: Place) -> None:
        """The conversation was summarised."""
        self._event("compaction", "system", text, place)

    def interrupted(self, text: str, place: Place) -> None:
        """A person stopped the agent."""
        self._event("interrupt", "user", text, place)
        if self._live:
            self.ending.interrupted()

    def failed(self, text: str, place: Place) -> None:
        """The model's service failed."""
        self._event("api_error", "system", text, place)
        if self._live:
            self.ending.failed()

    def model(self, name: str | None, place: Place) -> None:
        """The model of what follows."""
        if name and self._live:
            if self._model is not None and name != self._model:
                self._event("model_change", "system", f"{self._model} -> {name}", place)
            self._model = name

    def knows(self, call_id: str) -> bool:
        """Whether this call was told already."""
        return call_id in self._calls

    def call(self, call_id: str, tool: str, args: object, place: Place) -> None:
        """A tool is called."""
        if call_id in self._calls:
            return
        self._call(call_id, call_of(tool, args), place)

    def step(self, call_id: str, tool: str, kind: ToolKind, place: Place) -> None:
        """A tool ran whose call was left out; its arguments are not known."""
        self._call(call_id, Call(tool=tool, kind=kind, command="" if kind == "shell" else None), place)

    def _call(self, call_id: str, call: Call, place: Place) -> None:
        self._calls[call_id] = call
        write_call(self.builder, call, call_id, place)
        if self._live:
            self.ending.called(call_id, call.tool)

    def result(self, call_id: str, result: Result, place: Place) -> Outcome | None:
        """A call ended; told again, it is passed over. The call that nobody told of is made up for."""
        if call_id in self._answered:
            return None
        call = self._calls.get(call_id)
        shell = call is not None and call.kind == "shell"
        outcome, exit_code = outcome_of(result.status, result.text, failed=result.failed, shell=shell)
        if result.exit_code is not None:
            exit_code = result.exit_code
            outcome = "error" if exit_code and outcome in ("ok", "unknown") else outcome
        self._answered.add(call_id)
        write_result(
            self.builder,
            self.pulls,
            call,
            call_id,
            result.text,
            outcome,
            place._replace(ts_us=result.ts_us if result.ts_us is not None else place.ts_us),
            exit_code=exit_code,
            duration_ms=result.duration_ms,
        )
        if self._live:
            self.ending.answered(call_id)
            if outcome in ("interrupted", "rejected"):
                self.ending.interrupted()
        return outcome

    def opaque(self, what: str, place: Place, text: str = "") -> None:
        """Keep what is not known."""
        self.builder.opaque(what, line=place.line, ts_us=place.ts_us, text=text)

    def _event(self, kind: EventKind, actor: str, text: str, place: Place) -> int:
        return self.builder.event(
            kind,
            actor,  # type: ignore[arg-type]
            text=text,
            ts_us=place.ts_us,
            line=place.line,
            native_id=place.native_id,
        )
