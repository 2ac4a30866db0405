"""One run of aider in blocks in, one Session out.

Aider acts by itself: it applies what the model wrote as edits, and commits them. Its lines about that become
calls with their results. Nothing has a time but the run's start.
"""

import hashlib
import re
from collections.abc import Callable

from debrief.model import Outcome, Session
from debrief.sources.aider import lines as said
from debrief.sources.aider.blocks import Block
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call
from debrief.sources.dialogue import Dialogue, Ended
from debrief.sources.tool_names import tool_call

_THOUGHTS = re.compile(
    r"<(?P<tag>thinking-content-[0-9a-f]{32}|think|thinking)>(?P<tagged>.*?)</(?P=tag)>"
    r"|► \*\*THINKING\*\*(?P<shown>.*?)► \*\*ANSWER\*\*",
    re.DOTALL,
)
_THOUGHTS_SPLIT = 200
"""Thoughts that are taken out of one answer; no model writes so many, and a hostile text may."""
_LINE_READ = 4_000
"""A longer line is none of aider's own."""
_BLANK = "<blank>"
_LEAVES = ("/exit", "/quit")


class Run:
    """One run while its blocks are read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.dialogue = Dialogue(builder)
        self.first_prompt: str | None = None
        self.spoke = False
        self._model: str | None = None
        self._working = False
        self._shell_allowed = False
        self._calls = 0
        self._spent = 0
        self._session_cost: int | None = None
        self._first_of_answer: int | None = None

    def begins(self, stamp: str, line: int, ts_us: int | None) -> None:
        """The run's first line."""
        self.dialogue.at(line, ts_us)
        self.builder.saw(ts_us)
        self.dialogue.injected(
            f"aider chat started at {stamp} (the computer's own time; its zone is not recorded, and it is"
            " read as UTC)"
        )

    def read(self, block: Block) -> None:
        """Write what one block tells."""
        self.dialogue.at(block.line, None)
        if block.speaker == "user":
            self._user("\n".join(block.lines).strip())
        elif block.speaker == "assistant":
            self._assistant("\n".join(block.lines).strip("\n"))
        else:
            self._tool(block)

    def finish(self, *, last: bool) -> Session:
        """The run is over; `last` in its file, so that it may still be at work."""
        if self._session_cost is not None:
            self.builder.native_cost_usd_micros = self._spent + self._session_cost
        state, reason = self.dialogue.verdict(cut_off=False)
        if state == "running" and not last:
            state = "unknown"
            reason = "The run ends without an answer to its last prompt, and another run follows."
        self.builder.end_state, self.builder.end_reason = state, reason
        return self.builder.build()

    def _user(self, text: str) -> None:
        if not text or text == _BLANK:
            return  # Enter alone: nothing was asked
        if said.LOCAL_COMMANDS.match(text):
            self.dialogue.injected(text, by="user")
            if text.split(maxsplit=1)[0] in _LEAVES and self.dialogue.state == "finished":
                self.dialogue.stands("finished", "A person left after the agent's last answer.")
            return
        if self.first_prompt is None:
            self.first_prompt = text
            words = said.COMMAND_WITH_WORDS.match(text)
            self.builder.initial_user_message = text[words.end() :] if words else text
        self.dialogue.prompt(text)
        self._working = True
        self._first_of_answer = None

    def _assistant(self, text: str) -> None:
        if not text.strip():
            return
        self.spoke = True
        if self._first_of_answer is None:
            self._first_of_answer = self.builder.event_count
        position = 0
        split = text.count("<think") + text.count("► **THINKING") <= _THOUGHTS_SPLIT
        for found in _THOUGHTS.finditer(text) if split else ():
            self.dialogue.says(_ruled_off(text[position : found.start()]))
            self.dialogue.thinks(_ruled_off(found.group("tagged") or found.group("shown") or ""))
            position = found.end()
        self.dialogue.says(text[position:].strip())

    def _tool(self, block: Block) -> None:
        plain: list[str] = []
        for offset, line in enumerate(block.lines):
            if not self._means(line, block.line + offset, plain):
                plain.append(line)
        self._flush(plain)

    def _flush(self, plain: list[str]) -> None:
        self.dialogue.injected("\n".join(plain).strip())
        plain.clear()

    def _means(self, line: str, number: int, plain: list[str]) -> bool:
        """Whether `line` is one of aider's that tells an event; what stood before it is written first."""
        if len(line) > _LINE_READ:
            return False
        if (found := said.VERSION.match(line)) is not None:
            self.builder.agent_version = found.group(1)
            return False
        if (found := said.MODEL.match(line)) is not None:
            self._is_answered_by(found.group(1))
            return False
        if (found := said.SHELL_ASKED.search(line)) is not None:
            self._shell_allowed = found.group(1).lower() in ("y", "a")
            return False
        usage = said.usage_of(line)
        event = (
            usage is not None
            or self._call_of(line) is not None
            or any(p.match(line) for p in (said.INTERRUPT, said.API_ERROR, said.GIVEN_UP))
        )
        if not event:
            return False
        self._flush(plain)
        self.dialogue.at(number, None)
        if usage is not None:
            self._used(usage)
        elif (call := self._call_of(line)) is not None:
            self.dialogue.calls(call[0], f"line-{number}")
            self.dialogue.result(f"line-{number}", line, call[1])
            self.dialogue.stands("finished", "The last thing is what aider did with the agent's answer.")
        elif said.INTERRUPT.match(line):
            self._stopped(line)
        else:
            self.dialogue.failed(line)
            self._working = False
        return True

    def _stopped(self, line: str) -> None:
        """Control and C: it stops the model at work, and leaves aider where nobody is at work."""
        if self._working:
            self.dialogue.interrupted(line)
            self._working = False
        else:
            self.dialogue.injected(line)

    def _call_of(self, line: str) -> tuple[Call, Ended] | None:
        for pattern, reading in _ACTS:
            if (found := pattern.match(line)) is not None:
                return reading(found)
        if self._shell_allowed and (found := said.RUNNING.match(line)) is not None:
            return Call(tool="shell", kind="shell", command=found.group(1)), Ended("unknown")
        return None

    def _used(self, usage: said.Usage) -> None:
        self._working = False
        self._calls += 1
        if usage.session_micros is not None:
            before = self._session_cost or 0
            if usage.session_micros < before:
                self._spent += before  # aider began to count anew
            self._session_cost = usage.session_micros
        self.builder.model_call(
            f"{self.builder.native_id}:{self._calls}",
            model=self._model,
            tokens=usage.tokens,
            lower_bound=usage.lower_bound,
            cost_usd_micros=usage.cost_micros,
            event=self._first_of_answer,
        )
        self._first_of_answer = None
        if self.dialogue.state == "running" and self.spoke:
            self.dialogue.stands("finished", "The agent answered, and nothing follows.")

    def _is_answered_by(self, model: str) -> None:
        if self._model is not None and model != self._model:
            self.dialogue.model(model)
        self._model = model


def native_id(first_stamp: str, stamp: str, first_prompt: str | None) -> str:
    """An id that stays while the file grows: of its first run, this run's start and first prompt."""
    began = re.sub(r"\D", "", stamp)
    digest = hashlib.sha256(f"{first_stamp}\0{stamp}\0{first_prompt or ''}".encode("utf-8", "replace"))
    return f"{began}-{digest.hexdigest()[:16]}"


def _ruled_off(text: str) -> str:
    """`text` without the line that aider draws above a heading of its own."""
    text = text.strip()
    bare = text.rstrip("-")
    return bare.rstrip() if bare == "" or bare.endswith("\n") else text


def _applied(found: re.Match[str]) -> tuple[Call, Ended]:
    return tool_call("edit", {"path": found.group(1)}), Ended("ok")


def _created(found: re.Match[str]) -> tuple[Call, Ended]:
    return tool_call("write", {"path": found.group(1)}), Ended("ok")


def _not_applied(found: re.Match[str]) -> tuple[Call, Ended]:
    return tool_call("edit", {"path": found.group(1)}), Ended("unknown")


def _skipped(found: re.Match[str]) -> tuple[Call, Ended]:
    """A person declined, unless a list of files to be ignored did."""
    outcome: Outcome = "rejected" if found.group(2) is None else "unknown"
    return tool_call("edit", {"path": found.group(1)}), Ended(outcome)


def _malformed(_found: re.Match[str]) -> tuple[Call, Ended]:
    return Call(tool="edit", kind="edit"), Ended("error")


def _committed(found: re.Match[str]) -> tuple[Call, Ended]:
    message = found.group(2).replace("'", "'\\''")
    return Call(tool="commit", kind="shell", command=f"git commit -m '{message}'"), Ended("ok")


_ACTS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[Call, Ended]]], ...] = (
    (said.APPLIED, _applied),
    (said.CREATED, _created),
    (said.NOT_APPLIED, _not_applied),
    (said.SKIPPED, _skipped),
    (said.MALFORMED, _malformed),
    (said.COMMIT, _committed),
)
