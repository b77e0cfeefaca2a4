"""A review as workflow commands of GitHub Actions: each risk on the line that states what it is about.

An acknowledged risk is a notice. GitHub shows ten of each severity per step; the comment and the page have all.
"""

from __future__ import annotations

from msgspec.structs import replace

from llmstack.finding import Finding, Severity
from llmstack.report import github
from llmstack.report.mask import mask_review
from llmstack.report.options import PLAIN, Options
from llmstack.report.review_findings import Told, review_findings
from llmstack.report.verdict import judge
from llmstack.review.result import Review


def render(review: Review, options: Options = PLAIN) -> str:
    """Return a command a line: the verdict, then the findings ordered by file and line; secrets masked."""
    shown = mask_review(review)
    found = [_finding(told) for told in review_findings(shown)]
    return github.announce("review", str(judge(shown))) + github.render(found, options)


def _finding(told: Told) -> Finding:
    if told.accepted is None:
        return told.finding
    return replace(told.finding, severity=Severity.NOTE, message=f"accepted ({told.accepted}): {told.finding.message}")
