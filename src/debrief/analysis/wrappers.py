"""The words of a simple command go in; out come those that really run.

`sudo -u app timeout 60 uv run pytest`, `npx jest` and `docker exec box go test` are `pytest`, `jest` and
`go test`: what a check is called must not depend on how it was started.
"""

import re

from debrief.analysis.programs import VALUE_FLAGS, named

WRAPPERS_KEPT = 12
"""Wrappers around wrappers that are taken off."""

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_VERSIONED = re.compile(r"^(python|pip|pypy|clang|gcc|g\+\+|lua|php|ruby|node)-?[0-9][0-9.]*$")

_PLAIN = named("nohup command builtin exec unbuffer caffeinate doas setsid")
_TIMED = named("timeout gtimeout")
_FLAGGED = named("sudo time nice stdbuf env xargs ionice xvfb-run dotenv gtime") | _TIMED
_PACKAGED = named("npx bunx pnpx uvx")
_NO_COMMAND = named("env time")
"""Programs that do something of their own when nothing follows."""

_RUNNERS: dict[str, frozenset[str]] = {
    "uv": named("run"),
    "poetry": named("run"),
    "pipenv": named("run"),
    "pdm": named("run"),
    "rye": named("run"),
    "hatch": named("run"),
    "pnpm": named("exec dlx"),
    "npm": named("exec x"),
    "yarn": named("exec dlx"),
    "bun": named("x"),
    "bundle": named("exec"),
    "mise": named("exec x"),
    "direnv": named("exec"),
    "conda": named("run"),
    "docker": named("exec"),
    "podman": named("exec"),
    "kubectl": named("exec"),
}
_PLACED = named("docker podman kubectl direnv")
"""Runners that name a container or folder before the command."""


def program_of(word: str) -> str:
    """The name of a program without its folder, version and ending: `/usr/bin/python3.11` is `python`."""
    name = word.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    if name.endswith((".exe", ".cmd")):
        name = name[:-4]
    match = _VERSIONED.match(name)
    return match.group(1) if match else name


def unwrapped(words: tuple[str, ...]) -> tuple[str, ...]:
    """`words` without leading assignments and wrappers; empty when nothing is left to run."""
    for _ in range(WRAPPERS_KEPT):
        shorter = _one_less(words)
        if shorter == words:
            break
        words = shorter
    return words


def after_flags(words: tuple[str, ...], start: int, program: str) -> tuple[str, ...]:
    """The words from `start` on, without the options of `program` and their values in front."""
    with_value = VALUE_FLAGS.get(program, frozenset())
    at = start
    while at < len(words) and words[at].startswith("-"):
        if words[at] == "--":
            return words[at + 1 :]
        at += 2 if words[at] in with_value else 1
    return words[at:]


def _one_less(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        return words
    if _ASSIGNMENT.match(words[0]):
        return words[1:]
    program = program_of(words[0])
    if program in _PLAIN:
        asks = program == "command" and words[1:2] in (("-v",), ("-V",))
        return words if asks else words[1:] or words
    if program in _FLAGGED:
        rest = after_flags(words, 1, program)
        rest = rest[1:] if program in _TIMED else rest
        return rest if rest or program not in _NO_COMMAND else words
    if program in _PACKAGED:
        rest = after_flags(words, 1, program)
        return (_package_program(rest[0]), *rest[1:]) if rest else words
    return _runner_less(program, words) if program in _RUNNERS else words


def _runner_less(program: str, words: tuple[str, ...]) -> tuple[str, ...]:
    rest = after_flags(words, 1, program)
    if program == "docker" and rest[:1] == ("compose",):
        rest = after_flags(rest, 1, program)
    if not rest or rest[0] not in _RUNNERS[program]:
        return words
    rest = after_flags(rest, 1, program)
    if program in _PLACED:
        rest = after_flags(rest, 1, program)
    if program == "hatch" and rest and ":" in rest[0]:
        rest = (rest[0].split(":", 1)[1], *rest[1:])
    return rest or words


def _package_program(word: str) -> str:
    """`npx @scope/tool@1.2` runs the tool."""
    name = word[1:].split("/", 1)[-1] if word.startswith("@") else word
    return name.split("@", 1)[0] or word
