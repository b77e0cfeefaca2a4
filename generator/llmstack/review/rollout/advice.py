"""What would make scarce GPUs suffice: proposals, each judged like the change itself and found to finish."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from llmstack.kubernetes.workloads import WORKLOADS
from llmstack.review.facts import Pool
from llmstack.review.risks.assessment import Assessment
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.gpus import with_pods
from llmstack.review.rollout.placement import Fixed, PoolKey, gpus_in
from llmstack.review.rollout.staged import find_verdicts_in_line
from llmstack.review.rollout.workload import Workload, moves_whole
from llmstack.review.wording import listed, plural

NAMED = 5
"""Models that advice names before it counts."""


def way_through(assessment: Assessment, pool: Pool, verdict: Verdict) -> str:
    """Return proposals that finish in every order: an order of commits, another strategy, else more GPUs."""
    stuck = [workload for workload in assessment.workloads if verdict.stops(workload)]
    names = listed([f"`{workload.model or workload.name}`" for workload in stuck], NAMED)
    ways = []
    is_whole = moves_whole(assessment.workloads)
    if not is_whole and _in_two_commits(assessment, pool, stuck):
        ways.append(f"merge in two commits, the change of {names} first and the rest once that is done")
    gentler = [
        replace(workload, surge=0, unavailable=1) if _may_give_way(workload) and verdict.stops(workload) else workload
        for workload in assessment.workloads
    ]
    gives_way = any(_may_give_way(workload) for workload in stuck)
    if gives_way and _finishes(assessment, pool, gentler, assessment.least.fixed):
        down = " (no replica is ready meanwhile)" if any(workload.after == 1 for workload in stuck) else ""
        ways.append(f"set maxSurge 0 and maxUnavailable 1 for {names}{down}")
    if not is_whole:
        ways = ways or _by_size(assessment, pool, assessment.workloads, "")
        ways = ways or _by_size(assessment, pool, gentler, ", with maxSurge 0 and maxUnavailable 1")
    if not ways:
        return _with_more_gpus(assessment, pool)
    text = "; or ".join(ways)
    return f"{text[0].upper()}{text[1:]}: this was found to finish in every order."


def _may_give_way(workload: Workload) -> bool:
    """Whether it is held up by a strategy that can be set; a RayService has none."""
    return workload.held_up and WORKLOADS[workload.kind].replaces == "rolls"


def _by_size(assessment: Assessment, pool: Pool, workloads: Sequence[Workload], strategy: str) -> list[str]:
    """A commit for each size of replica, the largest first: pods of one size leave room for one another."""
    sizes = sorted({size for workload in workloads if (size := _size(workload))}, reverse=True)
    if len(sizes) < 2:
        return []
    for size in sizes:
        now = [workload for workload in workloads if _size(workload) == size]
        done = [(workload.new, workload.after) for workload in workloads if _size(workload) > size]
        later = [(workload.old, workload.before) for workload in workloads if 0 < _size(workload) < size]
        if not _finishes(assessment, pool, now, with_pods(assessment.least.fixed, [*done, *later])):
            return []
    order = ", then ".join(str(size) for size in sizes)
    return [f"merge in {len(sizes)} commits by GPUs of a replica, {order}, each once the last is done{strategy}"]


def _size(workload: Workload) -> int:
    template = workload.new or workload.old
    return template.total if template is not None else 0


def _in_two_commits(assessment: Assessment, pool: Pool, stuck: Sequence[Workload]) -> bool:
    """Whether the stuck rollouts finish first, at the replicas of now, and then the rest."""
    first = [workload for workload in stuck if workload.held_up]
    early = {workload.identity for workload in first}
    rest = [workload for workload in assessment.workloads if workload.identity not in early]
    if len(first) != len(stuck) or not rest:
        return False
    alone = [replace(workload, after=workload.before) for workload in first]
    second = [
        *rest,
        *(replace(workload, move="scale", old=workload.new) for workload in first if workload.after != workload.before),
    ]
    unchanged = [workload for workload in first if workload.after == workload.before]
    before_rest = with_pods(assessment.least.fixed, [(workload.old, workload.before) for workload in rest])
    after_first = with_pods(assessment.least.fixed, [(workload.new, workload.after) for workload in unchanged])
    return _finishes(assessment, pool, alone, before_rest) and _finishes(assessment, pool, second, after_first)


def _finishes(assessment: Assessment, pool: Pool, workloads: Sequence[Workload], fixed: Fixed) -> bool:
    return not _judge(assessment, workloads, assessment.facts[1].pools, fixed)[pool.name, pool.resource].deadlock


def _judge(
    assessment: Assessment, workloads: Sequence[Workload], pools: Sequence[Pool], fixed: Fixed
) -> dict[PoolKey, Verdict]:
    return find_verdicts_in_line(workloads, pools, fixed, assessment.near.queue)


def _with_more_gpus(assessment: Assessment, pool: Pool) -> str:
    """How many GPUs more would do, up to one replica of each size, or some nodes."""
    sizes = sorted({size for workload in assessment.workloads if (size := _size(workload))})
    steps = sorted({*sizes, sum(sizes), *(pool.per_node * times for times in (1, 2, 4) if pool.per_node)})
    for extra in steps:
        larger = replace(pool, count=pool.count + extra)
        pools = [larger if other == pool else other for other in assessment.facts[1].pools]
        if not _judge(assessment, assessment.workloads, pools, assessment.least.fixed)[
            pool.name, pool.resource
        ].deadlock:
            others = gpus_in(assessment.least.fixed, (pool.name, pool.resource))
            free = f"Free {plural(extra, 'GPU')} of pool `{pool.name}` while it rolls out"
            if extra > others:
                free = f"Add {plural(extra, 'GPU')} to pool `{pool.name}` while it rolls out"
            return f"{free}: this was found to finish in every order."
    if moves_whole(assessment.workloads):
        return "Merge at a quiet time, and watch the pods that wait; or bring the new release up beside this one."
    return "Merge in smaller groups of models, each once the last is done, and watch the pods that wait."


def sum_after(assessment: Assessment, pool: Pool) -> int:
    """Return the GPUs that the goal takes of a pool."""
    return assessment.least.goal[pool.name, pool.resource]
