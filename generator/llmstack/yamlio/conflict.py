"""What `git merge` leaves in a file (git-merge(1), "How conflicts are presented"), whatever the file holds."""

from __future__ import annotations

import re

import yaml

UNRESOLVED = "the file holds an unresolved merge conflict"
CHOOSE = "choose between the two sides up to `>>>>>>>`, and remove the lines of signs"

_SIGN = "<<<<<<< "
_OURS, _THEIRS = (re.compile(sign, re.MULTILINE) for sign in (f"^{_SIGN}", r"^={7}\r?$"))


class ConflictError(yaml.MarkedYAMLError):
    """A text with the signs of a conflict is not read: its sides are two texts."""


def find_conflict(text: str) -> int | None:
    """The number of the line, from 0, on which a conflict begins; None where there is none."""
    ours = _OURS.search(text) if _SIGN in text else None  # most texts show so at once that they hold none
    if ours is None or _THEIRS.search(text, ours.end()) is None:
        return None
    return text.count("\n", 0, ours.start())


def refuse_conflict(text: str) -> None:
    """Raise ConflictError, with the line, for a text that holds a conflict."""
    line = find_conflict(text)
    if line is not None:
        raise ConflictError(problem=UNRESOLVED, problem_mark=yaml.Mark("", 0, line, 0, None, 0))


def say_unreadable(error: yaml.YAMLError) -> str:
    """What is wrong with a file that is not read, as its predicate."""
    return "holds an unresolved merge conflict" if isinstance(error, ConflictError) else "is not YAML"
