"""A cache beside the GPU does not fit the container that holds it.

LMCache keeps `cpuOffloadingBufferSize` GB of pinned memory for each worker (max_local_cpu_size, lmcache/v1/config.py),
vLLM itself `--kv-offloading-size` GiB for all of them: a container that may have less is killed while it starts, or
as the cache fills. A request is no limit, but a node that is full kills what exceeds its request: a warning. The disk
cache counts as ephemeral storage, for each worker too: a pod over its limit is evicted.

Fix: raise the limit, with room for the engine itself, or make the cache smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.flags import split_flags
from llmstack.kubernetes.quantities import quantity
from llmstack.model.engine import Model
from llmstack.model.stack import Stack
from llmstack.objects import lmcache
from llmstack.objects.arguments import extra
from llmstack.objects.engine_pod import resources
from llmstack.objects.parallel import workers_per_pod

RULE = Declaration("offload-size", Severity.ERROR, milder=Severity.WARNING)

GIB = 1024**3


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        for route, what, size in _memory(at, model):
            yield from _compare(model, "memory", route, what, size)
        yield from _disk(subject.stack, at, model)


def _memory(at: Route, model: Model) -> Iterator[tuple[Route, str, Fraction]]:
    """Yield each buffer in CPU memory: where it is said, its words, its bytes."""
    config = model.lmcache_config
    stated = "cpu_offloading_buffer_size" in config.model_fields_set
    buffer = quantity(str(config.cpu_offloading_buffer_size or "0"))
    if config.enabled and buffer and (stated or not config.transfers):
        workers, where = workers_per_pod(model), (*at, "lmcacheConfig", "cpuOffloadingBufferSize")
        what = f"{config.cpu_offloading_buffer_size} GB of KV cache{_each(workers)}"
        size = buffer if buffer > GIB else buffer * GIB
        yield where, what, size * workers
    for flag in split_flags(extra(model)):
        size_of = quantity(flag.value or "") if flag.name == "--kv-offloading-size" else None
        if size_of:
            yield (*at, "vllmConfig", "extraArgs"), f"{flag.value} GiB of KV cache", size_of * GIB


def _disk(stack: Stack, at: Route, model: Model) -> Iterator[Problem]:
    gigabytes = lmcache.disk_gigabytes(model)
    if gigabytes and lmcache.owns_disk(stack, model):
        workers, where = workers_per_pod(model), (*at, "lmcacheConfig", "diskOffloadingBufferSize")
        what = f"{gigabytes} GiB of disk cache{_each(workers)}"
        yield from _compare(model, "ephemeral-storage", where, what, Fraction(gigabytes) * GIB * workers)


def _each(workers: int) -> str:
    return f" for each of {workers} workers" if workers > 1 else ""


def _compare(model: Model, resource: str, route: Route, what: str, size: Fraction) -> Iterator[Problem]:
    sizes = resources(model) or {}
    limit, request = (_bytes(sizes.get(part), resource) for part in ("limits", "requests"))
    if limit is not None and size >= limit:
        message = f"{what} in a container that may have {_shown(sizes['limits'], resource)} of {resource}"
        yield Problem(message, route, "raise the limit, with room for the engine itself, or make the cache smaller")
    elif limit is None and request is not None and size >= request:
        message = f"{what} in a container that requests {_shown(sizes['requests'], resource)} of {resource}"
        yield Problem(message, route, "request what the cache and the engine need together", milder=True)


def _bytes(part: object, resource: str) -> Fraction | None:
    held = part.get(resource) if isinstance(part, Mapping) else None
    return quantity(str(held)) if held is not None else None


def _shown(part: Mapping[str, Any], resource: str) -> str:
    return str(part[resource])
