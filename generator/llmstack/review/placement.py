"""How many GPUs a pod takes, and from which declared pool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from llmstack.review.amounts import quantity
from llmstack.review.facts import Facts, Pool

Object = Mapping[str, Any]
Amount = TypeVar("Amount", int, Fraction)
PoolKey = tuple[str | None, str]
"""A pool's name (None where it is unknown) and the resource that is counted."""

_EXACT = frozenset((
    "amd.com/gpu", "aws.amazon.com/neuron", "aws.amazon.com/neuroncore", "aws.amazon.com/neurondevice",
    "google.com/tpu", "gpu.intel.com/i915", "gpu.intel.com/xe", "habana.ai/gaudi", "huawei.com/Ascend310P",
    "huawei.com/Ascend910", "intel.com/gpu", "metax-tech.com/gpu", "mthreads.com/vgpu", "qualcomm.com/qaic",
))  # fmt: skip
_NOT_COUNTED = ("gpumem", "gpucores", "gpumem-percentage", "hostdev", "sriov", "rdma")
"""Resources of nvidia.com that are a share or a network device (HAMi, NVIDIA network operator), not a GPU."""


def is_gpu(resource: str) -> bool:
    """Whether a resource counts accelerators: nvidia.com's (whole GPUs, MIG slices, shared ones) and the
    known others."""
    domain, _, name = resource.partition("/")
    if domain == "nvidia.com":
        return not name.startswith(_NOT_COUNTED)
    return resource in _EXACT or domain == "amd.com"


def gpus_of_pod(pod: Mapping[str, Any], declared: Iterable[str] = ()) -> tuple[str, int]:
    """Return the GPU resource of a pod's spec and how many it holds; `("", 0)` without any.

    As the scheduler counts (`totals_of_pod`). `declared` are further resources that a pool counts. A pod that
    takes several kinds is counted by the one it takes most of.
    """
    known = frozenset(declared)
    totals = totals_of_pod(pod, lambda container: _counted(container, known))
    if not totals:
        return "", 0
    return max(totals.items(), key=lambda item: (item[1], item[0]))


def totals_of_pod(
    pod: Mapping[str, Any], amounts: Callable[[Mapping[str, Any]], Iterable[tuple[str, Amount]]]
) -> dict[str, Amount]:
    """What a pod's spec takes of each resource, where `amounts` says what one container does.

    The sum of the containers and sidecars, or the largest init container with the sidecars started before it
    (Kubernetes documentation, "Init containers", resource sharing).
    """
    totals: dict[str, Amount] = {}
    for container in pod.get("containers") or ():
        _add(totals, amounts(container))
    sidecars: dict[str, Amount] = {}
    largest: dict[str, Amount] = {}
    for container in pod.get("initContainers") or ():
        running = dict(sidecars)
        _add(running, amounts(container))
        if container.get("restartPolicy") == "Always":
            sidecars = running
        for resource, amount in running.items():
            largest[resource] = max(largest.get(resource, amount), amount)
    _add(totals, sidecars.items())
    for resource, amount in largest.items():
        totals[resource] = max(totals.get(resource, amount), amount)
    return totals


def _add(totals: dict[str, Amount], amounts: Iterable[tuple[str, Amount]]) -> None:
    for resource, amount in amounts:
        totals[resource] = totals[resource] + amount if resource in totals else amount


def _counted(container: Mapping[str, Any], known: frozenset[str]) -> Iterable[tuple[str, int]]:
    resources = container.get("resources") or {}
    amounts = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    for resource, amount in amounts.items():
        count = quantity(amount) if "/" in resource and (resource in known or is_gpu(resource)) else None
        if count:
            yield resource, int(count)


def pool_of(pod: Mapping[str, Any], resource: str, model: str | None, facts: Facts) -> str | None:
    """Return the pool whose GPUs a pod takes: the one its model names, else the one whose labels the pod
    demands, else the only pool of that resource which the pod does not rule out; None where that leaves
    none or several."""
    named = facts.pool_of.get(model) if model is not None else None
    if named is not None:
        return named
    if not resource:
        return None
    demanded = _demanded_labels(pod)
    pools = [pool for pool in facts.pools if pool.resource == resource and not _ruled_out(pool, demanded)]
    matching = [pool for pool in pools if pool.node_selector and _implied(pool, demanded)]
    if matching:
        most = max(len(pool.node_selector) for pool in matching)
        matching = [pool for pool in matching if len(pool.node_selector) == most]
        return matching[0].name if len(matching) == 1 else None
    return pools[0].name if len(pools) == 1 else None


def _demanded_labels(pod: Mapping[str, Any]) -> list[dict[str, set[str]]]:
    """The node labels a pod demands, as alternatives: every node it may run on satisfies one of them."""
    selector = {key: {str(value)} for key, value in (pod.get("nodeSelector") or {}).items()}
    affinity = (pod.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    alternatives = []
    terms: list[Mapping[str, Any]] = list(required.get("nodeSelectorTerms") or ({},))
    for term in terms:
        labels = dict(selector)
        for expression in term.get("matchExpressions") or ():
            if expression.get("operator") == "In":
                values = {str(value) for value in expression.get("values") or ()}
                key = str(expression.get("key"))
                labels[key] = labels[key] & values if key in labels else values
        alternatives.append(labels)
    return alternatives


def _implied(pool: Pool, alternatives: Sequence[Mapping[str, set[str]]]) -> bool:
    return all(labels.get(key) == {value} for labels in alternatives for key, value in pool.node_selector.items())


def _ruled_out(pool: Pool, alternatives: Sequence[Mapping[str, set[str]]]) -> bool:
    return all(
        any(key in labels and value not in labels[key] for key, value in pool.node_selector.items())
        for labels in alternatives
    )
