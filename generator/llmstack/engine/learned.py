"""Facts of a model out of what its files say: config.json, and headers of safetensors files where there are any."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from llmstack.engine.config_json import architecture_of, context_of, modelopt_method, quantization_of, sizes_of
from llmstack.engine.facts import ModelFacts, Quantization
from llmstack.engine.facts_file import data_of, facts_of
from llmstack.engine.headers import Tensor, weigh
from llmstack.engine.model_json import read_json
from llmstack.engine.shapes import count_weights
from llmstack.facts.fields import FactsError


def read_config(content: bytes) -> dict[str, Any]:
    """config.json as data; raises FactsError where it is not a map in JSON."""
    try:
        data = read_json(content)
    except FactsError as error:
        raise FactsError(f"config.json {error}") from error
    if not isinstance(data, dict):
        raise FactsError("config.json is not a map of keys")
    return data


def learn(
    model: str,
    revision: str | None,
    content: bytes,
    files: Sequence[Mapping[str, Tensor]] = (),
    *,
    side: bytes | None = None,
) -> ModelFacts:
    """The facts of `model` at `revision`.

    `content` is config.json; `files` are the tensors of each safetensors file, none where there are no such files
    (then the weights are counted from the sizes, where the family allows it); `side` is hf_quant_config.json, where
    TensorRT's Model Optimizer writes the quantization. Raises FactsError.
    """
    config = read_config(content)
    quantization = quantization_of(config) or _side(side)
    weights = weigh(files, sizes_of(config).layers) if files else count_weights(config, quantization)
    facts = ModelFacts(
        model=model,
        architecture=architecture_of(config),
        sizes=sizes_of(config),
        context=context_of(config),
        weights=weights,
        quantization=quantization,
        revision=revision,
        config=f"sha256:{hashlib.sha256(content).hexdigest()}",
    )
    _hold_to_the_file(facts)
    return facts


def _hold_to_the_file(facts: ModelFacts) -> None:
    """Raise FactsError where the file of the facts could not be read again: sizes that multiply beyond any model's."""
    try:
        facts_of(data_of(facts))
    except FactsError as error:
        raise FactsError(f"the files say sizes that no model has: {error}") from error


def _side(content: bytes | None) -> Quantization | None:
    if content is None:
        return None
    try:
        given = read_json(content)["quantization"]["quant_algo"]
    except (FactsError, KeyError, TypeError):
        return None
    return Quantization(modelopt_method(given)) if isinstance(given, str) else None
