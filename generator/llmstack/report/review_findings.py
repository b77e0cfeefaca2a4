"""A review as findings: each risk at its place, beside the findings that the review has itself."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from llmstack.finding import Finding, Place, Severity
from llmstack.report.risks import NAMES
from llmstack.review.result import Review, Risk
from llmstack.review.wording import listed


class Told(Struct, frozen=True):
    """One finding; `accepted` is why somebody accepted the risk that it is, None where nobody did."""

    finding: Finding
    accepted: str | None = None


def review_findings(review: Review) -> Iterator[Told]:
    """Yield the risks of a masked review as findings, environment by environment, then its findings; a risk's place is
    None where no file states it."""
    for names, risk in review.all_risks():
        message = f"{risk.object} in {listed(names, NAMES)}: {risk.message}"
        finding = Finding(risk.id, Severity(risk.severity), message, place=_place(risk), help=risk.advice or None)
        yield Told(finding, (risk.accepted or "acknowledged") if risk.acknowledged else None)
    for _, environment in sorted(review.environments.items()):
        yield from map(Told, environment.findings)


def _place(risk: Risk) -> Place | None:
    """`values/prod.yaml:12` as a place: the whole line."""
    path, _, line = (risk.place or "").rpartition(":")
    return Place(path, int(line), 0, 0) if path and line.isdecimal() else None
