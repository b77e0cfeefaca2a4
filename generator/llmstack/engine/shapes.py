"""Bytes of a model's weights, counted from its configuration: for models whose files nobody has looked into.

Only families whose tensors follow from their sizes are counted: decoders with a gated MLP, RMS norms and plain or
latent attention, dense or with experts. Norms and biases are counted where the family has them; the test compares
families with the sizes of their published files. Anything else is None: not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmstack.engine.config_json import (
    Config,
    architecture_of,
    dtype_of,
    is_tied,
    quantization_of,
    sizes_of,
    text_config,
)
from llmstack.engine.facts import Groups, Sizes, Weights

BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}


@dataclass(frozen=True, slots=True)
class Family:
    """How a family differs from a Llama: norms in a layer, biases of queries, keys and values, norms of their heads."""

    norms: int = 2
    qkv_bias: bool = False
    head_norms: bool = False


FAMILIES: Mapping[str, Family] = {
    "LlamaForCausalLM": Family(),
    "MistralForCausalLM": Family(),
    "GraniteForCausalLM": Family(),
    "MixtralForCausalLM": Family(),
    "Phi3ForCausalLM": Family(),
    "GemmaForCausalLM": Family(),
    "Gemma2ForCausalLM": Family(norms=4),
    "Gemma3ForCausalLM": Family(norms=4, head_norms=True),
    "Qwen2ForCausalLM": Family(qkv_bias=True),
    "Qwen3ForCausalLM": Family(head_norms=True),
    "Qwen3MoeForCausalLM": Family(head_norms=True),
}
"""Architectures that are counted. All have a gated MLP without biases and one norm at the end."""


def count_weights(config: Config) -> Weights | None:
    """The weights that a configuration makes; None where its family is not counted, or it is quantized."""
    family = FAMILIES.get(architecture_of(config))
    sizes, dtype = sizes_of(config), dtype_of(config) or ""
    element = BYTES.get(dtype)
    complete = sizes.vocabulary and sizes.hidden and sizes.intermediate and sizes.layers and sizes.heads
    text = text_config(config)
    biased = bool(text.get("attention_bias")) or bool(text.get("mlp_bias"))
    if family is None or element is None or not complete or quantization_of(config) or biased:
        return None
    table = sizes.vocabulary * sizes.hidden
    groups = Groups(
        embeddings=table * element,
        head=0 if is_tied(config) else table * element,
        experts=_experts(sizes) * element,
        rest=(sizes.layers * _layer(sizes, family) + _mlp(sizes) + sizes.hidden) * element,
    )
    return Weights(groups.total, dtype, groups, "shapes")


def _layer(sizes: Sizes, family: Family) -> int:
    """Numbers in the attention and the norms of one layer."""
    queries, keys = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    attention = sizes.hidden * (2 * queries + 2 * keys)
    biases = queries + 2 * keys if family.qkv_bias else 0
    head_norms = 2 * sizes.head_dim if family.head_norms else 0
    return attention + biases + head_norms + family.norms * sizes.hidden


def _mlp(sizes: Sizes) -> int:
    """Numbers in the MLPs that every token passes, and in the gates of experts, of all layers."""
    if not sizes.experts:
        return sizes.layers * 3 * sizes.hidden * sizes.intermediate
    sparse = sizes.layers - sizes.dense_layers
    shared = 3 * sizes.hidden * sizes.shared_intermediate + sizes.hidden * sizes.experts
    return sizes.dense_layers * 3 * sizes.hidden * sizes.intermediate + sparse * shared


def _experts(sizes: Sizes) -> int:
    """Numbers in all experts of all layers."""
    return (sizes.layers - sizes.dense_layers) * sizes.experts * 3 * sizes.hidden * sizes.expert_width
