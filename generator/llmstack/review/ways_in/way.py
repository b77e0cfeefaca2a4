"""A way in that a change breaks: the stations of a request, and the edge between two of them that is gone."""

from __future__ import annotations

from msgspec import Struct


class Station(Struct, frozen=True):
    """One end of an edge."""

    kind: str
    """`callers`, `host`, `router`, `engine`, `model`, `trigger`, or the kind of an object."""
    name: str


class WayIn(Struct, frozen=True):
    """What a request passes, in its order, as it was before the change; or what pods read, and they."""

    subject: str
    """`Kind/name` of the object that its risk stands at."""
    stations: tuple[Station, ...]
    broken: int
    """The edge after this station, counted from 0, is the one that is gone."""
    why: str
    lasts: tuple[float, float] | None
    """The least and the most seconds, infinite where that is not known; None: for good."""


CALLERS = Station("callers", "in the cluster")
OUTSIDE = Station("callers", "from outside")
