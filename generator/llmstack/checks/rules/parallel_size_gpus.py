"""The parallel sizes and the GPUs of a model do not fit together.

vLLM starts tensor × pipeline × (local) data parallel workers, each on a GPU of its own (`ParallelConfig`,
vllm/config/parallel.py). With fewer GPUs than that the engine ends with an error; what is more stays idle, paid for.
Of the GPUs of a pod, which are numbered from 0, the engine sees what CUDA_VISIBLE_DEVICES names (`env`, else
`lmcacheConfig.cudaVisibleDevices`), up to the first number that there is not (CUDA C++ Programming Guide). Sizes
among `extraArgs` count, and the last one wins, as it does for vLLM. A RayCluster has the GPUs of its head and of
replicaCount workers, a LeaderWorkerSet those of `size` pods. Models without GPUs or on MIG slices are left alone, and
so are those whose sizes may stand elsewhere: in a file (`--config`), or in a command of their own.

Fix: set requestGPU to the product, or the sizes to what the pod has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import takewhile
from typing import Any

from llmstack.checks.engines import last_entry
from llmstack.checks.gpus import gpus_of_head, gpus_of_model
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.flags import ParallelSizes
from llmstack.model.models import Model
from llmstack.objects.parallel import model_sizes, says_elsewhere

VISIBLE = "CUDA_VISIBLE_DEVICES"
NUMBER = re.compile(r"-?\d+")
RULE = Declaration("parallel-size-gpus", Severity.ERROR, milder=Severity.WARNING)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        if not says_elsewhere(model):
            yield from _check(at, model)


def _check(at: Route, model: Model) -> Iterator[Problem]:
    sizes = model_sizes(model)
    gpus = gpus_of_model(model)
    workers = needed_gpus(model, sizes)
    if gpus is None or gpus.denominator != 1 or not workers:
        return
    total = available_gpus(model, sizes)
    yield from _check_visible(at, model, workers, int(gpus))
    route = _route(at, model)
    product = _product(model, sizes)
    given, are = (f"{float(total):g} GPUs", "are") if total != 1 else ("1 GPU", "is")
    if workers > total:
        yield Problem(
            f"{product} needs {workers} GPUs; there {are} {given}",
            route,
            help=f"request {workers}, or make the sizes smaller",
        )
    elif workers < total:
        yield Problem(
            f"{product} uses {workers} of {given}",
            route,
            help=f"request {workers}, or make tensorParallelSize larger",
            milder=True,
        )


def _check_visible(at: Route, model: Model, workers: int, gpus: int) -> Iterator[Problem]:
    """More workers than the GPUs that a variable of the model leaves (`Worker.init_device`, vllm/v1/worker/)."""
    text, key = _visible(model)
    if not isinstance(text, str) or "$" in text or _spans_pods(model):
        return
    seen = _seen(text, gpus)
    if workers > seen:
        message = f"{VISIBLE} lets the engine see {seen} of the {workers} GPUs that it needs"
        yield Problem(message, (*at, *key), help=f"leave it out, or name {workers}: they are numbered from 0")


def _visible(model: Model) -> tuple[Any, Route]:
    """What names the GPUs that the engine sees, and its key: the variable counts more than the key of LMCache."""
    number = last_entry(model, VISIBLE)
    if number is not None:
        return (model.env or ())[number].get("value"), ("env", number, "value")
    return model.lmcache_config.cuda_visible_devices, ("lmcacheConfig", "cudaVisibleDevices")


def _seen(text: str, gpus: int) -> int:
    """How many of a pod's GPUs a list of them leaves: by number those before the first that the pod does not have."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return len(set(takewhile(lambda name: not NUMBER.fullmatch(name) or _is_below(name, gpus), names)))


def _is_below(name: str, gpus: int) -> bool:
    return len(name) <= len(str(gpus)) and 0 <= int(name) < gpus and str(int(name)) == name


def needed_gpus(model: Model, sizes: ParallelSizes) -> int | None:
    """GPUs that the workers of one engine need; None where an argument is no number."""
    data = sizes.data_local if sizes.data_local is not None and not _spans_pods(model) else sizes.data
    parts = (sizes.tensor, sizes.pipeline, sizes.prefill_context, data)
    product = 1
    for part in parts:
        if part is None:
            return None
        product *= part
    return product


def available_gpus(model: Model, sizes: ParallelSizes) -> Fraction:
    """GPUs of all the pods that one engine spans."""
    gpus = gpus_of_model(model) or Fraction(0)
    if model.uses_ray:
        workers = 1 if model.replica_count is None else model.replica_count
        return gpus * workers + gpus_of_head(model)
    if model.uses_lws:
        return gpus * ((model.lws_spec.size if model.lws_spec else None) or 1)
    return gpus * (sizes.nodes or 1)


def _spans_pods(model: Model) -> bool:
    return model.uses_ray or model.uses_lws


def _product(model: Model, sizes: ParallelSizes) -> str:
    data = sizes.data_local if sizes.data_local is not None and not _spans_pods(model) else sizes.data
    parts = [
        ("tensor", sizes.tensor),
        ("pipeline", sizes.pipeline),
        ("prefill context", sizes.prefill_context),
        ("data", data),
    ]
    shown = [f"{name} parallel {size}" for name, size in parts if size != 1]
    return " × ".join(shown) or "one worker"


def _route(at: Route, model: Model) -> Route:
    if model.resources:
        return (*at, "resources")
    return (*at, "requestGPU")
