"""Rollouts that cannot all finish, some of which do where their pods come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from llmstack.review.facts import Pool
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.gpus import taken_of
from llmstack.review.rollout.nodes import node_sizes
from llmstack.review.rollout.placement import Fixed, PoolKey, gpus_in
from llmstack.review.rollout.workload import Workload


def with_races(
    verdicts: Mapping[PoolKey, Verdict], workloads: Sequence[Workload], pools: Sequence[Pool], fixed: Fixed
) -> dict[PoolKey, Verdict]:
    """Return the verdicts with the workloads of which it is a race whether they wait for ever."""
    found = dict(verdicts)
    for pool in pools:
        key = (pool.name, pool.resource)
        if key in found and found[key].certain and len(found[key].stuck) > 1:
            found[key] = raced(found[key], pool, workloads, fixed)
    return found


def raced(verdict: Verdict, pool: Pool, workloads: Sequence[Workload], fixed: Fixed) -> Verdict:
    """The verdict on a pool, those that wait told apart by what comes of them while every other one has no more than
    before: without GPUs enough they wait in any order; with enough, in none where no other one finds room for a pod."""
    key, nodes = (pool.name, pool.resource), node_sizes(pool)
    held = {
        each.identity: taken_of(each.old, key) * each.before if each.old is not None else 0
        for each in workloads
        if each.move != "remove"
    }
    free, largest = sum(nodes) - gpus_in(fixed, key) - sum(held.values()), max(nodes, default=0)
    waiting = [each for each in workloads if verdict.stops(each) and each.new is not None and each.new.gpus]
    takers = {each.identity for each in waiting if _smallest(each) <= min(largest, free + held[each.identity])}
    first = {
        each.identity
        for each in waiting
        if each.new is not None and max(each.new.gpus) <= largest and _asked(each, key) <= free + held[each.identity]
    }
    alone = first if len(takers) == 1 else frozenset()
    return replace(verdict, stuck=verdict.stuck - alone, undecided=frozenset(first - alone))


def _smallest(workload: Workload) -> int:
    return min(workload.new.gpus, default=0) if workload.new is not None else 0


def _asked(workload: Workload, pool: PoolKey) -> int:
    """The GPUs that a workload takes at the most as it rolls out by itself."""
    spare = workload.surge if workload.held_up else 0
    return taken_of(workload.new, pool) * (workload.after + spare) if workload.new is not None else 0
