"""What the changes of one environment do to its pods, its GPUs and its users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from llmstack.finding import Finding, Severity
from llmstack.kubernetes.immutable import refused_fields
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import Scalers, scalers
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.facts import Facts, Pool
from llmstack.review.result import EngineChange, EnvironmentReview, ObjectChange
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.not_applied import why_not_applied
from llmstack.review.risks.table import find_risks
from llmstack.review.rollout import gpus
from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.gpus import gpus_after
from llmstack.review.rollout.per_node import pools_of_uncounted, rollouts_on_nodes
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.times import MOST_PODS, rollouts, time_rollouts, too_many, total_seconds
from llmstack.review.rollout.workload import Workload, fixed_gpus, read_workload


def assess(
    changes: Sequence[ObjectChange],
    before: Sequence[Object],
    after: Sequence[Object],
    facts_before: Facts,
    facts_after: Facts,
    today: date,
    engines: tuple[EngineChange, ...] = (),
) -> EnvironmentReview:
    """Return the review of one environment: rollouts, GPUs, risks and timeline of its `changes`.

    `before` and `after` are the environment's objects on both sides; of units that do not change, the
    workloads and scalers suffice. A change that the API refuses, or that reaches no pod, is a risk and no
    rollout. Capacity is the one declared after the change; acknowledgements hold up to and including
    their day. `engines` are the models whose engine changes, as the values of both sides have them.
    """
    owned = scalers(before), scalers(after)
    facts = facts_before, facts_after
    refused = frozenset(
        key_of(change) for change in changes if refused_fields(change.kind, change.before, change.after)
    )
    unapplied = {key_of(change) for change in changes if why_not_applied(change) is not None}
    moving = [*changes, *_rescaled(changes, after, owned)]
    workloads = [
        workload
        for change in moving
        if is_counted(change.kind) and key_of(change) not in refused
        if (workload := read_workload(change, owned, facts)) is not None
    ]
    idle = refused | unapplied - {workload.key for workload in workloads}
    fixed = _fixed(changes, after, workloads, idle, facts_after, owned)
    times = time_rollouts(workloads, facts_after.pools, fixed)
    verdicts = find_verdicts(workloads, facts_after.pools, fixed)
    for pool in pools_of_uncounted(after, facts_after):
        verdicts.pop(pool, None)
    for pool in _lumped(workloads, facts_after.pools, fixed):
        verdicts.pop(pool, None)
    assessment = Assessment(
        tuple(changes), after, tuple(workloads), times, verdicts, fixed, owned, facts, refused, engines
    )
    left_out = too_many(workloads)
    rolled = rollouts(workloads, times)
    on_nodes = rollouts_on_nodes([change for change in changes if key_of(change) not in refused | unapplied], facts)
    return EnvironmentReview(
        objects=tuple(changes),
        rollouts=(*rolled, *on_nodes),
        gpus=gpus.account(workloads, facts_after.pools, fixed, times.likely, verdicts, left_out),
        risks=find_risks(assessment, today),
        timeline=tuple(times.likely.phases),
        seconds=None if on_nodes else total_seconds(rolled, times),
        engines=engines,
        findings=tuple(map(_unplayed, sorted(left_out))),
    )


def _lumped(workloads: Sequence[Workload], pools: Iterable[Pool], fixed: Fixed) -> set[PoolKey]:
    """Pools of workloads whose pods are too many to be told apart, and might fit: on which nodes, cannot be judged."""
    templates = [template for workload in workloads for template in (workload.old, workload.new) if template]
    lumped = {template.pool for template in templates if template.is_lumped}
    counts = {(pool.name, pool.resource): pool.count for pool in pools}
    return {pool for pool, count in counts.items() if pool in lumped and gpus_after(workloads, fixed, pool) <= count}


def _unplayed(subject: str) -> Finding:
    message = f"{subject} has more pods than are played through: how its rollout goes cannot be judged"
    help = (
        f"its GPUs are counted all the same; correct its replicas if they are not meant: {MOST_PODS} pods are the most"
    )
    return Finding("too-many-pods", Severity.WARNING, message, help=help)


def key_of(change: ObjectChange) -> str:
    return f"{change.kind}/{change.name}"


def _rescaled(
    changes: Iterable[ObjectChange], after: Iterable[Object], owned: tuple[Scalers, Scalers]
) -> list[ObjectChange]:
    """Workloads that stay as they are written while the least replicas of their scaler change."""
    targets = {target for target in owned[0].keys() | owned[1].keys() if owned[0].get(target) != owned[1].get(target)}
    targets -= {(change.kind, change.name) for change in changes}
    if not targets:
        return []
    return [
        ObjectChange(
            api_version=str(obj.get("apiVersion")),
            kind=obj["kind"],
            namespace=str(obj["metadata"].get("namespace", "")),
            name=obj["metadata"]["name"],
            unit="",
            action="change",
            changes=(),
            restarts=False,
            causes=(),
            before=obj,
            after=obj,
        )
        for obj in after
        if (obj.get("kind"), obj["metadata"]["name"]) in targets
    ]


def _fixed(
    changes: Iterable[ObjectChange],
    after: Iterable[Object],
    workloads: Iterable[Workload],
    idle: frozenset[str],
    facts: Facts,
    owned: tuple[Scalers, Scalers],
) -> dict[PoolKey, dict[int, int]]:
    """The pods that stay: of workloads that do not move, and those whose change comes to nothing as they
    were."""
    kept = [change.before for change in changes if change.before is not None and key_of(change) in idle]
    moving = frozenset(workload.key for workload in workloads)
    fixed = fixed_gpus(after, facts, owned[1], moving | idle)
    extra = [fixed_gpus(kept, facts, owned[0])]
    extra += [
        {workload.new.pool: {size: workload.fixed.count(size) for size in set(workload.fixed)}}
        for workload in workloads
        if workload.fixed and workload.new is not None and workload.new.pool is not None
    ]
    for pools in extra:
        for pool, sizes in pools.items():
            counts = fixed.setdefault(pool, {})
            for size, number in sizes.items():
                counts[size] = counts.get(size, 0) + number
    return fixed
