"""What llmstack has to say about its input: findings, each with an id, a severity and a place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

Route = tuple[str | int, ...]
"""A symbolic place: the keys and list indices that lead to a value, from the root of the values."""


class Severity(StrEnum):
    """How bad a finding is; errors stop generation, warnings do so with `--strict`."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


class Place(Struct, frozen=True):
    """A stretch of one line of a file: 1-based line and column, width in characters; column 0 is the whole line."""

    path: str
    line: int = 1
    column: int = 1
    width: int = 1
    source_line: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Finding(Struct, frozen=True):
    """One thing to tell the user.

    `route` is where in the values it is; `place` is filled in from it by whoever knows the files.
    A finding on generated objects has a place without a line in the values.
    """

    id: str
    severity: Severity
    message: str
    route: Route | None = None
    place: Place | None = None
    help: str | None = None
    secret: bool = False
    """The line at `place` may hold a secret: reports leave its text out."""

    def at(self, place: Place | None) -> Finding:
        """This finding with its place filled in."""
        return replace(self, place=place)


def has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """By file, line and column, then by severity and id; each finding once."""

    def key(finding: Finding) -> tuple[str, int, int, int, str, str]:
        place = finding.place or Place("", 0, 0)
        return place.path, place.line, place.column, RANK[finding.severity], finding.id, finding.message

    return sorted(set(findings), key=key)


def tally(findings: Iterable[Finding]) -> Mapping[Severity, int]:
    """How many findings there are of each severity."""
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts


def at_route(data: Any, route: Route) -> Any:
    """The value at a route; None where it leads nowhere."""
    for step in route:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def show_route(route: Route) -> str:
    """`("modelSpec", 0, "tag")` as people write it: `modelSpec[0].tag`."""
    text = ""
    for step in route:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "").replace("-", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text
