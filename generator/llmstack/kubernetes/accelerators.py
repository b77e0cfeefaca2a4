"""Which extended resources are accelerators, and how many of them a pod holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from llmstack.kubernetes.quantities import quantity

Amount = TypeVar("Amount", int, Fraction)

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
