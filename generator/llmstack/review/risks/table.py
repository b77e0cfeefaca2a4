"""The table of all risks; each with its place, what to do about it, and whether it was acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from llmstack.finding import RANK
from llmstack.review.facts import Acknowledgement
from llmstack.review.result import Risk
from llmstack.review.risks import (
    cold_cache,
    data_loss,
    deadline_too_short,
    engine,
    gpu_deadlock,
    gpu_shortage,
    immutable_field,
    not_applied,
    outage,
    preemption,
    requests_cut,
    restart,
    rollout_stuck,
    scaler_handover,
    unreachable,
    upgrade,
)
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import RiskKind

KINDS: tuple[RiskKind, ...] = (
    gpu_shortage,
    gpu_deadlock,
    rollout_stuck,
    preemption,
    data_loss,
    immutable_field,
    scaler_handover,
    unreachable,
    outage,
    engine,
    deadline_too_short,
    not_applied,
    upgrade,
    cold_cache,
    requests_cut,
    restart,
)
"""Every risk of this folder, in the order in which equally severe ones are told; mypy refuses a module that is no
`RiskKind`."""

RISKS: Mapping[str, RiskKind] = {kind.RISK.id: kind for kind in KINDS}
"""Every risk by its id."""


def find_risks(assessment: Assessment, today: date) -> tuple[Risk, ...]:
    """Return all risks of a change, the severest first, then in the order of `RISKS` and by object.

    A risk is acknowledged by an entry that names it and its object (`Kind/name`, the name, or the model),
    up to and including the entry's day.
    """
    models = {workload.key: workload.model for workload in assessment.workloads}
    valid = [entry for entry in assessment.facts[1].acknowledgements if entry.until is None or today <= entry.until]
    found = [
        replace(risk, acknowledged=_acknowledged(risk, models.get(risk.object), valid))
        for kind in KINDS
        for risk in sorted(kind.find(assessment), key=lambda risk: risk.object)
    ]
    return tuple(sorted(found, key=lambda risk: RANK[risk.severity]))


def _acknowledged(risk: Risk, model: str | None, entries: Iterable[Acknowledgement]) -> bool:
    names = {risk.object, risk.object.partition("/")[2], model}
    return any(entry.risk == risk.id and entry.object in names for entry in entries)
