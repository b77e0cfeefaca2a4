"""Rollouts that cannot all finish, some of which do where their pods come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

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
        if key in found and found[key].certain:
            room = _Room(pool, workloads, fixed)
            verdict = _with_robbed(found[key], room, workloads) if found[key].shortage else found[key]
            found[key] = _told_apart(verdict, room, workloads) if len(verdict.stuck) > 1 else verdict
    return found


def raced(verdict: Verdict, pool: Pool, workloads: Sequence[Workload], fixed: Fixed) -> Verdict:
    """The verdict on a pool, those that wait told apart by what comes of them while every other one has no more than
    before, and of that gives up what it does: without GPUs enough they wait in any order; with enough, in none where no
    other one finds room for a pod."""
    return _told_apart(verdict, _Room(pool, workloads, fixed), workloads)


class _Room:
    """The GPUs of a pool that each workload may have."""

    def __init__(self, pool: Pool, workloads: Sequence[Workload], fixed: Fixed) -> None:
        self.key: PoolKey = (pool.name, pool.resource)
        nodes, staying = node_sizes(pool), [each for each in workloads if each.move != "remove"]
        held = {each.identity: _held(each, self.key) for each in staying}
        given = {each.identity: _given_up(each, self.key) for each in staying}
        self.largest = max(nodes, default=0)
        self.free = sum(nodes) - gpus_in(fixed, self.key) - sum(held.values())
        lent = self.free + sum(given.values())
        self._of = {own: lent + held[own] - given[own] for own in held}

    def holds(self, workload: Workload) -> bool:
        """Whether there is room for all pods that a workload cannot do without at a time."""
        asked = _taken(workload, self.key) * (workload.after + workload.held_up)
        sizes = workload.new.gpus if workload.new is not None else ()
        return max(sizes, default=0) <= self.largest and asked <= self._of[workload.identity]

    def takes_in(self, workload: Workload) -> bool:
        """Whether there is room for one pod of a workload."""
        smallest = min(workload.new.gpus, default=0) if workload.new is not None else 0
        return smallest <= min(self.largest, self._of[workload.identity])


def _told_apart(verdict: Verdict, room: _Room, workloads: Sequence[Workload]) -> Verdict:
    waiting = [each for each in workloads if verdict.stops(each) and each.new is not None and each.new.gpus]
    takers = {each.identity for each in waiting if room.takes_in(each)}
    first = {each.identity for each in waiting if room.holds(each)}
    alone = first if len(takers) == 1 else frozenset()
    return replace(verdict, stuck=verdict.stuck - alone, undecided=frozenset(first - alone))


def _with_robbed(verdict: Verdict, room: _Room, workloads: Sequence[Workload]) -> Verdict:
    """The verdict on a pool that is short, with the rollouts that ask for no more than before, and yet may wait: they
    need a spare set of GPUs, or give up some that those which are short then take."""
    taken = any(verdict.stops(each) and room.takes_in(each) for each in workloads)
    rolling = (each for each in workloads if each.move == "restart" and each.after and _taken(each, room.key))
    robbed = {each.identity for each in rolling if taken or (each.held_up and not room.holds(each))}
    return replace(verdict, stuck=verdict.stuck | robbed)


def _taken(workload: Workload, pool: PoolKey) -> int:
    return taken_of(workload.new, pool) if workload.new is not None else 0


def _held(workload: Workload, pool: PoolKey) -> int:
    return taken_of(workload.old, pool) * workload.before if workload.old is not None else 0


def _given_up(workload: Workload, pool: PoolKey) -> int:
    """The GPUs that a workload lets go of before its new pods have theirs: one that waits longer takes them (pods of
    one priority are scheduled in the order of their time in the queue: pkg/scheduler/framework/plugins/queuesort)."""
    fewer = max(0, workload.before - workload.after)
    rolled = workload.before if workload.recreate else min(workload.before, workload.unavailable)
    replicas = max(fewer, rolled) if workload.move == "restart" else fewer
    return taken_of(workload.old, pool) * replicas if workload.old is not None else 0
