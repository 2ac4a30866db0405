"""Cline, Roo Code and Kilo Code: the folder of a task in, one Session out; each of its files alone too.

`ui_messages.json` holds what the panel showed, with tokens and cost; `api_conversation_history.json` what
went to the model and came back. Both tell of one conversation and one spend.
"""

from collections.abc import Iterator

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.cline.folder import kind_of, product, read
from debrief.sources.cline.task import Task
from debrief.sources.documents import head_value
from debrief.sources.source import Clean, Companions, Transcript

_EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
_EXTENSIONS = ("saoudrizwan.claude-dev", "rooveterinaryinc.roo-cline", "kilocode.kilo-code")
_USER_FOLDERS = ("~/.config", "$XDG_CONFIG_HOME", "~/Library/Application Support", "$APPDATA")
_SERVERS = ("~/.vscode-server", "~/.vscode-server-insiders", "~/.vscode-remote", "~/.cursor-server")


class Cline:
    """See the module."""

    name = "cline"
    title = "Cline, Roo Code, Kilo Code"
    version = 2
    roots: tuple[str, ...] = (
        *(
            f"{folder}/{editor}/User/globalStorage/{extension}/tasks"
            for folder in _USER_FOLDERS
            for editor in _EDITORS
            for extension in _EXTENSIONS
        ),
        *(
            f"{server}/data/User/globalStorage/{extension}/tasks"
            for server in _SERVERS
            for extension in _EXTENSIONS
        ),
        "~/.cline/data/tasks",
        "$CLINE_DIR/data/tasks",
        "~/.kilocode/cli/global/tasks",
    )
    suffixes: tuple[str, ...] = (
        "ui_messages.json",
        "claude_messages.json",
        "api_conversation_history.json",
        "history_item.json",
    )
    companions: tuple[Companions, ...] = (
        Companions("ui_messages.json", "api_conversation_history.json"),
        Companions("ui_messages.json", "task_metadata.json"),
        Companions("ui_messages.json", "history_item.json"),
        Companions("claude_messages.json", "api_conversation_history.json"),
        Companions("api_conversation_history.json", "task_metadata.json"),
        Companions("api_conversation_history.json", "history_item.json"),
        Companions("history_item.json", "task_metadata.json"),
    )

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins like one of the files of a task's folder."""
        return kind_of(head_value(head)) is not None

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of `transcript`."""
        folder = read((transcript.main, *transcript.companions))
        if not (folder.rows or folder.messages or folder.item):
            if folder.metadata:
                raise NotATranscript(
                    "it only lists the files and models of a task; the conversation is elsewhere"
                )
            raise NotATranscript("no row or message of a task can be read")
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=product(folder), clean=clean
        )
        for fault in folder.faults:
            builder.fault(fault)
        for name in folder.unread:
            builder.opaque(f"file {name[:200]}: nothing known", line=0)
        task = Task(builder, folder)
        task.write()
        if builder.native_id is None:
            builder.native_id = "unnamed"
            builder.fault("no file of the task says its id or a time")
        yield builder.build()


CLINE = Cline()
