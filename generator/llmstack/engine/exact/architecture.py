"""An architecture that the release does not have, or whose class lacks what a flag asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmstack.engine import registry
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.types import is_official
from llmstack.engine.facts import ModelFacts
from llmstack.engine.settings import Flags, Settings, is_on
from llmstack.engine.support import ARCHITECTURES

OTHERWISE = frozenset(("--model-impl", "--hf-overrides", "--config", "--convert", "--runner", "--task"))
"""Flags that may have another class serve the model."""


def unregistered(
    facts: ModelFacts, settings: Settings, given: Flags, among: Sequence[str], repository: str
) -> Iterator[Fault]:
    """Yield an architecture that the release does not have yet, or no more, or that none has.

    `among` are the releases that may be the right one. One that is given `--model-impl`, or that some release leaves to
    Transformers, may be loaded otherwise: of these nothing is said.
    """
    name = facts.architecture
    first, last = registry.first_with(name), registry.last_with(name)
    otherwise = {"--model-impl", "--hf-overrides", "--config"} & set(settings.unread)
    if otherwise or any(registry.has_architecture(name, release) for release in among):
        return
    if first is None:
        # a package's copy of a config.json may name another; a plugin, or the model's own code, may have the class
        own = not is_official(repository) or is_on(given, "--trust-remote-code")
        if facts.config is not None and not own and registry.is_unheard_of(name):
            message = f"vLLM {among[0]} does not have {name}, and neither has Transformers"
            yield Fault("model", message, "an image whose plugins have it, or another model")
        return
    if any(registry.may_fall_back(name, release) for release in among):
        return
    when = f"it is in {first} and later" if last is None else f"it was in {first} to {last}"
    message = f"vLLM {among[0]} does not have {name}"
    yield Fault("model", message, f"{when}: choose another image or model")


def unsupported_feature(
    facts: ModelFacts, settings: Settings, given: Mapping[str, str | None], among: Sequence[str]
) -> Iterator[Fault]:
    """Yield what a flag asks for and the model's class does not have in any of these releases.

    Pipelines and experts: `ModelConfig.verify_with_parallel_config` (vllm/config/model.py). LoRA: `load_lora_model`
    (vllm/v1/worker/lora_model_runner_mixin.py).
    """
    name, otherwise = facts.architecture, OTHERWISE & set(settings.unread)
    if otherwise:
        return
    if settings.pipeline > 1 and registry.lacks_everywhere("withoutPipeline", name, among):
        message = f"vLLM {among[0]} does not cut {name} into a pipeline"
        yield Fault("pipeline", message, "--tensor-parallel-size instead")
    if is_on(given, "--enable-lora") and registry.lacks_everywhere("withoutLora", name, among):
        first = registry.first_without_lack("withoutLora", name, among)
        help = f"vLLM {first} does" if first else "leave LoRA out, or choose another model"
        yield Fault("lora", f"vLLM {among[0]} does not serve adapters of {name}", help)
    if is_on(given, "--enable-expert-parallel") and name in ARCHITECTURES and not facts.sizes.experts:
        yield Fault("experts", f"--enable-expert-parallel: {facts.model} has no experts", "leave it out")
