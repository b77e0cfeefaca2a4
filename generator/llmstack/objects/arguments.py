"""The arguments of `vllm serve`: a flat list in a fixed order, extraArgs last."""

from __future__ import annotations

from collections.abc import Sequence

from llmstack.model.flag import arguments_of
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import drain, lmcache
from llmstack.objects.chat_template import template_path

ON_RAY = ("--distributed-executor-backend", "ray")
"""How the engine of a RayCluster spreads over its pods."""


def serve_command(model: Model) -> list[str]:
    """`vllm serve`; in images of lmcache/vllm-openai it is in a virtual environment off PATH (the chart)."""
    return ["/opt/venv/bin/vllm" if model.repository == "lmcache/vllm-openai" else "vllm", "serve"]


def serve_arguments(stack: Stack, model: Model, distributed: Sequence[str] = ()) -> list[str]:
    """The arguments after `vllm serve`; `distributed` says how one engine spreads over several pods."""
    drained = drain.arguments(model)
    return [*_model(model), *_address(stack), *options(model), *drained, *distributed, *extra(model)]


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


def stated(model: Model) -> tuple[str, ...]:
    """What the values say of an engine's arguments: the model (a word for it where none is named), the typed options,
    what a RayCluster adds, then those that a person wrote."""
    return (model.model_url or "model", *options(model), *(ON_RAY if model.uses_ray else ()), *extra(model))


def reads_config_file(model: Model) -> bool:
    """Whether `--config FILE` names a file of arguments, in which the model and the sizes may stand."""
    return any(arg == "--config" or arg.startswith("--config=") for arg in extra(model))


def options(model: Model) -> tuple[str, ...]:
    """The typed options that are set."""
    transfer, template = lmcache.kv_transfer_config(model), template_path(model)
    return (
        *arguments_of(model),
        *(("--kv-transfer-config", transfer) if transfer else ()),
        *(("--chat-template", template) if template else ()),
    )
