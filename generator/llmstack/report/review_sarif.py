"""A review as SARIF 2.1.0, for code scanning: risks and findings with a place, each rule with its page.

An acknowledged risk is a suppressed result (3.27.23, 3.35). What has no place is no result, as code scanning takes
none without a location: it is a notification of the run (3.20.21).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmstack.report import sarif
from llmstack.report.mask import mask_review
from llmstack.report.options import PLAIN, Options
from llmstack.report.review_findings import Told, review_findings
from llmstack.review.result import Review


def render(review: Review, options: Options = PLAIN) -> str:
    """Return a log with one run; secrets masked."""
    told = list(review_findings(mask_review(review)))
    placed = sorted((each for each in told if each.finding.place is not None), key=_order)
    ids = sorted({each.finding.id for each in told})
    results = [_result(each, ids) for each in dict.fromkeys(placed)]
    beside = [_notification(each, ids) for each in told if each.finding.place is None]
    return sarif.render_log(ids, results, options, beside)


def _order(told: Told) -> tuple[str, int, str, str]:
    place = told.finding.place
    assert place is not None
    return place.path, place.line, told.finding.id, told.finding.message


def _result(told: Told, ids: Sequence[str]) -> dict[str, Any]:
    result = sarif.result_of(told.finding, ids.index(told.finding.id))
    if told.accepted is None:
        return result
    return result | {"suppressions": [{"kind": "external", "status": "accepted", "justification": told.accepted}]}


def _notification(told: Told, ids: Sequence[str]) -> dict[str, Any]:
    """(3.58)"""
    result = sarif.result_of(told.finding, ids.index(told.finding.id))
    rule = {"id": result["ruleId"], "index": result["ruleIndex"]}
    return {"associatedRule": rule, "level": result["level"], "message": result["message"]}
