"""Risks of scarce GPUs: a goal that does not fit, and rollouts that cannot get there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmstack.finding import Severity
from llmstack.review.case import Case, number_of
from llmstack.review.facts import Pool
from llmstack.review.judge import Fixed, judge
from llmstack.review.nodes import node_sizes
from llmstack.review.placement import PoolKey
from llmstack.review.race import Verdict
from llmstack.review.result import Risk
from llmstack.review.workload import Template, Workload


def shortages(case: Case) -> Iterator[Risk]:
    """Pools that hold less than the goal asks for: an error at each workload that asks for more."""
    for pool, verdict in _affected(case):
        if verdict.shortage:
            goal = _sum_after(case, pool)
            message = f"the goal needs {number_of(goal, 'GPU')} of pool `{pool.name}`, which has {pool.count}"
            if goal <= pool.count:
                message = (
                    f"the goal needs {number_of(goal, 'GPU')} of pool `{pool.name}`, which has {pool.count}, "
                    f"but not on nodes of {pool.per_node}: the pods cannot be placed"
                )
            advice = _fit_goal(case, pool, goal - pool.count)
            for key in sorted(verdict.stuck):
                yield case.risk("gpu-shortage", Severity.ERROR, key, message, advice)


def deadlocks(case: Case) -> Iterator[Risk]:
    """Pools whose goal fits while the way there does not: at each workload that hangs, or may."""
    for pool, verdict in _affected(case):
        if verdict.deadlock and not verdict.shortage:
            advice = _way_through(case, pool, verdict)
            for workload in case.workloads:
                if workload.key in verdict.stuck:
                    severity = Severity.ERROR if verdict.certain else Severity.WARNING
                    message = _message(case, pool, verdict, workload)
                    yield case.risk("gpu-deadlock", severity, workload.key, message, advice)


def _affected(case: Case) -> Iterator[tuple[Pool, Verdict]]:
    """Declared pools that a rollout or a new capacity touches."""
    moving = {key for workload in case.workloads for key in _pools(workload)}
    for pool in case.facts[1].pools:
        key = (pool.name, pool.resource)
        if key in case.verdicts and (key in moving or pool not in case.facts[0].pools):
            yield pool, case.verdicts[key]


def _pools(workload: Workload) -> set[PoolKey]:
    return {
        template.pool
        for template in (workload.old, workload.new)
        if template is not None and template.pool is not None
    }


def _sum_after(case: Case, pool: Pool) -> int:
    key = (pool.name, pool.resource)
    stays = sum(gpus * number for gpus, number in case.fixed.get(key, {}).items())
    return stays + sum(
        workload.after * workload.new.total
        for workload in case.workloads
        if workload.new is not None and workload.new.pool == key
    )


def _fit_goal(case: Case, pool: Pool, missing: int) -> str:
    """What would make the goal fit: fewer replicas of the workload that grows most, or more GPUs."""
    if missing <= 0:
        return "Ask for GPUs in sizes that fill a node, or declare larger nodes."
    growing = [
        workload
        for workload in case.workloads
        if workload.new is not None and workload.new.pool == (pool.name, pool.resource) and workload.new.total
        if workload.after > workload.before or workload.move == "restart"
    ]
    for workload in sorted(growing, key=lambda workload: workload.before - workload.after):
        assert workload.new is not None
        replicas = workload.after - -(-missing // workload.new.total)
        if replicas >= 0:
            return (
                f"Add {number_of(missing, 'GPU')} to the pool, or run {number_of(replicas, 'replica')} of "
                f"`{workload.model or workload.name}` instead of {workload.after}."
            )
    return f"Add {number_of(missing, 'GPU')} to the pool, or move models out of it."


def _message(case: Case, pool: Pool, verdict: Verdict, workload: Workload) -> str:
    spare = pool.count - _sum_after(case, pool)
    needs = number_of(workload.new.total if workload.new is not None else 0, "GPU")
    if workload.held_up:
        cause = (
            f"a new replica ({needs}) must be ready before an old one goes (maxSurge {workload.surge}, "
            f"maxUnavailable 0), and the goal leaves {spare} of {pool.count} GPUs of pool `{pool.name}` free"
        )
    else:
        cause = f"a replica ({needs}) may find no room in pool `{pool.name}` while others take what is freed"
    return f"the rollout {'never finishes' if verdict.certain else 'may never finish'}: {cause}"


def _way_through(case: Case, pool: Pool, verdict: Verdict) -> str:
    """The first proposals that a new judgement finds to finish: an order of two commits, another strategy."""
    stuck = [workload for workload in case.workloads if workload.key in verdict.stuck]
    names = ", ".join(f"`{workload.model or workload.name}`" for workload in stuck[:5])
    if len(stuck) > 5:
        names += f" and {len(stuck) - 5} more"
    ways = []
    if _in_two_commits(case, pool, stuck):
        ways.append(f"merge in two commits, the change of {names} first and the rest once that is done")
    gentler = [_gives_up_first(workload) if workload in stuck else workload for workload in case.workloads]
    if gentler != list(case.workloads) and _finishes(case, pool, gentler, case.fixed):
        down = " (no replica is ready meanwhile)" if any(workload.after == 1 for workload in stuck) else ""
        ways.append(f"set maxSurge 0 and maxUnavailable 1 for {names}{down}")
    if not ways:
        return _with_more_gpus(case, pool)
    text = "; or ".join(ways)
    return f"{text[0].upper()}{text[1:]}: found to finish in every order."


def _gives_up_first(workload: Workload) -> Workload:
    return replace(workload, surge=0, unavailable=1) if workload.held_up else workload


def _in_two_commits(case: Case, pool: Pool, stuck: Sequence[Workload]) -> bool:
    """Whether the stuck rollouts finish before the rest changes, at the replicas of now, and the rest
    after them."""
    first = [workload for workload in stuck if workload.held_up]
    rest = [workload for workload in case.workloads if workload.key not in {other.key for other in first}]
    if len(first) != len(stuck) or not rest:
        return False
    alone = [replace(workload, after=workload.before) for workload in first]
    second = [
        *rest,
        *(
            replace(workload, move="scale", old=workload.new)
            for workload in first
            if workload.after != workload.before
        ),
    ]
    unchanged = [workload for workload in first if workload.after == workload.before]
    before_rest = _with_pods(case.fixed, [(workload.old, workload.before) for workload in rest])
    after_first = _with_pods(case.fixed, [(workload.new, workload.after) for workload in unchanged])
    return _finishes(case, pool, alone, before_rest) and _finishes(case, pool, second, after_first)


def _with_pods(fixed: Fixed, pods: Sequence[tuple[Template | None, int]]) -> Fixed:
    pools = {pool: dict(sizes) for pool, sizes in fixed.items()}
    for template, replicas in pods:
        if template is not None and template.pool is not None:
            sizes = pools.setdefault(template.pool, {})
            for gpus in template.gpus:
                sizes[gpus] = sizes.get(gpus, 0) + replicas
    return pools


def _finishes(case: Case, pool: Pool, workloads: Sequence[Workload], fixed: Fixed) -> bool:
    verdict = judge(workloads, case.facts[1].pools, fixed)[pool.name, pool.resource]
    return not verdict.deadlock


def _with_more_gpus(case: Case, pool: Pool) -> str:
    """How many GPUs more would do, up to one replica of each workload that moves."""
    sizes = sorted(
        {workload.new.total for workload in case.workloads if workload.new is not None and workload.new.total}
    )
    steps = sorted({*sizes, sum(sizes), *((pool.per_node * times) for times in (1, 2, 4) if pool.per_node)})
    for extra in steps:
        larger = replace(pool, count=pool.count + extra)
        pools = [larger if other == pool else other for other in case.facts[1].pools]
        verdict = judge(case.workloads, pools, case.fixed)[pool.name, pool.resource]
        if not verdict.deadlock and node_sizes(larger):
            free = f"Free {number_of(extra, 'GPU')} of pool `{pool.name}` while it rolls out"
            return f"{free}: found to finish in every order."
    return "Roll the models out one by one, each in a commit of its own."
