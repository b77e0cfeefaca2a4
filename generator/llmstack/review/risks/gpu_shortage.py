"""The pods need more GPUs after the change than a pool has.

Why it matters: the pods that find no GPU stay Pending, the rollout never finishes, and the sync tool reports a
failure when its timeout is over. Models that run already keep running.

How it is judged: the GPUs that all workloads of the pool request after the change are added up (of a workload that a
scaler owns, those of its least number of replicas) and compared with `gitops.capacity`. A pool with `perNode` is
filled node by node, because a pod gets its GPUs on one node: pods of 5 GPUs fit once on a node of 8. Pools without a
declared capacity are not judged.

Fix: follow the advice: it gives the number of GPUs that are missing, or the number of replicas that fit. If the
cluster has more GPUs than `gitops.capacity` says, correct it there.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.facts import Pool
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.risks.pools import affected_pools
from llmstack.review.rollout.advice import fit_goal, sum_after
from llmstack.review.wording import plural

RISK = Declaration("gpu-shortage", Severity.ERROR)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Pools that hold less than the change asks for: a risk at each workload that asks for more."""
    for pool, verdict in affected_pools(assessment):
        if verdict.shortage:
            needed = sum_after(assessment, pool)
            advice = fit_goal(assessment, pool, needed - pool.count)
            for key in sorted(verdict.stuck) or [f"Pool/{pool.name}"]:
                yield RISK.at(assessment, key, _message(pool, needed), advice)


def _message(pool: Pool, needed: int) -> str:
    message = f"after the change the pods need {plural(needed, 'GPU')} in pool `{pool.name}`, which has {pool.count}"
    if needed > pool.count:
        return message
    return f"{message} on nodes of {pool.per_node}: the pods do not fit on these nodes"
