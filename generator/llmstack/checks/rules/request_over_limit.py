"""A container requests more of a resource than its limit, or the two of an extended resource differ.

The API refuses both: a request is at most its limit, and for extended resources (GPUs, `nvidia.com/gpumem`,
RDMA), which cannot be overcommitted, there is a limit and it equals the request
(ValidateContainerResourceRequirements, k8s.io/kubernetes pkg/apis/core/validation/validation.go).

Fix: raise the limit or lower the request; give an extended resource the same number in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from llmstack.checks.fields import RESOURCES
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.accelerators import is_extended
from llmstack.kubernetes.quantities import quantity
from llmstack.model.models import Model

RULE = Declaration("request-over-limit", Severity.ERROR)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        if not model.resources:
            yield from _typed(at, model)
        head = model.ray_spec.head_node if model.ray_spec and model.uses_ray else None
        if head is not None and not head.resources:
            where = (*at, "raySpec", "headNode")
            yield from _compare((*where, "requestCPU"), "`requestCPU`", head.request_cpu, "`limitCPU`", head.limit_cpu)
            yield from _compare(
                (*where, "requestMemory"),
                "`requestMemory`",
                head.request_memory,
                "`limitMemory`",
                head.limit_memory,
            )
    for block in subject.blocks:
        if block.definition == RESOURCES:
            yield from _raw(block.route, block.value)


def _typed(at: Route, model: Model) -> Iterator[Problem]:
    yield from _compare((*at, "requestCPU"), "`requestCPU`", model.request_cpu, "`limitCPU`", model.limit_cpu)
    yield from _compare(
        (*at, "requestMemory"), "`requestMemory`", model.request_memory, "`limitMemory`", model.limit_memory
    )
    if model.limit_gpu and model.request_gpu:
        yield from _match((*at, "limitGPU"), "`requestGPU`", model.request_gpu, "`limitGPU`", model.limit_gpu)
    for suffix, request, limit in (
        ("GPUMem", model.request_gpu_mem, model.limit_gpu_mem),
        ("GPUMemPercentage", model.request_gpu_mem_percentage, model.limit_gpu_mem_percentage),
        ("GPUCores", model.request_gpu_cores, model.limit_gpu_cores),
    ):
        yield from _match((*at, f"request{suffix}"), f"`request{suffix}`", request, f"`limit{suffix}`", limit)


def _raw(route: Route, resources: object) -> Iterator[Problem]:
    if not isinstance(resources, dict):
        return
    parts = [resources.get(part) for part in ("requests", "limits")]
    requests, limits = (part if isinstance(part, dict) else {} for part in parts)
    for resource, request in requests.items():
        compare = _match if is_extended(str(resource)) else _compare
        yield from compare(
            (*route, "requests", str(resource)),
            f"the request of `{resource}`",
            _text(request),
            f"the limit of `{resource}`",
            _text(limits.get(resource)),
        )


def _compare(
    route: Route, request_name: str, request: str | None, limit_name: str, limit: str | None
) -> Iterator[Problem]:
    """A finding where the request is over the limit; 0 and unset mean none."""
    wanted, allowed = _number(request), _number(limit)
    if wanted and allowed and wanted > allowed:
        message = f"{request_name} is {request}, more than {limit_name}, which is {limit}"
        yield Problem(message, route, help="raise the limit or lower the request")


def _match(
    route: Route, request_name: str, request: str | None, limit_name: str, limit: str | None
) -> Iterator[Problem]:
    """A finding where request and limit of an extended resource are not the same."""
    wanted, allowed = _number(request), _number(limit)
    if wanted and (not allowed or wanted != allowed):
        given = f"{limit_name} is {limit}" if allowed else f"{limit_name} is not set"
        message = f"{request_name} is {request}, {given}: Kubernetes requires them to be equal"
        yield Problem(message, route, help=f"set {limit_name} to {request}")


def _number(text: str | None) -> Fraction | None:
    return quantity(text) if text else None


def _text(value: object) -> str | None:
    return None if value is None or isinstance(value, (bool, dict, list)) else str(value)
