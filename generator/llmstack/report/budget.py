"""A text of bounded size from parts of unequal weight: what does not fit is left out and counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

_RESERVED = 600
"""Bytes kept for the words that say what was left out."""
_NOTE = 80
"""Bytes of a part's own such words."""
_PATIENCE = 20
"""Items in a row that did not fit, after which a part is taken as full: larger items may be among many small
ones."""


class Part(Struct, frozen=True):
    """A part of the text: a head, items and a foot, of which only items may be left out; without items,
    nothing.

    `share` is the most that it may take of the whole, from 0 to 1. `noun` names an item where some are left
    out.
    """

    head: str
    items: Iterable[str]
    count: int
    noun: str
    share: float = 1.0
    foot: str = ""


def fit(first: str, parts: Sequence[Part], limit: int, where: str) -> str:
    """Return `first` and the parts in at most `limit` bytes of UTF-8, earlier parts served first.

    A last line says what was left out, and `where` to find it.
    """
    left = limit - _size(first) - _RESERVED
    texts, missing = [first], []
    for part in parts:
        if not part.count:
            continue
        text, absent = _fill(part, min(left, int(part.share * limit)))
        left -= _size(text)
        texts.append(text)
        if absent:
            missing.append(f"{absent:,} {part.noun if absent == 1 else f'{part.noun}s'}")
    if missing:
        texts.append(f"\n**Left out for size:** {', '.join(missing)}. {where}\n")
    return "".join(texts)


def _fill(part: Part, room: int) -> tuple[str, int]:
    """The part's text and how many of its items it lacks; the empty text when not one fits."""
    taken: list[str] = []
    size = _size(part.head) + _size(part.foot) + _NOTE
    refused = 0
    for item in part.items:
        if size + _size(item) > room:
            refused += 1
            if refused >= _PATIENCE:
                break
            continue
        refused = 0
        size += _size(item)
        taken.append(item)
    absent = part.count - len(taken)
    if not taken:
        return "", absent
    more = f"\n… and {absent:,} more.\n" if absent else ""
    return part.head + "".join(taken) + more + part.foot, absent


def _size(text: str) -> int:
    return len(text.encode())
