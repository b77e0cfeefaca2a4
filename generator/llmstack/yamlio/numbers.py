"""Plain scalars that begin like a number, as kustomize reads them."""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

FIRST_OF_NUMBERS = "+-.0123456789"
_INTEGER = re.compile(r"([-+]?)(?:0([xX])([0-9a-fA-F]+)|0([bB])([01]+)|0([oO]?)([0-7]+)|(0|[1-9][0-9]*))\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z", re.ASCII)
_LARGEST = 1e21
"""Below it Go writes a whole float without an exponent (encoding/json), so that it comes out as an integer."""


@lru_cache(maxsize=1 << 14)
def read_number(text: str) -> int | float | str:
    """What kustomize makes of a plain scalar that begins like a number: a number, a date as the text of its first
    second, or the text itself.

    `0x10`, `0o10`, `010`, `0b10` and `1_0` are numbers, and so is `-_8`; a number out of range is text. As
    go.yaml.in/yaml/v3, `resolve` (resolve.go), and sigs.k8s.io/yaml, `JSONToYAML`; held against kustomize 5.8.1.
    """
    day = _DATE.match(text)
    if day is not None:
        return _read_date(text, *map(int, day.groups()))
    plain = text if text[0] == "." else text.replace("_", "")
    number = _read_integer(plain)
    if number is not None:
        return number
    if _FLOAT.match(plain):
        value = float(plain)
        return text if math.isinf(value) else _as_json(value)
    return text


def _read_date(text: str, year: int, month: int, day: int) -> str:
    try:
        return f"{date(year, month, day).isoformat()}T00:00:00Z"
    except ValueError:
        return text


def _read_integer(plain: str) -> int | None:
    """As `strconv.ParseInt`, else `ParseUint`, with base 0."""
    match = _INTEGER.match(plain)
    if match is None or len(plain) > _LONGEST:
        return None
    sign, is_hex, hexadecimal, is_binary, binary, _, octal, decimal = match.groups()
    size = int(hexadecimal, 16) if is_hex else int(binary, 2) if is_binary else int(octal, 8) if octal else int(decimal)
    if sign == "-":
        return -size if size <= 1 << 63 else None
    return size if size < 1 << (63 if sign else 64) else None


_LONGEST = 4096
"""Characters of an integer: 64 bits, with zeros before them."""


def _as_json(value: float) -> int | float:
    """A float as it comes back from JSON: a whole one as an integer, where 64 bits hold it."""
    if not value.is_integer() or abs(value) >= _LARGEST:
        return value
    whole = int(Decimal(repr(value)))
    return whole if -(1 << 63) <= whole < 1 << 64 else value
