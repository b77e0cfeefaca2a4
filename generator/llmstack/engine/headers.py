"""Bytes of a model's weights by group, from the headers of its safetensors files; no tensor is read.

A file begins with eight bytes, the length of the header, and the header, a JSON map of each tensor's type, shape and
place (https://huggingface.co/docs/safetensors, "Format").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.engine.facts import Groups, Weights
from llmstack.engine.model_json import read_json
from llmstack.facts.fields import FactsError

LENGTH_BYTES = 8
MOST_HEADER = 100 << 20
"""The largest header that the format's own library reads."""

DTYPES: Mapping[str, str] = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}

VISION = re.compile(
    r"(^|\.)(vision|visual|vision_tower|vision_model|vision_encoder|vit|image_encoder|audio|audio_tower|audio_encoder|"
    r"multi_modal_projector|mm_projector|embed_vision|embed_audio|patch_merger|vision_adapter|vision_language_adapter|"
    r"whisper|speech_encoder)\.|(^|\.)model\.(visual|vision_tower)\."
)
EXPERTS = re.compile(r"\.experts\.|\.experts_|block_sparse_moe\.experts|\.(gate_up_proj|down_proj)_(blocks|scales)$")
SHARED = re.compile(r"shared_expert")
HEAD = re.compile(r"(^|\.)(lm_head|output|embed_out)\.(weight|bias)")
LAYER = re.compile(r"^(?:model\.|language_model\.|model\.language_model\.|language_model\.model\.)?layers\.(\d{1,9})\.")
DRAFT = re.compile(r"(^|\.)mtp\.")
EMBEDDINGS = re.compile(r"(^|\.)(embed_tokens|wte|tok_embeddings|word_embeddings|embed_in|embedding)\.weight$")

Tensor = tuple[str, int]
"""The type of a tensor, as safetensors names it, and its bytes."""


def header_length(start: bytes) -> int:
    """The length of the header that a file's first eight bytes give; raises FactsError where it cannot be one."""
    length = int.from_bytes(start[:LENGTH_BYTES], "little")
    if len(start) < LENGTH_BYTES or not 2 <= length <= MOST_HEADER:
        raise FactsError("is no safetensors file: its first eight bytes give no length of a header")
    return length


def read_header(header: bytes) -> dict[str, Tensor]:
    """The tensors of one file by name; raises FactsError where the header is not one."""
    try:
        data = read_json(header)
    except FactsError as error:
        raise FactsError(f"is no safetensors file: its header {error}") from error
    if not isinstance(data, dict):
        raise FactsError("is no safetensors file: its header is not a map")
    return {name: _tensor(name, entry) for name, entry in data.items() if name != "__metadata__"}


def _tensor(name: str, entry: Any) -> Tensor:
    offsets, dtype = (entry.get("data_offsets"), entry.get("dtype")) if isinstance(entry, dict) else (None, None)
    if isinstance(dtype, str) and isinstance(offsets, list) and len(offsets) == 2:
        first, last = offsets
        if type(first) is int and type(last) is int and 0 <= first <= last:
            return dtype, last - first
    raise FactsError(f"is no safetensors file: tensor `{name}` has no type or place")


def weigh(files: Iterable[Mapping[str, Tensor]], layers: int = 0) -> Weights:
    """The weights in the headers of all files of a model that has so many layers (0: nobody says); raises FactsError
    where there is no tensor."""
    groups: Counter[str] = Counter()
    dtypes: Counter[str] = Counter()
    for tensors in files:
        for name, (dtype, size) in tensors.items():
            groups[group_of(name, layers)] += size
            dtypes[dtype] += size
    if not dtypes:
        raise FactsError("has no tensor")
    common = max(sorted(dtypes), key=lambda dtype: dtypes[dtype])
    return Weights(groups.total(), DTYPES.get(common, common.lower()), Groups(**groups), "headers")


def group_of(name: str, layers: int = 0) -> str:
    """The group that a tensor of a model with so many layers belongs to, by its name."""
    layer = LAYER.match(name)
    if DRAFT.search(name) or (layer and layers and int(layer[1]) >= layers):
        return "draft"
    if VISION.search(name):
        return "vision"
    if EXPERTS.search(name) and not SHARED.search(name):
        return "experts"
    if HEAD.search(name):
        return "head"
    return "embeddings" if EMBEDDINGS.search(name) else "rest"
