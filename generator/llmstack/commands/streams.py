"""The last write: whatever a command says on stdout or stderr passes through here, and is inert."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

from llmstack.commands.running import LINE
from llmstack.report.inert import inert


def wants_colour(stream: TextIO) -> bool:
    """Whether colours go to a stream: to a terminal, or where they are forced; never under $NO_COLOR.

    As https://no-color.org, https://force-color.org and https://bixense.com/clicolors have it.
    """
    if os.environ.get("NO_COLOR"):
        return False
    forced = (os.environ.get(name, "") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
    return any(word not in ("", "0") for word in forced) or stream.isatty()


class InertStream(io.TextIOWrapper):
    """A stream in UTF-8 on which no text steers a terminal or commands a CI system."""

    inside_line = False

    def write(self, text: str) -> int:
        """Write a text, inert."""
        LINE.end()
        super().write(inert(text, terminal=self.isatty() or wants_colour(self), inside_line=self.inside_line))
        if text:
            self.inside_line = bool(text.rpartition("\n")[2].strip())
        return len(text)

    def write_commands(self, text: str) -> None:
        """Write lines that are commands to a CI system, as `--format github` makes them."""
        LINE.end()
        super().write(text)


def make_inert(name: str) -> None:
    """Put an inert stream in the place of `sys.stdout` or `sys.stderr`; one that somebody replaced stays."""
    stream = getattr(sys, name)
    if type(stream) is io.TextIOWrapper:
        by_line, at_once = stream.line_buffering, stream.write_through
        inert_stream = InertStream(
            stream.detach(), "utf-8", "backslashreplace", line_buffering=by_line, write_through=at_once
        )
        setattr(sys, name, inert_stream)


def write_commands(stream: TextIO, text: str) -> None:
    """Write commands to a CI system; every other text is written with `write`."""
    if isinstance(stream, InertStream):
        stream.write_commands(text)
    else:
        stream.write(text)
