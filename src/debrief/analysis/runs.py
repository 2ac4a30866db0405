"""Steps in, what they mean for the tests out: which runs show failing tests, what may have changed them."""

import re
from collections.abc import Iterable

from debrief.analysis.changes import is_source, source_paths
from debrief.analysis.checks import read_check
from debrief.analysis.families import changes_repository
from debrief.analysis.view import Part, Step, View

_CHECKS = frozenset({"test", "build", "lint"})
_NOT_DONE = frozenset({"rejected", "cascade", "interrupted"})
_LOOKING = frozenset({"read", "search", "fetch", "plan", "ask"})
_IDLE = frozenset({"cd", "pushd", "popd", "echo", "printf", "sleep", "wait", "true", ":", "test", "[", "[["})
_WRITES = re.compile(r"(?<![-=])>{1,2}(?!&|\s{0,3}/dev/null|\s{0,3}/tmp/|[>=])")
_TAIL = re.compile(r" 2>&1(?: ?\| ?(?:tail|tee)\b[^|;&]{0,120})?$| ?\| ?(?:tail|tee)\b[^|;&]{0,120}$")
_RAISED = re.compile(
    r"^Traceback \(most recent call last\)|AssertionError|panicked at|Assertion .{0,80}failed", re.MULTILINE
)
_LACKS = re.compile(r"ModuleNotFoundError|ImportError|Cannot find module|\[setup failed\]|command not found")


def test_runs(steps: Iterable[Step]) -> list[Step]:
    """The steps that ran tests, whatever came of it."""
    return [step for step in steps if step.family == "test" and step.outcome not in _NOT_DONE]


def shows_failing_tests(step: Step) -> bool:
    """Whether the output itself shows that tests fail, not the linter before them or a missing folder."""
    if not step.red:
        return False
    if step.failing or step.failed_count:
        return True
    if sum(part.family in _CHECKS for part in step.parts) > 1 or _LACKS.search(step.text):
        return False
    return read_check(step.text, outcome="unknown").red is True or _RAISED.search(step.text) is not None


def plain_command(step: Step) -> str:
    """The shell line without what only shortens its output, white space collapsed."""
    return _TAIL.sub("", " ".join(step.command.split()))


def alters(step: Step) -> bool:
    """Whether `step` is known to change source, the installed packages or the checked-out state."""
    if step.outcome in _NOT_DONE:
        return False
    return bool(source_paths(step)) or any(_part_alters(part) for part in step.parts)


def harmless(step: Step) -> bool:
    """Whether `step` cannot have changed what a test sees: only looking, waiting and testing can not."""
    if step.outcome in _NOT_DONE:
        return True
    if step.call.edits:
        return False
    if step.call.tool_kind != "shell":
        return step.call.tool_kind in _LOOKING
    return bool(step.parts) and all(_part_is_harmless(part) for part in step.parts)


def untouched_between(first: Step, second: Step, view: View) -> bool:
    """Whether nothing and nobody can have changed what a test sees from `first` to `second`."""
    start, end = first.last_ordinal, second.call.ordinal
    if not all(harmless(step) for step in view.steps[first.index : second.index + 1]):
        return False
    if any(start < event.ordinal < end and event.kind in ("prompt", "interrupt") for event in view.events):
        return False
    return not any(start < step.last_ordinal and step.call.ordinal < end for step in view.agent_steps)


def _part_alters(part: Part) -> bool:
    if part.family == "vcs":
        return changes_repository(part.words) and not _only_publishes(part)
    return part.family == "install" or (part.family == "edit" and is_source(part.target))


def _only_publishes(part: Part) -> bool:
    return part.target in ("git add", "git commit", "git push", "git tag") or not part.target.startswith(
        "git "
    )


def _part_is_harmless(part: Part) -> bool:
    if part.family == "vcs":
        return not changes_repository(part.words)
    if part.family in ("read", "search", "test"):
        return not _WRITES.search(part.text)
    return not part.words or (part.words[0] in _IDLE and not _WRITES.search(part.text))
