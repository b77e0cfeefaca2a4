"""Rollouts that never finish, or may not: what is said and drawn of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from llmstack.review.result import Basis, Figure, PodPhase, Rollout
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.obstacles import Obstacle
from llmstack.review.rollout.placement import PoolKey


def endless(obstacles: Mapping[str, Sequence[Obstacle]], verdicts: Mapping[PoolKey, Verdict]) -> frozenset[str]:
    """`Kind/name` of the workloads whose rollout finishes in no order."""
    stopped = {key for key, found in obstacles.items() if any(each.certain for each in found)}
    for verdict in verdicts.values():
        if verdict.certain:
            stopped |= verdict.stuck
    return frozenset(stopped)


def without_end(rolled: Sequence[Rollout], never: Collection[str], hindered: Collection[str]) -> tuple[Rollout, ...]:
    """Return the rollouts; those that never finish take no time that could be said, and those that something may
    hinder take at least what they would."""
    return tuple(_without_end(rollout, never, hindered) for rollout in rolled)


def _without_end(rollout: Rollout, never: Collection[str], hindered: Collection[str]) -> Rollout:
    key = f"{rollout.kind}/{rollout.name}"
    if key not in never and key not in hindered:
        return rollout
    low = rollout.seconds if rollout.seconds is not None else rollout.seconds_min
    at_least = None if key in never else low
    seconds: Basis = "assumed" if at_least is None else "bound"
    basis: dict[Figure, Basis] = {**rollout.basis, "seconds": seconds}
    return replace(rollout, seconds=None, seconds_min=at_least, seconds_max=None, basis=basis)


def phases_without_end(phases: Sequence[PodPhase], never: Collection[str]) -> tuple[PodPhase, ...]:
    """Return the timeline, in which no new pod of a rollout that never finishes loads or gets ready: it waits."""
    return tuple(
        replace(phase, phase="waiting")
        if phase.workload in never and phase.revision == "new" and phase.phase in ("loading", "ready")
        else phase
        for phase in phases
    )
