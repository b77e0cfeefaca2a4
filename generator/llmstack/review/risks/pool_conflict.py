"""Environments of one cluster say different things of one GPU pool.

Why it matters: the size of a pool is the size of the pool, not of an environment's share: nothing enforces a share.
Where two files give two sizes, one is wrong, and so is every answer about GPUs that is made with it.

How it is judged: environments with the same `gitops.sync.cluster` declare a pool of one name and resource with another
`count`, `perNode` or `price`, or its price in another `gitops.currency`; or two pools of different names whose node
selectors can match the same nodes. The review takes the largest size, and says nothing of cost where prices differ.
Told where the change touches the pool, or its declaration.

Fix: state the pool once, in values/base.yaml, with its whole size; or give pools of different nodes selectors that rule
each other out. ResourceQuota enforces a share.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("pool-conflict", Severity.WARNING)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Conflicts of pools that come with the change, or that a rollout or a changed declaration of it touches."""
    moving = {
        template.pool
        for workload in assessment.workloads
        for template in (workload.old, workload.new)
        if template is not None and template.pool is not None
    }
    before = {(pool.name, pool.resource): pool for pool in assessment.facts[0].pools}
    changed = {
        (pool.name, pool.resource)
        for pool in assessment.facts[1].pools
        if before.get((pool.name, pool.resource)) != pool
    }
    for conflict in assessment.near.conflicts:
        if conflict.is_new or (conflict.pool, conflict.resource) in moving | changed:
            advice = "State each pool once, with its whole size, in values/base.yaml."
            yield RISK.at(f"Pool/{conflict.pool}", conflict.message, advice)
