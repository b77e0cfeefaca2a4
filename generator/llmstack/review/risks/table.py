"""The table of all risks; each with its place, what to do about it, and whether it was acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec.structs import replace

from llmstack.finding import RANK
from llmstack.kubernetes.pods import told
from llmstack.review.facts import Acknowledgement
from llmstack.review.result import Risk
from llmstack.review.risks import (
    cold_cache,
    data_loss,
    deadline_too_short,
    drain_blocked,
    engine,
    gpu_deadlock,
    gpu_shortage,
    immutable_field,
    not_applied,
    not_judged,
    outage,
    pool_conflict,
    preemption,
    privilege,
    recipient,
    refused,
    removal,
    requests_cut,
    restart,
    rollout_stuck,
    scaler_handover,
    stale_facts,
    sync,
    unknown_capacity,
    unreachable,
    upgrade,
)
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import RiskKind

KINDS: tuple[RiskKind, ...] = (
    removal,
    sync,
    gpu_shortage,
    gpu_deadlock,
    rollout_stuck,
    not_judged,
    preemption,
    data_loss,
    immutable_field,
    refused,
    scaler_handover,
    unreachable,
    outage,
    engine,
    deadline_too_short,
    not_applied,
    privilege,
    recipient,
    pool_conflict,
    unknown_capacity,
    stale_facts,
    upgrade,
    cold_cache,
    drain_blocked,
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
    up to and including the entry's day, and up to the amount that the entry accepts.
    """
    models = {workload.key: workload.model for workload in assessment.workloads}
    models |= {f"{each.kind}/{each.name}": each.model for each in assessment.removed}
    valid = [entry for entry in assessment.facts[1].acknowledgements if entry.until is None or today <= entry.until]
    elsewhere = set(map(told, assessment.near.others))
    found = [
        acknowledge(replace(risk, model=models.get(risk.object)), valid)
        for kind in KINDS
        for risk in sorted(kind.find(assessment), key=lambda risk: risk.object)
        if risk.object not in elsewhere
    ]
    return tuple(sorted(found, key=lambda risk: RANK[risk.severity]))


def acknowledge(risk: Risk, entries: Iterable[Acknowledgement]) -> Risk:
    """The risk with what the entries say of it: the first that covers its amount, else the first that names it."""
    naming = [entry for entry in entries if names(entry, risk)]
    covering = [entry for entry in naming if covers(entry, risk)]
    if not naming:
        return risk
    entry = (covering or naming)[0]
    return replace(risk, acknowledged=bool(covering), accepted=_say_accepted(entry, risk))


def names(entry: Acknowledgement, risk: Risk) -> bool:
    """Whether an entry speaks of this risk at this object."""
    return entry.risk == risk.id and entry.object in {risk.object, risk.object.partition("/")[2], risk.model}


def covers(entry: Acknowledgement, risk: Risk) -> bool:
    """Whether the amount is within what was accepted; what has no amount is, and an unknown one is not."""
    return entry.up_to is None or (risk.amount is not None and risk.amount <= entry.up_to)


def _say_accepted(entry: Acknowledgement, risk: Risk) -> str:
    unit = RISKS[risk.id].RISK.unit
    one = unit.removesuffix("s") if entry.up_to == 1 else unit
    bound = "any amount" if entry.up_to is None else f"up to {entry.up_to} {one}".rstrip()
    until = f", until {entry.until}" if entry.until is not None else ""
    return f"{entry.reason} ({bound}{_say_grown(entry, risk, unit)}{until})"


def _say_grown(entry: Acknowledgement, risk: Risk, unit: str) -> str:
    """Why an entry that names a risk does not cover it; the empty string where it does."""
    if covers(entry, risk):
        return ""
    if not unit:
        return f", but {risk.id} has no amount that `upTo` could bound"
    return f", and now it is {risk.amount if risk.amount is not None else 'not known'}"
