"""Runs of OpenHands that others wrote down in shapes of their own: a document's value in, its reader out.

Three are known: the chat of a training set, the Agent Data Protocol (`class_`), and the steps of DevAI. The
last two hold runs of other agents as well, so that something of OpenHands has to show in them.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from debrief.model import Outcome, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Call, Place
from debrief.sources.costs import micros
from debrief.sources.openhands.chats import is_chat, read_chat
from debrief.sources.openhands.tools import tool_call
from debrief.sources.openhands.writing import Writer
from debrief.sources.records import compact_json, count, mapping, sequence, string, timestamp_us

Reader = Callable[[SessionBuilder, Any], None]

_OURS = re.compile(
    r"openhands|opendevin|CodeActAgent|BrowsingAgent|edit_file_by_replace|\[File: /workspace/"
    r"|Jupyter current working directory|execute_bash",
    re.IGNORECASE,
)
_CLASSES = frozenset(
    {
        "text_observation",
        "web_observation",
        "image_observation",
        "code_action",
        "api_action",
        "message_action",
    }
)
_EXIT_CODE = re.compile(r"\[(?:The command completed|Command finished) with exit code (-?\d{1,10})\.?\]")


def dataset_of(value: object) -> Reader | None:
    """The reader of a document's value, or of the beginning of it; None where it is no such data set."""
    row = mapping(value)
    if is_chat(row):
        return read_chat
    content = [mapping(one) for one in sequence(row.get("content"))]
    if content and all(string(one.get("class_")) in _CLASSES for one in content[:5]):
        return _read_protocol if _OURS.search(compact_json(content)) else None
    steps = [mapping(one) for one in sequence(value)[:5]]
    if steps and all("step" in one and "environment" in one and "agent" in one for one in steps[:1]):
        return _read_steps if _OURS.search(compact_json(sequence(value)[:50])) else None
    return None


def name_of(value: object) -> str:
    """An id for a run that has none: the same content has the same."""
    return hashlib.blake2s(compact_json(value).encode(), digest_size=8).hexdigest()


def _read_protocol(builder: SessionBuilder, row: dict[str, Any]) -> None:
    """The Agent Data Protocol: actions and observations of a few classes; a result follows its action."""
    told = string(mapping(row.get("details")).get("timestamp"))
    builder.saw(timestamp_us(told))
    parts = [string(row.get("id")), told]
    builder.native_id = "@".join(part for part in parts if part) or None
    writer = Writer(builder)
    call: tuple[str, Call] | None = None
    end = ""
    for number, item in enumerate(sequence(row.get("content"))):
        value = mapping(item)
        kind = string(value.get("class_")) or ""
        description = string(value.get("description"))
        if kind in ("code_action", "api_action", "message_action") and description:
            writer.say("message", "assistant", description, Place())
        if kind in ("code_action", "api_action"):
            call = (f"item-{number}", _action(value))
            finish = call[1].tool == "finish"
            writer.call(*call, Place(), awaited=not finish)
            end = "finish" if finish else "work"
            call = None if finish else call
        elif kind == "message_action":
            _said(writer, string(value.get("content")) or "")
            end = "finish"
        elif kind in ("text_observation", "web_observation", "image_observation"):
            end = _observed(writer, value, call, number)
            call = None
        else:
            builder.opaque(f"an item of class '{kind[:100]}'", line=0, text=compact_json(item))
    if end == "finish":
        builder.end_state, builder.end_reason = "finished", "the agent said that it was done"
    elif end:
        builder.end_state, builder.end_reason = "running", "the run ends amid the work"


def _said(writer: Writer, text: str) -> None:
    told = text.strip().removeprefix("<finish>").removesuffix("</finish>").strip()
    writer.say("message", "assistant", told, Place())
    writer.say("turn_end", "assistant", "", Place())


def _observed(writer: Writer, value: dict[str, Any], call: tuple[str, Call] | None, number: int) -> str:
    text = string(value.get("content")) or ""
    if value.get("class_") == "web_observation":
        parts = [string(value.get(name)) for name in ("url", "axtree", "html")]
        text = "\n".join(part for part in parts[:2] if part) or parts[2] or ""
    if value.get("source") == "user" and value.get("class_") == "text_observation":
        # The protocol asks for turns in alternation, and fills in this word where nobody said anything.
        filler = text.strip() == "Continue"
        writer.say("message" if filler else "prompt", "user", text, Place(), injected=filler)
        return "prompt"
    call_id, tool = call or (f"item-{number}", Call(tool="unknown", kind="other"))
    writer.result(call_id, text, *_ended(text, tool), tool=tool)
    return "work"


def _action(value: dict[str, Any]) -> Call:
    if value.get("class_") == "code_action":
        code = string(value.get("content")) or ""
        if string(value.get("language")) in ("bash", "sh", "shell"):
            return tool_call("execute_bash", {"command": code})
        return Call(tool="execute_ipython_cell", kind="other", args=code)
    return tool_call(string(value.get("function")) or "unknown", mapping(value.get("kwargs")))


def _ended(text: str, call: Call) -> tuple[Outcome, Place]:
    told = _EXIT_CODE.search(text[-2000:])
    if told is not None and told.group(1) != "-1":
        return ("ok" if told.group(1) == "0" else "error"), Place()
    return ("unknown" if call.kind in ("shell", "other") else "ok"), Place()


def _read_steps(builder: SessionBuilder, value: object) -> None:
    """DevAI: a step is a message, a thought, an action in words, what came of it, and what it cost."""
    builder.native_id = f"devai-{name_of(sequence(value)[:1])}"
    writer = Writer(builder)
    cost: object = None
    for number, item in enumerate(sequence(value)):
        step = mapping(item)
        asked = string(step.get("user_message"))
        if asked:
            writer.say("prompt", "user", asked, Place())
        first = builder.event_count
        _step(writer, step, number)
        usage = mapping(step.get("step_usage"))
        taken, said = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
        if taken is not None or said is not None:
            builder.model_call(
                f"{builder.native_id}:{number}",
                model=string(usage.get("model")),
                tokens=Tokens(input=taken, output=said),
                cost_usd_micros=micros(usage.get("cost")),
                event=first if first < builder.event_count else None,
            )
        cost = mapping(step.get("accumulated_usage")).get("accumulated_cost", cost)
    builder.native_cost_usd_micros = micros(cost)


def _step(writer: Writer, step: dict[str, Any], number: int) -> None:
    agent = mapping(step.get("agent"))
    thought, action = string(agent.get("thought")), string(agent.get("action"))
    output = string(step.get("environment"))
    builder = writer.builder
    if thought:
        writer.say("message", "assistant", thought, Place())
    if action:
        call = _in_words(action)
        writer.call(f"step-{number}", call, Place(), awaited=output is not None)
        builder.end_state, builder.end_reason = "running", "the run ends amid the work"
    if output:
        call = _in_words(action or "")
        writer.result(f"step-{number}", output, *_ended(output, call), tool=call)
    elif not action or action.lower().startswith(("finish", "all done", "agentfinish")):
        builder.end_state, builder.end_reason = "finished", "the agent's last step calls no tool"


def _in_words(action: str) -> Call:
    """An action as DevAI words it: "Running command: ls"."""
    what, _, rest = action.partition(":")
    if what == "Running command":
        return tool_call("run", {"command": rest.strip()})
    if what.startswith("Running Python code"):
        return Call(tool="run_ipython", kind="other", args=rest.strip())
    if what.lower().startswith(("browsing", "interacting with the browser")):
        return Call(tool="browse", kind="fetch", args=rest.strip())
    return Call(tool=what[:60] or "unknown", kind="other", args=rest.strip())
