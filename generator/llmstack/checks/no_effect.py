"""A key that changes nothing where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from llmstack.finding import Route


@dataclass(frozen=True, slots=True)
class Ignored:
    """A key without effect, by its route in its section, and why."""

    route: Route
    why: str
    because: Route | None = None
    """The key of the same section that is used instead, or that would let it act."""
    help: str | None = None
