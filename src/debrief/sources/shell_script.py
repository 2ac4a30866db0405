"""A shell script in, the commands that it runs out: a text that is only quoted in it is not run.

Reads what agents write: lists, pipes, substitutions, here-documents, a shell within a shell. What it cannot
follow it leaves out; nothing raises.
"""

import re
from typing import NamedTuple

SCRIPT_LIMIT = 262_144
"""Characters of a script that are read."""

_DEPTH = 12
_HERE = re.compile(r"<<(?P<tabs>-?)[ \t]*(?P<quote>['\"\\]?)(?P<word>[\w.-]+)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_SHELLS = frozenset(
    ("bash", "sh", "zsh", "dash", "ksh", "fish", "pwsh", "powershell", "cmd", "eval", "su", "ssh")
)
_SCRIPT_FLAG = re.compile(r"-[a-z]*c|--?command|/c", re.IGNORECASE)
_KEYWORDS = frozenset(("if", "then", "elif", "else", "do", "while", "until", "!", "{", "&", "time", "return"))
_RUNNERS = frozenset(
    [
        "sudo",
        "doas",
        "env",
        "timeout",
        "gtimeout",
        "nohup",
        "command",
        "exec",
        "nice",
        "stdbuf",
        "xargs",
        "npx",
        "bunx",
        "mise",
        "direnv",
        "op",
        "rtk",
        "caffeinate",
        "unbuffer",
        "script",
        "setsid",
        "builtin",
        "docker",
        "podman",
        "nix",
        "nix-shell",
        "devbox",
        "flatpak",
        "wsl",
        "retry",
        "dotenv",
        "doppler",
        "aws-vault",
    ]
)
"""Programs that run the program that their arguments name."""


class Command(NamedTuple):
    """One command with its words, quotes taken off; `piped`: it reads what the command before it printed."""

    words: tuple[str, ...]
    piped: bool = False

    @property
    def is_assignment(self) -> bool:
        """Whether it only sets variables: it prints nothing."""
        return all(_ASSIGNMENT.match(word) for word in self.words)

    def runs(self, programs: frozenset[str]) -> tuple[str, tuple[str, ...]] | None:
        """Which of `programs` it runs, and with what arguments; None where it runs another."""
        words = _unled(self.words)
        if not words:
            return None
        if program_name(words[0]) in programs:
            return program_name(words[0]), words[1:]
        if program_name(words[0]) in _RUNNERS:
            for place, word in enumerate(words[1:], start=1):
                if program_name(word) in programs:
                    return program_name(word), words[place + 1 :]
        return None


def program_name(word: str) -> str:
    """The name of the program that `word` runs, without its folder and ending."""
    return re.sub(r"\.(?:exe|cmd|bat)$", "", re.split(r"[/\\]", word)[-1].lower())


def commands(script: str) -> list[Command]:
    """The commands of `script` in the order in which they begin to print, those of inner scripts too."""
    found: list[Command] = []
    _Reading(script[:SCRIPT_LIMIT], found).run()
    return found


def _unled(words: tuple[str, ...]) -> tuple[str, ...]:
    """`words` from the program on, without keywords and the variables that are set for it."""
    place = 0
    while place < len(words) and (words[place] in _KEYWORDS or _ASSIGNMENT.match(words[place])):
        place += 1
    if words[place : place + 1] and words[place].startswith("$") and words[place + 1 : place + 2] == ("=",):
        place += 2
    return words[place:]


class _Reading:
    """One script, read from front to end."""

    def __init__(self, text: str, found: list[Command], depth: int = 0) -> None:
        self._text = text
        self._found = found
        self._depth = depth
        self._at = 0
        self._words: list[str] = []
        self._word: str | None = None
        self._piped = False
        self._here: list[tuple[str, bool]] = []

    def run(self, until: str = "") -> None:
        """Read to the end of the script, or to the bracket that closes it."""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == until:
                break
            self._at += 1
            self._take(char)
        self._end_command()

    def _take(self, char: str) -> None:
        if char in " \t\r":
            self._end_word()
        elif char == "\n":
            self._end_command()
            self._skip_here_documents()
        elif char == "'":
            end = self._text.find("'", self._at)
            end = len(self._text) if end < 0 else end
            self._add(self._text[self._at : end])
            self._at = end + 1
        elif char == '"':
            self._quoted()
        elif char == "`" or (char == "$" and self._next() == "("):
            self._substitution(char)
        elif char == "\\":
            self._add("" if self._next() == "\n" else self._next())
            self._at += 1
        elif char == "#" and self._word is None:
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
        elif char == "<" and self._next() == "<" and (here := _HERE.match(self._text, self._at - 1)):
            self._here.append((here["word"], bool(here["tabs"])))
            self._at = here.end() + (here["quote"] in ("'", '"'))
        elif char in ";|()" or (char == "&" and self._next() != ">" and self._text[self._at - 2] != ">"):
            self._end_command()
            self._piped = char == "|" and self._next() != "|" and self._text[self._at - 2 : self._at] != "||"
        else:
            self._add(char)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _add(self, text: str) -> None:
        self._word = (self._word or "") + text

    def _quoted(self) -> None:
        """A text in double quotes: what is substituted in it is run all the same."""
        self._add("")
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == '"':
                return
            if char == "\\":
                self._add(self._next() if self._next() in '"\\$`' else f"\\{self._next()}")
                self._at += 1
            elif char == "`" or (char == "$" and self._next() == "("):
                self._substitution(char)
            else:
                end = self._at
                while end < len(self._text) and self._text[end] not in '"\\`$':
                    end += 1
                self._add(self._text[self._at - 1 : end])
                self._at = end

    def _substitution(self, opening: str) -> None:
        self._add("")
        if self._depth >= _DEPTH:
            self._at = len(self._text)
            return
        if opening == "`":
            end = self._text.find("`", self._at)
            end = len(self._text) if end < 0 else end
            _Reading(self._text[self._at : end], self._found, self._depth + 1).run()
            self._at = end + 1
            return
        inner = _Reading(self._text, self._found, self._depth + 1)
        inner._at = self._at + 1
        inner.run(until=")")
        self._at = inner._at + 1

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append(self._word)
            self._word = None

    def _end_command(self) -> None:
        self._end_word()
        words, piped = tuple(self._words), self._piped
        self._words, self._piped = [], False
        if not words:
            self._piped = piped
            return
        inner = _inner_script(words) if self._depth < _DEPTH else None
        if inner is None:
            self._found.append(Command(words, piped))
        else:
            _Reading(inner, self._found, self._depth + 1).run()

    def _skip_here_documents(self) -> None:
        for word, tabs in self._here:
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                line = self._text[self._at : end].rstrip("\r")
                self._at = end + 1
                if (line.lstrip("\t") if tabs else line) == word:
                    break
        self._here.clear()


def _inner_script(words: tuple[str, ...]) -> str | None:
    """The script that a shell is given as an argument."""
    words = _unled(words)
    for place, word in enumerate(words):
        program = program_name(word)
        if program in _SHELLS:
            rest = words[place + 1 :]
            if program == "eval":
                return " ".join(rest)
            if program == "ssh":
                return rest[-1] if len(rest) > 1 and " " in rest[-1] else None
            flag = next((n for n, option in enumerate(rest) if _SCRIPT_FLAG.fullmatch(option)), None)
            return None if flag is None or flag + 1 == len(rest) else rest[flag + 1]
        if place == 0 and program not in _RUNNERS:
            return None
    return None
