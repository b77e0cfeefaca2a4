"""What holds of every engine, measured or not: the weights that must be on each GPU leave the KV cache at most so much,
and one request needs at least so much of it.

Nothing here is fitted: bytes of tensors are counted, and what is not certain to be there is left out.
"""

from __future__ import annotations

from llmstack.engine.blocks import KV_BYTES, Layout, layout_of
from llmstack.engine.compressed_tensors import SCHEMES
from llmstack.engine.defaults import BLOCK_SIZE, Minor
from llmstack.engine.facts import Groups, ModelFacts, Sizes
from llmstack.engine.memory import GIB, complete_groups, share_of
from llmstack.engine.settings import Settings
from llmstack.engine.shapes import LEAST_BYTES, least_groups
from llmstack.engine.support import ARCHITECTURES, AWQ, Engine

_SAFE_FLAGS = """
attention-backend calculate-kv-scales compilation-config cuda-graph-sizes cudagraph-capture-sizes cpu-offload-gb
data-parallel-address data-parallel-backend data-parallel-external-lb data-parallel-hybrid-lb data-parallel-rank
data-parallel-rpc-port data-parallel-size-local data-parallel-start-rank disable-cascade-attn
disable-custom-all-reduce disable-hybrid-kv-cache-manager enable-eplb enable-expert-parallel enable-lora
enable-sleep-mode fully-sharded-loras kv-offloading-backend kv-offloading-size kv-transfer-config logprobs-mode
lora-dtype lora-modules max-cpu-loras max-cudagraph-capture-size max-logprobs max-lora-rank max-loras
max-seq-len-to-capture no-enable-chunked-prefill num-scheduler-steps rope-scaling rope-theta scheduler-delay-factor
speculative-config
"""
SAFE = frozenset(f"--{name}" for name in _SAFE_FLAGS.split())
"""Flags that nobody computes, but that can only take from the KV cache (or, `--cpu-offload-gb`, are counted below)."""

_SAFE_VARIABLES = """
ATTENTION_BACKEND FLASH_ATTN_VERSION FLASHINFER_MOE_BACKEND MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS NCCL_SO_PATH
SKIP_P2P_CHECK TORCH_PROFILER_DIR USE_DEEP_GEMM USE_FLASHINFER_SAMPLER USE_V1 USE_V2_MODEL_RUNNER
"""
SAFE_VARIABLES = frozenset(f"VLLM_{name}" for name in _SAFE_VARIABLES.split()) | {
    "PYTORCH_CUDA_ALLOC_CONF",
    "PYTORCH_ALLOC_CONF",
}

SMALLEST = {"fp8": 2, "bitsandbytes": 4}
"""How many times smaller than two bytes `--quantization` makes the numbers of linear layers at most; embeddings and
head stay as they are."""
BLOCKS_BEFORE: Minor = (0, 7)
BLOCKS_SINCE: Minor = (0, 21)
"""Up to here, and again from here on, vLLM holds a number of blocks that it is told to what one request needs; between
them it asks for the memory alone."""
LEAST_LORA_RANK = 16
"""`--max-lora-rank` where nothing says one (vllm/config/lora.py)."""


def most_left(engine: Engine) -> float | None:
    """GiB per GPU that the weights leave, which the KV cache cannot exceed; None where nothing bounds it."""
    least, settings = least_known(engine.facts), engine.settings
    # where nobody knows in which layers they are, nobody knows what is left of them either
    whole = engine.facts.least is None or least.rest + least.experts > 0
    divided = settings.pipeline * settings.data > 1 or settings.quantization is not None
    if not least.total or not _is_bounded(engine) or (divided and not whole):
        return None
    on_gpu = max(0.0, _least_weights(engine) - engine.settings.offloaded * GIB)
    most = (engine.card.at_most or 0.0) * share_of(engine)
    return most - (on_gpu + _least_adapters(engine)) / GIB


def least_known(facts: ModelFacts) -> Groups:
    """Bytes of the weights at least: those of the facts, or what the sizes say for certain; none where nobody knows."""
    if facts.weights is not None:
        return complete_groups(facts)
    if facts.least is not None:
        return facts.least
    method = facts.quantization.method if facts.quantization else ""
    scheme = SCHEMES.get((facts.quantization.scheme if facts.quantization else None) or "")
    element = scheme.least if scheme else LEAST_BYTES.get(method, 0.5)
    return least_groups(facts.architecture, facts.sizes, element) or Groups()


def _is_bounded(engine: Engine) -> bool:
    """Whether all that is loaded is known at least, and the card's memory at most."""
    facts, settings, card = engine.facts, engine.settings, engine.card
    # what is loaded otherwise than it lies in the files (another type, GGUF) bounds nothing
    as_stored = settings.dtype in ("auto", "bfloat16", "float16", "half")
    method = facts.quantization.method if facts.quantization else None
    known = settings.quantization in (None, method) or (method is None and settings.quantization in SMALLEST)
    known |= method == "awq" and settings.quantization in AWQ
    odd = set(settings.unread) - SAFE - SAFE_VARIABLES
    plain = facts.weights is None or facts.weights.dtype != "float32"
    return as_stored and known and plain and not odd and card.at_most is not None and not card.shared_memory


def _least_weights(engine: Engine) -> float:
    """Bytes that must be on each GPU: of a pipeline an even share of the layers rounded down, without its ends; of
    experts spread over data parallel engines, their part."""
    facts, settings = engine.facts, engine.settings
    groups = least_known(facts)
    inside = groups.rest + groups.experts / (settings.data if facts.is_moe else 1)
    if settings.quantization and facts.quantization is None:
        inside /= SMALLEST[settings.quantization]
    if settings.pipeline > 1:
        layers = facts.sizes.layers
        return inside / settings.tensor * (layers // settings.pipeline / layers if layers else 0.0)
    return (inside + groups.embeddings + groups.head) / settings.tensor + groups.vision / settings.tensor


def _least_adapters(engine: Engine) -> float:
    """Bytes of the slots for LoRA adapters: rank x (in + out) of each linear layer, two bytes a number, all of them cut
    by tensor parallelism (`LoRAModelManager`, vllm/lora/model_manager.py)."""
    settings, sizes = engine.settings, engine.facts.sizes
    if not settings.adapters or engine.facts.is_moe or engine.facts.architecture not in ARCHITECTURES:
        return 0.0
    if settings.pipeline > 1 or sizes.kv_rank:
        return 0.0
    return settings.adapters * (settings.adapter_rank or LEAST_LORA_RANK) * _lora_width(sizes) * 2 / settings.tensor


def _lora_width(sizes: Sizes) -> int:
    """Inputs and outputs of the linear layers of attention and MLP, of all layers."""
    queries, keys = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    attention = 2 * (sizes.hidden + queries) + 2 * (sizes.hidden + keys)
    return sizes.layers * (attention + 3 * (sizes.hidden + sizes.intermediate))


def least_need(engine: Engine, length: int | None) -> int | None:
    """Bytes that one request needs on a GPU at least; None where that is not known."""
    sizes, settings = engine.facts.sizes, engine.settings
    if engine.facts.architecture not in ARCHITECTURES or sizes.state_layers or sizes.index_heads:
        return None
    if not length or "--block-size" in settings.unread:
        return None
    element = least_element(engine)
    if element is None:
        return None
    layout = _layout(sizes, settings, element, engine.release)
    # the least a step can be is one token: windows then hold the fewest blocks
    return layout.bytes_of_request(length, 1) if layout else None


def lacking_blocks(engine: Engine, length: int | None) -> int | None:
    """The blocks that one request needs, where `--num-gpu-blocks-override` gives fewer and the release asks for them
    (`raise_if_cache_size_invalid`, vllm/worker/worker.py; `get_kv_cache_configs`, vllm/v1/core/kv_cache_utils.py); None
    where they do, or that is not known."""
    sizes, settings = engine.facts.sizes, engine.settings
    plain = engine.facts.architecture in ARCHITECTURES and not (sizes.kv_rank or sizes.state_layers or sizes.window)
    former = engine.release <= BLOCKS_BEFORE and "VLLM_USE_V1" not in settings.unread
    asked = former or engine.release >= BLOCKS_SINCE
    if not settings.blocks or not asked or not plain or not length:
        return None
    if any(name.endswith("-context-parallel-size") for name in settings.unread):
        return None  # each GPU then holds a part of a request
    need = -(-length // (settings.block_size or BLOCK_SIZE))
    return need if need > settings.blocks else None


def least_element(engine: Engine) -> int | None:
    """Bytes of one key or value at least: int8 and fp8 may have scales beside them, and some checkpoints say fp8
    themselves (`kv_cache_scheme`, `kv_cache_quant_algo`)."""
    name, quantization = engine.settings.kv_dtype, engine.facts.quantization
    says = quantization is not None and quantization.method not in ("awq", "gptq", "fp8", "mxfp4", "bitsandbytes")
    if name.startswith(("int8", "fp8")) or (name == "auto" and says):
        return 1
    return 2 if name == "auto" else KV_BYTES.get(name)


def _layout(sizes: Sizes, settings: Settings, element: int, release: Minor) -> Layout | None:
    layers, block = sizes.layers // settings.pipeline, settings.block_size or BLOCK_SIZE
    return layout_of(sizes, layers, settings.tensor, element, block, release)
