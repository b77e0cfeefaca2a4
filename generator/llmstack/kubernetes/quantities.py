"""Kubernetes' amounts: quantities, and counts that may be percentages."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]))?\Z", re.ASCII)
_DIGITS = 19
_LARGEST_EXPONENT = 100
"""Beyond what a quantity can hold (1n to 2⁶³ - 1): what is larger counts as that, and costs no memory."""
_LONGEST = 400
"""Digits of a number that are read: no machine has more of anything."""
_SUFFIX = {
    suffix: Fraction(1000) ** power
    for power, suffix in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
}
_SUFFIX |= {suffix: Fraction(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}


def quantity(value: Any) -> Fraction | None:
    """Return the exact value of a quantity (`1`, `"1500m"`, `"2Gi"`, `"1e3"`); None where it is not one.

    Grammar: k8s.io/apimachinery, pkg/api/resource/quantity.go.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return _read(str(value))


@lru_cache(maxsize=1 << 12)
def _read(text: str) -> Fraction | None:
    """The same of a text; a fleet states few quantities, each many times."""
    match = _QUANTITY.match(text)
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    if len(number) > _LONGEST:
        return None
    scale = _power_of_ten(int(exponent[:_LONGEST])) if exponent else _SUFFIX[suffix or ""]
    return Fraction(number) * scale


def _power_of_ten(exponent: int) -> Fraction:
    return Fraction(10) ** max(-_LARGEST_EXPONENT, min(exponent, _LARGEST_EXPONENT))


def read_whole(text: str) -> int | None:
    """Return a whole number written in at most 19 digits of ASCII, what 64 bits hold; None for any other text."""
    return int(text) if len(text) <= _DIGITS and text.isascii() and text.isdecimal() else None


def scaled(value: Any, total: int, *, up: bool, default: str) -> int:
    """Return an int-or-percentage of `total`, a percentage rounded `up` or down; `default` where it is
    absent.

    As `GetScaledValueFromIntOrPercent` (k8s.io/apimachinery, pkg/util/intstr).
    """
    value = default if value is None else value
    text = str(value)
    if not text.endswith("%"):
        return read_whole(text) or 0
    share = Fraction((read_whole(text[:-1]) or 0) * total, 100)
    return ceil(share) if up else floor(share)


def is_zero(value: Any) -> bool:
    """Whether an int-or-percentage is nothing, of whatever total."""
    return str(value) in ("0", "0%")


def whole(value: Any, default: int) -> int:
    """Return an integer field as it is, or `default` where it is absent or no integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default
