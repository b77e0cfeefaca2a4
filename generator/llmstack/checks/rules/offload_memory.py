"""The pod's memory limit is less than what is offloaded to the CPU.

`--cpu-offload-gb` and LMCache's `cpuOffloadingBufferSize` are GiB of pinned memory for each GPU of the engine. Where
together they exceed the pod's memory limit, the kernel ends the engine. A pod without a limit is left alone.

Fix: raise limitMemory (or resources.limits.memory) above the sum, or offload less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from llmstack.checks.engines import Asked, engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.memory import GIB
from llmstack.finding import Route, Severity
from llmstack.flags import split_flags
from llmstack.kubernetes.quantities import quantity
from llmstack.model.engine import Model

RULE = Declaration("offload-memory", Severity.ERROR)
FLAG = "--cpu-offload-gb"


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        model = asked.model
        limit, route = memory_limit(asked.route, model)
        per_gpu = sum(offloaded(asked))
        latent = asked.question.facts is not None and asked.question.facts.is_latent
        # with latent attention all GPUs hold the same cache, and one alone may keep it
        needed = per_gpu * (1 if latent else asked.question.settings.tensor)
        if limit is not None and needed * GIB > limit:
            message = (
                f"`{model.name}` offloads {needed:g} GiB ({per_gpu:g} for each of its GPUs); "
                f"its memory limit is {float(limit / GIB):.1f} GiB"
            )
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
    arguments = [str(each) for each in (*(model.vllm_config.extra_args or ()), *(model.extra_args or ()))]
    if any(each.startswith("--cpu") for each in arguments):
        given = split_flags(arguments, asked.question.match.catalogue)
        yield _number(next((flag.value for flag in reversed(given) if flag.name == FLAG), None))
    lmcache = model.lmcache_config
    stated = "cpu_offloading_buffer_size" in lmcache.model_fields_set
    if lmcache.enabled and (stated or not lmcache.transfers):
        yield _number(lmcache.cpu_offloading_buffer_size)


def _number(text: str | None) -> float:
    """A number of GiB; 0 for none, and for what is no plain number."""
    return float(text) if text and re.fullmatch(r"\d+(\.\d+)?", text) else 0.0
