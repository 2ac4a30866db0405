"""A shell line goes in, its simple commands come out, each with its words and what joins it to the next.

Reads the grammar that agents write (quotes, substitutions, heredocs, redirections, groups, loops) in one
pass: every character is looked at a bounded number of times, and a line that no shell would accept still
gives commands, because transcripts hold such lines too.
"""

import re
from dataclasses import dataclass, field

COMMANDS_KEPT = 256
"""Simple commands of one line that are looked at."""

DEPTH_KEPT = 24
"""Substitutions inside substitutions that are followed."""

_PLAIN = re.compile(r"[^\s'\"\\`$<>|&;()#]+")
_IN_DOUBLE = re.compile(r"[^\"\\$`]+")
_BLANK = re.compile(r"[^\S\n]+")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "{", "}", "!", "esac"}
)
_HEADS = frozenset({"for", "case", "select", "function"})


@dataclass(slots=True)
class Simple:
    """One simple command: its words without assignments and redirections.

    `joint` is what follows it: one of `&& || | ; &`, or nothing at the end. `writes` are the files that it
    redirects output into, `quiet` tells that it throws its error output away.
    """

    text: str = ""
    words: list[str] = field(default_factory=list)
    joint: str = ""
    writes: list[str] = field(default_factory=list)
    quiet: bool = False


def simple_commands(line: str) -> list[Simple]:
    """The simple commands of `line`, at most `COMMANDS_KEPT`, keywords and empty ones left out."""
    scan = _Scan(line)
    scan.run(0, depth=0)
    kept: list[Simple] = []
    for simple in scan.found:
        words = _without_keywords(simple.words)
        while words and _ASSIGNMENT.match(words[0]):
            words = words[1:]
        if words or simple.writes:
            simple.words = words
            kept.append(simple)
        elif kept:
            kept[-1].joint = simple.joint
    return kept


def _without_keywords(words: list[str]) -> list[str]:
    start = 0
    while start < len(words) and words[start] in _KEYWORDS:
        start += 1
    if start < len(words) and words[start] in _HEADS:
        return []
    return words[start:]


class _Scan:
    """One pass over a line; `found` fills up with the commands of the outermost level."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.found: list[Simple] = []

    def run(self, start: int, *, depth: int) -> int:
        """Read from `start` to the end, or past the parenthesis that closes a substitution."""
        level = _Level(self, start, depth)
        return level.read()


class _Level:
    """The commands between two parentheses of a substitution, or of the whole line (depth 0)."""

    def __init__(self, scan: _Scan, start: int, depth: int) -> None:
        self.scan = scan
        self.line = scan.line
        self.depth = depth
        self.at = start
        self.begun = start
        self.current = Simple()
        self.word: list[str] | None = None
        self.redirect = ""
        self.heredocs: list[str] = []
        self.groups = 0

    def read(self) -> int:
        line, size = self.line, len(self.line)
        while self.at < size and len(self.scan.found) < COMMANDS_KEPT:
            plain = _PLAIN.match(line, self.at)
            if plain:
                self.add(plain.group(), plain.end())
                continue
            char = line[self.at]
            if char == "\n" or char in "|&;":
                self.operator(char)
            elif char.isspace():
                self.end_word()
                blank = _BLANK.match(line, self.at)
                self.at = blank.end() if blank else self.at + 1
            elif char in "<>":
                self.angle(char)
            elif char in "()":
                if self.parenthesis(char):
                    return self.at
            elif char == "#" and self.word is None:
                end = line.find("\n", self.at)
                self.at = size if end < 0 else end
            else:
                self.add(*self.special(char))
        self.end_command("")
        return self.at

    def add(self, value: str, at: int) -> None:
        if self.word is None:
            self.word = []
        self.word.append(value)
        self.at = at

    def special(self, char: str) -> tuple[str, int]:
        """The value of what begins with a quote, a backslash, a dollar or a backtick, and where it ends."""
        line, at = self.line, self.at
        if char == "\\":
            escaped = line[at + 1 : at + 2]
            return ("" if escaped == "\n" else escaped), at + 2
        if char == "'":
            return self.until("'", at + 1)
        if char == '"':
            return self.double(at + 1)
        if char == "`":
            return self.until("`", at + 1)
        if char == "$":
            return self.dollar(at)
        return char, at + 1

    def until(self, close: str, start: int) -> tuple[str, int]:
        end = self.line.find(close, start)
        return (self.line[start:], len(self.line)) if end < 0 else (self.line[start:end], end + len(close))

    def dollar(self, at: int) -> tuple[str, int]:
        line = self.line
        following = line[at + 1 : at + 2]
        if following == "(":
            if line.startswith("$((", at):
                _, end = self.until("))", at + 3)
            elif self.depth >= DEPTH_KEPT:
                end = at + 2
            else:
                end = self.scan.run(at + 2, depth=self.depth + 1)
            return line[at:end], end
        if following == "{":
            _, end = self.until("}", at + 2)
            return line[at:end], end
        return "$", at + 1

    def double(self, start: int) -> tuple[str, int]:
        line, at, size = self.line, start, len(self.line)
        pieces: list[str] = []
        while at < size:
            plain = _IN_DOUBLE.match(line, at)
            if plain:
                pieces.append(plain.group())
                at = plain.end()
                continue
            char = line[at]
            if char == '"':
                return "".join(pieces), at + 1
            if char == "\\":
                pieces.append(line[at + 1 : at + 2])
                at += 2
            elif char == "`":
                piece, at = self.until("`", at + 1)
                pieces.append(piece)
            else:
                piece, at = self.dollar(at)
                pieces.append(piece)
        return "".join(pieces), size

    def operator(self, char: str) -> None:
        line, at = self.line, self.at
        if line.startswith(("&>", "&>>"), at):
            self.end_word()
            self.redirect = ">"
            self.at = at + (3 if line.startswith("&>>", at) else 2)
            return
        doubled = char in "&|;" and line.startswith(char * 2, at)
        joint = char * 2 if doubled and char != ";" else ";" if char in "\n;" else char
        self.at = at + (2 if doubled or line.startswith("|&", at) else 1)
        self.end_command(joint)
        if char == "\n" and self.heredocs:
            self.skip_heredocs()

    def angle(self, char: str) -> None:
        line, at = self.line, self.at
        if self.word is not None and "".join(self.word) in {"1", "2"}:
            stream, self.word = self.word[0], None
        else:
            stream = ""
            self.end_word()
        if line.startswith("<<", at) and not line.startswith("<<<", at):
            self.redirect = "<<-" if line.startswith("<<-", at) else "<<"
            self.at = at + len(self.redirect)
        elif line.startswith(("<(", ">("), at) and self.depth < DEPTH_KEPT:
            self.add("<()", self.scan_inside(at + 2))
        else:
            end = at + 1
            while end < len(line) and end < at + 3 and line[end] in "<>&|":
                end += 1
            self.redirect = (stream if stream == "2" else "") + (">" if char == ">" else "<")
            self.at = end

    def scan_inside(self, at: int) -> int:
        return self.scan.run(at, depth=self.depth + 1)

    def parenthesis(self, char: str) -> bool:
        """Whether this parenthesis closes the substitution that this level reads."""
        if char == "(" and self.word is not None:
            self.add("(", self.at + 1)
            return False
        closes = char == ")" and self.depth > 0 and not self.groups
        self.groups = self.groups + 1 if char == "(" else max(0, self.groups - 1)
        self.end_command("")
        self.at += 1
        self.begun = self.at
        return closes

    def end_word(self) -> None:
        if self.word is None:
            return
        word, self.word = "".join(self.word), None
        if not self.redirect:
            self.current.words.append(word)
            return
        redirect, self.redirect = self.redirect, ""
        if redirect.startswith("<<"):
            self.heredocs.append(("-" if redirect == "<<-" else " ") + word)
        elif redirect.endswith(">"):
            if redirect == "2>":
                self.current.quiet = self.current.quiet or word == "/dev/null"
            elif word != "/dev/null" and not word.isdigit() and word != "-":
                self.current.writes.append(word)

    def end_command(self, joint: str) -> None:
        self.end_word()
        self.redirect = ""
        current = self.current
        if not self.depth:
            if current.words or current.writes:
                current.joint = joint
                current.text = self.line[self.begun : max(self.begun, self.at - len(joint))].strip()
                self.scan.found.append(current)
            elif joint and self.scan.found:
                last = self.scan.found[-1]
                last.joint = joint if joint != ";" or not last.joint else last.joint
        self.current = Simple()
        self.begun = self.at

    def skip_heredocs(self) -> None:
        """Jump over the bodies; one that never ends takes the rest of the line, as in a shell."""
        line = self.line
        for marker in self.heredocs:
            end_word = marker[1:]
            tabs = marker[0] == "-"
            at = self.at
            while True:
                stop = line.find("\n", at)
                row = line[at:] if stop < 0 else line[at:stop]
                if (row.lstrip("\t") if tabs else row).rstrip() == end_word:
                    break
                if stop < 0:
                    break
                at = stop + 1
            self.at = len(line) if stop < 0 else stop
            if stop < 0:
                break
            self.at = stop + 1
        self.heredocs = []
        self.begun = self.at
