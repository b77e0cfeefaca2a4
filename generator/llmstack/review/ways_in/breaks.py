"""What a change breaks of the ways in: an edge that is gone for a while, or for good."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isinf

from msgspec import Struct

from llmstack.review.ways_in.way import Station
from llmstack.review.wording import say_exactly


class Break(Struct, frozen=True):
    """One edge that is gone. Without `lasts` it is gone for good."""

    subject: str
    """`Kind/name` of the object it is told at."""
    message: str
    advice: str
    lasts: tuple[float, float] | None = None
    """The least and the most seconds; infinite where that is not known."""
    milder: bool = False
    """Whether it depends on what the repository does not say, or concerns some requests only."""
    path: str = ""
    """The field that does it, where there is one."""
    side_by_side: bool = False
    """Whether both could run beside each other for a while, were there GPUs for both."""
    stations: tuple[Station, ...] = ()
    """The way that is broken, from where this break knows it; empty where no edge is gone."""
    broken: int = 0
    """The edge after this station."""


SIDE_BY_SIDE = "Add the new one in one commit and remove the old one in the next."


def say_for(lasts: tuple[float, float]) -> str:
    """`for 5 min`, `for 15 s to 5 min`, `for a while`."""
    low, high = lasts
    if isinf(high) or high <= 0:
        return f"for at least {say_exactly(low)}" if 0 < low < inf else "for a while"
    if round(low) == round(high):
        return f"for {say_exactly(high)}"
    return f"for {say_exactly(low)} to {say_exactly(high)}" if low > 0 else f"for up to {say_exactly(high)}"


def span_of(missing: Sequence[float]) -> tuple[float, float]:
    """The least and the most of what several runs give."""
    return min(missing), max(missing)
