"""Fields of a file of facts, each of the type that it must have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from llmstack import yamlio
from llmstack.facts.cluster import Amount

_Facts = TypeVar("_Facts")

MARK = "# Learned by llmstack"
"""The beginning of every file of facts, whatever learned it."""
MOST = 1_000_000
"""Nodes, GPUs of a node, measurements: what is more is no number of them."""
MOST_NODES = 100_000
MOST_GROUPS = 1_000
MOST_QUOTAS = 100


class FactsError(ValueError):
    """Facts that cannot be read: what is wrong, and the line where it stands (None: the file as a whole)."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def read_text(text: str, read: Callable[[Any], _Facts]) -> _Facts:
    """What `read` makes of the data of a file; raises FactsError, with the line, for anything that it cannot be."""
    try:
        data = yamlio.load(text)
    except yamlio.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise FactsError(yamlio.say_unreadable(error), mark.line + 1 if mark else None) from error
    try:
        return read(data)
    except FactsError as error:
        raise FactsError(str(error), _line_of(text, str(error))) from error


def _line_of(text: str, message: str) -> int | None:
    """The first line that has the key which a message begins with."""
    key = message.split("`")[1].rpartition(".")[2] if message.startswith("`") else None
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if key and f"{key}:" in line), None)


def map_of(data: Any, where: str, keys: Sequence[str] | None = None) -> dict[str, Any]:
    """A map, of these keys alone where they are given; an empty one where there is none. Raises FactsError."""
    if data is None and where != "the file":
        return {}
    if not isinstance(data, dict):
        raise FactsError(f"`{where}` is a map of keys" if where != "the file" else "the file is a map of keys")
    for key in data:
        if keys is not None and key not in keys:
            raise FactsError(f"`{key}` is no key of {where}; it has {', '.join(keys)}")
    return data


def maps_of(data: Any, where: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    """A list of maps of these keys. Raises FactsError."""
    if data is None:
        return []
    if not isinstance(data, list):
        raise FactsError(f"`{where}` is a list")
    if not all(isinstance(each, dict) for each in data):
        raise FactsError(f"`{where}` is a list of maps")
    return [map_of(each, where, keys) for each in data]


def names_of(data: Any, where: str) -> tuple[str, ...]:
    """A list of texts. Raises FactsError."""
    if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
        raise FactsError(f"`{where}` is a list of names")
    return tuple(data)


def text_of(data: Mapping[str, Any], key: str) -> str:
    """The text of a key that must be there. Raises FactsError."""
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise FactsError(f"`{key}` is text" if key in data else f"`{key}` is missing")
    return value


def count_of(data: Mapping[str, Any], key: str) -> int:
    """The whole number of a key that must be there. Raises FactsError."""
    return _checked(data.get(key), key, lambda value: 0 <= value <= MOST)


def counts_of(data: Any, where: str, *, signed: bool = False) -> dict[int, int]:
    """A map of whole numbers; the reader of YAML has keys as text."""
    found = {}
    for key, value in map_of(data, where).items():
        is_number = re.fullmatch(r"-?\d{1,18}", key, re.ASCII) is not None
        number = _checked(int(key) if is_number else None, where, lambda value: signed or 0 <= value <= MOST)
        found[number] = _checked(value, where, lambda value: 0 <= value <= MOST)
    if len(found) > MOST_GROUPS or (not signed and sum(found.values()) > MOST_NODES):
        raise FactsError(f"`{where}` is of more than {MOST_NODES} nodes")
    return found


def _checked(value: Any, where: str, fits: Callable[[int], bool]) -> int:
    if type(value) is not int or not fits(value):
        raise FactsError(f"`{where}` is a whole number, 0 or more")
    return value


def amount_of(value: Any, key: str) -> Amount:
    """A whole number or a quantity. Raises FactsError."""
    if type(value) is int and 0 <= value <= MOST:
        return value
    if isinstance(value, str) and value:
        return value
    raise FactsError(f"`{key}` is an amount")
