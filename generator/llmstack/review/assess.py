"""What the changes of one environment do to its pods, its GPUs and its users."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from llmstack.finding import Finding, Severity
from llmstack.kubernetes.devices import read_claims
from llmstack.kubernetes.pods import Identity, Object, identity_of, told
from llmstack.kubernetes.replicas import Scalers, fewest_scaled, most_scaled, scalers, with_left
from llmstack.review.applied import is_refused, what_is_applied, with_admission
from llmstack.review.cost import Unserved
from llmstack.review.engine_change import EngineChange
from llmstack.review.facts import Facts
from llmstack.review.present import present_scale, unsettled
from llmstack.review.removal import find_removed
from llmstack.review.result import EnvironmentReview, GpuPool, ObjectChange, Rollout
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.not_applied import why_not_applied
from llmstack.review.risks.table import find_risks
from llmstack.review.rollout.endless import drawn, endless, hindered_pools, stopped_by, with_demand, without_end
from llmstack.review.rollout.interval import both
from llmstack.review.rollout.obstacles.behind import with_those_behind
from llmstack.review.rollout.obstacles.case import Obstacle, Scene
from llmstack.review.rollout.obstacles.find import find_obstacles
from llmstack.review.rollout.obstacles.latent import find_latent
from llmstack.review.rollout.per_node import rollouts_on_nodes
from llmstack.review.rollout.placement import Fixed
from llmstack.review.rollout.play import Played, find_moves, play
from llmstack.review.rollout.preempted import Preempting, with_priorities
from llmstack.review.rollout.tenants import tenants_of_sides
from llmstack.review.rollout.times import MOST_PODS, too_many, total_seconds
from llmstack.review.rollout.unplaced import unplaced_pools
from llmstack.review.rollout.workload import Workload, moves_whole
from llmstack.review.standing import standing_quotas
from llmstack.review.surroundings import Surroundings
from llmstack.review.usage import find_unserved
from llmstack.review.wave import Member, Wave
from llmstack.review.waves import find_waves
from llmstack.review.ways_in.backends import Backends
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.find import draw_ways, find_breaks
from llmstack.review.ways_in.shared_hosts import shared_hosts

MOST_SCALED = 5_000
"""Replicas at the most of all scalers beyond which that is not played: then no end is said."""


def assess(
    all_changes: Sequence[ObjectChange],
    before: Sequence[Object],
    wanted: Sequence[Object],
    facts_before: Facts,
    facts_after: Facts,
    today: date,
    engines: tuple[EngineChange, ...] = (),
    near: Surroundings | None = None,
) -> EnvironmentReview:
    """Return the review of one environment: rollouts, GPUs, risks and timeline of its changes.

    `before` and `wanted` are all objects of the environment's manifests on both sides. A change that the sync tool
    does not apply, that the API refuses, or that reaches no pod, is a risk and no rollout. Where scalers own replicas,
    all is played with their least and with their most. Capacity is the one declared after the change; acknowledgements
    hold up to and including their day. `engines` are the models whose engine changes, as the values of both sides have
    them. `near` is the rest of the cluster: the rollouts of all its environments are played together.
    """
    near = near or Surroundings()
    reached, before = with_admission(what_is_applied(all_changes, before, wanted, near), before)
    changes, after = reached.changes, reached.after
    facts = with_claims(facts_before, before), with_claims(facts_after, after)
    idle = idle_changes(changes, near)
    scale = _both_scaled(before, after, partial(_scaled, facts=facts_after))
    least = play(changes, after, scale, facts, idle, near.neighbours, near.queue)
    most = _at_most(changes, before, after, least, facts, idle, near)
    least, preempting = _with_priorities(least, before, after, facts, near)
    standing, beside = standing_quotas(facts_after.cluster, before, wanted), [obj for _, obj in near.objects]
    scene = Scene(before, after, facts[1], least.owned[1], most_scaled(after), standing, beside)
    hindered = find_obstacles(least.own, scene)
    obstacles = with_those_behind(hindered, least.own, endless(hindered, least.verdicts), near.queue)
    latent = find_latent(changes, scene, {workload.identity for workload in least.own})
    backends = Backends()
    breaks = _breaks(before, after, least, facts_after, near, backends)
    rolled, pools = both(least, most, facts_after)
    pools = unplaced_pools(hindered_pools(pools, least.own, obstacles), least.workloads, least.fixed, facts_after)
    removed = find_removed(least.own, before, wanted, least.owned[0], facts, near, backends)
    assessment = Assessment(
        tuple(changes), after, least.workloads, least.times, least.verdicts, least.fixed, least.owned, facts,
        idle[0], engines, before, breaks, obstacles, most, near, removed, pools, reached.held,
        latent, least.leaving, preempting.blind,
    )  # fmt: skip
    rolled = without_end(preempting.over(rolled), endless(obstacles, least.verdicts), obstacles)
    on_nodes = rollouts_on_nodes([change for change in changes if change.identity not in idle[0] | idle[1]], facts)
    is_known = not (on_nodes or _is_hindered(obstacles) or _depends(rolled, most))
    picture = drawn(least, facts_after.pools, stopped_by(obstacles))
    return EnvironmentReview(
        objects=tuple(all_changes),
        rollouts=(*rolled, *on_nodes),
        gpus=with_demand(pools, least, picture),
        risks=find_risks(assessment, today),
        timeline=tuple(phase for phase in picture.phases if phase.workload not in near.others),
        seconds=total_seconds(rolled, least.own_times) if is_known else None,
        engines=engines,
        findings=tuple(_findings(least, facts_after, near)),
        removed=removed,
        unserved=_unserved(least, most, before, after),
        waves=_waves(least, near, facts_after) if any(map(_is_short, pools)) and not stopped_by(obstacles) else (),
        ways=draw_ways(breaks, before, backends),
    )


def _with_priorities(
    played: Played, before: Sequence[Object], after: Sequence[Object], facts: tuple[Facts, Facts], near: Surroundings
) -> tuple[Played, Preempting]:
    """The prediction with what pods of a higher priority do to those below, where there are several."""
    if not any(each.deadlock for each in played.verdicts.values()):
        return played, Preempting()
    moving = {workload.identity for workload in played.workloads}
    sides = tenants_of_sides((before, after), near.objects, facts[1], played.owned, moving)
    return (played, Preempting()) if sides is None else with_priorities(played, facts[1].pools, *sides)


def _breaks(
    before: Sequence[Object],
    after: Sequence[Object],
    least: Played,
    facts: Facts,
    near: Surroundings,
    backends: Backends,
) -> tuple[Break, ...]:
    """Every way in that is cut, in the environment itself or by another object of the cluster. What comes back under
    another environment is not gone for good: its workloads are told to load again."""
    found = find_breaks(before, after, least.own, least.own_times, facts.moved_from, backends)
    again = {told(identity_of(obj)) for environment, obj in near.objects if environment == near.renamed_to}
    return (
        *(each for each in found if each.lasts is not None or each.subject not in again),
        *shared_hosts(before, after, near.environment, near.claims),
    )


def _findings(least: Played, facts: Facts, near: Surroundings) -> Iterator[Finding]:
    """Yield what keeps figures from being what they seem: too many pods, and rollouts that go on already."""
    yield from map(_unplayed, sorted(map(told, too_many(least.workloads) - near.others)))
    yield from unsettled(facts.present, {workload.identity for workload in least.own})


def _is_short(pool: GpuPool) -> bool:
    """Whether rollouts hang, or may, or ask for more GPUs at the peak than there are."""
    return bool(pool.deadlock) or (pool.capacity is not None and pool.peak > pool.capacity)


def _waves(played: Played, near: Surroundings, facts: Facts) -> tuple[Wave, ...]:
    """An order of commits for the rollouts of the whole cluster: found once, with the first of its environments."""
    if near.neighbours.ahead or moves_whole(played.workloads):
        return ()
    members = {each.identity: _member(each, near) for each in played.workloads}
    return find_waves(played.workloads, members, facts.pools, played.fixed, played.verdicts, played.queue)


def _member(workload: Workload, near: Surroundings) -> Member:
    """Whose a workload is; those of other environments have theirs before their name."""
    if workload.identity not in near.others:
        return Member(near.environment, workload.model, workload.key, workload.namespace)
    environment, _, name = workload.name.partition("/")
    model = workload.model.removesuffix(f" of {environment}") if workload.model is not None else None
    return Member(environment, model, f"{workload.kind}/{name}", workload.namespace)


def _unserved(
    least: Played, most: Played | None, before: Sequence[Object], after: Sequence[Object]
) -> tuple[Unserved, ...]:
    bounded = most is not None or least.owned == _both_scaled(before, after, most_scaled)
    return find_unserved(least, most, bounded=bounded, sleeps=fewest_scaled(after))


def idle_changes(
    changes: Sequence[ObjectChange], near: Surroundings
) -> tuple[frozenset[Identity], frozenset[Identity]]:
    """Return the changes that the API refuses, and those that reach no pod."""
    refused = frozenset(change.identity for change in changes if is_refused(change, near))
    return refused, frozenset(each.identity for each in changes if why_not_applied(each) is not None)


def read_moves(
    changes: Sequence[ObjectChange],
    before: Sequence[Object],
    after: Sequence[Object],
    facts: tuple[Facts, Facts],
    near: Surroundings,
    *,
    most: bool = False,
) -> tuple[Sequence[Workload], Fixed]:
    """Return what an environment brings to the pools of its cluster, its scalers at their least or at their most: the
    workloads that change, and the pods that stay. `near` says what its sync tool holds."""
    reached, before = with_admission(what_is_applied(changes, before, after, near), before)
    read = most_scaled if most else partial(_scaled, facts=facts[1])
    owned = _both_scaled(before, reached.after, read)
    known = with_claims(facts[0], before), with_claims(facts[1], reached.after)
    return find_moves(reached.changes, reached.after, owned, known, idle_changes(reached.changes, near))


def with_claims(facts: Facts, objects: Sequence[Object]) -> Facts:
    """Return the facts with what the objects say of devices that pods claim (DRA)."""
    claims = read_claims(objects)
    return replace(facts, device_claims=claims) if claims else facts


def _both_scaled(
    before: Sequence[Object], after: Sequence[Object], read: Callable[[Sequence[Object]], Scalers]
) -> tuple[Scalers, Scalers]:
    """The replicas that scalers give on both sides, those of before too that one which goes has left."""
    given = read(before), read(after)
    return given[0], with_left(given, before, after)


def _scaled(objects: Sequence[Object], facts: Facts) -> Scalers:
    """The replicas that scalers give: those of now where somebody looked, else their least."""
    return present_scale(scalers(objects), most_scaled(objects), facts.present)


def _at_most(
    changes: Sequence[ObjectChange],
    before: Sequence[Object],
    after: Sequence[Object],
    least: Played,
    facts: tuple[Facts, Facts],
    idle: tuple[frozenset[Identity], frozenset[Identity]],
    near: Surroundings,
) -> Played | None:
    """The rollouts with scalers at their most; None where that is their least, or more than is played."""
    owned = _both_scaled(before, after, most_scaled)
    if owned == least.owned and near.most is None:
        return None
    if max(sum(side.values()) for side in owned) > MOST_SCALED:
        return None
    return play(changes, after, owned, facts, idle, near.most or near.neighbours, near.queue)


def _is_hindered(obstacles: Mapping[Identity, Sequence[Obstacle]]) -> bool:
    return any(each.likely for found in obstacles.values() for each in found)


def _depends(rolled: Sequence[Rollout], most: Played | None) -> bool:
    """Whether what takes long depends on how many replicas scalers give."""
    return most is not None and any(rollout.seconds is None for rollout in rolled)


def _unplayed(subject: str) -> Finding:
    message = f"{subject} has more pods than are played through: how its rollout goes cannot be judged"
    help = (
        f"its GPUs are counted all the same; correct its replicas if they are not meant: {MOST_PODS} pods are the most"
    )
    return Finding("too-many-pods", Severity.WARNING, message, help=help)
