"""The arguments of `vllm serve`: a flat list in a fixed order, extraArgs last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.model.engine import Model
from llmstack.model.stack import Stack
from llmstack.objects import lmcache
from llmstack.objects.chat_template import template_path


def serve_command(model: Model) -> list[str]:
    """`vllm serve`; in images of lmcache/vllm-openai it is in a virtual environment off PATH (the chart)."""
    return ["/opt/venv/bin/vllm" if model.repository == "lmcache/vllm-openai" else "vllm", "serve"]


def serve_arguments(stack: Stack, model: Model, distributed: Sequence[str] = ()) -> list[str]:
    """The arguments after `vllm serve`; `distributed` says how one engine spreads over several pods."""
    return [*_model(model), *_address(stack), *options(model), *distributed, *extra(model)]


def headless_arguments(model: Model, distributed: Sequence[str]) -> list[str]:
    """The arguments of a pod that takes part in an engine and serves no API."""
    return [*_model(model), *options(model), *distributed, "--headless", *extra(model)]


def _model(model: Model) -> list[str]:
    return [model.model_url] if model.model_url else []


def _address(stack: Stack) -> list[str]:
    return ["--host", "0.0.0.0", "--port", str(stack.engine.container_port or 8000)]


def extra(model: Model) -> list[str]:
    """The arguments a person wrote, in order."""
    return [*(model.vllm_config.extra_args or []), *(model.extra_args or [])]


def reads_config_file(model: Model) -> bool:
    """Whether `--config FILE` names a file of arguments, in which the model and the sizes may stand."""
    return any(arg == "--config" or arg.startswith("--config=") for arg in extra(model))


def options(model: Model) -> Iterator[str]:
    """Yield the typed options that are set."""
    config = model.vllm_config
    if model.model_revision:
        yield from ("--revision", model.model_revision)
    if model.enable_lora:
        yield "--enable-lora"
    if model.enable_tool:
        yield "--enable-auto-tool-choice"
    if model.tool_call_parser:
        yield from ("--tool-call-parser", model.tool_call_parser)
    for flag, switch in (
        ("enable-chunked-prefill", config.enable_chunked_prefill),
        ("enable-prefix-caching", config.enable_prefix_caching),
    ):
        if switch is not None:
            yield f"--{flag}" if switch else f"--no-{flag}"
    for flag, value in (
        ("--max-model-len", config.max_model_len),
        ("--dtype", config.dtype),
        ("--tensor-parallel-size", config.tensor_parallel_size),
        ("--pipeline-parallel-size", config.pipeline_parallel_size),
        ("--max-num-seqs", config.max_num_seqs),
        ("--gpu-memory-utilization", config.gpu_memory_utilization),
        ("--max-loras", config.max_loras or None),
        ("--runner", config.runner),
        ("--convert", config.convert),
        ("--kv-transfer-config", lmcache.kv_transfer_config(model)),
        ("--chat-template", template_path(model)),
    ):
        if value not in (None, ""):
            yield from (flag, str(value))
