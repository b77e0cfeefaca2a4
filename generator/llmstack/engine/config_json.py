"""config.json of a model: which of its fields decide memory, under whichever name a family has them.

Names are those of Hugging Face's `PretrainedConfig` classes; how they are read follows vLLM's `ModelConfig`
(`get_total_num_kv_heads`, `get_head_size`, `_get_and_verify_max_len`, vllm/config/model.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llmstack.engine.compressed_tensors import METHOD, pair_of, quantization_of_groups
from llmstack.engine.facts import Quantization, Sizes
from llmstack.engine.facts_file import LARGEST

Config = Mapping[str, Any]

TEXT_CONFIGS = ("text_config", "llm_config", "language_config", "thinker_config")
LENGTHS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
"""Keys of which vLLM takes the least (`_get_and_verify_max_len`)."""
LINEAR = frozenset(("linear_attention", "mamba", "mamba2", "recurrent", "conv", "kda", "gdn"))
SLIDING = frozenset(("sliding_attention", "sliding", "chunked_attention", "local"))
UNSCALED_ROPE = frozenset(("su", "longrope", "llama3", "default", "mrope", "proportional"))
STATE_KEYS = (
    "mamba_num_heads",
    "ssm_state_size",
    "mamba_d_state",
    "state_size",
    "linear_num_value_heads",
    "conv_L_cache",
)


def text_config(config: Config) -> Config:
    """The part of a configuration that speaks of the language model, the outer fields under it."""
    for key in TEXT_CONFIGS:
        inner = config.get(key)
        if isinstance(inner, dict) and inner:
            outer = {name: value for name, value in config.items() if name not in TEXT_CONFIGS}
            return text_config({**outer, **inner})
    return config


def architecture_of(config: Config) -> str:
    """The first of the architectures that a configuration names; "" for none."""
    named = config.get("architectures")
    return str(named[0]) if isinstance(named, list) and named else ""


def sizes_of(config: Config) -> Sizes:
    """The sizes in a configuration; what it does not say is 0."""
    text = text_config(config)
    # names of an encoder are Whisper's (`WhisperConfig.attribute_map`, transformers)
    heads = _count(text, "num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads")
    hidden = _count(text, "hidden_size", "n_embd", "d_model", "dim")
    layers = _count(text, "num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers") or _listed(text)
    sliding, states = layer_kinds(text, layers)
    experts = _count(text, "num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
    latent = _count(text, "kv_lora_rank")
    by_layer = bool(text.get("block_configs"))  # DeciLM: each layer has sizes of its own
    return Sizes(
        vocabulary=_count(text, "vocab_size"),
        hidden=hidden,
        intermediate=0 if by_layer else _intermediate(text, hidden),
        layers=layers,
        heads=heads,
        kv_heads=0 if by_layer else _kv_heads(text, heads),
        head_dim=_count(text, "head_dim") or (hidden // heads if heads and not latent else 0),
        experts=experts,
        experts_per_token=_count(text, "num_experts_per_tok", "experts_per_token", "moe_topk", "top_k_experts")
        if experts
        else 0,
        expert_intermediate=_count(text, "moe_intermediate_size") if experts else 0,
        shared_intermediate=_shared(text) if experts else 0,
        dense_layers=_dense_layers(text, layers) if experts else 0,
        window=_count(text, "sliding_window", "sliding_window_size", "attention_chunk_size") if sliding else 0,
        sliding_layers=sliding,
        state_layers=states,
        kv_rank=latent,
        rope_dim=_count(text, "qk_rope_head_dim") if latent else 0,
        index_heads=_count(text, "index_n_heads", "index_num_heads"),
    )


def layer_kinds(text: Config, layers: int) -> tuple[int, int]:
    """How many layers attend to a window only, and how many keep a state instead of keys and values."""
    kinds = text.get("layer_types")
    if isinstance(kinds, list) and kinds:
        named = [kind for kind in kinds if isinstance(kind, str)]
        return sum(kind in SLIDING for kind in named), sum(kind in LINEAR for kind in named)
    states = 0 if not any(text.get(key) for key in STATE_KEYS) else max(1, layers)
    window, pattern = _count(text, "sliding_window"), _count(text, "sliding_window_pattern", "_sliding_window_pattern")
    if not window or text.get("use_sliding_window") is False:
        return 0, states
    if pattern:
        return layers - layers // pattern, states
    if text.get("model_type") == "gemma2":
        return (layers + 1) // 2, states  # every other layer, the first among them (Gemma2Config)
    if text.get("model_type") in ("gemma3_text", "gemma3"):
        return layers - layers // 6, states  # five of six (Gemma3TextConfig)
    return layers, states


def context_of(config: Config) -> int | None:
    """The longest request that vLLM derives; None where no key says one."""
    text = text_config(config)
    lengths = [value for key in LENGTHS if (value := _count(text, key))]
    if not lengths:
        return None
    length = float(min(lengths))
    rope = text.get("rope_scaling") or text.get("rope_parameters")
    if isinstance(rope, dict) and "gemma3" not in str(text.get("model_type", "")):
        length = _scaled(length, rope)
    return int(length) if length < LARGEST else None


def _scaled(length: float, rope: Config) -> float:
    """A length under the scaling of rotary embeddings, as `_get_and_verify_max_len` scales it."""
    nested: list[Config] = [each for each in rope.values() if isinstance(each, dict)]
    factor = 1.0
    for each in nested or [rope]:
        kind = each.get("rope_type", each.get("type"))
        if not isinstance(kind, str) or kind in UNSCALED_ROPE:
            continue
        given = each.get("factor")
        factor = float(given) if isinstance(given, (int, float)) and not isinstance(given, bool) else factor
        original = each.get("original_max_position_embeddings")
        if kind == "yarn" and isinstance(original, int):
            length = float(original)
    return length * factor


def dtype_of(config: Config) -> str | None:
    """The type that a configuration gives its weights."""
    text = text_config(config)
    for key in ("torch_dtype", "dtype"):
        value = text.get(key, config.get(key))
        if isinstance(value, str) and re.fullmatch(r"(torch\.)?[a-z0-9_]+", value):
            return value.removeprefix("torch.")
    return None


def quantization_of(config: Config) -> Quantization | None:
    """How the checkpoint is quantized."""
    text = text_config(config)
    given = config.get("quantization_config") or text.get("quantization_config") or text.get("compression_config")
    if not isinstance(given, dict):
        return None
    method = given.get("quant_method") or given.get("quant_algo") or given.get("quantization_algo")
    name = str(method).lower() if method else "unknown"
    if name == METHOD:
        return quantization_of_groups(given)
    if name == "modelopt" and given.get("quant_algo"):
        name = modelopt_method(str(given["quant_algo"]))
    group = _count(given, "group_size", "q_group_size") or None
    return Quantization(name, pair_of(given.get("weight_block_size")), group)


def modelopt_method(algorithm: str) -> str:
    """vLLM's name of an algorithm of NVIDIA's Model Optimizer (`override_quantization_method`,
    layers/quantization/modelopt.py)."""
    known = {"FP8": "modelopt", "NVFP4": "modelopt_fp4", "MXFP8": "modelopt_mxfp8", "MIXED_PRECISION": "modelopt_mixed"}
    return known.get(algorithm.upper(), f"modelopt {algorithm.lower()}")


def is_tied(config: Config) -> bool:
    """Whether the output layer is the embeddings; where a configuration is silent, what its family's class says."""
    text = text_config(config)
    tied = text.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    if isinstance(tied, bool):
        return tied
    return str(text.get("model_type", "")).startswith("gemma")


def _intermediate(text: Config, hidden: int) -> int:
    width = text.get("intermediate_size", text.get("ffn_hidden_size", text.get("n_inner")))
    if isinstance(width, list) and width and all(type(each) is int for each in width):
        return int(max(width))
    found = _count(text, "intermediate_size", "ffn_hidden_size", "n_inner")
    if found or text.get("model_type") not in ("gpt2", "gpt_bigcode", "bloom"):
        return found
    return 4 * hidden


def _listed(text: Config) -> int:
    """Layers of a model that lists the kind of each instead of their number."""
    kinds = text.get("layer_types") or text.get("layers_block_type")
    return len(kinds) if isinstance(kinds, list) else 0


def _kv_heads(text: Config, heads: int) -> int:
    if text.get("multi_query") is True:
        return 1
    return _count(text, "num_key_value_heads", "n_head_kv", "num_kv_heads", "multi_query_group_num") or heads


def _shared(text: Config) -> int:
    width = _count(text, "shared_expert_intermediate_size")
    return width or _count(text, "n_shared_experts", "num_shared_experts") * _count(text, "moe_intermediate_size")


def _dense_layers(text: Config, layers: int) -> int:
    """Layers without experts: the first ones, or those that are listed."""
    first = _count(text, "first_k_dense_replace")
    listed = text.get("mlp_only_layers")
    kinds = text.get("moe_layer_freq")
    if isinstance(kinds, list):
        return sum(kind == 0 for kind in kinds)
    if isinstance(listed, list) and listed:
        return len(listed)
    step = _count(text, "interleave_moe_layer_step", "decoder_sparse_step")
    return first or (layers - layers // step if step > 1 else 0)


def _count(config: Config, *names: str) -> int:
    """The first of the keys that holds a whole number, 0 or more; 0 where none does."""
    for name in names:
        value = config.get(name)
        if type(value) is int and value >= 0:
            return value
    return 0
