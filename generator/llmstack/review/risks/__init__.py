"""What may go wrong with a change: every risk, with its place, what to do about it, and whether it was
accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from llmstack.finding import RANK
from llmstack.review.facts import Acknowledgement
from llmstack.review.result import Risk, RiskId
from llmstack.review.risks import capacity, objects, rollouts
from llmstack.review.risks.assessment import Assessment

RISKS: Mapping[RiskId, Callable[[Assessment], Iterator[Risk]]] = {
    "gpu-shortage": capacity.shortages,
    "gpu-deadlock": capacity.deadlocks,
    "data-loss": objects.data_losses,
    "immutable-field": objects.refusals,
    "scaler-handover": rollouts.handovers,
    "outage": rollouts.outages,
    "deadline-too-short": rollouts.short_deadlines,
    "not-applied": rollouts.without_effect,
    "restart": rollouts.restarts,
}
"""One function for each kind of risk."""


def find_risks(assessment: Assessment, today: date) -> tuple[Risk, ...]:
    """Return all risks of a change, the severest first, then in the order of `RISKS` and by object.

    A risk is acknowledged by an entry that names it and its object (`Kind/name`, the name, or the model),
    up to and including the entry's day.
    """
    models = {workload.key: workload.model for workload in assessment.workloads}
    valid = [entry for entry in assessment.facts[1].acknowledgements if entry.until is None or today <= entry.until]
    found = [
        replace(risk, acknowledged=_acknowledged(risk, models.get(risk.object), valid))
        for find in RISKS.values()
        for risk in sorted(find(assessment), key=lambda risk: risk.object)
    ]
    return tuple(sorted(found, key=lambda risk: RANK[risk.severity]))


def _acknowledged(risk: Risk, model: str | None, entries: Iterable[Acknowledgement]) -> bool:
    names = {risk.object, risk.object.partition("/")[2], model}
    return any(entry.risk == risk.id and entry.object in names for entry in entries)
