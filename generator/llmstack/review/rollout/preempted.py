"""Rollouts that end pods of a lower priority where no GPU is free, and so go on.

A pod that finds no node takes the place of pods below it, if its class lets it (kubernetes.io, "Pod Priority and
Preemption"), and of those that wait the highest is scheduled first (pkg/scheduler/framework/plugins/queuesort). So it
waits for none of a lower priority: neither for those that stay, nor for those that roll out beside it, nor for old pods
of its own that have a lower one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity
from llmstack.review.facts import Pool
from llmstack.review.forecast import Failure, Rollout
from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.failure import failure_of, rooms_of
from llmstack.review.rollout.foreseen import rollouts
from llmstack.review.rollout.gpus import with_pods
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.play import Played
from llmstack.review.rollout.races import raced
from llmstack.review.rollout.tenants import Tenant, Tenants, who_loses
from llmstack.review.rollout.times import time_rollouts
from llmstack.review.rollout.workload import Workload


class Preempting(Struct, frozen=True):
    """What priorities change in a prediction."""

    blind: Mapping[PoolKey, Verdict] = field(default_factory=dict)
    """The verdicts that are told otherwise, as they were without priorities."""
    rolled: tuple[Rollout, ...] = ()
    """The rollouts that go on by ending others."""
    lost: Mapping[Identity, int] = field(default_factory=dict)
    """Replicas that end for them."""
    failures: Mapping[Identity, Failure] = field(default_factory=dict)
    """What is left of those that race for the room of others, if their pods never become ready."""

    def over(self, rolled: Iterable[Rollout]) -> tuple[Rollout, ...]:
        """All rollouts, those that go on in the place of what was taken to wait, and those of which pods are ended with
        what that leaves ready."""
        going = {each.identity: each for each in self.rolled}
        return tuple(self._without_lost(going.get(each.identity, self._racing(each))) for each in rolled)

    def _racing(self, rolled: Rollout) -> Rollout:
        failure = self.failures.get(rolled.identity)
        return rolled if failure is None else replace(rolled, if_it_fails=failure)

    def _without_lost(self, rolled: Rollout) -> Rollout:
        lost = self.lost.get(rolled.identity, 0)
        if not lost or rolled.min_ready is None or rolled.replicas is None:
            return rolled
        left = min(rolled.min_ready, max(0, rolled.replicas - lost))
        return replace(rolled, min_ready=left, if_it_fails=None, basis={**rolled.basis, "minReady": "bound"})


def with_priorities(
    played: Played, pools: Sequence[Pool], before: Tenants, after: Tenants
) -> tuple[Played, Preempting]:
    """Return the prediction with what pods of a higher priority do to those below; `before` and `after` are the tenants
    of the two sides."""
    verdicts, blind = dict(played.verdicts), {}
    lost: dict[Identity, int] = {}
    going: dict[Identity, Rollout] = {}
    failures: dict[Identity, Failure] = {}
    for key, verdict in played.verdicts.items():
        if not verdict.deadlock:
            continue
        found = {
            workload.identity: goes
            for workload in played.workloads
            if verdict.stops(workload) and (goes := _goes_on(workload, key, played, pools, before, after))
        }
        if found:
            blind[key] = verdict
            short = replace(verdict, stuck=verdict.stuck - found.keys())
            verdicts[key] = short if verdict.shortage else _of_the_rest(key, played, pools, found)
            going |= found
            lost |= _lost(key, pools, after, found)
        verdicts[key] = _raced(verdicts[key], key, played, pools, before, after)
        failures |= _failures(verdicts[key], key, played, pools, after)
    rolled = tuple(going[each.identity] for each in played.own if each.identity in going)
    return replace(played, verdicts=verdicts), Preempting(blind, rolled, lost, failures)


def _raced(
    verdict: Verdict, key: PoolKey, played: Played, pools: Sequence[Pool], before: Tenants, after: Tenants
) -> Verdict:
    """The verdict with what comes first where those of the highest priority wait for one another: what is below them
    waits in any order."""
    waiting = [after[identity] for identity in verdict.stuck if identity in after]
    top = max(waiting, key=lambda each: each.priority, default=None)
    pool = next((each for each in pools if (each.name, each.resource) == key), None)
    if not verdict.certain or top is None or pool is None or len(verdict.stuck) < 2:
        return replace(verdict, undecided=frozenset())
    peers = frozenset(each.identity for each in waiting if each.priority == top.priority)
    beside = [each for each in played.workloads if not (top.preempts and _is_below(each, top, before, after))]
    fixed = _without(played.fixed, key, _below(top, played, after)) if top.preempts else played.fixed
    found = raced(verdict, pool, beside, fixed)
    below = verdict.stuck - peers
    return replace(found, stuck=found.stuck | below, undecided=found.undecided - below)


def _failures(
    verdict: Verdict, key: PoolKey, played: Played, pools: Sequence[Pool], after: Tenants
) -> Iterator[tuple[Identity, Failure]]:
    """What is left of those of which it is a race who goes on, each with the room of what it would end."""
    for workload in played.own:
        own = after.get(workload.identity)
        if workload.identity in verdict.undecided and own is not None and own.preempts:
            room = _without(played.fixed, key, _below(own, played, after))
            yield workload.identity, failure_of(workload, rooms_of(pools, room))


def _lost(key: PoolKey, pools: Sequence[Pool], after: Tenants, going: Iterable[Identity]) -> Mapping[Identity, int]:
    """The replicas that end for what goes on in a pool: for what is missing there, or for one spare replica."""
    here = [each for each in after.values() if each.pool == key]
    winner = max((after[identity] for identity in going), key=lambda each: each.priority)
    size = sum(pool.count for pool in pools if (pool.name, pool.resource) == key)
    missing = sum(each.replicas * each.gpus for each in here) - size
    return {tenant.identity: replicas for tenant, replicas in who_loses(winner, here, missing)}


def _goes_on(
    workload: Workload, key: PoolKey, played: Played, pools: Sequence[Pool], before: Tenants, after: Tenants
) -> Rollout | None:
    """The rollout of a workload where only what it does not wait for holds the GPUs; None where it is stuck all the
    same."""
    own = after.get(workload.identity)
    if own is None or not own.preempts:
        return None
    former = before.get(workload.identity)
    gives_way = former is not None and former.priority < own.priority and workload.held_up
    mine = replace(workload, unavailable=1) if gives_way else workload
    others = (each for each in played.workloads if each.identity != workload.identity)
    beside = [each for each in others if not _is_below(each, own, before, after)]
    fixed = _without(played.fixed, key, _below(own, played, after))
    verdict = find_verdicts([mine, *beside], pools, fixed).get(key)
    if verdict is None or verdict.shortage or verdict.stops(workload):
        return None
    there = with_pods(fixed, [(each.old, each.before) for each in beside])
    times = time_rollouts([workload], [_roomier(pool, workload) for pool in pools], there)
    [rolled] = rollouts([workload], times, pools)
    ready = rolled.min_ready if rolled.min_ready is None or not gives_way else max(0, rolled.min_ready - 1)
    return _waiting(replace(rolled, min_ready=ready), workload)


def _roomier(pool: Pool, workload: Workload) -> Pool:
    """A pool with room for the surge of a workload: what it takes it from is not played."""
    more = workload.surge * workload.new.total if workload.new is not None else 0
    return replace(pool, count=pool.count + more, nodes=(*pool.nodes, more) if pool.nodes is not None else None)


def _waiting(rolled: Rollout, workload: Workload) -> Rollout:
    """With the time in which those that are ended go, before each replica."""
    grace = max(each.grace for each in (workload.old, workload.new) if each is not None)
    low = rolled.seconds if rolled.seconds is not None else rolled.seconds_min
    high = rolled.seconds if rolled.seconds is not None else rolled.seconds_max
    most = None if high is None or high == inf else high + workload.after * grace
    return replace(
        rolled,
        seconds=None,
        seconds_min=low,
        seconds_max=most,
        seconds_max_without=("the grace period of what is ended",) if most is not None else (),
        basis={**rolled.basis, "seconds": "bound"},
    )


def _is_below(workload: Workload, own: Tenant, before: Tenants, after: Tenants) -> bool:
    """Whether all pods of another workload give way."""
    sides = [tenants.get(workload.identity) for tenants in (before, after)]
    there = [each for each in sides if each is not None]
    return bool(there) and all(each.priority < own.priority for each in there)


def _below(own: Tenant, played: Played, after: Tenants) -> Iterable[tuple[int, int]]:
    """Sizes and numbers of the pods that stay in the pool and give way."""
    moving = {each.identity for each in played.workloads}
    for tenant in after.values():
        if tenant.identity not in moving and tenant.pool == own.pool and tenant.priority < own.priority:
            yield from ((size, tenant.replicas) for size in tenant.sizes)


def _without(fixed: Fixed, key: PoolKey, pods: Iterable[tuple[int, int]]) -> dict[PoolKey, dict[int, int]]:
    left = {pool: dict(sizes) for pool, sizes in fixed.items()}
    sizes = left.get(key, {})
    for size, number in pods:
        sizes[size] = max(0, sizes.get(size, 0) - number)
    return left


def _of_the_rest(key: PoolKey, played: Played, pools: Sequence[Pool], going: Mapping[Identity, Rollout]) -> Verdict:
    """The verdict on those that end nobody, once the others have what they ask for."""
    done = [(each.new, each.after) for each in played.workloads if each.identity in going]
    rest = [each for each in played.workloads if each.identity not in going]
    return find_verdicts(rest, pools, with_pods(played.fixed, done)).get(key, Verdict())
