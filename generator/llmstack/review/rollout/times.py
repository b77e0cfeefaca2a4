"""How long each rollout takes, and the whole change.

A step is the wait for GPUs (with the grace period of the pod that held them, where none is spare) and the
load of one pod. Where a load time was not measured, the run is played twice, with the least and the most
that the probes allow: what comes out equal is known, the rest is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity
from llmstack.review.facts import Pool
from llmstack.review.forecast import Rollout
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.queue import Queue, latest_ends
from llmstack.review.rollout.rolling import Outcome
from llmstack.review.rollout.simulate import Run, simulate
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload

UNKNOWN_LOAD = 300
"""Seconds drawn for a load that nothing bounds; no figure is derived from it."""


MOST_PODS = 20_000
"""Pods of all rollouts that are played through. A fleet of hundreds of models has a tenth of it; a replica more than
that may be a slip of the keyboard, and costs a review its memory."""


class Outcomes(Struct, frozen=True):
    """How one workload fared with the likeliest, the shortest and the longest load times."""

    likely: Outcome
    shortest: Outcome
    longest: Outcome
    span: tuple[float, float] | None = None
    """When it is done at the earliest and at the latest, where that depends on the order in which the sync tool takes
    the units; infinite: perhaps never."""


class Times(Struct, frozen=True):
    """The runs with the likeliest, the shortest and the longest load times; one and the same where all
    are known."""

    likely: Run
    shortest: Run
    longest: Run
    outcomes: tuple[Outcomes | None, ...]
    """In the order of the workloads; None for one of so many pods that it was not played."""
    ends_alike: bool = False
    """Whether units wait for a worker of the sync tool, and the last one is done at the same time in any order."""


def time_rollouts(
    workloads: Sequence[Workload], pools: Sequence[Pool], fixed: Fixed, queue: Queue | None = None
) -> Times:
    """Run the rollouts, thrice where a load time is unknown; those of too many pods are left out. `queue` is what the
    sync tool does not apply at once."""
    left_out = too_many(workloads)
    played = [workload for workload in workloads if workload.identity not in left_out]
    play = partial(simulate, played, pools, fixed, queue=queue)
    runs = [play(load=likely_load)]
    templates = [workload.new for workload in played] + [workload.old for workload in played]
    if any(template is not None and template.load is None for template in templates):
        runs += [play(load=load) for load in (_shortest_load, _longest_load)]
    likely, shortest, longest = runs if len(runs) == 3 else runs * 3
    spans, alike = _spans(played, shortest, longest, queue or Queue())
    outcomes = iter(zip(likely.outcomes, shortest.outcomes, longest.outcomes, spans, strict=True))
    of_each = (None if workload.identity in left_out else Outcomes(*next(outcomes)) for workload in workloads)
    return Times(likely, shortest, longest, tuple(of_each), alike)


def _spans(
    workloads: Sequence[Workload], shortest: Run, longest: Run, queue: Queue
) -> tuple[list[tuple[float, float] | None], bool]:
    """When each workload is done, the order of units unknown; and whether the last is done at the same time in any.
    Where each unit has a worker as soon as those that it waits for are ready, nothing is unknown of that order."""
    spans: list[tuple[float, float] | None] = [None] * len(workloads)
    units = queue.of(workloads)
    chained = any(queue.ahead(units).values())
    if len(units) <= queue.workers and not chained:
        return spans, False
    least, most = (_lengths(units, run, queue) for run in (shortest, longest))
    if len(units) <= queue.workers and all(most[unit] < queue.units[unit].timeout for unit in units):
        return spans, False
    if len({*least.values(), *most.values()}) > 1 and any(each.longest_wait for each in longest.outcomes):
        least, alone = (
            _lengths(units, simulate(workloads, (), {}, load, queue), queue) for load in (_shortest_load, _longest_load)
        )
        waits = _waits(workloads, longest)
        for unit, positions in units.items():
            most[unit] = max(most[unit], alone[unit] + max(waits[_pool(workloads[each])] for each in positions))
    latest = latest_ends(most, queue.workers, chained=chained)
    for unit, positions in units.items():
        for position in positions:
            spans[position] = least[unit], latest[unit]
    return spans, not chained and len({*least.values(), *most.values()}) == 1 and inf not in most.values()


def _waits(workloads: Sequence[Workload], run: Run) -> dict[PoolKey | None, float]:
    """The longest that a pod of each pool waited for GPUs: in another order it is a pod of another unit."""
    found: dict[PoolKey | None, float] = {}
    for workload, outcome in zip(workloads, run.outcomes, strict=True):
        found[_pool(workload)] = max(found.get(_pool(workload), 0), outcome.longest_wait)
    return found


def _pool(workload: Workload) -> PoolKey | None:
    return workload.new.pool if workload.new is not None else None


def _lengths(units: Mapping[str, Sequence[int]], run: Run, queue: Queue) -> dict[str, float]:
    """For how long each unit holds its worker."""
    found = {}
    for unit, positions in units.items():
        outcomes = [run.outcomes[position] for position in positions]
        ends = [inf if each.finish is None else each.finish - each.start for each in outcomes]
        found[unit] = min(max(ends), queue.units[unit].timeout)
    return found


def too_many(workloads: Iterable[Workload]) -> frozenset[Identity]:
    """The largest of the workloads, without which the rest has at most MOST_PODS pods."""
    pods = {workload.identity: workload.pods for workload in workloads}
    total = sum(pods.values())
    left_out = set()
    for key in sorted(pods, key=lambda key: (-pods[key], key)):
        if total <= MOST_PODS:
            break
        left_out.add(key)
        total -= pods[key]
    return frozenset(left_out)


def likely_load(template: Template) -> float:
    """Return the seconds that a pod loads: as measured, else the most that it may take, or that its probes allow."""
    if template.load is not None:
        return template.load
    longest = _longest_load(template)
    return longest if longest < inf else max(UNKNOWN_LOAD, template.load_min or 0)


def _shortest_load(template: Template) -> float:
    if template.load is not None:
        return template.load
    return template.load_band[0] if template.load_band is not None else template.load_min or 0


def _longest_load(template: Template) -> float:
    if template.load is not None:
        return template.load
    # the least may be over what the probes allow, which is a risk: the time is then told as if they did
    allowed = inf if template.load_max is None else max(template.load_max, template.load_min or 0)
    if template.load_band is None:
        return allowed
    low, high = template.load_band
    return high if allowed < low else min(allowed, high)


def total_seconds(rolled: Sequence[Rollout], times: Times) -> int | None:
    """Return when the last of the rollouts is done; None when one never is or that time is not known."""
    if None in times.outcomes or not times.longest.finished or not times.shortest.finished:
        return None
    if times.ends_alike:
        return round(times.longest.end)
    last = max((rollout.seconds for rollout in rolled if rollout.seconds is not None), default=0)
    return last if round(times.longest.end) <= last else None


def own_times(times: Times, first: int, count: int) -> Times:
    """Return the runs as one environment sees them: `count` outcomes from the `first` on, and the end of its own
    last."""
    outcomes = times.outcomes[first : first + count]
    before, behind = times.outcomes[:first], times.outcomes[first + count :]
    played = [each for each in outcomes if each is not None]
    return Times(
        _own_run(times.likely, [each.likely for each in played]),
        _own_run(times.shortest, [each.shortest for each in played]),
        _own_run(times.longest, [each.longest for each in played]),
        outcomes,
        times.ends_alike and not any(each is not None and each.span for each in (*before, *behind)),
    )


def _own_run(run: Run, outcomes: Sequence[Outcome]) -> Run:
    finished = [outcome.finish for outcome in outcomes if outcome.finish is not None]
    end = max(finished, default=0.0) if len(finished) == len(outcomes) else run.end
    return replace(run, outcomes=tuple(outcomes), end=end)
