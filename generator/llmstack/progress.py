"""What a long run calls to say how far it is; commands/running.py shows it on a terminal."""

from __future__ import annotations

from collections.abc import Callable

Step = Callable[[int, int], None]
"""Called with how many of how many are done."""


def ignore(done: int, total: int) -> None:
    """Show nothing."""
