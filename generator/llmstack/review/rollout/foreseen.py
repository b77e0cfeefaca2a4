"""The rollouts as they are told: what was played of each, and what its figures rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from math import inf

from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity
from llmstack.review.facts import Pool
from llmstack.review.forecast import Basis, Figure, GpuPool, Rollout
from llmstack.review.restarts import is_resumed
from llmstack.review.rollout.failure import failure_of, rooms_beside, rooms_of
from llmstack.review.rollout.placement import Fixed, PoolKey, gpus_in
from llmstack.review.rollout.rolling import Outcome
from llmstack.review.rollout.simulate import Run
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.times import Outcomes, Times
from llmstack.review.rollout.workload import Workload

PROBED = ("image pull", "second start")
"""What an end by the probes leaves out."""


def rollouts(
    workloads: Sequence[Workload],
    times: Times,
    pools: Sequence[Pool] = (),
    fixed: Fixed | None = None,
    every: Sequence[Workload] = (),
) -> tuple[Rollout, ...]:
    """Return the rollouts in the order of the workloads; a removed workload is none. `fixed` are the pods that stay,
    `every` all workloads of the cluster that change, these too."""
    outcomes = zip(workloads, times.outcomes, strict=True)
    rooms, raced = rooms_of(pools, fixed or {}), _raced(times.likely, pools, fixed or {})
    beside = rooms_beside(rooms, every or workloads)
    rolled = (
        replace(
            _in_race(_foreseen(workload, outcome, rooms), raced), if_it_fails=failure_of(workload, beside(workload))
        )
        for workload, outcome in outcomes
        if workload.move != "remove"
    )
    return as_begun_late(tuple(rolled), _by_chance(workloads, times))


def _by_chance(workloads: Sequence[Workload], times: Times) -> frozenset[Identity]:
    """The workloads whose pods wait, or do not, by where others are, and those that wait in a pool of such."""
    found = set[Identity]()
    waiting: dict[PoolKey | None, set[Identity]] = {}
    pools = set[PoolKey | None]()
    for workload, outcomes in zip(workloads, times.outcomes, strict=True):
        if outcomes is None or workload.new is None:
            continue
        if any(run.by_chance for run in (outcomes.likely, outcomes.shortest, outcomes.longest)):
            found.add(workload.identity)
            pools.add(workload.new.pool)
        elif outcomes.longest.longest_wait:
            waiting.setdefault(workload.new.pool, set()).add(workload.identity)
    return frozenset(found.union(*(waiting.get(pool, ()) for pool in pools)))


def _raced(run: Run, pools: Sequence[Pool], fixed: Fixed) -> frozenset[PoolKey]:
    """The pools of which pods of several workloads ask for more than there is at a time: which of them come first is a
    race, and what was played is one order."""
    keys = {(pool.name, pool.resource): pool.count for pool in pools}
    short = {key for key, count in keys.items() if gpus_in(fixed, key) + run.peaks.get(key, 0) > count}
    makers = {(phase.workload, phase.pool, phase.resource) for phase in run.phases if phase.phase == "loading"}
    number = Counter((pool, resource) for _, pool, resource in makers)
    return frozenset(key for key in short if number[key] > 1)


def _in_race(rollout: Rollout, raced: Container[PoolKey]) -> Rollout:
    return _assumed(rollout) if (rollout.pool, rollout.resource) in raced else rollout


def as_deleted(rolled: Sequence[Rollout], deleted: Container[tuple[str, str, str]]) -> tuple[Rollout, ...]:
    """Return the rollouts; one whose workload an owner deletes, unless another one has applied it first, may be made
    anew: nothing is ready then, for a load at the least."""
    return tuple(_made_anew(each) if each.identity in deleted and each.why != "new" else each for each in rolled)


def _made_anew(rollout: Rollout) -> Rollout:
    low = rollout.seconds if rollout.seconds is not None else rollout.seconds_min
    replicas = max(1, rollout.replicas or 1)
    return replace(
        rollout,
        min_ready=None if rollout.min_ready is None else 0,
        seconds=None,
        seconds_min=None if low is None else low // replicas,
        seconds_max=None,
        seconds_max_without=(),
        if_it_fails=None,
        basis={**rollout.basis, "seconds": "bound", "minReady": "bound"},
    )


def as_unseen(rolled: Sequence[Rollout], unseen: Container[Identity]) -> tuple[Rollout, ...]:
    """Return the rollouts; of those that are applied from elsewhere, all figures rest on that being the same there."""
    basis: dict[Figure, Basis] = {"seconds": "assumed", "peak": "assumed", "minReady": "assumed"}
    return tuple(replace(each, basis=basis) if each.identity in unseen else each for each in rolled)


def _assumed(rollout: Rollout) -> Rollout:
    """The rollout, its time the one of an order or a delay that nobody said."""
    if rollout.basis.get("seconds") != "exact":
        return rollout
    return replace(rollout, basis={**rollout.basis, "seconds": "assumed"})


def as_judged(rolled: Sequence[Rollout], pools: Iterable[GpuPool], late: Container[Identity]) -> tuple[Rollout, ...]:
    """Return the rollouts; of those in a pool of which it is not known whether it suffices, and of those whose pods
    come late for another reason, the time is assumed."""
    unknown = {(row.pool, row.resource) for row in pools if row.capacity is not None and row.deadlock is None}
    return tuple(_assumed(each) if each.identity in late else _in_race(each, unknown) for each in rolled)


def as_begun_late(rolled: Sequence[Rollout], late: Container[Identity]) -> tuple[Rollout, ...]:
    """Return the rollouts; the times of those of which it is not known when they begin, or when their pods find room,
    are assumed."""
    return tuple(
        replace(each, basis={**each.basis, "seconds": "assumed"}) if each.identity in late else each for each in rolled
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
        replicas=workload.replicas,
        gpus_per_replica=workload.gpus_per_replica,
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
    only_ends = workload.move == "scale" and workload.after <= workload.before and not workload.unready
    measured = template.load is not None or only_ends or shortest.finish == longest.finish == 0
    known = measured and shortest.finish is not None and shortest.finish == longest.finish
    bounded = not known and likely.finish is not None
    least_known = template.load is not None or template.load_min is not None
    if outcomes.span is not None and likely.finish is not None:
        return _in_line(rollout, workload, outcomes, least_known=least_known)
    return replace(
        rollout,
        min_ready=min(likely.least, shortest.least, longest.least) + workload.kept_ready,
        seconds=_whole(shortest.finish) if known else None,
        seconds_min=_whole(shortest.finish) if bounded and least_known else None,
        seconds_max=_whole(longest.finish) if bounded else None,
        replicas_min=workload.replicas,
        replicas_max=workload.replicas,
        seconds_max_without=_left_out(template) if bounded and longest.finish is not None else (),
        basis=_basis(workload, (shortest, longest), known=known, bounded=bounded),
    )


def _in_line(rollout: Rollout, workload: Workload, outcomes: Outcomes, *, least_known: bool) -> Rollout:
    """A rollout whose end depends on the order in which the sync tool takes the units. The pool's peak is that of the
    order in which most is asked for at a time (`queue.Line`)."""
    earliest, latest = outcomes.span or (0.0, inf)
    shortest, longest = outcomes.shortest, outcomes.longest
    template = workload.new or workload.old
    assert template is not None
    return replace(
        rollout,
        min_ready=min(outcomes.likely.least, shortest.least, longest.least) + workload.kept_ready,
        seconds_min=_whole(earliest) if least_known else None,
        seconds_max=None if latest == inf else _whole(latest),
        replicas_min=workload.replicas,
        replicas_max=workload.replicas,
        seconds_max_without=_left_out(template) if latest != inf else (),
        basis={**_basis(workload, (shortest, longest), known=False, bounded=True), "peak": "bound"},
    )


def _left_out(template: Template) -> tuple[str, ...]:
    """What the end of a rollout leaves out where its load was not measured."""
    if template.load is not None:
        return ()
    fits = template.load_band is not None and template.load_band[1] <= (template.load_max or inf)
    first = ("init containers",) if template.prepares else ()
    return (*first, *(PROBED[:1] if fits else PROBED))


def _basis(workload: Workload, ends: tuple[Outcome, Outcome], *, known: bool, bounded: bool) -> dict[Figure, Basis]:
    """What each figure rests on: pods that follow again after a pause are of a template that nobody said."""
    template = workload.new or workload.old
    sure: Basis = "assumed" if template is not None and (template.load_assumed or template.overruns) else "exact"
    probed = template is not None and template.load is None and ends[1].finish is not None
    seconds: Basis = sure if known else "bound" if bounded and not probed else "assumed"
    if workload.falls_to is not None and workload.move == "restart":
        seconds = "assumed"  # when its scaler looks
    if is_resumed(workload.causes):
        return {"seconds": "assumed", "peak": "assumed", "minReady": "assumed"}
    ready: Basis = "exact" if ends[0].least == ends[1].least else "bound"
    if workload.perhaps_one and workload.rolls:
        return {"seconds": "assumed", "peak": "exact", "minReady": "bound"}
    return {"seconds": seconds, "peak": "exact", "minReady": ready}


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
