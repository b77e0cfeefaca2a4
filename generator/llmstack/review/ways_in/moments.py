"""When the pods of both sides serve, and for how long nobody does."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from msgspec import Struct

Span = tuple[float, float]
"""From one second to another; without an end, infinite."""


class Presence(Struct, frozen=True):
    """When replicas of before, and of after, are available; None where never."""

    old: Span | None
    new: Span | None


ALWAYS = Presence((0.0, inf), (0.0, inf))
"""Of pods that stay."""


def presence(old_until: float | None, new_from: float | None, *, existed: bool, stays: bool) -> Presence:
    """The presence of a workload's replicas: `existed` before the change, and `stays` after it."""
    until = inf if old_until is None else old_until
    old = (0.0, until) if existed and until > 0 else None
    return Presence(old, (new_from, inf) if stays and new_from is not None else None)


def overlap(one: Span | None, other: Span | None) -> Span | None:
    """What two spans share."""
    if one is None or other is None:
        return None
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start < end else None


def uncovered(spans: Iterable[Span | None]) -> float:
    """Seconds from the change on in which none of the spans is; infinite where none of them is to the end."""
    now, missing = 0.0, 0.0
    for start, end in sorted(span for span in spans if span is not None):
        missing += max(0.0, start - now)
        now = max(now, end)
    return missing + (inf if now < inf else 0.0)
