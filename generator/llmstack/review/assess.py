"""What the changes of one environment do to its pods, its GPUs and its users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from llmstack.finding import Finding, Severity
from llmstack.kubernetes.immutable import is_made_anew, refused_fields
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import Scalers, scalers
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.facts import Facts, Pool
from llmstack.review.removal import find_removed
from llmstack.review.result import EngineChange, EnvironmentReview, ObjectChange
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.not_applied import why_not_applied
from llmstack.review.risks.table import find_risks
from llmstack.review.rollout import gpus
from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.gpus import gpus_after
from llmstack.review.rollout.per_node import pools_of_uncounted, rollouts_on_nodes
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.times import MOST_PODS, own_times, rollouts, time_rollouts, too_many, total_seconds
from llmstack.review.rollout.workload import Workload, fixed_gpus, read_workload
from llmstack.review.surroundings import Surroundings
from llmstack.review.ways_in.find import find_breaks


def assess(
    changes: Sequence[ObjectChange],
    before: Sequence[Object],
    after: Sequence[Object],
    facts_before: Facts,
    facts_after: Facts,
    today: date,
    engines: tuple[EngineChange, ...] = (),
    near: Surroundings | None = None,
) -> EnvironmentReview:
    """Return the review of one environment: rollouts, GPUs, risks and timeline of its `changes`.

    `before` and `after` are all objects of the environment on both sides. A change that the API refuses, or that
    reaches no pod, is a risk and no rollout. Capacity is the one declared after the change; acknowledgements
    hold up to and including their day. `engines` are the models whose engine changes, as the values of both
    sides have them. `near` is the rest of the cluster: the rollouts of all its environments are played together.
    """
    near = near or Surroundings()
    owned = scalers(before), scalers(after)
    facts = facts_before, facts_after
    refused = refused_objects(changes)
    unapplied = {key_of(change) for change in changes if why_not_applied(change) is not None}
    own = _workloads(changes, after, owned, facts, refused)
    idle = refused | unapplied - {workload.key for workload in own}
    fixed = add_fixed(_fixed(changes, after, own, idle, facts_after, owned), near.fixed)
    workloads = [*near.ahead, *own, *near.behind]
    times = time_rollouts(workloads, facts_after.pools, fixed)
    verdicts = find_verdicts(workloads, facts_after.pools, fixed)
    for pool in pools_of_uncounted(after, facts_after):
        verdicts.pop(pool, None)
    for pool in _lumped(workloads, facts_after.pools, fixed):
        verdicts.pop(pool, None)
    left_out = too_many(workloads)
    seen = times if len(own) == len(workloads) else own_times(times, len(near.ahead), len(own))
    pools = gpus.account(workloads, facts_after.pools, fixed, times.likely, verdicts, left_out)
    removed = find_removed(own, before, after, owned[0], facts, near)
    assessment = Assessment(
        tuple(changes), after, tuple(workloads), times, verdicts, fixed, owned, facts, refused, engines, before,
        find_breaks(before, after, own, seen), near, removed, pools,
    )  # fmt: skip
    rolled = rollouts(own, seen)
    on_nodes = rollouts_on_nodes([change for change in changes if key_of(change) not in refused | unapplied], facts)
    return EnvironmentReview(
        objects=tuple(changes),
        rollouts=(*rolled, *on_nodes),
        gpus=pools,
        risks=find_risks(assessment, today),
        timeline=tuple(phase for phase in times.likely.phases if phase.workload not in near.others),
        seconds=None if on_nodes else total_seconds(rolled, seen),
        engines=engines,
        findings=tuple(_unplayed(each) for each in sorted(left_out) if each not in near.others),
        removed=removed,
    )


def read_moves(
    changes: Sequence[ObjectChange], before: Sequence[Object], after: Sequence[Object], facts: tuple[Facts, Facts]
) -> tuple[list[Workload], Fixed]:
    """Return what an environment brings to the pools of its cluster: the workloads that change, and the pods
    that stay."""
    owned = scalers(before), scalers(after)
    refused = refused_objects(changes)
    workloads = _workloads(changes, after, owned, facts, refused)
    unapplied = {key_of(change) for change in changes if why_not_applied(change) is not None}
    idle = refused | unapplied - {workload.key for workload in workloads}
    return workloads, _fixed(changes, after, workloads, idle, facts[1], owned)


def refused_objects(changes: Iterable[ObjectChange]) -> frozenset[str]:
    """Return the objects, as `Kind/name`, whose change the API refuses, and that nothing makes anew."""
    return frozenset(
        key_of(change)
        for change in changes
        if refused_fields(change.kind, change.before, change.after)
        and (change.after is None or not is_made_anew(change.after))
    )


def _workloads(
    changes: Sequence[ObjectChange],
    after: Sequence[Object],
    owned: tuple[Scalers, Scalers],
    facts: tuple[Facts, Facts],
    refused: frozenset[str],
) -> list[Workload]:
    """The workloads whose pods come, go, or are replaced."""
    return [
        workload
        for change in [*changes, *_rescaled(changes, after, owned)]
        if is_counted(change.kind) and key_of(change) not in refused
        if (workload := read_workload(change, owned, facts)) is not None
    ]


def add_fixed(fixed: Fixed, more: Fixed) -> dict[PoolKey, dict[int, int]]:
    """Return the pods that stay, of both."""
    added = {pool: dict(sizes) for pool, sizes in fixed.items()}
    for pool, sizes in more.items():
        counts = added.setdefault(pool, {})
        for size, number in sizes.items():
            counts[size] = counts.get(size, 0) + number
    return added


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
        fixed = add_fixed(fixed, pools)
    return fixed
