"""Fields of a file of facts, each of the type that it must have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmstack.facts.cluster import Amount

MOST = 1_000_000
"""Nodes, GPUs of a node, measurements: what is more is no number of them."""
MOST_NODES = 100_000
MOST_GROUPS = 1_000
MOST_QUOTAS = 100


class ClusterFactsError(ValueError):
    """Facts that cannot be read: what is wrong, and the line where it stands (None: the file as a whole)."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def map_of(data: Any, where: str, keys: Sequence[str] | None = None) -> dict[str, Any]:
    """A map, of these keys alone where they are given; an empty one where there is none. Raises ClusterFactsError."""
    if data is None and where != "the file":
        return {}
    if not isinstance(data, dict):
        raise ClusterFactsError(f"`{where}` is a map of keys" if where != "the file" else "the file is a map of keys")
    for key in data:
        if keys is not None and key not in keys:
            raise ClusterFactsError(f"`{key}` is no key of {where}; it has {', '.join(keys)}")
    return data


def maps_of(data: Any, where: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    """A list of maps of these keys. Raises ClusterFactsError."""
    if data is None:
        return []
    if not isinstance(data, list):
        raise ClusterFactsError(f"`{where}` is a list")
    if not all(isinstance(each, dict) for each in data):
        raise ClusterFactsError(f"`{where}` is a list of maps")
    return [map_of(each, where, keys) for each in data]


def names_of(data: Any, where: str) -> tuple[str, ...]:
    """A list of texts. Raises ClusterFactsError."""
    if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
        raise ClusterFactsError(f"`{where}` is a list of names")
    return tuple(data)


def text_of(data: Mapping[str, Any], key: str) -> str:
    """The text of a key that must be there. Raises ClusterFactsError."""
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise ClusterFactsError(f"`{key}` is text" if key in data else f"`{key}` is missing")
    return value


def count_of(data: Mapping[str, Any], key: str) -> int:
    """The whole number of a key that must be there. Raises ClusterFactsError."""
    return _checked(data.get(key), key, lambda value: 0 <= value <= MOST)


def counts_of(data: Any, where: str, *, signed: bool = False) -> dict[int, int]:
    """A map of whole numbers; the reader of YAML has keys as text."""
    found = {}
    for key, value in map_of(data, where).items():
        is_number = re.fullmatch(r"-?\d{1,18}", key, re.ASCII) is not None
        number = _checked(int(key) if is_number else None, where, lambda value: signed or 0 <= value <= MOST)
        found[number] = _checked(value, where, lambda value: 0 <= value <= MOST)
    if len(found) > MOST_GROUPS or (not signed and sum(found.values()) > MOST_NODES):
        raise ClusterFactsError(f"`{where}` is of more than {MOST_NODES} nodes")
    return found


def _checked(value: Any, where: str, fits: Callable[[int], bool]) -> int:
    if type(value) is not int or not fits(value):
        raise ClusterFactsError(f"`{where}` is a whole number, 0 or more")
    return value


def amount_of(value: Any, key: str) -> Amount:
    """A whole number or a quantity. Raises ClusterFactsError."""
    if type(value) is int and 0 <= value <= MOST:
        return value
    if isinstance(value, str) and value:
        return value
    raise ClusterFactsError(f"`{key}` is an amount")
