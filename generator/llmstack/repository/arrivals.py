"""Environments that come into a cluster which was there before: their manifests stay, and all of it is new there."""

from __future__ import annotations

from dataclasses import replace

from llmstack.finding import RANK
from llmstack.repository.cases import Case
from llmstack.repository.comparison import Comparison
from llmstack.review.compare import compare
from llmstack.review.result import EnvironmentReview


def arrives(comparison: Comparison, case: Case) -> bool:
    """Whether an environment names another cluster than before, one whose folder was there: a folder that is new may
    be the former one renamed."""
    old, new = case.cluster(0), case.cluster(1)
    if old is None or new is None or old == new or "env:" in (old[:4], new[:4]):
        return False
    return bool(comparison.before.paths(f"clusters/{new}"))


def as_new(case: Case) -> Case:
    """The environment as its new cluster sees it: nothing was there before."""
    return replace(
        case,
        units=({}, case.units[1]),
        folders=({}, case.folders[1]),
        changes=compare({}, case.units[1]),
    )


def joined(left: EnvironmentReview, arrived: EnvironmentReview) -> EnvironmentReview:
    """What an environment leaves behind, and what comes of it in its new cluster, as one review."""
    risks = {(risk.id, risk.object, risk.message): risk for risk in (*left.risks, *arrived.risks)}
    return replace(
        left,
        rollouts=arrived.rollouts,
        gpus=arrived.gpus,
        timeline=arrived.timeline,
        seconds=arrived.seconds,
        risks=tuple(sorted(risks.values(), key=lambda risk: RANK[risk.severity])),
    )
