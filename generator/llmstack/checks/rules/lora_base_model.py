"""A LoRA adapter is for a model that is not served, or that takes no adapters.

The LoRA controller loads an adapter into the pods whose label `model` is its `baseModel`
(getOptimalPlacement, operator/internal/controller/loraadapter_controller.go of the production stack): here the
`name` of a model, not its `modelURL`. vLLM loads adapters only when it was started with `--enable-lora`
(`enableLoRA: true`).

Fix: write the model's `name` in `baseModel`, and `enableLoRA: true` in the model.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.flags import split_flags
from llmstack.model.models import Model
from llmstack.objects import arguments, labels

RULE = Declaration("lora-base-model", Severity.WARNING)


def run(subject: Subject) -> Iterator[Problem]:
    stack = subject.stack
    models = {labels.engine_labels(stack, model, model.pod_labels)["model"]: model for model in stack.models}
    for number, adapter in enumerate(stack.lora_adapters or []):
        base, route = adapter.base_model, ("loraAdapters", number, "baseModel")
        if adapter.enabled is False or not base:
            continue
        if base not in models:
            by_url = next((name for name, model in models.items() if model.model_url == base), None)
            known = ", ".join(f"`{name}`" for name in sorted(models)) or "no models"
            help = f"write the model's name, `{by_url}`" if by_url else f"there are {known}"
            yield Problem(f"no engine of this environment serves `{base}`", route, help=help)
        elif not _takes_adapters(models[base]):
            message = f"`{base}` takes no LoRA adapters"
            yield Problem(message, route, help=f"set `enableLoRA: true` in the model `{base}`")


def _takes_adapters(model: Model) -> bool:
    return bool(model.enable_lora) or any(flag.name == "--enable-lora" for flag in split_flags(arguments.extra(model)))
