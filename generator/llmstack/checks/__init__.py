"""Checks on values and objects: one file per rule, and the table of all of them.

A rule yields findings with a route into the values; the place, the severity a user asked for, and
`# llmstack: ignore[id] reason` comments are applied here, for all rules alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import ModuleType

from llmstack.checks import mutable_tag
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Place, Severity
from llmstack.values.layers import Layers

CHECKS: dict[str, ModuleType] = {module.ID: module for module in (mutable_tag,)}
"""Every rule by its id. A rule is a module with ID, SEVERITY, a docstring that is its page, and `run(subject)`."""

_IGNORE = re.compile(r"#\s*llmstack:\s*ignore\[([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)\]\s*(\S.*)?")


def run_checks(subject: Subject) -> Iterator[Finding]:
    """Yield the findings of all rules on one environment, with places."""
    for module in CHECKS.values():
        yield from module.run(subject)


def settle(findings: Iterable[Finding], layers: Layers, levels: dict[str, str]) -> Iterator[Finding]:
    """Yield the findings that stand: placed, at the severity that `gitops.checks` gives them, ignored ones left out.

    Errors of reading (a file that cannot be understood) cannot be turned off.
    """
    for finding in findings:
        placed = finding if finding.place or finding.route is None else finding.at(layers.place(finding.route))
        level = levels.get(finding.id) if finding.id in CHECKS else None
        if level == "off" or (finding.id in CHECKS and _ignored(placed, layers)):
            continue
        yield replace(placed, severity=Severity(level)) if level else placed


def _ignored(finding: Finding, layers: Layers) -> bool:
    """Whether the finding's line, or a comment line right above it, says to ignore it, with a reason."""
    place = finding.place
    if place is None:
        return False
    text = next((layer.source.text for layer in layers.layers if layer.source.path == place.path), "")
    lines = text.split("\n")
    above = lines[place.line - 2] if place.line >= 2 else ""
    candidates = [_line(place, lines), above if above.lstrip().startswith("#") else ""]
    return any(
        finding.id in [id.strip() for id in match.group(1).split(",")] and match.group(2)
        for match in map(_IGNORE.search, candidates)
        if match
    )


def _line(place: Place, lines: list[str]) -> str:
    return lines[place.line - 1] if place.line <= len(lines) else ""
