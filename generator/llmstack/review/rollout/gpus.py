"""GPUs of each pool: before, after, at the peak, over time, and whether the rollouts can finish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmstack.review.facts import Pool
from llmstack.review.result import GpuPool
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.simulate import Run
from llmstack.review.rollout.workload import Workload


def account(
    workloads: Sequence[Workload],
    pools: Sequence[Pool],
    fixed: Fixed,
    run: Run,
    verdicts: Mapping[PoolKey, Verdict],
) -> tuple[GpuPool, ...]:
    """Return a row for each declared pool, in the order of the values, then for each other that GPUs are
    taken from.

    `fixed` are the pods that stay, `run` is what the rollouts do. The peak counts bound and pending pods.
    """
    before, after = sums(workloads)
    keys: dict[PoolKey, None] = dict.fromkeys((pool.name, pool.resource) for pool in pools)
    keys |= dict.fromkeys(sorted({*fixed, *before, *after}, key=str))
    capacity: dict[PoolKey, int] = {(pool.name, pool.resource): pool.count for pool in pools}
    rows = []
    for key in keys:
        stays = sum(gpus * number for gpus, number in fixed.get(key, {}).items())
        verdict = verdicts.get(key)
        ends = stays + before.get(key, 0), stays + after.get(key, 0)
        rows.append(
            GpuPool(
                pool=key[0],
                resource=key[1],
                capacity=capacity.get(key),
                before=ends[0],
                after=ends[1],
                peak=max(*ends, stays + run.peaks.get(key, 0)),
                deadlock=verdict.deadlock if verdict is not None else None,
                certain=verdict.certain if verdict is not None else None,
                usage=tuple((second, stays + held) for second, held in run.usage.get(key, ())),
            )
        )
    return tuple(rows)


def sums(workloads: Sequence[Workload]) -> tuple[dict[PoolKey, int], dict[PoolKey, int]]:
    """GPUs of the workloads that change, before and after."""
    before: dict[PoolKey, int] = {}
    after: dict[PoolKey, int] = {}
    for workload in workloads:
        for sums, template, replicas in (
            (before, workload.old, workload.before),
            (after, workload.new, workload.after),
        ):
            if template is not None and template.pool is not None and replicas:
                sums[template.pool] = sums.get(template.pool, 0) + replicas * template.total
    return before, after
