"""A change needs more GPUs than run now, and nobody says how many there are.

Why it matters: without the size of a pool nothing can be said of shortage or deadlock: the rollout may wait for ever.

How it is judged: GPUs of a pool without `gitops.capacity` whose peak is above what ran before, be it by one pod; or of
a pool without `perNode`, in which pods of several sizes come and stay, or of a size that does not divide the GPUs of
usual nodes (3, 5, 6), and which needs a place that it did not need before: whether any one node has room is not known.
A rollout that needs no more GPUs than run now does so too where its larger pods may find smaller ones in their place.
Its amount is the number of GPUs beyond those that run now.

Fix: declare the pool with its size: `gitops.capacity: [{pool: h100, count: 16, perNode: 8}]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.replicas import specs_of_replica
from llmstack.review.forecast import GpuPool
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.placement import pools_allowed
from llmstack.review.rollout.unplaced import why_unplaced
from llmstack.review.wording import plural

RISK = Declaration("unknown-capacity", Severity.WARNING, unit="GPUs")


def find(assessment: Assessment) -> Iterator[Risk]:
    """Pools whose peak exceeds what ran before, where that cannot be judged."""
    for row in assessment.gpus:
        if not _is_own(assessment, row):
            continue
        more = max(0, row.peak - row.before)
        said = _unknown(assessment, row) if more else None
        said = said or why_unplaced(row, assessment.workloads, assessment.least.fixed, assessment.facts[1].pools)
        if said is not None:
            needs = f"the change needs {plural(more, 'GPU')} beyond the {row.before} that run now"
            message = f"{needs}, {said}" if more else said
            advice = "Declare the pool in gitops.capacity, with count and perNode, and say it with `gitops.pool`."
            yield RISK.at(f"Pool/{row.pool or row.resource}", message, advice, amount=more)


def _unknown(assessment: Assessment, row: GpuPool) -> str | None:
    of_kind = [each.name for each in assessment.facts[1].pools if each.resource == row.resource]
    if row.capacity is not None:
        return None
    if row.pool is None and of_kind:
        names = ", ".join(of_kind)
        if _is_elsewhere(assessment, row):
            return f"and none of the declared pools ({names}) has their nodes: whether they are there cannot be judged"
        return f"and which of the declared pools ({names}) they are in cannot be told"
    return "and the size of their pool is not declared: whether they are there cannot be judged"


def _is_elsewhere(assessment: Assessment, row: GpuPool) -> bool:
    """Whether the pods that come rule out the nodes of every declared pool."""
    pools = [pool for pool in assessment.facts[1].pools if pool.resource == row.resource]
    coming = {each.identity for each in assessment.workloads if each.new and each.new.pool == (row.pool, row.resource)}
    there = [change.after for change in assessment.changes if change.identity in coming and change.after is not None]
    pods = [pod for obj in there for pod, _ in specs_of_replica(obj)]
    return len(there) == len(coming) and not any(pools_allowed(pod, pools) for pod in pods)


def _is_own(assessment: Assessment, row: GpuPool) -> bool:
    """Whether this environment's own change touches the pool."""
    return any(
        template is not None and template.pool == (row.pool, row.resource)
        for workload in assessment.workloads
        if workload.identity not in assessment.near.others
        for template in (workload.old, workload.new)
    )
