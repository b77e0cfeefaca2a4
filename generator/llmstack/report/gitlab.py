"""Findings as GitLab's Code Quality reads them, which shows them on the lines of a merge request.

Form: https://docs.gitlab.com/ci/testing/code_quality/, "Code Quality report format". A finding that GitLab has seen
before is known by its fingerprint, so that a line that moves is not a new finding.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence

from llmstack.finding import Finding, Severity, sort_findings
from llmstack.report.mask import mask_finding
from llmstack.report.options import PLAIN, Options

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def render(findings: Sequence[Finding], options: Options = PLAIN) -> str:
    """Return a JSON list with an item for each finding, ordered by file and line; one without a place is about the
    root."""
    seen: Counter[str] = Counter()
    items = [_item(mask_finding(finding), seen) for finding in sort_findings(findings)]
    return json.dumps(items, indent=2, ensure_ascii=False) + "\n"


def _item(finding: Finding, seen: Counter[str]) -> dict[str, object]:
    place = finding.place
    path, line = (place.path, place.line) if place is not None else (".", 1)
    identity = f"{finding.id}\0{path}\0{finding.message}"
    seen[identity] += 1
    return {
        "description": f"{finding.message}\n{finding.help}" if finding.help else finding.message,
        "check_name": finding.id,
        "fingerprint": hashlib.sha256(f"{identity}\0{seen[identity]}".encode()).hexdigest(),
        "severity": SEVERITIES[finding.severity],
        "location": {"path": path, "lines": {"begin": line}},
    }
