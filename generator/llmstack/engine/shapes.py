"""Bytes of a model's weights, counted from its configuration: for models whose files nobody has looked into.

Only families whose tensors follow from their sizes are counted: decoders with a gated MLP, RMS norms and plain or
latent attention, dense or with experts. Norms and biases are counted where the family has them; the test compares
families with the sizes of their published files. Of a checkpoint in fp8, linear layers are one byte a number, with
scales of four bytes a block, and embeddings, output layer, norms and gates keep the model's type; of one in mxfp4, the
experts alone are four bits a number, with a scale of one byte for 32 of them. Layers that predict further tokens are
left out. Anything else is None: not counted.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from llmstack.engine.config_json import (
    Config,
    architecture_of,
    dtype_of,
    is_tied,
    sizes_of,
    text_config,
)
from llmstack.engine.facts import Groups, Quantization, Sizes, Weights

BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}


class Family(Struct, frozen=True):
    """How a family differs from a Llama: norms in a layer, biases of queries, keys and values, norms of their heads."""

    norms: int = 2
    qkv_bias: bool = False
    head_norms: bool = False
    latent: bool = False
    """Queries, keys and values go through low ranks (multi-head latent attention)."""
    biased: bool = False
    """Attention, gates and experts have biases, and each head a sink (gpt-oss)."""


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
    "DeepseekV3ForCausalLM": Family(latent=True),
    "GptOssForCausalLM": Family(qkv_bias=True, biased=True),
}
"""Architectures that are counted. All have a gated MLP without biases and one norm at the end."""


GATED = FAMILIES.keys() | frozenset(
    (
        *("Gemma3ForConditionalGeneration", "Qwen2_5_VLForConditionalGeneration", "Qwen3VLForConditionalGeneration"),
        *("Qwen3VLMoeForConditionalGeneration", "Mistral3ForConditionalGeneration", "Ministral3ForCausalLM"),
        *("Olmo2ForCausalLM", "Olmo3ForCausalLM", "Exaone4ForCausalLM", "MiniMaxM2ForCausalLM"),
        *("DeepseekV32ForCausalLM", "GlmMoeDsaForCausalLM", "KimiK25ForConditionalGeneration"),
        *("Qwen3_5ForConditionalGeneration", "Qwen3_5MoeForConditionalGeneration", "MiMoV2FlashForCausalLM"),
        *("Llama4ForConditionalGeneration", "DeepseekV4ForCausalLM"),
    )
)
"""More architectures whose MLPs and experts are gated, so that what the sizes say of them is there at least."""
EXPERTS_OF_FOUR_BITS = frozenset(("DeepseekV4ForCausalLM",))
"""Architectures whose experts may be of four bits while config.json says fp8, and whose attention is not counted."""
LEAST_BYTES: Mapping[str, float] = {"": 2, "fp8": 1, "modelopt": 1}
"""Bytes that a number of a linear layer has at least under a method; half a byte under any other."""


def least_groups(architecture: str, sizes: Sizes, element: float) -> Groups | None:
    """Bytes of what the sizes say for certain, with `element` bytes a number of linear layers; None where the
    architecture is not known. Embeddings are two bytes a number; an output layer may be the embeddings, an encoder is
    left out, and so is attention that is not plain."""
    if architecture not in GATED:
        return None
    narrow = architecture in EXPERTS_OF_FOUR_BITS
    plain = not (sizes.kv_rank or sizes.state_layers or narrow)
    attention = 2 * sizes.hidden * sizes.head_dim * (sizes.heads + sizes.kv_heads) if plain else 0
    return Groups(
        embeddings=2 * sizes.vocabulary * sizes.hidden,
        experts=int(_experts(sizes) * (min(element, 0.5) if narrow else element)),
        rest=int((sizes.layers * attention + _mlp(sizes)) * element),
    )


FP8, MXFP4 = "float8_e4m3fn", "uint8"
SCALE_BYTES = 4
MXFP4_BYTES = 0.5 + 1 / 32


def count_weights(config: Config, quantization: Quantization | None = None) -> Weights | None:
    """The weights that a configuration makes, quantized so; None where its family is not counted, or it is quantized
    otherwise than in fp8 or, with biases, in mxfp4."""
    family = FAMILIES.get(architecture_of(config))
    method = quantization.method if quantization else ""
    # gpt-oss's config.json names no type: what is beside the experts in its files is bfloat16
    sizes, dtype = sizes_of(config), dtype_of(config) or ("bfloat16" if method == "mxfp4" else "")
    element = BYTES.get(dtype)
    complete = sizes.vocabulary and sizes.hidden and sizes.intermediate and sizes.layers and sizes.heads
    text = text_config(config)
    attention = _attention(text, sizes, family) if family else None
    if family is None or element is None or not complete or attention is None:
        return None
    biased = bool(text.get("attention_bias")) or bool(text.get("mlp_bias"))
    if biased is not family.biased or method not in ({"mxfp4"} if family.biased else {"", "fp8"}):
        return None
    linear = _fp8_bytes(quantization.block) if method == "fp8" and quantization else float(element)
    of_experts = MXFP4_BYTES if method == "mxfp4" else linear
    table = sizes.vocabulary * sizes.hidden
    beside = sizes.layers * _beside(sizes, family) + _gates(sizes) + sizes.hidden
    groups = Groups(
        embeddings=table * element,
        head=0 if is_tied(config) else table * element,
        experts=int(_experts(sizes) * of_experts) + _expert_biases(sizes, family) * element,
        rest=int((sizes.layers * attention + _mlp(sizes)) * linear) + beside * element,
    )
    return Weights(groups.total, {"fp8": FP8, "mxfp4": MXFP4}.get(method, dtype), groups, "shapes")


def _fp8_bytes(block: tuple[int, int] | None) -> float:
    """Bytes of a number of a linear layer in fp8, its part of the scale included."""
    return 1.0 + (SCALE_BYTES / (block[0] * block[1]) if block else 0.0)


def _attention(text: Config, sizes: Sizes, family: Family) -> int | None:
    """Numbers in the linear layers of one layer's attention; None where the configuration lacks a size."""
    if not family.latent:
        queries, keys = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
        return sizes.hidden * (2 * queries + 2 * keys)
    ranks = [text.get(key) for key in ("q_lora_rank", "qk_nope_head_dim", "v_head_dim")]
    query, plain, value = (each if type(each) is int else 0 for each in ranks)
    if not (query and plain and value and sizes.kv_rank and sizes.rope_dim):
        return None
    down = sizes.hidden * (query + sizes.kv_rank + sizes.rope_dim)
    up = sizes.heads * (query * (plain + sizes.rope_dim) + sizes.kv_rank * (plain + value))
    return down + up + sizes.heads * value * sizes.hidden


def _beside(sizes: Sizes, family: Family) -> int:
    """Numbers in the norms and biases of one layer."""
    biases = sizes.head_dim * (sizes.heads + 2 * sizes.kv_heads) if family.qkv_bias else 0
    head_norms = 2 * sizes.head_dim if family.head_norms else 0
    # of gpt-oss also the bias behind attention, that of the gates, and a sink of each head
    beside = sizes.hidden + sizes.experts + sizes.heads if family.biased else 0
    return biases + head_norms + beside + family.norms * sizes.hidden


def _gates(sizes: Sizes) -> int:
    """Numbers in the gates that choose experts, of all layers."""
    return (sizes.layers - sizes.dense_layers) * sizes.hidden * sizes.experts if sizes.experts else 0


def _mlp(sizes: Sizes) -> int:
    """Numbers in the MLPs that every token passes, of all layers."""
    if not sizes.experts:
        return sizes.layers * 3 * sizes.hidden * sizes.intermediate
    sparse = sizes.layers - sizes.dense_layers
    shared = 3 * sizes.hidden * sizes.shared_intermediate
    return sizes.dense_layers * 3 * sizes.hidden * sizes.intermediate + sparse * shared


def _expert_biases(sizes: Sizes, family: Family) -> int:
    """Numbers in the biases of all experts of all layers."""
    each = 2 * sizes.expert_width + sizes.hidden
    return (sizes.layers - sizes.dense_layers) * sizes.experts * each if family.biased else 0


def _experts(sizes: Sizes) -> int:
    """Numbers in all experts of all layers."""
    return (sizes.layers - sizes.dense_layers) * sizes.experts * 3 * sizes.hidden * sizes.expert_width
