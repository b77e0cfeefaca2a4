"""An architecture that the release does not have, or whose class lacks what a flag asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmstack.engine import registry
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.types import is_official
from llmstack.engine.facts import ModelFacts
from llmstack.engine.settings import Flags, Settings, is_on
from llmstack.engine.support import ARCHITECTURES
from llmstack.flags.release import find_release

ANOTHER = frozenset(("--model-impl", "--hf-overrides", "--config"))
"""Flags that may name another class."""
OTHERWISE = ANOTHER | {"--convert", "--runner", "--task"}
"""Flags that may have another class serve the model."""

CAME_LATE: Mapping[str, tuple[int, int, int]] = {
    "GptOssForCausalLM": (0, 10, 1),
    "Llama4ForConditionalGeneration": (0, 8, 3),
    "Mistral3ForConditionalGeneration": (0, 8, 3),
    "Qwen3ForCausalLM": (0, 8, 3),
    "Qwen3MoeForCausalLM": (0, 8, 3),
    "Qwen3NextForCausalLM": (0, 10, 2),
}
"""Architectures that came with a patch of a release whose tables are those of its last patch: the first that serves
them, Qwen3's by Transformers' own class (models/registry.py in the wheels of 0.8.2 to 0.8.4, 0.10.0 and 0.10.1)."""


def came_later(facts: ModelFacts, settings: Settings, version: str | None) -> Iterator[Fault]:
    """Yield an architecture that came with a later patch than `version`."""
    came, release = CAME_LATE.get(facts.architecture), find_release(version or "")
    if (
        came is None
        or release is None
        or not release.patch_known
        or release.minor != came[:2]
        or ANOTHER & set(settings.unread)
    ):
        return
    if release.numbers < came:
        message = f"vLLM {version} does not have {facts.architecture}"
        yield Fault("model", message, f"it is in {'.'.join(map(str, came))} and later: choose another image or model")


def unregistered(
    facts: ModelFacts, settings: Settings, given: Flags, among: Sequence[str], repository: str
) -> Iterator[Fault]:
    """Yield an architecture that the release does not have yet, or no more, or that none has.

    `among` are the releases that may be the right one. One that is given `--model-impl`, or that some release leaves to
    Transformers, may be loaded otherwise: of these nothing is said.
    """
    name = facts.architecture
    first, last = registry.first_with(name), registry.last_with(name)
    otherwise = ANOTHER & set(settings.unread)
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
