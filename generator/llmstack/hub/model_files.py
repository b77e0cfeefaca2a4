"""The files of one model at one revision, wherever they are: what facts are learned from."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from llmstack.engine.headers import Tensor

CONFIG = "config.json"
QUANTIZATION = "hf_quant_config.json"
SUFFIX = ".safetensors"
MOST_OF_CONFIG = 16 << 20
"""Bytes of a config.json: the longest have some hundred thousand."""


class ModelFiles(Struct, frozen=True):
    """config.json, hf_quant_config.json where there is one, and the tensors of each safetensors file, by its name.

    `revision` is the commit, None where the source does not say it.
    """

    config: bytes
    revision: str | None = None
    quantization: bytes | None = None
    tensors: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)


def weight_files(paths: list[str]) -> list[str]:
    """The safetensors files that vLLM loads, of all paths of a model: those in its top folder.

    Where there is `consolidated*.safetensors` (Mistral's own format) beside the sharded files, both hold the same
    weights, and vLLM loads the sharded ones (`filter_duplicate_safetensors_files`,
    vllm/model_executor/model_loader/weight_utils.py).
    """
    top = sorted(path for path in paths if path.endswith(SUFFIX) and "/" not in path)
    plain = [path for path in top if not path.startswith("consolidated")]
    return plain or top
