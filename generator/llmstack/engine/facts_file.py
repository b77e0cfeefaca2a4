"""facts/models/<org>--<name>.yaml: reads its text, and writes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, get_args

from msgspec.structs import fields

from llmstack import yamlio
from llmstack.engine.facts import Groups, ModelFacts, Origin, Quantization, Sizes, Weights
from llmstack.facts.fields import MARK, FactsError, map_of, read_text

FOLDER = "facts/models"
HEADER = MARK + "; `llmstack learn model {model}` writes it again.\n"

SIZE_KEYS: Mapping[str, str] = {
    "vocabulary": "vocabulary",
    "hidden": "hidden",
    "intermediate": "intermediate",
    "layers": "layers",
    "heads": "heads",
    "kvHeads": "kv_heads",
    "headDim": "head_dim",
    "experts": "experts",
    "expertsPerToken": "experts_per_token",
    "expertIntermediate": "expert_intermediate",
    "sharedIntermediate": "shared_intermediate",
    "denseLayers": "dense_layers",
    "window": "window",
    "slidingLayers": "sliding_layers",
    "stateLayers": "state_layers",
    "kvRank": "kv_rank",
    "ropeDim": "rope_dim",
    "indexHeads": "index_heads",
}
"""The keys of `sizes`, each with its field."""

GROUPS = tuple(each.name for each in fields(Groups))
TOP = ("model", "revision", "config", "architecture", "sizes", "context", "weights", "quantization")
LARGEST = 1 << 63


@lru_cache(maxsize=1 << 12)
def file_name(model: str) -> str:
    """The name of a model's file: `meta-llama--Llama-3.1-8B-Instruct.yaml`."""
    return model.replace("/", "--") + ".yaml"


def read_facts(text: str) -> ModelFacts:
    """The facts in the text of one file; raises FactsError, with the line, for anything that they cannot be."""
    return read_text(text, facts_of)


def facts_of(data: Any) -> ModelFacts:
    """The facts in the data of one file; raises FactsError."""
    top = map_of(data, "the file", TOP)
    sizes = map_of(top.get("sizes"), "sizes", tuple(SIZE_KEYS))
    return ModelFacts(
        model=_text(top, "model") or _missing("model"),
        architecture=_text(top, "architecture") or "",
        sizes=Sizes(**{SIZE_KEYS[key]: _count(sizes, key) or 0 for key in sizes}),
        context=_count(top, "context"),
        weights=_weights(top.get("weights")),
        quantization=_quantization(top.get("quantization")),
        revision=_text(top, "revision"),
        config=_text(top, "config"),
    )


def write_facts(facts: ModelFacts) -> str:
    """The text of a model's file; `read_facts` reads it back."""
    return HEADER.format(model=facts.model) + yamlio.dump(data_of(facts))


def data_of(facts: ModelFacts) -> dict[str, Any]:
    """The facts as plain data, what is not known left out."""
    sizes = {key: getattr(facts.sizes, name) for key, name in SIZE_KEYS.items() if getattr(facts.sizes, name)}
    data: dict[str, Any] = {
        "model": facts.model,
        "revision": facts.revision,
        "config": facts.config,
        "architecture": facts.architecture,
        "sizes": sizes,
        "context": facts.context,
        "weights": _weights_data(facts.weights),
        "quantization": _quantization_data(facts.quantization),
    }
    return {key: value for key, value in data.items() if value not in (None, "")}


def _weights_data(weights: Weights | None) -> dict[str, Any] | None:
    if weights is None:
        return None
    groups = {name: getattr(weights.groups, name) for name in GROUPS}
    if not weights.groups.draft:
        del groups["draft"]
    return {"bytes": weights.bytes, "dtype": weights.dtype, "groups": groups, "from": weights.origin}


def _quantization_data(quantization: Quantization | None) -> dict[str, Any] | None:
    if quantization is None:
        return None
    data: dict[str, Any] = {"method": quantization.method}
    if quantization.block:
        data["block"] = list(quantization.block)
    if quantization.group:
        data["group"] = quantization.group
    if quantization.scheme:
        data["scheme"] = quantization.scheme
    return data


def _weights(data: Any) -> Weights | None:
    if data is None:
        return None
    given = map_of(data, "weights", ("bytes", "dtype", "groups", "from"))
    count = _count(given, "bytes")
    if count is None:
        raise FactsError("`bytes` is missing in weights")
    groups = map_of(given.get("groups"), "groups", GROUPS)
    origin = given.get("from", "headers")
    if origin not in get_args(Origin):
        raise FactsError("`from` is headers or shapes")
    known = Groups(**{name: _count(groups, name) or 0 for name in groups})
    return Weights(count, _text(given, "dtype") or "", known, origin)


def _quantization(data: Any) -> Quantization | None:
    if data is None:
        return None
    given = map_of(data, "quantization", ("method", "block", "group", "scheme"))
    block = given.get("block")
    if block is not None and not (
        isinstance(block, list) and len(block) == 2 and all(type(each) is int and each > 0 for each in block)
    ):
        raise FactsError("`block` is a list of two whole numbers")
    method, group = _text(given, "method") or _missing("method"), _count(given, "group") or None
    return Quantization(method, tuple(block) if block else None, group, _text(given, "scheme"))


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise FactsError(f"`{key}` is text")
    return value


def _count(data: Mapping[str, Any], key: str) -> int | None:
    value = data.get(key)
    if value is not None and (type(value) is not int or not 0 <= value < LARGEST):
        raise FactsError(f"`{key}` is a whole number, 0 or more")
    return value


def _missing(key: str) -> str:
    raise FactsError(f"`{key}` is missing")
