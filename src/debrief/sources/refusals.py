"""The first bytes of a document that no format takes in, a sentence out: what it is, and what to do.

One list of known look-alikes, tried in order; the last ones hold of any content. Nothing here decides what
is imported: a wrong guess is a wrong word in a message, no more.
"""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from msgspec import Struct

from debrief.sources.documents import head_lines, head_value
from debrief.sources.records import mapping, sequence

_ROWS_TRIED = 20
SCHEMA = "{schema}"
"""Stands in a sentence for the schema that a document names for itself."""

_OWN = "give the agent's own session files"


class Head:
    """What the first bytes hold, read once: their text, the JSON value they begin with, the rows of JSON."""

    def __init__(self, content: bytes) -> None:
        self.content = content.removeprefix(b"\xef\xbb\xbf")

    @cached_property
    def text(self) -> str:
        """The bytes as text."""
        return self.content.decode("utf-8", "replace").lstrip()

    @cached_property
    def value(self) -> Any:  # noqa: ANN401 (JSON)
        """The JSON value that the bytes begin with, else None."""
        return head_value(self.content) if self.text[:1] in ("{", "[") else None

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The value's fields, where it is an object."""
        return mapping(self.value)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The first objects: lines, or the items of an array."""
        if isinstance(self.value, list):
            return [item for item in self.value[:_ROWS_TRIED] if isinstance(item, dict)]
        lines = list(head_lines(self.content, _ROWS_TRIED))
        # In one object over many lines, inner ones may fill a line.
        return [self.fields] if self.fields and lines[:1] != [self.fields] else lines

    @property
    def schema(self) -> str:
        """The schema that the document names for itself."""
        names = (row.get("schema_version") for row in self.rows)
        return next((name[:100] for name in names if isinstance(name, str)), "")

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of a chat: those of an object, or the rows themselves."""
        for name in ("messages", "conversations", "conversation", "chat", "traj", "trajectory"):
            found = [one for one in sequence(self.fields.get(name))[:_ROWS_TRIED] if isinstance(one, dict)]
            if found:
                return found
        return self.rows


class LookAlike(Struct, frozen=True):
    """Something that is no transcript that Debrief reads, how it is known, and the words for it."""

    is_it: Callable[[Head], bool]
    sentence: str


def refusal(head: bytes) -> str:
    """Why a document that begins with `head`, and that no format takes, is not imported."""
    found = Head(head)
    for look_alike in LOOK_ALIKES:
        if look_alike.is_it(found):
            return look_alike.sentence.replace(SCHEMA, repr(found.schema))
    return "no transcript format that Debrief knows"


def _has(*names: str) -> Callable[[Head], bool]:
    return lambda head: all(name in head.fields for name in names)


def _row_has(*names: str) -> Callable[[Head], bool]:
    return lambda head: any(all(name in row for name in names) for row in head.rows)


def _begins(*starts: bytes) -> Callable[[Head], bool]:
    return lambda head: head.content.startswith(starts)


def _says(pattern: str) -> Callable[[Head], bool]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda head: head.value is None and compiled.search(head.text) is not None


def _schema(start: str) -> Callable[[Head], bool]:
    return lambda head: any(
        isinstance(row.get("schema_version"), str) and row["schema_version"].startswith(start)
        for row in head.rows
    )


def _is_telemetry(head: Head) -> bool:
    return any(
        name in row for row in head.rows for name in ("resourceSpans", "resourceLogs", "resourceMetrics")
    )


def _is_grok_update(head: Head) -> bool:
    return any("sessionUpdate" in mapping(mapping(row.get("params")).get("update")) for row in head.rows)


def _is_vibe(head: Head) -> bool:
    if "session_prompt_tokens" in mapping(head.fields.get("stats")):
        return True
    return bool(head.rows) and all("role" in row and "message_id" in row for row in head.rows[:2])


def _is_kimi_context(head: Head) -> bool:
    return any(row.get("role") in ("_system_prompt", "_checkpoint", "_usage") for row in head.rows)


def _is_posit(head: Head) -> bool:
    by_row = any("providerOptions" in mapping(row.get("message")) for row in head.rows)
    return by_row or any("lmMessageIds" in message for message in head.messages)


def _is_gptme(head: Head) -> bool:
    first = head.rows[0] if head.rows else {}
    content = first.get("content")
    if "type" in first or not isinstance(content, str) or not isinstance(first.get("timestamp"), str):
        return False
    return content.startswith("You are gptme") or "pinned" in first or "hide" in first


def _is_iflow(head: Head) -> bool:
    return any(
        isinstance(row.get("sessionId"), str) and row["sessionId"].startswith("session-") and "uuid" in row
        for row in head.rows
    )


def _is_item(head: Head) -> bool:
    """A single item of OpenAI's Responses API, or of something built on it."""
    if len(head.rows) > 1 or not head.fields:
        return False
    parts = [mapping(part).get("type") for part in sequence(head.fields.get("content"))]
    if any(part in ("input_text", "output_text") for part in parts):
        return True
    summary = [mapping(part).get("type") for part in sequence(head.fields.get("summary"))]
    return "summary_text" in summary or ("call_id" in head.fields and _call_or_output(head.fields))


def _call_or_output(fields: dict[str, Any]) -> bool:
    return "arguments" in fields or "output" in fields


def _is_chat(head: Head) -> bool:
    return len(head.messages) > 0 and all(
        ("role" in one and "content" in one) or ("from" in one and "value" in one)
        for one in head.messages[:1]
    )


def _is_chat_with_calls(head: Head) -> bool:
    return _is_chat(head) and any(
        one.get("role") in ("tool", "function")
        or one.get("from") in ("tool", "observation", "function_call")
        or one.get("tool_calls")
        or any(mapping(part).get("type") == "tool_use" for part in sequence(one.get("content")))
        for one in head.messages
    )


def _is_table(head: Head) -> bool:
    first, second, *_ = [*head.text.splitlines()[:2], "", ""]
    return head.value is None and first.count("\t") >= 2 and second.count("\t") == first.count("\t")  # noqa: PLR2004


def _is_prose(head: Head) -> bool:
    return head.value is None and not head.rows


LOOK_ALIKES: tuple[LookAlike, ...] = (
    LookAlike(
        _begins(b"SQLite format 3\x00"),
        "a SQLite database in which no agent that Debrief knows keeps its sessions",
    ),
    LookAlike(
        _begins(b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh"), "an archive: unpack it first"
    ),
    LookAlike(lambda head: b"\x00" in head.content[:1024], "binary content, not a transcript"),
    LookAlike(
        _is_telemetry,
        f"OpenTelemetry data (spans, logs or metrics), which is no transcript: {_OWN}",
    ),
    LookAlike(
        _schema("agentv."),
        f"an AgentV record, into which that tool has re-shaped an agent's output: {_OWN}",
    ),
    LookAlike(
        _says(r"\A# [\w ]{1,40} stream log\n# target: "),
        f"an AgentV log, which holds an agent's output line by line among other things: {_OWN}",
    ),
    LookAlike(
        _says(r"✻ Welcome to|^ ?[⏺●] (?:\w+\(|Bash|Read|Update)|^ *⎿ |\A\s*╭─"),
        "a copy of a terminal's screen, from which calls, results and tokens cannot be told:"
        " give the session files that the agent keeps",
    ),
    LookAlike(_says(r"\A<!-- Generated by SpecStory"), f"a SpecStory export for people to read: {_OWN}"),
    LookAlike(
        _says(r"\A\d{4}-\d\d-\d\dT[\d:.]+Z (?:##\[|Current runner)"),
        f"a log of a build, in which an agent's output may stand: {_OWN}",
    ),
    LookAlike(_says(r"\Adiff --git |\A--- a/"), "a patch, not a transcript"),
    LookAlike(_says(r"\A<(?:!DOCTYPE|html)"), "a web page, not a transcript"),
    LookAlike(
        lambda head: _has("agents")(head) and any(n in head.fields for n in ("lastPrompt", "lastTurnReason")),
        "the state.json of a Kimi session: import its agents/main/wire.jsonl",
    ),
    LookAlike(_is_kimi_context, "the context of a kimi-cli session: import the wire.jsonl beside it"),
    LookAlike(
        lambda head: _has("info", "created_at")(head) and "current_model_id" in head.fields,
        "the summary.json of a Grok session: import the chat_history.jsonl beside it",
    ),
    LookAlike(
        _has("contextTokensUsed", "turnCount"),
        "the signals.json of a Grok session: import the chat_history.jsonl beside it",
    ),
    LookAlike(_is_grok_update, "the updates of a Grok session: import the chat_history.jsonl beside them"),
    LookAlike(
        lambda head: "tokenUsage" in head.fields and "messages" not in head.fields,
        "the settings beside a Droid session: import the .jsonl file of the same name",
    ),
    LookAlike(
        _has("agentType", "spawnDepth"),
        "the notes beside a sub-agent's transcript: import the session that started it",
    ),
    LookAlike(
        lambda head: "workflowProgress" in head.fields or _row_has("type", "key", "agentId")(head),
        "the notes of a workflow on its agents: import the session that started it",
    ),
    LookAlike(
        lambda head: "checkpoint_id" in head.fields or _has("token_usage", "session_id", "strategy")(head),
        "the metadata of an Entire checkpoint: import the full.jsonl beside it",
    ),
    LookAlike(
        _has("trial_name", "task_name"),
        "the result of a Harbor trial: import the files of its folder `agent`",
    ),
    LookAlike(
        _row_has("display", "pastedContents"),
        f"a list of the prompts that were typed, not a transcript: {_OWN}",
    ),
    LookAlike(
        lambda head: any(set(row) == {"session_id", "ts", "text"} for row in head.rows),
        f"a list of the prompts that were typed, not a transcript: {_OWN}",
    ),
    LookAlike(
        lambda head: _has("session_id", "platform", "messages")(head) and "session_start" in head.fields,
        "a session of Hermes, which Debrief does not read",
    ),
    LookAlike(_is_vibe, "a part of a Mistral Vibe session, which Debrief does not read"),
    LookAlike(_is_iflow, "a session of iFlow, which Debrief does not read"),
    LookAlike(_has("conversation_id", "history"), "a conversation of Kiro, which Debrief does not read"),
    LookAlike(_is_posit, "a conversation of Posit Assistant, which Debrief does not read"),
    LookAlike(
        lambda head: "memory" in mapping(head.fields.get("agent")),
        "a session of QwenPaw, which Debrief does not read",
    ),
    LookAlike(_row_has("mapping", "current_node"), "an export of ChatGPT's chats, which are no agent's work"),
    LookAlike(_row_has("chat_messages"), "an export of claude.ai's chats, which are no agent's work"),
    LookAlike(_is_gptme, "a conversation of gptme, which Debrief does not read"),
    LookAlike(_is_item, "a single item of a conversation, not a session: give the whole session"),
    LookAlike(
        _schema(""),
        f"a record that another tool has re-shaped, in its schema {SCHEMA}: {_OWN}",
    ),
    LookAlike(
        _is_chat_with_calls,
        "a chat that was re-shaped into `messages`, which does not say whose session it is nor what it used:"
        f" {_OWN}",
    ),
    LookAlike(_is_chat, "a chat without tool calls, which is no agent's session"),
    LookAlike(_is_table, "a table, not a transcript"),
    LookAlike(_is_prose, "no transcript format that Debrief knows: plain text"),
    LookAlike(
        lambda head: len(head.rows) > 1 and isinstance(head.value, dict),
        "no transcript format that Debrief knows: JSON Lines of some other kind",
    ),
    LookAlike(
        lambda head: head.value is not None,
        "no transcript format that Debrief knows: JSON of some other kind",
    ),
)
"""The known look-alikes; what tells the most comes first."""
