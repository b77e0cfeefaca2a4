"""Pods that no manifest counts: one to each node (DaemonSets), and those that end by themselves (Jobs)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec.structs import replace

from llmstack.kubernetes.pods import Object, identity_of, value_at
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.replicas import is_autoscaled, model_of
from llmstack.kubernetes.workloads import WORKLOADS, is_counted, is_lasting
from llmstack.review.change import ObjectChange
from llmstack.review.facts import Facts
from llmstack.review.forecast import GpuPool, Rollout, Why
from llmstack.review.foreign import foreign_pools
from llmstack.review.loads import load_of
from llmstack.review.rollout.gpus import with_pods
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.template import claims_uncounted, template_of


def rollouts_on_nodes(changes: Iterable[ObjectChange], facts: tuple[Facts, Facts]) -> tuple[Rollout, ...]:
    """Return the rollouts of workloads with a pod on each node that fits: how many, and how long, is not known."""
    return tuple(
        _rollout(change, change.after, why, facts[1])
        for change, why in changes_on_nodes(changes)
        if change.after is not None
    )


def changes_on_nodes(changes: Iterable[ObjectChange]) -> Iterator[tuple[ObjectChange, Why]]:
    """Yield the changes by which such pods restart or are new."""
    for change in changes:
        if change.kind in WORKLOADS and WORKLOADS[change.kind].per_node and change.after is not None:
            if change.before is None:
                yield change, "new"
            elif change.restarts:
                yield change, "restart"


def _rollout(change: ObjectChange, after: Object, why: Why, facts: Facts) -> Rollout:
    model = model_of(after)
    measured = load_of(after, facts)
    load = measured.usual if measured is not None else None
    template = template_of(after, facts, load)
    return Rollout(
        kind=change.kind,
        name=change.name,
        model=model,
        why=why,
        replicas=None,
        gpus_per_replica=template.total,
        resource=template.pool[1] if template.pool is not None else "",
        pool=template.pool[0] if template.pool is not None else None,
        max_surge=None,
        max_unavailable=None,
        min_ready=None,
        seconds=None,
        seconds_min=load,
        seconds_max=None,
        namespace=change.namespace,
    )


def pools_of_uncounted(objects: Sequence[Object], facts: Facts) -> frozenset[PoolKey]:
    """Return the pools from which pods take GPUs that no manifest counts, nor bounds, as a Job's does: whether the rest
    finishes cannot be told.

    Devices that are claimed (DRA) and that no pool names may be of any whose GPUs can be claimed.
    """
    if any(is_lasting(str(obj.get("kind"))) and claims_uncounted(obj, facts) for obj in objects):
        return frozenset((pool.name, pool.resource) for pool in facts.pools if pool.may_be_devices)
    templates = (template_of(obj, facts, None) for obj in uncounted(objects) if obj.get("kind") != "Job")
    return frozenset(template.pool for template in templates if template.pool is not None)


def pods_of_jobs(objects: Iterable[Object], facts: Facts) -> Fixed:
    """Return the most pods that Jobs run at a time, by pool: those that ended take no GPUs any more."""
    jobs = (obj for obj in objects if obj.get("kind") == "Job" and pods_at_a_time(obj))
    return with_pods({}, [(template_of(job, facts, None), pods_at_a_time(job)) for job in jobs])


def with_uncounted(
    rows: Iterable[GpuPool], changes: Iterable[ObjectChange], after: Iterable[Object], facts: Facts
) -> tuple[GpuPool, ...]:
    """Return the pools; what Jobs begin to take by `changes` that arrive is in the peaks, and a pool of which others
    take GPUs that no manifest counts says so."""
    asked: dict[PoolKey, int] = {}
    begun = set()
    for change in changes:
        pods = further_pods(change)
        template = template_of(change.after, facts, None) if pods and change.after is not None else None
        if template is not None and template.pool is not None:
            asked[template.pool] = asked.get(template.pool, 0) + pods * template.total
        if template is not None and change.before is None:
            begun.add(change.identity)
    staying = [obj for obj in after if identity_of(obj) not in begun and value_at(obj, "spec", "suspend") is not True]
    others = {*(template_of(obj, facts, None).pool for obj in uncounted(staying)), *foreign_pools(staying, facts)}
    return tuple(_with_more(row, asked.get((row.pool, row.resource), 0), others) for row in rows)


def _with_more(row: GpuPool, asked: int, others: Collection[PoolKey | None]) -> GpuPool:
    most = None if row.peak_max is None else row.peak_max + asked
    return replace(row, peak=row.peak + asked, peak_max=most, uncounted=(row.pool, row.resource) in others)


def further_pods(change: ObjectChange) -> int:
    """How many pods more than before a Job runs at a time; 0 for any other kind."""
    return max(0, pods_at_a_time(change.after) - pods_at_a_time(change.before)) if change.kind == "Job" else 0


def pods_at_a_time(job: Object | None) -> int:
    """How many pods of a Job run beside each other; none of one that is suspended or not there."""
    if job is None or value_at(job, "spec", "suspend") is True:
        return 0
    pods = whole(value_at(job, "spec", "parallelism"), 1)
    return min(pods, whole(value_at(job, "spec", "completions"), pods))


def uncounted(objects: Iterable[Object]) -> Iterator[Object]:
    """Yield the workloads whose pods no manifest counts."""
    return (obj for obj in objects if _is_uncounted(obj))


def _is_uncounted(obj: Object) -> bool:
    """A Ray cluster has as many workers as its own autoscaler asks for, and a Ray service that moves over step by step
    has them in two clusters.

    (Ray documentation, "RayService Zero-Downtime Incremental Upgrades".)
    """
    kind = str(obj.get("kind"))
    if is_autoscaled(obj):
        return True
    gradual = value_at(obj, "spec", "upgradeStrategy", "type") == "NewClusterWithIncrementalUpgrade"
    return kind in WORKLOADS and (gradual or not is_counted(kind))
