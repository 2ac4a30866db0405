"""One task: what its folder holds in, one Session out.

The conversation comes from the history where that is whole, and from the panel's rows where there is no
history or where it was cut down. What was spent comes from the rows, else from the history: never from both.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from debrief.model import EndState, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import fields_of
from debrief.sources.cline.folder import Folder
from debrief.sources.cline.history import History, prompts_of
from debrief.sources.cline.panel import Panel
from debrief.sources.cline.texts import Surroundings, environment, surroundings
from debrief.sources.cline.usage import of_answer, of_request
from debrief.sources.costs import dollars, micros
from debrief.sources.records import count, mapping, sequence, string, timestamp_us

_SPENT = frozenset({"api_req_started", "deleted_api_reqs", "subagent_usage"})


class Task:
    """See the module."""

    def __init__(self, builder: SessionBuilder, folder: Folder) -> None:
        self.builder = builder
        self.folder = folder
        self._rows = list(finished_rows(folder.rows, texts=not folder.messages))
        self._firsts: list[tuple[int, int]] = []
        self._of_message: dict[int, int] = {}

    def write(self) -> None:
        """Write the whole session."""
        self._identity()
        whole = self._history_is_whole()
        heard = _words(prompts_of(self.folder.messages)) if whole else ""
        panel = Panel(self.builder, beside=whole, told=lambda text: _words(text) in heard)
        history = History(self.builder, alone=not self._rows)
        if whole:
            self._beside(panel, history)
        else:
            for number, row in enumerate(self._rows):
                self._note(row, panel.read(row, number))
        panel.finish()
        self._spent()
        self._end(panel.end if self._rows else history.end)

    def _history_is_whole(self) -> bool:
        """Whether the history holds an answer for each request that the rows show to have been answered."""
        if not self.folder.messages:
            return False
        answers = sum(message.get("role") == "assistant" for message in self.folder.messages)
        asked = sum(
            bool(count(fields_of(row.get("text")).get("tokensOut")))
            for row in self._rows
            if row.get("say") == "api_req_started"
        )
        return bool(answers >= asked - 1 or answers * 10 >= asked * 9)

    def _beside(self, panel: Panel, history: History) -> None:
        """Write both, in the order of their times."""
        times = self._times()
        rows: list[tuple[int | None, int, dict[str, Any]]] = [
            (timestamp_us(row.get("ts")), number, row) for number, row in enumerate(self._rows)
        ]
        place = 0
        for number, message in enumerate(self.folder.messages):
            ts_us = times.get(number)
            while place < len(rows) and ts_us is not None and (rows[place][0] or 0) < ts_us:
                self._note(rows[place][2], panel.read(rows[place][2], rows[place][1]))
                place += 1
            self._of_message[number] = self.builder.event_count
            history.read(message, number, ts_us)
        for _, number, row in rows[place:]:
            self._note(row, panel.read(row, number))

    def _times(self) -> dict[int, int]:
        """When each message of the history was: its own time, else that of the request it belongs to."""
        messages = self.folder.messages
        asked = [row for row in self._rows if row.get("say") == "api_req_started"]
        indexed = {
            index + 1: ts_us
            for row in reversed(asked)
            if (index := _index(row)) is not None and (ts_us := timestamp_us(row.get("ts"))) is not None
        }
        answers = [number for number, message in enumerate(messages) if message.get("role") == "assistant"]
        times: dict[int, int] = {}
        if not indexed and len(answers) == len(asked):
            for number, row in zip(answers, asked, strict=True):
                ts_us = timestamp_us(row.get("ts"))
                if ts_us is not None and number > 0:
                    indexed[number - 1] = ts_us
        last: int | None = None
        for number, message in enumerate(messages):
            own = timestamp_us(message.get("ts")) or indexed.get(number)
            last = own if own is not None and (last is None or own >= last) else last
            if last is not None:
                times[number] = last
        return times

    def _note(self, row: dict[str, Any], first: int) -> None:
        ts_us = timestamp_us(row.get("ts"))
        if ts_us is not None:
            self._firsts.append((ts_us, first))

    def _identity(self) -> None:
        builder, item = self.builder, self.folder.item
        first = next((row.get("ts") for row in self.folder.rows if count(row.get("ts"))), None)
        if first is None:
            first = next((m.get("ts") for m in self.folder.messages if count(m.get("ts"))), None)
        builder.native_id = string(item.get("id")) or (str(count(first)) if first is not None else None)
        parent = string(item.get("parentTaskId"))
        if parent:
            builder.parent_id, builder.relation = parent, "subagent"
        seen = self._surroundings()
        builder.cwd = string(item.get("workspace")) or string(item.get("cwdOnTaskInitialization")) or seen.cwd
        builder.repository, builder.commit, builder.branch = seen.repository, seen.commit, seen.branch
        hosts = [mapping(one) for one in sequence(self.folder.metadata.get("environment_history"))]
        for host in hosts:
            builder.agent_version = string(host.get("cline_version")) or builder.agent_version
            builder.surface = string(host.get("host_name")) or builder.surface
        if not self.folder.rows and not self.folder.messages and item:
            builder.event(
                "prompt", "user", text=string(item.get("task")) or "", ts_us=timestamp_us(item.get("ts"))
            )
        self._model = seen.model
        uses = [mapping(one) for one in sequence(self.folder.metadata.get("model_usage"))]
        self._models = sorted(
            (ts_us, model)
            for one in uses
            if (ts_us := timestamp_us(one.get("ts"))) is not None and (model := string(one.get("model_id")))
        )

    def _surroundings(self) -> Surroundings:
        """The first thing that the reports on the environment say of each."""
        told: dict[str, str | None] = {}
        for report in self._reports():
            found = surroundings(report)
            for name in Surroundings.__struct_fields__:
                told[name] = told.get(name) or getattr(found, name)
            if all(told.values()):
                break
        return Surroundings(**told)

    def _reports(self) -> Iterator[str]:
        for message in self.folder.messages[:40]:
            content = message.get("content")
            for block in [content] if isinstance(content, str) else sequence(content):
                text = block if isinstance(block, str) else mapping(block).get("text")
                if isinstance(text, str):
                    yield environment(text)
        for row in self.folder.rows[:200]:
            if row.get("say") == "api_req_started":
                yield environment(string(fields_of(row.get("text")).get("request")) or "")

    def _model_at(self, ts_us: int | None) -> str | None:
        if self._models:
            place = bisect_right(self._models, (ts_us or 0, "\uffff"))
            return self._models[max(0, place - 1)][1]
        return self._model

    def _spent(self) -> None:
        counted = self._spent_by_rows()
        if not counted:
            counted = self._spent_by_answers()
        else:
            for message in self.folder.messages:
                tokens = of_answer(message, None)
                if tokens is not None:
                    self.builder.usage_row(tokens, repeated=True)
        item = self.folder.item
        tokens = of_request({**item, "apiProtocol": "anthropic"}, timestamp_us(item.get("ts")))
        if tokens is not None and tokens != Tokens():
            if counted:
                self.builder.usage_row(tokens, repeated=True)
            else:
                self.builder.model_call(
                    f"{self.builder.native_id}:whole", model=self._model_at(None), tokens=tokens
                )
        total = micros(item.get("totalCost"))
        if total:
            self.builder.native_cost_usd_micros = total

    def _spent_by_rows(self) -> bool:
        any_counted, cost = False, 0.0
        for number, row in enumerate(self._rows):
            cost += dollars(mapping(row.get("contextCondense")).get("cost")) or 0
            if string(row.get("say")) not in _SPENT:
                continue
            ts_us = timestamp_us(row.get("ts"))
            info = fields_of(row.get("text"))
            tokens = of_request(info, ts_us)
            if tokens is None:
                continue
            any_counted = True
            cost += dollars(info.get("cost")) or 0
            self._count(row, info, tokens, ts_us, number)
        self.builder.native_cost_usd_micros = micros(cost)
        return any_counted

    def _count(
        self, row: dict[str, Any], info: dict[str, Any], tokens: Tokens, ts_us: int | None, number: int
    ) -> None:
        if row.get("say") == "subagent_usage":
            self.builder.agent = "subagents"
        index = _index(row)
        event = self._of_message.get(index + 2) if index is not None else None
        if event is None and ts_us is not None and self._firsts:
            place = bisect_right(self._firsts, (ts_us, -1))
            event = self._firsts[place][1] if place < len(self._firsts) else None
        if event is not None and event >= self.builder.event_count:
            event = None
        self.builder.model_call(
            f"{self.builder.native_id}:{row.get('ts') if ts_us is not None else number}",
            model=string(mapping(row.get("modelInfo")).get("modelId")) or self._model_at(ts_us),
            tokens=tokens,
            ts_us=ts_us,
            lower_bound=("output",) if info.get("cancelReason") else (),
            cost_usd_micros=micros(info.get("cost")),
            event=event,
        )
        self.builder.agent = None

    def _spent_by_answers(self) -> bool:
        any_counted = False
        cost = 0.0
        for number, message in enumerate(self.folder.messages):
            if message.get("role") != "assistant":
                continue
            ts_us = timestamp_us(message.get("ts"))
            model = string(mapping(message.get("modelInfo")).get("modelId")) or self._model_at(ts_us)
            tokens = of_answer(message, model)
            if tokens is None:
                continue
            any_counted = True
            stated = mapping(message.get("metrics")).get("cost")
            cost += dollars(stated) or 0
            event = self._of_message.get(number)
            self.builder.model_call(
                string(message.get("id")) or f"{self.builder.native_id}:message:{number}",
                model=model,
                tokens=tokens,
                ts_us=ts_us,
                cost_usd_micros=micros(stated),
                event=event if event is not None and event < self.builder.event_count else None,
            )
        if self.builder.native_cost_usd_micros is None:
            self.builder.native_cost_usd_micros = micros(cost)
        return any_counted

    def _end(self, end: tuple[EndState, str]) -> None:
        status = string(self.folder.item.get("status"))
        if status == "completed" and end[0] not in ("error", "interrupted"):
            end = ("finished", "the task's own record says that it is completed")
        self.builder.end_state, self.builder.end_reason = end
        if self.folder.cut_off and end[0] != "finished":
            self.builder.end_state = "truncated"
            self.builder.end_reason = "a file of the task breaks off inside a record"


def finished_rows(rows: list[dict[str, Any]], *, texts: bool) -> Iterator[dict[str, Any]]:
    """The rows without those that were never finished.

    Cline leaves the mark on a whole text that a call follows. With `texts`, where nothing else tells what the
    agent said, such a text counts as finished: another kind of row follows it.
    """
    for number, row in enumerate(rows):
        if row.get("partial") is not True:
            yield row
            continue
        following = rows[number + 1] if number + 1 < len(rows) else {}
        what = row.get("say")
        if texts and what in ("text", "reasoning") and following and following.get("say") != what:
            yield row


def _index(row: dict[str, Any]) -> int | None:
    index = row.get("conversationHistoryIndex")
    return index if isinstance(index, int) and not isinstance(index, bool) and -1 <= index < 2**31 else None


def _words(text: str) -> str:
    return " ".join(text.split())
