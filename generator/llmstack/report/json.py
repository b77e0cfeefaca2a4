"""Findings as JSON, for programs. Its schema is `schema/findings.schema.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmstack.finding import Finding, show_route, sort_findings, tally
from llmstack.report.inert import inert_json
from llmstack.report.mask import mask_finding
from llmstack.report.options import PLAIN, Options


def render(findings: Sequence[Finding], options: Options = PLAIN) -> str:
    """Return `{"findings": […], "tally": {"error": 0, "warning": 0, "note": 0}}`, ordered by file and line.

    `line`, `column` and `width` count characters from 1; `path` and they are null where a finding has no
    place. Source lines are not part of it.
    """
    counts = {str(severity): count for severity, count in tally(findings).items()}
    content = {"findings": [finding_data(finding) for finding in sort_findings(findings)], "tally": counts}
    return inert_json(json.dumps(content, indent=2, ensure_ascii=False)) + "\n"


def finding_data(finding: Finding) -> Mapping[str, Any]:
    """One finding as it stands in every JSON report."""
    shown = mask_finding(finding)
    place = shown.place
    return {
        "id": shown.id,
        "severity": str(shown.severity),
        "message": shown.message,
        "path": place.path if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "width": place.width if place else None,
        "key": show_route(shown.route) if shown.route else None,
        "help": shown.help,
    }
