"""A key that changes nothing where it stands."""

from __future__ import annotations

from msgspec import Struct

from llmstack.finding import Route


class Ignored(Struct, frozen=True):
    """A key without effect, by its route in its section, and why."""

    route: Route
    why: str
    because: Route | None = None
    """The key of the same section that is used instead, or that would let it act."""
    help: str | None = None
