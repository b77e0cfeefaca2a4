"""Which declared pools a change touches."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.review.facts import Pool
from llmstack.review.risks.assessment import Assessment
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.workload import Workload


def affected_pools(assessment: Assessment) -> Iterator[tuple[Pool, Verdict]]:
    """Declared pools that a rollout or a new capacity touches."""
    moving = {key for workload in _all(assessment) for key in _pools(workload)}
    for pool in assessment.facts[1].pools:
        key = (pool.name, pool.resource)
        if key in assessment.least.verdicts and (key in moving or pool not in assessment.facts[0].pools):
            yield pool, assessment.least.verdicts[key]


def _pools(workload: Workload) -> set[PoolKey]:
    templates = [template for template in (workload.old, workload.new) if template is not None]
    own = {template.pool for template in templates if template.pool is not None}
    return own | {pool for template in templates for pool, _ in template.beside}


def _all(assessment: Assessment) -> tuple[Workload, ...]:
    """What moves with scalers at their least, and at their most."""
    return assessment.workloads + (assessment.most.workloads if assessment.most is not None else ())
