"""`learn log`: a start-up log, held against the values that the engine runs by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from llmstack.engine.measured import Measured
from llmstack.engine.start_log import LINE, Read
from llmstack.errors import FoundError, UsageError
from llmstack.finding import Finding, Place, Severity
from llmstack.fit.learned import measure
from llmstack.fit.question import ask
from llmstack.repository.environments import Environment
from llmstack.repository.read import read_environment
from llmstack.repository.snapshot import Snapshot

MOST_BYTES = 32 << 20
"""Of a log that are read: a start stands at its beginning, and takes some hundred kilobytes."""
LEAST = 64
"""Bytes that a line counts at least, so that short ones are bounded too."""


def bounded_lines(stream: BinaryIO) -> Iterator[str]:
    """Yield the lines of a log, long ones in pieces, as far as a log is read."""
    left = MOST_BYTES
    while left > 0 and (line := stream.readline(min(LINE, left))):
        left -= max(len(line), LEAST)
        yield line.decode("utf-8", "replace")


def measure_engine(
    snapshot: Snapshot, environment: Environment, name: str, read: Read, at: date | None, source: str
) -> Measured:
    """Return what a log says of one engine of the values as they are on disk.

    `at` is the day of the facts where the log does not say it better. Raises FoundError where the log holds no start
    that went well, or one of another engine; UsageError where there is no such model, or the day is not known.
    """
    reading = read_environment(snapshot, environment)
    if reading.subject is None:
        raise FoundError(reading.findings)
    stack = reading.subject.stack
    model = next((each for each in stack.models if each.name == name), None)
    if model is None:
        known = ", ".join(each.name for each in stack.models if each.name) or "none"
        raise UsageError(f"there is no model `{name}` in {environment.name}: {known}")
    day = at or read.day
    if day is None:
        raise UsageError("no timestamp of the log has a year: say its day with --at, e.g. --at 2026-11-21")
    found = measure(stack, model, ask(stack, model, reading.subject.facts), read.start, day)
    if isinstance(found, Measured):
        return found
    raise FoundError(
        [Finding("bad-log", Severity.ERROR, each.message, place=Place(source, 1), help=each.help) for each in found]
    )
