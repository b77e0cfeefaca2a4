"""Quantized copies of models, told by their names where nobody has their config.json.

A publisher names a copy after the model that it was made of. Quantizing leaves architecture, layers, heads, vocabulary
and context as they are, so that these are the other model's; widths are not taken over (a checkpoint of 4 bits may have
padded them, as Qwen2-72B-Instruct-GPTQ-Int4 has), nor weights, nor the groups of the scales. All of it is assumed, and
`ModelFacts.base` says of which model. Of a model that nobody knows such a name still says how its copy is quantized.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from llmstack.engine.facts import ModelFacts, Quantization, Sizes
from llmstack.engine.shapes import least_groups


class Naming(Struct, frozen=True):
    """How a publisher names copies (`base` in the pattern is the model that one was made of), vLLM's name of the
    method, the bytes that a number of a linear layer has at least, and the scheme of those that have one."""

    pattern: str
    method: str
    least: float
    scheme: str | None = None


NEURAL_MAGIC = r"(?:RedHatAI|neuralmagic)/(?P<base>.+)-"
NAMES: tuple[Naming, ...] = (
    Naming(r"(?P<base>Qwen/.+)-AWQ", "awq", 0.5),
    Naming(r"(?P<base>Qwen/.+)-GPTQ-Int4", "gptq", 0.5),
    Naming(r"(?P<base>Qwen/.+)-GPTQ-Int8", "gptq", 1),
    Naming(r"(?P<base>Qwen/Qwen3.+)-FP8", "fp8", 1),
    Naming(NEURAL_MAGIC + "FP8-dynamic", "compressed-tensors", 1, "FP8"),
    Naming(NEURAL_MAGIC + "FP8", "fp8 or compressed-tensors", 1, "FP8 of either method"),
    Naming(NEURAL_MAGIC + r"quantized\.w8a8", "compressed-tensors", 1, "W8A8"),
    Naming(NEURAL_MAGIC + r"quantized\.w8a16", "compressed-tensors", 1, "W8A16"),
    Naming(NEURAL_MAGIC + r"quantized\.w4a16", "compressed-tensors", 0.5, "W4A16"),
    Naming(NEURAL_MAGIC + r"quantized\.w\d+a\d+", "compressed-tensors", 0.25),
    Naming(r"hugging-quants/(?P<base>.+)-AWQ-INT4", "awq", 0.5),
    Naming(r"hugging-quants/(?P<base>.+)-GPTQ-INT4", "gptq", 0.5),
    Naming(r"unsloth/(?P<base>.+?)(?:-unsloth)?-bnb-4bit", "bitsandbytes", 0.5),
    Naming(r"nvidia/(?P<base>(?:Llama|Qwen|DeepSeek|Mixtral|Phi).+)-FP8", "modelopt", 1),
    Naming(r"nvidia/(?P<base>.+)-FP4(?:-v\d)?", "modelopt_fp4", 0.5),
    Naming(r"(?:TheBloke|casperhansen|solidrust)/(?P<base>.+)-AWQ", "awq", 0.5),
    Naming(r"TheBloke/(?P<base>.+)-GPTQ", "gptq", 0.25),
)
"""Of the cards of their models, and of the tools that they were made with (llm-compressor, AutoAWQ, AutoGPTQ,
bitsandbytes, Model Optimizer)."""


@lru_cache(maxsize=1 << 12)
def naming_of(model: str) -> tuple[Naming, str] | None:
    """How the name of a model says that it is quantized, and of which it was made; None for a name that does not."""
    for naming in NAMES:
        match = re.fullmatch(naming.pattern, model, re.IGNORECASE)
        if match:
            return naming, match["base"]
    return None


def named(model: str) -> ModelFacts:
    """All that a name says of a model that nobody knows: how it is quantized, if that."""
    found = naming_of(model)
    return ModelFacts(model, "", Sizes(), quantization=_of(found[0]) if found else None)


def _of(naming: Naming) -> Quantization:
    return Quantization(naming.method, scheme=naming.scheme)


def base_of(model: str, known: Iterable[str]) -> tuple[str, Naming] | None:
    """Which of the `known` models one was quantized from, and how; None for a name that says no such thing.

    A base without a publisher is that of any; where several have a model of the name, nobody can say.
    """
    naming = naming_of(model)
    if naming is None:
        return None
    wanted = naming[1].lower()
    found = [name for name in known if name.lower() == wanted or name.lower().partition("/")[2] == wanted]
    return (found[0], naming[0]) if len(found) == 1 else None


def assumed_of(base: ModelFacts, model: str, naming: Naming) -> ModelFacts:
    """The facts of a quantized copy of `base`, as far as they can be assumed."""
    sizes = replace(base.sizes, intermediate=0, expert_intermediate=0, shared_intermediate=0)
    return replace(
        base,
        model=model,
        base=base.model,
        sizes=sizes,
        weights=None,
        least=least_groups(base.architecture, base.sizes, naming.least),
        quantization=_of(naming),
        revision=None,
    )
