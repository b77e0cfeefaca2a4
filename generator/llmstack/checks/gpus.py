"""The GPUs that a model's pods ask for, as the checks count them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from llmstack.kubernetes.accelerators import NVIDIA_GPU, is_whole_gpu
from llmstack.kubernetes.quantities import quantity
from llmstack.model.models import Model


def gpus_of_model(model: Model) -> Fraction | None:
    """Whole GPUs that one pod of the model asks for; None when it asks for none, or for slices or other devices."""
    if model.resources:
        return gpus_in(model.resources)
    resource = model.request_gpu_type or NVIDIA_GPU
    return (quantity(model.gpu_count) or None) if is_whole_gpu(resource) else None


def gpus_of_head(model: Model) -> Fraction:
    """GPUs of a RayCluster's head."""
    head = model.ray_spec.head_node if model.ray_spec else None
    if head is None:
        return Fraction(0)
    return (gpus_in(head.resources) if head.resources else quantity(head.request_gpu)) or Fraction(0)


def gpus_in(resources: Mapping[str, Any]) -> Fraction | None:
    """Whole GPUs of a raw resources block; None when there are none."""
    stated: dict[str, Any] = {}
    for part in ("requests", "limits"):
        found = resources.get(part)
        stated |= found if isinstance(found, dict) else {}
    counts = (quantity(value) for resource, value in stated.items() if is_whole_gpu(resource))
    return sum((count for count in counts if count), Fraction(0)) or None
