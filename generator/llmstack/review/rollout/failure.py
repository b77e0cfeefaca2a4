"""What is left of a rollout whose new pods never become ready."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from llmstack.review.forecast import Failure
from llmstack.review.rollout.controller import begin, settle_at_once
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload


@dataclass(frozen=True, slots=True)
class Room:
    """GPUs of a pool beside the pods that stay: all of them, and those of one node at most."""

    free: int
    node: int


def failure_of(workload: Workload, rooms: Mapping[PoolKey, Room]) -> Failure:
    """Return the replicas that stay ready, and the GPUs that the pods of both revisions take meanwhile.

    The controller goes on until it may take away no more (`settle_at_once`); pods that find no room hold no GPU,
    nor do those that no node can take.
    """
    counts = settle_at_once(workload, begin(workload, workload.before))
    held: Counter[PoolKey] = Counter()
    for template, replicas in (
        (workload.old or workload.new, counts.old_up + counts.old_down),
        (workload.new or workload.old, counts.new_up + counts.new_down),
    ):
        if template is not None and template.pool is not None:
            held[template.pool] += _taken(template, replicas, rooms.get(template.pool), held[template.pool])
    return Failure(
        counts.old_up + counts.new_up,
        held.total(),
        _back(workload, workload.before - counts.old_up - counts.new_up),
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
        return 0 if workload.before else None
    if old is None or old.load is None or workload.in_place:
        return None
    return old.load + old.min_ready + max(old.grace, workload.new.grace if workload.new is not None else 0)
