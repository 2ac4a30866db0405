"""Collects what a format finds into a Session; every string of a transcript passes through here.

All text is made printable (no NUL, no lone surrogate, no terminal escape), then cleaned of secrets, then
cut in the middle where it is longer than anybody reads. The raw bytes are kept elsewhere: nothing is lost.
"""

import re

import msgspec

from debrief.model import (
    Actor,
    EndState,
    Event,
    EventKind,
    FileEdit,
    ModelCall,
    Outcome,
    PullRequest,
    PullRequestEvidence,
    Relation,
    Session,
    Tokens,
    ToolKind,
)
from debrief.sources.masking import is_json, mask_json
from debrief.sources.source import Clean
from debrief.sources.usage import UsageSum, larger, merged

TEXT_LIMIT = 32_768
"""Characters of one event's text, and of its arguments, that are kept."""

EDIT_LIMIT = 8_192
"""Characters of each side of an edit that are kept."""

FAULTS_KEPT = 100

SHORT = 300
KNOWN = 2_000
"""Names of tools, files and calls come again and again: so many of so many characters are cleaned once."""

TAG_LIMIT = 200
"""Characters of a tag that are kept."""

TITLE_LIMIT = 80
"""Characters of a title that is made of a prompt's first line."""

_UNPRINTABLE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|\x1b.|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)


def printable(text: str) -> str:
    """Drop terminal escapes and control characters; replace lone surrogates; unify line ends."""
    # Without its line ends and tabs most text is: that is told many times faster than by the expression.
    if not text.isprintable() and not text.replace("\n", "").replace("\t", "").isprintable():
        text = _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def cut_middle(text: str, limit: int) -> tuple[str, int]:
    """Keep the two ends of `text`, `limit` characters together; say how many were left out between them."""
    if len(text) <= limit:
        return text, 0
    head = limit // 2
    left_out = len(text) - limit
    return f"{text[:head]}\n[... {left_out} characters left out ...]\n{text[len(text) - head :]}", left_out


class SessionBuilder:
    """See the module. A format sets the plain attributes, calls the methods in file order, then `build`.

    Attributes that are None stay unknown. `title` and `initial_user_message` may be set by the format;
    without that the first prompt gives both. `replaying` marks every event as replayed while it is true, and
    `agent` names the sub-agent whose events follow.
    """

    def __init__(self, *, format_name: str, parser_version: int, agent_name: str, clean: Clean) -> None:
        self._format = format_name
        self._parser_version = parser_version
        self._agent_name = agent_name
        self._clean = clean
        self._events: list[Event] = []
        self._calls: dict[str, ModelCall] = {}
        self._usage = UsageSum()
        self._known: dict[str, str] = {}
        self._pulls: dict[str, PullRequest] = {}
        self._faults: list[str] = []
        self._fault_count = 0
        self._opaque_count = 0
        self._started_us: int | None = None
        self._last_us: int | None = None
        self.native_id: str | None = None
        self.agent_version: str | None = None
        self.surface: str | None = None
        self.user: str | None = None
        self.repository: str | None = None
        self.remote: str | None = None
        self.cwd: str | None = None
        self.branch: str | None = None
        self.commit: str | None = None
        self.title: str | None = None
        self.title_source: str | None = None
        self.initial_user_message: str | None = None
        self.parent_id: str | None = None
        self.relation: Relation | None = None
        self.end_state: EndState = "unknown"
        self.end_reason = ""
        self.native_cost_usd_micros: int | None = None
        self.native_acus: float | None = None
        self.tags: list[str] = []
        self.replaying = False
        self.agent: str | None = None
        self._agent_shown: tuple[str | None, str | None] = (None, None)

    def text(self, value: str, limit: int = TEXT_LIMIT) -> tuple[str, int]:
        """`value` fit to be stored, and how many characters were left out in its middle.

        All of it is cleaned, however long: what is cut first hides half a secret from the rules.
        """
        return cut_middle(self._cleaned(value), limit)

    def brief(self, value: str, limit: int = 200) -> str:
        """The first characters of `value` for a sentence that quotes it: cleaned, and only then cut."""
        return self._cleaned(value)[:limit]

    def event(
        self,
        kind: EventKind,
        actor: Actor,
        *,
        text: str = "",
        ts_us: int | None = None,
        line: int = 0,
        native_id: str | None = None,
        injected: bool = False,
        call_id: str | None = None,
        tool: str | None = None,
        tool_kind: ToolKind | None = None,
        command: str | None = None,
        path: str | None = None,
        args: str = "",
        edits: tuple[FileEdit, ...] = (),
        outcome: Outcome | None = None,
        exit_code: int | None = None,
        duration_ms: int | None = None,
    ) -> int:
        """Append an event and return its ordinal. Strings are given as they stand in the transcript."""
        kept, left_out = self.text(text) if text else ("", 0)
        ordinal = len(self._events)
        self._events.append(
            Event(
                ordinal=ordinal,
                kind=kind,
                actor=actor,
                ts_us=ts_us,
                text=kept,
                native_id=self._short(native_id),
                line=line,
                agent=self._shown_agent,
                injected=injected,
                replayed=self.replaying,
                cut=left_out,
                call_id=self._short(call_id),
                tool=self._short(tool),
                tool_kind=tool_kind,
                command=self.text(command)[0] if command is not None else None,
                path=self._short(path, 1024),
                args=self.text(args)[0] if args else "",
                edits=tuple(self._edit(edit) for edit in edits),
                outcome=outcome,
                exit_code=exit_code,
                duration_ms=duration_ms,
            )
        )
        if not self.replaying:
            self.saw(ts_us)
        return ordinal

    def saw(self, ts_us: int | None) -> None:
        """Stretch the session's span to `ts_us`; clocks run backwards, so both ends may move."""
        if ts_us is None:
            return
        self._started_us = ts_us if self._started_us is None else min(self._started_us, ts_us)
        self._last_us = ts_us if self._last_us is None else max(self._last_us, ts_us)

    def opaque(self, what: str, *, line: int, ts_us: int | None = None, text: str = "") -> int:
        """Keep a record that the format does not know; `what` names it ("record type 'frame-link'")."""
        self._opaque_count += 1
        what = self.brief(what)
        return self.event(
            "opaque", "system", text=f"{what}\n{text}" if text else what, line=line, ts_us=ts_us
        )

    def fault(self, sentence: str) -> None:
        """Note something that could not be read, with its place: "line 7: not JSON"."""
        self._fault_count += 1
        if len(self._faults) < FAULTS_KEPT:
            self._faults.append(self.text(sentence, 300)[0])

    def model_call(
        self,
        key: str,
        *,
        model: str | None,
        tokens: Tokens,
        ts_us: int | None = None,
        lower_bound: tuple[str, ...] = (),
        cache_write_1h: int | None = None,
        cost_usd_micros: int | None = None,
        event: int | None = None,
        row: bool = True,
    ) -> None:
        """Count one model call; the same `key` again keeps the larger number of each bucket.

        The first mention decides the event, the time and the model; `lower_bound` is that of the last.
        Each mention is a row of the naive sum, unless `row` is false (the row was told by `usage_row`, or
        there is none: the call is what a total holds beyond the rows).
        """
        known = self._calls.get(key)
        if row:
            self.usage_row(tokens, repeated=known is not None)
        if known is None:
            self._calls[key] = ModelCall(
                key=self._short(key) or "",
                model=self._short(model),
                ts_us=ts_us,
                tokens=tokens,
                lower_bound=lower_bound,
                cache_write_1h=cache_write_1h,
                cost_usd_micros=cost_usd_micros,
                event=event,
                agent=self._shown_agent,
            )
            return
        self._calls[key] = msgspec.structs.replace(
            known,
            tokens=merged(known.tokens, tokens),
            model=known.model or self._short(model),
            lower_bound=lower_bound,
            cache_write_1h=larger(known.cache_write_1h, cache_write_1h),
            cost_usd_micros=larger(known.cost_usd_micros, cost_usd_micros),
        )

    def usage_row(self, tokens: Tokens, *, repeated: bool) -> None:
        """Note a row that states tokens without counting a call: what `debrief explain` sets beside the sum.

        Formats call it for rows that they do not count: `repeated` ones, and those read while `replaying`.
        """
        self._usage.add(tokens, repeated=repeated, replaying=self.replaying)

    def pull_request(
        self,
        url: str,
        *,
        created: bool,
        evidence: PullRequestEvidence,
        event: int,
        number: int | None = None,
        repository: str | None = None,
        state: str | None = None,
    ) -> None:
        """Note a pull request; stronger evidence about the same URL replaces weaker."""
        known = self._pulls.get(url)
        if known is None or (created and not known.created):
            self._pulls[url] = PullRequest(
                url=self._short(url, 1024) or "",
                created=created,
                evidence=evidence,
                event=event,
                number=number,
                repository=self._short(repository),
                state=self._short(state, 40),
            )

    @property
    def event_count(self) -> int:
        """How many events there are so far; the next one's ordinal."""
        return len(self._events)

    @property
    def events(self) -> list[Event]:
        """The events so far, for a format that must look back. Not to be changed."""
        return self._events

    def amend(self, ordinal: int, **changes: object) -> None:
        """Replace fields of an event that a later record completes (an outcome, a duration).

        Strings are cleaned here too, but not cut: `text` gives one that is.
        """
        cleaned = {
            name: self._cleaned(value) if isinstance(value, str) else value for name, value in changes.items()
        }
        self._events[ordinal] = msgspec.structs.replace(self._events[ordinal], **cleaned)

    def build(self) -> Session:
        """The session as found so far."""
        prompt = next(
            (e.text for e in self._events if e.kind == "prompt" and not e.replayed and e.agent is None), None
        ) or next((e.text for e in self._events if e.kind == "prompt"), None)
        initial = self.text(self.initial_user_message)[0] if self.initial_user_message else prompt
        title = self._short(self.title, 200)
        title_source = self.title_source
        if not title and initial:
            title, title_source = _first_line(initial), "prompt"
        return Session(
            format=self._format,
            parser_version=self._parser_version,
            native_id=self._short(self.native_id, 200) or "",
            agent=self._short(self._agent_name) or "",
            agent_version=self._short(self.agent_version),
            surface=self._short(self.surface),
            user=self._short(self.user),
            repository=self._short(self.repository, 1024),
            remote=self._short(self.remote, 1024),
            cwd=self._short(self.cwd, 1024),
            branch=self._short(self.branch),
            commit=self._short(self.commit),
            title=title,
            title_source=title_source,
            initial_user_message=initial,
            parent_id=self._short(self.parent_id),
            relation=self.relation,
            started_us=self._started_us,
            last_event_us=self._last_us,
            end_state=self.end_state,
            end_reason=self.text(self.end_reason, 500)[0],
            events=tuple(self._events),
            model_calls=tuple(self._calls.values()),
            usage=self._usage.told,
            pull_requests=tuple(self._pulls.values()),
            native_cost_usd_micros=self.native_cost_usd_micros,
            native_acus=self.native_acus,
            tags=tuple(sorted({tag for one in self.tags if (tag := self._one_line(one))})),
            opaque_count=self._opaque_count,
            fault_count=self._fault_count,
            faults=tuple(self._faults),
        )

    def _short(self, value: str | None, limit: int = SHORT) -> str | None:
        if value is None:
            return None
        if len(value) > SHORT:
            return self.brief(value, limit) or None
        known = self._known.get(value)
        if known is None:
            if len(self._known) >= KNOWN:
                self._known.clear()
            known = self._known[value] = self._cleaned(value)
        return known[:limit] or None

    def _cleaned(self, value: str) -> str:
        """`value` printable and without secrets; of JSON, arguments for one, escapes hide none."""
        value = printable(value)
        return mask_json(value, self._clean) if "\\" in value and is_json(value) else self._clean(value)

    @property
    def _shown_agent(self) -> str | None:
        """`agent` as it may be stored; it names many events, so the last one is remembered."""
        if self._agent_shown[0] != self.agent:
            self._agent_shown = (self.agent, self._short(self.agent))
        return self._agent_shown[1]

    def _one_line(self, text: str) -> str:
        return " ".join((self._short(text, TAG_LIMIT) or "").split())

    def _edit(self, edit: FileEdit) -> FileEdit:
        return FileEdit(
            path=self._short(edit.path, 1024) or "",
            old=self.text(edit.old, EDIT_LIMIT)[0],
            new=self.text(edit.new, EDIT_LIMIT)[0],
        )


def _first_line(text: str) -> str:
    lines = [line.strip().lstrip("# ") for line in text.splitlines()[:40] if line.strip().lstrip("# ")]
    line = lines[0] if lines else ""
    if line.endswith(":") and len(lines) > 1:
        # "Implement the following plan:" says nothing without what follows.
        line = f"{line} {lines[1]}"
    return line if len(line) <= TITLE_LIMIT else line[: TITLE_LIMIT - 1].rstrip() + "\u2026"
