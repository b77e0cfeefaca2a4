"""How far a long run is, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Step = Callable[[int, int], None]
"""Called with how many of how many are done."""


def ignore(done: int, total: int) -> None:
    """Show nothing."""


@contextmanager
def show_progress(stream: TextIO, verb: str) -> Iterator[Step]:
    """Show `built 12 of 340` on one line of a terminal, and take it away at the end; elsewhere show nothing."""
    if not stream.isatty():
        yield ignore
        return

    def step(done: int, total: int) -> None:
        stream.write(f"\r\x1b[K{verb} {done} of {total}")
        stream.flush()

    try:
        yield step
    finally:
        stream.write("\r\x1b[K")
        stream.flush()
