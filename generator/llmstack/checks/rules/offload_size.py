"""A cache beside the GPU is larger than what its pod asks for.

LMCache keeps `cpuOffloadingBufferSize` GB of pinned memory for each worker (max_local_cpu_size, lmcache/v1/config.py),
vLLM itself `--kv-offloading-size` GiB for all of them: over the container's limit it is killed while it starts, or as
the cache fills (LMCache's buffer against a limit is `offload-memory`). A request is no limit, but a node that is full
kills what exceeds its request: a warning. The disk cache counts as ephemeral storage, for each worker too: a pod over
its limit is evicted.

Fix: ask for what the engine and its caches need together, or make the cache smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from llmstack.checks.engines import Asked, engines, route_of
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.quantities import quantity
from llmstack.model.stack import Stack
from llmstack.objects import lmcache
from llmstack.objects.engine_container import resources
from llmstack.objects.parallel import workers_per_pod

RULE = Declaration("offload-size", Severity.ERROR, milder=Severity.WARNING, whole=True)

GIB = 1024**3
FLAG = "--kv-offloading-size"


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        if asked.model.lmcache_config.enabled or FLAG in asked.question.flags:
            sizes = resources(asked.model) or {}
            yield from _lmcache(asked, sizes)
            yield from _vllm(asked, sizes)
            yield from _disk(subject.stack, asked, sizes)


def _lmcache(asked: Asked, sizes: Mapping[str, object]) -> Iterator[Problem]:
    """LMCache's buffer in memory that is requested, where there is no limit."""
    config = asked.model.lmcache_config
    stated = "cpu_offloading_buffer_size" in config.model_fields_set
    buffer = quantity(config.cpu_offloading_buffer_size or "0")
    if config.enabled and buffer and (stated or not config.transfers) and _held(sizes, "limits", "memory") is None:
        what = f"{config.cpu_offloading_buffer_size} GB of KV cache{_each(asked)}"
        route = (*asked.route, "lmcacheConfig", "cpuOffloadingBufferSize")
        yield from _compare(sizes, "memory", route, what, buffer * _copies(asked) * (1 if buffer > GIB else GIB))


def _vllm(asked: Asked, sizes: Mapping[str, object]) -> Iterator[Problem]:
    """vLLM's own buffer, which is one for all workers."""
    text = asked.question.flags.get(FLAG)
    size = quantity(text or "")
    if size:
        yield from _compare(sizes, "memory", route_of(asked, FLAG), f"{text} GiB of KV cache", size * GIB)


def _disk(stack: Stack, asked: Asked, sizes: Mapping[str, object]) -> Iterator[Problem]:
    gigabytes = lmcache.disk_gigabytes(asked.model)
    if gigabytes and lmcache.owns_disk(stack, asked.model):
        route = (*asked.route, "lmcacheConfig", "diskOffloadingBufferSize")
        what = f"{gigabytes} GiB of disk cache{_each(asked)}"
        yield from _compare(sizes, "ephemeral-storage", route, what, Fraction(gigabytes) * GIB * _copies(asked))


def _copies(asked: Asked) -> int:
    """How many workers of the pod keep a cache: one alone where all hold the same (latent attention)."""
    facts = asked.question.facts
    return 1 if facts is not None and facts.is_latent else workers_per_pod(asked.model)


def _each(asked: Asked) -> str:
    return f" for each of {_copies(asked)} workers" if _copies(asked) > 1 else ""


def _compare(sizes: Mapping[str, object], resource: str, route: Route, what: str, size: Fraction) -> Iterator[Problem]:
    for part, may in (("limits", "may have"), ("requests", "requests")):
        held = _held(sizes, part, resource)
        if held is not None:
            if size >= (quantity(held) or 0):
                help = "ask for what the engine and its cache need together, or make the cache smaller"
                message = f"{what} in a container that {may} {held} of {resource}"
                yield Problem(message, route, help, milder=part == "requests")
            return


def _held(sizes: Mapping[str, object], part: str, resource: str) -> str | None:
    """What a container has of a resource, as the values write it."""
    stated = sizes.get(part)
    held = stated.get(resource) if isinstance(stated, Mapping) else None
    return str(held) if held else None
