"""The command line's nodes become events: prompts, answers, reasoning, calls with their ends, sub-agents.

A call to a model may stand in several nodes, as copies; and a node that no conversation reaches (an edited
prompt, a repeated answer) was paid for all the same. So calls are counted over all nodes, once by message.
"""

import re
from typing import Any

from debrief.model import EndState, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place, write_call, write_result
from debrief.sources.devin.chains import Forest, Node, whole
from debrief.sources.devin.tools import Call, call_of, outcome_of
from debrief.sources.pulls import PullRequests
from debrief.sources.records import compact_json, count, mapping, sequence, string, timestamp_us

_KEEPALIVE = "cache_keepalive"
"""Messages that only keep a cache warm: nobody said anything."""

_EXIT_CODE = re.compile(r"exit code: (-?\d{1,6})\s*\Z", re.IGNORECASE)


class Conversation:
    """Writes a session's forest into a builder."""

    def __init__(
        self,
        builder: SessionBuilder,
        forest: Forest,
        shown: dict[str, dict[str, Any]],
        heads: dict[str, int],
    ) -> None:
        self._builder = builder
        self._forest = forest
        self._shown = shown
        self._heads = dict(heads)
        self._pulls = PullRequests(builder)
        self._calls: dict[str, Call] = {}
        self._marks_people = any(
            mapping(node.message.get("metadata")).get("is_user_input") is True
            for node in forest.nodes.values()
        )
        self._told: set[str] = set()
        self._agents: set[str] = set()
        self._counted: set[int] = set()
        self._last: Node | None = None
        self._open = 0

    def write(self) -> None:
        """The main chain with the agents that it started, then the other agents, then what is left."""
        self._chain(self._forest.head)
        main_last, main_open = self._last, self._open
        for agent, head in sorted(self._heads.items()):
            self._subagent(agent, head)
        self._last, self._open = main_last, main_open
        left = 0
        for node in self._forest.nodes.values():
            if node.key not in self._told and not node.is_prefix and node.summarised_from is None:
                left += 1
            if node.number not in self._counted:
                self._usage(node, None)
        if left:
            text = f"{left} messages of branches that were left (edited, repeated, summarised) are not shown"
            self._builder.event("message", "system", text=text, injected=True)

    def ending(self, *, cut_off: bool) -> tuple[EndState, str]:
        """How the session ended, as far as its last message says."""
        if cut_off:
            return "truncated", "The document breaks off."
        last = self._last
        if last is None:
            return "unknown", "No message can be read."
        if last.message.get("role") == "assistant" and not self._open:
            return "finished", "The agent ended its turn."
        if self._open:
            return "running", "A call has no result yet."
        return "running", "The agent has not answered yet."

    def _chain(self, head: int | None) -> None:
        for node in self._forest.conversation(head):
            if node.key in self._told:
                continue
            self._told.add(node.key)
            self._node(node)

    def _node(self, node: Node) -> None:
        message = node.message
        role = string(message.get("role"))
        about = mapping(message.get("metadata"))
        ts_us = timestamp_us(about.get("created_at")) or timestamp_us(node.row.get("created_at"))
        if mapping(about.get("telemetry")).get("source") == _KEEPALIVE:
            return
        if not node.is_prefix and role in {"user", "assistant", "tool"}:
            self._last = node
        text = _text(message.get("content"))
        if node.summarised_from is not None:
            self._event("compaction", "system", text, node, ts_us)
            self._usage(node, None)
        elif role == "user":
            self._user(node, text, about, ts_us)
        elif role == "assistant":
            self._assistant(node, text, about, ts_us)
        elif role == "tool":
            self._result(node, text, about, ts_us)
        elif role == "system":
            if text:
                self._event("message", "system", text, node, ts_us, injected=True)
            self._agent_of(mapping(about.get("extensions")), None)
        else:
            what = f"message of the role {str(message.get('role'))[:100]!r}"
            self._builder.opaque(what, line=node.line, ts_us=ts_us, text=compact_json(message))

    def _user(self, node: Node, text: str, about: dict[str, Any], ts_us: int | None) -> None:
        handed = mapping(about.get("extensions")).get("subagent/handoff") is True or self._builder.agent
        typed = about.get("is_user_input")
        # Where people's words are marked, the others are the client's: reminders, requests for a summary.
        if typed is False or (typed is not True and self._marks_people) or handed:
            self._event("message", "user", text, node, ts_us, injected=True)
        else:
            self._event("prompt", "user", text, node, ts_us)

    def _assistant(self, node: Node, text: str, about: dict[str, Any], ts_us: int | None) -> None:
        first = self._builder.event_count
        thinking = node.message.get("thinking")
        thought = _text(
            thinking["thinking"] if isinstance(thinking, dict) and "thinking" in thinking else thinking
        )
        if thought:
            self._event("reasoning", "assistant", thought, node, ts_us)
        if text:
            self._pulls.in_text(text, self._event("message", "assistant", text, node, ts_us))
        shown = mapping(mapping(about.get("extensions")).get("chisel/tool_call_content"))
        for stated in sequence(node.message.get("tool_calls")):
            call = call_of(mapping(stated), mapping(shown.get(string(mapping(stated).get("id")) or "")))
            if call.call_id and call.call_id in self._calls:
                continue
            if call.call_id:
                self._calls[call.call_id] = call
            self._open += 1
            write_call(self._builder, call, call.call_id, Place(node.line, ts_us, node.key))
        if about.get("finish_reason") == "stop":
            self._event("turn_end", "assistant", "", node, ts_us)
        self._usage(node, first if self._builder.event_count > first else None)

    def _result(self, node: Node, text: str, about: dict[str, Any], ts_us: int | None) -> None:
        call_id = string(node.message.get("tool_call_id"))
        call = self._calls.get(call_id or "")
        extensions = mapping(about.get("extensions"))
        terminal = mapping(extensions.get("chisel/terminal_output"))
        text = text or _text(terminal.get("text"))
        exit_code = whole(mapping(terminal.get("exit")).get("exit_code"))
        if exit_code is None and call is not None and call.kind == "shell":
            found = _EXIT_CODE.search(text[-200:])
            exit_code = int(found.group(1)) if found else None
        status = string(self._shown.get(call_id or "", {}).get("status"))
        outcome = outcome_of(extensions, exit_code, status)
        timing = mapping(extensions.get("chisel/tool_call_timing"))
        self._open = max(0, self._open - 1) if call is not None else self._open
        write_result(
            self._builder,
            self._pulls,
            call,
            call_id,
            text,
            outcome,
            Place(node.line, ts_us, node.key),
            exit_code=exit_code,
            duration_ms=count(timing.get("duration_ms")),
        )
        self._agent_of(extensions, call)

    def _agent_of(self, extensions: dict[str, Any], call: Call | None) -> None:
        """The chain of the sub-agent that a node reports of, where it names one."""
        agent, head = (
            string(extensions.get("subagent/agent_id")),
            whole(extensions.get("subagent/chain_node_id")),
        )
        if agent is None:
            return
        self._heads.setdefault(agent, head if head is not None else -1)
        if head is not None and self._builder.agent is None:
            self._subagent(agent, head, call.args if call else "")

    def _subagent(self, agent: str, head: int, task: str = "") -> None:
        if agent in self._agents:
            return
        self._agents.add(agent)
        last, open_calls, self._open = self._last, self._open, 0
        self._builder.agent = agent
        self._builder.event("subagent", "assistant", text=task, native_id=agent)
        self._chain(head if head in self._forest.nodes else None)
        self._builder.agent = None
        self._last, self._open = last, open_calls

    def _usage(self, node: Node, event: int | None) -> None:
        """Count the call that a node is the answer of; a copy of it is a row that is repeated."""
        self._counted.add(node.number)
        about = mapping(node.message.get("metadata"))
        metrics = mapping(about.get("metrics"))
        if node.message.get("role") != "assistant" or not metrics:
            return
        tokens = Tokens(
            input=count(metrics.get("input_tokens")),
            cache_read=count(metrics.get("cache_read_tokens")),
            cache_write=count(metrics.get("cache_creation_tokens")),
            output=count(metrics.get("output_tokens")),
        )
        if tokens != Tokens():
            self._builder.model_call(
                node.key,
                model=string(about.get("generation_model")),
                tokens=tokens,
                ts_us=timestamp_us(about.get("created_at")),
                event=event,
            )

    def _event(
        self,
        kind: Any,  # noqa: ANN401 (handed on)
        actor: Any,  # noqa: ANN401 (handed on)
        text: str,
        node: Node,
        ts_us: int | None,
        *,
        injected: bool = False,
    ) -> int:
        return self._builder.event(
            kind, actor, text=text, ts_us=ts_us, line=node.line, native_id=node.key, injected=injected
        )


def _text(content: object) -> str:
    """A string, or the text of a list's parts."""
    if isinstance(content, str):
        return content
    parts = [string(mapping(part).get("text")) for part in sequence(content)]
    return "\n".join(part for part in parts if part)
