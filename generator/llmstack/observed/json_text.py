"""JSON that is read a value at a time, so that a file of any length takes no more memory than its largest object."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import isfinite
from typing import Any

CHUNK = 1 << 18
MOST_OF_ONE = 8 << 20
"""Characters of one object: the API server takes no request of more than 3 MiB (k8s.io/apiserver,
`MaxRequestBodyBytes`), and indenting that grows it."""
_SPACE = re.compile(r"[\s\ufeff]*")
_OBJECT = re.compile(r"^\{\s*\"", re.MULTILINE)


class Fault(Exception):
    """Text that is no JSON of the bounds that we read: what is wrong, in words that repeat nothing of it."""


def _number(text: str) -> float | str:
    """A number with a point or an exponent; its text, where no float holds it."""
    value = float(text)
    return value if isfinite(value) else text


def _refuse_constant(name: str) -> Any:
    raise Fault("a number that JSON has not")


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_refuse_constant)


CUT_OFF = "the file ends in the middle of an object"


def _is_cut_off(error: ValueError, text: str) -> bool:
    """Whether it is the end of the text that is wrong with it."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip()) - 1


class JsonText:
    """Text that is read as it is needed: no more of it is held than one object and what follows in its chunk."""

    def __init__(self, read: Callable[[int], str]) -> None:
        self._read = read
        self._held = ""
        self._at = 0
        self._lines = 1
        self._counted = 0
        self._ended = False

    @property
    def line(self) -> int:
        """The line of what comes next, from 1."""
        self._lines += self._held.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._lines

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            match = _SPACE.match(self._held, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Pass over a character; raises Fault where another one comes."""
        found = self.peek()
        if found != expected:
            raise Fault("not JSON" if found else CUT_OFF)
        self._at += 1

    def separate(self, end: str) -> None:
        """Pass over the comma between two members; raises Fault where neither that nor the end comes."""
        if self.peek() == ",":
            self._at += 1
        elif self.peek() != end:
            raise Fault("not JSON" if self.peek() else CUT_OFF)

    def value(self) -> Any:
        """The JSON value that comes next; raises Fault."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except RecursionError:
                raise Fault("nested too deep") from None
            except ValueError as error:
                if len(self._held) - self._at > MOST_OF_ONE:
                    raise Fault(f"one object of more than {MOST_OF_ONE >> 20} MiB, or not JSON") from None
                if not self._more():
                    raise Fault(CUT_OFF if _is_cut_off(error, self._held) else "not JSON") from None
                continue
            if end == len(self._held) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def rest(self, most: int) -> str | None:
        """All that is left; None where that is more than `most` characters."""
        while len(self._held) - self._at <= most:
            if not self._more():
                return self._held[self._at :]
        return None

    def leads_to_json(self) -> bool:
        """Whether a line further on, as far as was read by now, begins an object: YAML's own lines begin none."""
        return _OBJECT.search(self._held, self._at) is not None

    def skip_to_next_object(self) -> bool:
        """Go on at the next line that begins with `{`, as kubectl writes each object; False where there is none."""
        self._at = min(self._at + 1, len(self._held))
        while True:
            found = self._held.find("\n{", max(self._at - 1, 0))
            if found >= 0:
                self._at = found + 1
                return True
            self._at = max(self._at, len(self._held) - 1)
            if not self._more():
                return False

    def _more(self) -> bool:
        """Read on, twice as much as is held; False at the end."""
        if self._ended:
            return False
        more = self._read(max(CHUNK, len(self._held) - self._at))
        self._ended = not more
        if more:
            self._lines, kept = self.line, self._held[self._at :]
            self._held, self._at, self._counted = kept + more, 0, 0
        return bool(more)
