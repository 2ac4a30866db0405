"""Reads the records of one rollout into a Session; the records' own kinds are read in `items` and `events`.

A rollout says most things twice, as the model's items and as events for the screen; what is kept of each is
decided here, in `said`, `asked` and `thought`, so that neither reader knows the other.
"""

from typing import Any, NamedTuple

from debrief.model import Actor, EventKind, Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.codex.ending import Ending
from debrief.sources.codex.meta import first_root, read_meta, unnamed
from debrief.sources.codex.prompts import is_injected, is_wrapper, split_request
from debrief.sources.codex.replay import Replay
from debrief.sources.codex.tools import Tools
from debrief.sources.codex.twins import Twins, twin_key
from debrief.sources.codex.usage import Ledger, Totals, as_stated, buckets, totals
from debrief.sources.pulls import PullRequests
from debrief.sources.records import count, mapping, string, timestamp_us

_COMPACTION_SPAN = 50
"""Lines within which two records of a compaction are records of the same one."""


class Response(NamedTuple):
    """What one answer of a model used, and where it stands."""

    used: Totals
    model: str | None
    ts_us: int | None
    event: int | None


class Rollout:
    """What is known of one session while its rollout is read, and the builder that it is written to."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.pulls = PullRequests(builder)
        self.tools = Tools(builder, self.pulls)
        self.ending = Ending()
        self.replay = Replay()
        self.place = Place(0, None)
        self.spawned: set[str] = set()
        self.searches = Twins()
        self._messages = Twins()
        self._thoughts = Twins()
        self._prompts = Twins()
        self._ledger = Ledger()
        self._began = False
        self._clean_prompts = False
        self._from_items: list[int] = []
        self._waiting: dict[str, list[int]] = {}
        self._compacted: tuple[str, int] | None = None
        self._model: str | None = None
        self._turn_id: str | None = None
        self._calls = 0
        self._counted = 0
        self._keys: set[str] = set()
        self._responses: dict[str, Response] = {}

    def meta(self, fields: dict[str, Any]) -> None:
        """The session's own record, or a copy of its parent's, which tells that history was copied."""
        identifier = string(fields.get("id"))
        if self._began:
            # The copy of the parent's record stands before anything was done; later ones tell nothing.
            if (
                identifier != self.builder.native_id
                and self._turn_id is None
                and not self.builder.event_count
            ):
                if self.builder.relation is None:
                    self.builder.relation, self.builder.parent_id = "fork", identifier
                self.replay.forked()
                self._follow_replay()
            return
        self._began = True
        read_meta(self.builder, fields)
        self.replay.began(identifier, fields.get("timestamp"), self.place.ts_us)
        if string(fields.get("forked_from_id")):
            self.replay.forked()
        elif self.builder.parent_id is not None:
            self.replay.spawned()
        self._follow_replay()

    def at(self, place: Place, *, content: bool) -> None:
        """Go on to the record at `place`; `content`: it is something said, done or counted."""
        self.place = place
        if content and self.replay.active:
            self.replay.moment(place.ts_us)
            self._follow_replay()
        if not self.builder.replaying:
            self.builder.saw(place.ts_us)

    def turn_began(self, turn_id: str | None, started_at: object = None) -> None:
        """A record opens the turn `turn_id`; it may be the first that is the session's own."""
        self.replay.turn(turn_id, started_at, self.place.ts_us)
        self._follow_replay()
        self._turn_id = turn_id or self._turn_id

    def turn_over(self) -> None:
        """A turn has ended: what its calls left unsaid is settled, and nothing in it has a twin after it."""
        self.tools.settle()
        self._messages.forget()
        self._thoughts.forget()

    def turn_ended(self) -> None:
        """A turn has ended, and nothing that was asked in it has a twin after it."""
        self.turn_over()
        self._prompts.forget()
        self._waiting.clear()

    def context(self, fields: dict[str, Any]) -> None:
        """The settings of the turn that follows."""
        self.turn_began(string(fields.get("turn_id")))
        if self.builder.cwd is None:
            self.builder.cwd = string(fields.get("cwd")) or first_root(fields)
        model = string(fields.get("model"))
        if model and self._model and model != self._model:
            self.event("model_change", "system", text=f"{self._model} -> {model}")
        self._model = model or self._model

    def asked(self, text: str, channel: str, *, injected: bool = False) -> None:
        """A text in the user's place; events hold only what was typed, items also what Codex put there."""
        if injected or is_wrapper(text) or (channel == "item" and is_injected(text)):
            self.event("message", "system", text=text, injected=True)
            return
        if self._prompts.repeats(channel, text):
            self._confirm(text, channel)
            return
        if self.builder.relation == "subagent":
            # Nobody types in a sub-agent's session: this is the task that its parent gives it.
            if self.builder.initial_user_message is None and not self.builder.replaying:
                self.builder.initial_user_message = text
            self.event("message", "system", text=text, injected=True)
            self.ending.saw("prompt")
            return
        self._prompt(text, channel)

    def said(self, text: str, channel: str, native_id: str | None = None) -> None:
        """A text of the assistant."""
        if not text.strip() or self._messages.repeats(channel, text):
            return
        self.tools.settle_unasked()
        ordinal = self.event("message", "assistant", text=text, native_id=native_id)
        self.pulls.in_text(text, ordinal)
        self.ending.saw("answer")

    def thought(self, text: str, channel: str) -> None:
        """A part of the assistant's reasoning, as far as it is shown."""
        if text.strip() and not self._thoughts.repeats(channel, text):
            self.event("reasoning", "assistant", text=text)
            self.ending.saw("work")

    def compacted(self, text: str, channel: str) -> None:
        """The conversation was summarised; two or three records tell of the same compaction."""
        known = self._compacted
        if known and known[0] != channel and self.place.line - known[1] <= _COMPACTION_SPAN:
            return
        self._compacted = (channel, self.place.line)
        self.event("compaction", "system", text=text)

    def subagent(self, thread_id: str, task: str, call_id: str | None) -> None:
        """Another agent was started; several records may say so."""
        if thread_id in self.spawned:
            return
        self.spawned.add(thread_id)
        self.builder.agent = thread_id
        self.event("subagent", "assistant", text=task, call_id=call_id, native_id=thread_id)
        self.builder.agent = None

    def tokens(self, info: dict[str, Any]) -> None:
        """A count of tokens: the session's total so far, and the last call's own."""
        total, last = (
            totals(mapping(info.get("total_token_usage"))),
            totals(mapping(info.get("last_token_usage"))),
        )
        if last:
            # As it stands, the cached part counted in the input and the reasoning in the output.
            self.builder.usage_row(as_stated(last), repeated=total == self._ledger.seen)
        if self.builder.replaying:
            self._ledger.passed(total)
            return
        if self.replay.seen and self._ledger.untouched:
            self._ledger.inherited(total, last)
        used = self._ledger.used(total, last)
        if used is None:
            return
        self._calls += 1
        key = f"{self._turn_id or self.builder.native_id}:{sum(total.values())}"
        if key in self._keys:
            key = f"{key}#{self._calls}"
        self._keys.add(key)
        guessed = self.replay.evidence == "guess"
        self.builder.model_call(
            key,
            model=self._model,
            tokens=buckets(used),
            ts_us=self.place.ts_us,
            lower_bound=("input", "cache_read", "cache_write", "output", "reasoning") if guessed else (),
            event=self._first_event(),
            row=False,
        )

    def spent(self, response_id: str | None, usage: dict[str, Any]) -> None:
        """What one response used, as TraeX states it; it counts where no running totals are stated."""
        used = totals(usage)
        written = count(usage.get("cache_creation_input_tokens"))
        if written is not None:
            used.setdefault("cache_write_input_tokens", written)
        key = response_id or f"{self._turn_id or self.builder.native_id}:line {self.place.line}"
        if not used:
            return
        self.builder.usage_row(as_stated(used), repeated=key in self._responses)
        if not self.builder.replaying:
            self._responses[key] = Response(used, self._model, self.place.ts_us, self._first_event())

    def _count_responses(self) -> None:
        for key, response in self._responses.items():
            self.builder.model_call(
                key,
                model=response.model,
                tokens=buckets(response.used),
                ts_us=response.ts_us,
                event=response.event,
                row=False,
            )

    def event(self, kind: EventKind, actor: Actor, **fields: Any) -> int:  # noqa: ANN401 (handed on as given)
        """Write an event of the current record."""
        return self.builder.event(kind, actor, line=self.place.line, ts_us=self.place.ts_us, **fields)

    def finish(self, *, cut_off: bool, first: object) -> Session:
        """Everything was read: settle what was left open and build the session."""
        builder = self.builder
        self.tools.settle()
        if not self._calls:
            self._count_responses()
        if self._clean_prompts:
            for ordinal in self._from_items:
                builder.amend(ordinal, kind="message", actor="system", injected=True)
        if builder.native_id is None:
            builder.native_id = unnamed(first)
            builder.fault("line 1: the session does not say its id")
        if self.replay.evidence == "guess":
            builder.fault(
                "the history copied from another session could only be told apart by its time: "
                "tokens are a lower bound"
            )
        if self.replay.active:
            builder.end_state = "unknown"
            builder.end_reason = "The transcript holds only the history copied from another session."
        else:
            builder.end_state, builder.end_reason = self.ending.judge(
                cut_off=cut_off, open_calls=self.tools.open_count
            )
        return builder.build()

    def _prompt(self, text: str, channel: str) -> None:
        context, request = split_request(text)
        if context:
            self.event("message", "system", text=context, injected=True)
        ordinal = self.event("prompt", "user", text=request)
        if channel == "item":
            self._from_items.append(ordinal)
            self._waiting.setdefault(twin_key(text), []).append(ordinal)
        else:
            self._clean_prompts = True
        self.pulls.in_text(text, ordinal)
        self.ending.saw("prompt")

    def _confirm(self, text: str, channel: str) -> None:
        """The event's twin of an item has come: a person did type that."""
        if channel != "item":
            self._clean_prompts = True
            waiting = self._waiting.get(twin_key(text))
            if waiting:
                self._from_items.remove(waiting.pop(0))

    def _first_event(self) -> int | None:
        """The first thing that the assistant did since the count before."""
        since, self._counted = self._counted, self.builder.event_count
        return next((e.ordinal for e in self.builder.events[since:] if e.actor == "assistant"), None)

    def _follow_replay(self) -> None:
        """Begin or end to mark events as replayed, and forget what belongs to the other side."""
        if self.replay.active == self.builder.replaying:
            return
        self.builder.replaying = self.replay.active
        self.ending = Ending()
        self.turn_ended()
        if not self.replay.active:
            self.builder.saw(self.place.ts_us)


def place_of(record: dict[str, Any], line: int) -> Place:
    """Where `record` stands, and when it was written."""
    return Place(line, timestamp_us(record.get("timestamp")))
