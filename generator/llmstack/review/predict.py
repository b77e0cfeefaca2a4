"""How a change goes in its cluster: rollouts, pools, what hinders them, and what is cut meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from llmstack.kubernetes.pods import Object, identity_of, told
from llmstack.kubernetes.replicas import Scalers, fewest_scaled, most_scaled
from llmstack.review.applied import Applied
from llmstack.review.ends import Ends, play_ends
from llmstack.review.engine_change import EngineChange
from llmstack.review.facts import Facts
from llmstack.review.forecast import GpuPool, Rollout
from llmstack.review.former import with_former
from llmstack.review.removal import find_removed
from llmstack.review.risks.assessment import Assessment
from llmstack.review.rollout.admitted import within_quotas
from llmstack.review.rollout.endless import Obstacles, endless, hindered_pools, perhaps_endless, without_end
from llmstack.review.rollout.failure import rooms_beside, rooms_of, with_kept_out
from llmstack.review.rollout.foreseen import as_begun_late, as_deleted, as_judged, as_unseen
from llmstack.review.rollout.interval import as_begun, both, down_to_fewest, with_those_asleep, with_woken
from llmstack.review.rollout.obstacles.behind import with_those_behind
from llmstack.review.rollout.obstacles.case import Scene
from llmstack.review.rollout.obstacles.find import find_late, find_obstacles
from llmstack.review.rollout.obstacles.latent import find_latent
from llmstack.review.rollout.per_node import pods_of_jobs, with_uncounted
from llmstack.review.rollout.play import Played
from llmstack.review.rollout.preempted import Preempting
from llmstack.review.rollout.unplaced import unplaced_pools
from llmstack.review.rollout.workload import Workload
from llmstack.review.standing import standing_quotas
from llmstack.review.surroundings import Surroundings
from llmstack.review.ways_in.backends import Backends
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.find import find_breaks
from llmstack.review.ways_in.shared_hosts import passed_on, shared_hosts


def predict(
    applied: Applied,
    wanted: Sequence[Object],
    facts: tuple[Facts, Facts],
    near: Surroundings,
    engines: tuple[EngineChange, ...],
) -> Assessment:
    """Return how a change goes. `wanted` is what its manifests say, applied or not; `facts` have what the objects say
    of claims (`with_claims`)."""
    ends = play_ends(applied, facts, near)
    least, most = ends.least, ends.most
    standing, beside = standing_quotas(facts[1].cluster, applied.before, wanted), [obj for _, obj in near.objects]
    scene = Scene(
        applied.before, applied.after, facts[1], least.owned[1], most_scaled(applied.after), standing, beside
    )  # fmt: skip
    hindered = find_obstacles((*least.own, *_raised(least, most)), scene, () if most is None else most.own)
    obstacles = with_those_behind(hindered, least.own, endless(hindered, least.verdicts), near.queue)
    rollouts, pools = _as_told(applied, ends, obstacles, scene, near)
    backends = Backends()
    sides = applied.before, applied.after
    rollouts = with_former(rollouts, least.own, sides, facts[1].moved_from, backends)
    return Assessment(
        applied=applied,
        facts=facts,
        near=near,
        engines=engines,
        least=least,
        most=most,
        rested=ends.rested or least,
        rollouts=rollouts,
        gpus=pools,
        obstacles=obstacles,
        latent=find_latent(scene, {workload.identity for workload in least.own}),
        blind=ends.preempting.blind,
        removed=find_removed(least.own, applied.before, wanted, least.owned[0], facts, near, backends),
        breaks=_breaks(applied, least, facts[1], near, backends, obstacles),
        backends=backends,
    )


def _as_told(
    applied: Applied, ends: Ends, obstacles: Obstacles, scene: Scene, near: Surroundings
) -> tuple[tuple[Rollout, ...], tuple[GpuPool, ...]]:
    """The rollouts and the pools as they are told, with what is asleep, bounded, deleted, unseen or begun late."""
    least, most, facts = ends.least, ends.most, scene.facts
    fewest = {key: few for key, few in fewest_scaled(applied.after).items() if key not in facts.present}
    rollouts, pools = _rollouts_and_pools(least, most, ends.preempting, obstacles, facts, fewest)
    rollouts = with_woken(rollouts, ends.asleep, (most or least).owned[1], facts)
    pools = with_those_asleep(pools, least, ends.asleep, facts)
    beside = near.neighbours.fixed, (near.most or near.neighbours).fixed
    pools = within_quotas(pools, least.workloads, scene, beside)
    arriving = [change for change in applied.changes if change.identity not in applied.refused]
    there = (*applied.after, *near.neighbours.uncounted)
    pools = with_uncounted(pools, arriving, there, facts)
    rollouts = as_deleted(rollouts, near.pruned)
    rollouts = as_unseen(rollouts, {each.identity for each in least.own if each.unit in near.unseen})
    jobs = pods_of_jobs(there, facts)
    delayed = {each.identity for each in least.own if each.new is not None and each.new.pool in jobs}
    rollouts = as_judged(rollouts, pools, {*find_late(least.own, scene), *delayed})
    unsure = near.queue.unsure({change.unit for change in applied.changes}, least.workloads)
    return as_begun_late(rollouts, {each.identity for each in least.own if each.unit in unsure}), pools


def _raised(least: Played, most: Played | None) -> list[Workload]:
    """What stays as it is at the least, while its scaler may give more than before: as it is then."""
    moving = {workload.identity for workload in least.own}
    grown = (each for each in (() if most is None else most.own) if each.after > each.before)
    found = ((each, least.owned[1].get(each.identity, 0)) for each in grown if each.identity not in moving)
    return [replace(each, move="scale", before=few, after=few) for each, few in found if few]


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
    rooms = rooms_beside(rooms_of(facts.pools, least.fixed), least.workloads)
    rolled = with_kept_out(rolled, least.own, obstacles, rooms)
    return without_end(preempting.over(rolled), obstacles, least.verdicts), pools


def _breaks(
    applied: Applied, least: Played, facts: Facts, near: Surroundings, backends: Backends, obstacles: Obstacles
) -> tuple[Break, ...]:
    """Every way in that is cut, in the environment itself or by another object of the cluster. What comes back under
    another environment is not gone for good: its workloads are told to load again."""
    before, after = applied.before, applied.after
    unsure = perhaps_endless(obstacles, least.verdicts)
    breaks = find_breaks(before, after, least.own, least.own_times, facts.moved_from, backends, unsure)
    found = passed_on(breaks, near.claims)
    again = {told(identity_of(obj)) for environment, obj in near.objects if environment == near.renamed_to}
    return (
        *(each for each in found if each.lasts is not None or each.subject not in again),
        *shared_hosts(before, after, near.environment, near.claims),
    )
