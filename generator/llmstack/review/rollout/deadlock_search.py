"""All orders in which rollouts can go, tried one by one: for the few whose pods are of several sizes.

A state is who is bound to which node and who waits. Its only events are that a waiting pod is bound to a
node: that a pod becomes ready and that a terminated one is gone can be moved to the moment of binding,
since a pod may wait although it would fit, so every state at rest is reached this way too. Nodes of one
pool are taken for one another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from msgspec import Struct

from llmstack.kubernetes.pods import Identity
from llmstack.review.rollout.controller import Counts, begin, settle_at_once
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload

STATES = 3_000
"""States that are looked at before the search is given up."""
_NOWHERE = -1

Replica = tuple[int, ...]
"""The node of each part, -1 while it waits."""
Rollout = tuple[tuple[Replica, ...], tuple[Replica, ...]]
"""The replicas of the old and of the new revision."""
State = tuple[tuple[int, ...], tuple[Rollout, ...]]
"""What is free on each node, and the replicas of each workload."""


class Reached(Struct, frozen=True):
    """What can be reached: rest without completion (who waits then), completion, and whether all was
    looked at."""

    stuck: frozenset[tuple[Identity, PoolKey]]
    finishes: bool
    complete: bool


def try_every_order(
    workloads: Sequence[Workload],
    nodes: Mapping[PoolKey, Sequence[int]],
    fixed: Mapping[PoolKey, Mapping[int, int]],
) -> Reached:
    """Look at every order, from every arrangement of the pods that are there before, up to `STATES` states.

    Every pool of a workload is in `nodes`.
    """
    search = _Search(workloads, nodes)
    todo = search.starts(fixed)
    if todo is None:
        return Reached(frozenset(), False, False)
    seen = set(todo)
    stuck: set[tuple[Identity, PoolKey]] = set()
    finishes = False
    while todo:
        state = todo.pop()
        reached = False
        for following in search.following(state):
            reached = True
            if following not in seen:
                seen.add(following)
                todo.append(following)
        if len(seen) > STATES:
            return Reached(frozenset(stuck), finishes, False)
        if not reached:
            waiting = set(search.waiting(state))
            stuck |= waiting
            finishes = finishes or not waiting
    return Reached(frozenset(stuck), finishes, True)


class _Search:
    """The rules of the game: which states there are at first, and which follow one."""

    def __init__(self, workloads: Sequence[Workload], nodes: Mapping[PoolKey, Sequence[int]]) -> None:
        self.workloads = workloads
        self.sizes = [size for sizes in nodes.values() for size in sorted(sizes)]
        self.pools = [pool for pool, sizes in nodes.items() for _ in sizes]
        self.nodes_of = {pool: [at for at, other in enumerate(self.pools) if other == pool] for pool in nodes}

    def starts(self, fixed: Mapping[PoolKey, Mapping[int, int]]) -> list[State] | None:
        """Every arrangement before the change, with the change applied; None where there are too many or
        none."""
        nothing: tuple[Rollout, ...] = tuple(((), ()) for _ in self.workloads)
        states = {(tuple(self.sizes), nothing)}
        for pool, pods in fixed.items():
            for gpus in sorted(Counter(pods).elements(), reverse=True) if pool in self.nodes_of else ():
                states = {
                    self.canonical((_less(free, at, gpus), rollouts))
                    for free, rollouts in states
                    for at in self.nodes_of[pool]
                    if free[at] >= gpus
                }
                if len(states) > STATES:
                    return None
        for position, workload in enumerate(self.workloads):
            for _ in range(workload.before):
                states = {placed for state in states for placed in self.place_old(state, position)}
                if len(states) > STATES:
                    return None
        return sorted({begun for state in states for begun in self.apply_change(state)}) or None

    def place_old(self, state: State, position: int) -> Iterator[State]:
        template = self.workloads[position].old
        assert template is not None
        partial: list[tuple[tuple[int, ...], Replica]] = [(state[0], ())]
        for gpus in template.gpus:
            partial = [
                (_less(free, at, gpus), (*replica, at))
                for free, replica in partial
                for at in self.nodes_of[_pool(template)]
                if free[at] >= gpus
            ]
        for free, replica in partial:
            old, new = state[1][position]
            rollouts = (
                *state[1][:position],
                (tuple(sorted((*old, replica))), new),
                *state[1][position + 1 :],
            )
            yield self.canonical((free, rollouts))

    def apply_change(self, state: State) -> Iterator[State]:
        states = [state]
        for position, workload in enumerate(self.workloads):
            following = []
            for free, rollouts in states:
                if workload.takes_over:
                    rollouts = (
                        *rollouts[:position],
                        (rollouts[position][1], rollouts[position][0]),
                        *rollouts[position + 1 :],
                    )
                counts = settle_at_once(workload, begin(workload, workload.before))
                following += list(self.adjust((free, rollouts), position, counts))
            states = following
        return iter(states)

    def waiting(self, state: State) -> Iterator[tuple[Identity, PoolKey]]:
        for workload, rollout in zip(self.workloads, state[1], strict=True):
            for template, replicas in zip((workload.old, workload.new), rollout, strict=True):
                if template is not None and any(_NOWHERE in replica for replica in replicas):
                    yield workload.identity, _pool(template)

    def following(self, state: State) -> Iterator[State]:
        """Every state after one more pod is bound and the controller has acted on it."""
        free, rollouts = state
        for position, workload in enumerate(self.workloads):
            for revision, template in enumerate((workload.old, workload.new)):
                for replica in set(rollouts[position][revision]):
                    for part in _waiting_parts(replica, template):
                        assert template is not None
                        for at in self.nodes_of[_pool(template)]:
                            if free[at] >= template.gpus[part]:
                                bound = (*replica[:part], at, *replica[part + 1 :])
                                after = _less(free, at, template.gpus[part])
                                yield from self.bind((after, rollouts), position, revision, (replica, bound))

    def bind(self, state: State, position: int, revision: int, change: tuple[Replica, Replica]) -> Iterator[State]:
        free, rollouts = state
        sides = list(rollouts[position])
        replicas = list(sides[revision])
        replicas.remove(change[0])
        sides[revision] = tuple(sorted((*replicas, change[1])))
        rollouts = (*rollouts[:position], (sides[0], sides[1]), *rollouts[position + 1 :])
        if _NOWHERE in change[1]:
            yield self.canonical((free, rollouts))
            return
        counts = settle_at_once(self.workloads[position], _counts(rollouts[position]))
        yield from self.adjust((free, rollouts), position, counts)

    def adjust(self, state: State, position: int, wanted: Counts) -> Iterator[State]:
        """Delete and create replicas until the counts are those wanted; which available ones go is open."""
        free, rollouts = state
        workload = self.workloads[position]
        results: list[tuple[tuple[int, ...], tuple[tuple[Replica, ...], ...]]] = [(free, ())]
        goals = ((wanted.old_up, wanted.old_down), (wanted.new_up, wanted.new_down))
        for template, replicas, (up, down) in zip((workload.old, workload.new), rollouts[position], goals, strict=True):
            parts = len(template.gpus) if template is not None else 0
            running = [replica for replica in replicas if _NOWHERE not in replica]
            waiting = sorted((replica for replica in replicas if _NOWHERE in replica), key=lambda r: r.count(_NOWHERE))
            kept = [*waiting[:down], *([(_NOWHERE,) * parts] * (down - len(waiting)))]
            gone = waiting[down:]
            results = [
                (
                    _freed(freed, template, [*gone, *_without(running, stay)]),
                    (*sides, tuple(sorted((*stay, *kept)))),
                )
                for freed, sides in results
                for stay in set(combinations(running, min(up, len(running))))
            ]
        for freed, sides in results:
            yield self.canonical((freed, (*rollouts[:position], (sides[0], sides[1]), *rollouts[position + 1 :])))

    def canonical(self, state: State) -> State:
        """The same state with nodes of one pool in the order of what is on them."""
        free, rollouts = state
        content: list[list[tuple[int, int, int]]] = [[] for _ in free]
        for position, rollout in enumerate(rollouts):
            for revision, replicas in enumerate(rollout):
                for replica in replicas:
                    for part, node in enumerate(replica):
                        if node != _NOWHERE:
                            content[node].append((position, revision, part))
        renamed = {_NOWHERE: _NOWHERE}
        for nodes in self.nodes_of.values():
            ordered = sorted(nodes, key=lambda at: (self.sizes[at], free[at], sorted(content[at])))
            renamed.update(zip(ordered, nodes, strict=True))
        moved = [0] * len(free)
        for at, room in enumerate(free):
            moved[renamed[at]] = room
        return tuple(moved), tuple((_rename(old, renamed), _rename(new, renamed)) for old, new in rollouts)


def _rename(replicas: tuple[Replica, ...], renamed: Mapping[int, int]) -> tuple[Replica, ...]:
    return tuple(sorted(tuple(renamed[node] for node in replica) for replica in replicas))


def _pool(template: Template) -> PoolKey:
    assert template.pool is not None
    return template.pool


def _less(free: tuple[int, ...], at: int, gpus: int) -> tuple[int, ...]:
    return (*free[:at], free[at] - gpus, *free[at + 1 :])


def _freed(free: tuple[int, ...], template: Template | None, gone: Sequence[Replica]) -> tuple[int, ...]:
    for replica in gone:
        for part, node in enumerate(replica):
            if node != _NOWHERE and template is not None:
                free = _less(free, node, -template.gpus[part])
    return free


def _without(replicas: Sequence[Replica], kept: Sequence[Replica]) -> list[Replica]:
    rest = list(replicas)
    for replica in kept:
        rest.remove(replica)
    return rest


def _waiting_parts(replica: Replica, template: Template | None) -> Iterator[int]:
    """One waiting part of each size."""
    sizes = set()
    for part, node in enumerate(replica):
        if template is not None and node == _NOWHERE and template.gpus[part] not in sizes:
            sizes.add(template.gpus[part])
            yield part


def _counts(rollout: Rollout) -> Counts:
    up = [sum(_NOWHERE not in replica for replica in replicas) for replicas in rollout]
    return Counts(up[0], len(rollout[0]) - up[0], up[1], len(rollout[1]) - up[1])
