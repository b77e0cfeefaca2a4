"""Rollouts and pools with scalers at their least, and what is other at their most as the end of an interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from llmstack.kubernetes.replicas import Scalers
from llmstack.review.facts import Facts, Pool, names_of
from llmstack.review.forecast import Basis, Figure, GpuPool, Rollout
from llmstack.review.rollout import gpus
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.foreseen import rollouts
from llmstack.review.rollout.placement import gpus_in
from llmstack.review.rollout.play import Played
from llmstack.review.rollout.times import too_many
from llmstack.review.rollout.workload import Workload


def both(least: Played, most: Played | None, facts: Facts) -> tuple[tuple[Rollout, ...], tuple[GpuPool, ...]]:
    """Return the rollouts and pools with scalers at their least, and what is other at their most as the end of an
    interval."""
    pools = facts.pools
    rolled = rollouts(least.own, least.own_times, pools, least.fixed, least.workloads)
    rows = _rows(least, pools)
    if most is None:
        return rolled, rows
    larger = {each.identity: each for each in rollouts(most.own, most.own_times, pools, most.fixed, most.workloads)}
    known = {each.identity for each in rolled}
    merged = [
        _interval(each, larger[each.identity]) if each.identity in larger else _only_at_least(each, most.owned[1])
        for each in rolled
    ]
    shrinking = {each.identity for each in most.own if each.after < each.before}
    merged += [_only_at_most(larger[key], least.owned[1]) for key in larger if key in shrinking - known]
    high = {(row.pool, row.resource): row for row in _rows(most, pools)}
    return tuple(merged), tuple(_both_pools(row, high.pop((row.pool, row.resource), row)) for row in rows)


def down_to_fewest(rolled: Iterable[Rollout], fewest: Scalers) -> tuple[Rollout, ...]:
    """The rollouts, those whose scaler may leave fewer replicas than were played with that as their least: none, where
    KEDA scales to zero, so that nothing is ready, and nothing loads but what is new."""
    return tuple(_down_to(each, fewest.get(each.identity, each.replicas_min)) for each in rolled)


def _down_to(rollout: Rollout, fewest: int | None) -> Rollout:
    if fewest is None or rollout.replicas_min is None or fewest >= rollout.replicas_min:
        return rollout
    loads = rollout.why == "new" or rollout.seconds == 0
    return replace(
        rollout,
        replicas_min=fewest,
        min_ready=None if rollout.min_ready is None else min(fewest, rollout.min_ready),
        seconds=rollout.seconds if loads else None,
        seconds_min=rollout.seconds_min if loads else 0,
        seconds_max=rollout.seconds_max if loads else _high(rollout),
        basis={**rollout.basis, "minReady": "bound", **({} if loads else {"seconds": "bound"})},
    )


def with_woken(rolled: Sequence[Rollout], asleep: Played | None, most: Scalers, facts: Facts) -> tuple[Rollout, ...]:
    """The rollouts, with those that make a pod only where a scaler lets none be there before the change, and no longer
    does; `most` is what scalers give at the most."""
    if asleep is None:
        return tuple(rolled)
    known, scaled = {each.identity for each in rolled}, asleep.owned[1]
    wakes = {each.identity for each in asleep.own if each.move == "scale" and each.after > each.before} - known
    found = rollouts(asleep.own, asleep.own_times, facts.pools, asleep.fixed, asleep.workloads) if wakes else ()
    woken = (each for each in found if each.identity in wakes and each.identity in scaled)
    return (*rolled, *(_only_at_least(each, most) for each in woken))


def as_begun(rolled: Iterable[Rollout], least: Played, most: Played | None, facts: Facts) -> tuple[Rollout, ...]:
    """The rollouts, those of new objects whose replicas a scaler gives as it comes to it. They begin with one (the
    default of `replicas`), and with what it gives at the least once it looks; what takes the place of a workload that
    had more has so many only after the scaler has measured that they are needed, whenever that is."""
    scaled, former = least.owned[1], [each for each in (most or least).own if each.move == "remove"]
    new = {each.identity: each for each in least.own if each.move == "new" and scaled.get(each.identity)}
    return tuple(_begun(each, new[each.identity], former, facts) if each.identity in new else each for each in rolled)


def _begun(rollout: Rollout, workload: Workload, former: Iterable[Workload], facts: Facts) -> Rollout:
    if rollout.seconds is None:
        return rollout
    names = names_of(workload.model, facts.moved_from)
    had = sum(each.before for each in former if each.model in names or each.key == workload.key)
    if had > workload.after:
        basis: dict[Figure, Basis] = {**rollout.basis, "seconds": "bound"}
        return replace(rollout, seconds=None, seconds_min=rollout.seconds, seconds_max=None, basis=basis)
    return replace(rollout, basis={**rollout.basis, "seconds": "assumed"}) if workload.after > 1 else rollout


def hangs_awake(least: Played, asleep: Played | None) -> Played:
    """The prediction at the least: what hangs only while a replica that scalers may let sleep is there, may hang, and
    what is short only then, goes as it does without."""
    if asleep is None:
        return least
    verdicts = {key: _awake(verdict, asleep.verdicts.get(key)) for key, verdict in least.verdicts.items()}
    return replace(least, verdicts=verdicts)


def _awake(verdict: Verdict, rest: Verdict | None) -> Verdict:
    if rest is None or rest.shortage or not verdict.deadlock:
        return verdict
    return rest if verdict.shortage else replace(verdict, certain=verdict.certain and rest.deadlock)


def short_awake(least: Played, asleep: Played | None) -> bool:
    """Whether a pool is short only while a replica is there that scalers may let sleep."""
    rests = asleep.verdicts if asleep is not None else {}
    return any(verdict.shortage and key in rests and not rests[key].shortage for key, verdict in least.verdicts.items())


def with_those_asleep(
    rows: Iterable[GpuPool], least: Played, asleep: Played | None, facts: Facts
) -> tuple[GpuPool, ...]:
    """The pools at the least that scalers leave, `asleep`; of one that hangs as the rollouts were played, or may, as
    they were (`least`)."""
    found = _rows(asleep, facts.pools) if asleep is not None else ()
    hung = {key for key, verdict in least.verdicts.items() if verdict.deadlock}
    low = {(row.pool, row.resource): row for row in found if (row.pool, row.resource) not in hung}
    return tuple(_down_to_sleep(row, low.get((row.pool, row.resource), row)) for row in rows)


def _down_to_sleep(row: GpuPool, low: GpuPool) -> GpuPool:
    if (low.before, low.after, low.peak) == (row.before, row.after, row.peak):
        return row
    return replace(
        row,
        before=low.before,
        after=low.after,
        peak=low.peak,
        before_max=row.before if row.before_max is None else row.before_max,
        after_max=row.after if row.after_max is None else row.after_max,
        peak_max=row.peak if row.peak_max is None else row.peak_max,
    )


def _rows(played: Played, pools: Sequence[Pool]) -> tuple[GpuPool, ...]:
    left_out = too_many(played.workloads)
    rows = gpus.account(played.workloads, pools, played.fixed, played.times.likely, played.verdicts, left_out)
    more = ((row, gpus_in(played.leaving, (row.pool, row.resource))) for row in rows)
    return tuple(
        replace(row, before=row.before + held, peak=max(row.peak, row.before + held)) if held else row
        for row, held in more
    )


def _interval(least: Rollout, most: Rollout | None) -> Rollout:
    if most is None or most == least:
        return least
    lows = [_low(least), _low(most)]
    highs = [_high(least), _high(most)]
    ready = [least.min_ready, most.min_ready]
    same = least.seconds is not None and least.seconds == most.seconds
    known = [each for each in lows if each is not None]
    return replace(
        least,
        seconds=least.seconds if same else None,
        seconds_min=None if same or not known else min(known),
        seconds_max=None if same or None in highs else max(each for each in highs if each is not None),
        min_ready=None if None in ready else min(each for each in ready if each is not None),
        replicas_max=most.replicas_max,
        seconds_max_without=least.seconds_max_without or most.seconds_max_without,
        basis={**least.basis, "peak": "bound", "minReady": "bound", "seconds": _basis_of_both(least, most, same=same)},
    )


def _basis_of_both(least: Rollout, most: Rollout, *, same: bool) -> Basis:
    """What the time rests on where it is one, or where it is an interval."""
    assumed = "assumed" in (least.basis.get("seconds"), most.basis.get("seconds"))
    return "assumed" if assumed else "exact" if same else "bound"


def _only_at_least(least: Rollout, owned: Scalers) -> Rollout:
    """A workload that gets pods only where the scaler has not given them before."""
    replicas = owned.get(least.identity)
    if replicas is None or least.why != "scale":
        return least
    is_done = _high(least) == 0
    return replace(
        least,
        replicas_max=replicas,
        seconds=0 if is_done else None,
        seconds_min=None if is_done else 0,
        seconds_max=None if is_done else _high(least),
        basis={"seconds": "exact" if is_done else "bound", "peak": "bound", "minReady": "bound"},
    )


def _only_at_most(most: Rollout, owned: Scalers) -> Rollout:
    """A workload that loses pods only where the scaler has more than its least."""
    least = owned.get(most.identity, most.replicas)
    is_done = _high(most) == 0
    return replace(
        most,
        replicas=least,
        replicas_min=least,
        seconds=0 if is_done else None,
        seconds_min=None if is_done else 0,
        seconds_max=None if is_done else _high(most),
        min_ready=None if most.min_ready is None or least is None else min(least, most.min_ready),
        basis={"seconds": "exact" if is_done else "bound", "peak": "bound", "minReady": "bound"},
    )


def _low(rollout: Rollout) -> int | None:
    return rollout.seconds if rollout.seconds is not None else rollout.seconds_min


def _high(rollout: Rollout) -> int | None:
    return rollout.seconds if rollout.seconds is not None else rollout.seconds_max


def _both_pools(least: GpuPool, most: GpuPool) -> GpuPool:
    """A pool that hangs at most alone may hang."""
    hangs = None if least.deadlock is None else bool(least.deadlock or most.deadlock)
    return replace(least, deadlock=hangs, before_max=most.before, after_max=most.after, peak_max=most.peak)
