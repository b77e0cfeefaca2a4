"""Which known name another one misspells, by the words that the names of the values' keys are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from llmstack.model.sections import all_sections

_WORD = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+|\d+")


def is_slip(word: str, known: str) -> bool:
    """Whether a name is a known one with a slip of the pen: other case, a dash, one or two letters in one word.

    A word that is itself one of the values' own is no slip: `limitGPU` is not `limitCPU`, `enabled` not `enablePD`.
    """
    left, right = letters(word), letters(known)
    if left == right or left.rstrip("s") == right.rstrip("s"):
        return True
    if word in _names():
        return False
    mine, theirs = words_of(word), words_of(known)
    if len(mine) == len(theirs):
        differ = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
        if any(a in _vocabulary() or len(a) < 4 or (len(b) < 4 and _distance(a, b) > 1) for a, b in differ):
            return False
    allowed = 1 if len(right) < 8 else 2
    return len(right) > 3 and left[:1] == right[:1] and _distance(left, right) <= allowed


def misspelt(word: str, known: Iterable[str]) -> str | None:
    """The known name that a word misspells, the nearest of several; None where it is another word."""
    found = [name for name in known if is_slip(word, name)]
    return min(found, key=lambda name: _distance(letters(word), letters(name)), default=None)


@lru_cache(maxsize=1 << 12)
def letters(name: str) -> str:
    """A name without its dashes and capitals."""
    return re.sub(r"[-_]", "", name).lower()


@lru_cache(maxsize=1 << 12)
def words_of(name: str) -> tuple[str, ...]:
    """The words that a name is made of: `max_modelLen` of `max`, `model` and `len`."""
    return tuple(part.lower() for part in _WORD.findall(name))


def _distance(left: str, right: str) -> int:
    """How many letters to put in, take out, replace or swap with a neighbour lead from one word to the other."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]


@cache
def _names() -> frozenset[str]:
    return frozenset(name for keys in all_sections().values() for name in keys)


@cache
def _vocabulary() -> frozenset[str]:
    """The words that names of keys are made of."""
    return frozenset(word for name in _names() for word in words_of(name))
