"""Devin's command line: one session's rows of its store in, one Session out, its sub-agents included."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.devin.chains import Forest, Node, node_of, value_of, whole
from debrief.sources.devin.conversation import Conversation
from debrief.sources.documents import head_value
from debrief.sources.records import mapping, records, string, timestamp_us
from debrief.sources.source import Clean, Companions, Transcript

KIND = "devin_cli"
_TABLES = frozenset({"sessions", "message_nodes", "tool_call_state", "subagent_heads"})


class DevinCli(Struct, frozen=True):
    """See the module."""

    name: str = "devin_cli"
    title: str = "Devin CLI"
    version: int = 2
    roots: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether the first line is a row of the store, told with its table."""
        return _table(head_value(head)) is not None

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of the document."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name="Devin CLI", clean=clean
        )
        tables: dict[str, list[dict[str, Any]]] = {name: [] for name in _TABLES}
        nodes: list[Node] = []
        cut_off = False
        with transcript.main.open() as stream:
            for record in records(stream):
                table = _table(record.value)
                if record.fault is not None or table is None:
                    cut_off = record.cut_off
                    what = record.fault or "no row of the store"
                    builder.fault(f"line {record.line}: {what}")
                    builder.opaque(what, line=record.line, text=record.raw)
                    continue
                row = mapping(record.value)
                tables[table].append(row)
                if table == "message_nodes":
                    node = node_of(row, record.line)
                    if node is None:
                        builder.fault(f"line {record.line}: a message that cannot be read")
                        text = string(row.get("chat_message")) or ""
                        builder.opaque("a message that cannot be read", line=record.line, text=text)
                    else:
                        nodes.append(node)
        if not any(tables.values()):
            raise NotATranscript("no row of the store can be read")
        session = tables["sessions"][0] if tables["sessions"] else {}
        _identity(builder, session)
        forest = Forest(nodes, whole(session.get("main_chain_id")))
        calls = {
            string(row.get("tool_call_id")) or "": mapping(value_of(row.get("tool_call_update_json")))
            for row in tables["tool_call_state"]
        }
        heads = {
            agent: head
            for row in tables["subagent_heads"]
            if (agent := string(row.get("agent_id")))
            and (head := whole(row.get("chain_node_id"))) is not None
        }
        conversation = Conversation(builder, forest, calls, heads)
        conversation.write()
        builder.end_state, builder.end_reason = conversation.ending(cut_off=cut_off)
        yield builder.build()


def _identity(builder: SessionBuilder, session: dict[str, Any]) -> None:
    slug = string(session.get("id"))
    created = session.get("created_at")
    # Two words name a session, on one machine: with when it began they do so among many.
    builder.native_id = f"{slug}-{created}" if slug and whole(created) is not None else slug
    builder.surface = "devin_cli"
    builder.cwd = string(session.get("working_directory"))
    builder.title = string(session.get("title"))
    builder.title_source = "agent" if builder.title else None
    builder.saw(timestamp_us(created))
    builder.saw(timestamp_us(session.get("last_activity_at")))
    acus = mapping(value_of(session.get("metadata"))).get("total_acu_cost")
    # Nought stands where the service bills otherwise: then the calls say what was used.
    if isinstance(acus, int | float) and not isinstance(acus, bool) and 0 < acus <= 1e9:  # noqa: PLR2004 (see formats.devin)
        builder.native_acus = float(acus)


def _table(value: object) -> str | None:
    table = mapping(value).get(KIND)
    return table if isinstance(table, str) and table in _TABLES else None


DEVIN_CLI = DevinCli()
