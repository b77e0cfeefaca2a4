"""What a plain (unquoted) scalar of a values file means.

As Helm reads it: YAML 1.1 booleans (`yes`, `off`) and octal numbers (`0644`), no dates and no base-60 numbers
(sigs.k8s.io/yaml, on go-yaml v2). What that parser and others of this field read differently is `Ambiguous`.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from msgspec import Struct

_BOOLEANS = {
    word: value
    for value, words in ((True, ("true", "yes", "on")), (False, ("false", "no", "off")))
    for base in words
    for word in (base, base.capitalize(), base.upper())
}
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_OCTAL = re.compile(r"[-+]?0[0-7]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_AMBIGUOUS = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?)\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")


class SourceText(str):
    """A boolean word as it was written: text where text is asked for, a boolean where a boolean is."""

    __slots__ = ()


class Ambiguous(Struct, frozen=True):
    """A plain scalar that parsers read differently."""

    why: str


@lru_cache(maxsize=1 << 14)
def resolve(text: str) -> str | int | float | bool | Ambiguous | None:
    """The value of a plain scalar."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number(text) if text[0].isdigit() or text[0] in "+-." else text


def _number(text: str) -> str | int | float | Ambiguous:
    """The value of a plain scalar that may be a number by how it begins."""
    if _INTEGER.match(text):
        return int(text) if len(text) < 20 else Ambiguous("does not fit a 64-bit integer")
    if _OCTAL.match(text):
        return int(text, 8)
    if _LEADING_ZERO.match(text):
        return Ambiguous("is a number to some parsers and text to others")
    if _NOT_FINITE.match(text):
        return Ambiguous("is not a number that JSON has")
    if _AMBIGUOUS.match(text):
        return Ambiguous("is a number to some parsers and text to others")
    if _FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else Ambiguous("is out of the range of a number")
    return text
