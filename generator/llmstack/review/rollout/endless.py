"""Rollouts that never finish, or may not: what is said and drawn of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from llmstack.review.result import Basis, Figure, GpuPool, PodPhase, Rollout
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.obstacles.case import Hangs, Obstacle
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.workload import Workload


def endless(obstacles: Mapping[str, Sequence[Obstacle]], verdicts: Mapping[PoolKey, Verdict]) -> frozenset[str]:
    """`Kind/name` of the workloads whose rollout finishes in no order."""
    stopped = {key for key, found in obstacles.items() if any(each.certain for each in found)}
    for verdict in verdicts.values():
        if verdict.certain:
            stopped |= verdict.stuck
    return frozenset(stopped)


def without_end(
    rolled: Sequence[Rollout], never: Collection[str], obstacles: Mapping[str, Sequence[Obstacle]]
) -> tuple[Rollout, ...]:
    """Return the rollouts; those that never finish take no time that could be said, those that something likely hinders
    take at least what they would, and those that something less likely may hinder are assumed to take it."""
    return tuple(_without_end(rollout, never, obstacles) for rollout in rolled)


def _without_end(rollout: Rollout, never: Collection[str], obstacles: Mapping[str, Sequence[Obstacle]]) -> Rollout:
    key = f"{rollout.kind}/{rollout.name}"
    if key not in never and key not in obstacles:
        return rollout
    if key not in never and not any(each.likely for each in obstacles[key]):
        return replace(rollout, basis={**rollout.basis, "seconds": "assumed"})
    low = rollout.seconds if rollout.seconds is not None else rollout.seconds_min
    at_least = None if key in never else low
    seconds: Basis = "assumed" if at_least is None else "bound"
    basis: dict[Figure, Basis] = {**rollout.basis, "seconds": seconds}
    return replace(rollout, seconds=None, seconds_min=at_least, seconds_max=None, seconds_max_without=(), basis=basis)


def hindered_pools(
    rows: Sequence[GpuPool], workloads: Sequence[Workload], obstacles: Mapping[str, Sequence[Obstacle]]
) -> tuple[GpuPool, ...]:
    """Return the pools; one whose pods wait for something else does not finish either, and of one where that is not
    known it cannot be said."""
    found: dict[PoolKey, list[Obstacle]] = {}
    for workload in workloads:
        if workload.new is not None and workload.new.pool is not None:
            found.setdefault(workload.new.pool, []).extend(obstacles.get(workload.key, ()))
    return tuple(_hindered(row, {each.hangs for each in found.get((row.pool, row.resource), ())}) for row in rows)


def _hindered(row: GpuPool, hangs: Collection[Hangs]) -> GpuPool:
    if row.capacity is None or row.certain or not hangs:
        return row
    if "always" in hangs:
        return replace(row, deadlock=True, certain=True)
    if "sometimes" in hangs or row.deadlock:
        return replace(row, deadlock=True)
    return replace(row, deadlock=None, certain=None)


def phases_without_end(phases: Sequence[PodPhase], never: Collection[str]) -> tuple[PodPhase, ...]:
    """Return the timeline, in which no new pod of a rollout that never finishes loads or gets ready: it waits."""
    return tuple(
        replace(phase, phase="waiting")
        if phase.workload in never and phase.revision == "new" and phase.phase in ("loading", "ready")
        else phase
        for phase in phases
    )
