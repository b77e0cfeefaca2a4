"""Whether rollouts that compete for a pool's GPUs can hang, and whether they must.

Any order counts in which controllers act, pods bind and load, and a pod that would fit may be overtaken
by another (a fresh pod overtakes one in back-off). Nothing moves any more only when every pod that waits
fits nowhere, and then each rollout is at rest: complete; or waiting with at most `after - maxUnavailable`
replicas available, as the controller deletes down to that; or, its old pods gone, short of what it waits
for. A rollout that gives up a replica first therefore always leaves room for its own pod, and only *held-
up* ones (maxUnavailable 0, old pods there) can hang while the goal fits, namely when what the goal leaves
free is less than a replica takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import gcd

from msgspec import Struct

from llmstack.kubernetes.pods import Identity
from llmstack.review.rollout.controller import begin, settle_at_once
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload

Size = Callable[[Workload], int]
"""What each pod of a workload takes."""

SLOT_STATES = 2_000
"""Arrangements of the pods that stay which are enumerated before bounds are used."""


class Verdict(Struct, frozen=True):
    """Of one pool: whether the goal is more than it holds, and whether some order, or every order, hangs."""

    shortage: bool = False
    deadlock: bool = False
    certain: bool = False
    stuck: frozenset[Identity] = frozenset()
    """The workloads that may wait for ever."""
    undecided: frozenset[Identity] = frozenset()
    """Those of them that have what they ask for where they come first: which of them waits is a race."""

    def stops(self, workload: Workload) -> bool:
        """Whether a workload may wait for ever. One that goes waits for nothing."""
        return workload.identity in self.stuck and workload.move != "remove"


def verdict_by_rule(workloads: Sequence[Workload], size: Size, capacity: tuple[int, int]) -> Verdict:
    """Judge rollouts whose pods find room wherever enough is free: one node, or pods of one size.

    `size` is what each pod of a workload takes; `capacity` is the least and the most that the pool holds
    beside the pods that stay. Exact for workloads of single pods when both are equal; of groups with
    surge that hold a part of what they wait for, `deadlock` may be said where it cannot come to pass.
    """
    low, high = _verdict_at(workloads, size, capacity[0]), _verdict_at(workloads, size, capacity[1])
    return Verdict(high.shortage, low.deadlock, high.certain, low.stuck)


def _verdict_at(workloads: Sequence[Workload], size: Size, capacity: int) -> Verdict:
    slack = capacity - sum(workload.after * _replica(workload, size) for workload in workloads)
    if slack < 0:
        return Verdict(True, True, True, asking(workloads))
    beyond = [_held_beyond(workload) * size(workload) for workload in workloads]
    partly = sum(max(0, gpus) for gpus in beyond)
    stuck = set()
    for workload, own in zip(workloads, beyond, strict=True):
        others = partly - max(0, own)
        if workload.rolls and size(workload) > slack - others - own:
            stuck.add(workload.identity)
    certain = bool(stuck) and not _some_order_finishes(workloads, size, slack)
    return Verdict(False, bool(stuck), certain, frozenset(stuck))


def asking(workloads: Sequence[Workload], pool: PoolKey | None = None) -> frozenset[Identity]:
    """Return the workloads that take more GPUs (of `pool`) than before; if none does, all that take any."""

    def gpus(template: Template | None, replicas: int) -> int:
        here = template is not None and (pool is None or template.pool == pool)
        return replicas * template.total if here and template is not None else 0

    wanted = [(w.identity, gpus(w.old, w.before), sum(gpus(*each) for each in w.goal)) for w in workloads]
    more = frozenset(key for key, before, after in wanted if after > before)
    return more or frozenset(key for key, _, after in wanted if after)


def _some_order_finishes(workloads: Sequence[Workload], size: Size, slack: int) -> bool:
    """Whether the held-up rollouts can go one by one while all others hold back what they still have to
    bind.

    The last of them needs a spare set beside that; each one before it may also use what those after it
    have yet to grow by.
    """
    held = [workload for workload in workloads if workload.held_up]
    spare = slack + sum(_missing(workload) * _replica(workload, size) for workload in workloads if not workload.held_up)
    while held:
        spare_before = spare
        ready = [workload for workload in held if _replica(workload, size) <= spare_before]
        if not ready:
            return False
        spare += sum(max(0, workload.after - workload.before) * _replica(workload, size) for workload in ready)
        held = [workload for workload in held if _replica(workload, size) > spare_before]
    return True


def _replica(workload: Workload, size: Size) -> int:
    return size(workload) * parts(workload)


def parts(workload: Workload) -> int:
    """How many pods with GPUs one replica has."""
    template = workload.new or workload.old
    return len(template.gpus) if template is not None else 0


def _missing(workload: Workload) -> int:
    """How many replicas have yet to be bound once the controller has acted on the change, and what goes
    is gone."""
    if workload.move == "remove":
        return 0
    counts = settle_at_once(workload, begin(workload, workload.before))
    return max(0, workload.after - counts.old_up - counts.new_up)


def _held_beyond(workload: Workload) -> int:
    """The most pods a waiting rollout holds beyond its goal: all but one of each group it waits for."""
    if not workload.rolls:
        return 0
    return workload.surge * (parts(workload) - 1) - workload.unavailable


def slots(nodes: Sequence[int], fixed: Mapping[int, int], size: int) -> tuple[int, int]:
    """Return how many pods of `size` GPUs fit beside the pods that stay, at worst and at best.

    Where the pods that stay are is not known: every arrangement counts. Exact while there are few, else
    `slot_bounds`.
    """
    others = {gpus: number for gpus, number in fixed.items() if gpus and number}
    arranged = arrangements(tuple(sorted(nodes)), others)
    if arranged is None:
        return slot_bounds(nodes, others, size)
    counts = [sum(free // size for free in arrangement) for arrangement in arranged]
    return min(counts, default=0), max(counts, default=0)


def slot_bounds(nodes: Sequence[int], fixed: Mapping[int, int], size: int) -> tuple[int, int]:
    """Return bounds of `slots`.

    No node wastes as much as a slot, and only one with a pod of another size wastes more than when empty.
    """
    free = sum(nodes) - sum(gpus * number for gpus, number in fixed.items())
    unit = gcd(size, *fixed)
    uneven = sum(number for gpus, number in fixed.items() if gpus % size)
    extra = sorted((size - unit + node % unit - node % size for node in nodes), reverse=True)[:uneven]
    waste = sum(node % size for node in nodes) + sum(extra)
    whole = sum(node // size for node in nodes)
    return max(0, -((waste - free) // size)), max(0, min(free // size, whole))


def arrangements(nodes: tuple[int, ...], fixed: Mapping[int, int]) -> set[tuple[int, ...]] | None:
    """What can be left free on the nodes, nodes of equal room taken for one another; None where that is
    too much."""
    states = {nodes}
    for gpus in sorted(fixed, reverse=True):
        for _ in range(fixed[gpus]):
            states = {
                tuple(sorted((*state[:at], free - gpus, *state[at + 1 :])))
                for state in states
                for at, free in enumerate(state)
                if free >= gpus and (at == 0 or state[at - 1] != free)
            }
            if len(states) * len(nodes) > SLOT_STATES:
                return None
    return states
