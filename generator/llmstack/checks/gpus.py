"""The GPUs that a model's pods ask for, as the checks count them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmstack.model.engine import Model
from llmstack.model.types import quantity_value


def is_extended(resource: str) -> bool:
    """Whether a resource is an extended one, which Kubernetes counts in whole units and never overcommits.

    Those with a domain, kubernetes.io's own apart (IsNativeResource, k8s.io/kubernetes
    pkg/apis/core/v1/helper/helpers.go).
    """
    domain, slash, _ = resource.partition("/")
    return bool(slash) and not (domain == "kubernetes.io" or domain.endswith(".kubernetes.io"))


def is_whole_gpu(resource: str) -> bool:
    """Whether a resource counts GPUs as a whole, not MIG slices of them."""
    return is_extended(resource) and resource.endswith("/gpu")


def gpus_of_pod(model: Model) -> float | None:
    """Whole GPUs that one pod of the model asks for; None when it asks for none, or for MIG slices."""
    if model.resources:
        return gpus_in(model.resources)
    resource = model.request_gpu_type or "nvidia.com/gpu"
    return (quantity_value(model.gpu_count or "") or None) if is_whole_gpu(resource) else None


def gpus_of_head(model: Model) -> float:
    """GPUs of a RayCluster's head."""
    head = model.ray_spec.head_node if model.ray_spec else None
    if head is None:
        return 0
    return (gpus_in(head.resources) if head.resources else quantity_value(head.request_gpu or "")) or 0


def gpus_in(resources: Mapping[str, Any]) -> float | None:
    """Whole GPUs of a raw resources block; None when there are none."""
    stated: dict[str, Any] = {}
    for part in ("requests", "limits"):
        found = resources.get(part)
        stated |= found if isinstance(found, dict) else {}
    return sum(quantity_value(str(value)) or 0 for key, value in stated.items() if is_whole_gpu(key)) or None
