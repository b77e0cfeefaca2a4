"""GPUs of each pool: before, after, at the peak, over time, and whether the rollouts can finish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence

from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity, Object, identity_of
from llmstack.review.facts import Facts, Pool
from llmstack.review.forecast import Demand, GpuPool
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.placement import Fixed, PoolKey, gpus_in
from llmstack.review.rollout.simulate import Run
from llmstack.review.rollout.template import Template, template_of
from llmstack.review.rollout.workload import Workload


def account(
    workloads: Sequence[Workload],
    pools: Sequence[Pool],
    fixed: Fixed,
    run: Run,
    verdicts: Mapping[PoolKey, Verdict],
    left_out: Container[Identity] = (),
) -> tuple[GpuPool, ...]:
    """Return a row for each declared pool, in the order of the values, then for each other that GPUs are
    taken from.

    `fixed` are the pods that stay, `run` is what the rollouts do, but for those `left_out`, whose pods
    count with the most there may be, and whose pools have no curve. The peak counts bound and pending pods.
    """
    before, after = sums(workloads)
    beside = _most_of([workload for workload in workloads if workload.identity in left_out])
    keys: dict[PoolKey, None] = dict.fromkeys((pool.name, pool.resource) for pool in pools)
    keys |= dict.fromkeys(sorted({*fixed, *before, *after}, key=str))
    capacity: dict[PoolKey, int] = {(pool.name, pool.resource): pool.count for pool in pools}
    others = pools_beside(workloads)
    rows = []
    for key in keys:
        stays = gpus_in(fixed, key)
        verdict = verdicts.get(key)
        ends = stays + before.get(key, 0), stays + after.get(key, 0)
        most = stays + run.peaks.get(key, 0) + beside.get(key, 0)
        if key in others:
            most = stays + most_beside(workloads, key)
        rows.append(
            GpuPool(
                pool=key[0],
                resource=key[1],
                capacity=capacity.get(key),
                before=ends[0],
                after=ends[1],
                peak=max(*ends, most),
                deadlock=verdict.deadlock if verdict is not None else None,
                certain=verdict.certain if verdict is not None else None,
                demand=() if key in beside or key in others else over_time(run, key, fixed),
            )
        )
    return tuple(rows)


def over_time(run: Run, pool: PoolKey, fixed: Fixed) -> tuple[Demand, ...]:
    """Return what a run asks of a pool over time, `fixed` being the pods that stay."""
    stays = gpus_in(fixed, pool)
    return tuple(replace(each, bound=stays + each.bound) for each in run.demand.get(pool, ()))


def goal_of(workloads: Iterable[Workload], fixed: Fixed) -> Counter[PoolKey]:
    """The GPUs that the goal takes of each pool, `fixed` being the pods that stay; 0 of those that are not in it."""
    found = Counter({pool: gpus_in(fixed, pool) for pool in fixed})
    for workload in workloads:
        for template, replicas in workload.goal:
            for pool in _pools_of(template):
                found[pool] += replicas * taken_of(template, pool)
    return found


def _pools_of(template: Template) -> set[PoolKey]:
    """The pools that a replica takes GPUs of."""
    own = {template.pool} if template.pool is not None else set()
    return own | {pool for pool, _ in template.beside}


def taken_of(template: Template, pool: PoolKey) -> int:
    """The GPUs of a pool that a replica takes."""
    own = template.total if template.pool == pool else 0
    return own + sum(gpus for other, gpus in template.beside if other == pool)


def pools_beside(workloads: Iterable[Workload]) -> set[PoolKey]:
    """The pools of which workloads take GPUs beside those that are played."""
    templates = (template for workload in workloads for template in (workload.old, workload.new) if template)
    return {pool for template in templates for pool, _ in template.beside}


def asking_beside(workloads: Iterable[Workload], pool: PoolKey) -> frozenset[Identity]:
    """The workloads that take GPUs of a pool after the change."""
    return frozenset(
        workload.identity
        for workload in workloads
        if workload.after and workload.new is not None and taken_of(workload.new, pool)
    )


def most_beside(workloads: Iterable[Workload], pool: PoolKey) -> int:
    """The most GPUs of a pool that workloads take while they change, pods of both sides together."""
    most = 0
    for workload in workloads:
        ends = ((workload.old, workload.before), (workload.new, workload.after + workload.surge))
        most += max(taken_of(template, pool) * replicas for template, replicas in ends if template is not None)
    return most


def _most_of(workloads: Sequence[Workload]) -> dict[PoolKey, int]:
    """The most GPUs that workloads take while they change: the pods of now beside those of their goal and its surge."""
    most: dict[PoolKey, int] = {}
    for workload in workloads:
        ends: dict[PoolKey, int] = {}
        for template, replicas in ((workload.old, workload.before), (workload.new, workload.after + workload.surge)):
            if template is not None and template.pool is not None:
                ends[template.pool] = max(ends.get(template.pool, 0), replicas * template.total)
        for pool, gpus in ends.items():
            most[pool] = most.get(pool, 0) + gpus
    return most


def sums(workloads: Sequence[Workload]) -> tuple[dict[PoolKey, int], dict[PoolKey, int]]:
    """GPUs of the workloads that change, before and after."""
    before: dict[PoolKey, int] = {}
    after: dict[PoolKey, int] = {}
    for workload in workloads:
        ends = (before, workload.old, workload.before), *((after, *each) for each in workload.goal)
        for sums, template, replicas in ends:
            if template is None or not replicas:
                continue
            if template.pool is not None:
                sums[template.pool] = sums.get(template.pool, 0) + replicas * template.total
            for pool, gpus in template.beside:
                sums[pool] = sums.get(pool, 0) + replicas * gpus
    return before, after


def with_pods(fixed: Fixed, pods: Sequence[tuple[Template | None, int]]) -> dict[PoolKey, dict[int, int]]:
    """Return the pods that stay with more of them: the replicas of templates."""
    pools = {pool: dict(sizes) for pool, sizes in fixed.items()}
    for template, replicas in pods:
        if template is not None and template.pool is not None:
            sizes = pools.setdefault(template.pool, {})
            for gpus in template.gpus:
                sizes[gpus] = sizes.get(gpus, 0) + replicas
    return pools


def pods_beyond(objects: Iterable[Object], facts: Facts) -> Fixed:
    """Return, by pool, the pods of objects that hold GPUs now beyond their replicas."""
    found = []
    for obj in objects if facts.present else ():
        now = facts.present.get(identity_of(obj))
        if now is not None and now.beyond:
            template = template_of(obj, facts, None)
            if len(template.gpus) == 1:
                found.append((template, now.beyond))
    return with_pods({}, found)
