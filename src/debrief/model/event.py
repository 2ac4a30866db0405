"""One thing that happened in a session, in file order.

A format turns each record of a transcript into zero or more events. What it does not know becomes an
`opaque` event, so that nothing is lost silently. Agents name their tools as they like; a format maps each
name to a `ToolKind`, so that no later station needs to know which agent it was.
"""

from typing import Literal

from msgspec import Struct

Actor = Literal["user", "assistant", "tool", "system"]

EventKind = Literal[
    "prompt",  # a person typed this
    "message",  # text of the assistant; or, with `injected`, text that the tool put into the conversation
    "reasoning",
    "tool_call",
    "tool_result",
    "compaction",  # the conversation was summarised to fit the context window
    "interrupt",  # a person stopped the agent
    "api_error",  # the model's service failed or refused; `text` is its word
    "model_change",
    "subagent",  # another agent was started; `agent` of its events names it
    "turn_end",  # the agent handed back to the person
    "opaque",  # a record that the format does not know, or that could not be read
]

ToolKind = Literal[
    "shell",  # `command` is set
    "read",  # `path` is set where the call names one
    "search",  # grep, glob, list
    "edit",  # `path` and `edits` are set
    "write",  # a whole file; `path` and `edits` are set
    "fetch",  # a page or a web search
    "plan",  # to-do lists, plan mode
    "agent",  # starts another agent
    "ask",  # asks the person
    "mcp",  # a tool of a connected server
    "other",
]

Outcome = Literal[
    "ok",
    "error",  # the tool failed, or the command's exit code was not 0
    "rejected",  # a person declined this call: not the agent's mistake
    "interrupted",  # a person stopped it while it ran
    "cascade",  # not run, because a call beside it failed
    "unknown",  # the record does not say
]


class FileEdit(Struct, frozen=True, omit_defaults=True):
    """One replacement in one file: `old` is empty for a file written whole, `new` for a deletion."""

    path: str
    old: str = ""
    new: str = ""


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """See the module. `ordinal` counts from 0 and is what evidence cites.

    `line` is the 1-based line of the record in its document (0 where a document has no lines), `agent` the
    id of the sub-agent whose event this is (None for the main chain). `replayed` marks history that another
    session's file holds already, and what was rewound: it is not what the session went on from. `cut` is how
    many characters of `text` were left out in the middle.
    """

    ordinal: int
    kind: EventKind
    actor: Actor
    ts_us: int | None = None
    text: str = ""
    native_id: str | None = None
    line: int = 0
    agent: str | None = None
    injected: bool = False
    replayed: bool = False
    cut: int = 0
    # Calls and results only.
    call_id: str | None = None
    tool: str | None = None
    tool_kind: ToolKind | None = None
    command: str | None = None
    path: str | None = None
    args: str = ""
    edits: tuple[FileEdit, ...] = ()
    # Results only.
    outcome: Outcome | None = None
    exit_code: int | None = None
    duration_ms: int | None = None

    @property
    def is_error(self) -> bool:
        """Whether a tool failed by itself: a person's rejection and a cascade are no errors."""
        return self.outcome == "error"
