"""Quantized copies of models, told by their names where nobody has their config.json.

A publisher names a copy after the model that it was made of. Quantizing leaves architecture, layers, heads, vocabulary
and context as they are, so that these are the other model's; widths are not taken over (a checkpoint of 4 bits may have
padded them, as Qwen2-72B-Instruct-GPTQ-Int4 has), nor weights, nor the groups of the scales. All of it is assumed, and
`ModelFacts.base` says of which model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from llmstack.engine.facts import ModelFacts, Quantization

NAMES: tuple[tuple[str, str], ...] = (
    (r"(?P<base>Qwen/.+)-AWQ", "awq"),
    (r"(?P<base>Qwen/.+)-GPTQ-Int[48]", "gptq"),
    (r"(?P<base>Qwen/Qwen3.+)-FP8", "fp8"),
    (r"(?:RedHatAI|neuralmagic)/(?P<base>.+)-(?:quantized\.w\d+a\d+|FP8-dynamic)", "compressed-tensors"),
    (r"hugging-quants/(?P<base>.+)-AWQ-INT4", "awq"),
    (r"hugging-quants/(?P<base>.+)-GPTQ-INT4", "gptq"),
    (r"unsloth/(?P<base>.+?)(?:-unsloth)?-bnb-4bit", "bitsandbytes"),
)
"""How publishers name such copies, and vLLM's name of the method: that of the cards of their models, and of the tools
that they were made with (llm-compressor, AutoAWQ, AutoGPTQ, bitsandbytes). Others name no method for certain:
RedHatAI's `-FP8` is compressed-tensors or fp8."""


def base_of(model: str, known: Iterable[str]) -> tuple[str, str] | None:
    """Which of the `known` models one was quantized from, and the method; None for a name that says no such thing.

    A base without a publisher is that of any; where several have a model of the name, nobody can say.
    """
    for pattern, method in NAMES:
        match = re.fullmatch(pattern, model, re.IGNORECASE)
        if match is None:
            continue
        wanted = match["base"].lower()
        found = [name for name in known if name.lower() == wanted or name.lower().partition("/")[2] == wanted]
        return (found[0], method) if len(found) == 1 else None
    return None


def assumed_of(base: ModelFacts, model: str, method: str) -> ModelFacts:
    """The facts of a quantized copy of `base`, as far as they can be assumed."""
    sizes = replace(base.sizes, intermediate=0, expert_intermediate=0, shared_intermediate=0)
    return replace(
        base, model=model, base=base.model, sizes=sizes, weights=None, quantization=Quantization(method), revision=None
    )
