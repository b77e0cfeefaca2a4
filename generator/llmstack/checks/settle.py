"""Which findings stand: the place, the severity that a user asked for, and `# llmstack: ignore[id] reason` comments are
applied here, for all rules alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from llmstack.checks.rules import plaintext_secret
from llmstack.checks.table import ALWAYS, CHECKS, FOUNDATIONS
from llmstack.finding import Finding, Severity
from llmstack.secrecy.lines import line_may_hold_secret
from llmstack.values.layers import Layers
from llmstack.values.nodes import Source

_IGNORE = re.compile(r"#\s*llmstack:\s*ignore\[([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)\][ \t]*(\S.*)?")


def settle(findings: Iterable[Finding], layers: Layers, levels: dict[str, str]) -> Iterator[Finding]:
    """Yield the findings that stand: placed, at the severity that `gitops.checks` gives them, ignored ones
    left out.

    Errors of reading (a file that cannot be understood) cannot be turned off.
    """
    sources = {layer.source.path: layer.source for layer in layers.layers if "llmstack:" in layer.source.text}
    stood: list[Finding] = []
    for finding in findings:
        placed = finding if finding.place or finding.route is None else finding.at(layers.place(finding.route))
        level = levels.get(finding.id) if finding.id in CHECKS and finding.id not in ALWAYS else None
        if level == "off":
            continue
        reason = _ignored(placed, sources) if finding.id in CHECKS and finding.id not in FOUNDATIONS else None
        if reason:
            continue
        if reason == "":
            help = f"`# llmstack: ignore[{finding.id}]` needs a reason after it" + (
                f"; {placed.help}" if placed.help else ""
            )
            placed = replace(placed, help=help)
        stood.append(replace(placed, severity=Severity(level)) if level else placed)
    yield from _hide_secrets(stood)


def _hide_secrets(findings: list[Finding]) -> Iterator[Finding]:
    """Mark every finding on a line that holds a secret, whatever it is about: reports leave the text out."""
    lines = {(f.place.path, f.place.line) for f in findings if f.id == plaintext_secret.RULE.id and f.place is not None}
    for finding in findings:
        place = finding.place
        if place is None or finding.secret or not place.source_line:
            yield finding
        else:
            holds = (place.path, place.line) in lines or line_may_hold_secret(place.source_line)
            yield replace(finding, secret=True) if holds else finding


def _ignored(finding: Finding, sources: dict[str, Source]) -> str | None:
    """The reason that the finding's line, or a comment line right above it, gives to ignore it.

    None where nothing says so, empty where the reason is missing.
    """
    place = finding.place
    source = sources.get(place.path) if place is not None else None
    if place is None or source is None:
        return None
    above = source.lines[place.line - 2] if 2 <= place.line <= len(source.lines) + 1 else ""
    own = source.lines[place.line - 1] if place.line <= len(source.lines) else ""
    for line in (own, above if above.lstrip().startswith("#") else ""):
        for id, reason in ignored_in(line):
            if id == finding.id:
                return reason
    return None


def ignored_in(line: str) -> Iterator[tuple[str, str]]:
    """Yield the checks that the comments of a line ignore, each with the reason, empty where that is missing."""
    for match in _IGNORE.finditer(line):
        for id in match.group(1).split(","):
            yield id.strip(), (match.group(2) or "").strip()
