"""The pod's memory limit is less than what is offloaded to the CPU.

`--cpu-offload-gb` and LMCache's `cpuOffloadingBufferSize` (or LMCACHE_MAX_LOCAL_CPU_SIZE) are GiB of pinned memory for
each GPU of the engine, `cpu_bytes_to_use` of vLLM's OffloadingConnector the bytes of all of them. Where together they
exceed the pod's memory limit, the kernel ends the engine. A pod without a limit is left alone.

Fix: raise limitMemory (or resources.limits.memory) above the sum, or offload less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from llmstack.checks.engines import Asked, engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.configs import read_object
from llmstack.engine.memory import GIB
from llmstack.finding import Route, Severity
from llmstack.kubernetes.quantities import quantity
from llmstack.model.models import Model

RULE = Declaration("offload-memory", Severity.ERROR, whole=True)
FLAG, TRANSFER = "--cpu-offload-gb", "--kv-transfer-config"
LMCACHE_SIZE = "LMCACHE_MAX_LOCAL_CPU_SIZE"


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        model = asked.model
        if not (asked.question.flags.keys() & {FLAG, TRANSFER} or model.lmcache_config.enabled):
            continue
        per_gpu = sum(offloaded(asked))
        latent = asked.question.facts is not None and asked.question.facts.is_latent
        # with latent attention all GPUs hold the same cache, and one alone may keep it
        needed = per_gpu * (1 if latent else asked.question.settings.tensor) + _connector(asked)
        limit, route = memory_limit(asked.route, model) if needed else (None, ())
        if limit is not None and needed * GIB > limit:
            each = f" ({per_gpu:g} for each of its GPUs)" if per_gpu else ""
            message = f"`{model.name}` offloads {needed:g} GiB{each}; its memory limit is {float(limit / GIB):.1f} GiB"
            yield Problem(message, route, help=f"a limit above {needed:g}Gi, or less to offload")


def memory_limit(at: Route, model: Model) -> tuple[Fraction | None, Route]:
    """Bytes of the pod's memory limit, and where the values say it; None for no limit."""
    if model.resources:
        limits = model.resources.get("limits")
        stated = limits.get("memory") if isinstance(limits, dict) else None
        return quantity(stated) or None, (*at, "resources", "limits", "memory")
    return quantity(model.limit_memory) or None, (*at, "limitMemory")


def offloaded(asked: Asked) -> Iterator[float]:
    """Yield the GiB that each GPU of an engine offloads to the CPU's memory."""
    model = asked.model
    yield _number(asked.question.flags.get(FLAG))
    lmcache = model.lmcache_config
    stated = "cpu_offloading_buffer_size" in lmcache.model_fields_set
    if _connector_name(asked).startswith("LMCache") and not lmcache.enabled:
        sizes = (entry.get("value") for entry in model.env or () if entry.get("name") == LMCACHE_SIZE)
        yield from (_number(size) for size in sizes if isinstance(size, str))
    if lmcache.enabled and (stated or not lmcache.transfers):
        yield _number(lmcache.cpu_offloading_buffer_size)


def _connector(asked: Asked) -> float:
    """GiB that vLLM's own connector offloads, of all GPUs together (`CPUOffloadingSpec`, vllm/v1/kv_offload/)."""
    if _connector_name(asked) != "OffloadingConnector":
        return 0.0
    extra = _transfer(asked).get("kv_connector_extra_config")
    size = extra.get("cpu_bytes_to_use") if isinstance(extra, dict) else None
    return size / GIB if isinstance(size, int | float) and not isinstance(size, bool) else 0.0


def _connector_name(asked: Asked) -> str:
    name = _transfer(asked).get("kv_connector")
    return name if isinstance(name, str) else ""


def _transfer(asked: Asked) -> Mapping[str, Any]:
    """The value of `--kv-transfer-config`; {} where there is none that can be read."""
    return read_object(asked.question.flags.get(TRANSFER) or "") or {}


def _number(text: str | None) -> float:
    """A number of GiB; 0 for none, and for what is no plain number."""
    return float(text) if text and re.fullmatch(r"\d+(\.\d+)?", text) else 0.0
