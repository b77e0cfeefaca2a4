"""compressed-tensors: how the linear layers of a checkpoint are quantized, by the names of llm-compressor's presets.

What vLLM makes of `config_groups` follows `CompressedTensorsConfig._get_scheme_from_parts` (layers/quantization/
compressed_tensors/compressed_tensors.py); the names are those of `PRESET_SCHEMES` (compressed_tensors/quantization/
quant_scheme.py), FP8 being all of eight bits in floating point.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from llmstack.engine.facts import Quantization

METHOD = "compressed-tensors"


class Scheme(Struct, frozen=True):
    """The bytes that a number of a linear layer has at least, and vLLM's classes that serve it, or a method that asks
    for no more: any of them may (`registry.least_capability`). fp8 is of the weights alone on a card that does not
    compute in it."""

    least: float
    classes: tuple[str, ...]


SCHEMES: Mapping[str, Scheme] = {
    "FP8": Scheme(1, ("CompressedTensorsW8A16Fp8",)),
    "FP8 of either method": Scheme(1, ("fp8",)),
    "W8A8": Scheme(1, ("CompressedTensorsW8A8Int8",)),
    "W8A16": Scheme(1, ("CompressedTensorsWNA16",)),
    "W4A16": Scheme(0.5, ("CompressedTensorsWNA16",)),
    "NVFP4": Scheme(0.5, ("CompressedTensorsW4A16Fp4", "CompressedTensorsW4A4Fp4")),
}
"""Of the card that is the oldest one. Of two methods, fp8 asks for less in each release."""
IN_GROUPS = frozenset(("W4A16", "W8A16"))
"""Schemes whose scales are shared by groups of a row."""
BLOCKS_SINCE = (0, 11)
"""The first release that serves fp8 in blocks (`_is_fp8_w8a8`)."""


def quantization_of_groups(given: Mapping[str, Any]) -> Quantization:
    """The quantization that `quantization_config` describes; without a scheme where its groups differ, or none of
    SCHEMES is meant."""
    groups = given.get("config_groups")
    parts = [each for each in groups.values() if isinstance(each, dict)] if isinstance(groups, dict) else []
    weights = [found for each in parts if isinstance(found := each.get("weights"), dict)]
    schemes = {_scheme_of(each, given.get("format")) for each in parts}
    scheme = schemes.pop() if len(schemes) == 1 else None
    blocks = {pair for each in weights if (pair := pair_of(each.get("block_structure")))}
    sizes = {size for each in weights if type(size := each.get("group_size")) is int and size > 0}
    return Quantization(
        METHOD,
        blocks.pop() if scheme == "FP8" and len(blocks) == 1 else None,
        sizes.pop() if scheme in IN_GROUPS and len(sizes) == 1 else None,
        scheme,
    )


def _scheme_of(part: Mapping[str, Any], format: Any) -> str | None:
    """The scheme of one of the groups; None for one that is not known."""
    weights, inputs = part.get("weights"), part.get("input_activations")
    if not isinstance(weights, dict) or not (inputs is None or isinstance(inputs, dict)):
        return None
    kind, bits, strategy = weights.get("type", "int"), weights.get("num_bits"), weights.get("strategy")
    if kind == "float":
        fp4 = (bits, strategy, weights.get("group_size")) == (4, "tensor_group", 16)
        fp8 = bits == 8 and strategy in ("tensor", "channel", "block")
        return "NVFP4" if fp4 else "FP8" if fp8 else None
    if inputs is None:
        packed = (part.get("format") or format) == "pack-quantized" and strategy in ("group", "channel")
        return f"W{bits}A16" if packed and bits in (4, 8) else None
    narrow = inputs.get("type", "int") == "int" and inputs.get("num_bits") == bits == 8
    return "W8A8" if narrow and strategy in ("tensor", "channel") else None


def pair_of(value: Any) -> tuple[int, int] | None:
    """The rows and columns of a block of scales."""
    if isinstance(value, list) and len(value) == 2 and all(type(each) is int and each > 0 for each in value):
        return value[0], value[1]
    return None
