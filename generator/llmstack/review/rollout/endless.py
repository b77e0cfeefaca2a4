"""Rollouts that never finish, or may not: what is said and drawn of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import inf

from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity
from llmstack.review.facts import Pool
from llmstack.review.forecast import Basis, Demand, GpuPool, PodPhase, Rollout
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.gpus import over_time
from llmstack.review.rollout.obstacles.case import Hangs, Obstacle
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.play import Played
from llmstack.review.rollout.simulate import Run, simulate
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.times import likely_load, too_many
from llmstack.review.rollout.workload import Workload

Obstacles = Mapping[Identity, Sequence[Obstacle]]
"""What keeps the new pods of workloads from starting."""

NEVER = 10**9
"""Seconds that stand for a load which is never over: no manifest has a longer one."""


def stopped_by(obstacles: Obstacles) -> frozenset[Identity]:
    """The workloads of which something else than GPUs keeps every new pod from starting."""
    return frozenset(key for key, found in obstacles.items() if any(each.certain for each in found))


def endless(obstacles: Obstacles, verdicts: Mapping[PoolKey, Verdict]) -> frozenset[Identity]:
    """The workloads whose rollout finishes in no order."""
    stopped = set(stopped_by(obstacles))
    for verdict in verdicts.values():
        if verdict.certain:
            stopped |= verdict.stuck - verdict.undecided
    return frozenset(stopped)


def perhaps_endless(obstacles: Obstacles, verdicts: Mapping[PoolKey, Verdict]) -> frozenset[Identity]:
    """The workloads whose rollout finishes in no order, or not in every one."""
    return frozenset(obstacles).union(*(verdict.stuck for verdict in verdicts.values()))


def without_end(
    rolled: Sequence[Rollout], obstacles: Obstacles, verdicts: Mapping[PoolKey, Verdict]
) -> tuple[Rollout, ...]:
    """Return the rollouts. Those that never finish take no time that could be said. Those that something likely
    hinders, or of which a race decides whether they finish, take at least what they would; those that some order leaves
    waiting for GPUs, or that something less likely may hinder, are assumed to take it."""
    never = endless(obstacles, verdicts)
    races = {key for each in verdicts.values() if each.certain for key in each.undecided} - never
    doubtful = {key for each in verdicts.values() if each.deadlock and not each.certain for key in each.stuck}

    def told(rollout: Rollout) -> Rollout:
        key = rollout.identity
        if key in never or key in races or any(each.likely for each in obstacles.get(key, ())):
            return _endless(rollout, key in never, key in races)
        if key in doubtful or key in obstacles:
            return replace(rollout, basis={**rollout.basis, "seconds": "assumed"})
        return rollout

    return tuple(map(told, rolled))


def _endless(rollout: Rollout, never: bool, is_race: bool) -> Rollout:
    """The rollout without an end of its time, and without any time where it never finishes."""
    low = rollout.seconds if rollout.seconds is not None else rollout.seconds_min
    at_least = None if never else low
    seconds: Basis = "assumed" if at_least is None else "bound"
    return replace(
        rollout,
        seconds=None,
        seconds_min=at_least,
        seconds_max=None,
        seconds_max_without=(),
        basis={**rollout.basis, "seconds": seconds},
        is_race=is_race,
    )


def hindered_pools(rows: Sequence[GpuPool], workloads: Sequence[Workload], obstacles: Obstacles) -> tuple[GpuPool, ...]:
    """Return the pools; one whose pods wait for something else does not finish either, and of one where that is not
    known it cannot be said."""
    found: dict[PoolKey, list[Obstacle]] = {}
    for workload in workloads:
        if workload.new is not None and workload.new.pool is not None:
            found.setdefault(workload.new.pool, []).extend(obstacles.get(workload.identity, ()))
    return tuple(_hindered(row, {each.hangs for each in found.get((row.pool, row.resource), ())}) for row in rows)


def _hindered(row: GpuPool, hangs: Collection[Hangs]) -> GpuPool:
    if row.capacity is None or row.certain or not hangs:
        return row
    if "always" in hangs:
        return replace(row, deadlock=True, certain=True)
    if "sometimes" in hangs or row.deadlock:
        return replace(row, deadlock=True)
    return replace(row, deadlock=None, certain=None)


def drawn(played: Played, pools: Sequence[Pool], stopped: Collection[Identity]) -> Run:
    """Return the likeliest run as a picture shows it: rollouts that something keeps from starting (`stopped`) are
    played with new pods that never get ready, and these wait."""
    if not stopped:
        return played.times.likely
    left_out = too_many(played.workloads)
    workloads = [_never_ready(each, stopped) for each in played.workloads if each.identity not in left_out]
    run = simulate(workloads, pools, played.fixed, _load, played.queue)
    kept = [(phase, _waits(phase, stopped)) for phase in run.phases]
    moved = [phase for phase, waits in kept if waits]
    demand = {key: _moved_to_waiting(series, key, moved) for key, series in run.demand.items()}
    return replace(
        run,
        demand=demand,
        phases=[replace(phase, phase="waiting") if waits else phase for phase, waits in kept],
    )


def _load(template: Template) -> float:
    return inf if template.load == NEVER else likely_load(template)


def _never_ready(workload: Workload, stopped: Collection[Identity]) -> Workload:
    if workload.identity not in stopped or workload.new is None:
        return workload
    return replace(workload, new=replace(workload.new, load=NEVER))


def _waits(phase: PodPhase, stopped: Collection[Identity]) -> bool:
    return phase.workload in stopped and phase.revision == "new" and phase.phase == "loading"


def _moved_to_waiting(series: Sequence[Demand], pool: PoolKey, phases: Sequence[PodPhase]) -> list[Demand]:
    """The demand of a pool, the GPUs of some phases counted as waited for. They begin and end where it changes."""
    here = [phase for phase in phases if (phase.pool, phase.resource) == pool]
    steps = sorted([(each.start, each.gpus) for each in here] + [(each.end, -each.gpus) for each in here])
    moved, at, points = 0, 0, []
    for point in series:
        while at < len(steps) and steps[at][0] <= point.second:
            moved += steps[at][1]
            at += 1
        points.append(replace(point, bound=point.bound - moved, waiting=point.waiting + moved))
    return points


def with_demand(rows: Sequence[GpuPool], played: Played, run: Run) -> tuple[GpuPool, ...]:
    """Return the pools with what a run asks of them over time."""
    keys = ((row, (row.pool, row.resource)) for row in rows)
    return tuple(replace(row, demand=over_time(run, key, played.fixed)) if row.demand else row for row, key in keys)
