"""How many workers an engine is made of, and what that asks of its pod."""

from __future__ import annotations

from functools import lru_cache

from llmstack.flags import ParallelSizes, parallel_sizes, split_flags
from llmstack.model.models import Model
from llmstack.objects.arguments import extra, reads_config_file

_OFFLOADS = ("OffloadingConnector", "CPUOffloadConnector")
"""Parts of the names of vLLM's own connectors to CPU memory (vllm/distributed/kv_transfer/kv_connector/factory.py)."""


def model_sizes(model: Model) -> ParallelSizes:
    """The parallel sizes of a model, from its typed options and its extra arguments."""
    config, more = model.vllm_config, tuple(extra(model))
    tensor, pipeline = config.tensor_parallel_size or 1, config.pipeline_parallel_size or _stages(model)
    return _sizes(tensor, pipeline, more) if more else ParallelSizes(tensor, pipeline)


def _stages(model: Model) -> int:
    """Pipeline stages when nobody says how many: one to each pod of a LeaderWorkerSet, as its arguments have it."""
    return (model.lws_spec.size if model.uses_lws and model.lws_spec else None) or 1


@lru_cache(maxsize=1 << 12)
def _sizes(tensor: int, pipeline: int, more: tuple[str, ...]) -> ParallelSizes:
    return parallel_sizes(["--tensor-parallel-size", str(tensor), "--pipeline-parallel-size", str(pipeline), *more])


def pods_of(model: Model) -> int:
    """Pods that one engine spreads over: the group of a LeaderWorkerSet, or a RayCluster's head and workers."""
    if model.uses_ray:
        return 1 + (1 if model.replica_count is None else model.replica_count)
    return _stages(model)


def says_elsewhere(model: Model) -> bool:
    """Whether the model and its sizes may stand where the values do not say: in a file of arguments, in a command of
    one's own."""
    return runs_own_command(model) or reads_config_file(model)


def runs_own_command(model: Model) -> bool:
    """Whether a command of one's own stands in the place of `vllm serve`; a RayCluster does not run it."""
    return bool(model.command and not model.uses_ray)


def needs_shm(model: Model, *, several_gpus: bool) -> bool:
    """Whether a pod of the model wants more than the runtime's 64 MiB of /dev/shm; `several_gpus`: it has as many.

    Workers of one pod speak through it, and vLLM's own offloading maps its buffer there (kserve pull request 5949).
    What nobody can read from the values (a command of one's own, a file of settings, `$(TP)`) is judged by the
    GPUs.
    """
    if "shm_size" in model.model_fields_set and model.shm_size:
        return True
    return offloads_natively(model) or model.uses_lws or _several_workers(model, several_gpus=several_gpus)


def _several_workers(model: Model, *, several_gpus: bool) -> bool:
    if says_elsewhere(model):
        return several_gpus
    sizes = model_sizes(model)
    data = sizes.data if sizes.data_local is None or model.uses_ray else sizes.data_local
    parts = (sizes.tensor, sizes.pipeline, sizes.prefill_context, data)
    if any(part is None for part in parts):
        return several_gpus
    if model.uses_ray:
        return (sizes.tensor or 1) > 1 or several_gpus
    product = 1
    for part in parts:
        product *= part or 1
    return product > (sizes.nodes or 1)


def workers_per_pod(model: Model) -> int:
    """How many workers run in one pod, as far as the values say; 1 where they do not."""
    if says_elsewhere(model):
        return 1
    sizes = model_sizes(model)
    data = sizes.data if sizes.data_local is None or model.uses_ray else sizes.data_local
    product = 1
    for part in (sizes.tensor, sizes.pipeline, sizes.prefill_context, data):
        product *= part or 1
    return max(1, -(-product // _pods(model, sizes)))


def _pods(model: Model, sizes: ParallelSizes) -> int:
    """How many pods one engine spans."""
    if model.uses_ray:
        return 1 + (1 if model.replica_count is None else model.replica_count)
    return ((model.lws_spec.size if model.lws_spec else None) or 1) if model.uses_lws else (sizes.nodes or 1)


def offloads_natively(model: Model) -> bool:
    """Whether vLLM itself keeps KV cache in CPU memory."""
    for flag in split_flags(extra(model)):
        if flag.name == "--kv-offloading-size":
            return True
        if flag.name.startswith("--kv-transfer-config") and any(word in (flag.value or "") for word in _OFFLOADS):
            return True
    return False
