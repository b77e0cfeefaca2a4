"""Characters that a reader cannot see, made visible; and how wide text stands on a terminal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Control characters, direction marks, zero-width and other unseen ones (Unicode categories Cc, Cf, Cs, Zl,
Zp, and default-ignorable code points)."""


def visible(text: str, *, keep: str = "") -> str:
    """`text` with every unseen character as an escape (`\\u202e`, `\\n`), save those in `keep`.

    Nothing that is left can steer a terminal, reverse the reading direction or hide.
    """
    return UNSEEN.sub(lambda found: found[0] if found[0] in keep else escape(found[0]), text)


def escape(character: str) -> str:
    """One character as an escape: `\\n`, `\\x1b`, `\\u202e`, `\\U000e0041`."""
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    code = ord(character)
    if short:
        return short
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Columns that `text` takes on a terminal: East Asian wide characters two, combining marks none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Me":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


_MESSAGE, _WORD = 4000, 100
"""Characters of a message, and of a word in one that has more."""
_LONG_WORD = re.compile(rf"[^\s`]{{{_WORD + 1},}}")
LEAD = 24
"""Characters shown of what two long values have in common, before they differ."""


def shorten(text: str, limit: int) -> str:
    """`text` of at most `limit` characters; a longer one ends in `…`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


@lru_cache(maxsize=1 << 12)
def bounded(text: str) -> str:
    """A message as it is, but for what it repeats of a file that is longer than anybody reads: a word is cut to a
    hundred characters then, and the whole to some thousands.

    A secret is masked before: half of one would not be known for one. Remembered: thousands of findings may
    stand in one line, and carry it.
    """
    return (
        text if len(text) <= _MESSAGE else shorten(_LONG_WORD.sub(lambda word: shorten(word[0], _WORD), text), _MESSAGE)
    )


def from_difference(before: str | None, after: str | None, limit: int) -> tuple[str | None, str | None]:
    """Two values from where they differ on, `…` before it, where less than `limit` characters would not show it: a line
    changed far down in a script."""
    if not before or not after:
        return before, after
    first = next(
        (at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(map(len, (before, after)))
    )
    if first < limit - LEAD:
        return before, after
    return f"…{before[first - LEAD :]}", f"…{after[first - LEAD :]}"


def pad(text: str, columns: int) -> str:
    """`text` followed by spaces up to `columns` columns of a terminal."""
    return text + " " * (columns - width(text))
