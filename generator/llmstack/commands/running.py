"""The line on a terminal that says how long a run takes, and how far it is.

It is there from the second on that a run takes, on stderr, and gone before anything else is written. An alarm of the
process draws it, so that every command has it and none is slower for it.
"""

from __future__ import annotations

import os
import signal
import time
from types import FrameType
from typing import TextIO

from llmstack.progress import Step

_FIRST, _NEXT = 1.0, 0.5
"""Seconds until the line is drawn, and until it is drawn again."""


class Line:
    """The one line of a run."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._began = 0.0
        self._words = ""
        self._is_drawn = False

    def begin(self, stream: TextIO) -> None:
        """Draw the line on a stream, if that is a terminal, until `end`."""
        if stream.isatty():
            self._descriptor, self._began = stream.fileno(), time.monotonic()
            signal.signal(signal.SIGALRM, self._draw)
            signal.setitimer(signal.ITIMER_REAL, _FIRST, _NEXT)

    def counting(self, verb: str) -> Step:
        """Return what is called with how many are done, for a line that says `built 12 of 340`."""

        def step(done: int, total: int) -> None:
            self._words = f"{verb} {done} of {total}, "

        return step

    def end(self) -> None:
        """Take the line away, for good."""
        if self._descriptor is None:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self._is_drawn:
            os.write(self._descriptor, b"\r\x1b[K")
        self._descriptor = None

    def _draw(self, number: int, frame: FrameType | None) -> None:
        if self._descriptor is not None:
            self._is_drawn = True
            words = f"\r\x1b[Kllmstack: {self._words}{time.monotonic() - self._began:.0f} s"
            os.write(self._descriptor, words.encode())


LINE = Line()
"""A process is one run, and has one line."""
