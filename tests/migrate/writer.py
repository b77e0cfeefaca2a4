"""The same data written as YAML in many ways: block and flow, quotes, comments, anchors, order, line breaks."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*\Z")
_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))


class Writer:
    """Writes data as one file. Every comment says its number; `anchors` allows anchors and aliases."""

    def __init__(self, rng: Random, *, anchors: bool) -> None:
        self.rng = rng
        self.anchors = anchors
        self.comments = 0
        self.named: dict[str, str] = {}

    def write(self, data: dict[str, Any]) -> str:
        lines = [*self.noise(0), *self.map(data, 0), *self.noise(0)]
        ending = self.rng.choice(("\n", "\n", "\r\n"))
        return ending.join(lines) + (ending if self.often() else "")

    def often(self) -> bool:
        return self.rng.random() < 0.8

    def rarely(self) -> bool:
        return self.rng.random() < 0.12

    def comment(self) -> str:
        self.comments += 1
        return f"# {self.comments}" + self.rng.choice(("", " a: b", "\ttab", " 'quoted", " {x", " - y: |"))

    def beside(self) -> str:
        """A comment at the end of a line, or nothing."""
        return f"{self.rng.choice((' ', '   '))}{self.comment()}" if self.rarely() else ""

    def noise(self, column: int) -> list[str]:
        """Lines that mean nothing."""
        lines = []
        if self.rarely():
            lines.append("")
        if self.rarely():
            lines.append(" " * column + self.comment())
        return lines

    def map(self, data: dict[str, Any], column: int) -> list[str]:
        keys = list(data)
        self.rng.shuffle(keys)
        lines: list[str] = []
        for key in keys:
            lines += self.noise(column) if lines else []
            head, *rest = self.value(data[key], column, self.key(key) + ":")
            lines += [" " * column + head, *rest]
        return lines

    def list(self, items: list[Any], column: int) -> list[str]:
        lines: list[str] = []
        for item in items:
            lines += self.noise(column) if lines else []
            if isinstance(item, dict) and item and self.often() and not self.anchors:
                first, *rest = self.map(item, column + 2)
                lines += [" " * column + "- " + first.lstrip(), *rest]
            else:
                head, *rest = self.value(item, column, "-")
                lines += [" " * column + head, *rest]
        return lines

    def value(self, value: Any, column: int, lead: str) -> list[str]:
        """The lines of a value behind its key or dash, the first without its indentation."""
        known = self.named.get(json.dumps(value))
        if known and self.anchors and self.rng.random() < 0.7:
            return [f"{lead} *{known}{self.beside()}"]
        mark = self.anchor(value)
        if isinstance(value, (dict, list)) and value and not self.rarely():
            deeper = column + self.rng.choice((2, 4))
            if isinstance(value, dict):
                inner = self.map(value, deeper)
            else:
                indentless = lead != "-" and self.rng.random() < 0.5
                inner = self.list(value, column if indentless else deeper)
            return [f"{lead}{mark}{self.beside()}", *inner]
        if isinstance(value, str) and value and self.rarely():
            style = self.rng.choice(("|-", ">-"))
            return [f"{lead}{mark} {style}{self.beside()}", " " * (column + 2) + value]
        return [f"{lead}{mark} {self.flow(value)}{self.beside()}"]

    def anchor(self, value: Any) -> str:
        text = json.dumps(value)
        if not self.anchors or value in (None, "") or text in self.named or self.rng.random() > 0.3:
            return ""
        self.named[text] = f"a{len(self.named)}"
        return f" &{self.named[text]}"

    def flow(self, value: Any) -> str:
        if isinstance(value, dict):
            keys = list(value)
            self.rng.shuffle(keys)
            inside = ", ".join(f"{self.key(key)}: {self.flow(value[key])}" for key in keys)
            return "{" + self.pad(inside) + "}"
        if isinstance(value, list):
            return "[" + self.pad(", ".join(map(self.flow, value))) + "]"
        return self.scalar(value)

    def pad(self, inside: str) -> str:
        return self.rng.choice((inside, inside, f" {inside} ", f"{inside}," if inside else ""))

    def key(self, key: str) -> str:
        return self.scalar(key) if self.rarely() else key

    def scalar(self, value: Any) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        ways = [json.dumps(value), "'" + value.replace("'", "''") + "'"]
        if _PLAIN.match(value) and value.lower() not in _WORDS:
            ways += [value] * 3
        return self.rng.choice(ways)
