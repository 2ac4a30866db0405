"""Runs as data sets keep them for training: the messages of a chat in, one Session's events out.

The shape is everybody's; that it was OpenHands is told by its system prompt or its tools. Calls stand in
`tool_calls`, or as tags in the text, and then their results are the user's messages. There are no times and
no token counts.
"""

import re
from collections.abc import Iterator
from typing import Any

from debrief.model import Outcome
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place, fields_of
from debrief.sources.openhands.prompts import asked_again, instructions
from debrief.sources.openhands.tools import tool_call
from debrief.sources.openhands.writing import Writer
from debrief.sources.records import compact_json, mapping, sequence, string

_SYSTEM = ("You are OpenHands agent", "You are OpenHands CodeActAgent", "You are CodeActAgent")
_TOOL = "execute_bash"
_CALL = re.compile(r"<function=([\w.-]{1,100})>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.-]{1,100})>(.*?)(?:</parameter>|\Z)", re.DOTALL)
_OLD_CALL = re.compile(r"<execute_(bash|ipython|browse)>(.*?)(?:</execute_\1>|\Z)", re.DOTALL)
_RESULT = re.compile(r"EXECUTION RESULT of \[([\w.-]{1,100})\]:\n?")
_EXAMPLE_ENDS = "END OF EXAMPLE"
_TASK_BEGINS = "NEW TASK DESCRIPTION"
_TASK_ENDS = "END OF NEW TASK DESCRIPTION"
_EXIT_CODE = re.compile(r"\[(?:The command completed|Command finished) with exit code (-?\d{1,10})\.?\]")
_OLD_TOOLS = {"bash": "execute_bash", "ipython": "execute_ipython_cell", "browse": "browser"}


def is_chat(row: dict[str, Any]) -> bool:
    """Whether `row` holds a chat of OpenHands."""
    messages = sequence(row.get("messages"))
    if not messages or any(key in row for key in ("trajectory_format", "info", "trajectory", "environment")):
        return False
    if not all(isinstance(message, dict) and "role" in message for message in messages[:3]):
        return False
    first = _text(messages[0].get("content")).lstrip()
    if first.startswith(_SYSTEM):
        return True
    return any(_names_the_tool(mapping(message)) for message in messages)


def _names_the_tool(message: dict[str, Any]) -> bool:
    if message.get("role") != "assistant":
        return False
    calls = [
        mapping(mapping(call).get("function")).get("name") for call in sequence(message.get("tool_calls"))
    ]
    text = _text(message.get("content"))
    return _TOOL in calls or f"<function={_TOOL}>" in text or f"<{_TOOL}>" in text


def read_chat(builder: SessionBuilder, row: dict[str, Any]) -> None:
    """Write the session that `row` holds."""
    ids = [row.get(key) for key in ("instance_id", "run_id", "id", "trajectory_id")]
    native_id = "@".join(one for one in ids if isinstance(one, str) and one)
    builder.native_id = native_id or None
    chat = _Chat(builder)
    for number, message in enumerate(sequence(row.get("messages"))):
        chat.read(mapping(message), number)
    chat.finish()


class _Chat:
    """One chat while its messages are read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.writer = Writer(builder)
        self._waiting: list[str] = []
        self._last = ""

    def read(self, message: dict[str, Any], number: int) -> None:
        role, text = message.get("role"), _text(message.get("content"))
        if role == "system":
            self.writer.say("message", "system", text, Place(), injected=True)
        elif role == "assistant":
            self._assistant(message, text, number)
        elif role == "tool":
            call_id = string(message.get("tool_call_id")) or f"message-{number}"
            tool = tool_call(string(message.get("name")) or "unknown", {})
            self._result(call_id, text.removeprefix("OBSERVATION:\n"), tool)
        elif role == "user":
            self._user(text)
        else:
            self.builder.opaque("a message of no known role", line=0, text=compact_json(message))

    def finish(self) -> None:
        if self._last == "finish":
            self.builder.end_state, self.builder.end_reason = "finished", "the agent called its finish tool"
        elif self._last == "answer":
            self.builder.end_state = "finished"
            self.builder.end_reason = "the agent answered without calling a tool"
        elif self._last:
            self.builder.end_state, self.builder.end_reason = "running", "the chat ends amid the work"

    def _assistant(self, message: dict[str, Any], text: str, number: int) -> None:
        calls = list(_calls(message, text, number))
        said = text if message.get("tool_calls") else _OLD_CALL.sub("", _CALL.sub("", text))
        if said.strip():
            self.writer.say("message", "assistant", said.strip(), Place())
        self._last = "work" if calls else "answer"
        for call_id, call in calls:
            if call.tool == "finish":
                self._finished(call_id, call)
                continue
            self.writer.call(call_id, call, Place())
            self._waiting.append(call_id)
        if not calls:
            self.writer.say("turn_end", "assistant", "", Place())

    def _finished(self, call_id: str, call: Call) -> None:
        message = string(fields_of(call.args).get("message"))
        if message is not None:
            self.writer.say("message", "assistant", message, Place())
        self.writer.call(call_id, call, Place(), awaited=False)
        self.writer.say("turn_end", "assistant", "", Place())
        self._last = "finish"

    def _user(self, text: str) -> None:
        header = _RESULT.match(text)
        if header is not None:
            call_id = self._waiting.pop(0) if self._waiting else f"message-{self.builder.event_count}"
            self._result(call_id, text[header.end() :], tool_call(header.group(1), {}))
            return
        if text.startswith("OBSERVATION:\n"):
            call_id = self._waiting.pop(0) if self._waiting else f"message-{self.builder.event_count}"
            self._result(call_id, text.removeprefix("OBSERVATION:\n"), None)
            return
        if asked_again(text):
            self.writer.say("message", "user", text, Place(), injected=True)
            return
        example, task = _without_example(text)
        if example:
            self.writer.say("message", "system", example, Place(), injected=True)
            text = task
        found = instructions(text)
        if found.wrapping:
            self.writer.say("message", "system", found.wrapping, Place(), injected=True)
            self.builder.cwd = self.builder.cwd or found.folder
        if found.title and self.builder.title is None:
            self.builder.title, self.builder.title_source = found.title, "prompt"
        self.writer.say("prompt", "user", found.text, Place())
        self._last = "prompt"

    def _result(self, call_id: str, text: str, tool: Call | None) -> None:
        if call_id in self._waiting:
            self._waiting.remove(call_id)
        outcome, code = _judged(text, tool)
        self.writer.result(call_id, text, outcome, Place(), exit_code=code, tool=tool)
        self._last = "work"


def _without_example(text: str) -> tuple[str, str]:
    """The example of a run that stands before a task, and the task; no example where none begins the text."""
    if "START OF EXAMPLE" not in text[:400]:
        return "", text
    before, mark, after = text.partition(_EXAMPLE_ENDS)
    if not mark:
        return "", text
    end = len(before) + len(mark)
    at = after.find(_TASK_BEGINS)
    if at >= 0 and at != after.find(_TASK_ENDS) + len("END OF "):
        end += at + len(_TASK_BEGINS)
    task = text[end:].partition(_TASK_ENDS)[0]
    return text[:end], task.strip("- \n")


def _judged(text: str, tool: Call | None) -> tuple[Outcome, int | None]:
    told = _EXIT_CODE.search(text[-2000:])
    code = int(told.group(1)) if told is not None and told.group(1) != "-1" else None
    if (code is not None and code != 0) or text.startswith("ERROR:"):
        return "error", code
    if code is None and (tool is None or tool.kind in ("shell", "other")):
        return "unknown", None
    return "ok", code


def _calls(message: dict[str, Any], text: str, number: int) -> Iterator[tuple[str, Call]]:
    asked = sequence(message.get("tool_calls"))
    for place, one in enumerate(asked):
        function = mapping(mapping(one).get("function"))
        call_id = string(mapping(one).get("id")) or f"message-{number}-{place}"
        yield call_id, tool_call(string(function.get("name")) or "unknown", function.get("arguments"))
    if asked:
        return
    for place, match in enumerate(_CALL.finditer(text)):
        arguments = {name: value.strip("\n") for name, value in _PARAMETER.findall(match.group(2))}
        yield f"message-{number}-{place}", tool_call(match.group(1), arguments)
    for place, match in enumerate(_OLD_CALL.finditer(text)):
        name = _OLD_TOOLS[match.group(1)]
        yield f"message-{number}-old-{place}", tool_call(name, {"command": match.group(2).strip()})


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = [string(mapping(part).get("text")) for part in sequence(content)]
    return "\n".join(part for part in parts if part)
