"""The command line's store of a session is a forest of nodes: rows in, the conversation's nodes in order out.

Each time the agent builds its context anew it copies the messages into a new chain, and after a compaction
the chain begins with a summary. So the conversation is the chain that the session's head ends, with what
each summary stands for before it, and each message once.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from debrief.sources.documents import read_value
from debrief.sources.records import mapping, string


class Node(Struct, frozen=True):
    """A row of the forest: `message` is what it holds, `row` is as it stands, `line` where."""

    number: int
    parent: int | None
    message: dict[str, Any]
    row: dict[str, Any]
    line: int
    is_prefix: bool = False
    summarised_from: int | None = None

    @property
    def key(self) -> str:
        """What a copy of the message has as well."""
        return string(self.message.get("message_id")) or f"node-{self.number}"


def node_of(row: dict[str, Any], line: int) -> Node | None:
    """The node of a row; None where its number or its message cannot be read."""
    number, message = whole(row.get("node_id")), value_of(row.get("chat_message"))
    if number is None or not isinstance(message, dict) or not message:
        return None
    about = mapping(value_of(row.get("metadata")))
    return Node(
        number,
        whole(row.get("parent_node_id")),
        message,
        row,
        line,
        is_prefix=about.get("is_system_prefix") is True,
        summarised_from=whole(about.get("summarized_from")),
    )


class Forest:
    """The nodes of a session. `head` is the last node of its conversation."""

    def __init__(self, nodes: Iterable[Node], head: int | None) -> None:
        self.nodes = {node.number: node for node in nodes}
        self.head = head if head in self.nodes else max(self.nodes, default=None)

    def conversation(self, head: int | None) -> Iterator[Node]:
        """The nodes from the first to `head`, what summaries stand for before them; each message once."""
        told: set[str] = set()
        for chain in reversed(self._windows(head)):
            for node in chain:
                if node.key not in told:
                    told.add(node.key)
                    yield node

    def _windows(self, head: int | None) -> list[list[Node]]:
        """The chain that ends at `head`, then the one that its summary stands for, and so on."""
        windows: list[list[Node]] = []
        taken: set[int] = set()
        while head is not None and head in self.nodes and head not in taken:
            chain = self._chain(head)
            taken.add(head)
            windows.append(chain)
            earlier = [node.summarised_from for node in chain if node.summarised_from is not None]
            head = earlier[-1] if earlier else None
        return windows

    def _chain(self, head: int) -> list[Node]:
        chain: list[Node] = []
        seen: set[int] = set()
        at: int | None = head
        while at is not None and at in self.nodes and at not in seen:
            seen.add(at)
            chain.append(self.nodes[at])
            at = self.nodes[at].parent
        chain.reverse()
        return chain


def whole(value: object) -> int | None:
    """`value` if it is a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def value_of(text: object) -> Any:  # noqa: ANN401 (JSON)
    """The JSON value in a column; None where there is none."""
    if not isinstance(text, str):
        return text
    found = read_value(text.encode("utf-8", "surrogatepass"))
    return None if found.cut_off else found.value
