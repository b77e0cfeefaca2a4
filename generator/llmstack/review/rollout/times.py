"""How long each rollout takes, and the whole change.

A step is the wait for GPUs (with the grace period of the pod that held them, where none is spare) and the
load of one pod. Where a load time was not measured, the run is played twice, with the least and the most
that the probes allow: what comes out equal is known, the rest is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from llmstack.review.facts import Pool
from llmstack.review.result import Rollout
from llmstack.review.rollout.placement import Fixed
from llmstack.review.rollout.simulate import Outcome, Run, simulate
from llmstack.review.rollout.workload import Template, Workload

UNKNOWN_LOAD = 300
"""Seconds drawn for a load that nothing bounds; no figure is derived from it."""


@dataclass(frozen=True, slots=True)
class Times:
    """The runs with the likeliest, the shortest and the longest load times; one and the same where all
    are known."""

    likely: Run
    shortest: Run
    longest: Run


def time_rollouts(workloads: Sequence[Workload], pools: Sequence[Pool], fixed: Fixed) -> Times:
    """Run the rollouts, thrice where a load time is unknown."""
    likely = simulate(workloads, pools, fixed, _likely_load)
    templates = [workload.new for workload in workloads] + [workload.old for workload in workloads]
    if all(template is None or template.load is not None for template in templates):
        return Times(likely, likely, likely)
    return Times(
        likely,
        simulate(workloads, pools, fixed, _shortest_load),
        simulate(workloads, pools, fixed, _longest_load),
    )


def _likely_load(template: Template) -> float:
    if template.load is not None:
        return template.load
    return template.load_max or max(template.load_min or 0, UNKNOWN_LOAD)


def _shortest_load(template: Template) -> float:
    return template.load if template.load is not None else template.load_min or 0


def _longest_load(template: Template) -> float:
    if template.load is not None:
        return template.load
    return inf if template.load_max is None else template.load_max


def total_seconds(rolled: Sequence[Rollout], times: Times) -> int | None:
    """Return when the last of the rollouts is done; None when one never is or that time is not known."""
    if not times.longest.finished or not times.shortest.finished:
        return None
    last = max((rollout.seconds for rollout in rolled if rollout.seconds is not None), default=0)
    return last if round(times.longest.end) <= last else None


def own_times(times: Times, first: int, count: int) -> Times:
    """Return the runs as one environment sees them: `count` outcomes from the `first` on, and the end of its own
    last."""
    return Times(*(_own_run(run, first, count) for run in (times.likely, times.shortest, times.longest)))


def _own_run(run: Run, first: int, count: int) -> Run:
    outcomes = run.outcomes[first : first + count]
    finished = [outcome.finish for outcome in outcomes if outcome.finish is not None]
    end = max(finished, default=0.0) if len(finished) == len(outcomes) else run.end
    return replace(run, outcomes=outcomes, end=end)


def rollouts(workloads: Sequence[Workload], times: Times) -> tuple[Rollout, ...]:
    """Return the rollouts in the order of the workloads; a removed workload is none."""
    outcomes = zip(workloads, times.likely.outcomes, times.shortest.outcomes, times.longest.outcomes, strict=True)
    return tuple(_rollout(workload, *of_it) for workload, *of_it in outcomes if workload.move != "remove")


def _rollout(workload: Workload, likely: Outcome, shortest: Outcome, longest: Outcome) -> Rollout:
    template = workload.new or workload.old
    assert template is not None
    assert workload.move != "remove"
    measured = template.load is not None or shortest.finish == longest.finish == 0
    known = measured and shortest.finish is not None and shortest.finish == longest.finish
    bounded = not known and likely.finish is not None
    least_known = template.load is not None or template.load_min is not None
    return Rollout(
        kind=workload.kind,
        name=workload.name,
        model=workload.model,
        why=workload.move,
        replicas=workload.after,
        gpus_per_replica=template.total,
        resource=template.pool[1] if template.pool is not None else "",
        pool=template.pool[0] if template.pool is not None else None,
        max_surge=workload.surge,
        max_unavailable=workload.unavailable,
        min_ready=min(likely.least, shortest.least, longest.least),
        seconds=_whole(shortest.finish) if known else None,
        seconds_min=_whole(shortest.finish) if bounded and least_known else None,
        seconds_max=_whole(longest.finish) if bounded else None,
    )


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
