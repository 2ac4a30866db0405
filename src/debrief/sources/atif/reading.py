"""A trajectory with its sub-agents in, one Session out.

Sub-agents' trajectories are embedded or lie in files beside; they are read where a result refers to them, so
that their events stand in order, and those that nothing refers to at the end.
"""

import re
from typing import Any, get_args

from debrief.model import EndState, PullRequestEvidence, Relation, Session, Tokens
from debrief.sources.atif import ours
from debrief.sources.atif.metrics import Ledger, added
from debrief.sources.atif.steps import Steps
from debrief.sources.builder import SessionBuilder
from debrief.sources.codex.meta import unnamed
from debrief.sources.documents import Whole, whole
from debrief.sources.pulls import PullRequests
from debrief.sources.records import count, mapping, sequence, string
from debrief.sources.source import Document
from debrief.sources.trajectories.money import micros

DEPTH = 8
"""How deep sub-agents may start sub-agents; no agent goes further than three."""

_NO_ID = ("unknown", "unknown-session")
_CONTINUED = re.compile(r"(?P<base>.+)-cont-(?P<number>\d{1,6})")
_RELATIONS: tuple[Relation, ...] = get_args(Relation)
_END_STATES: tuple[EndState, ...] = get_args(EndState)
_EVIDENCE: tuple[PullRequestEvidence, ...] = get_args(PullRequestEvidence)

PRODUCTS = {
    "claude-code": "Claude Code",
    "codex": "Codex",
    "cursor-cli": "Cursor",
    "copilot-cli": "GitHub Copilot CLI",
    "gemini-cli": "Gemini CLI",
    "antigravity-cli": "Antigravity CLI",
    "qwen-coder": "Qwen Code",
    "qwen-code": "Qwen Code",
    "opencode": "OpenCode",
    "goose": "Goose",
    "openhands": "OpenHands",
    "openhands-sdk": "OpenHands",
    "swe-agent": "SWE-agent",
    "devin": "Devin",
    "cline": "Cline",
    "cline-cli": "Cline",
    "kimi-cli": "Kimi CLI",
    "kimi-code": "Kimi Code",
    "grok-build": "Grok Build",
    "rovodev-cli": "Rovo Dev",
    "terminus-2": "Terminus 2",
    "terminus": "Terminus",
    "junie": "Junie",
    "aider": "aider",
}
"""The products behind the names that converters write; other names stand as they are."""


class Reading:
    """One root trajectory while it is read."""

    def __init__(self, builder: SessionBuilder, companions: tuple[Document, ...]) -> None:
        self._builder = builder
        self._pulls = PullRequests(builder)
        self._companions = {document.name: document for document in companions}
        self._embedded: dict[str, dict[str, Any]] = {}
        self._seen: set[str] = set()
        self._depth = 0

    def session(self, found: Whole) -> Session:
        """Read the root."""
        builder, root = self._builder, found.value
        agent = mapping(root.get("agent"))
        if found.fault:
            builder.fault(found.fault)
        self._identify(root, agent)
        steps, _ = self._trajectory(root, key=builder.native_id or "")
        final = mapping(root.get("final_metrics"))
        stated, given = count(final.get("total_steps")), len(sequence(root.get("steps")))
        if stated is not None and stated > given and not string(root.get("notes")) and not self._seen:
            builder.fault(f"the totals count {stated} steps, {given} are here")
        if not self._is_cumulative(steps) and "estimate" not in str(
            mapping(final.get("extra")).get("cost_source")
        ):
            builder.native_cost_usd_micros = micros(final.get("total_cost_usd"))
        self._end(root, steps, cut_off=found.cut_off)
        self._take_back(ours.marks(root))
        return builder.build()

    def _identify(self, root: dict[str, Any], agent: dict[str, Any]) -> None:
        builder = self._builder
        extra = mapping(agent.get("extra"))
        session, own = string(root.get("session_id")), string(root.get("trajectory_id"))
        if session is not None and (session == string(agent.get("name")) or session.endswith(_NO_ID)):
            # What a converter writes into every trajectory names none of them: its steps do.
            session = None
        builder.native_id = session or own or unnamed([agent, root.get("steps")])
        version = string(agent.get("version"))
        builder.agent_version = None if version in ("unknown", "latest") else version
        folders, branches = sequence(extra.get("cwds")), sequence(extra.get("git_branches"))
        builder.cwd = (
            (string(folders[0]) if folders else None)
            or string(extra.get("working_directory"))
            or string(extra.get("workspace_path"))
        )
        named = [name for name in branches if isinstance(name, str) and name not in ("", "HEAD")]
        builder.branch = named[0] if named else None
        parent = string(extra.get("parent_session_id"))
        if parent:
            builder.relation, builder.parent_id = "subagent", parent
        number = count(extra.get("continuation_index"))
        continued = _CONTINUED.fullmatch(session or "")
        if continued:
            base, number = continued.group("base"), int(continued.group("number"))
        elif number and session:
            base = session
            builder.native_id = f"{session}-cont-{number}"
        else:
            return
        builder.relation = "continuation"
        builder.parent_id = f"{base}-cont-{number - 1}" if number > 1 else base

    def _trajectory(self, value: dict[str, Any], *, key: str) -> tuple[Steps, Tokens]:
        """Write the steps of one trajectory, root or not, and count its calls."""
        builder = self._builder
        agent = mapping(value.get("agent"))
        name = string(agent.get("name")) or ""
        ledger = Ledger(builder, name)
        inner: list[Tokens] = []

        def refer(ref: dict[str, Any], call_id: str | None) -> None:
            tokens = self._referred(ref, call_id)
            if tokens is not None:
                inner.append(tokens)

        steps = Steps(builder, ledger, self._pulls, refer, key=key, is_ours=bool(ours.marks(value)))
        steps.model = string(agent.get("model_name"))
        steps.has_placeholders = name == "claude-code"
        steps.is_terminal = name.startswith("terminus")
        given = value.get("steps")
        children = self._embed(value)
        if not isinstance(given, list):
            builder.fault("the steps are no array")
        for position, step in enumerate(sequence(given), start=1):
            steps.read(step, position)
        for child in children:
            if child not in self._seen:
                refer({"trajectory_id": child}, None)
        sums = ledger.close(
            mapping(value.get("final_metrics")),
            key=f"{key}:total",
            model=string(agent.get("model_name")) or steps.model,
            inner=None if self._is_cumulative(steps) else added(inner),
        )
        return steps, added((sums, *inner))

    def _is_cumulative(self, steps: Steps) -> bool:
        """Whether the totals may count what another file tells: an earlier part of a run that went on."""
        return steps.copied > 0 or (self._depth == 0 and self._builder.relation == "continuation")

    def _embed(self, value: dict[str, Any]) -> list[str]:
        names = []
        for number, child in enumerate(sequence(value.get("subagent_trajectories"))):
            found = mapping(child)
            if not found:
                self._builder.fault(f"sub-agent {number + 1} is no object")
                continue
            name = (
                string(found.get("trajectory_id")) or string(found.get("session_id")) or f"agent-{number + 1}"
            )
            if name in self._embedded:
                name = f"{name}#{len(self._embedded)}"
            self._embedded[name] = found
            names.append(name)
        return names

    def _referred(self, ref: dict[str, Any], call_id: str | None) -> Tokens | None:
        """Read what `ref` leads to, once; the tokens that it used, or None where it cannot be read."""
        builder = self._builder
        path = string(ref.get("trajectory_path"))
        names = [name for name in (string(ref.get("trajectory_id")), string(ref.get("session_id"))) if name]
        name = next((one for one in names if one in self._embedded), None) or (names[0] if names else path)
        if name is None or name in self._seen:
            return None
        self._seen.add(name)
        child = self._embedded.get(name) or self._beside(path)
        task = string(mapping(ref.get("extra")).get("summary")) or string(
            mapping(ref.get("extra")).get("agent_name")
        )
        before, builder.agent = builder.agent, name
        tokens = None
        if not ours.marks(child or {}):
            told = task or string(mapping(mapping(child).get("agent")).get("name")) or ""
            builder.event("subagent", "system", text=told, call_id=call_id, native_id=name)
        if child is not None and self._depth < DEPTH:
            self._depth += 1
            _, tokens = self._trajectory(child, key=name)
            self._depth -= 1
        builder.agent = before
        return tokens

    def _beside(self, path: str | None) -> dict[str, Any] | None:
        if path is None:
            return None
        plain = path.replace("\\", "/").removeprefix("./")
        document = self._companions.get(plain) or self._companions.get(plain.rpartition("/")[2])
        if document is None:
            return None
        found = whole(document)
        if found.fault:
            self._builder.fault(f"{document.name}: {found.fault}")
        return found.value if isinstance(found.value, dict) else None

    def _end(self, root: dict[str, Any], steps: Steps, *, cut_off: bool) -> None:
        state: EndState
        further = string(root.get("continued_trajectory_ref"))
        if cut_off:
            state, reason = "truncated", "The document breaks off."
        elif further:
            state, reason = "finished", f"The context was full; the work goes on in {further}."
        elif steps.last == "interrupt":
            state, reason = "interrupted", "The last thing said is that a person stopped the agent."
        elif steps.last == "done":
            state, reason = "finished", "The last call says that the task is done."
        elif steps.open_count and steps.last == "open":
            state, reason = "running", "The last call has no result."
        elif steps.last == "answer":
            state, reason = "finished", "The last step is the agent's answer."
        elif steps.last == "prompt":
            state, reason = "running", "The last step is the task; the agent did not answer."
        elif steps.last == "work":
            state, reason = "running", "The last step is a call's result; the agent did not answer."
        else:
            state, reason = "unknown", "No step says how it ended."
        self._builder.end_state, self._builder.end_reason = state, reason

    def _take_back(self, marks: dict[str, Any]) -> None:
        """Restore what this program's own export says of the session."""
        if not marks:
            return
        builder = self._builder
        for name in ("user", "repository", "cwd", "branch", "commit", "surface", "title", "title_source"):
            setattr(builder, name, string(marks.get(name)) or getattr(builder, name))
        builder.initial_user_message = (
            string(marks.get("initial_user_message")) or builder.initial_user_message
        )
        builder.parent_id = string(marks.get("parent_id")) or builder.parent_id
        builder.relation = next((one for one in _RELATIONS if one == marks.get("relation")), builder.relation)
        state = next((one for one in _END_STATES if one == marks.get("end_state")), None)
        if state is not None:
            builder.end_state, builder.end_reason = state, string(marks.get("end_reason")) or ""
        builder.native_cost_usd_micros = count(marks.get("native_cost_usd_micros"))
        builder.saw(count(marks.get("started_us")))
        builder.saw(count(marks.get("last_event_us")))
        for pull in map(mapping, sequence(marks.get("pull_requests"))):
            url, event = string(pull.get("url")), count(pull.get("event"))
            if url and event is not None and event < builder.event_count:
                builder.pull_request(
                    url,
                    created=pull.get("created") is True,
                    evidence=next((one for one in _EVIDENCE if one == pull.get("evidence")), "mention"),
                    event=event,
                    number=count(pull.get("number")),
                    repository=string(pull.get("repository")),
                )
