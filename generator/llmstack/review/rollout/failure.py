"""What is left of a rollout whose new pods never become ready."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity
from llmstack.review.facts import Pool
from llmstack.review.forecast import Failure, Rollout
from llmstack.review.rollout.controller import begin, settle_at_once
from llmstack.review.rollout.obstacles.case import Obstacle
from llmstack.review.rollout.placement import Fixed, PoolKey, gpus_in
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload


class Room(Struct, frozen=True):
    """GPUs of a pool beside the pods that stay: all of them, and those of one node at most."""

    free: int
    node: int


Rooms = Mapping[PoolKey, Room]


def rooms_of(pools: Iterable[Pool], fixed: Fixed) -> Rooms:
    """The room of pools beside the pods that stay."""
    return {(pool.name, pool.resource): _room(pool, fixed) for pool in pools}


def _room(pool: Pool, fixed: Fixed) -> Room:
    free = max(0, pool.count - gpus_in(fixed, (pool.name, pool.resource)))
    return Room(free, pool.count if pool.per_node is None else pool.per_node)


def rooms_beside(rooms: Mapping[PoolKey, Room], workloads: Iterable[Workload]) -> Callable[[Workload], Rooms]:
    """Return what gives the room that one of the workloads has at most beside what the others hold at any time."""
    sure = Counter[PoolKey]()
    for each in workloads:
        sure.update(_surely_held(each))

    def beside(workload: Workload) -> Rooms:
        others = sure - _surely_held(workload)
        return {key: replace(room, free=max(0, room.free - others[key])) for key, room in rooms.items()}

    return beside


def _surely_held(workload: Workload) -> Counter[PoolKey]:
    """The GPUs that a workload holds at any time: of the replicas that its controller leaves."""
    old, new = workload.old, workload.new
    if old is None or new is None or old.pool is None or old.pool != new.pool or workload.move == "remove":
        return Counter()
    unavailable = workload.unavailable if workload.move == "restart" else 0
    least = max(0, min(workload.before, workload.after) - unavailable)
    return Counter({old.pool: least * min(old.total, new.total)})


def failure_of(workload: Workload, rooms: Rooms, let_in: int | None = None) -> Failure:
    """Return the replicas that stay ready, and the GPUs that the pods of both revisions take meanwhile.

    The controller goes on until it may take away no more (`settle_at_once`); pods that find no room hold no GPU,
    nor do those that no node can take, or that are beyond how many are `let_in` at a time, where something says so.
    """
    counts = settle_at_once(workload, begin(workload, workload.before))
    held: Counter[PoolKey] = Counter()
    old, new = counts.old_up + counts.old_down, counts.new_up + counts.new_down
    if let_in is not None and len(workload.new.gpus if workload.new is not None else ()) == 1:
        new = min(new, max(counts.new_up, let_in - old))
    first = min(new, workload.made_old)
    ends = (workload.old or workload.new, old + first), (workload.new or workload.old, new - first)
    for template, replicas in ends:
        if template is not None and template.pool is not None:
            held[template.pool] += _taken(template, replicas, rooms.get(template.pool), held[template.pool])
    return Failure(
        counts.old_up + counts.new_up + workload.kept,
        held.total() + sum(template.total * replicas for template, replicas in workload.stays),
        _back(workload, workload.before - counts.old_up - counts.new_up),
    )


def with_kept_out(
    rolled: Iterable[Rollout],
    workloads: Iterable[Workload],
    obstacles: Mapping[Identity, Sequence[Obstacle]],
    rooms: Callable[[Workload], Rooms],
) -> tuple[Rollout, ...]:
    """Return the rollouts, those of which something lets no more than some pods in without what the others would
    hold."""
    let_in = {
        key: min(each.room for each in found if each.room is not None)
        for key, found in obstacles.items()
        if any(each.room is not None for each in found)
    }
    kept = {
        each.identity: failure_of(each, rooms(each), let_in[each.identity])
        for each in workloads
        if each.identity in let_in
    }
    return tuple(
        replace(each, if_it_fails=kept[each.identity]) if each.if_it_fails and each.identity in kept else each
        for each in rolled
    )


def _taken(template: Template, replicas: int, room: Room | None, before: int) -> int:
    """The GPUs that pods of so many replicas take beside those that are taken `before` them: whole pods, where a node
    can have them and the pool has room."""
    taken = 0
    for size, pods in Counter(template.gpus).items():
        fitting = pods * replicas
        if room is not None:
            left = max(0, room.free - before - taken)
            fitting = min(fitting, left // size) if size <= room.node else 0
        taken += fitting * size
    return taken


def _back(workload: Workload, missing: int) -> int | None:
    """At most the seconds until the replicas of before are ready again.

    A revert removes the pods that are not ready first, all at once (`cleanupUnhealthyReplicas`,
    pkg/controller/deployment/rolling.go), and makes what is missing together: one load, after the grace period of what
    held the GPUs. A StatefulSet waits for a pod that never becomes ready until somebody deletes it (Kubernetes
    documentation, "StatefulSets", forced rollback).
    """
    old = workload.old or workload.new
    if missing <= 0:
        return 0 if workload.before or workload.kept else None
    if old is None or old.load is None or workload.in_place:
        return None
    return old.load + old.min_ready + max(old.grace, workload.new.grace if workload.new is not None else 0)
