"""How a change goes in its cluster: rollouts, pools, what hinders them, and what is cut meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from llmstack.kubernetes.devices import read_claims
from llmstack.kubernetes.pods import Object, identity_of, told
from llmstack.kubernetes.replicas import Scalers, fewest_scaled, most_scaled, scalers, with_left
from llmstack.review.applied import Applied
from llmstack.review.engine_change import EngineChange
from llmstack.review.facts import Facts
from llmstack.review.forecast import GpuPool, Rollout
from llmstack.review.present import present_scale
from llmstack.review.removal import find_removed
from llmstack.review.risks.assessment import Assessment
from llmstack.review.rollout.admitted import within_quotas
from llmstack.review.rollout.endless import Obstacles, endless, hindered_pools, undecided, without_end
from llmstack.review.rollout.failure import rooms_of, with_kept_out
from llmstack.review.rollout.foreseen import as_begun_late, as_deleted, as_judged, as_unseen
from llmstack.review.rollout.interval import (
    as_begun,
    both,
    down_to_fewest,
    hangs_awake,
    short_awake,
    with_those_asleep,
    with_woken,
)
from llmstack.review.rollout.obstacles.behind import with_those_behind
from llmstack.review.rollout.obstacles.case import Scene
from llmstack.review.rollout.obstacles.find import find_late, find_obstacles
from llmstack.review.rollout.obstacles.latent import find_latent
from llmstack.review.rollout.per_node import with_uncounted
from llmstack.review.rollout.placement import Fixed
from llmstack.review.rollout.play import Played, find_moves, play
from llmstack.review.rollout.preempted import Preempting, with_priorities
from llmstack.review.rollout.tenants import tenants_of_sides
from llmstack.review.rollout.unplaced import unplaced_pools
from llmstack.review.rollout.workload import Workload
from llmstack.review.standing import standing_quotas
from llmstack.review.surroundings import Surroundings
from llmstack.review.ways_in.backends import Backends
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.find import find_breaks
from llmstack.review.ways_in.shared_hosts import passed_on, shared_hosts

MOST_SCALED = 5_000
"""Replicas at the most of all scalers beyond which that is not played: then no end is said."""


def predict(
    applied: Applied,
    wanted: Sequence[Object],
    facts: tuple[Facts, Facts],
    near: Surroundings,
    engines: tuple[EngineChange, ...],
) -> Assessment:
    """Return how a change goes. `wanted` is what its manifests say, applied or not; `facts` have what the objects say
    of claims (`with_claims`)."""
    least = play(applied, _least_scaled(applied, facts[1]), facts, near.neighbours, near.queue)
    most = _at_most(applied, least, facts, near)
    asleep = _at_fewest(applied, least, facts, near)
    rested = _at_rest(applied, (least, most or least), facts, near) or asleep
    if most_replicas(applied) == least.owned and most is None and short_awake(least, rested):
        most = least
    least, preempting = _with_priorities(applied, hangs_awake(least, rested), facts, near)
    standing, beside = standing_quotas(facts[1].cluster, applied.before, wanted), [obj for _, obj in near.objects]
    scene = Scene(
        applied.before, applied.after, facts[1], least.owned[1], most_scaled(applied.after), standing, beside
    )  # fmt: skip
    hindered = find_obstacles((*least.own, *_raised(least, most)), scene, () if most is None else most.own)
    obstacles = with_those_behind(hindered, least.own, endless(hindered, least.verdicts), near.queue)
    fewest = {key: few for key, few in fewest_scaled(applied.after).items() if key not in facts[1].present}
    rollouts, pools = _rollouts_and_pools(least, most, preempting, obstacles, facts[1], fewest)
    rollouts = with_woken(rollouts, asleep, (most or least).owned[1], facts[1])
    pools = with_those_asleep(pools, least, asleep, facts[1])
    pools = within_quotas(pools, least.workloads, scene, near.neighbours.fixed)
    arriving = [change for change in applied.changes if change.identity not in applied.refused]
    pools = with_uncounted(pools, arriving, applied.after, facts[1])
    rollouts = as_deleted(rollouts, near.pruned)
    rollouts = as_unseen(rollouts, {each.identity for each in least.own if each.unit in near.unseen})
    rollouts = as_judged(rollouts, pools, find_late(least.own, scene))
    unsure = near.queue.unsure({change.unit for change in applied.changes}, least.workloads)
    rollouts = as_begun_late(rollouts, {each.identity for each in least.own if each.unit in unsure})
    backends = Backends()
    return Assessment(
        applied=applied,
        facts=facts,
        near=near,
        engines=engines,
        least=least,
        most=most,
        rested=rested or least,
        rollouts=rollouts,
        gpus=pools,
        obstacles=obstacles,
        latent=find_latent(scene, {workload.identity for workload in least.own}),
        blind=preempting.blind,
        removed=find_removed(least.own, applied.before, wanted, least.owned[0], facts, near, backends),
        breaks=_breaks(applied, least, facts[1], near, backends),
        backends=backends,
    )


def _raised(least: Played, most: Played | None) -> list[Workload]:
    """What stays as it is at the least, while its scaler may give more than before: as it is then."""
    moving = {workload.identity for workload in least.own}
    grown = (each for each in (() if most is None else most.own) if each.after > each.before)
    found = ((each, least.owned[1].get(each.identity, 0)) for each in grown if each.identity not in moving)
    return [replace(each, move="scale", before=few, after=few) for each, few in found if few]


Moved = tuple[Sequence[Workload], Fixed]
"""The workloads that change, and the pods that stay."""


def find_moved(applied: Applied, facts: tuple[Facts, Facts]) -> tuple[Moved, Moved, Moved]:
    """Return what an environment brings to the pools of its cluster with its scalers at their least, at their most, and
    at zero where they let what was there sleep."""
    least, known = _least_scaled(applied, facts[1]), with_claims(facts, applied)
    found = find_moves(applied, least, known)
    most, fewest = (
        found if owned == least else find_moves(applied, owned, known)
        for owned in (most_replicas(applied), _fewest_replicas(applied, least, facts[1]))
    )
    return found, most, fewest


def with_claims(facts: tuple[Facts, Facts], applied: Applied) -> tuple[Facts, Facts]:
    """Return the facts with what the objects of each side say of devices that pods claim (DRA)."""
    return _with_claims(facts[0], applied.before), _with_claims(facts[1], applied.after)


def _with_claims(facts: Facts, objects: Sequence[Object]) -> Facts:
    claims = read_claims(objects)
    return replace(facts, device_claims=claims) if claims else facts


def most_replicas(applied: Applied) -> tuple[Scalers, Scalers]:
    """The replicas that scalers give at their most, on both sides."""
    return _scaled(applied, most_scaled)


def _least_scaled(applied: Applied, facts: Facts) -> tuple[Scalers, Scalers]:
    """The replicas that scalers give: those of now where somebody looked, else their least."""
    return _scaled(applied, lambda objects: present_scale(scalers(objects), most_scaled(objects), facts.present))


def _scaled(applied: Applied, read: Callable[[Sequence[Object]], Scalers]) -> tuple[Scalers, Scalers]:
    """The replicas that scalers give on both sides, those of before too that one which goes has left."""
    given = read(applied.before), read(applied.after)
    return given[0], with_left(given, applied.before, applied.after)


def _fewest_replicas(
    applied: Applied, least: tuple[Scalers, Scalers], facts: Facts, *, begun: bool = False
) -> tuple[Scalers, Scalers]:
    """The replicas that scalers leave at their least, none included, of what was there before; what is new begins with
    one, unless it has `begun`. Where somebody looked, it is as then."""
    old = {identity_of(obj) for obj in applied.before}
    sides = zip(least, (fewest_scaled(applied.before), fewest_scaled(applied.after)), strict=True)
    found = [
        {**given, **{key: few for key, few in fewest.items() if (begun or key in old) and key not in facts.present}}
        for given, fewest in sides
    ]
    return found[0], found[1]


def _at_rest(
    applied: Applied, ends: tuple[Played, Played], facts: tuple[Facts, Facts], near: Surroundings
) -> Played | None:
    """The rollouts with what scalers let sleep at zero, what is new among it, where a pool is short at the least or at
    the most; None where none is, or nothing new sleeps."""
    if not any(verdict.shortage for end in ends for verdict in end.verdicts.values()):
        return None
    least = ends[0].owned
    owned = _fewest_replicas(applied, least, facts[1], begun=True)
    if owned == _fewest_replicas(applied, least, facts[1]):
        return None
    return play(applied, owned, facts, near.fewest or near.neighbours, near.queue)


def _at_fewest(applied: Applied, least: Played, facts: tuple[Facts, Facts], near: Surroundings) -> Played | None:
    """The rollouts with what scalers let sleep at zero; None where nothing sleeps."""
    owned = _fewest_replicas(applied, least.owned, facts[1])
    if owned == least.owned and near.fewest is None:
        return None
    return play(applied, owned, facts, near.fewest or near.neighbours, near.queue)


def _at_most(applied: Applied, least: Played, facts: tuple[Facts, Facts], near: Surroundings) -> Played | None:
    """The rollouts with scalers at their most; None where that is their least, or more than is played."""
    owned = most_replicas(applied)
    if owned == least.owned and near.most is None:
        return None
    if max(sum(side.values()) for side in owned) > MOST_SCALED:
        return None
    return play(applied, owned, facts, near.most or near.neighbours, near.queue)


def _with_priorities(
    applied: Applied, played: Played, facts: tuple[Facts, Facts], near: Surroundings
) -> tuple[Played, Preempting]:
    """The prediction with what pods of a higher priority do to those below, where there are several."""
    if not any(each.deadlock for each in played.verdicts.values()):
        return played, Preempting()
    moving = {workload.identity for workload in played.workloads}
    sides = tenants_of_sides((applied.before, applied.after), near.objects, facts[1], played.owned, moving)
    return (played, Preempting()) if sides is None else with_priorities(played, facts[1].pools, *sides)


def _rollouts_and_pools(
    least: Played,
    most: Played | None,
    preempting: Preempting,
    obstacles: Obstacles,
    facts: Facts,
    fewest: Scalers,
) -> tuple[tuple[Rollout, ...], tuple[GpuPool, ...]]:
    """The rollouts and the pools as they are told, with what hinders them."""
    rolled, pools = both(least, most, facts)
    rolled = as_begun(down_to_fewest(rolled, fewest), least, most, facts)
    pools = unplaced_pools(hindered_pools(pools, least.own, obstacles), least.workloads, least.fixed, facts)
    never = endless(obstacles, least.verdicts)
    rolled = with_kept_out(rolled, least.own, obstacles, rooms_of(facts.pools, least.fixed))
    return without_end(preempting.over(rolled), never, obstacles, undecided(least.verdicts)), pools


def _breaks(applied: Applied, least: Played, facts: Facts, near: Surroundings, backends: Backends) -> tuple[Break, ...]:
    """Every way in that is cut, in the environment itself or by another object of the cluster. What comes back under
    another environment is not gone for good: its workloads are told to load again."""
    before, after = applied.before, applied.after
    found = passed_on(find_breaks(before, after, least.own, least.own_times, facts.moved_from, backends), near.claims)
    again = {told(identity_of(obj)) for environment, obj in near.objects if environment == near.renamed_to}
    return (
        *(each for each in found if each.lasts is not None or each.subject not in again),
        *shared_hosts(before, after, near.environment, near.claims),
    )
