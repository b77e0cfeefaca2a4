"""Pools of whose nodes too little is known: who finds room on one cannot always be judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from llmstack.review.facts import Facts, Pool
from llmstack.review.forecast import GpuPool
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import plural

UNSAID = "and `perNode` is not declared: whether one node has room cannot be judged"


def unplaced_pools(
    rows: Sequence[GpuPool], workloads: Sequence[Workload], fixed: Fixed, facts: Facts
) -> tuple[GpuPool, ...]:
    """Return the pools; of one where it cannot be judged whether a node has room nobody says that rollouts finish: the
    size of its nodes is not declared, or what is known of them is not settled (`Facts.is_unsettled`)."""
    moving = {workload.new.pool for workload in workloads if workload.new is not None}
    learned = {(pool.name, pool.resource) for pool in facts.pools if pool.groups} if facts.is_unsettled else set()
    doubtful = moving & learned
    return tuple(
        replace(row, deadlock=None, certain=None)
        if row.deadlock is False
        and ((row.pool, row.resource) in doubtful or why_unplaced(row, workloads, fixed, facts.pools))
        else row
        for row in rows
    )


def why_unplaced(row: GpuPool, workloads: Sequence[Workload], fixed: Fixed, pools: Iterable[Pool]) -> str | None:
    """Why it cannot be judged whether the pods of a pool find a node with room; None where it can, or they do not."""
    key: PoolKey = (row.pool, row.resource)
    pool = next((pool for pool in pools if (pool.name, pool.resource) == key), None)
    if pool is None or pool.per_node is not None or row.deadlock:
        return None
    return _sizes_that_come(key, workloads, fixed) if row.peak > row.before else _mingled(key, workloads)


def _sizes_that_come(key: PoolKey, workloads: Iterable[Workload], fixed: Fixed) -> str | None:
    """What is said of a pool that lends more GPUs than before."""
    coming = [
        gpus
        for workload in workloads
        if workload.new is not None and workload.new.pool == key and workload.after
        for gpus in workload.new.gpus
    ]
    sizes = {*coming, *(gpus for gpus, number in fixed.get(key, {}).items() if number)}
    if len(sizes) > 1:
        return f"by pods of several sizes, {UNSAID}"
    odd = [plural(gpus, "GPU") for gpus in sizes if gpus & (gpus - 1)]
    if odd:
        return f"by pods of {odd[0]}, and `perNode` is not declared: how many of them a node holds cannot be judged"
    return None


def _mingled(key: PoolKey, workloads: Iterable[Workload]) -> str | None:
    """What is said of a pool of nodes of unknown size that lends no more GPUs than before: pods that come find the
    places that pods of their size leave, unless smaller ones come, or leave theirs, beside them."""
    coming, leaving = set[int](), set[int]()
    for workload in workloads:
        replaces = workload.move == "restart"
        if workload.new is not None and workload.new.pool == key and (replaces or workload.after > workload.before):
            coming |= set(workload.new.gpus)
        if workload.old is not None and workload.old.pool == key and (replaces or workload.after < workload.before):
            leaving |= set(workload.old.gpus)
    if coming and max(coming) > min(coming | leaving):
        return f"pods of several sizes change places, {UNSAID}"
    return None
