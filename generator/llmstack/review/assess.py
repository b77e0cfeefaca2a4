"""What the changes of one environment do to its pods, its GPUs and its users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from llmstack.finding import Finding, Severity
from llmstack.kubernetes.pods import Object, told
from llmstack.kubernetes.replicas import fewest_scaled
from llmstack.review.applied import what_is_applied
from llmstack.review.change import ObjectChange
from llmstack.review.cost import Unserved
from llmstack.review.ends import most_replicas, with_claims
from llmstack.review.engine_change import EngineChange
from llmstack.review.facts import Facts
from llmstack.review.forecast import GpuPool, Rollout
from llmstack.review.predict import predict
from llmstack.review.present import unsettled
from llmstack.review.result import EnvironmentReview
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.table import find_risks
from llmstack.review.rollout.endless import drawn, stopped_by, with_demand
from llmstack.review.rollout.per_node import rollouts_on_nodes
from llmstack.review.rollout.times import MOST_PODS, too_many, total_seconds
from llmstack.review.rollout.workload import Workload, moves_whole
from llmstack.review.surroundings import Surroundings
from llmstack.review.usage import find_unserved
from llmstack.review.wave import Member, Wave
from llmstack.review.waves import find_waves
from llmstack.review.ways_in.find import draw_ways


def assess(
    changes: Sequence[ObjectChange],
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
    before, wanted = [*before, *near.loose[0]], [*wanted, *near.loose[1]]
    applied = what_is_applied(changes, before, wanted, near)
    facts = with_claims((facts_before, facts_after), applied)
    found = predict(applied, wanted, facts, near, engines)
    idle = applied.refused | applied.unmoved
    on_nodes = rollouts_on_nodes([change for change in applied.changes if change.identity not in idle], facts)
    stopped = stopped_by(found.obstacles)
    picture = drawn(found.least, facts[1].pools, stopped)
    return EnvironmentReview(
        objects=tuple(changes),
        rollouts=(*found.rollouts, *on_nodes),
        gpus=with_demand(found.gpus, found.least, picture),
        risks=find_risks(found, today),
        timeline=tuple(phase for phase in picture.phases if phase.workload not in near.others),
        seconds=_seconds(found, on_nodes),
        engines=engines,
        findings=tuple(_findings(found)),
        removed=found.removed,
        unserved=_unserved(found),
        waves=_waves(found) if any(map(_is_short, found.gpus)) and not stopped else (),
        ways=draw_ways(found.breaks, applied.before, found.backends),
    )


def _seconds(found: Assessment, on_nodes: Sequence[Rollout]) -> int | None:
    """How long all rollouts take together; None where one does not say, or more pods may come meanwhile."""
    hindered = any(each.likely for obstacles in found.obstacles.values() for each in obstacles)
    depends = found.most is not None and any(rollout.seconds is None for rollout in found.rollouts)
    return None if on_nodes or hindered or depends else total_seconds(found.rollouts, found.least.own_times)


def _findings(found: Assessment) -> Iterator[Finding]:
    """Yield what keeps figures from being what they seem: too many pods, and rollouts that go on already."""
    yield from map(_unplayed, sorted(map(told, too_many(found.workloads) - found.near.others)))
    yield from unsettled(found.facts[1].present, {workload.identity for workload in found.least.own})


def _is_short(pool: GpuPool) -> bool:
    """Whether rollouts hang, or may, or ask for more GPUs at the peak than there are."""
    return bool(pool.deadlock) or (pool.capacity is not None and pool.peak > pool.capacity)


def _waves(found: Assessment) -> tuple[Wave, ...]:
    """An order of commits for the rollouts of the whole cluster: found once, with the first of its environments."""
    played, near = found.least, found.near
    if near.neighbours.ahead or moves_whole(played.workloads):
        return ()
    members = {each.identity: _member(each, near) for each in played.workloads}
    return find_waves(played.workloads, members, found.facts[1].pools, played.fixed, played.verdicts, played.queue)


def _member(workload: Workload, near: Surroundings) -> Member:
    """Whose a workload is; those of other environments have theirs before their name."""
    if workload.identity not in near.others:
        return Member(near.environment, workload.model, workload.key, workload.namespace)
    environment, _, name = workload.name.partition("/")
    model = workload.model.removesuffix(f" of {environment}") if workload.model is not None else None
    return Member(environment, model, f"{workload.kind}/{name}", workload.namespace)


def _unserved(found: Assessment) -> tuple[Unserved, ...]:
    """What is held without serving; bounded where scalers can give no more than was played."""
    bounded = found.most is not None or found.least.owned == most_replicas(found.applied)
    return find_unserved(found.least, found.most, bounded=bounded, sleeps=fewest_scaled(found.after))


def _unplayed(subject: str) -> Finding:
    message = f"{subject} has more pods than are played through: how its rollout goes cannot be judged"
    help = (
        f"its GPUs are counted all the same; correct its replicas if they are not meant: {MOST_PODS} pods are the most"
    )
    return Finding("too-many-pods", Severity.WARNING, message, help=help)
