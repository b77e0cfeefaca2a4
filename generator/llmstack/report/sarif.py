"""Findings as SARIF 2.1.0, for code scanning.

Source of every property: https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html (section in
brackets).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from llmstack.finding import Finding, Severity, show_route, sort_findings
from llmstack.report.inert import inert_json
from llmstack.report.mask import mask_finding
from llmstack.report.options import PLAIN, Options

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
"""(3.27.10)"""


def render(findings: Sequence[Finding], options: Options = PLAIN) -> str:
    """Return a log with one run. Its rules are the checks that found something, with their pages from
    `options.pages`.

    Columns count Unicode code points (3.14.17). There are no snippets, so no line that may hold a secret.
    """
    ordered = [mask_finding(finding) for finding in sort_findings(findings)]
    ids = sorted({finding.id for finding in ordered})
    driver = {
        "name": "llmstack",
        "version": options.version,
        "rules": [_rule(id, options.pages) for id in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, ids.index(finding.id)) for finding in ordered],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return inert_json(json.dumps(log, indent=2, ensure_ascii=False)) + "\n"


def _rule(id: str, pages: Mapping[str, str]) -> dict[str, Any]:
    """A reporting descriptor (3.49); without a page it has its id alone."""
    title, _, rest = pages.get(id, "").strip().partition("\n\n")
    if not title:
        return {"id": id}
    title = " ".join(title.split())
    text = rest.strip() or title
    return {
        "id": id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        "help": {"text": text, "markdown": text},
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    """A result (3.27); one without a place has no location."""
    text = f"{finding.message}\n{finding.help}" if finding.help else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": text},
    }
    location: dict[str, Any] = {}
    if finding.place is not None:
        place = finding.place
        region = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.line,
            "endColumn": place.column + max(1, place.width),
        }
        uri = quote(place.path.replace("\\", "/"), safe="/")
        location["physicalLocation"] = {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": region,
        }
    if finding.route:
        location["logicalLocations"] = [{"fullyQualifiedName": show_route(finding.route), "kind": "member"}]
    return {**result, "locations": [location]} if location else result
