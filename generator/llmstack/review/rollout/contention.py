"""Which pools run short, and which rollouts may or must hang for want of GPUs.

Pools are judged apart, unless a workload moves from one to another. Four ways, the first that applies:

1. By rule (`deadlock.py`), exact, at any number of workloads: replicas keep their size, and the pool is one
   node (or none is stated), or all pods that come and go are of one size. Where pods that stay are too
   many to arrange in every way, `deadlock` may be said where only an arrangement that cannot be would
   hang.
2. Pods of one size of which each rollout gives up one first never hang. Where no pod finds a GPU at the beginning, and
   none goes before one is ready, all wait for ever. Both exact.
3. By trying every order (`deadlock_search.py`), exact: few pods of several sizes.
4. Else, with bounds: a rollout whose pods find room even beside all pods that may ever be there does not hang, the
   others may; `certain` only where every order would hang even were the pool one node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from llmstack.kubernetes.pods import Identity
from llmstack.review.facts import Pool
from llmstack.review.rollout.controller import begin, settle_at_once
from llmstack.review.rollout.deadlock import Verdict, arrangements, asking, slots, verdict_by_rule
from llmstack.review.rollout.deadlock_search import try_every_order
from llmstack.review.rollout.nodes import node_sizes, pack
from llmstack.review.rollout.placement import Fixed, PoolKey, gpus_in
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload

BOUNDLESS = 1 << 40
SMALL = 24
"""Pods of one group of pools that are looked at order by order."""


def find_verdicts(workloads: Sequence[Workload], pools: Sequence[Pool], fixed: Fixed) -> dict[PoolKey, Verdict]:
    """Return a verdict for every declared pool; `fixed` are the pods that stay.

    Where nodes take no further pods, those that stay may be on them or not, which nobody says: a pool about which that
    decides has no verdict.
    """
    closed: dict[PoolKey, tuple[int, ...]] = {(pool.name, pool.resource): pool.closed for pool in pools if pool.closed}
    verdicts = _verdicts(workloads, pools, fixed)
    if not closed.keys() & fixed.keys():
        return verdicts
    aside = {key: _open(sizes, closed.get(key, ())) for key, sizes in fixed.items()}
    others = _verdicts(workloads, pools, aside)
    return {key: verdict for key, verdict in verdicts.items() if verdict == others[key]}


def _verdicts(workloads: Sequence[Workload], pools: Sequence[Pool], fixed: Fixed) -> dict[PoolKey, Verdict]:
    declared: dict[PoolKey, list[int]] = {(pool.name, pool.resource): node_sizes(pool) for pool in pools}
    verdicts = {pool: _at_rest(sizes, fixed.get(pool, {})) for pool, sizes in declared.items()}
    for keys, members in _groups(workloads):
        if not keys & declared.keys():
            continue
        nodes = {pool: declared.get(pool, [BOUNDLESS]) for pool in sorted(keys, key=str)}
        for pool, verdict in _verdicts_of_group(members, nodes, fixed).items():
            if pool in declared:
                verdicts[pool] = verdict
    return verdicts


def _open(fixed: Mapping[int, int], closed: Iterable[int]) -> Mapping[int, int]:
    """The pods that stay, without as many as there may be on nodes which take no further pods."""
    left = dict(fixed)
    for room in closed:
        for gpus in sorted(left, reverse=True):
            fits = min(left[gpus], room // gpus) if gpus else 0
            left[gpus] -= fits
            room -= fits * gpus
    return left


def _at_rest(sizes: Sequence[int], fixed: Mapping[int, int]) -> Verdict:
    short = not fits(sizes, {gpus: number for gpus, number in fixed.items() if gpus and number})
    return Verdict(short, short, short)


def _groups(workloads: Iterable[Workload]) -> list[tuple[set[PoolKey], list[Workload]]]:
    """Workloads by the pools they share, pools joined where a workload moves between them."""
    groups: list[tuple[set[PoolKey], list[Workload]]] = []
    by_pool: dict[PoolKey, tuple[set[PoolKey], list[Workload]]] = {}
    for workload in workloads:
        pools = {template.pool for template in _templates(workload) if template.pool is not None}
        if not pools:
            continue
        shared = {id(by_pool[pool]): by_pool[pool] for pool in sorted(pools, key=str) if pool in by_pool}
        if len(shared) == 1 and pools <= next(iter(shared.values()))[0]:
            next(iter(shared.values()))[1].append(workload)
            continue
        joined = (
            pools.union(*(group[0] for group in shared.values())),
            [member for group in shared.values() for member in group[1]] + [workload],
        )
        groups = [group for group in groups if id(group) not in shared] + [joined]
        by_pool.update(dict.fromkeys(joined[0], joined))
    return groups


def _templates(workload: Workload) -> list[Template]:
    return [template for template in (workload.old, workload.new) if template is not None and template.gpus]


def _verdicts_of_group(
    workloads: Sequence[Workload], nodes: Mapping[PoolKey, Sequence[int]], fixed: Fixed
) -> dict[PoolKey, Verdict]:
    short = {pool: _shortage(workloads, pool, sizes, fixed) for pool, sizes in nodes.items()}
    if any(short.values()):
        return {pool: verdict or Verdict() for pool, verdict in short.items()}
    if len(nodes) == 1 and all(_steady(workload) for workload in workloads):
        [(pool, sizes)] = nodes.items()
        verdict = _by_rule(workloads, sizes, fixed.get(pool, {}))
        if verdict is not None:
            return {pool: verdict}
    return _try_orders(workloads, nodes, fixed)


def _by_rule(workloads: Sequence[Workload], nodes: Sequence[int], fixed: Mapping[int, int]) -> Verdict | None:
    """The verdict of `verdict_by_rule`, None where it does not apply."""
    if len(nodes) <= 1:
        free = sum(nodes) - sum(gpus * number for gpus, number in fixed.items())
        return verdict_by_rule(workloads, _size, (free, free))
    moving = {_size(workload) for workload in workloads}
    if len(moving) > 1:
        return None
    least, most = slots(nodes, fixed, moving.pop())
    running = sum(workload.before * len(workload.old.gpus) for workload in workloads if workload.old is not None)
    return verdict_by_rule(workloads, lambda _: 1, (max(least, min(running, most)), most))


def _shortage(workloads: Sequence[Workload], pool: PoolKey, nodes: Sequence[int], fixed: Fixed) -> Verdict | None:
    """A verdict when the goal does not fit, however it is arranged; None when it does."""
    if fits(nodes, goal_pods(workloads, pool, fixed)):
        return None
    return Verdict(True, True, True, asking(workloads, pool))


def goal_pods(workloads: Iterable[Workload], pool: PoolKey, fixed: Fixed) -> dict[int, int]:
    """Return the pods that a pool has after the change, as {GPUs: number}; `fixed` are those that stay."""
    goal = {gpus: number for gpus, number in fixed.get(pool, {}).items() if gpus and number}
    for workload in workloads:
        for template, replicas in workload.goal:
            for gpus in template.gpus if replicas and template.pool == pool else ():
                goal[gpus] = goal.get(gpus, 0) + replicas
    return goal


def fits(nodes: Sequence[int], pods: Mapping[int, int]) -> bool:
    """Whether pods ({GPUs: number}) find room on nodes, in some arrangement; when in doubt, they do."""
    return sum(gpus * number for gpus, number in pods.items()) <= sum(nodes) and _packs(nodes, pods)


def _packs(nodes: Sequence[int], pods: Mapping[int, int]) -> bool:
    """Whether pods fit on nodes; when in doubt, they do."""
    if not pods or len(nodes) <= 1:
        return True
    if len(pods) == 1:
        [(gpus, number)] = pods.items()
        return sum(node // gpus for node in nodes) >= number
    if pack(nodes, pods) is not None:
        return True
    arranged = arrangements(tuple(sorted(nodes)), pods)
    if arranged is not None:
        return bool(arranged)
    sizes = sorted(pods)
    divide = all(large % small == 0 for small, large in pairwise(sizes))
    even = all(node % size == 0 for node in nodes for size in sizes)
    return not ((divide and (even or len(sizes) == 1)) or sizes[-1] > max(nodes))


def _steady(workload: Workload) -> bool:
    """Whether its replicas keep their pool and their size, and consist of equal pods."""
    templates = _templates(workload)
    return len({(template.pool, template.gpus) for template in templates}) == 1 and len(set(templates[0].gpus)) == 1


def _size(workload: Workload) -> int:
    return _templates(workload)[0].gpus[0]


def _try_orders(
    workloads: Sequence[Workload], nodes: Mapping[PoolKey, Sequence[int]], fixed: Fixed
) -> dict[PoolKey, Verdict]:
    doubts = {pool: _in_doubt(workloads, pool, sizes, fixed) for pool, sizes in nodes.items()}
    if not any(doubt.deadlock for doubt in doubts.values()) or any(workload.made_old for workload in workloads):
        return doubts
    if _all_give_way(workloads, nodes, fixed):
        return dict.fromkeys(nodes, Verdict())
    halted = _without_a_first_step(workloads, nodes, fixed)
    if halted:
        return {pool: Verdict(False, bool(stuck), bool(stuck), stuck) for pool, stuck in halted.items()}
    pods = sum(
        max(workload.before, workload.after + workload.surge) * len(template.gpus)
        for workload in workloads
        for template in _templates(workload)
    )
    pods += sum(number for pool in nodes for number in fixed.get(pool, {}).values())
    if pods <= SMALL:
        reached = try_every_order(workloads, nodes, fixed)
        if reached.complete or (reached.stuck and reached.finishes):
            return {
                pool: Verdict(
                    deadlock=any(pool == at for _, at in reached.stuck),
                    certain=not reached.finishes and any(pool == at for _, at in reached.stuck),
                    stuck=frozenset(key for key, at in reached.stuck if pool == at),
                )
                for pool in nodes
            }
    return doubts


def _all_give_way(workloads: Sequence[Workload], nodes: Mapping[PoolKey, Sequence[int]], fixed: Fixed) -> bool:
    """Whether pods of one size find room wherever enough is free, and each rollout gives up a replica first.

    Then none hangs, from whichever pool to whichever they go. Were some at rest, take the pools in which pods wait:
    they are full, of pods that stay and of replicas of those that go there, for what goes elsewhere waits for nothing
    and is complete. But each that waits has a replica less than its goal, and the goal fits.
    """
    parts = {template.gpus for workload in workloads for template in _templates(workload)}
    if len(parts) != 1 or len(next(iter(parts))) != 1 or any(workload.held_up for workload in workloads):
        return False
    [[size]] = parts
    return all(
        len(sizes) <= 1 or not any(each % size for each in (*sizes, *fixed.get(pool, {})))
        for pool, sizes in nodes.items()
    )


def _without_a_first_step(
    workloads: Sequence[Workload], nodes: Mapping[PoolKey, Sequence[int]], fixed: Fixed
) -> dict[PoolKey, frozenset[Identity]] | None:
    """Who waits in each pool, where no pod finds a GPU once the controllers have acted on the change: then nothing ever
    moves, in whatever order. None where one may."""
    free = {pool: sum(sizes) - gpus_in(fixed, pool) for pool, sizes in nodes.items()}
    waiting: list[tuple[Template, Identity]] = []
    for workload in workloads:
        counts = settle_at_once(workload, begin(workload, workload.before))
        sides = (workload.old, counts.old_up, counts.old_down), (workload.new, counts.new_up, counts.new_down)
        for template, up, down in sides:
            if template is not None and template.gpus and template.pool is not None:
                free[template.pool] -= up * template.total
                waiting += [(template, workload.identity)] if down else []
    if not waiting or any(free[_pool(each)] >= min(each.gpus) for each, _ in waiting):
        return None
    return {pool: frozenset(identity for each, identity in waiting if each.pool == pool) for pool in nodes}


def _pool(template: Template) -> PoolKey:
    assert template.pool is not None
    return template.pool


def _in_doubt(workloads: Sequence[Workload], pool: PoolKey, sizes: Sequence[int], fixed: Fixed) -> Verdict:
    """Who may hang in some order: whose pods may find no room. Every order hangs if it would even were all GPUs of the
    pool on one node."""
    sure = _always_fits(workloads, pool, sizes, fixed)
    stuck = [
        workload.identity
        for workload in workloads
        if workload.after and workload.new and workload.new.pool == pool and _largest(workload, pool) > sure
    ]
    certain = False
    if stuck and all(_steady(workload) for workload in workloads):
        free = sum(sizes) - gpus_in(fixed, pool)
        certain = verdict_by_rule(workloads, _size, (free, free)).certain
    return Verdict(deadlock=bool(stuck), certain=certain, stuck=frozenset(stuck))


def _largest(workload: Workload, pool: PoolKey) -> int:
    """The GPUs of its largest pod in a pool."""
    return max(max(template.gpus) for template in _templates(workload) if template.pool == pool)


def _always_fits(workloads: Sequence[Workload], pool: PoolKey, nodes: Sequence[int], fixed: Fixed) -> int:
    """The largest pod that finds room beside every other that may ever be there, wherever those are; 0 where none does.

    Were it to wait, each node would have fewer GPUs free than it takes.
    """
    free = sum(nodes) - gpus_in(fixed, pool)
    for workload in workloads:
        replicas = max(workload.before, workload.after + workload.surge)
        totals = [template.total for template in _templates(workload) if template.pool == pool]
        free -= replicas * max(totals, default=0)
    if free < 0:
        return 0
    return max(nodes) if len(nodes) == 1 else min(max(nodes), free // (len(nodes) - 1) + 1)
