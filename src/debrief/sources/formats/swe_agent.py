"""SWE-agent's trajectories, and the two shapes in which data sets hold them; one Session for each run.

A run is steps of thought, action and observation, with the totals of tokens and cost at its end. There are no
times in it and no id. Demonstrations by people stand in the history: they are part of the prompt, not work.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.documents import Whole, head_value, read_value
from debrief.sources.records import compact_json, count, mapping, sequence, string
from debrief.sources.remotes import repository_of
from debrief.sources.source import Clean, Companions, Transcript
from debrief.sources.swe.ending import judged
from debrief.sources.swe.rows import Row, messages_of
from debrief.sources.trajectories.actions import interface
from debrief.sources.trajectories.chat import Chat
from debrief.sources.trajectories.money import micros
from debrief.sources.trajectories.outcomes import Ended
from debrief.sources.trajectories.text import text_of
from debrief.sources.trajectories.values import trajectories

_FAILURES = (
    "Your proposed edit has introduced new syntax error(s)",
    "EXECUTION TIMED OUT",
    "EXECUTION FAILED OR COMMAND MALFORMED",
    "COMMAND FAILED TO EXECUTE",
    "The command was cancelled because",
    "No replacement was performed",
    "Text not found",
    "Your edit was not applied",
    "Error: ",
    "Invalid `",
)
"""How the interface says that a command of its own failed; a program's output has no such mark."""

_OBSERVED = ("OBSERVATION:", "Observation:")
_STEP = ("action", "observation")
_MESSAGES_TRIED = 12
_ANOTHERS = b"execute_bash"
"""The shell tool of another agent, whose rows look the same otherwise."""


class SweAgent(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "swe_agent"
    title: str = "SWE-agent"
    version: int = 2
    roots: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".traj",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether the document has steps of action and observation, or is a row of a known data set."""
        value = head_value(head)
        found = mapping(value[0] if isinstance(value, list) and value else value)
        return _is_native(found) or _is_row(found, head)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session of each run."""
        found_any = False
        for found in trajectories(transcript.main):
            builder = SessionBuilder(
                format_name=self.name, parser_version=self.version, agent_name="SWE-agent", clean=clean
            )
            run = _run(builder, found)
            if run is not None:
                found_any = True
                yield run
        if not found_any:
            raise NotATranscript("a trajectory without steps")


def _run(builder: SessionBuilder, found: Whole) -> Session | None:
    value = found.value
    if found.fault:
        builder.fault(found.fault)
    steps = sequence(value.get("trajectory")) or [
        step for attempt in _attempts(value) for step in sequence(attempt.get("trajectory"))
    ]
    is_row = any("role" in mapping(step) for step in steps[:3])
    messages = [] if steps else messages_of(value)
    if not steps and not messages and not sequence(value.get("history")):
        return None
    builder.native_id = _name(value)
    if is_row or messages:
        return Row(builder, found, messages or steps).session()
    return _Native(builder, found).session()


def _name(value: dict[str, Any]) -> str:
    """The run's name: no run has an id of its own, so that only its whole content tells it from another."""
    own = string(value.get("traj_id"))
    if own:
        return own
    digest = hashlib.sha256(compact_json(value).encode("utf-8", "replace")).hexdigest()
    instance = string(value.get("instance_id"))
    return f"{instance}-{digest[:12]}" if instance else digest[:32]


def _attempts(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The tries of a run that may try again; the one that was chosen stands beside them once more."""
    return [attempt for attempt in map(mapping, sequence(value.get("attempts"))) if attempt]


class _Native:
    """A file that SWE-agent itself wrote."""

    def __init__(self, builder: SessionBuilder, found: Whole) -> None:
        self._builder = builder
        self._chat = Chat(builder)
        self._found = found
        self._value: dict[str, Any] = found.value
        self._info = mapping(found.value.get("info"))
        self._open_file: str | None = None

    def session(self) -> Session:
        """Read the run."""
        builder = self._builder
        tries = _attempts(self._value) or [self._value]
        self._configured(tries[-1])
        position = 0
        for number, one in enumerate(tries, start=1):
            steps = sequence(one.get("trajectory"))
            self._beginning(one, mapping(next(iter(steps), None)), is_again=number > 1)
            for step in steps:
                position += 1
                self._step(mapping(step), position)
        self._totals(tries)
        status = self._info.get("exit_status")
        builder.end_state, builder.end_reason = judged(
            string(status), cut_off=self._found.cut_off, has_steps=position > 0
        )
        return builder.build()

    def _configured(self, last: dict[str, Any]) -> None:
        """What the configuration of the run says of repository, commit and model."""
        builder = self._builder
        config = self._value.get("replay_config") or last.get("replay_config")
        if isinstance(config, str):
            config = read_value(config.encode("utf-8", "replace")).value
        self._model = string(mapping(mapping(mapping(config).get("agent")).get("model")).get("name"))
        repository = mapping(mapping(mapping(config).get("env")).get("repo"))
        builder.repository = repository_of(string(repository.get("github_url")))
        commit = string(repository.get("base_commit"))
        builder.commit = None if commit == "HEAD" else commit
        builder.agent_version = string(self._info.get("swe_agent_version"))

    def _beginning(self, run: dict[str, Any], first: dict[str, Any], *, is_again: bool) -> None:
        """What went to the model before its first answer; `is_again`: it was given the same task before."""
        if is_again:
            self._chat.injected("The task is tried again from the beginning.")
        given = (
            sequence(run.get("history")) or sequence(first.get("query")) or sequence(first.get("messages"))
        )
        for one in map(mapping, given):
            role, text = string(one.get("role")), text_of(one.get("content"))
            if one.get("is_demo") is True or role in ("system", "developer"):
                self._chat.injected(text, by_user=role == "user")
            elif role == "user" and is_again:
                self._chat.injected(text, by_user=True)
            elif role == "user":
                self._chat.prompt(text)
            else:
                return

    def _step(self, step: dict[str, Any], position: int) -> None:
        builder = self._builder
        if not step:
            builder.fault(f"step {position}: it is no object")
            return
        if not any(name in step for name in (*_STEP, "response", "thought")):
            builder.opaque(f"step {position} of an unknown kind", line=0, text=compact_json(step))
            return
        thought, action = text_of(step.get("thought")), text_of(step.get("action"))
        response = text_of(step.get("response"))
        self._chat.said(thought if thought.strip() or action.strip() else response)
        observation = text_of(step.get("observation"))
        if action.strip():
            call = interface(action, self._open_file)
            self._chat.call(call)
            failed = observation.lstrip().startswith(_FAILURES)
            if call.kind == "shell" and observation.lstrip().startswith("Error: "):
                failed = False
            self._chat.result(
                observation,
                Ended("error" if failed else "unknown"),
                duration_ms=_milliseconds(step.get("execution_time")),
            )
        elif observation.strip():
            self._chat.injected(observation)
        state = step.get("state")
        if isinstance(state, str):
            state = read_value(state.encode("utf-8", "replace")).value
        open_file = string(mapping(state).get("open_file"))
        self._open_file = None if open_file == "n/a" else open_file
        builder.cwd = builder.cwd or string(mapping(state).get("working_dir"))

    def _totals(self, tries: list[dict[str, Any]]) -> None:
        """The run's tokens and cost are only known in sum; a replay of a person's work states zeros.

        Where no attempt was chosen yet, each says what it used.
        """
        stats = mapping(self._info.get("model_stats"))
        if not stats:
            several = [mapping(mapping(one.get("info")).get("model_stats")) for one in tries]
            stats = {
                name: _sum(several, name) for name in ("tokens_sent", "tokens_received", "instance_cost")
            }
        cost = micros(stats.get("instance_cost")) or None
        helper = mapping(mapping(self._info.get("summarizer")).get("model_stats"))
        helper_cost = micros(helper.get("instance_cost")) or None
        self._call("total", stats, cost)
        self._call("summarizer", helper, helper_cost)
        if cost or helper_cost:
            self._builder.native_cost_usd_micros = (cost or 0) + (helper_cost or 0)

    def _call(self, what: str, stats: dict[str, Any], cost: int | None) -> None:
        sent, received = count(stats.get("tokens_sent")), count(stats.get("tokens_received"))
        if sent or received:
            self._builder.model_call(
                f"{self._builder.native_id}:{what}",
                model=self._model,
                tokens=Tokens(input=sent, output=received),
                cost_usd_micros=cost,
            )


def _sum(several: list[dict[str, Any]], name: str) -> float:
    numbers = (one.get(name) for one in several)
    return sum(n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool))


def _milliseconds(seconds: object) -> int | None:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not seconds:
        return None
    return count(seconds * 1000.0)


def _is_native(value: dict[str, Any]) -> bool:
    attempts = _attempts(value)
    steps = value.get("trajectory") or (attempts[0].get("trajectory") if attempts else None)
    if isinstance(steps, list) and steps:
        if attempts and len(steps) == 1 and "action" in mapping(steps[0]):
            return True  # the first observation may be longer than what is looked at
        return all(name in mapping(steps[0]) for name in _STEP)
    first = mapping(next(iter(sequence(value.get("history"))), None))
    return isinstance(value.get("environment"), str) and (
        isinstance(steps, list) or ("role" in first and "content" in first)
    )


def _is_row(value: dict[str, Any], head: bytes) -> bool:
    if not isinstance(value.get("instance_id"), str) and not isinstance(value.get("messages"), list | str):
        return False
    if _ANOTHERS in head:
        return False
    first = mapping(next(iter(sequence(value.get("trajectory"))), None))
    if {"role", "text", "system_prompt"} <= first.keys():
        return True
    return any(
        one.get("role") in ("user", "tool") and text_of(one.get("content")).startswith(_OBSERVED)
        for one in map(mapping, sequence(value.get("messages"))[:_MESSAGES_TRIED])
    ) or (isinstance(value.get("messages"), str) and b"OBSERVATION:" in head)


SWE_AGENT = SweAgent()
