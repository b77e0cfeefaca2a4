"""Findings as SARIF 2.1.0, for code scanning.

Source of every property: https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html (section in
brackets).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from llmstack import about
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
    return render_log(ids, [result_of(finding, ids.index(finding.id)) for finding in ordered], options)


def render_log(
    ids: Sequence[str],
    results: Sequence[Mapping[str, Any]],
    options: Options,
    notifications: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return a log with one run of rules `ids`; `notifications` are what the run has to say beside its results."""
    rules = [_rule(id, options) for id in ids]
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "llmstack", "version": options.version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
    }
    if notifications:
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": list(notifications)}]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run | {"results": list(results)}]}
    return inert_json(json.dumps(log, indent=2, ensure_ascii=False)) + "\n"


def _rule(id: str, options: Options) -> dict[str, Any]:
    """A reporting descriptor (3.49); without a page it has its id alone, and no address (3.49.12) where llmstack has
    none."""
    page = options.pages.get(id)
    title, _, rest = (page.text if page is not None else "").strip().partition("\n\n")
    if page is None or not title:
        return {"id": id}
    title = " ".join(title.split())
    text = rest.strip() or title
    uri = about.address(page.document, id, options.home)
    return {
        "id": id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": " ".join(rest.partition("\n\n")[0].split()) or title},
        **({"helpUri": uri} if uri else {}),
        "help": {"text": text, "markdown": text},
    }


def result_of(finding: Finding, rule: int) -> dict[str, Any]:
    """Return a result (3.27); one without a place has no location."""
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
        region = {"startLine": place.line}
        if place.column:
            ends = place.column + max(1, place.width)
            region |= {"startColumn": place.column, "endLine": place.line, "endColumn": ends}
        uri = quote(place.path.replace("\\", "/"), safe="/")
        location["physicalLocation"] = {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": region,
        }
    if finding.route:
        location["logicalLocations"] = [{"fullyQualifiedName": show_route(finding.route), "kind": "member"}]
    return {**result, "locations": [location]} if location else result
