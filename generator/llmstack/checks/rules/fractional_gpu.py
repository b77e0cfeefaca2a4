"""A fraction of a GPU is requested.

Extended resources are counted in whole units; the API refuses `nvidia.com/gpu: 0.5` ("must be an integer",
ValidateResourceQuantityValue, k8s.io/kubernetes pkg/apis/core/validation/validation.go). The same holds for
MIG slices, `nvidia.com/gpumem` and every other resource with a vendor's domain.

Fix: request whole GPUs. To share one, request a MIG profile (`requestGPUType: nvidia.com/mig-1g.10gb`), let
the device plugin offer time slices, or use HAMi (`requestGPU: 1` with `requestGPUMem`).
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.fields import RESOURCES
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.accelerators import NVIDIA_GPU, is_extended
from llmstack.kubernetes.quantities import quantity
from llmstack.model.models import Model

RULE = Declaration("fractional-gpu", Severity.ERROR, alone=True)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        for key, value in _typed(model):
            if value and not _is_whole(value):
                yield _problem((*at, key), f"`{key}` is {value}: {_what(model, key)} counts whole units only")
        head = model.ray_spec.head_node if model.ray_spec else None
        if head is not None and head.request_gpu and not _is_whole(head.request_gpu):
            yield _problem(
                (*at, "raySpec", "headNode", "requestGPU"),
                f"`requestGPU` is {head.request_gpu}: GPUs are counted in whole units",
            )
    for block in subject.blocks:
        if block.definition == RESOURCES and isinstance(block.value, dict):
            yield from _raw(block.route, block.value)


def _typed(model: Model) -> Iterator[tuple[str, str | None]]:
    if not model.resources:
        yield "requestGPU", model.request_gpu
        yield "requestGPUMem", model.request_gpu_mem
        yield "requestGPUMemPercentage", model.request_gpu_mem_percentage
        yield "requestGPUCores", model.request_gpu_cores
        yield "limitGPUMem", model.limit_gpu_mem
        yield "limitGPUMemPercentage", model.limit_gpu_mem_percentage
        yield "limitGPUCores", model.limit_gpu_cores


def _raw(route: Route, resources: dict[str, object]) -> Iterator[Problem]:
    for part in ("requests", "limits"):
        stated = resources.get(part)
        for resource, value in stated.items() if isinstance(stated, dict) else ():
            if is_extended(str(resource)) and isinstance(value, (int, float, str)) and not _is_whole(str(value)):
                yield _problem(
                    (*route, part, str(resource)),
                    f"`{resource}` is {value}: it is counted in whole units only",
                )


def _is_whole(text: str) -> bool:
    number = quantity(text)
    return number is None or number.denominator == 1


def _what(model: Model, key: str) -> str:
    return (model.request_gpu_type or NVIDIA_GPU) if key == "requestGPU" else "Kubernetes"


def _problem(route: Route, message: str) -> Problem:
    help = "request whole GPUs; to share one, request a MIG profile, or requestGPUMem (HAMi) with one GPU"
    return Problem(message, route, help=help)
