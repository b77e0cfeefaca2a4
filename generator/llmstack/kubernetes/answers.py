"""Answers that may be unknown (None), taken together."""

from __future__ import annotations

from collections.abc import Iterable


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Whether one of them is yes; None where one that is not known may be."""
    found = set(answers)
    return True if True in found else None if None in found else False


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Whether each of them is yes; None where that hangs on one that is not known."""
    found = set(answers)
    return False if False in found else None if None in found else True
