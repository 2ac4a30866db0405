"""A View in, its category out: one of the contract's twelve, and the events that it was read from.

Two witnesses are heard: the first sentences of what was asked for (or, where no prompt was recorded, of the
agent's first answer), and what was changed. Words for a subject (tests, documentation, a pipeline) weigh more
than the verbs that go with any subject (add, fix). Where neither says enough the category is "other". It is a
rule of thumb over words, made for counts and filters.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from debrief.analysis.changes import is_source
from debrief.analysis.prompt_text import is_continuation, sentences, spoken
from debrief.analysis.technologies import base, ending
from debrief.analysis.technology_names import FOLDERS, MANIFESTS
from debrief.analysis.view import Step, View
from debrief.model import Category, Event

PROMPT_READ: Final = 2_000
SENTENCE_READ: Final = 300
PROMPTS_TRIED: Final = 5
CITED: Final = 3

ENOUGH: Final = 2.0
"""A category with less than this is not given: the session is "other"."""

CLEAR: Final = 4.0
"""From this score on it is only the others' that takes away confidence."""

POSITIONS: Final = (1.0, 0.6, 0.3)
"""The weight of the first sentences that say something; what follows is detail."""

SENTENCES_READ: Final = 6

SUBJECT: Final = 3.0
VERB: Final = 2.0
WEAK: Final = 1.2
DONE: Final = 2.2
"""What one kind of changed files alone says."""

UNCHANGED: Final = 0.4
"""What is left of a category that needs a change where nothing was changed."""


class Words(Struct, frozen=True):
    """A pattern of a sentence, and how much it says for a category."""

    category: Category
    weight: float
    pattern: re.Pattern[str]


def _words(category: Category, weight: float, pattern: str) -> Words:
    return Words(category, weight, re.compile(pattern, re.IGNORECASE))


_TABLE: Final = (
    _words(
        "unit_test_generation",
        SUBJECT + 1,
        r"\b(?:write|add|create|generate|improve|increase|extend|implement)\b[^.\n]{0,40}\b"
        r"(?:tests|unit test|test (?:cases?|suite|coverage)|table tests?|specs|coverage)\b",
    ),
    _words(
        "code_review_and_analysis",
        SUBJECT,
        r"\b(?:review(?!ers?\b)|code analysis|analy[sz]e (?:the|this|our) (?:code|repo|codebase|diff|pr))\b",
    ),
    _words(
        "documentation_and_content",
        SUBJECT,
        r"\b(?:readme|documentation|docs?(?!/|\w)|docstrings?|changelog(?:\.md)?|release notes|blog post|"
        r"licen[sc]e|tutorial|user guide|code comments?)\b",
    ),
    _words(
        "migrations_and_upgrades",
        SUBJECT,
        r"\b(?:migrat(?:e|es|ing|ion)|upgrad(?:e|es|ing)|bump|port (?:it|this|the|our)|moderni[sz]e|"
        r"(?:convert|switch|move) [^.\n]{1,60} (?:from|over) [^.\n]{1,40} to|"
        r"update [^.\n]{1,60} to v?\d{1,4}\.\d{1,4})\b",
    ),
    _words(
        "ci_cd_and_devops",
        SUBJECT,
        r"\b(?:ci|ci/cd|github actions?|workflows/|deploy(?:s|ed|ing|ment)?|docker(?:file)?|kubernetes|k8s|"
        r"helm|terraform|ansible|nginx|jenkins|codeowners|publish(?:ing)? to|(?:make|do|cut) a release|"
        r"web ?server|qemu|vm|s3 bucket)\b",
    ),
    _words(
        "code_quality_and_security",
        SUBJECT,
        r"\b(?:lint(?:s|er|ers|ing)?|type errors?|type checks?|vulnerab\w{1,6}|cve|security|secrets|audit|"
        r"harden|code quality|static analysis|warnings)\b",
    ),
    _words(
        "refactoring_and_optimization",
        SUBJECT,
        r"\b(?:refactor(?:s|ed|ing)?|clean ?up|simplif(?:y|ies|ied)|rename|restructure|reorgani[sz]e|"
        r"optimi[sz]e|speed up|faster|performance|dedup\w{0,10}|duplicated|consolidate|dead code|unused|"
        r"extract)\b",
    ),
    _words(
        "data_and_automation",
        SUBJECT,
        r"\b(?:csv|data ?sets?|scrap(?:e|er|ing)|parquet|etl|notebook|pandas|train (?:a|the|an)|spreadsheet|"
        r"cron ?job|automat(?:e|ion)|web scrap\w{1,4}|jsonl)\b",
    ),
    _words(
        "bug_fixing",
        VERB + 0.5,
        r"\b(?:fix(?:es|ing)?|bugs?|broken|crash(?:es|ing|ed)?|regression|debug|doesn'?t work|not working|"
        r"failing|fails|failed|errors?|stack ?trace|wrong|incorrect(?:ly)?|should (?:not|have))\b",
    ),
    _words(
        "feature_development",
        VERB,
        r"\b(?:add|implement|create|build|support|introduce|integrate|allow|enable|make|set up|write)\b",
    ),
    _words(
        "research_and_exploration",
        VERB,
        r"^\W{0,4}(?:q: )?(?:what|why|how|where|when|who|which|is|are|was|do|does|did|explain|describe|"
        r"tell me|can you (?:tell|explain|check|find|do me)|should we|study|look (?:at|into))\b"
        r"|\b(?:investigate|explore|research|compare|brainstorm|understand|summar(?:y|i[sz]e)|"
        r"what happens)\b",
    ),
    _words("research_and_exploration", WEAK, r"\?\W{0,3}$"),
)
_POLITE: Final = re.compile(
    r"^\W{0,4}(?:please|ok(?:ay)?|hi|hey|hello|yes|thanks?)[,.! ]{1,4}", re.IGNORECASE
)
_PREAMBLE: Final = re.compile(
    r"^\W{0,4}(?:please )?(?:implement|execute) the (?:following )?plan:?\s{0,4}", re.IGNORECASE
)
_CONFLICTS: Final = re.compile(
    r"\bmerge (?:conflicts?|issues?)\b|\bconflicts? from\b|\brebase\b", re.IGNORECASE
)
_NEED_CHANGES: Final = frozenset[Category](
    {
        "unit_test_generation",
        "refactoring_and_optimization",
        "migrations_and_upgrades",
        "feature_development",
        "bug_fixing",
    }
)
_TEST_FILE: Final = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__)/|(?:^|/)test_[^/]{1,80}$|[_.-](?:test|tests|spec)\.\w{1,5}$"
)
_PROSE: Final = frozenset({"md", "mdx", "rst", "adoc", "txt", "tex"})
_DATA: Final = frozenset({"ipynb", "csv", "parquet", "tsv"})
_OPERATIONS: Final = frozenset({"tf", "tfvars", "dockerfile"})
_OPERATING_FILES: Final = (
    "dockerfile",
    "docker-compose",
    "compose.y",
    "jenkinsfile",
    ".gitlab-ci",
    "codeowners",
)
_LOCKS: Final = frozenset(
    {"package-lock.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "uv.lock", "cargo.lock", "go.sum"}
)


class Verdict(Struct, frozen=True):
    """A category, how clearly it showed (0 to 1; a share of what was said, never measured), and where."""

    category: Category
    confidence: float
    evidence: tuple[int, ...]


def categorised(view: View, steps: Sequence[Step]) -> Verdict:
    """The category of `view`, whose `steps` include those of sub-agents; and the events that show it."""
    asked = _asked(view)
    text = spoken(asked.text)[:PROMPT_READ] if asked is not None else ""
    scores = _from_words(text)
    changes = [step for step in steps if _changed(step)]
    if not changes:
        scores = {c: s * UNCHANGED if c in _NEED_CHANGES else s for c, s in scores.items()}
        if steps and scores:
            scores["research_and_exploration"] = scores.get("research_and_exploration", 0) + WEAK
    kind = _kind(changes)
    if kind is not None and not _CONFLICTS.search(text):
        scores[kind] = scores.get(kind, 0) + (WEAK if kind == "feature_development" else DONE)
    category, score = max(scores.items(), key=lambda entry: entry[1], default=("other", 0.0))
    cited = [asked.ordinal] if asked is not None and scores else []
    if score < ENOUGH:
        return Verdict("other", 0.0, tuple(cited))
    if category == kind:
        cited += [step.call.ordinal for step in changes[:CITED]]
    confidence = score / sum(scores.values()) * min(1.0, score / CLEAR)
    return Verdict(category, round(confidence, 2), tuple(sorted(cited)))


def carries_on(text: str) -> bool:
    """Whether a prompt asks for nothing new; a polite word in front of a wish makes it no less a wish."""
    return is_continuation(_POLITE.sub("", text, count=1))


def _asked(view: View) -> Event | None:
    """The first prompt that asks for something; without any prompt the agent's first words."""
    tried = islice(view.prompts, PROMPTS_TRIED)
    prompt = next((prompt for prompt in tried if not carries_on(spoken(prompt.text))), None)
    return view.messages[0] if prompt is None and not view.prompts and view.messages else prompt


def _from_words(text: str) -> dict[Category, float]:
    """What the first sentences of a prompt say for each category."""
    opening = _PREAMBLE.sub("", text)
    scores: dict[Category, float] = {"feature_development": WEAK} if opening != text else {}
    telling = (said for said in map(_said, _told(opening)) if said)
    for position, said in zip(POSITIONS, telling, strict=False):
        for category, weight in said.items():
            scores[category] = scores.get(category, 0) + position * weight
    return scores


def _said(sentence: str) -> dict[Category, float]:
    """What one sentence says for each category."""
    said: dict[Category, float] = {}
    for words in _TABLE:
        if words.weight > said.get(words.category, 0) and words.pattern.search(sentence):
            said[words.category] = words.weight
    if _CONFLICTS.search(sentence):
        said.pop("bug_fixing", None)
    return said


def _told(opening: str) -> Iterator[str]:
    """The first sentences of a prompt, without bare addresses."""
    for sentence in sentences(opening, SENTENCES_READ):
        if not sentence.startswith(("http://", "https://")):
            yield sentence[:SENTENCE_READ]


def _changed(step: Step) -> bool:
    return step.family == "edit" and step.outcome in ("ok", "unknown") and bool(_paths(step))


def _paths(step: Step) -> list[str]:
    if step.call.edits:
        return [edit.path for edit in step.call.edits]
    if step.call.path:
        return [step.call.path]
    return [part.target for part in step.parts if part.family == "edit" and "." in part.target]


def _kind(changes: Sequence[Step]) -> Category | None:
    """What the changed files are for, if all are for one thing; new source for want of more is a feature."""
    paths = {path.replace("\\", "/") for step in changes for path in _paths(step)}
    if not paths:
        return None
    kinds = {_kind_of(path) for path in paths}
    if len(kinds) == 1 and None not in kinds:
        return kinds.pop()
    written = any(
        edit.new and not edit.old and is_source(edit.path) for s in changes for edit in s.call.edits
    )
    return "feature_development" if written else None


def _kind_of(path: str) -> Category | None:
    name = base(path).lower()
    flat = "/" + path.lower()
    if any(folder in flat for folder in FOLDERS) or name.startswith(_OPERATING_FILES):
        return "ci_cd_and_devops"
    if _TEST_FILE.search(path):
        return "unit_test_generation"
    if name in MANIFESTS or name in _LOCKS:
        return "migrations_and_upgrades"
    kind = ending(path)
    if kind in _OPERATIONS:
        return "ci_cd_and_devops"
    if kind in _PROSE or name in {"readme", "license", "changelog"}:
        return "documentation_and_content"
    return "data_and_automation" if kind in _DATA else None
