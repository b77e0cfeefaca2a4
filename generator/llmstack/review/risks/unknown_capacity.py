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
from llmstack.review.facts import Pool
from llmstack.review.result import GpuPool, Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.wording import plural

UNSAID = "and `perNode` is not declared: whether one node has room cannot be judged"

RISK = Declaration("unknown-capacity", Severity.WARNING, unit="GPUs")


def find(assessment: Assessment) -> Iterator[Risk]:
    """Pools whose peak exceeds what ran before, where that cannot be judged."""
    declared: dict[PoolKey, Pool] = {(pool.name, pool.resource): pool for pool in assessment.facts[1].pools}
    for row in assessment.gpus:
        if not _is_own(assessment, row):
            continue
        more, pool = max(0, row.peak - row.before), declared.get((row.pool, row.resource))
        said = _unknown(assessment, row, pool) if more else _mingled(assessment, row, pool)
        if said is not None:
            needs = f"the change needs {plural(more, 'GPU')} beyond the {row.before} that run now"
            message = f"{needs}, {said}" if more else said
            advice = "Declare the pool in gitops.capacity, with count and perNode, and say it with `gitops.pool`."
            yield RISK.at(assessment, f"Pool/{row.pool or row.resource}", message, advice, amount=more)


def _unknown(assessment: Assessment, row: GpuPool, pool: Pool | None) -> str | None:
    of_kind = [each.name for each in assessment.facts[1].pools if each.resource == row.resource]
    if row.capacity is None and row.pool is None and of_kind:
        return f"and which of the declared pools ({', '.join(of_kind)}) they are in cannot be told"
    if row.capacity is None:
        return "and the size of their pool is not declared: whether they are there cannot be judged"
    if pool is None or pool.per_node is not None or row.deadlock:
        return None
    sizes = _sizes(assessment, row)
    if len(sizes) > 1:
        return f"by pods of several sizes, {UNSAID}"
    if any(gpus & (gpus - 1) for gpus in sizes):
        odd = plural(max(sizes), "GPU")
        return f"by pods of {odd}, and `perNode` is not declared: how many of them a node holds cannot be judged"
    return None


def _mingled(assessment: Assessment, row: GpuPool, pool: Pool | None) -> str | None:
    """What is said of a pool of nodes of unknown size that lends no more GPUs than before: pods that come find the
    places that pods of their size leave, unless smaller ones come, or leave theirs, beside them."""
    if pool is None or pool.per_node is not None or row.deadlock:
        return None
    key: PoolKey = (row.pool, row.resource)
    coming, leaving = set[int](), set[int]()
    for workload in assessment.workloads:
        replaces = workload.move == "restart"
        if workload.new is not None and workload.new.pool == key and (replaces or workload.after > workload.before):
            coming |= set(workload.new.gpus)
        if workload.old is not None and workload.old.pool == key and (replaces or workload.after < workload.before):
            leaving |= set(workload.old.gpus)
    if coming and max(coming) > min(coming | leaving):
        return f"pods of several sizes change places, {UNSAID}"
    return None


def _sizes(assessment: Assessment, row: GpuPool) -> set[int]:
    """How many GPUs the pods of a pool take, each, after the change."""
    key: PoolKey = (row.pool, row.resource)
    coming = [
        gpus
        for workload in assessment.workloads
        if workload.new is not None and workload.new.pool == key and workload.after
        for gpus in workload.new.gpus
    ]
    return {*coming, *(gpus for gpus, number in assessment.fixed.get(key, {}).items() if number)}


def _is_own(assessment: Assessment, row: GpuPool) -> bool:
    """Whether this environment's own change touches the pool."""
    return any(
        template is not None and template.pool == (row.pool, row.resource)
        for workload in assessment.workloads
        if workload.identity not in assessment.near.others
        for template in (workload.old, workload.new)
    )
