"""vLLM's own planner of the KV cache, run on a CPU: what it makes of layers and memory, one answer for each question.

    python planner.py FOLDER < questions.json > answers.json

FOLDER holds the files of one release (`fetch.py`). They are vLLM's own and run unchanged; what they import beside them,
PyTorch above all, is replaced by empty stand-ins, since of it they use nothing but the sizes of types.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import re
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

OWN = re.compile(r"vllm\.(v1\.core\.kv_cache_\w+|v1\.kv_cache_\w+|utils\.math_utils)")
"""Modules of vLLM that are run as they are."""


class Anything(type):
    """A class that has every attribute, and is a decorator that changes nothing."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        return arguments[0] if len(arguments) == 1 and callable(arguments[0]) else cls

    def __or__(cls, other: Any) -> Any:
        return cls

    __ror__ = __or__

    def __bool__(cls) -> bool:
        return False

    def __getitem__(cls, key: Any) -> Any:
        return cls

    def __iter__(cls) -> Iterator[Any]:
        return iter(())


class Stub(metaclass=Anything):
    """What stands for anything that is not at hand."""


class Dtype:
    """A type of torch's, of which the planner asks its size alone."""

    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds vLLM's files in the folder, and gives an empty module for what else vLLM or PyTorch would be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.split(".")[0] not in ("vllm", "torch", "transformers", "numpy", "cbor2", "xxhash", "msgspec", "regex"):
            return None
        file = self.folder.joinpath(*name.split(".")).with_suffix(".py")
        if OWN.fullmatch(name) and file.exists():
            return importlib.machinery.ModuleSpec(name, importlib.machinery.SourceFileLoader(name, str(file)))
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> types.ModuleType:
        module = types.ModuleType(spec.name)
        module.__getattr__ = lambda name: Stub  # type: ignore[method-assign]
        for name, value in NEEDED.get(spec.name, {}).items():
            setattr(module, name, value)
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass


class SilentLogger:
    """A logger that says nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **options: None


_SIZES = {
    "get_dtype_size": lambda dtype: dtype.itemsize,
    "cdiv": lambda a, b: -(-a // b),
    "GiB_bytes": 1 << 30,
    "format_gib": str,
}
NEEDED: Mapping[str, Mapping[str, Any]] = {
    "vllm.utils": _SIZES,
    "vllm.utils.torch_utils": _SIZES,
    "vllm.utils.mem_utils": _SIZES,
    "vllm.utils.mem_constants": _SIZES,
    "vllm.platforms": {
        "current_platform": SimpleNamespace(
            get_kv_cache_config_builder_cls=lambda config: "vllm.v1.core.kv_cache_planning.DefaultKVCacheConfigBuilder",
        )
    },
    "vllm.utils.import_utils": {
        "resolve_obj_by_qualname": lambda name: getattr(
            importlib.import_module(name.rpartition(".")[0]), name.rpartition(".")[2]
        ),
    },
    "vllm.logger": {"init_logger": lambda name: SilentLogger()},
}
"""What stand-ins have that is used: one line each in vLLM."""


def main() -> int:
    sys.meta_path.insert(0, StandIns(Path(sys.argv[1])))
    utils = importlib.import_module("vllm.v1.core.kv_cache_utils")
    planning = utils
    if not hasattr(utils, "get_kv_cache_configs"):  # 0.32 moved it
        planning = importlib.import_module("vllm.v1.core.kv_cache_planning")
    interface = importlib.import_module("vllm.v1.kv_cache_interface")
    _register(interface)
    answers = [_answer(planning, utils, interface, question) for question in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)
    return 0


def _register(interface: Any) -> None:
    """Tell the registry of specs, where a release has one, what vLLM tells it (`register_all_kvcache_specs`)."""
    registry = getattr(sys.modules.get("vllm.v1.kv_cache_spec_registry"), "KVCacheSpecRegistry", None)
    if registry is not None:
        for name in ("FullAttentionSpec", "SlidingWindowSpec"):
            spec = getattr(interface, name)
            registry.register(spec, object, uniform_type_base_spec=spec)


def _answer(planning: Any, utils: Any, interface: Any, question: Mapping[str, Any]) -> dict[str, Any]:
    """Blocks, groups and concurrency of one question; `fits` false where vLLM refuses to start."""
    config, layers = _config(question), dict(_layers(interface, question))
    more = []
    if hasattr(planning, "get_global_kv_cache_groups"):  # 0.33 groups first
        more = [planning.get_global_kv_cache_groups(config, [layers])]
    try:
        (found,) = planning.get_kv_cache_configs(config, [layers], [question["memory"]], *more)
    except ValueError:
        return {"fits": False}
    return {
        "fits": True,
        "blocks": found.num_blocks,
        "groups": len(found.kv_cache_groups),
        "requests": utils.get_max_concurrency_for_kv_cache_config(config, found),
    }


def _layers(interface: Any, question: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each layer with its spec, in the order that the question gives: `full`, `sliding` or `latent`."""
    common = {
        "block_size": question["blockSize"],
        "num_kv_heads": question["kvHeads"],
        "head_size": question["headDim"],
        "dtype": DTYPES[question["element"]],
    }
    for number, kind in enumerate(question["layers"]):
        if kind == "sliding":
            spec = interface.SlidingWindowSpec(**common, sliding_window=question["window"])
        elif kind == "latent":
            spec = interface.MLAAttentionSpec(**{**common, "num_kv_heads": 1})
        else:
            spec = interface.FullAttentionSpec(**common)
        yield f"model.layers.{number}.self_attn.attn", spec


DTYPES = {size: Dtype(size) for size in (1, 2, 4)}


def _layout() -> Any:
    """The order in memory that FlashAttention has; with pages of one size it does not change what fits."""
    return sys.modules["vllm.v1.kv_cache_layout"].KVCacheLayout.LBNHC


def _config(question: Mapping[str, Any]) -> Any:
    """What the planner reads of vLLM's configuration, all else at its default."""
    return SimpleNamespace(
        model_config=SimpleNamespace(
            max_model_len=question["length"], original_max_model_len=question["length"], is_encoder_decoder=False,
            use_mla=False, hf_config=SimpleNamespace(model_type="x"), enable_return_routed_experts=False, supports_kv_cache_grouping=False,
        ),
        scheduler_config=SimpleNamespace(
            max_num_batched_tokens=question["tokens"], max_num_seqs=256, disable_hybrid_kv_cache_manager=False,
            async_scheduling=True,
        ),
        cache_config=SimpleNamespace(
            num_gpu_blocks_override=None, block_size=question["blockSize"], enable_prefix_caching=True,
            gpu_memory_utilization=0.9, mamba_cache_mode="none", mamba_block_size=None, cache_dtype="auto",
            prefix_match_unit=None, hash_block_size=None, kv_cache_memory_bytes=None,
            get_resolved_kv_cache_layout=_layout, prefix_cache_retention_interval=None,
        ),
        parallel_config=SimpleNamespace(
            decode_context_parallel_size=1, prefill_context_parallel_size=1, pipeline_parallel_size=1,
            tensor_parallel_size=1, data_parallel_size=1, world_size=1,
        ),
        speculative_config=None,
        kv_transfer_config=None,
        kv_events_config=None,
        attention_config=SimpleNamespace(hisparse_config=None),
        additional_config={},
        max_in_flight_tokens=question["tokens"],
        num_prefill_lookahead_tokens=0,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
