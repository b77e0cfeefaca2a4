"""How long each rollout takes, and the whole change.

A step is the wait for GPUs (with the grace period of the pod that held them, where none is spare) and the
load of one pod. Where a load time was not measured, the run is played twice, with the least and the most
that the probes allow: what comes out equal is known, the rest is bounded.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from llmstack.kubernetes.pods import Identity
from llmstack.review.facts import Pool
from llmstack.review.forecast import Basis, Figure, Rollout
from llmstack.review.restarts import is_resumed
from llmstack.review.rollout.failure import failure_of, rooms_of
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.queue import Queue, latest_ends
from llmstack.review.rollout.rolling import Outcome
from llmstack.review.rollout.simulate import Run, simulate
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload

PROBED = ("image pull", "second start")
"""What an end by the probes leaves out."""

UNKNOWN_LOAD = 300
"""Seconds drawn for a load that nothing bounds; no figure is derived from it."""


MOST_PODS = 20_000
"""Pods of all rollouts that are played through. A fleet of hundreds of models has a tenth of it; a replica more than
that may be a slip of the keyboard, and costs a review its memory."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How one workload fared with the likeliest, the shortest and the longest load times."""

    likely: Outcome
    shortest: Outcome
    longest: Outcome
    span: tuple[float, float] | None = None
    """When it is done at the earliest and at the latest, where that depends on the order in which the sync tool takes
    the units; infinite: perhaps never."""


@dataclass(frozen=True, slots=True)
class Times:
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
    """When each workload is done, the order of units unknown; and whether the last is done at the same time in any."""
    spans: list[tuple[float, float] | None] = [None] * len(workloads)
    units = queue.of(workloads)
    chained = any(queue.ahead(units).values())
    if len(units) <= queue.workers and not chained:
        return spans, False
    least, most = (_lengths(units, run, queue) for run in (shortest, longest))
    latest = latest_ends(most, queue.workers, chained=chained)
    for unit, positions in units.items():
        for position in positions:
            spans[position] = least[unit], latest[unit]
    return spans, not chained and len({*least.values(), *most.values()}) == 1 and inf not in most.values()


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


def rollouts(
    workloads: Sequence[Workload], times: Times, pools: Sequence[Pool] = (), fixed: Fixed | None = None
) -> tuple[Rollout, ...]:
    """Return the rollouts in the order of the workloads; a removed workload is none. `fixed` are the pods that stay."""
    outcomes = zip(workloads, times.outcomes, strict=True)
    rooms = rooms_of(pools, fixed or {})
    return tuple(
        replace(_foreseen(workload, outcome, rooms), if_it_fails=failure_of(workload, rooms))
        for workload, outcome in outcomes
        if workload.move != "remove"
    )


def _foreseen(workload: Workload, outcomes: Outcomes | None, known: Container[PoolKey]) -> Rollout:
    """A rollout with its course, where it was played. In a pool of unknown size no pod was taken to wait for GPUs."""
    if outcomes is None:
        return _rollout(workload)
    rolled = _timed(_rollout(workload), workload, outcomes)
    template = workload.new
    makes = workload.move == "restart" or workload.after > workload.before
    if not makes or template is None or not template.total or template.pool in known or outcomes.longest.finish == 0:
        return rolled
    return replace(rolled, basis={**rolled.basis, "seconds": "assumed"})


def _rollout(workload: Workload) -> Rollout:
    """What its manifest says of a rollout, its course unknown."""
    template = workload.new or workload.old
    assert template is not None
    assert workload.move != "remove"
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
        min_ready=None,
        seconds=None,
        seconds_min=None,
        seconds_max=None,
        namespace=workload.namespace,
    )


def _timed(rollout: Rollout, workload: Workload, outcomes: Outcomes) -> Rollout:
    template = workload.new or workload.old
    assert template is not None
    likely, shortest, longest = outcomes.likely, outcomes.shortest, outcomes.longest
    measured = template.load is not None or shortest.finish == longest.finish == 0
    known = measured and shortest.finish is not None and shortest.finish == longest.finish
    bounded = not known and likely.finish is not None
    least_known = template.load is not None or template.load_min is not None
    if outcomes.span is not None and likely.finish is not None:
        return _in_line(rollout, workload, outcomes, least_known=least_known)
    return replace(
        rollout,
        min_ready=min(likely.least, shortest.least, longest.least),
        seconds=_whole(shortest.finish) if known else None,
        seconds_min=_whole(shortest.finish) if bounded and least_known else None,
        seconds_max=_whole(longest.finish) if bounded else None,
        replicas_min=workload.after,
        replicas_max=workload.after,
        seconds_max_without=_left_out(template) if bounded and longest.finish is not None else (),
        basis=_basis(workload, (shortest, longest), known=known, bounded=bounded),
    )


def _in_line(rollout: Rollout, workload: Workload, outcomes: Outcomes, *, least_known: bool) -> Rollout:
    """A rollout whose end depends on the order in which the sync tool takes the units."""
    earliest, latest = outcomes.span or (0.0, inf)
    shortest, longest = outcomes.shortest, outcomes.longest
    template = workload.new or workload.old
    assert template is not None
    return replace(
        rollout,
        min_ready=min(outcomes.likely.least, shortest.least, longest.least),
        seconds_min=_whole(earliest) if least_known else None,
        seconds_max=None if latest == inf else _whole(latest),
        replicas_min=workload.after,
        replicas_max=workload.after,
        seconds_max_without=_left_out(template) if latest != inf else (),
        basis=_basis(workload, (shortest, longest), known=False, bounded=True),
    )


def _left_out(template: Template) -> tuple[str, ...]:
    """What the end of a rollout leaves out where its load was not measured."""
    if template.load is not None:
        return ()
    fits = template.load_band is not None and template.load_band[1] <= (template.load_max or inf)
    return PROBED[:1] if fits else PROBED


def _basis(workload: Workload, ends: tuple[Outcome, Outcome], *, known: bool, bounded: bool) -> dict[Figure, Basis]:
    """What each figure rests on: pods that follow again after a pause are of a template that nobody said."""
    template = workload.new or workload.old
    sure: Basis = "assumed" if template is not None and template.load_assumed else "exact"
    probed = template is not None and template.load is None and ends[1].finish is not None
    seconds: Basis = sure if known else "bound" if bounded and not probed else "assumed"
    if is_resumed(workload.causes):
        return {"seconds": "assumed", "peak": "assumed", "minReady": "assumed"}
    ready: Basis = "exact" if ends[0].least == ends[1].least else "bound"
    return {"seconds": seconds, "peak": "exact", "minReady": ready}


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
