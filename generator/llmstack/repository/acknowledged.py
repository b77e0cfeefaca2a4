"""What is said of acknowledgements: those that hold no longer, that meet nothing, or that come with the risk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from llmstack.finding import Finding, Severity
from llmstack.model.reading import read_stack
from llmstack.repository.environments import read_base
from llmstack.repository.facts import read_acknowledgements
from llmstack.repository.snapshot import Snapshot
from llmstack.review.facts import Acknowledgement, Facts
from llmstack.review.result import EnvironmentReview, Risk
from llmstack.values.layers import Layers

ID = "acknowledgement"


def base_acknowledgements(snapshot: Snapshot) -> tuple[Acknowledgement, ...]:
    """Those of values/base.yaml alone: what holds for an environment that is gone."""
    source = read_base(snapshot)
    stack = read_stack([source])[1] if source is not None else None
    return read_acknowledgements(stack) if stack is not None else ()


def acknowledgement_findings(
    review: EnvironmentReview, before: Facts, after: Facts, layers: Layers | None, today: date
) -> Iterator[Finding]:
    """Notes on entries that have expired or meet no risk of this change, a warning on one that comes with its risk.

    An entry that was there before and meets nothing is not told: it waits for the change that it is for.
    """
    for number, entry in enumerate(after.acknowledgements):
        met = [risk for risk in review.risks if entry.risk == risk.id and _names(entry, risk)]
        said = f"the acknowledgement of {entry.risk} at {entry.object}"
        place = layers.place(("gitops", "acknowledge", number, "risk")) if layers is not None else None
        new = entry not in before.acknowledgements
        if entry.until is not None and entry.until < today:
            yield Finding(
                ID, Severity.NOTE, f"{said} ended on {entry.until}", place=place, help="remove it, or renew it"
            )
        elif met and new:
            help = "have it merged first, by those who may accept the risk"
            yield Finding(
                ID, Severity.WARNING, f"{said} comes in the same change as what it accepts", place=place, help=help
            )
        elif new:
            yield Finding(
                ID, Severity.NOTE, f"{said} meets no risk of this change", place=place, help="check its names"
            )


def _names(entry: Acknowledgement, risk: Risk) -> bool:
    return entry.object in {risk.object, risk.object.partition("/")[2]} or entry.object in risk.object
