"""A View and its issues go in, the slots come out: facts that the session learned and the prompt lacked.

A slot exists only where an issue shows that its absence cost something. Every value is a substring of an
event's text, command or path, and `evidence` names the events.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from debrief.analysis.phrases import relative
from debrief.analysis.prompt_late import Said, late_sentences
from debrief.analysis.prompt_text import cut_at_word, tokens_of
from debrief.analysis.view import Step, View
from debrief.model import Event, Issue

VALUE_LIMIT = 200
SYMPTOM_LIMIT = 160
FILES = 5
QUOTES = 4
COMMANDS = 3
OVERLAP = 0.6

MANY_PROMPTS = 8
"""With more, the last checks belong to another task than the first prompt's."""

_CUT = "\u2026"
_WORDS_IN_QUOTE = range(4, 60)
_REF_COMMANDS = frozenset({"git merge", "git rebase", "git checkout", "git switch", "git pull", "git reset"})
_JOINING = frozenset({"git merge", "git rebase", "git pull"})
_REF = re.compile(r"[\w][\w.\-]*(?:/[\w.\-]+)+|[\w][\w.\-]{3,}")
_FAILURE_TALK = re.compile(
    r"\b(?:fail\w*|error\w*|broken|crash\w*|bug|exception|traceback|not work\w*)\b", re.IGNORECASE
)
_ERROR_LINE = re.compile(
    r"^[^\n]{0,60}\b(?:[A-Z]\w{0,40}(?:Error|Exception)|error|fatal|panic|FAIL(?:ED)?)\b[^\n]{0,300}",
    re.MULTILINE,
)
_EXPECTED = re.compile(r"\b(?:should(?:n't)?|expect(?:ed|s)?|supposed to)\b", re.IGNORECASE)
_LIMIT = re.compile(r"\b(?:only|don'?t|do not|never|without|leave|nothing else|instead of)\b", re.IGNORECASE)
_CHATTER = re.compile(
    r"^\W*(?:(?:hang|hold) on|one (?:sec|moment)|i'?ll\b|let me\b|let'?s (?:discuss|see|test)|actually maybe"
    r"|just a (?:sec|moment)|(?:can|could|would|will|should|did|do|does|is|are|what|why|how|where|which)"
    r" (?:you|we|it|i|the|this|that)\b)",
    re.IGNORECASE,
)
"""Openings of sentences that ask or announce; what they say is no condition of the task."""

_COMPLAINT = re.compile(
    r"\b(?:it|this|that|they|we)(?:'s| is| are)? still\b"
    r"|\bstill (?:fail|broken|show|display|happen|not|doesn'?t|the)"
    r"|^\W*(?:please )?(?:revert|undo|roll ?back) (?:it|this|that|these|those|the last)\b",
    re.IGNORECASE,
)
"""What was wrong with the work, or is to be taken back: no condition that a first prompt could hold."""

_TELLING = re.compile(
    r"\W*(?:(?:ok(?:ay)?|now|then|and|also|first|next|please|pls|just)\W+)*"
    r"(?:write (?:down|up|out|me|a|an|the|all)|show|tell|explain|list|describe|summari[sz]e|print"
    r"|give (?:me|us)|commit|push|open|check|look|read|run|continue|investigate|review)\b",
    re.IGNORECASE,
)
_PLEASE = re.compile(
    r"\W*(?:(?:ok(?:ay)?|now|then|and|also|first|next|just)\W+)*(?:please|pls)\b", re.IGNORECASE
)
_WISH = re.compile(
    r"\b(?:not|no|always|rather|use|must|keep|avoid|make sure|ensure|stick|stay|prefer|want|need|base|rename"
    r"|remove|everywhere)\b",
    re.IGNORECASE,
)
_INSTRUCTIONS = re.compile(r"(?:^|/)(?!README|CHANGELOG|LICENSE|CONTRIBUTING|TODO|SKILL)[A-Z]{4,}\.md$")


@dataclass(frozen=True, slots=True)
class Slot:
    """A labelled line of the suggestion.

    `line` is what is added to the prompt, empty where only the feedback item is given. `values` are the
    transcript's own strings in it. `summary` and `details` are the feedback item's, `cues` words that mark
    where the original prompt speaks of the matter.
    """

    line: str
    values: tuple[str, ...]
    evidence: tuple[int, ...]
    summary: str
    details: str
    issue_id: str | None
    cues: tuple[str, ...] = ()


def collect_slots(view: View, issues: tuple[Issue, ...], original: str, first: Event | None) -> list[Slot]:
    """The slots of a session, in the order in which they are written; none that `original` holds already."""
    supporting: dict[str, Issue] = {}
    for issue in issues:
        if issue.detector.startswith("REQ-") or issue.detector in {"APP-03", "VC-03", "TST-04"}:
            supporting.setdefault(issue.detector, issue)
    if not supporting:
        return []
    late = list(late_sentences(view, supporting, first))
    found = [
        *_base_branch(view, supporting, late, original),
        *_where(view, supporting, original),
        *_symptom(view, supporting, original),
        *_quotes(view, late, original),
    ]
    if any(slot.line for slot in found) or "TST-04" in supporting:
        found += _done_when(view, supporting, original)
    return found


def held(original: str, value: str) -> bool:
    """Whether `original` says `value` already: word for word, or with most of its words."""
    if value.lower() in original.lower():
        return True
    wanted = tokens_of(value)
    return bool(wanted) and len(wanted & tokens_of(original)) >= OVERLAP * len(wanted)


def _base_branch(view: View, supporting: dict[str, Issue], late: list[Said], original: str) -> Iterator[Slot]:
    """The branch that the person named late and that git was then given, with the one taken before."""
    before: tuple[str, Step] | None = None
    for step in view.steps:
        for part in step.parts:
            if part.target not in _REF_COMMANDS:
                continue
            refs = [word for word in part.words[2:] if not word.startswith("-") and _REF.fullmatch(word)]
            for said in late:
                ref = next((r for r in refs if _names(said.text, r)), None)
                if ref is None or said.event.ordinal > step.call.ordinal or held(original, ref):
                    continue
                said.used = True
                yield _branch_slot(ref, said, step, before, supporting.get("VC-03", said.issue))
                return
            if refs and part.target in _JOINING:
                before = (refs[-1], step)


def _names(text: str, ref: str) -> bool:
    """Whether `text` names the branch `ref`, with or without the remote's name."""
    bare = ref.split("/", 1)[1] if ref.startswith(("origin/", "upstream/")) else ref
    return bare in text and ("/" in bare or "-" in bare or f"`{bare}`" in text)


def _branch_slot(ref: str, said: Said, step: Step, before: tuple[str, Step] | None, issue: Issue) -> Slot:
    other, earlier = before if before and before[0] != ref else ("", None)
    shown = {said.event.ordinal, step.call.ordinal}
    named = f"named the branch in event {said.event.ordinal}"
    if earlier is None:
        details = f"You {named}, before tool call {step.index + 1} used it."
    else:
        shown.add(earlier.call.ordinal)
        details = (
            f"The agent began with {other} (tool call {earlier.index + 1}); you {named},"
            f" and tool call {step.index + 1} used it."
        )
    return Slot(
        line=f"Base branch: {ref}" + (f" (not {other})." if other else "."),
        values=(ref, *((other,) if other else ())),
        evidence=tuple(sorted(shown)),
        summary="Base branch was missing",
        details=details,
        issue_id=issue.id,
        cues=("branch", "base", "merge", "rebase", "parent"),
    )


def _where(view: View, supporting: dict[str, Issue], original: str) -> Iterator[Slot]:
    issue = supporting.get("APP-03") or supporting.get("REQ-04")
    if issue is None:
        return
    looked = sum(step.family in {"read", "search"} for step in view.steps)
    edits: Counter[str] = Counter()
    shown: dict[str, int] = {}
    for step in view.steps:
        if step.family == "edit" and step.outcome in {"ok", "unknown"} and not step.failed:
            for path in {edit.path for edit in step.call.edits}:
                edits[path] += 1
                shown.setdefault(path, step.call.ordinal)
    kept = [path for path, _ in edits.most_common() if _is_kept(view.steps, path) and _inside(path, view)]
    named = [relative(path, view.session.cwd) for path in kept[:FILES]]
    if any(path.rsplit("/", 1)[-1].lower() in original.lower() for path in named):
        return
    if named:
        yield Slot(
            line=f"Where: {', '.join(named)} (edited in this session).",
            values=tuple(named),
            evidence=tuple(sorted(shown[path] for path in kept[:FILES])),
            summary="Location was missing",
            details=f"The agent made {looked} read and search calls, and edited these files.",
            issue_id=issue.id,
        )
    elif issue.detector == "REQ-04" and not edits:
        yield Slot(
            line="",
            values=(),
            evidence=issue.evidence,
            summary="Location was missing",
            details=(
                "The prompt names no file, error or expected result; the agent made"
                f" {looked} read and search calls and no edit."
            ),
            issue_id=issue.id,
        )


def _is_kept(steps: Iterable[Step], path: str) -> bool:
    """Whether the edits of `path` left something: it was neither restored nor removed at the end."""
    sides = [edit for step in steps for edit in step.call.edits if edit.path == path and not step.failed]
    return bool(sides) and not (len(sides) > 1 and sides[0].old == sides[-1].new) and bool(sides[-1].new)


def _inside(path: str, view: View) -> bool:
    return not path.startswith(("/", "~")) or relative(path, view.session.cwd) != path


def _symptom(view: View, supporting: dict[str, Issue], original: str) -> Iterator[Slot]:
    issue = supporting.get("TST-04") or supporting.get("REQ-04")
    if issue is None or not _FAILURE_TALK.search(original):
        return
    for step in view.steps:
        if step.family == "edit" or step.result is None:
            if step.family == "edit":
                return
            continue
        values: tuple[str, ...] = ()
        if step.failing:
            values, label = step.failing[:COMMANDS], "Failing test: " + ", ".join(step.failing[:COMMANDS])
        elif step.red or (step.failed and step.family == "run"):
            match = _ERROR_LINE.search(step.text)
            error = cut_at_word(match.group().strip(), SYMPTOM_LIMIT) if match else ""
            values, label = ((error,) if error else ()), f"Symptom: {error}"
        if values and not all(held(original, value) for value in values):
            yield Slot(
                line=label,
                values=values,
                evidence=(step.last_ordinal,),
                summary="Symptom was missing",
                details=f"Event {step.last_ordinal} shows it; the prompt only says that something fails.",
                issue_id=issue.id,
            )
            return


def _quotes(view: View, late: list[Said], original: str) -> Iterator[Slot]:
    """The person's own later sentences, quoted: what they expected, what they ruled out, what they added."""
    given = 0
    for said in late:
        text = cut_at_word(said.text, VALUE_LIMIT)
        if given == QUOTES:
            return
        if said.used or said.branch_only or not _is_fact(text) or held(original, text):
            continue
        given += 1
        label, summary = "Constraint", "Constraint came late"
        if _EXPECTED.search(text):
            label, summary = "Expected", "Expected result came late"
        elif _LIMIT.search(text):
            label = "Limit"
        before = sum(step.call.ordinal < said.event.ordinal for step in view.steps)
        yield Slot(
            line=f"{label}: \u201c{text}{'' if text == said.text else _CUT}\u201d",
            values=(text,),
            evidence=(said.event.ordinal,),
            summary=summary,
            details=f"You said so after {before} of {len(view.steps)} tool calls.",
            issue_id=said.issue.id,
        )


def _is_fact(text: str) -> bool:
    if len(text.split()) not in _WORDS_IN_QUOTE or text.endswith("?") or _CHATTER.match(text):
        return False
    return _COMPLAINT.search(text) is None and not _is_request(text)


def _is_request(text: str) -> bool:
    """Whether `text` asks for one more thing to be done or told, and sets no condition."""
    if _LIMIT.search(text) or _EXPECTED.search(text):
        return False
    return _TELLING.match(text) is not None or (
        _PLEASE.match(text) is not None and _WISH.search(text) is None
    )


def _done_when(view: View, supporting: dict[str, Issue], original: str) -> Iterator[Slot]:
    """The checks that passed after the last edit, unless the repository tells its commands itself."""
    documented = any(step.family == "read" and _INSTRUCTIONS.search(step.target) for step in view.steps)
    if documented or len(view.prompts) > MANY_PROMPTS:
        return
    last_edit = max((step.index for step in view.steps if step.family == "edit"), default=-1)
    passed: dict[str, int] = {}
    for step in view.steps[last_edit + 1 :]:
        command = _check_command(step)
        if command and step.red is False:
            passed[command] = step.last_ordinal
        elif command and step.red:
            passed.pop(command, None)
    commands = [command for command in passed if not held(original, command)][-COMMANDS:]
    if not commands:
        return
    quoted = " and ".join(f"`{command}`" for command in commands)
    reproduced = not _FAILURE_TALK.search(original) or any(step.red for step in view.steps)
    issue = supporting.get("TST-04")
    yield Slot(
        line=f"Done when: {quoted} {'pass' if len(commands) > 1 else 'passes'}."
        if reproduced
        else f"Passed locally with: {quoted}.",
        values=tuple(commands),
        evidence=tuple(sorted(passed[command] for command in commands)),
        summary="Acceptance check was missing",
        details="These checks passed after the last edit; the prompt names none of them.",
        issue_id=issue.id if issue else None,
    )


def _check_command(step: Step) -> str:
    if step.family not in {"test", "build", "lint"}:
        return ""
    part = next((part for part in reversed(step.parts) if part.target == step.target), None)
    text = re.split(r"\s+[12&]?>", part.text, maxsplit=1)[0].strip() if part else ""
    return text if len(text) <= VALUE_LIMIT // 2 and "\n" not in text else ""
