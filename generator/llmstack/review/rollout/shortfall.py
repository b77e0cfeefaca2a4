"""What a pool lacks for the goal of a change, and what would make the goal fit: each proposal is tried."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from llmstack.kubernetes.workloads import WORKLOADS
from llmstack.review.facts import Pool
from llmstack.review.risks.assessment import Assessment
from llmstack.review.rollout.contention import fits, goal_pods
from llmstack.review.rollout.nodes import node_sizes
from llmstack.review.rollout.play import Played
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import listed, plural

TRIED = 5
"""Workloads that are tried with fewer replicas, those first that grow most."""

MOST_PODS = 10_000
"""Pods that are placed again and again; of more, no proposal has a number."""


def misfit(played: Played, pool: Pool, *, enough: bool) -> str:
    """Return how its nodes keep the goal out, to follow the pool's size; nothing where only their number does."""
    sizes, pods = node_sizes(pool), goal_pods(played.workloads, (pool.name, pool.resource), played.fixed)
    node = max(sizes, default=0)
    too_large = [gpus for gpus in sorted(pods) if gpus > node]
    if len(sizes) > 1 and too_large:
        return f" on nodes of {node}: pods of {listed(list(map(str, too_large)), TRIED)} fit on none"
    return f" on nodes of {node}: the pods do not fit on these nodes" if enough else ""


def fit_goal(assessment: Assessment, pool: Pool) -> str:
    """What would make the goal fit: more GPUs, or fewer replicas of the workload that grows most."""
    key, played = (pool.name, pool.resource), assessment.least
    pods, node = goal_pods(played.workloads, key, played.fixed), max(node_sizes(pool), default=0)
    if len(node_sizes(pool)) > 1 and max(pods, default=0) > node:
        return f"Ask for at most {plural(node, 'GPU')} a pod, or declare larger nodes (`perNode`)."
    more, found = _more_gpus(pool, pods, played.goal[key] - pool.count), _fewer_replicas(played, pool)
    fewer = "move models out of it"
    if found is not None:
        workload, replicas = found
        name = workload.model or workload.name
        fewer = f"run {plural(replicas, 'replica')} of `{name}` instead of {workload.replicas}"
    return f"Add {more} to the pool, or {fewer}."


def fit_most(most: Played, pool: Pool) -> str:
    """What would make the goal fit with scalers at their most: a lower maximum, told where one alone does, or more
    GPUs."""
    key, found = (pool.name, pool.resource), _fewer_replicas(most, pool)
    lower = "Lower the scalers' maximum to what the pool holds"
    if found is not None and found[0].identity in most.owned[1]:
        workload, replicas = found
        name = workload.model or workload.name
        lower = f"Let `{name}` be scaled to {replicas} at the most instead of {workload.replicas}"
    more = _more_gpus(pool, goal_pods(most.workloads, key, most.fixed), most.goal[key] - pool.count)
    return f"{lower}, or add {more} to the pool: what finds none stays Pending."


def lacks_spare(assessment: Assessment, workload: Workload) -> str:
    """Return how many GPUs a pool lacks for a replica more than after the change, as `4 GPUs` or `1 node of 8 GPUs`;
    nothing where they are there, or where nobody knows the pool's size."""
    played, new = assessment.least, workload.new
    for pool in assessment.facts[1].pools if new is not None else ():
        key = (pool.name, pool.resource)
        if new is not None and new.pool == key:
            pods = Counter(goal_pods(played.workloads, key, played.fixed)) + Counter(filter(None, new.gpus))
            if not fits(node_sizes(pool), pods):
                return _more_gpus(pool, pods, played.goal[key] + new.total - pool.count)
    return ""


def _more_gpus(pool: Pool, pods: Mapping[int, int], missing: int) -> str:
    """How many more would do: whole nodes, where the pool has such; larger ones, where no number of them would."""
    step = pool.per_node if pool.per_node and (pool.nodes is not None or pool.count % pool.per_node == 0) else 1
    first = max(0, -(-missing // step))
    if sum(pods.values()) > MOST_PODS:
        return "GPUs"

    def do(more: int) -> bool:
        nodes = None if pool.nodes is None else (*pool.nodes, *[step] * more)
        return fits(node_sizes(replace(pool, count=pool.count + more * step, nodes=nodes)), pods)

    most = first + sum(pods.values())
    more = bisect_left(range(most), True, lo=first, key=do)
    if more == most:
        return "larger nodes"
    return plural(more, "GPU") if step == 1 else f"{plural(more, 'node')} of {plural(step, 'GPU')}"


def _fewer_replicas(played: Played, pool: Pool) -> tuple[Workload, int] | None:
    """A workload, and the most replicas of it with which the goal fits; None where those of one are not enough."""
    key, sizes = (pool.name, pool.resource), node_sizes(pool)
    if sum(goal_pods(played.workloads, key, played.fixed).values()) > MOST_PODS:
        return None
    growing = [
        each
        for each in played.workloads
        if each.new is not None and each.new.pool == key and each.new.total and WORKLOADS[each.kind].scales
        if each.after > each.before or each.move == "restart"
    ]
    for workload in sorted(growing, key=lambda each: each.before - each.after)[:TRIED]:
        others = [each for each in played.workloads if each is not workload]

        def is_short(after: int, others: Sequence[Workload] = others, workload: Workload = workload) -> bool:
            pods = goal_pods([*others, replace(workload, after=after)], key, played.fixed)
            return not fits(sizes, pods)

        fewest = max(workload.made_old, 0 if workload.kept else 1)
        after = bisect_left(range(workload.after), True, lo=fewest, key=is_short) - 1
        if after >= fewest:
            return workload, after + workload.kept
    return None
