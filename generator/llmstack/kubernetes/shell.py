"""The commands of a shell script, as far as they can be told without running it.

As POSIX has it ("Shell Command Language", 2.2 Quoting, 2.3 Token Recognition, 2.6 Word Expansions): what a variable is
that nobody states, and what a command prints or a sum comes to, is not known: it stands as `$(NAME)`, as Kubernetes
writes a reference, or as `$(PRINTED)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct, field

PRINTED = "PRINTED"
MOST = 100_000
"""Characters of a script that is read."""

_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_ORDINARY, _IN_QUOTES = re.compile(r"[^\s;&|()#<>'\"\\$`]+"), re.compile(r"[^\"\\$`]+")
"""Characters that mean themselves, in a row."""
_OPENING = frozenset(("if", "for", "while", "until", "case", "select"))
_CLOSING = frozenset(("fi", "done", "esac"))
_PASSED_OVER = frozenset(("then", "do", "else", "elif", "{", "}", "!", "time", "if", "while", "until", "exec", "nohup"))
"""Words before a command that leave it what it is."""


class Word(Struct, frozen=True):
    """One word. `known` is whether it is exactly this; one that is not may also be none, or several (`splits`)."""

    text: str
    known: bool = True
    splits: bool = False


Command = tuple[Word, ...]


def read_script(script: str, variables: Mapping[str, str | None]) -> list[Command] | None:
    """Return the simple commands of a script, its assignments applied; None where it cannot be read.

    `variables` are those of its environment, None for a value that is not known.
    """
    if len(script) > MOST or "<<" in script:
        return None
    return _read(script, tuple(variables.items()))


@lru_cache(maxsize=1 << 12)
def _read(script: str, variables: tuple[tuple[str, str | None], ...]) -> list[Command] | None:
    """The same, remembered: many containers run the same script. The list is read only."""
    reader = _Reader(script, dict(variables))
    try:
        reader.run()
    except IndexError:
        return None  # a quote or a brace that nobody closes
    return reader.commands


class _Reader(Struct):
    """One pass over a script."""

    script: str
    variables: dict[str, str | None]
    commands: list[Command] = field(default_factory=list)
    at: int = 0
    depth: int = 0
    words: list[Word] = field(default_factory=list)
    text: str | None = None
    known: bool = True
    splits: bool = False

    def run(self) -> None:
        while self.at < len(self.script):
            self.step(self.script[self.at])
        self.end_command()

    def step(self, character: str) -> None:
        """Read one token's worth of characters."""
        if character in " \t\r":
            self.end_word()
            self.at += 1
        elif character in "\n;&|()":
            self.end_command()
            self.at += 1
        elif character == "#" and self.text is None:
            end = self.script.find("\n", self.at)
            self.at = len(self.script) if end < 0 else end
        elif character in "<>":
            self.redirect()
        elif character == "'":
            end = self.script.index("'", self.at + 1) if "'" in self.script[self.at + 1 :] else self.unclosed()
            self.add(self.script[self.at + 1 : end])
            self.at = end + 1
        elif character == '"':
            self.quoted()
        else:
            self.plain(character, quoted=False)

    def unclosed(self) -> int:
        raise IndexError

    def quoted(self) -> None:
        """Read what stands in double quotes."""
        self.at += 1
        self.add("")
        while self.script[self.at] != '"':
            self.plain(self.script[self.at], quoted=True)
        self.at += 1

    def plain(self, character: str, *, quoted: bool) -> None:
        """Read an escape, an expansion or a character."""
        if character == "\\":
            following = self.script[self.at + 1 : self.at + 2]
            self.at += 2
            if following != "\n":
                self.add(following if not quoted or following in '$`"\\' else f"\\{following}")
        elif character == "$":
            self.dollar(quoted=quoted)
        elif character == "`":
            end = self.script.find("`", self.at + 1)
            self.at = end + 1 if end > 0 else self.unclosed()
            self.unknown(PRINTED, quoted=quoted)
        else:
            run = (_IN_QUOTES if quoted else _ORDINARY).match(self.script, self.at)
            self.add(run[0] if run else character)
            self.at += len(run[0]) if run else 1

    def dollar(self, *, quoted: bool) -> None:
        """Read an expansion: of a variable, or of what a command prints."""
        following = self.script[self.at + 1 : self.at + 2]
        if following in ("(", "{"):
            start, self.at = self.at + 2, self.closing("()" if following == "(" else "{}")
            inner = self.script[start : self.at - 1]
            name = inner if following == "{" else ""
        else:
            match = _NAME.match(self.script, self.at + 1)
            if match is None and following not in tuple("@*#?$!0123456789"):
                self.add("$")
                self.at += 1
                return
            name = match[0] if match else ""
            self.at = match.end() if match else self.at + 2
        value = self.variables.get(name) if _NAME.fullmatch(name) else None
        if value is None:
            known = _NAME.match(name)
            self.unknown(known[0] if known else PRINTED, quoted=quoted)
        elif quoted:
            self.add(value)
        else:
            self.split(value)

    def closing(self, pair: str) -> int:
        """Where what opens at the next character is closed again, counting brackets alone."""
        depth, at = 0, self.at + 1
        while True:
            depth += (self.script[at] == pair[0]) - (self.script[at] == pair[1])
            at += 1
            if not depth:
                return at

    def split(self, value: str) -> None:
        """A variable outside of quotes: its words are words."""
        parts = value.split()
        if value[:1].isspace():
            self.end_word()
        for number, part in enumerate(parts):
            if number:
                self.end_word()
            self.add(part)
        if parts and value[-1:].isspace():
            self.end_word()

    def unknown(self, name: str, *, quoted: bool) -> None:
        self.splits |= not quoted
        self.add(f"$({name})")
        self.known = False

    def add(self, text: str) -> None:
        self.text = (self.text or "") + text

    def redirect(self) -> None:
        """Pass over a redirection, and the word that it is to."""
        if self.text is not None and self.text.isdigit():
            self.text = None
        self.end_word()
        while self.script[self.at : self.at + 1] in tuple("<>&|"):
            self.at += 1
        before = len(self.words)
        while self.at < len(self.script) and self.script[self.at] in " \t":
            self.at += 1
        while self.at < len(self.script) and self.script[self.at] not in " \t\r\n;&|()<>":
            self.step(self.script[self.at])
        self.end_word()
        del self.words[before:]

    def end_word(self) -> None:
        if self.text is not None:
            self.words.append(Word(self.text, self.known, self.splits))
        self.text, self.known, self.splits = None, True, False

    def end_command(self) -> None:
        """Take the words as a command: assignments are remembered, words of the language passed over."""
        self.end_word()
        words, self.words = self.words, []
        while words and (words[0].text in _PASSED_OVER | _OPENING | _CLOSING or words[0].text == "export"):
            self.depth += (words[0].text in _OPENING) - (words[0].text in _CLOSING)
            words = words[1:]
        assigned: dict[str, str | None] = {}
        while words and (match := _ASSIGNMENT.fullmatch(words[0].text)):
            assigned[match[1]] = match[2] if words[0].known and not self.depth else None
            words = words[1:]
        if words:
            while words and words[0].text in _PASSED_OVER:
                words = words[1:]
            self.commands.append(tuple(words))
        else:
            self.variables |= assigned
