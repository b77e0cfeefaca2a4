"""What is said of acknowledgements: those that hold no longer, that meet nothing, or that come with the risk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from llmstack.finding import Finding, Severity
from llmstack.model.reading import read_stack
from llmstack.repository.environments import read_base
from llmstack.repository.facts import acknowledgements_of
from llmstack.repository.snapshot import Snapshot
from llmstack.review.facts import Acknowledgement, Facts
from llmstack.review.result import EnvironmentReview
from llmstack.review.risks.table import RISKS, names
from llmstack.values.layers import Layers

ID = "acknowledgement"


def base_acknowledgements(snapshot: Snapshot) -> tuple[Acknowledgement, ...]:
    """Those of values/base.yaml alone: what holds for an environment that is gone."""
    source = read_base(snapshot)
    stack = read_stack([source])[1] if source is not None else None
    if stack is None:
        return ()
    return acknowledgements_of(stack.gitops.acknowledge or ())


def acknowledgement_findings(
    review: EnvironmentReview, before: Facts, after: Facts, layers: Layers | None, today: date
) -> Iterator[Finding]:
    """Notes on entries that have expired or meet no risk of this change, a warning on one that comes with its risk, and
    on one that bounds what has no amount.

    An entry that was there before and meets nothing is not told: it waits for the change that it is for.
    """
    for number, entry in enumerate(after.acknowledgements):
        met = [risk for risk in review.risks if names(entry, risk)]
        said = f"the acknowledgement of {entry.risk} at {entry.object}"
        place = layers.place(("gitops", "acknowledge", number, "risk")) if layers is not None else None
        new = entry not in before.acknowledgements
        if entry.until is not None and entry.until < today:
            yield Finding(
                ID, Severity.NOTE, f"{said} ended on {entry.until}", place=place, help="remove it, or renew it"
            )
        elif entry.up_to is not None and entry.risk in RISKS and not RISKS[entry.risk].RISK.unit:
            message = f"{said} is bounded by `upTo: {entry.up_to}`, and {entry.risk} has no amount: it accepts nothing"
            yield Finding(ID, Severity.WARNING, message, place=place, help="remove `upTo`")
        elif met and new:
            help = "have it merged first, by those who may accept the risk"
            yield Finding(
                ID, Severity.WARNING, f"{said} comes in the same change as what it accepts", place=place, help=help
            )
        elif new:
            yield Finding(
                ID, Severity.NOTE, f"{said} meets no risk of this change", place=place, help="check its names"
            )
