"""The longest request among the arguments of an engine: many engines of a fleet differ in nothing else, so that what
does not depend on it is asked once for all of them."""

from __future__ import annotations

from llmstack.flags.values import LONGEST_NUMBER

FLAG = "--max-model-len"
ANY_LENGTH = 1 << 62
"""Stands for any length; nobody asks for it."""


def of_any_length(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments with ANY_LENGTH where the first length stands, if that is a whole number as any other."""
    at = length_index(arguments)
    return (*arguments[:at], str(ANY_LENGTH), *arguments[at + 1 :]) if at else arguments


def length_index(arguments: tuple[str, ...]) -> int | None:
    """Where the first length stands that is a whole number above 0, in an argument of its own; None for none."""
    if FLAG not in arguments[:-1]:
        return None
    at = arguments.index(FLAG) + 1
    text = arguments[at]
    plain = len(text) <= LONGEST_NUMBER and text.isascii() and text.isdecimal() and int(text) > 0
    return at if plain else None
