"""Safety: secrets that came to light, and changes where none were wanted."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from debrief.analysis.changes import base_name
from debrief.analysis.detector import Advice, Detector, Finding, Scene, bound
from debrief.analysis.speech import PRINTERS
from debrief.analysis.view import Part, Step
from debrief.analysis.wording import code, names, short
from debrief.model import Event

PROMPT_READ = 20_000
"""Characters of a prompt that are looked through for limits and secrets."""

LIMITS_KEPT = 10
"""Limits of one message that are followed."""

FILES_BEYOND = 2
"""So many files outside of the only place that was to be changed are no oversight."""

_MARK = re.compile(r"\[redacted:([a-z-]{2,24}):[0-9a-f]{6}\]")
_NAMED = re.compile(r"\b([A-Z][A-Z0-9_]{2,60})=[\"']?(?=\[redacted:)")
_UNREAL = re.compile(r"TEST|DUMMY|FAKE|EXAMPLE|SAMPLE|MOCK|PUBLIC|LOCAL|(?:^|_)DEV(?:_|$)")
_ISSUED = frozenset(
    {
        "anthropic-key",
        "aws-key",
        "azure-key",
        "discord-token",
        "discord-webhook",
        "github-token",
        "gitlab-token",
        "google-key",
        "mailchimp-key",
        "npm-token",
        "openai-key",
        "provider-key",
        "pypi-token",
        "sendgrid-key",
        "slack-token",
        "slack-webhook",
        "stripe-key",
        "telegram-token",
        "twilio-key",
    }
)
"""Kinds that a service issues and that are known by their shape: not made up in passing."""

_PRINTED = _ISSUED | {"secret", "private-key", "url-password"}
_STORES = re.compile(
    r"(?:^|/)(?:\.env(?:\.(?:local|prod(?:uction)?|staging))?|\.npmrc|\.pypirc|\.netrc|\.git-credentials|"
    r"\.git/config|\.aws/credentials|\.docker/config\.json|\.vault-token|\.kube/config|kubeconfig|"
    r"id_(?:rsa|ed25519|ecdsa|dsa)|secrets?\.(?:ya?ml|json|toml|env)|credentials\.json|terraform\.tfstate|"
    r"service[-_]account[\w-]{0,40}\.json)$"
)
_SHOWN_ONLY = re.compile(
    r"(?:^|[/._-])(?:tests?|specs?|fixtures?|testdata|mocks?|examples?|samples?|templates?|demos?|docs?)"
    r"(?:[/._-]|$)",
    re.IGNORECASE,
)
_TELLING = (
    ("gh", "auth", "token"),
    ("gcloud", "auth", "print-access-token"),
    ("aws", "configure", "get"),
    ("aws", "configure", "export-credentials"),
    ("heroku", "config"),
    ("kubectl", "get", "secret"),
    ("kubectl", "get", "secrets"),
    ("vault", "kv", "get"),
    ("vault", "read"),
    ("op", "read"),
    ("git", "remote", "-v"),
    ("git", "remote", "get-url"),
    ("git", "config", "--list"),
    ("git", "config", "-l"),
)
"""Commands that print credentials by their nature."""

_FAR = re.compile(
    r"https?://(?!localhost|127\.|0\.0\.0\.0|\[::1\]|[\w.-]{0,60}\.(?:local|test|internal|example))"
)
_SENDERS = frozenset({"curl", "wget", "git", "http"})


class Sight(NamedTuple):
    """A secret that came to light: its kind, its placeholder, how it came, what shows it, its name."""

    kind: str
    mark: str
    how: str
    ordinal: int
    name: str = ""


class SecretShown(Detector):
    """A secret was printed into the transcript, written into a file or given on a command line.

    Transcripts are redacted before they are looked at, so what is seen here is a placeholder. It counts where
    the environment or a store of credentials was printed; where the same secret was then written to a file of
    another kind; and where one that a service issued was sent to another machine.

    Why it matters: what stands in a transcript is read by the model's service and by whoever may read the
    transcript. The secret has to be changed.

    When it is wrong: it may have been changed since, or worth nothing. Sources, tests, examples and files
    that the session itself wrote are left out, since most secrets there are made up, and so are passwords.

    What it suggests: to change the secret, and to keep it where the agent cannot print it.
    """

    id = "SAF-02"
    name = "secret in transcript"
    label = "Safety"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """One finding for each kind of secret."""
        kinds: dict[str, list[Sight]] = {}
        for sight in _sights(scene):
            kinds.setdefault(sight.kind, []).append(sight)
        for kind, sights in kinds.items():
            first = sights[0]
            what = kind.replace("-", " ")
            others = len({sight.mark for sight in sights}) - 1
            more = f", and {others} more of its kind" if others else ""
            called = code(first.name) if first.name else f"the {what}"
            rotate = f"Change {called}: it stands in the transcript."
            keep = "Keep secrets where the agent cannot print them, for the programs alone that need them."
            yield Finding(
                signature=kind,
                summary=f"A secret{'' if what == 'secret' else f' ({what})'}{first.how}{more}",
                evidence=tuple(sorted({sights[0].ordinal, sights[-1].ordinal})),
                advice=(Advice("other", rotate), Advice("machine_setup", keep)),
                state="fact",
                impact="High",
            )


class ScopeCreep(Detector):
    """A file was changed that the person had said to leave alone, or others than the only one to be changed.

    Why it matters: limits are stated for a reason that the agent need not know; going beyond them costs a
    review at best.

    When it is wrong: the limit may have been meant for something else, or been lifted in other words. Only
    plain words with a path count ("don't touch a/b", "only change a.py"), without a condition and outside of
    questions, and only until a later message names the path.

    What it suggests: to deny the path in the agent's settings, or to say first what may be changed.
    """

    id = "SAF-03"
    name = "scope creep"
    label = "Safety"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """The changes beyond each limit."""
        for number, prompt in enumerate(scene.prompts):
            later = scene.prompts[number + 1 :]
            yield from _forbidden(prompt, later, scene)
            yield from _elsewhere(prompt, later, scene)


_WHERE = r"(?:(?:the|any|anything|of|files?|folder|directory|in|under|inside|code) ){0,4}"
_PATH = r"[`'\"]?((?:[\w@.+~-]{0,60}/){0,12}[\w@.+-]{0,80})"
_DONT = bound(
    r"(?<!you )(?<!we )(?<!they )(?<!I )(?<!if )(?<!why )\b(?:do not|don'?t|never|must not|mustn'?t) "
    rf"(?:touch|edit|modify|change|alter) {_WHERE}{_PATH}",
    re.IGNORECASE,
)
_ONLY = bound(rf"(?<!not )(?<!n't )\bonly (?:touch|edit|modify|change|alter) {_WHERE}{_PATH}", re.IGNORECASE)
_ENDING = re.compile(r"^[\w-]{1,60}(?:\.[\w-]{1,40}){0,3}\.[A-Za-z][A-Za-z0-9]{0,9}$")
_CONDITION = re.compile(
    r"\b(?:unless|except|yet|directly|by hand|manually|until|before|if|when|where|other than|without|first|"
    r"too much|instead|more than|but)\b",
    re.IGNORECASE,
)
_STOP = re.compile(r"[.!?](?:\s|$)|\n")


def _sights(scene: Scene) -> Iterator[Sight]:
    """Every secret that surely came to light, in order."""
    known = {
        mark.group(0)
        for prompt in scene.prompts
        for mark in _MARK.finditer(prompt.text[:PROMPT_READ])
        if mark.group(1) in _ISSUED
    }
    written: set[str] = set()
    for step in scene.steps:
        if step.outcome in ("rejected", "cascade", "interrupted"):
            continue
        source = _source(step, written) if "[redacted:" in step.text else ""
        for sight in _printed(step, source) if source else ():
            known.add(sight.mark)
            yield sight
        if step.outcome == "ok":
            yield from _given(step, known)
        written.update(base_name(edit.path) for edit in step.call.edits)
        written.update(base_name(part.target) for part in step.parts if part.family == "edit")


def _source(step: Step, written: set[str]) -> str:
    """What printed credentials: a command or a file, for people; empty where nothing did by its nature."""
    path = (step.call.path or "").replace("\\", "/")
    if step.call.tool_kind == "read":
        return f"reading {code(base_name(path))}" if _is_store(path, written) else ""
    for part in step.parts:
        if _tells(part) or any(_is_store(word, written) for word in part.words[1:] if _reads(part)):
            return code(part.words[0] if "[redacted:" in part.text else part.text, 60)
    return ""


def _printed(step: Step, source: str) -> Iterator[Sight]:
    for mark in _MARK.finditer(step.text):
        kind = mark.group(1)
        if kind not in _PRINTED or (kind == "url-password" and "git" not in source):
            continue
        line = step.text[max(0, mark.start() - 80) : mark.start()].rsplit("\n", 1)[-1]
        name = _NAMED.search(f"{line}[redacted:")
        if name is not None and _UNREAL.search(name.group(1)):
            continue
        if kind == "secret" and name is None:
            continue
        held = f", {code(name.group(1))}," if name else ""
        yield Sight(
            kind,
            mark.group(0),
            f"{held} was printed by {source}",
            step.last_ordinal,
            name.group(1) if name else "",
        )


def _given(step: Step, known: set[str]) -> Iterator[Sight]:
    """Secrets that are written into a file that is no store, or sent to another machine."""
    for edit in step.call.edits:
        if _STORES.search(edit.path) or _SHOWN_ONLY.search(edit.path):
            continue
        for mark in _MARK.finditer(edit.new):
            if mark.group(0) in known:
                how = f" was written into {code(base_name(edit.path))}"
                yield Sight(mark.group(1), mark.group(0), how, step.call.ordinal)
    for part in step.parts:
        if not part.words or base_name(part.words[0]) not in _SENDERS or not _FAR.search(part.text):
            continue
        for mark in _MARK.finditer(part.text):
            if mark.group(1) in _ISSUED or mark.group(0) in known:
                how = f" was given to {code(base_name(part.words[0]))} on the command line"
                yield Sight(mark.group(1), mark.group(0), how, step.call.ordinal)


def _tells(part: Part) -> bool:
    """Whether `part` prints the environment or credentials."""
    words = part.words
    if not words:
        return False
    if base_name(words[0]) in ("env", "printenv") or words in (("export",), ("export", "-p"), ("set",)):
        return True
    return any(words[: len(telling)] == telling for telling in _TELLING)


def _reads(part: Part) -> bool:
    return bool(part.words) and base_name(part.words[0]) in PRINTERS


def _is_store(path: str, written: set[str]) -> bool:
    """Whether credentials are kept at `path`, and the session did not put them there."""
    return bool(_STORES.search(path)) and not _SHOWN_ONLY.search(path) and base_name(path) not in written


def _forbidden(prompt: Event, later: Sequence[Event], scene: Scene) -> Iterator[Finding]:
    """Changes of what `prompt` says to leave alone."""
    text = prompt.text[:PROMPT_READ]
    for match in islice(_DONT.finditer(text), LIMITS_KEPT):
        path = _path_like(match.group(1))
        if not path or _conditional(text, match):
            continue
        end = next((word.ordinal for word in later if base_name(path) in word.text), None)
        touched = [s for s in _edits(scene, prompt, end) if _lies_in(s.call.path or "", path)]
        if touched:
            said = Advice("repo_config", f"Deny changes of {code(path)} in the agent's settings.")
            yield _beyond(text, match, prompt, touched, said)


def _elsewhere(prompt: Event, later: Sequence[Event], scene: Scene) -> Iterator[Finding]:
    """Changes of other files than the only ones that `prompt` names, until the next message."""
    text = prompt.text[:PROMPT_READ]
    for match in islice(_ONLY.finditer(text), 1):
        if not _path_like(match.group(1)) or _conditional(text, match):
            continue
        allowed = {path for word in text.split() if (path := _path_like(word.strip("`'\"(),:;")))}
        edits = _edits(scene, prompt, later[0].ordinal if later else None)
        beyond = [
            step
            for step in edits
            if _within(step.call.path or "", scene)
            and not any(_lies_in(step.call.path or "", path) for path in allowed)
        ]
        if len({step.call.path for step in beyond}) >= FILES_BEYOND:
            said = Advice("prompt_improvement", "Say in the first message which paths may be changed.")
            yield _beyond(text, match, prompt, beyond, said)


def _edits(scene: Scene, prompt: Event, end: int | None) -> list[Step]:
    """The changes that took place between `prompt` and the event `end`."""
    return [
        step
        for step in scene.steps
        if step.call.ordinal > prompt.ordinal
        and (end is None or step.call.ordinal < end)
        and step.call.tool_kind in ("edit", "write")
        and step.outcome == "ok"
        and step.call.path
    ]


def _beyond(text: str, match: re.Match[str], prompt: Event, steps: list[Step], said: Advice) -> Finding:
    files = list(dict.fromkeys(base_name(step.call.path or "") for step in steps))
    shown = {base_name(step.call.path or ""): step.last_ordinal for step in reversed(steps)}
    verb = "was" if len(files) == 1 else "were"
    word = short(text[match.start() : match.start() + _rest(text, match)], 100).replace('"', "'")
    return Finding(
        signature=f"beyond {match.group(1).strip('.').lower()}",
        summary=f'The user wrote "{word}", and {names(files)} {verb} changed',
        evidence=(prompt.ordinal, *sorted(shown[name] for name in files[:3])),
        advice=(said,),
        state="fact",
        impact="Medium",
    )


def _rest(text: str, match: re.Match[str]) -> int:
    """How many characters the sentence has from the match on."""
    stop = _STOP.search(text, match.end(1), match.end(1) + 400)
    return (stop.start() if stop else min(len(text), match.end(1) + 400)) - match.start()


def _conditional(text: str, match: re.Match[str]) -> bool:
    """Whether the sentence is a question, or the limit holds only under a condition."""
    end = match.start() + _rest(text, match)
    return text[end : end + 1] == "?" or bool(_CONDITION.search(text[match.end(1) : end]))


def _path_like(word: str) -> str:
    """`word` as a path, empty where it is none: a slash or a file's ending tells."""
    bare = word.rstrip(".,;:").removeprefix("./")
    if "://" in bare or bare.count("/") == len(bare):
        return ""
    return bare if ("/" in bare.strip("/") or bare.endswith("/") or _ENDING.match(bare)) else ""


def _lies_in(path: str, place: str) -> bool:
    """Whether the file at `path` is `place` or lies in it."""
    return f"/{place.strip('/')}/" in f"/{path.replace(chr(92), '/').strip('/')}/"


def _within(path: str, scene: Scene) -> bool:
    """Whether `path` is a file of the project that no tool of the agent keeps for itself."""
    root = scene.session.cwd or ""
    inside = not path.startswith("/") or (bool(root) and path.startswith(root.rstrip("/") + "/"))
    return inside and "/." not in path.removeprefix(root)


DETECTORS: tuple[Detector, ...] = (SecretShown(), ScopeCreep())
