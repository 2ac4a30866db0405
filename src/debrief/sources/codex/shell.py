"""Shell commands as Codex records them, with the wrapping shell taken off: what the agent wanted to run."""

import re
import shlex

_SHELLS = ("bash", "sh", "zsh", "dash", "fish", "ksh", "pwsh", "powershell", "cmd")
_SCRIPT_FLAG = re.compile(r"-[a-z]*c|-command|/c", re.IGNORECASE)
_WRAPPED = re.compile(r"\S*\b(?:bash|sh|zsh|dash|ksh)\s+-[a-z]*c\s+['\"]")


def script_of(command: object) -> str | None:
    """The script in `command`, which is an argument list (`["bash", "-lc", script]`) or one string.

    None where `command` is neither, or empty.
    """
    if isinstance(command, list):
        words = [word for word in command if isinstance(word, str)]
        if not words:
            return None
        return _unwrapped(words) or shlex.join(words)
    if not isinstance(command, str) or not command.strip():
        return None
    if _WRAPPED.match(command):
        try:
            return _unwrapped(shlex.split(command)) or command
        except ValueError:
            return command
    return command


def _unwrapped(words: list[str]) -> str | None:
    """The script that a shell is given, where `words` do no more than that."""
    program = re.split(r"[/\\]", words[0])[-1].lower().removesuffix(".exe")
    if program not in _SHELLS:
        return None
    for position, word in enumerate(words[1:-1], start=1):
        if _SCRIPT_FLAG.fullmatch(word):
            # cmd and PowerShell take the rest of the line; the others exactly one word.
            return " ".join(words[position + 1 :]) if program in ("cmd", "pwsh", "powershell") else words[-1]
    return None
