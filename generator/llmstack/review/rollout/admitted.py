"""Peaks of pools that ResourceQuotas keep lower: pods that one refuses are not made, and ask for nothing.

(kubernetes.io, "Resource Quotas": a request that would exceed one is rejected.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from llmstack.kubernetes.limit_ranges import amounts_in
from llmstack.kubernetes.pods import Object, value_at
from llmstack.review.forecast import GpuPool
from llmstack.review.rollout.obstacles.case import Scene
from llmstack.review.rollout.placement import Fixed, PoolKey, gpus_in
from llmstack.review.rollout.workload import Workload


def within_quotas(
    rows: Sequence[GpuPool], workloads: Iterable[Workload], scene: Scene, beside: tuple[Fixed, Fixed]
) -> tuple[GpuPool, ...]:
    """Return the pools; the peak of one all of whose pods are in namespaces that limit its resource is at most what
    these let in, or what is there before or asked for after. `beside` are pods that stay, with scalers at their least
    and at their most, of whose namespaces nothing is known: what they have comes to it."""
    if not scene.quotas:
        return tuple(rows)
    spaces: dict[PoolKey, set[str]] = {}
    for pool, namespace in _places(workloads, scene):
        spaces.setdefault(pool, set()).add(namespace)
    devices = {(pool.name, pool.resource) for pool in scene.facts.pools if pool.device_classes}
    found = []
    for row in rows:
        key = row.pool, row.resource
        others = gpus_in(beside[0], key), gpus_in(beside[1], key)
        # claims of devices count under other names
        found.append(row if key in devices else _within(row, spaces.get(key, set()), scene, others))
    return tuple(found)


def _places(workloads: Iterable[Workload], scene: Scene) -> Iterator[tuple[PoolKey, str]]:
    """The pools and namespaces of all pods."""
    yield from ((pods.pool, pods.identity[1]) for pods in scene.pods if pods.pool is not None)
    for workload in workloads:
        for template in (workload.old, workload.new):
            if template is not None and template.pool is not None:
                yield template.pool, workload.namespace


def _within(row: GpuPool, spaces: Iterable[str], scene: Scene, beside: tuple[int, int]) -> GpuPool:
    limits = [_limit(scene.quotas.get(space, ()), row.resource) for space in spaces]
    known = [each for each in limits if each is not None]
    if not limits or len(known) < len(limits):
        return row
    let_in = sum(known)
    peak = max(row.before, row.after, min(row.peak, let_in + beside[0]))
    most = [each for each in (row.before_max, row.after_max) if each is not None]
    peak_max = None if row.peak_max is None else max(*most, peak, min(row.peak_max, let_in + beside[1]))
    return replace(row, peak=peak, peak_max=peak_max)


def _limit(quotas: Iterable[Object], resource: str) -> int | None:
    """How many of a resource all pods of a namespace may have together; None where nothing limits them."""
    whole = (
        each for each in quotas if not (value_at(each, "spec", "scopes") or value_at(each, "spec", "scopeSelector"))
    )
    hard = (amounts_in(value_at(each, "spec", "hard")) for each in whole)
    return min((int(each[f"requests.{resource}"]) for each in hard if f"requests.{resource}" in each), default=None)
