"""Risks of scarce GPUs: a goal that does not fit, and rollouts that cannot get there."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.facts import Pool
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.rollout.advice import fit_goal, sum_after, way_through
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import plural


def shortages(assessment: Assessment) -> Iterator[Risk]:
    """Pools that hold less than the goal asks for: an error at each workload that asks for more."""
    for pool, verdict in _affected(assessment):
        if verdict.shortage:
            goal = sum_after(assessment, pool)
            message = f"the goal needs {plural(goal, 'GPU')} of pool `{pool.name}`, which has {pool.count}"
            if goal <= pool.count:
                message = (
                    f"the goal needs {plural(goal, 'GPU')} of pool `{pool.name}`, which has {pool.count}, "
                    f"but not on nodes of {pool.per_node}: the pods cannot be placed"
                )
            advice = fit_goal(assessment, pool, goal - pool.count)
            for key in sorted(verdict.stuck) or [f"Pool/{pool.name}"]:
                yield assessment.risk("gpu-shortage", Severity.ERROR, key, message, advice)


def deadlocks(assessment: Assessment) -> Iterator[Risk]:
    """Pools whose goal fits while the way there does not: at each workload that hangs, or may."""
    for pool, verdict in _affected(assessment):
        if verdict.deadlock and not verdict.shortage:
            advice = way_through(assessment, pool, verdict)
            for workload in assessment.workloads:
                if workload.key in verdict.stuck:
                    severity = Severity.ERROR if verdict.certain else Severity.WARNING
                    message = _message(assessment, pool, verdict, workload)
                    yield assessment.risk("gpu-deadlock", severity, workload.key, message, advice)


def _affected(assessment: Assessment) -> Iterator[tuple[Pool, Verdict]]:
    """Declared pools that a rollout or a new capacity touches."""
    moving = {key for workload in assessment.workloads for key in _pools(workload)}
    for pool in assessment.facts[1].pools:
        key = (pool.name, pool.resource)
        if key in assessment.verdicts and (key in moving or pool not in assessment.facts[0].pools):
            yield pool, assessment.verdicts[key]


def _pools(workload: Workload) -> set[PoolKey]:
    return {
        template.pool for template in (workload.old, workload.new) if template is not None and template.pool is not None
    }


def _message(assessment: Assessment, pool: Pool, verdict: Verdict, workload: Workload) -> str:
    spare = pool.count - sum_after(assessment, pool)
    size = workload.new.total if workload.new is not None else 0
    needs = plural(size, "GPU")
    free = f"the goal leaves {spare} of {pool.count} GPUs of pool `{pool.name}` free"
    if workload.held_up:
        cause = (
            f"a new replica ({needs}) must be ready before an old one goes (maxSurge {workload.surge}, "
            f"maxUnavailable 0), and {free}{', maybe on no node enough' if size <= spare else ''}"
        )
    else:
        cause = f"a replica ({needs}) may find no room in pool `{pool.name}` while others take what is freed"
    return f"the rollout {'never finishes' if verdict.certain else 'may never finish'}: {cause}"
