"""One thing that vLLM refuses, and when it holds."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from llmstack.engine.defaults import Minor
from llmstack.engine.exact.line import Line

LAST: Minor = (99, 0)


class Refusal(Struct, frozen=True):
    """One thing that vLLM refuses: `sentence` is a piece of its own error, `flag` (or a variable) what the finding
    points at, and what has to be given for it."""

    sentence: str
    flag: str
    holds: Callable[[Line], object]
    message: str
    help: str
    since: Minor = (0, 0)
    until: Minor = LAST
    """The last release that has it, where the sentence stands for several things."""


def both(flag: str, key: str, owner: str) -> Callable[[Line], bool]:
    """Whether a flag is given, and the key of another flag's JSON as well."""
    return lambda line: bool(line.text(flag)) and line.object(owner).get(key) is not None


def says(flag: str, *words: str) -> Callable[[Line], bool]:
    """Whether a flag has one of these words."""
    return lambda line: line.text(flag).lower() in words


def lacks(flag: str, word: str) -> Callable[[Line], bool]:
    """Whether a flag has another word, or none; of what comes from a variable nothing is known."""
    return lambda line: "$" not in (line.given.get(flag) or "") and line.text(flag).lower() != word
